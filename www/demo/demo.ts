/** The demo page: plays the match, ties the replay to it, shows figures. */
import type { TouchlineReplay } from "../src/touchline.js";
import { playHls } from "./host-video.js";

const VIDEO_URL = "media/video/broadcast.m3u8";
/** Figures that change faster cannot be read. */
const FIGURES_PER_SECOND = 4;

const replay = find<TouchlineReplay>("#replay");
const video = find<HTMLVideoElement>("#match");
const theatre = find<HTMLElement>(".theatre");

void followMatch();
for (const button of document.querySelectorAll<HTMLButtonElement>(".layouts button")) {
  button.addEventListener("click", () => arrange(button));
}
find(".copy").addEventListener("click", () => void copySnippet());
setInterval(showFigures, 1000 / FIGURES_PER_SECOND);

/** Plays the video and lets the replay follow; without a video the replay plays alone. */
async function followMatch(): Promise<void> {
  await customElements.whenDefined("touchline-replay");
  try {
    const hls = await playHls(video, VIDEO_URL);
    replay.attachMedia(video, { hls });
    await video.play().catch(() => {}); // Where pages may not start videos, the fan does.
  } catch (error) {
    console.warn("The match could not be played; the replay goes its own way.", error);
    find(".screen.video").hidden = true;
    replay.mode = "replay";
  }
}

function arrange(chosen: HTMLButtonElement): void {
  theatre.dataset["layout"] = chosen.dataset["layout"] ?? "replay";
  for (const button of document.querySelectorAll(".layouts button")) {
    button.setAttribute("aria-pressed", String(button === chosen));
  }
}

async function copySnippet(): Promise<void> {
  const button = find(".copy");
  try {
    await navigator.clipboard.writeText(find(".snippet code").textContent ?? "");
    button.textContent = "Copied";
  } catch {
    getSelection()?.selectAllChildren(find(".snippet code"));
    button.textContent = "Press Ctrl+C";
  }
  setTimeout(() => {
    button.textContent = "Copy";
  }, 2000);
}

function showFigures(): void {
  const { frame, frameCount, mode, stats } = replay;
  show("frame", frame === null ? null : `${frame + 1} of ${frameCount}`);
  const errorMs = mode === "follow" ? (stats?.syncErrorMs ?? null) : null;
  show("sync", errorMs === null ? null : `${Math.round(Math.abs(errorMs))} ms`);
  show("elements", stats && Math.round(stats.elementCount).toLocaleString("en"));
  show("rate", stats && String(Math.round(stats.drawnPerSecond)));
  show("bytes", stats && `${(stats.fetchedBytes / 1e6).toFixed(1)} MB`);
}

function show(figure: string, text: string | null | undefined): void {
  const place = find(`[data-figure="${figure}"]`);
  const wanted = text ?? "–";
  if (place.textContent !== wanted) place.textContent = wanted;
}

function find<E extends HTMLElement = HTMLElement>(selector: string): E {
  const element = document.querySelector<E>(selector);
  if (element === null) throw new Error(`The page has no ${selector}.`);
  return element;
}
