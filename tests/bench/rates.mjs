/** Rates of decoders that run for long, as those of a player do. */

/** Milliseconds that `work` takes. */
function timed(work) {
  const began = performance.now();
  work();
  return performance.now() - began;
}

/** The middle value; the higher of two. */
function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

/** How long a decoder runs before it is timed, so that the engine has compiled it for good. */
const WARM_MS = 1000;
const ROUND_COUNT = 7;

/** The median time that `decode` takes once it is warm, milliseconds. */
export function steadyMs(decode) {
  for (let spent = 0; spent < WARM_MS; ) spent += timed(decode);
  return median(Array.from({ length: ROUND_COUNT }, () => timed(decode)));
}
