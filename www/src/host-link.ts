/**
 * Finds the host's video or clock: the one that a script gave, else the one that `for` names.
 *
 * Always true: out of the page nothing is watched; back in it, the same is watched again.
 */
import { CODE } from "./errors.js";
import { VectorClock } from "./motion-vectors.js";
import type { Playback } from "./playback.js";
import type { Dating } from "./programme-time.js";
import type { HostMedia } from "./video-clock.js";

/** The tie between an element and the video that it follows. */
export class HostLink {
  readonly #element: HTMLElement;
  readonly #playback: Playback;
  readonly #onFound: () => void;
  #given: (() => void) | null = null;
  #search = new AbortController();

  /** `onFound` is called whenever there is a video to follow from now on. */
  constructor(element: HTMLElement, playback: Playback, onFound: () => void) {
    this.#element = element;
    this.#playback = playback;
    this.#onFound = onFound;
  }

  /** The element is in the page, or `for` is another: `id` is what it names. */
  connect(id: string | null): void {
    this.disconnect();
    if (this.#given !== null) this.#watch(this.#given);
    else if (id !== null && id !== "") this.#find(id);
  }

  /** The element leaves the page. */
  disconnect(): void {
    this.#search.abort();
    this.#playback.detach();
  }

  /** A script names the video: this goes before `for`. */
  attach(media: HostMedia, dating: Dating): void {
    this.#give(() => this.#playback.attach(media, dating));
  }

  /** A script names a port through which a clock comes: as above. */
  attachClock(port: MessagePort): void {
    const clock = new VectorClock(port);
    this.#give(() => this.#playback.attachClock((tell) => clock.watch(tell)));
  }

  /** A script wants no video any more. */
  detach(): void {
    this.#given = null;
    this.disconnect();
  }

  #give(watch: () => void): void {
    this.#given = watch;
    if (this.#element.isConnected) this.connect(null);
  }

  #watch(watch: () => void): void {
    watch();
    this.#onFound();
  }

  #find(id: string): void {
    const page = this.#element.ownerDocument;
    const root = this.#element.getRootNode();
    const own = root instanceof DocumentFragment ? root.getElementById(id) : null;
    const media = own ?? page.getElementById(id);
    if (isMedia(media)) {
      this.#watch(() => this.#playback.attach(media, {}));
    } else if (page.readyState === "loading") {
      this.#search = new AbortController();
      const { signal } = this.#search;
      page.addEventListener("DOMContentLoaded", () => this.connect(id), { once: true, signal });
    } else {
      this.#playback.warn(CODE.NO_VIDEO, `No video with the id "${id}" is in the page.`);
    }
  }
}

/** By its shape: an element of another frame, or one that wraps a video, will do. */
function isMedia(element: unknown): element is HostMedia {
  return typeof element === "object" && element !== null && "currentTime" in element;
}
