/** Times and medians. */

/** Milliseconds that `work` takes. */
export function timed(work) {
  const began = performance.now();
  work();
  return performance.now() - began;
}

/** The middle value; the higher of two. */
export function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
