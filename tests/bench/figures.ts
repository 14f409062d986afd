/** Figures of the benchmark's report, from whichever file measures them. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { inject } from "vitest";

const FILE = process.env["TOUCHLINE_FIGURES"] ?? "figures.json";

/** Writes a figure of this browser at once: a later measurement may end the whole run. */
export function note(name: string, figure: number): void {
  if (!Number.isFinite(figure)) throw new Error(`${name} is ${figure}`);
  const known = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as object) : {};
  writeFileSync(FILE, JSON.stringify({ ...known, [`${name}.${inject("browser")}`]: figure }));
}

/** The middle one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

/** How busy the machine is, to stand beside what is measured on it. */
export function loadNow(): string {
  return `load ${loadavg()[0]?.toFixed(1)}`;
}
