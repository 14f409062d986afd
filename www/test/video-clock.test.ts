/**
 * Goal: the samples say what is on the host's screen, through seeks, stalls and pauses.
 * Method: a video of cardboard, moved by hand; the samples it causes.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { VideoSample } from "../src/messages.js";
import { VideoClock, type HostMedia } from "../src/video-clock.js";

class Media extends EventTarget {
  currentTime = 0;
  duration = Infinity;
  ended = false;
  paused = true;
  playbackRate = 1;
  readyState = 4;
  seeking = false;
  #callback: VideoFrameRequestCallback | null = null;

  requestVideoFrameCallback(callback: VideoFrameRequestCallback): number {
    this.#callback = callback;
    return 1;
  }

  cancelVideoFrameCallback(): void {
    this.#callback = null;
  }

  show(mediaTime: number, expectedDisplayTime: number): void {
    this.#callback?.(0, { mediaTime, expectedDisplayTime } as VideoFrameCallbackMetadata);
  }

  tell(type: string): void {
    this.dispatchEvent(new Event(type));
  }
}

let media: Media;
let samples: VideoSample[];
let clock: VideoClock;

beforeEach(() => {
  media = new Media();
  samples = [];
  clock = new VideoClock(media as HostMedia, {}, (sample) => samples.push(sample));
});

afterEach(() => vi.useRealTimers());

function last(): VideoSample {
  const sample = samples.at(-1);
  if (sample === undefined) throw new Error("no sample");
  return sample;
}

test("a video that is there is sampled at once", () => {
  expect(samples).toHaveLength(1);
  expect(last()).toMatchObject({ mediaSecs: 0, isPaused: true, isSeeking: false, unixMs: null });
});

test("each frame is sampled with its own time", () => {
  media.paused = false;
  media.show(1.24, 500);
  media.show(1.28, 540);
  expect(last()).toMatchObject({ mediaSecs: 1.28, isPaused: false, rate: 1 });
  expect(last().shownAtMs).toBeCloseTo(performance.timeOrigin + 540, 3);
});

test("a pause keeps the frame, not the clock that ran on", () => {
  media.paused = false;
  media.show(1.24, 500);
  media.currentTime = 1.27;
  media.paused = true;
  media.tell("pause");
  expect(last()).toMatchObject({ mediaSecs: 1.24, isPaused: true });
});

test("a seek while paused ends on the new frame", () => {
  media.show(1.24, 500);
  Object.assign(media, { seeking: true, currentTime: 5.01 });
  media.tell("seeking");
  expect(last()).toMatchObject({ isSeeking: true });
  media.show(5, 900);
  media.seeking = false;
  media.tell("seeked");
  expect(last()).toMatchObject({ mediaSecs: 5, isSeeking: false, isPaused: true });
});

test("a stall stands still until a frame comes", () => {
  media.paused = false;
  media.show(1, 500);
  media.tell("waiting");
  expect(last()).toMatchObject({ mediaSecs: 1, isPaused: true });
  media.show(1.04, 900);
  expect(last().isPaused).toBe(false);
});

test("starved of data it stands still", () => {
  media.paused = false;
  media.readyState = 2;
  media.tell("ratechange");
  expect(last().isPaused).toBe(true);
});

test("a rate change starts from where the video is by now", () => {
  media.paused = false;
  media.show(1, 500);
  Object.assign(media, { playbackRate: 0.5, currentTime: 1.03 });
  media.tell("ratechange");
  expect(last()).toMatchObject({ mediaSecs: 1.03, rate: 0.5 });
});

test("without frames the video's own clock must do, and frames lead again", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  media.paused = false;
  media.show(1, 0);
  const update = (afterMs: number): number => {
    vi.advanceTimersByTime(afterMs);
    media.currentTime += afterMs / 1000;
    const before = samples.length;
    media.tell("timeupdate");
    return samples.length - before;
  };
  expect(update(250), "frames may still come").toBe(0);
  // Each of them: a clock that is told of twice a second alone would be given up in between.
  expect([update(300), update(250), update(250)]).toEqual([1, 1, 1]);
  expect(last()).toMatchObject({ mediaSecs: media.currentTime, isPaused: false });
  media.show(3, 1050);
  expect(last().mediaSecs).toBe(3);
  expect(update(250)).toBe(0);
  media.paused = true;
  media.tell("pause");
  expect(update(2000), "a frame that stands").toBe(0);
  expect(last()).toMatchObject({ mediaSecs: 3, isPaused: true });
});

test("closed, it hears nothing", () => {
  clock.close();
  const count = samples.length;
  media.tell("pause");
  media.show(9, 9);
  expect(samples).toHaveLength(count);
});

test("a video that starts again is followed from its start", () => {
  media.duration = 8;
  media.show(7.96, 0);
  media.show(8.04, 80);
  media.show(16, 120);
  const places = samples.slice(-3).map(({ mediaSecs }) => mediaSecs);
  expect(places[0]).toBe(7.96);
  expect(places[1]).toBeCloseTo(0.04);
  expect(places[2]).toBe(0);
});
