/**
 * Goal: jobs are decoded in order, may be cancelled, and carry what the engine needs.
 * Method: a decoder of cardboard behind a real message port.
 */
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  DecodeLoop,
  type ChunkDecoder,
  type DecodeAnswer,
  type DecodedFrame,
  type DecodeJob,
} from "../src/decode-loop.js";

/** A chunk's first byte says what it is. */
const KEY = 1;
const DELTA = 2;
const BROKEN = 3;

let engine: MessagePort;
let loop: DecodeLoop;
let answers: DecodeAnswer[];
let resets: number;
/** Whether the decoder was last told to make normals. */
let hasNormals: boolean | undefined;
/** For each call of the decoder: how many layers, which brick. */
let decoded: [number, number | undefined][];

beforeEach(() => {
  const channel = new MessageChannel();
  [engine, answers, resets, decoded] = [channel.port1, [], 0, []];
  engine.onmessage = (event: MessageEvent<DecodeAnswer>) => void answers.push(event.data);
  loop = new DecodeLoop(channel.port2, (codec) =>
    codec === "msh2" ? Promise.resolve(decoder()) : Promise.reject(new Error("unknown codec")),
  );
});

afterEach(() => {
  loop.close();
  engine.close();
});

function decoder(): ChunkDecoder {
  return {
    reset: () => void (resets += 1),
    setNormals: (has) => void (hasNormals = has),
    decode: (layers, brick) => {
      decoded.push([layers.length, brick]);
      const kind = layers[0]?.[0];
      if (kind === BROKEN) throw Object.assign(new Error("bad"), { recovery: "skip-to-next-key" });
      const frame: DecodedFrame = {
        kind: "mesh",
        lattice: new ArrayBuffer(16),
        vertices: new ArrayBuffer(8),
      };
      const topology = { indices: new ArrayBuffer(12), attributes: new ArrayBuffer(4) };
      return kind === KEY ? { ...frame, ...topology } : frame;
    },
  };
}

function start(job: number, kinds: number[], more: Partial<DecodeJob> = {}): void {
  const frames = kinds.map((kind) => ({ layers: [Uint8Array.of(kind)], bricks: [undefined] }));
  const limits = { elementCountMax: 9, triangleCountMax: 9, hasNormals: true };
  const message = { kind: "job", job, codec: "msh2", firstFrame: 0, skip: 0, ...limits, frames };
  engine.postMessage({ ...message, ...more });
}

/** Waits until `count` jobs have ended. */
async function ended(count: number): Promise<string[]> {
  const isOver = (): boolean => answers.filter(({ kind }) => kind !== "frame").length >= count;
  for (let turn = 0; turn < 500 && !isOver(); turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return answers.map((answer) => {
    const frame = "frame" in answer ? `:${answer.frame}` : "";
    return `${answer.kind} ${answer.job}${frame}`;
  });
}

function topologyOf(answer: DecodeAnswer | undefined): boolean {
  return answer?.kind === "frame" && "indices" in answer.data && "attributes" in answer.data;
}

test("jobs in order, frames in order", async () => {
  start(1, [KEY, DELTA], { firstFrame: 5 });
  start(2, [KEY]);
  expect(await ended(2)).toEqual(["frame 1:5", "frame 1:6", "done 1", "frame 2:0", "done 2"]);
  expect(resets).toBe(2);
});

test("the decoder makes normals if the job needs them", async () => {
  for (const [index, has] of [true, false, true].entries()) {
    start(index, [KEY], { hasNormals: has });
    await ended(index + 1);
    expect(hasNormals).toBe(has);
  }
});

test("skipped frames are not posted, and leave their topology to the first that is", async () => {
  start(1, [KEY, DELTA, DELTA, DELTA], { skip: 2 });
  expect(await ended(1)).toEqual(["frame 1:2", "frame 1:3", "done 1"]);
  expect(answers.slice(0, 2).map(topologyOf)).toEqual([true, false]);
});

test("layers go in together, bricks one by one; frames without bricks are left out", async () => {
  const layers = [KEY, DELTA, DELTA].map((kind) => Uint8Array.of(kind));
  const frames = [
    { layers, bricks: [1, 3] },
    { layers: [], bricks: [] },
    { layers: layers.slice(0, 2), bricks: [undefined] },
  ];
  start(1, [], { frames });
  expect(await ended(1)).toEqual(["frame 1:0", "frame 1:0", "frame 1:2", "done 1"]);
  expect(answers.slice(0, 3).map((answer) => "brick" in answer && answer.brick)).toEqual([
    1,
    3,
    undefined,
  ]);
  expect(decoded).toEqual([[3, 1], [3, 3], [2, undefined]]);
});

test("a broken chunk ends its job and no other", async () => {
  start(1, [KEY, BROKEN, DELTA]);
  start(2, [KEY]);
  expect(await ended(2)).toEqual(["frame 1:0", "failed 1:1", "frame 2:0", "done 2"]);
  expect(answers[1]).toMatchObject({ message: "bad", recovery: "skip-to-next-key" });
});

test("an unknown codec is refused for good", async () => {
  start(1, [KEY], { codec: "new9" });
  expect(await ended(1)).toEqual(["failed 1:0"]);
  expect(answers[0]).toMatchObject({ message: "unknown codec", recovery: "stop" });
});

test("a cancelled job falls silent, waiting or under way", async () => {
  start(1, Array.from({ length: 2000 }, () => KEY));
  start(2, [KEY]);
  start(3, [KEY]);
  engine.postMessage({ kind: "cancel", job: 2 });
  engine.postMessage({ kind: "cancel", job: 1 });
  const heard = await ended(1);
  expect(heard.filter((answer) => answer.startsWith("frame 1")).length).toBeLessThan(2000);
  expect(heard.slice(-2)).toEqual(["frame 3:0", "done 3"]);
  expect(heard.some((answer) => answer.endsWith(" 2") || answer.startsWith("frame 2"))).toBe(false);
});
