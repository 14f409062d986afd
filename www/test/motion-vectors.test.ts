/**
 * Goal: what comes through a port is the clock that the other side has, or nothing.
 * Method: vectors posted by hand, real ports, a clock that the test moves.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { VideoSample } from "../src/messages.js";
import { nowMs, VectorClock, type MotionVector } from "../src/motion-vectors.js";

let far: MessagePort;
let clock: VectorClock;
let samples: (VideoSample | null)[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  const { port1, port2 } = new MessageChannel();
  far = port2;
  samples = [];
  clock = new VectorClock(port1).watch((sample) => samples.push(sample));
});

afterEach(() => {
  clock.close();
  far.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Posts, and waits until it has come. */
async function post(data: unknown): Promise<void> {
  const count = samples.length;
  far.postMessage(data);
  // Messages of a port come in their order: once nothing new comes, this one has been read.
  for (let turn = 0; turn < 20 && samples.length === count; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function last(): VideoSample {
  const sample = samples.at(-1);
  if (sample === undefined || sample === null) throw new Error("no sample");
  return sample;
}

test("a vector is a sample", async () => {
  const atMs = nowMs();
  await post({ positionMs: 1240, unixMs: 5000, rate: 1, atMs } satisfies MotionVector);
  expect(last()).toEqual({
    ...{ mediaSecs: 1.24, unixMs: 5000, shownAtMs: atMs, rate: 1 },
    ...{ isPaused: false, isSeeking: false },
  });
  await post({ positionMs: 1240, rate: 0, atMs, isSeeking: true });
  expect(last()).toMatchObject({ unixMs: null, isPaused: true, isSeeking: true });
  await post({ unixMs: 5000, rate: 0, atMs });
  expect(last()).toMatchObject({ mediaSecs: NaN, unixMs: 5000 });
});

test("a vector holds until the next, however long that takes", async () => {
  const atMs = nowMs();
  await post({ positionMs: 1000, unixMs: 90_000, rate: 0.5, atMs });
  vi.advanceTimersByTime(10_000);
  expect(samples.length, "often enough to be believed").toBeGreaterThan(20);
  expect(last().mediaSecs).toBeCloseTo(1 + (last().shownAtMs - atMs) / 2000, 6);
  expect(last().unixMs).toBeCloseTo(90_000 + (last().shownAtMs - atMs) / 2, 3);
  expect(last().shownAtMs - atMs).toBeGreaterThan(9_500);
  await post({ positionMs: 3000, rate: 0, atMs: nowMs() });
  const count = samples.length;
  vi.advanceTimersByTime(10_000);
  expect(samples, "one that stands is said once").toHaveLength(count);
});

test("who watches later hears where it is by then", async () => {
  clock.close();
  const atMs = nowMs();
  far.postMessage({ positionMs: 0, rate: 2, atMs });
  await post(null);
  far.postMessage({ positionMs: 0, rate: 2, atMs });
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  vi.advanceTimersByTime(3000);
  expect(samples).toEqual([]);
  clock.watch((sample) => samples.push(sample));
  expect(last().mediaSecs).toBeCloseTo(6, 6);
});

test("the end of the clock is told", async () => {
  await post({ positionMs: 0, rate: 1, atMs: nowMs() });
  await post(null);
  expect(samples.at(-1)).toBeNull();
  const count = samples.length;
  vi.advanceTimersByTime(1000);
  expect(samples).toHaveLength(count);
});

test.each([
  ["agree, posted at once", 0, 0],
  ["agree, posted on a busy page", 30, 0],
  ["agree, for a frame still to come", 0, 0],
  ["differ, the sender's behind", 7000, 7000],
  ["differ, the sender's ahead", -400, -400],
])("clocks that %s", async (_, delayMs, skewMs) => {
  const sentAtMs = nowMs() - delayMs;
  await post({ positionMs: 0, rate: 1, atMs: sentAtMs + 16, sentAtMs });
  expect(last().shownAtMs).toBeCloseTo(sentAtMs + 16 + skewMs, 6);
  expect(last().mediaSecs).toBe(0);
});

test("the quickest post tells how clocks differ", async () => {
  const skewMs = 1000;
  for (const postMs of [80, 3, 40]) {
    const sentAtMs = nowMs() - skewMs - postMs;
    await post({ positionMs: 0, rate: 1, atMs: sentAtMs, sentAtMs });
  }
  const { shownAtMs } = last();
  expect(shownAtMs).toBeCloseTo(nowMs() - 40 + 3, 6);
});

test.each([
  ["text", "0"],
  ["no position", { rate: 1, atMs: 0 }],
  ["no rate", { positionMs: 0, atMs: 0 }],
  ["no instant", { positionMs: 0, rate: 1 }],
  ["a position that is none", { positionMs: NaN, rate: 1, atMs: 0 }],
  ["an endless date", { positionMs: 0, unixMs: Infinity, rate: 1, atMs: 0 }],
  ["a date beyond all dates", { unixMs: 1e300, rate: 1, atMs: 0 }],
  ["a wild rate", { positionMs: 0, rate: 17, atMs: 0 }],
  ["words for numbers", { positionMs: "0", rate: "1", atMs: "0" }],
])("%s is no vector, and said once", async (_, data) => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  await post(data);
  await post(data);
  expect(samples).toEqual([]);
  expect(warn).toHaveBeenCalledOnce();
});
