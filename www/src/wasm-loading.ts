/**
 * Fetches a wasm module, and tells why one could not be used.
 *
 * Always true: what is thrown or sent from here is a `Problem` with a code of the 4000s.
 */
import type { Problem } from "./messages.js";

/** The page's policy forbids WebAssembly. */
const CSP_BLOCKED = 4001;
/** The file is not there, or is not wasm. */
const UNREACHABLE = 4002;
/** The browser cannot compile it. */
const NOT_COMPILED = 4004;

/**
 * Fetches the module at `url`.
 *
 * Throws a `Problem` if there is none.
 */
export async function fetchWasm(url: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch {
    const message = "The player's wasm module could not be fetched: check connect-src and CORS.";
    throw problem(UNREACHABLE, message, url);
  }
  if (!response.ok) {
    const message = `The player's wasm module could not be fetched: HTTP ${response.status}.`;
    throw { ...problem(UNREACHABLE, message, url), httpStatus: response.status };
  }
  return response;
}

/** The `Problem` behind whatever was thrown while a module was fetched and started. */
export function problemFromStart(error: unknown, url: string): Problem {
  if (isProblem(error)) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (/content security policy|unsafe-eval/i.test(text)) {
    const message = "WebAssembly is blocked: add 'wasm-unsafe-eval' to the policy's script-src.";
    return problem(CSP_BLOCKED, message, url);
  }
  return problem(NOT_COMPILED, `The player's wasm module did not start: ${text}`, url);
}

function isProblem(error: unknown): error is Problem {
  return typeof error === "object" && error !== null && "code" in error && "isFatal" in error;
}

function problem(code: number, message: string, url: string): Problem {
  const { origin, pathname } = new URL(url);
  return { code, isFatal: true, message, url: origin + pathname, httpStatus: null };
}
