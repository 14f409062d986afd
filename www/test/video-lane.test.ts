/**
 * Goal: every frame of a job comes once, in order, as that frame, whatever the decoder's habits;
 * and every picture that was made is handed over or closed.
 * Method: WebCodecs of cardboard that holds frames back, breaks, or is taken away.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { DecodeJob } from "../src/decode-loop.js";
import { VideoLane } from "../src/video-lane.js";

class Frame {
  static open = 0;
  readonly timestamp: number;
  constructor(timestamp: number) {
    this.timestamp = timestamp;
    Frame.open += 1;
  }
  close(): void {
    Frame.open -= 1;
  }
}

class Chunk {
  readonly type: string;
  readonly timestamp: number;
  constructor({ type, timestamp }: { type: string; timestamp: number }) {
    this.type = type;
    this.timestamp = timestamp;
  }
}

/** What the decoder does: set by tests. */
const habits = { held: 0, fails: (_count: number): boolean => false, drops: -1 };
let made: Decoder[] = [];
/** Chunks decoded, by all decoders. */
let decoded: string[] = [];

class Decoder extends EventTarget {
  state = "unconfigured";
  decodeQueueSize = 0;
  readonly #init: { output: (frame: Frame) => void; error: (error: Error) => void };
  #held: number[] = [];
  #needsKey = true;
  constructor(init: { output: (frame: Frame) => void; error: (error: Error) => void }) {
    super();
    this.#init = init;
    made.push(this);
  }
  configure(): void {
    [this.state, this.#needsKey] = ["configured", true];
  }
  reset(): void {
    [this.state, this.#held] = ["unconfigured", []];
  }
  close(): void {
    [this.state, this.#held] = ["closed", []];
  }
  decode({ type, timestamp }: Chunk): void {
    if (this.state !== "configured") throw new Error(`it is ${this.state}`);
    if (this.#needsKey && type !== "key") throw new Error("a key is needed");
    this.#needsKey = false;
    this.decodeQueueSize += 1;
    setTimeout(() => {
      this.decodeQueueSize -= 1;
      this.dispatchEvent(new Event("dequeue"));
      if (this.state !== "configured") return;
      decoded.push(type === "key" ? "key" : "delta");
      if (habits.fails(decoded.length)) {
        this.close();
        return this.#init.error(new Error("it broke"));
      }
      this.#held.push(timestamp);
      if (this.#held.length > habits.held) this.#emit(1);
    });
  }
  async flush(): Promise<void> {
    while (this.decodeQueueSize > 0) await new Promise((resolve) => setTimeout(resolve));
    this.#emit(this.#held.length);
    this.#needsKey = true;
  }
  #emit(count: number): void {
    for (const timestamp of this.#held.splice(0, count)) {
      if (decoded.length !== habits.drops) this.#init.output(new Frame(timestamp));
    }
  }
}

let lane: VideoLane;

beforeEach(() => {
  Object.assign(habits, { held: 0, fails: () => false, drops: -1 });
  [made, decoded, Frame.open] = [[], [], 0];
  vi.stubGlobal("VideoDecoder", Decoder);
  vi.stubGlobal("EncodedVideoChunk", Chunk);
  // No GPU here: pictures are handed over as bitmaps.
  vi.stubGlobal("createImageBitmap", (frame: Frame) => Promise.resolve(new Frame(frame.timestamp)));
  lane = new VideoLane();
});

afterEach(() => {
  lane.close();
  vi.unstubAllGlobals();
});

/** A job for `first..end` of a segment, whose key is its frame 0. */
async function decode(
  first: number,
  end: number,
  { source = 1, wantedCount = Infinity } = {},
): Promise<number[]> {
  const layers = [Uint8Array.of(0)];
  const job: DecodeJob = {
    ...{ kind: "job", job: 1, codec: "h264", elementCountMax: 0, triangleCountMax: 0 },
    ...{ firstFrame: 0, skip: first, hasNormals: false },
    frames: Array.from({ length: end }, () => ({ layers, bricks: [undefined] })),
  };
  const video = { codec: "avc1.640028", width: 2, height: 2, source };
  const frames: number[] = [];
  const isWanted = (): boolean => frames.length < wantedCount;
  await lane.decode(job, video, isWanted, (frame, ms, image) => {
    expect(ms).toBeGreaterThanOrEqual(0);
    frames.push(frame);
    image.close();
  });
  return frames;
}

test("a job's frames come in order; those before it are decoded and closed", async () => {
  expect(await decode(2, 6)).toEqual([2, 3, 4, 5]);
  expect(decoded).toEqual(["key", "delta", "delta", "delta", "delta", "delta"]);
  expect(Frame.open).toBe(0);
});

test("the next job of a segment goes on, and one before it starts again", async () => {
  await decode(0, 4);
  expect(await decode(4, 8)).toEqual([4, 5, 6, 7]);
  expect(decoded.length).toBe(8);
  expect(await decode(2, 4)).toEqual([2, 3]);
  expect(decoded.length).toBe(12);
  expect(await decode(0, 2, { source: 2 })).toEqual([0, 1]);
  expect(decoded.filter((type) => type === "key").length).toBe(3);
  expect(made.length).toBe(1);
});

test("a decoder that holds frames back is flushed, and starts again at a key", async () => {
  habits.held = 2;
  expect(await decode(0, 5)).toEqual([0, 1, 2, 3, 4]);
  expect(await decode(5, 7)).toEqual([5, 6]);
  expect(decoded.length).toBe(12);
  expect(Frame.open).toBe(0);
});

test("a decoder that was taken away is made anew, and no frame comes twice", async () => {
  await decode(0, 3);
  habits.fails = (count) => count === 5;
  expect(await decode(3, 8)).toEqual([3, 4, 5, 6, 7]);
  expect(made.length).toBe(2);
  expect(Frame.open).toBe(0);
});

test("what fails twice fails", async () => {
  habits.fails = () => true;
  await expect(decode(0, 3)).rejects.toThrow("it broke");
  expect(made.length).toBe(2);
});

test("a picture that is left out is never passed over", async () => {
  habits.drops = 2;
  expect(await decode(0, 4)).toEqual([0, 1, 2, 3]);
  expect(made.length).toBe(2);
  expect(Frame.open).toBe(0);
});

test("a job that is not wanted any more ends, and its pictures are closed", async () => {
  expect(await decode(0, 1000, { wantedCount: 3 })).toEqual([0, 1, 2]);
  expect(decoded.length).toBeLessThan(20);
  expect(await decode(0, 3, { source: 2 })).toEqual([0, 1, 2]);
  await vi.waitFor(() => expect(Frame.open).toBe(0));
});
