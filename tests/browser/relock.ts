/**
 * Measures how long a replay needs to go with its video again after something has upset the clock:
 * from the video's first frame after it to the first of several in a row that the two agree on.
 *
 * As in `sync.ts`, the video's frame is the code burnt into it and the replay's is what the element
 * names.
 */
import type { Page } from "puppeteer-core";
import { prepare } from "./sync.js";

/** Something that upsets the clock while the video plays. */
export interface Upset {
  /** From where the video plays before, seconds of media. */
  fromSecs: number;
  /** At which rate, 1 unless it says so. */
  rate?: number;
  /** Over when the video is about to go on. */
  upset: (page: Page) => Promise<void>;
  /** First and last of the video's frames that can only be seen afterwards. */
  frames: readonly [first: number, last: number];
}

/** The two frames on show at one moment. */
interface Sight {
  atMs: number;
  videoFrame: number;
  replayFrame: number | null;
}

interface Watch {
  told: { atMs: number; frame: number | null }[];
  shown: { atMs: number; code: Promise<number | null> }[];
  end(): void;
}

declare global {
  interface Window {
    watch: Watch;
  }
}

/** So many frames in a row must agree. */
const AGREEING_COUNT = 5;
/** The video plays before the upset until the replay is locked and all is buffered. */
const BEFORE_MS = 1000;
/** And after it. */
const AFTER_MS = 1500;

/** Plays, upsets, and measures; `Infinity` if the two do not come together again. */
export async function relockMs(
  page: Page,
  { fromSecs, rate: rateBefore = 1, upset, frames }: Upset,
): Promise<number> {
  await prepare(page);
  await page.evaluate(
    async (fromSecs, rate) => {
      const { video } = window.touchlineTest;
      if (video === null) throw new Error("no video");
      video.muted = true;
      video.playbackRate = rate;
      video.currentTime = fromSecs;
      await video.play();
    },
    fromSecs,
    rateBefore,
  );
  await wait(BEFORE_MS);
  const upsetAtMs = await page.evaluate(startWatching);
  await upset(page);
  await wait(AFTER_MS);
  const { sights, rate } = await page.evaluate(stopWatching);
  const [first, last] = frames;
  const after = sights.filter(
    ({ atMs, videoFrame }) => atMs > upsetAtMs && first <= videoFrame && videoFrame <= last,
  );
  return relockOf(after, Math.max(1, rate));
}

/** From the first sight to the first of several in a row within so many frames. */
export function relockOf(sights: readonly Sight[], frameCountMax: number): number {
  const isAgreed = ({ videoFrame, replayFrame }: Sight): boolean =>
    replayFrame !== null && Math.abs(videoFrame - replayFrame) <= frameCountMax;
  const [first] = sights;
  for (const [index, { atMs }] of sights.entries()) {
    const run = sights.slice(index, index + AGREEING_COUNT);
    if (first !== undefined && run.length === AGREEING_COUNT && run.every(isAgreed)) {
      return atMs - first.atMs;
    }
  }
  return Infinity;
}

/** Runs in the page. */
function startWatching(): number {
  const { element, video } = window.touchlineTest;
  const told: Watch["told"] = [];
  const shown: Watch["shown"] = [];
  const listening = window.setInterval(() => {
    const { frame } = element;
    if (told.at(-1)?.frame !== frame) told.push({ atMs: performance.now(), frame });
  }, 2);
  let request = 0;
  const look = (_nowMs: number, { expectedDisplayTime }: VideoFrameCallbackMetadata): void => {
    if (video === null) return;
    shown.push({ atMs: expectedDisplayTime, code: window.readFrameCode(video) });
    request = video.requestVideoFrameCallback(look);
  };
  request = video?.requestVideoFrameCallback(look) ?? 0;
  const end = (): void => {
    window.clearInterval(listening);
    video?.cancelVideoFrameCallback(request);
  };
  window.watch = { told, shown, end };
  return performance.now();
}

/** Runs in the page. */
async function stopWatching(): Promise<{ sights: Sight[]; rate: number }> {
  const { told, shown, end } = window.watch;
  const { video } = window.touchlineTest;
  end();
  video?.pause();
  const sights: Sight[] = [];
  for (const { atMs, code } of shown) {
    const videoFrame = await code.catch(() => null); // Sent elsewhere just then.
    const replayFrame = told.findLast((told) => told.atMs <= atMs)?.frame ?? null;
    if (videoFrame !== null) sights.push({ atMs, videoFrame, replayFrame });
  }
  return { sights, rate: video?.playbackRate ?? 1 };
}

/** Sends the video elsewhere. */
export async function seek(page: Page, toSecs: number): Promise<void> {
  await page.evaluate((toSecs) => {
    const { video } = window.touchlineTest;
    if (video !== null) video.currentTime = toSecs;
  }, toSecs);
}

/** Stops the video, sends it elsewhere, and plays it from there. */
export async function seekPaused(page: Page, toSecs: number): Promise<void> {
  await page.evaluate(async (toSecs) => {
    const { video } = window.touchlineTest;
    if (video === null) return;
    video.pause();
    video.currentTime = toSecs;
    await new Promise((resolve) => video.addEventListener("seeked", resolve, { once: true }));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await video.play();
  }, toSecs);
}

/** Plays at another rate. */
export async function setRate(page: Page, rate: number): Promise<void> {
  await page.evaluate((rate) => {
    const { video } = window.touchlineTest;
    if (video !== null) video.playbackRate = rate;
  }, rate);
}

/** Lets the video run dry at `atSecs` and stand for a second. */
export async function starve(page: Page, atSecs: number): Promise<void> {
  await page.evaluate(async (atSecs) => {
    const { video, hls } = window.touchlineTest;
    if (video === null || hls === null) throw new Error("no video that hls.js plays");
    const isDry = new Promise((resolve) => {
      video.addEventListener("waiting", resolve, { once: true });
    });
    hls.stopLoad();
    const rest = { startOffset: atSecs, endOffset: Infinity, type: null };
    hls.trigger("hlsBufferFlushing" as Parameters<typeof hls.trigger>[0], rest);
    await isDry;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    hls.startLoad();
  }, atSecs);
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
