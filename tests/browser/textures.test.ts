/**
 * Goal: the texture on a mesh is that of the frame on show, whatever way it was decoded.
 * Method: a square with another colour in each frame; the colour in the middle of the picture is
 * read from screenshots, and which textures were fetched from the requests.
 *
 * A browser may have no H.264 decoder, and there may have been no ffmpeg: then images are shown,
 * and the first test says so. Workers without WebCodecs, or with one that fails, are made by a
 * worker script before the player's own.
 *
 * Tolerance: colours go through YUV at full quality's neighbour, so 8 of 255 on each channel;
 * another frame's colour is 85 away.
 */
import { expect, inject, test } from "vitest";
import { pause, type ReplayPage } from "./replay-page.js";
import { COLOURS } from "./site.js";
import { useBrowser } from "./suite.js";

const suite = useBrowser();
const TOLERANCE = 8;
/** Near and far, forward and back, within segments of eight frames and across them. */
const SEEKS = [5, 3, 4, 12, 26, 0, 25, 24, 23, 9, 8, 7, 15, 16];

/** The frame whose colour is in the middle of the picture; none if it is nobody's. */
async function shownFrame(opened: ReplayPage): Promise<number | null> {
  const picture = await opened.picture();
  const pixel = picture.pixel(picture.width >> 1, picture.height >> 1);
  const isNear = (colour: readonly number[]): boolean =>
    colour.every((value, channel) => Math.abs(value - (pixel[channel] ?? 0)) <= TOLERANCE);
  const frame = COLOURS.findIndex(isNear);
  return frame < 0 ? null : frame;
}

/** Scripts of a worker, before the player's own. */
const WITHOUT_WEBCODECS = "delete globalThis.VideoDecoder;";
/** Nine chunks are decoded, then none. */
const WITH_FAILING_DECODER = `
  const { prototype } = globalThis.VideoDecoder ?? class {};
  const { decode } = prototype;
  let count = 0;
  prototype.decode = function (chunk) {
    count += 1;
    if (count > 9) throw new DOMException("it broke", "EncodingError");
    decode.call(this, chunk);
  };`;

async function open(script = "", attributes: Record<string, string> = {}): Promise<ReplayPage> {
  const query = new URLSearchParams({ pack: "/colours/", nocontrols: "", ...attributes });
  const opened = await suite.open(`test.html?${query}`, runInWorkers, script);
  await opened.waitForPicture();
  return opened;
}

/** How many segments were fetched, of the video or of the images. */
async function fetchedCount(opened: ReplayPage, kind: "video" | "texture"): Promise<number> {
  const urls = await opened.page.evaluate(() => window.fetched);
  return urls.filter((url) => url.includes(`/${kind}-`)).length;
}

async function expectColours(opened: ReplayPage, frames: number[]): Promise<void> {
  for (const frame of frames) {
    await opened.seekToFrame(frame);
    expect(await shownFrame(opened)).toBe(frame);
  }
}

test("every seek shows its frame's texture", async () => {
  const opened = await open();
  await expectColours(opened, SEEKS);
  const [videos, images] = [
    await fetchedCount(opened, "video"),
    await fetchedCount(opened, "texture"),
  ];
  console.log(`${inject("browser")}: ${videos} video segments, ${images} of images`);
  expect(Math.min(videos, images)).toBe(0);
  expect(videos + images).toBeGreaterThan(0);
  expect(opened.complaints).toEqual([]);
});

test("steps back, scrubbing and reverse play end on the right texture", async () => {
  const opened = await open();
  const replay = await opened.replay();
  await opened.seekToFrame(18);
  for (const frame of [17, 16, 15, 14]) {
    await replay.evaluate((replay) => replay.stepFrame(-1));
    await opened.waitForFrame(frame);
    expect(await shownFrame(opened)).toBe(frame);
  }
  for (const frame of [2, 20, 6, 25, 11]) {
    await replay.evaluate((replay, frame) => replay.seek((frame + 0.5) / 25), frame);
    await pause(30);
  }
  await opened.waitForFrame(11);
  expect(await shownFrame(opened)).toBe(11);
  await opened.seekToFrame(26);
  await replay.evaluate((replay) => {
    replay.playbackRate = -0.5;
    void replay.play();
  });
  await pause(600);
  await replay.evaluate((replay) => replay.pause());
  await pause(500);
  const frame = await opened.frame();
  expect(frame).toBeLessThan(26);
  expect(await shownFrame(opened)).toBe(frame);
});

test("on the page's own thread", async () => {
  const opened = await open("", { inline: "" });
  await expectColours(opened, [9, 4, 20]);
});

test("without WebCodecs images are shown, and the video is not fetched", async () => {
  const opened = await open(WITHOUT_WEBCODECS);
  await expectColours(opened, SEEKS.slice(0, 6));
  expect(await fetchedCount(opened, "video")).toBe(0);
  expect(await fetchedCount(opened, "texture")).toBeGreaterThan(0);
  expect(opened.complaints).toEqual([]);
});

test("images take over from a decoder that fails", async () => {
  const opened = await open(WITH_FAILING_DECODER);
  await expectColours(opened, SEEKS.slice(0, 8));
  expect(await fetchedCount(opened, "texture")).toBeGreaterThan(0);
  const told = await opened.told();
  expect(told.filter(({ type }) => type === "error")).toEqual([]);
});

declare global {
  interface Window {
    /** Addresses that workers fetched. */
    fetched: string[];
  }
}

/** Runs in the page, before its scripts: has its workers run `script` first and tell of fetches. */
function runInWorkers(script = ""): void {
  window.fetched = [];
  new BroadcastChannel("fetched").onmessage = (event: MessageEvent<string>) => {
    window.fetched.push(event.data);
  };
  const Native = Worker;
  window.Worker = class extends Native {
    constructor(url: string | URL) {
      const text = `
        ${script}
        const { fetch } = globalThis;
        const channel = new BroadcastChannel("fetched");
        globalThis.fetch = (url, ...more) => {
          channel.postMessage(String(url));
          return fetch(url, ...more);
        };
        await import(${JSON.stringify(String(url))});`;
      const blob = new Blob([text], { type: "text/javascript" });
      super(URL.createObjectURL(blob), { type: "module" });
    }
  };
}
