/**
 * One opening of the player: its canvas, its engine, and what the engine must know of the page.
 *
 * Always true: after `close` the canvas has left the page and no observer or listener is left.
 */
import type { Command, Notice } from "./messages.js";
import { Transport, type PlayerUrls } from "./transport.js";

/** What a viewer is made of. */
export interface ViewerOptions {
  /** Where the canvas goes; its size is the picture's. */
  place: HTMLElement;
  urls: PlayerUrls;
  isInline: boolean;
  onNotice: (notice: Notice) => void;
  onCrash: (message: string) => void;
}

/** An engine with a canvas on the page. */
export class Viewer {
  readonly #canvas: HTMLCanvasElement;
  readonly #transport: Transport;
  readonly #sizes: ResizeObserver;
  readonly #sights: IntersectionObserver;
  readonly #listening = new AbortController();
  #isInSight = true;

  /** Throws if the browser has no `OffscreenCanvas`. */
  constructor(options: ViewerOptions) {
    const { place, ...transport } = options;
    const page = place.ownerDocument;
    this.#canvas = page.createElement("canvas");
    this.#canvas.setAttribute("part", "canvas");
    const canvas = this.#canvas.transferControlToOffscreen();
    this.#transport = new Transport({ canvas, ...transport });

    this.#sizes = new ResizeObserver((entries) => entries.forEach((entry) => this.#resize(entry)));
    observeDevicePixels(this.#sizes, this.#canvas);
    this.#sights = new IntersectionObserver((entries) => {
      this.#isInSight = entries.at(-1)?.isIntersecting ?? true;
      this.#tellVisible();
    });
    this.#sights.observe(this.#canvas);

    const { signal } = this.#listening;
    page.addEventListener("visibilitychange", () => this.#tellVisible(), { signal });
    const motion = matchMedia("(prefers-reduced-motion: reduce)");
    const tellMotion = (): void => {
      this.post({ kind: "reduced-motion", isReduced: motion.matches });
    };
    motion.addEventListener("change", tellMotion, { signal });
    tellMotion();
    place.append(this.#canvas);
  }

  /** Sends a command. */
  post(command: Command): void {
    this.#transport.post(command);
  }

  /** Frees everything. */
  close(): void {
    this.#listening.abort();
    this.#sizes.disconnect();
    this.#sights.disconnect();
    this.#transport.close();
    this.#canvas.remove();
  }

  #tellVisible(): void {
    const isShown = this.#canvas.ownerDocument.visibilityState === "visible";
    this.post({ kind: "visible", isVisible: isShown && this.#isInSight });
  }

  #resize(entry: ResizeObserverEntry): void {
    const device = entry.devicePixelContentBoxSize?.[0];
    const width = device?.inlineSize ?? entry.contentRect.width * devicePixelRatio;
    const height = device?.blockSize ?? entry.contentRect.height * devicePixelRatio;
    if (width === 0 || height === 0) return; // Not laid out: nothing to draw, and not in sight.
    this.post({
      kind: "resize",
      width: Math.max(1, Math.round(width)),
      height: Math.max(1, Math.round(height)),
    });
  }
}

function observeDevicePixels(observer: ResizeObserver, element: Element): void {
  try {
    observer.observe(element, { box: "device-pixel-content-box" });
  } catch {
    observer.observe(element); // Safari does not know that box.
  }
}
