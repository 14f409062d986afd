/**
 * Goal: a replay leaves nothing behind, and several live side by side.
 * Method: count the page's workers and the elements that are still held after many removals.
 */
import { expect, inject, test } from "vitest";
import { useBrowser } from "./suite.js";

declare global {
  interface Window {
    graveyard?: FinalizationRegistry<null>;
    isCollected?: boolean;
  }
}

const suite = useBrowser();

test("ten removals and returns leak no workers", async () => {
  const opened = await suite.replay("/small/");
  await opened.waitForPicture();
  await opened.seekToFrame(9);
  const view = { ...(await opened.view()), yawRadians: 0.9 };
  await opened.setView(view);
  const workerCount = opened.page.workers().length;
  expect(workerCount).toBeGreaterThan(1);
  for (let round = 0; round < 10; round += 1) {
    await opened.page.evaluate(() => {
      const replay = document.querySelector("touchline-replay");
      replay?.remove();
      window.setTimeout(() => replay && document.body.append(replay), 50);
    });
    await opened.page.waitForFunction(
      () => (document.querySelector("touchline-replay")?.frame ?? null) !== null,
      { polling: 50, timeout: 60_000 },
    );
  }
  await opened.waitForWorkerCount(workerCount);
  expect((await opened.view()).yawRadians, "the viewpoint is kept").toBeCloseTo(0.9, 2);
  expect((await opened.settledPicture()).contrast()).toBeGreaterThan(3);
  await opened.page.evaluate(() => document.querySelector("touchline-replay")?.remove());
  await opened.waitForWorkerCount(0);
  expect(opened.complaints).toEqual([]);
});

test("a pack is asked for once, before the engine is there", async () => {
  const opened = await suite.replay("/small/", { inline: "" });
  await opened.waitForPicture();
  const asked = await opened.page.evaluate(() => {
    const entries = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
    return entries.map(({ name, startTime, responseEnd }) => ({ name, startTime, responseEnd }));
  });
  const manifest = asked.filter(({ name }) => name.endsWith("/small/manifest.json"));
  const engine = asked.find(({ name }) => name.endsWith("/engine.wasm"));
  expect(manifest).toHaveLength(1);
  expect(manifest[0]?.startTime).toBeLessThan(engine?.responseEnd ?? 0);
});

// Firefox collects when it likes, at times after minutes, and no page can make it.
test.skipIf(inject("browser") === "firefox")("a removed replay is collected", async () => {
  const opened = await suite.replay("/small/");
  await opened.waitForPicture();
  const workerCount = opened.page.workers().length;
  await opened.add("/small/"); // The first is held by the test page itself.
  await opened.waitForPicture(1);
  await opened.page.evaluate(() => {
    const replay = document.querySelectorAll("touchline-replay")[1];
    if (replay === undefined) throw new Error("no replay");
    // Not a `WeakRef`: who looks at one keeps it alive a while longer.
    window.graveyard = new FinalizationRegistry(() => {
      window.isCollected = true;
    });
    window.graveyard.register(replay, null);
    replay.remove();
  });
  await opened.waitForWorkerCount(workerCount);
  // Neither browser collects on command here: memory pressure makes it.
  await opened.page.waitForFunction(
    () => {
      const scrap = () => new Array<number>(100_000).fill(Math.random());
      const waste = Array.from({ length: 50 }, scrap);
      return waste.length > 0 && window.isCollected;
    },
    { polling: 200, timeout: 60_000 },
  );
});

test("two replays on a page are independent", async () => {
  const opened = await suite.replay("/small/");
  await opened.add("/small/");
  await opened.waitForPicture(0);
  await opened.waitForPicture(1);
  await opened.seekToFrame(30);
  const frames = await opened.page.evaluate(() =>
    [...document.querySelectorAll("touchline-replay")].map(({ frame }) => frame),
  );
  expect(frames[0]).toBe(30);
  expect(frames[1]).not.toBe(30);
  expect((await opened.picture(1)).contrast()).toBeGreaterThan(3);
});

test("without workers the same replay runs on the page", async () => {
  const opened = await suite.replay("/small/", { inline: "" });
  await opened.waitForPicture();
  expect(opened.page.workers()).toHaveLength(0);
  await opened.seekToFrame(20);
  const inline = await opened.settledPicture();
  const beside = await suite.replay("/small/");
  await beside.waitForPicture();
  await beside.seekToFrame(20);
  expect((await beside.settledPicture()).differingShare(inline, 8)).toBeLessThan(0.005);
});
