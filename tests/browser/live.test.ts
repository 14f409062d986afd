/**
 * Goal: a replay is watched while it is still being made, on into every new segment, and an event's
 * replays are told of in time.
 * Method: the page shows what `touchline pack --live` publishes of frames that the test hands over.
 */
import { afterEach, expect, test } from "vitest";
import { Making } from "./making.js";
import { useBrowser } from "./suite.js";
import { seekPaused, SYNC_PAGE } from "./sync.js";

const suite = useBrowser();
let making: Making | null = null;

afterEach(() => {
  making?.close();
});

test("a replay grows while it is watched, and ends when it is", async () => {
  making = new Making("growing");
  await making.publishUntil(20);
  const opened = await suite.replay("/growing/");
  await opened.waitForPicture();
  const replay = await opened.replay();
  const types = async (): Promise<string[]> => (await opened.told()).map(({ type }) => type);
  expect(await replay.evaluate(({ duration }) => duration)).toBe(0.8);
  expect(await types()).not.toContain("waiting");
  await replay.evaluate((replay) => replay.play());
  await opened.waitForFrame(19);
  await opened.waitForEvent("waiting");
  const before = (await types()).filter((type) => type === "durationchange").length;
  await making.publishUntil(40);
  await opened.waitForFrame(39);
  const { duration, seekableEnd, paused } = await replay.evaluate((replay) => ({
    duration: replay.duration,
    seekableEnd: replay.seekable.end(0),
    paused: replay.paused,
  }));
  expect([duration, seekableEnd, paused]).toEqual([1.6, 1.6, false]);
  const after = (await types()).filter((type) => type === "durationchange").length;
  expect(after).toBeGreaterThan(before);
  expect(await types()).not.toContain("ended");
  await making.end();
  await opened.waitForEvent("ended");
  expect(await opened.frame()).toBe(39);
  expect(opened.complaints).toEqual([]);
});

test("a replay of the reel is told of when the video has reached its end, not before", async () => {
  making = new Making("listed");
  await making.publishUntil(50);
  await making.end();
  const opened = await suite.open(SYNC_PAGE);
  await opened.waitForPicture();
  await seekPaused(opened.page, 2.5 / 25);
  const replay = await opened.replay();
  const fetched = opened.page.waitForResponse((response) => response.url().endsWith("reel.json"));
  await replay.evaluate((replay) => {
    replay.reel = "/listed.reel.json";
  });
  await fetched;
  const ids = (): Promise<string[]> =>
    replay.evaluate(({ replays }) => replays.map(({ id }) => id));
  await seekPaused(opened.page, 48.5 / 25);
  expect(await ids()).toEqual([]);
  await seekPaused(opened.page, 51.5 / 25);
  const { detail } = await opened.waitForEvent("replay-available");
  expect(detail["src"]).toMatch(/\/listed\/manifest\.json$/);
  expect(await ids()).toEqual(["goal"]);
});
