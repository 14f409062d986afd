/**
 * Goal: the replay shows the frame that the broadcast shows; announced ones are told of in time.
 * Method: the frame code burnt into the demo's broadcast against the frame that the element
 * names: at most 1 off for 95 % of the video's frames while playing at a quarter of the speed, the
 * very one when paused.
 */
import { expect, test } from "vitest";
import { errorWithin, seekPaused, SYNC_PAGE, watchPlaying } from "./sync.js";
import type { ReplayPage } from "./replay-page.js";
import { ANNOUNCED_PACK } from "./site.js";
import { useBrowser } from "./suite.js";

const suite = useBrowser();

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
