/** What went wrong, as scripts see it. */
import type { Problem } from "./messages.js";

/** Whose fault it is: the thousands of the code. */
export type ErrorCategory = "network" | "manifest" | "pack" | "wasm" | "gpu" | "sync" | "host";

const CATEGORIES: readonly ErrorCategory[] = [
  "network",
  "manifest",
  "pack",
  "wasm",
  "gpu",
  "sync",
  "host",
];

/** Codes that are made on the page; the engine's own are in `crates/web` and `crates/player`. */
export const CODE = {
  /** The engine or a decoder trapped, again and again. */
  CRASHED: 4005,
  /** The browser has no WebGPU, or no canvas that a worker could draw to. */
  NO_WEBGPU: 5001,
  /** `for` names no video. */
  NO_VIDEO: 7001,
  /** `src` is no URL. */
  BAD_SRC: 7002,
} as const;

/** `detail` of `error` events, and `TouchlineReplay.error`. */
export class TouchlineError extends Error {
  override readonly name = "TouchlineError";
  /** Stable, for support desks; the thousands say the category. */
  readonly code: number;
  readonly category: ErrorCategory;
  /** Nothing more can be shown until `retry()` or another `src`. */
  readonly fatal: boolean;
  /** What it is about, without its query; `null` if nothing. */
  readonly url: string | null;
  /** Where a server answered. */
  readonly httpStatus: number | null;

  constructor(problem: Problem) {
    super(problem.message);
    this.code = problem.code;
    this.category = categoryOf(problem.code);
    this.fatal = problem.isFatal;
    this.url = problem.url;
    this.httpStatus = problem.httpStatus;
  }
}

/** A problem noticed on the page. */
export function pageProblem(code: number, isFatal: boolean, message: string): Problem {
  return { code, isFatal, message, url: null, httpStatus: null };
}

/** The category of `code`; the host's for codes that nobody knows. */
export function categoryOf(code: number): ErrorCategory {
  return CATEGORIES[Math.floor(code / 1000) - 1] ?? "host";
}
