/**
 * Posts a video's clock to a replay in a frame: a module by itself, for the page around the frame.
 *
 * Always true: it only looks at the video, as the element does where both are in one page.
 */
import { nowMs, type MotionVector } from "./motion-vectors.js";
import type { Dating } from "./programme-time.js";
import { VideoClock, type HostMedia } from "./video-clock.js";

export type { MotionVector };
export type { Dating, HlsLike, HostClock, ShakaLike } from "./programme-time.js";
export type { HostMedia } from "./video-clock.js";

/**
 * Posts where `media` is, at each of its frames and whenever it changes its course.
 *
 * `dating` knows its programme date-times; the other end of `port` is the element's, for its
 * `attachClock`. Returns what ends it.
 */
export function postClock(media: HostMedia, dating: Dating, port: MessagePort): () => void {
  const post = (vector: MotionVector | null): void => port.postMessage(vector);
  const clock = new VideoClock(media, dating, (sample) => {
    post({
      positionMs: sample.mediaSecs * 1000,
      unixMs: sample.unixMs,
      rate: sample.isPaused ? 0 : sample.rate,
      atMs: sample.shownAtMs,
      sentAtMs: nowMs(),
      isSeeking: sample.isSeeking,
    });
  });
  return () => {
    clock.close();
    post(null);
  };
}
