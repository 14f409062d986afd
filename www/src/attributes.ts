/** Attributes as values. What makes no sense is reported on the console and then ignored. */
import type { Mode } from "./messages.js";

/** A number within `[least, most]`; `fallback` if there is none. */
export function numberFrom(
  text: string | null,
  { least, most, fallback }: { least: number; most: number; fallback: number },
): number {
  if (text === null) return fallback;
  const value = text.trim() === "" ? NaN : Number(text);
  if (!Number.isFinite(value)) {
    console.warn(`touchline-replay: "${text}" is not a number, ${fallback} is used`);
    return fallback;
  }
  return Math.min(Math.max(value, least), most);
}

/** `follow` or `replay`; `fallback` if there is neither. */
export function modeFrom(text: string | null, fallback: Mode): Mode {
  if (text === "follow" || text === "replay") return text;
  if (text !== null) {
    console.warn(`touchline-replay: mode "${text}" is unknown, "${fallback}" is used`);
  }
  return fallback;
}

/** `text` as an absolute http(s) or blob URL; `null` if it is none. */
export function urlFrom(text: string, base: string): string | null {
  try {
    const url = new URL(text, base);
    return ["http:", "https:", "blob:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
