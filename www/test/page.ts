/**
 * The page that browser tests drive: one replay, and a video if asked for.
 *
 * Query: `pack` and `video` (addresses), `size` (`320x180`), `for=0` (the replay does not follow
 * the video), and any attribute of the element, such as `mode=replay`, `inline`, `nocontrols`.
 * `frame` (an address) has a frame in the replay's place, and posts the video's clock to it;
 * `for=port` follows a clock that is posted from around the page.
 */
import type Hls from "hls.js";
import { playHls } from "../demo/host-video.js";
import type * as PostClock from "../src/post-clock.js";
import type { TouchlineReplay } from "../src/touchline.js";

/** An event of the element, as tests read it. */
interface Heard {
  type: string;
  atMs: number;
  detail: unknown;
}

declare global {
  interface Window {
    touchlineTest: {
      element: TouchlineReplay;
      video: HTMLVideoElement | null;
      hls: Hls | null;
      events: Heard[];
    };
  }
}

const EVENTS = [
  "camera-change canplay device-lost durationchange ended error loadeddata loadedmetadata",
  "loadstart mode-change pause play playing ratechange seeked seeking sync-change waiting",
].flatMap((line) => line.split(" "));
const ATTRIBUTES = [
  "alt autoplay cmcd inline loop mode nocontrols playbackrate poster sync-offset",
].flatMap((line) => line.split(" "));
/** Camera changes come with every picture. */
const EVENT_COUNT_MAX = 5000;

const query = new URLSearchParams(location.search);
const events: Heard[] = [];
const element = document.createElement("touchline-replay");
for (const type of EVENTS) {
  element.addEventListener(type, (event) => {
    const { detail } = event as CustomEvent<unknown>;
    const { code, fatal, message, url } = (detail ?? {}) as Record<string, unknown>;
    // Errors lose their fields on the way to a test.
    const plain = detail instanceof Error ? { code, fatal, message, url } : detail;
    if (events.length >= EVENT_COUNT_MAX) return;
    events.push({ type, atMs: performance.now(), detail: plain });
  });
}

const [width = "320", height = "180"] = (query.get("size") ?? "320x180").split("x");
for (const name of ATTRIBUTES) {
  const value = query.get(name);
  if (value !== null) element.setAttribute(name, value);
}
element.style.width = `${width}px`;
element.style.height = `${height}px`;
element.src = query.get("pack") ?? "media/penalty/";

const videoUrl = query.get("video");
const video = videoUrl === null ? null : document.createElement("video");
const hls = video === null || videoUrl === null ? null : await loadVideo(video, videoUrl);
window.touchlineTest = { element, video, hls, events };
if (video !== null) {
  document.body.append(video);
  if (query.get("for") !== "0") element.attachMedia(video, { hls });
}
const frameUrl = query.get("frame");
if (frameUrl !== null && video !== null) await fillFrame(frameUrl, video, hls);
else document.body.prepend(element);
if (query.get("for") === "port") {
  addEventListener("message", ({ data, ports }) => {
    if (data === "clock" && ports[0] !== undefined) element.attachClock(ports[0]);
  });
}

async function fillFrame(url: string, video: HTMLVideoElement, hls: Hls | null): Promise<void> {
  const frame = document.createElement("iframe");
  frame.src = url;
  document.body.prepend(frame);
  await new Promise((resolve) => frame.addEventListener("load", resolve));
  // As a host has it: the published module.
  const library = new URL("touchline/post-clock.js", document.baseURI).href;
  const { postClock } = (await import(/* @vite-ignore */ library)) as typeof PostClock;
  const { port1, port2 } = new MessageChannel();
  frame.contentWindow?.postMessage("clock", new URL(url).origin, [port1]);
  postClock(video, { hls }, port2);
}

async function loadVideo(video: HTMLVideoElement, url: string): Promise<Hls | null> {
  video.muted = true;
  video.playsInline = true;
  video.style.width = `${width}px`;
  if (url.includes(".m3u8")) return playHls(video, url);
  video.src = url;
  return null;
}
