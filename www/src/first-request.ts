/**
 * The first request for a pack, which leaves while the engine is on its way.
 *
 * It is the one that `open` in `crates/web/src/open.rs` would begin with.
 */

/** Bytes of a single file that are asked for first, as `FIRST_FETCH_SIZE` has it. */
const HEAD_BYTES = 64 << 10;

/** A request under way. */
export interface FirstRequest {
  answer: Promise<Response>;
  abort: AbortController;
}

/** Asks for the first bytes of the pack at `src`, which is absolute. */
export function askFirst(src: string): FirstRequest {
  const path = src.replace(/[?#].*/, "");
  const isFile = path.endsWith(".touchline");
  const abort = new AbortController();
  const answer = fetch(path.endsWith("/") ? `${path}manifest.json` : src, {
    credentials: "same-origin",
    headers: isFile ? { Range: `bytes=0-${HEAD_BYTES - 1}` } : {},
    signal: abort.signal,
  });
  answer.catch(() => {}); // The engine asks again, and says what is wrong.
  return { answer, abort };
}
