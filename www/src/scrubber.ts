/**
 * The timeline: what is played, what is buffered, in and out point, and a slider over it, one step
 * a frame.
 */
import { make, setAttribute } from "./dom.js";
import type { ReplayHost } from "./host.js";
import type { Say } from "./strings.js";
import { formatTime } from "./time-format.js";

/** More stretches than that cannot be told apart in a bar. */
const STRETCH_COUNT_MAX = 12;
/** Clear of the frame's edge, so that rounding cannot show the frame before. */
const INTO_FRAME = 0.01;

/** The timeline of one replay. */
export class Scrubber {
  readonly element: HTMLElement;
  readonly #host: ReplayHost;
  readonly #say: Say;
  readonly #slider: HTMLInputElement;
  readonly #buffered: HTMLElement;
  readonly #points = make("div", { class: "points", part: "points" });
  #isHeld = false;
  #shownStretches = "";

  constructor(host: ReplayHost, say: Say) {
    this.#host = host;
    this.#say = say;
    this.#slider = make("input", {
      type: "range",
      min: "0",
      max: "0",
      step: "1",
      part: "timeline",
      "aria-label": say("timeline"),
    });
    this.#slider.value = "0";
    this.#buffered = make("div", { class: "buffered" });
    const played = make("div", { class: "played" });
    const rail = make("div", { class: "rail" }, this.#buffered, played, this.#points);
    this.element = make("div", { class: "scrubber" }, rail, this.#slider);
    this.#listen();
  }

  /** Shows where the replay is. */
  update(): void {
    const { opened, state, currentTime } = this.#host.state;
    this.#slider.disabled = opened === null;
    if (opened === null) return;
    const frameLast = Math.max(opened.frameCount - 1, 0);
    setAttribute(this.#slider, "max", String(frameLast));
    if (!this.#isHeld) {
      const frame = Math.floor(currentTime * opened.frameRate + INTO_FRAME);
      this.#slider.value = String(Math.min(frame, frameLast));
    }
    this.#describe();
    this.#showBuffered(state?.buffered ?? [], opened.durationSecs);
    const points = state?.points ?? null;
    this.#points.hidden = points === null;
    if (points === null) return;
    const share = (secs: number): number => secs / opened.durationSecs;
    const end = share(points[1]) + 1 / opened.frameCount;
    place(this.#points, percent(share(points[0])), percent(end));
  }

  #listen(): void {
    const slider = this.#slider;
    slider.addEventListener("pointerdown", () => {
      this.#isHeld = true;
    });
    for (const name of ["pointerup", "pointercancel", "change", "blur"]) {
      slider.addEventListener(name, () => {
        this.#isHeld = false;
      });
    }
    slider.addEventListener("input", () => {
      const frameRate = this.#host.state.opened?.frameRate;
      if (frameRate !== undefined) this.#host.seek((Number(slider.value) + INTO_FRAME) / frameRate);
      this.#describe();
    });
  }

  #describe(): void {
    const opened = this.#host.state.opened;
    if (opened === null) return;
    const frame = Number(this.#slider.value);
    const share = frame / Math.max(opened.frameCount - 1, 1);
    this.element.style.setProperty("--played", share.toFixed(4));
    const now = formatTime(frame / opened.frameRate);
    const duration = formatTime(opened.durationSecs);
    setAttribute(this.#slider, "aria-valuetext", this.#say("timeOf", { now, duration }));
  }

  #showBuffered(ranges: readonly (readonly [number, number])[], durationSecs: number): void {
    const stretches = ranges
      .slice(0, STRETCH_COUNT_MAX)
      .map((range) => range.map((secs) => percent(secs / durationSecs)));
    const wanted = JSON.stringify(stretches);
    if (wanted === this.#shownStretches) return;
    this.#shownStretches = wanted;
    this.#buffered.replaceChildren(
      ...stretches.map(([start = "0%", end = "0%"]) => {
        const stretch = make("div", { class: "stretch" });
        place(stretch, start, end);
        return stretch;
      }),
    );
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

/** Puts a stretch where it belongs on the rail. */
function place(stretch: HTMLElement, start: string, end: string): void {
  stretch.style.insetInlineStart = start;
  stretch.style.insetInlineEnd = `calc(100% - ${end})`;
}
