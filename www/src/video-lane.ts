/**
 * Decodes video textures through WebCodecs, job after job.
 *
 * A frame is known by its index alone, which travels as the chunk's timestamp: no clock is asked.
 * A job that goes on where the one before it ended is not decoded from its key again, so nothing is
 * flushed as long as the decoder hands frames over without.
 *
 * Always true: frames are handed over in order, none twice and none left out; a `VideoFrame` is
 * handed over or closed, and only as many are open as a job has frames.
 */
import type { DecodeJob } from "./decode-loop.js";

/** What a video's chunks need to be decoded. */
export interface Video {
  /** As WebCodecs names it, `avc1.640028`. */
  codec: string;
  /** The texture, pixels. */
  width: number;
  height: number;
  /** The segment; jobs of the same one may go on from each other. */
  source: number;
}

/** A decoded picture, as the GPU takes it; its owner closes it. */
export type Image = VideoFrame | ImageBitmap;

/** Receives a frame, by its index in the segment. */
export type TakeImage = (frame: number, ms: number, image: Image) => void;

/** Chunks that a decoder has not begun with, at most. */
const QUEUE_COUNT_MAX = 4;
/** A decoder that hands over nothing for so long waits for more chunks, or for a flush. */
const LAG_MS = 500;
/** More frames than a segment has, so that those of two openings are told apart. */
const SEGMENT_STRIDE = 4096;
/** Of `GPUTextureUsage`. */
const COPY_DST = 2;
const RENDER_ATTACHMENT = 16;

/** One decoder and where it stands. */
export class VideoLane {
  #decoder: VideoDecoder | null = null;
  #source = -1;
  /** Index in the segment of the frame that the decoder can go on with. */
  #next = 0;
  /** Timestamp of the segment's first frame, of this opening. */
  #base = 0;
  /** When it last handed a frame over, or was asked to. */
  #outputMs = 0;
  #isLagging = false;
  #takesFrames: Promise<boolean> | null = null;
  #output: (frame: VideoFrame) => void = close;
  #fail: (error: unknown) => void = () => undefined;

  /** Decodes a job, as long as it is wanted; rejects if that is impossible here. */
  async decode(
    job: DecodeJob,
    video: Video,
    isWanted: () => boolean,
    take: TakeImage,
  ): Promise<void> {
    const order = { wanted: job.firstFrame + job.skip, end: job.firstFrame + job.frames.length };
    try {
      await this.#attempt(job, video, order, isWanted, take);
    } catch {
      // A browser takes back a decoder that rested for long; a fresh one tells if more is wrong.
      this.close();
      await this.#attempt(job, video, order, isWanted, take);
    }
  }

