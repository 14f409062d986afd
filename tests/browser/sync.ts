/**
 * Measures how well a replay goes with the video beside it.
 *
 * The video's frame is read from its pixels: 16 square cells in a row at the picture's top left,
 * S = max(8, width / 80 rounded down to even) pixels each: white, black, 13 bits of the frame's
 * index with the highest first, even parity of those. The replay's frame is what the element
 * says that it shows.
 */
import type { Frame, Page } from "puppeteer-core";

/** The two frames on show at one moment. */
export interface Moment {
  videoFrame: number;
  replayFrame: number | null;
}

/** A seek of the paused video, and what was on show when the replay had caught up. */
export interface Seek extends Moment {
  /** From the video's new frame to the replay's first picture of the same frame. */
  relockMs: number;
}

/**
 * The test page with a light replay beside the demo's broadcast, both small: what is measured is
 * the clock, so a software GPU must be able to draw as often as it ticks.
 */
export const SYNC_PAGE = `test.html?${new URLSearchParams({
  pack: "/light/",
  video: "/media/video/broadcast.m3u8",
  size: "160x90",
  nocontrols: "",
})}`;

/** The same with a broadcast whose dates jump, ahead and back, at 2 and 4 seconds. */
export const JUMP_PAGE = SYNC_PAGE.replace("broadcast.m3u8", "jumping.m3u8");

/** Puts what is needed into the page; it has one video and one replay. */
export async function prepare(page: Page): Promise<void> {
  await page.evaluate(() => {
    // Not through a canvas: without a GPU that holds the page's thread for a whole frame's time.
    window.readFrameCode = async (video): Promise<number | null> => {
      const picture = new VideoFrame(video);
      const { codedWidth, format } = picture;
      const cellPx = Math.max(8, Math.floor(codedWidth / 80 / 2) * 2);
      const rect = { x: 0, y: 0, width: 16 * cellPx, height: cellPx };
      const bytes = new Uint8Array(picture.allocationSize({ rect }));
      const [plane] = await picture.copyTo(bytes, { rect });
      picture.close();
      if (plane === undefined) throw new Error("a picture without pixels");
      // Of luma, or of red, green, blue and whatever.
      const step = format === "I420" || format === "NV12" ? 1 : 4;
      const row = plane.offset + (cellPx / 2) * plane.stride;
      const isWhite = (cell: number): boolean =>
        (bytes[row + (cell + 0.5) * cellPx * step] ?? 0) > 127;
      const bits: number[] = Array.from({ length: 16 }, (_, cell) => Number(isWhite(cell)));
      const frame = bits.slice(2, 15).reduce((value, bit) => value * 2 + bit, 0);
      const parity = bits.slice(2, 15).reduce((sum, bit) => sum ^ bit, 0);
      return bits[0] === 1 && bits[1] === 0 && bits[15] === parity ? frame : null;
    };
  });
}

declare global {
  interface Window {
    /** The number that the picture on show carries. */
    readFrameCode(video: HTMLVideoElement): Promise<number | null>;
    /** Since when the replay has shown which frame; instants as frames and pages share them. */
    noted: { atMs: number; frame: number | null }[];
    noting: number;
  }
}

/** Notes from now on what the replay in `place` shows. */
function note(place: Page | Frame): Promise<void> {
  return place.evaluate(() => {
    window.clearInterval(window.noting);
    window.noted = [];
    window.noting = window.setInterval(() => {
      const frame = document.querySelector("touchline-replay")?.frame ?? null;
      if (window.noted.length > 0 && window.noted.at(-1)?.frame === frame) return;
      window.noted.push({ atMs: performance.timeOrigin + performance.now(), frame });
    }, 2);
  });
}

/**
 * Plays the video from `fromSecs` on; both frames at the moment each video frame is on screen.
 *
 * A video frame is on screen from its `expectedDisplayTime` on, a moment after it can be read. The
 * replay's frame then is the last one that it had told of; it tells when a picture is seen.
 * `secs` are of the fan's time, whatever the video's `rate`; `place` has the replay.
 */
