/** Plays HLS as a host page would: by hls.js where that works, else by the browser itself. */
import type Hls from "hls.js";

/**
 * Loads `url` into `video`.
 *
 * Resolves with the hls.js instance, `null` where the browser plays HLS itself; rejects if the
 * video cannot be had.
 */
export async function playHls(video: HTMLVideoElement, url: string): Promise<Hls | null> {
  // The light build has all but subtitles, encryption and other audio tracks.
  const { default: Hls } = await import("hls.js/light");
  const isNative = !Hls.isSupported();
  if (isNative) {
    video.src = url;
    await firstOf(video, "loadedmetadata", "error");
    return null;
  }
  const hls = new Hls({ enableWorker: false }); // Its worker is a blob, which our policy forbids.
  await new Promise<void>((resolve, reject) => {
    hls.on(Hls.Events.MANIFEST_PARSED, () => resolve());
    hls.on(Hls.Events.ERROR, (_event, { fatal, error }) => {
      if (fatal) reject(error);
    });
    hls.loadSource(url);
    hls.attachMedia(video);
  });
  return hls;
}

function firstOf(video: HTMLVideoElement, good: string, bad: string): Promise<void> {
  return new Promise((resolve, reject) => {
    video.addEventListener(good, () => resolve(), { once: true });
    video.addEventListener(bad, () => reject(video.error), { once: true });
  });
}
