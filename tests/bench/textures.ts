/**
 * What a texture costs in a browser on its way from chunks to the GPU.
 *
 * These functions run in the page, each sent there by itself, with the same calls as the player's
 * workers; what they share is `window.bench`, which `installBench` makes.
 */

/** A texture's chunks as `window.bench` hands them over, by segment. */
interface Texture {
  codec: string;
  codecString?: string;
  width: number;
  height: number;
  segments: Uint8Array<ArrayBuffer>[][];
}

/** Milliseconds of frames, in order. */
export interface Times {
  decodes: number[];
  uploads: number[];
}

declare global {
  interface Window {
    bench: {
      textures: (pack: string) => Promise<Texture[]>;
      upload: (image: VideoFrame | ImageBitmap, width: number, height: number) => Promise<number>;
    };
  }
}

/** Makes what the others need; FORMAT.md 2 and 3 say where chunks are. */
export async function installBench(): Promise<void> {
  const HEADER_BYTES = 16;
  const COPY_DST_AND_RENDER_ATTACHMENT = 2 | 16;
  const device = await (await navigator.gpu.requestAdapter())?.requestDevice();
  if (device === undefined) throw new Error("there is no GPU");

  const chunksOf = (bytes: ArrayBuffer): Uint8Array<ArrayBuffer>[] => {
    const view = new DataView(bytes);
    const count = view.getUint16(6, true);
    let at = HEADER_BYTES + 4 * count;
    return Array.from({ length: count }, (_, index) => {
      const size = view.getUint32(HEADER_BYTES + 4 * index, true) & 0x7fffffff;
      at += size;
      return new Uint8Array(bytes, at - size, size);
    });
  };
  const textures = async (pack: string): Promise<Texture[]> => {
    const manifest = await (await fetch(`${pack}manifest.json`)).json();
    const streams = manifest.tracks[0].textures as (Texture & { segments: { url: string }[] })[];
    const read = async ({ url }: { url: string }): Promise<Uint8Array<ArrayBuffer>[]> =>
      chunksOf(await (await fetch(pack + url)).arrayBuffer());
    const whole = streams.map(async (stream) => ({
      ...stream,
      segments: await Promise.all(stream.segments.map(read)),
    }));
    return Promise.all(whole);
  };
  /** To the last pixel on the GPU, which is waited for. */
  const upload = async (
    image: VideoFrame | ImageBitmap,
    width: number,
    height: number,
  ): Promise<number> => {
    const [format, usage] = ["rgba8unorm-srgb", COPY_DST_AND_RENDER_ATTACHMENT] as const;
    const texture = device.createTexture({ size: [width, height], format, usage });
    await device.queue.onSubmittedWorkDone();
    const began = performance.now();
    let source = image;
    try {
      device.queue.copyExternalImageToTexture({ source }, { texture }, [width, height]);
    } catch {
      // Firefox takes images alone; making one is a part of the way.
      source = await createImageBitmap(image);
      device.queue.copyExternalImageToTexture({ source }, { texture }, [width, height]);
    }
    await device.queue.onSubmittedWorkDone();
    const ms = performance.now() - began;
    for (const one of new Set([source, image])) one.close();
    texture.destroy();
    return ms;
  };
  window.bench = { textures, upload };
}

/** Decodes the video of a pack a segment at a time; `null` if this browser cannot. */
export async function measureVideo(pack: string): Promise<Times | null> {
  const textures = await window.bench.textures(pack);
  const video = textures.find(({ codecString }) => codecString !== undefined);
  if (video === undefined) return null;
  const { codecString: codec = "", width, height, segments } = video;
  const config = { codec, codedWidth: width, codedHeight: height, optimizeForLatency: true };
  if (!(await VideoDecoder.isConfigSupported(config)).supported) return null;
  const times: Times = { decodes: [], uploads: [] };
  for (const chunks of segments) {
    const frames: VideoFrame[] = [];
    const decoder = new VideoDecoder({
      output: (frame) => frames.push(frame),
      error: (error) => console.error(error),
    });
    decoder.configure(config);
    const began = performance.now();
    for (const [timestamp, data] of chunks.entries()) {
      const type = timestamp === 0 ? "key" : "delta";
      decoder.decode(new EncodedVideoChunk({ type, timestamp, data }));
    }
    await decoder.flush();
    times.decodes.push((performance.now() - began) / chunks.length);
    decoder.close();
    if (frames.length !== chunks.length) throw new Error(`${frames.length} pictures`);
    for (const frame of frames) times.uploads.push(await window.bench.upload(frame, width, height));
  }
  return times;
}

/** Decodes the images of a pack; `null` if it has none. */
export async function measureImages(pack: string): Promise<Times | null> {
  const textures = await window.bench.textures(pack);
  const images = textures.find(({ codecString }) => codecString === undefined);
  if (images === undefined) return null;
  const type = images.codec === "png_" ? "image/png" : `image/${images.codec}`;
  const times: Times = { decodes: [], uploads: [] };
  for (const chunk of images.segments.flat().filter(({ length }) => length > 0)) {
    const began = performance.now();
    const image = await createImageBitmap(new Blob([chunk], { type }), {
      premultiplyAlpha: "none",
      colorSpaceConversion: "none",
    });
    times.decodes.push(performance.now() - began);
    times.uploads.push(await window.bench.upload(image, images.width, images.height));
  }
  return times;
}
