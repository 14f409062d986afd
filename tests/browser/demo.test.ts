/**
 * Goal: the demo page shows a real replay, at desktop and at phone size, and asks nothing of
 * others.
 * Method: open it as a fan would; look at the picture, the console and the network.
 */
import { expect, test } from "vitest";
import { pause } from "./replay-page.js";
import { useBrowser } from "./suite.js";

const suite = useBrowser();

const SCREENS = [
  { name: "desktop", width: 1280, height: 800 },
  { name: "phone", width: 390, height: 844 },
];

test.each(SCREENS)("shows the replay on a $name", async ({ width, height }) => {
  const opened = await suite.open("");
  await opened.page.setViewport({ width, height });
  await opened.waitForPicture();
  const picture = await opened.picture();
  // A sky alone has about 10, a blank box 0.
  expect(picture.contrast()).toBeGreaterThan(15);
  const isWide = await opened.page.evaluate(
    () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
  );
  expect(isWide, "the page scrolls sideways").toBe(false);
  expect(opened.complaints).toEqual([]);
});

test("the subject moves", async () => {
  const opened = await suite.open("");
  await opened.waitForPicture();
  await opened.seekToFrame(10);
  const early = await opened.settledPicture();
  await opened.seekToFrame(90);
  const late = await opened.settledPicture();
  expect(early.differingShare(late)).toBeGreaterThan(0.002);
});

test("plays, and ends in no error", async () => {
  const opened = await suite.open("");
  await opened.waitForPicture();
  const replay = await opened.replay();
  await replay.evaluate((replay) => replay.play());
  const before = await opened.frame();
  await pause(1500);
  expect(await opened.frame()).not.toBe(before);
  expect((await opened.told()).filter(({ type }) => type === "error")).toEqual([]);
});

test("both of the athlete's tracks are drawn", async () => {
  const opened = await suite.open("");
  await opened.waitForPicture();
  await opened.seekToFrame(20);
  const points = await opened.settledPicture();
  const replay = await opened.replay();
  const tracks = await replay.evaluate((replay) => {
    const alternatives = replay.tracks.filter(({ alternative }) => alternative !== null);
    const other = alternatives.find(({ id }) => !replay.selectedTracks.includes(id));
    if (other !== undefined) replay.selectTrack(other.id);
    return { other: other?.id, count: alternatives.length };
  });
  expect(tracks.count).toBeGreaterThanOrEqual(2);
  await opened.page.waitForFunction(
    (id) => document.querySelector("touchline-replay")?.selectedTracks.includes(id ?? ""),
    {},
    tracks.other,
  );
  const mesh = await opened.settledPicture();
  const share = points.differingShare(mesh, 4);
  expect(share, "another track looks different").toBeGreaterThan(0.0005);
  // The same athlete in the same place: the rest of the picture stays.
  expect(share, "another track is the same scene").toBeLessThan(0.3);
});
