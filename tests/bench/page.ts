/**
 * Measures the demo page in one browser and writes the figures to `TOUCHLINE_FIGURES`.
 *
 * Names are those of the benchmark's report. Each figure's method stands at its function.
 */
import { writeFileSync } from "node:fs";
import { afterAll, inject, test } from "vitest";
import { launch } from "../browser/browsers.js";
import { pause, ReplayPage } from "../browser/replay-page.js";
import { useBrowser } from "../browser/suite.js";
import { errorWithin, seekPaused, SYNC_PAGE, watchPlaying } from "../browser/sync.js";

const BROWSER = inject("browser");
const START_COUNT = 5;
const SEEK_COUNT = 100;
const FRAME_RATE = 25;
const PLAYING_SECS = 5;

const suite = useBrowser();
const figures: Record<string, number> = {};

afterAll(() => {
  writeFileSync(process.env["TOUCHLINE_FIGURES"] ?? "figures.json", JSON.stringify(figures));
});

/**
 * From the click on a link to the demo until its `canplay`: the page's own clock starts with the
 * navigation. A new browser each time, so that nothing is cached; the median.
 */
test("time to the first picture", async () => {
  const times: number[] = [];
  for (let start = 0; start < START_COUNT; start += 1) {
    const browser = await launch(BROWSER);
    const opened = await ReplayPage.open(browser, inject("site"));
    await opened.waitForPicture();
    const at = (await opened.told()).find(({ type }) => type === "canplay")?.atMs;
    if (at !== undefined) times.push(at);
    await browser.close();
  }
  figures[`start.click_to_3d_ms.${BROWSER}`] = median(times);
});

/**
 * What the player costs the page's thread for each picture drawn, on a page with nothing else.
 *
 * Chromium: all of the thread's tasks (`TaskDuration` of CDP's Performance domain), layout and
 * painting included. Firefox has no such figure: the time inside all callbacks of the page's
 * scripts (messages, events, frames, timers), each timed by a wrapper.
 */
test("the page's thread while playing", async () => {
  const opened = await suite.open("test.html?pack=/small/&loop=&nocontrols=", timeCallbacks);
  await opened.waitForPicture();
  const replay = await opened.replay();
  await replay.evaluate((replay) => replay.play());
  await pause(1000);
  const look = async (): Promise<{ busyMs: number; drawnCount: number; longTasks: number }> => {
    const callbacks = await opened.page.evaluate(() => window.callbacks);
    const drawnCount = await replay.evaluate((replay) => replay.stats?.drawnCount ?? 0);
    const tasks = BROWSER === "chromium" ? (await opened.page.metrics()).TaskDuration : undefined;
    const busyMs = tasks === undefined ? callbacks.busyMs : tasks * 1000;
    return { busyMs, drawnCount, longTasks: callbacks.longTasks };
  };
  const before = await look();
  await pause(PLAYING_SECS * 1000);
  const after = await look();
  const drawnCount = after.drawnCount - before.drawnCount;
  if (drawnCount > 0) {
    figures[`main_thread.ms_per_frame.${BROWSER}`] = (after.busyMs - before.busyMs) / drawnCount;
  }
  if (BROWSER === "chromium") {
    figures[`main_thread.long_tasks.${BROWSER}`] = after.longTasks - before.longTasks;
  }
});

/** The frame code in the broadcast against the frame that the element names. */
test("in step with the video", async () => {
  const opened = await suite.open(SYNC_PAGE);
  await opened.waitForPicture();
  await (await opened.replay()).evaluate((replay) => replay.backToLive());
  const moments = await watchPlaying(opened.page, 0, PLAYING_SECS);
  figures[`sync.playing_p50_frames.${BROWSER}`] = errorWithin(moments, 0.5);
  figures[`sync.playing_p95_frames.${BROWSER}`] = errorWithin(moments, 0.95);
  const relocks: number[] = [];
  for (let seek = 0; seek < SEEK_COUNT; seek += 1) {
    // Steps of 73 frames visit all of 200, near and far, in no order that a cache could guess.
    const frame = (seek * 73) % 200;
    const { videoFrame, replayFrame, relockMs } = await seekPaused(
      opened.page,
      (frame + 0.5) / FRAME_RATE,
    );
    if (videoFrame === replayFrame) relocks.push(relockMs);
  }
  figures[`sync.exact_seeks_of_100.${BROWSER}`] = relocks.length;
  figures[`sync.relock_ms.${BROWSER}`] = median(relocks);
});

declare global {
  interface Window {
    /** Milliseconds inside scripts' callbacks, and tasks of more than 50 ms where known. */
    callbacks: { busyMs: number; longTasks: number };
  }
}

/** Runs in the page: wraps what the browser calls scripts through. */
function timeCallbacks(): void {
  window.callbacks = { busyMs: 0, longTasks: 0 };
  type Callback = (...given: unknown[]) => unknown;
  const timed = (callback: Callback): Callback =>
    function timedCallback(this: unknown, ...given) {
      const began = performance.now();
      try {
        return callback.apply(this, given);
      } finally {
        window.callbacks.busyMs += performance.now() - began;
      }
    };
  const wrap = (owner: object, name: string, position: number): void => {
    const methods = owner as Record<string, Callback>;
    const original = methods[name];
    if (original === undefined) return;
    methods[name] = function wrapped(this: unknown, ...given) {
      const callback = given[position];
      if (typeof callback === "function") given[position] = timed(callback as Callback);
      return original.apply(this, given);
    };
  };
  wrap(EventTarget.prototype, "addEventListener", 1);
  wrap(window, "requestAnimationFrame", 0);
  wrap(window, "setTimeout", 0);
  wrap(window, "setInterval", 0);
  if (PerformanceObserver.supportedEntryTypes.includes("longtask")) {
    new PerformanceObserver((list) => {
      window.callbacks.longTasks += list.getEntries().length;
    }).observe({ type: "longtask" });
  }
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
