/** Attributes as values. What makes no sense is reported on the console and then ignored. */

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

/** One of `words`; `fallback` if it is none of them. */
export function wordFrom<Word extends string>(
  text: string | null,
  words: readonly Word[],
  fallback: Word,
): Word {
  const word = words.find((word) => word === text);
  if (word === undefined && text !== null) {
    console.warn(`touchline-replay: "${text}" is not known, "${fallback}" is used`);
  }
  return word ?? fallback;
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
