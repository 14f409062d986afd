/**
 * Goal: the replay shows the frame that the broadcast shows; announced ones are told of in time.
 * Method: the frame code burnt into the demo's broadcast against the frame that the element
 * names: at most 1 off for 95 % of the video's frames while playing at a quarter of the speed, the
 * very one when paused.
 */
import type { Frame } from "puppeteer-core";
import { expect, inject, test } from "vitest";
import { errorWithin, seekPaused, SYNC_PAGE, watchPlaying } from "./sync.js";
import type { ReplayPage } from "./replay-page.js";
import { ANNOUNCED_PACK } from "./site.js";
import { useBrowser } from "./suite.js";

const suite = useBrowser();

const VIDEO = new URLSearchParams({ video: "/media/video/broadcast.m3u8" });

/** A page with a replay that follows the demo's broadcast. */
async function following(): Promise<ReplayPage> {
  const opened = await suite.open(SYNC_PAGE);
  await opened.waitForPicture();
  await opened.page.waitForFunction(
    () => (document.querySelector("video")?.readyState ?? 0) >= HTMLMediaElement.HAVE_CURRENT_DATA,
  );
  await (await opened.replay()).evaluate((replay) => replay.backToLive());
  return opened;
}

test("within a frame while playing", async () => {
  const opened = await following();
  // A software GPU on a busy machine takes longer than one frame for a picture, and then none can
  // be in step. What is judged is the clock, so a frame lasts long enough to be drawn.
  const moments = await watchPlaying(opened.page, 0, 8, 0.25);
  expect(moments.length).toBeGreaterThan(30);
  expect(await (await opened.replay()).evaluate((replay) => replay.mode)).toBe("follow");
  expect(errorWithin(moments, 0.95), JSON.stringify(moments)).toBeLessThanOrEqual(1);
});

test("on the very frame when paused after a seek", async () => {
  const opened = await following();
  for (const frame of [10, 101, 55, 56, 160, 3, 130]) {
    const seek = await seekPaused(opened.page, (frame + 0.5) / 25);
    expect(seek.videoFrame).toBe(frame);
    expect(seek.replayFrame).toBe(frame);
  }
});

/** A page with the broadcast, and a replay that follows it in a frame of another origin. */
async function followingFromFrame(): Promise<{ opened: ReplayPage; frame: Frame }> {
  const site = inject("site").replace("127.0.0.1", "localhost"); // For a browser not the same.
  const inside = SYNC_PAGE.replace(/video=[^&]*/, "for=port");
  const around = new URLSearchParams({ frame: site + inside, for: "0", size: "160x90" });
  const opened = await suite.open(`${SYNC_PAGE.replace(/&.*/, "")}&${VIDEO}&${around}`);
  const frame = await opened.page.waitForFrame((frame) => frame.url() === site + inside);
  await frame.waitForFunction(
    () => (document.querySelector("touchline-replay")?.frame ?? null) !== null,
    { polling: 50, timeout: 60_000 },
  );
  return { opened, frame };
}

test("from a frame of another origin, through plays, pauses and seeks", async () => {
  const { opened, frame } = await followingFromFrame();
  const isApart = await frame.evaluate(() => {
    try {
      return parent.document === null;
    } catch {
      return true;
    }
  });
  expect(isApart, "the frame cannot reach the video").toBe(true);
  for (const index of [101, 3]) {
    const seek = await seekPaused(opened.page, (index + 0.5) / 25, frame);
    expect(seek).toMatchObject({ videoFrame: index, replayFrame: index });
  }
  const moments = await watchPlaying(opened.page, 0, 6, 0.25, frame);
  // Of 37; busy machines show fewer.
  expect(moments.length).toBeGreaterThan(8);
  expect(errorWithin(moments, 0.95), JSON.stringify(moments)).toBeLessThanOrEqual(1);
  const seek = await seekPaused(opened.page, 55.5 / 25, frame);
  expect(seek).toMatchObject({ videoFrame: 55, replayFrame: 55 });
  expect(await frame.evaluate(() => document.querySelector("touchline-replay")?.mode)).toBe(
    "follow",
  );
});

test("tells of an announced replay when the video has reached it, not before", async () => {
  const opened = await suite.open(SYNC_PAGE.replace("broadcast", "announced"));
  await opened.waitForPicture();
  const heard = async (): Promise<unknown[]> => {
    const told = await opened.told();
    return told.filter(({ type }) => type === "replay-available").map(({ detail }) => detail);
  };
  await seekPaused(opened.page, 2.5 / 25);
  await seekPaused(opened.page, 74.5 / 25);
  expect(await heard()).toEqual([]);
  await seekPaused(opened.page, 76.5 / 25);
  await seekPaused(opened.page, 2.5 / 25);
  await seekPaused(opened.page, 100.5 / 25);
  expect(await heard()).toEqual([{ id: "goal", src: ANNOUNCED_PACK, title: "1:0" }]);
});

test("publishes its own error", async () => {
  const opened = await following();
  await watchPlaying(opened.page, 1, 2);
  const stats = await (await opened.replay()).evaluate((replay) => replay.stats);
  expect(stats?.syncErrorMs).not.toBeNull();
  expect(Math.abs(stats?.syncErrorMs ?? Infinity)).toBeLessThan(100);
});
