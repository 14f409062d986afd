/**
 * Decodes the engine's jobs, one after the other, frame by frame. Those of video textures, which
 * the browser decodes elsewhere, go beside the others.
 *
 * Always true: a cancelled job posts nothing more once its cancellation was seen, which is at the
 * latest one frame or brick after it arrived; the first frame that a mesh job posts carries its
 * topology.
 * The engine's side of the conversation is `crates/web/src/decode.rs`.
 */
import { type Image, type Video, VideoLane } from "./video-lane.js";

/** What becomes of a frame, or of a brick of it: to be transferred. */
export type DecodedData = DecodedFrame | { kind: "image"; image: Image };

/** What the decoder makes of a frame, or of a brick of it: GPU-ready buffers. */
export type DecodedFrame =
  | { kind: "points"; chunks: ArrayBuffer; points: ArrayBuffer }
  | {
      kind: "mesh";
      lattice: ArrayBuffer;
      vertices: ArrayBuffer;
      indices?: ArrayBuffer;
      attributes?: ArrayBuffer;
    };

/** A decoder of one codec; throws errors that carry a `recovery`. */
export interface ChunkDecoder {
  decode(
    layers: Uint8Array[],
    brick: number | undefined,
    elementCountMax: number,
    triangleCountMax: number,
  ): DecodedFrame;
  reset(): void;
  /** Whether meshes come with normals from now on. */
  setNormals(hasNormals: boolean): void;
}

/** A frame to decode. */
export interface FrameToDecode {
  /** Its chunks, layer 0 first; a mesh has one. Empty if there is nothing to decode. */
  layers: Uint8Array[];
  /** Which bricks of it, each on its own; `undefined` stands for the whole frame. */
  bricks: (number | undefined)[];
}

/** A stretch of a segment to decode, starting at a key. */
export interface DecodeJob {
  kind: "job";
  job: number;
  codec: string;
  elementCountMax: number;
  triangleCountMax: number;
  /** Whether a mesh needs normals. */
  hasNormals: boolean;
  /** Index in the segment of the first frame. */
  firstFrame: number;
  /** How many frames are decoded only because later ones need them. */
  skip: number;
  frames: FrameToDecode[];
  /** Of a video texture. */
  video?: Video;
}

/** From the engine. */
export type DecodeRequest = DecodeJob | { kind: "cancel"; job: number };

/** To the engine. */
export type DecodeAnswer =
  | {
      kind: "frame";
      job: number;
      frame: number;
      brick: number | undefined;
      ms: number;
      data: DecodedData;
    }
  | { kind: "done"; job: number }
  | { kind: "failed"; job: number; frame: number; message: string; recovery: string };

/** Makes a decoder; called once a codec. */
export type CreateDecoder = (codec: string) => Promise<ChunkDecoder>;

/** The loop on one port. */
export class DecodeLoop {
  readonly #port: MessagePort;
  readonly #create: CreateDecoder;
  readonly #decoders = new Map<string, Promise<ChunkDecoder>>();
  readonly #lane = new VideoLane();
  /** Of each the first is under way. Bounded by the engine, which counts what it has asked for. */
  readonly #jobs: DecodeJob[] = [];
  readonly #videoJobs: DecodeJob[] = [];

  constructor(port: MessagePort, create: CreateDecoder) {
    this.#port = port;
    this.#create = create;
    port.onmessage = (event: MessageEvent<DecodeRequest>) => this.#receive(event.data);
  }

  /** Hears nothing more. */
  close(): void {
    this.#jobs.length = 0;
    this.#videoJobs.length = 0;
    this.#lane.close();
    this.#port.onmessage = null;
    this.#port.close();
  }

  #receive(request: DecodeRequest): void {
    if (request.kind === "cancel") {
      for (const jobs of [this.#jobs, this.#videoJobs]) {
        const index = jobs.findIndex(({ job }) => job === request.job);
        if (index >= 0) jobs.splice(index, 1);
      }
    } else {
      const jobs = request.video === undefined ? this.#jobs : this.#videoJobs;
      jobs.push(request);
      if (jobs.length === 1) void this.#run(jobs);
    }
  }

  async #run(jobs: DecodeJob[]): Promise<void> {
    for (let job = jobs[0]; job !== undefined; job = jobs[0]) {
      const { video } = job;
      const answer = await (video === undefined
        ? this.#decode(job)
        : this.#decodeVideo(job, video));
      if (jobs[0] !== job) continue; // Cancelled; the next one has taken its place.
      if (answer !== null) this.#post(answer);
      jobs.shift();
    }
  }

  async #decodeVideo(job: DecodeJob, video: Video): Promise<DecodeAnswer> {
    let next = job.firstFrame + job.skip;
    try {
      const isWanted = (): boolean => this.#videoJobs[0] === job;
      await this.#lane.decode(job, video, isWanted, (frame, ms, image) => {
        next = frame + 1;
        const data = { kind: "image", image } as const;
        this.#post({ kind: "frame", job: job.job, frame, brick: undefined, ms, data });
      });
      return { kind: "done", job: job.job };
    } catch (error) {
      return failure(job, next, error);
    }
  }

  /** Decodes a job and posts its frames; returns how it ended, `null` if it was cancelled. */
  async #decode(job: DecodeJob): Promise<DecodeAnswer | null> {
    let frame = job.firstFrame;
    try {
      const decoder = await this.#decoder(job.codec);
      decoder.reset();
      decoder.setNormals(job.hasNormals);
      let topology: Topology | null = null;
      for (const [index, { layers, bricks }] of job.frames.entries()) {
        frame = job.firstFrame + index;
        for (const brick of bricks) {
          if (this.#jobs[0] !== job) return null;
          const startMs = performance.now();
          const data = decoder.decode(layers, brick, job.elementCountMax, job.triangleCountMax);
          const ms = performance.now() - startMs;
          topology = topologyOf(data) ?? topology;
          if (index >= job.skip) {
            if (topology !== null && data.kind === "mesh") Object.assign(data, topology);
            topology = null; // Posted, and so no longer ours.
            this.#post({ kind: "frame", job: job.job, frame, brick, ms, data });
          }
          await nextTask();
        }
      }
      return { kind: "done", job: job.job };
    } catch (error) {
      return failure(job, frame, error);
    }
  }

  #decoder(codec: string): Promise<ChunkDecoder> {
    const found = this.#decoders.get(codec);
    if (found !== undefined) return found;
    const created = this.#create(codec);
    this.#decoders.set(codec, created);
    return created;
  }

  #post(answer: DecodeAnswer): void {
    this.#port.postMessage(answer, answer.kind === "frame" ? transferablesOf(answer.data) : []);
  }
}

interface Topology {
  indices: ArrayBuffer;
  attributes: ArrayBuffer;
}

function topologyOf(data: DecodedFrame): Topology | null {
  if (data.kind !== "mesh") return null;
  const { indices, attributes } = data;
  return indices !== undefined && attributes !== undefined ? { indices, attributes } : null;
}

function transferablesOf(data: DecodedData): Transferable[] {
  return Object.values(data).filter((value): value is Transferable => typeof value === "object");
}

function failure(job: DecodeJob, frame: number, error: unknown): DecodeAnswer {
  const message = error instanceof Error ? error.message : String(error);
  return { kind: "failed", job: job.job, frame, message, recovery: recoveryOf(error) };
}

function recoveryOf(error: unknown): string {
  const recovery = (error as { recovery?: unknown } | null)?.recovery;
  return typeof recovery === "string" ? recovery : "stop";
}

/** Lets messages in. Timers would wait 4 ms each, which a frame may not take. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