  /** Gives the decoder back. */
  close(): void {
    if (this.#decoder !== null && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = null;
  }

  async #attempt(
    job: DecodeJob,
    video: Video,
    order: { wanted: number; end: number },
    isWanted: () => boolean,
    take: TakeImage,
  ): Promise<void> {
    this.#takesFrames ??= takesVideoFrames();
    const takesFrames = await this.#takesFrames;
    if (!isWanted()) return;
    const decoder = this.#open(job, video, order.wanted);
    let handing = Promise.resolve();
    this.#outputMs = performance.now();
    const failed = new Promise<never>((_, reject) => (this.#fail = reject));
    failed.catch(() => undefined);
    const finished = new Promise<void>((resolve, reject) => {
      const base = this.#base;
      let expected = order.wanted;
      const handOver = async (frame: VideoFrame, ms: number): Promise<void> => {
        const image = takesFrames ? whole(frame, video) : await imageOf(frame, video);
        if (!isWanted()) {
          image.close();
          return resolve();
        }
        take(order.wanted, ms, image);
        order.wanted += 1;
        if (order.wanted === order.end) resolve();
      };
      this.#output = (frame) => {
        const ms = performance.now() - this.#outputMs;
        this.#outputMs += ms;
        const index = frame.timestamp - base;
        if (index !== expected) {
          frame.close();
          if (index > expected) reject(new Error(`frame ${expected} is missing`));
          // Earlier ones are decoded for later ones' sake, or are of another opening.
          return isWanted() ? undefined : resolve();
        }
        expected += 1;
        handing = handing.then(() => handOver(frame, ms)).catch(reject);
      };
    });
    try {
      for (; this.#next < order.end; this.#next += 1) {
        if (!isWanted()) return;
        const chunk = job.frames[this.#next - job.firstFrame]?.layers[0];
        if (chunk === undefined) throw new Error("a frame has no chunk");
        const type = this.#next === job.firstFrame ? "key" : "delta";
        decoder.decode(
          new EncodedVideoChunk({ type, timestamp: this.#base + this.#next, data: chunk }),
        );
        while (decoder.decodeQueueSize >= QUEUE_COUNT_MAX) {
          await Promise.race([dequeued(decoder), failed]);
        }
      }
      const isPrompt = finished.then(() => true);
      while (!(await Promise.race([isPrompt, failed, this.#lag(decoder)]))) {
        if (!isWanted()) return;
        this.#isLagging = true;
        this.#source = -1; // Only a key can follow.
        await Promise.race([decoder.flush(), failed]);
        await handing;
        if (isWanted() && order.wanted < order.end) throw new Error("frames are missing");
      }
    } finally {
      this.#output = close;
      await handing;
    }
  }

  /** A decoder that can take the job's frames from `#next` on. */
  #open(job: DecodeJob, video: Video, wanted: number): VideoDecoder {
    const found = this.#decoder;
    const goesOn = this.#source === video.source && this.#next > job.firstFrame;
    if (found?.state === "configured" && goesOn && this.#next <= wanted) return found;
    const decoder =
      found !== null && found.state !== "closed"
        ? found
        : new VideoDecoder({
            output: (frame) => this.#output(frame),
            error: (error) => this.#fail(error),
          });
    this.#decoder = decoder;
    if (decoder.state === "configured") decoder.reset();
    const { codec, width, height } = video;
    decoder.configure({
      codec,
      codedWidth: even(width),
      codedHeight: even(height),
      optimizeForLatency: true,
    });
    this.#source = video.source;
    this.#next = job.firstFrame;
    this.#base += SEGMENT_STRIDE;
    return decoder;
  }

  /** Resolves with `false` once the decoder has nothing to do and hands nothing over. */
  async #lag(decoder: VideoDecoder): Promise<false> {
    if (this.#isLagging) return false;
    while (decoder.state === "configured" && decoder.decodeQueueSize > 0) await dequeued(decoder);
    for (let ms = LAG_MS; ms > 0; ms = this.#outputMs + LAG_MS - performance.now()) {
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
    return false;
  }
}

/** Videos have even sides; the surplus row or column repeats the last. */
function even(side: number): number {
  return side + (side % 2);
}

function close(frame: VideoFrame): void {
  frame.close();
}

/** The frame, if it has the texture's size; the engine relies on that. */
function whole(frame: VideoFrame, { width, height }: Video): VideoFrame {
  if (frame.displayWidth === even(width) && frame.displayHeight === even(height)) return frame;
  frame.close();
  throw new Error("a frame has another size than its texture");
}

/** The picture of a frame by itself; closes the frame. */
async function imageOf(frame: VideoFrame, { width, height }: Video): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(frame, 0, 0, width, height);
  } finally {
    frame.close();
  }
}

function dequeued(decoder: VideoDecoder): Promise<unknown> {
  return new Promise((resolve) => {
    decoder.addEventListener("dequeue", resolve, { once: true });
  });
}

/**
 * Whether this browser copies a `VideoFrame` to the GPU as it is; Firefox 153 takes images alone.
 *
 * Only trying tells.
 */
async function takesVideoFrames(): Promise<boolean> {
  const init = { format: "RGBA", codedWidth: 1, codedHeight: 1, timestamp: 0 } as const;
  let source: VideoFrame | null = null;
  let device: GPUDevice | undefined;
  try {
    source = new VideoFrame(new Uint8Array(4), init);
    device = await (await navigator.gpu.requestAdapter())?.requestDevice();
    if (device === undefined) return false;
    const usage = COPY_DST | RENDER_ATTACHMENT;
    const texture = device.createTexture({ size: [1, 1], format: "rgba8unorm-srgb", usage });
    device.queue.copyExternalImageToTexture({ source }, { texture }, [1, 1]);
    return true;
  } catch {
    return false;
  } finally {
    source?.close();
    device?.destroy();
  }
}