export async function watchPlaying(
  page: Page,
  fromSecs: number,
  secs: number,
  rate = 1,
  place: Page | Frame = page,
): Promise<Moment[]> {
  await prepare(page);
  await note(place);
  const shown = await page.evaluate(
    async (fromSecs, secs, rate) => {
      const video = document.querySelector("video");
      if (video === null) throw new Error("no video");
      const shown: { atMs: number; code: Promise<number | null> }[] = [];
      video.muted = true;
      video.currentTime = fromSecs;
      video.playbackRate = rate;
      await video.play();
      const settledMs = performance.now() + 1000; // Locked and buffered by then.
      const untilMs = settledMs + secs * 1000;
      await new Promise<void>((resolve) => {
        const look = (nowMs: number, { expectedDisplayTime }: VideoFrameCallbackMetadata): void => {
          if (nowMs > settledMs) {
            const atMs = performance.timeOrigin + expectedDisplayTime;
            shown.push({ atMs, code: window.readFrameCode(video) });
          }
          if (nowMs > untilMs) resolve();
          else video.requestVideoFrameCallback(look);
        };
        video.requestVideoFrameCallback(look);
      });
      await new Promise((resolve) => setTimeout(resolve, 200)); // Until the last one is on screen.
      video.pause();
      return Promise.all(
        shown.map(async ({ atMs, code }) => ({ atMs, videoFrame: await code })),
      );
    },
    fromSecs,
    secs,
    rate,
  );
  const noted = await place.evaluate(() => window.noted);
  const moments: Moment[] = [];
  for (const { atMs, videoFrame } of shown) {
    const replayFrame = noted.findLast((noted) => noted.atMs <= atMs)?.frame ?? null;
    if (videoFrame !== null) moments.push({ videoFrame, replayFrame });
  }
  return moments;
}

/**
 * Seeks the paused video to the middle of a frame and waits until the replay, in `place`, stands
 * still.
 */
export async function seekPaused(
  page: Page,
  toSecs: number,
  place: Page | Frame = page,
): Promise<Seek> {
  await prepare(page);
  await note(place);
  const sought = await page.evaluate(async (toSecs) => {
    const video = document.querySelector("video");
    if (video === null) throw new Error("no video");
    video.pause();
    const shown = new Promise<void>((resolve) => {
      video.requestVideoFrameCallback(() => resolve());
    });
    const seeked = new Promise((resolve) => {
      video.addEventListener("seeked", resolve, { once: true });
    });
    video.currentTime = toSecs;
    await Promise.all([shown, seeked]);
    const beganMs = performance.timeOrigin + performance.now();
    const videoFrame = await window.readFrameCode(video);
    if (videoFrame === null) throw new Error("no frame code in the video");
    return { beganMs, videoFrame };
  }, toSecs);
  const settled = await place.evaluate(async ({ beganMs, videoFrame }) => {
    const nowMs = (): number => performance.timeOrigin + performance.now();
    // Long enough to see that the replay also stays there.
    while (nowMs() < beganMs + 5000) {
      const last = window.noted.at(-1);
      const sinceMs = Math.max(last?.atMs ?? 0, beganMs);
      if (last?.frame === videoFrame && nowMs() - sinceMs > 400) {
        return { replayFrame: videoFrame, relockMs: sinceMs - beganMs };
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return { replayFrame: window.noted.at(-1)?.frame ?? null, relockMs: Infinity };
  }, sought);
  return { videoFrame: sought.videoFrame, ...settled };
}

/** The error that `share` of the moments stay within, in frames; infinite if nothing was shown. */
export function errorWithin(moments: Moment[], share: number): number {
  const errors = moments
    .map(({ videoFrame, replayFrame }) =>
      replayFrame === null ? Infinity : Math.abs(replayFrame - videoFrame),
    )
    .sort((a, b) => a - b);
  return errors[Math.min(errors.length - 1, Math.floor(errors.length * share))] ?? Infinity;
}
