/**
 * Goal: every way to a moment lands on exactly that frame, and the picture is that frame's.
 * Method: seek, step, scrub and play on a pack without a video; compare the frame that the
 * element names, and the picture with itself when the same frame is reached another way.
 */
import { expect, test } from "vitest";
import { pause } from "./replay-page.js";
import { SMALL_FRAME_COUNT } from "./site.js";
import { useBrowser } from "./suite.js";

const suite = useBrowser();

test("seeks and steps land on their frames", async () => {
  const opened = await suite.replay("/small/");
  await opened.waitForPicture();
  for (const frame of [7, 31, 0, SMALL_FRAME_COUNT - 1, 12]) await opened.seekToFrame(frame);
  const replay = await opened.replay();
  for (const [frames, wanted] of [
    [1, 13],
    [1, 14],
    [-3, 11],
    [-100, 0],
    [1000, SMALL_FRAME_COUNT - 1],
  ] as const) {
    await replay.evaluate((replay, frames) => replay.stepFrame(frames), frames);
    await opened.waitForFrame(wanted);
  }
});

test("a seek to the moment on show ends", async () => {
  const opened = await suite.replay("/small/");
  await opened.waitForPicture();
  await opened.seekToFrame(0);
  await opened.waitForEvent("seeked");
});

test("a frame looks the same however it is reached, and unlike others", async () => {
  const opened = await suite.replay("/small/");
  await opened.waitForPicture();
  await opened.seekToFrame(20);
  const sought = await opened.settledPicture();
  await opened.seekToFrame(40);
  const other = await opened.settledPicture();
  expect(other.differingShare(sought)).toBeGreaterThan(0.001);
  await opened.seekToFrame(21);
  await (await opened.replay()).evaluate((replay) => replay.stepFrame(-1));
  await opened.waitForFrame(20);
  expect((await opened.settledPicture()).differingShare(sought, 2)).toBe(0);
});

test("the slider scrubs by whole frames", async () => {
  const opened = await suite.replay("/small/");
  await opened.waitForPicture();
  await opened.seekToFrame(10);
  const replay = await opened.replay();
  await replay.evaluate((replay) => {
    replay.removeAttribute("nocontrols");
    replay.shadowRoot?.querySelector<HTMLInputElement>("input[type=range]")?.focus();
  });
  await opened.page.keyboard.press("ArrowRight");
  await opened.waitForFrame(11);
  await opened.page.keyboard.press("End");
  await opened.waitForFrame(SMALL_FRAME_COUNT - 1);
});

test("plays, freezes, plays backwards and loops", async () => {
  const opened = await suite.replay("/small/", { loop: "" });
  await opened.waitForPicture();
  await opened.seekToFrame(5);
  const replay = await opened.replay();
  await replay.evaluate((replay) => replay.play());
  await opened.page.waitForFunction(
    () => (document.querySelector("touchline-replay")?.frame ?? 0) >= 10,
  );
  await replay.evaluate((replay) => replay.freeze());
  await opened.page.waitForFunction(() => document.querySelector("touchline-replay")?.paused);
  await pause(300);
  const frozen = await opened.frame();
  await pause(500);
  expect(await opened.frame(), "frozen").toBe(frozen);
  await opened.seekToFrame(20);
  await replay.evaluate((replay) => {
    replay.playbackRate = -1;
    return replay.play();
  });
  await opened.page.waitForFunction(() => {
    const frame = document.querySelector("touchline-replay")?.frame;
    return frame !== null && frame !== undefined && frame < 15;
  });
  // From the start backwards, a loop goes on at the end.
  await opened.page.waitForFunction(
    () => (document.querySelector("touchline-replay")?.frame ?? 0) > 35,
  );
});

test("in and out point by keys bound a loop, and show on the slider", async () => {
  const opened = await suite.replay("/small/", { loop: "" });
  await opened.waitForPicture();
  const replay = await opened.replay();
  await replay.evaluate((replay) => {
    replay.removeAttribute("nocontrols");
    replay.shadowRoot?.querySelector<HTMLInputElement>("input[type=range]")?.focus();
  });
  for (const [frame, key, points] of [
    [10, "i", [10, SMALL_FRAME_COUNT - 1]],
    [15, "o", [10, 15]],
  ] as const) {
    await opened.seekToFrame(frame);
    await opened.page.keyboard.press(key);
    await opened.page.waitForFunction((points) => {
      const replay = document.querySelector("touchline-replay");
      const frames = replay?.points?.map((secs) => Math.round(secs * replay.frameRate));
      return String(frames) === String(points);
    }, {}, points);
  }
  const share = await replay.evaluate((replay) => {
    const width = (part: string): number =>
      replay.shadowRoot?.querySelector(part)?.getBoundingClientRect().width ?? 0;
    return width("[part=points]") / width(".rail");
  });
  expect(share).toBeCloseTo(6 / SMALL_FRAME_COUNT, 2);
  // Long enough for several turns.
  const frames = await replay.evaluate(async (replay) => {
    await replay.play();
    const frames = new Set<number | null>();
    const startedAt = performance.now();
    while (performance.now() - startedAt < 2000) {
      frames.add(replay.frame);
      await new Promise(requestAnimationFrame);
    }
    return [...frames];
  });
  expect(Math.min(...frames.map(Number))).toBeGreaterThanOrEqual(10);
  expect(Math.max(...frames.map(Number))).toBeLessThanOrEqual(15);
  expect(frames.length).toBeGreaterThan(2);
  await opened.page.keyboard.press("x");
  await opened.page.waitForFunction(
    () => document.querySelector("touchline-replay")?.points === null,
  );
});

test("slow motion of a mesh shows more pictures than there are frames", async () => {
  const opened = await suite.replay("/small/");
  await opened.waitForPicture();
  const replay = await opened.replay();
  await replay.evaluate((replay) => {
    replay.selectTrack("mesh");
  });
  await opened.seekToFrame(8);
  await opened.settledPicture();
  await replay.evaluate((replay) => {
    replay.playbackRate = 0.05;
    return replay.play();
  });
  // A picture is drawn when it is another than the last: once a frame, if frames were all.
  const drawn = (): Promise<[number, number]> =>
    replay.evaluate((replay): [number, number] => [
      replay.stats?.drawnCount ?? 0,
      replay.frame ?? 0,
    ]);
  const [startCount, startFrame] = await drawn();
  for (;;) {
    await pause(100);
    const [count, frame] = await drawn();
    // Figures and frames are told of at different times.
    if (count - startCount > frame - startFrame + 6) break;
    expect(frame, `${count - startCount} pictures`).toBeLessThan(SMALL_FRAME_COUNT - 1);
  }
  await replay.evaluate((replay) => replay.freeze());
  // A picture that stands is a frame's own.
  const frozen = await opened.settledPicture();
  const frame = (await opened.frame()) ?? 0;
  await opened.seekToFrame(0);
  await opened.seekToFrame(frame);
  expect((await opened.settledPicture()).differingShare(frozen, 2)).toBe(0);
});

test("a mesh comes to its finest rendition", async () => {
  const opened = await suite.replay("/small/");
  await opened.waitForPicture();
  const replay = await opened.replay();
  expect(await replay.evaluate((replay) => replay.rendition), "of points").toBeNull();
  await replay.evaluate((replay) => {
    replay.selectTrack("mesh");
  });
  for (const frame of [3, 40]) {
    await opened.seekToFrame(frame);
    await opened.page.waitForFunction(
      () => document.querySelector("touchline-replay")?.rendition === 0,
      { polling: 50, timeout: 30_000 },
    );
  }
});
