/**
 * Measures pages in one browser and writes the figures to `TOUCHLINE_FIGURES`.
 *
 * Names are those of the benchmark's report. Each figure's method stands at its function; a
 * figure that cannot be taken is not written, and takes no other with it.
 */
import type { Page } from "puppeteer-core";
import { inject, test } from "vitest";
import { launch } from "../browser/browsers.js";
import { pause, ReplayPage } from "../browser/replay-page.js";
import { useBrowser } from "../browser/suite.js";
import { errorWithin, seekPaused, SYNC_PAGE, watchPlaying } from "../browser/sync.js";
import { median, note } from "./figures.js";
import { installBench, measureImages, measureVideo, type Times } from "./textures.js";
import { mainThreadsMs, mostGrown } from "./threads.js";

const START_COUNT = 3;
const SEEK_COUNT = 100;
/** Seeks that take longer than this together are too slow to count. */
const SEEKS_MS_MAX = 90_000;
const FRAME_RATE = 25;
const PLAYING_SECS = 5;
const TEXTURE_ROUND_COUNT = 3;

const suite = useBrowser();

/**
 * From the click on a link to the demo until its `canplay`, which is sent when the GPU has drawn
 * the first picture: the page's own clock starts with the navigation. A new browser each time,
 * so that nothing is cached; the server is on the same machine; the median.
 */
test("time to the first picture", async () => {
  const times: number[] = [];
  for (let start = 0; start < START_COUNT; start += 1) {
    const browser = await launch(inject("browser"));
    try {
      const opened = await ReplayPage.open(browser, inject("site"));
      times.push((await opened.waitForEvent("canplay")).atMs);
    } finally {
      await browser.close();
    }
  }
  note("start.click_to_3d_ms", median(times));
});

/**
 * What the player costs the page's thread for each picture drawn, on a page with nothing else.
 *
 * The processor time of the page's main thread by the kernel's account, layout, painting and
 * garbage collection included, divided by the pictures that the engine says it drew meanwhile.
 * Waiting for a processor is not in it: software GPUs are busy on the same ones. Long tasks are
 * those of 50 ms and more, and only Chromium tells of them.
 */
test("the page's thread while playing", async () => {
  const opened = await suite.open("test.html?pack=/small/&loop=&nocontrols=", countLongTasks);
  await opened.waitForPicture();
  const replay = await opened.replay();
  await replay.evaluate((replay) => replay.play());
  await pause(1000);
  const look = async () => ({
    drawnCount: await nextDrawnCount(opened.page),
    longTasks: await opened.page.evaluate(() => window.longTasks),
    threads: mainThreadsMs(opened.page.browser().process()?.pid ?? 0),
  });
  const before = await look();
  await pause(PLAYING_SECS * 1000);
  const after = await look();
  const drawnCount = after.drawnCount - before.drawnCount;
  note("main_thread.ms_per_frame", mostGrown(before.threads, after.threads) / drawnCount);
  if (before.longTasks !== null && after.longTasks !== null) {
    note("main_thread.long_tasks", after.longTasks - before.longTasks);
  }
});

/** The frame code in the broadcast against the frame that the element names, while playing. */
test("in step with the video", async () => {
  const opened = await following();
  const moments = await watchPlaying(opened.page, 0, PLAYING_SECS);
  note("sync.playing_p50_frames", errorWithin(moments, 0.5));
  note("sync.playing_p95_frames", errorWithin(moments, 0.95));
});

/** The same two after seeks of the paused video, and how long the replay took to follow. */
test("on the frame after a seek", async () => {
  const opened = await following();
  const began = performance.now();
  const relocks: number[] = [];
  for (let seek = 0; seek < SEEK_COUNT; seek += 1) {
    if (performance.now() - began > SEEKS_MS_MAX) {
      throw new Error(`only ${seek} seeks in ${SEEKS_MS_MAX / 1000} s, ${relocks.length} exact`);
    }
    // Steps of 73 frames visit half of all 200, near and far, in no order that a cache could guess.
    const frame = (seek * 73) % 200;
    const { videoFrame, replayFrame, relockMs } = await seekPaused(
      opened.page,
      (frame + 0.5) / FRAME_RATE,
    );
    if (videoFrame === replayFrame) relocks.push(relockMs);
  }
  note("sync.exact_seeks_of_100", relocks.length);
  note("sync.relock_ms", median(relocks));
});

/**
 * A real capture's texture, 1024 pixels a side, as a video and as images: decoding one frame, and
 * from there to the GPU's having it, which is waited for. Medians, once the caches are warm.
 */
test("textures", async ({ skip }) => {
  const pack = inject("textures");
  if (pack === "") return skip("the real captures are not here");
  const opened = await suite.open("test.html?pack=/small/&nocontrols=");
  await (await opened.replay()).evaluate((replay) => replay.remove());
  await opened.page.evaluate(installBench);
  for (const [form, measure] of [["video", measureVideo], ["image", measureImages]] as const) {
    const all: Times = { decodes: [], uploads: [] };
    for (let round = 0; round < TEXTURE_ROUND_COUNT; round += 1) {
      const times = await opened.page.evaluate(measure, inject("site") + pack);
      if (round === 0 || times === null) continue;
      all.decodes.push(...times.decodes);
      all.uploads.push(...times.uploads);
    }
    if (all.decodes.length === 0) continue; // Not in this browser.
    note(`texture.liam.${form}_decode_ms`, median(all.decodes));
    note(`texture.liam.${form}_upload_ms`, median(all.uploads));
  }
});

/** A page with the demo's replay following its broadcast. */
async function following(): Promise<ReplayPage> {
  const opened = await suite.open(SYNC_PAGE);
  await opened.waitForPicture();
  await opened.page.waitForFunction(
    () => (document.querySelector("video")?.readyState ?? 0) >= HTMLMediaElement.HAVE_CURRENT_DATA,
  );
  await (await opened.replay()).evaluate((replay) => replay.backToLive());
  return opened;
}

/** Pictures drawn, at the moment when the element next tells of some: it does so once a second. */
function nextDrawnCount(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const count = (): number => document.querySelector("touchline-replay")?.stats?.drawnCount ?? 0;
    const before = count();
    const deadline = performance.now() + 10_000;
    while (count() === before && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return count();
  });
}

declare global {
  interface Window {
    /** Tasks of 50 ms and more; null where the browser does not tell. */
    longTasks: number | null;
  }
}

/** Runs in the page, before its scripts. */
function countLongTasks(): void {
  const isTold = PerformanceObserver.supportedEntryTypes.includes("longtask");
  window.longTasks = isTold ? 0 : null;
  if (!isTold) return;
  new PerformanceObserver((list) => {
    window.longTasks = (window.longTasks ?? 0) + list.getEntries().length;
  }).observe({ type: "longtask" });
}
