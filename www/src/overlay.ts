/**
 * All that lies over the picture and is no control: poster, loading, errors, hints, the keys.
 *
 * Always true: at most one of loading, waiting and error is in sight.
 */
import { make, setText } from "./dom.js";
import type { ErrorCategory, TouchlineError } from "./errors.js";
import { CODE } from "./errors.js";
import { icon } from "./icons.js";
import type { Say, StringKey } from "./strings.js";

/** What the overlay shows. */
export type OverlayFace = "none" | "loading" | "waiting" | "before-start" | "error";

/** Faster is not noticed; a flash of "loading" would be. */
const LOADING_DELAY_SECS = 0.3;
const HINT_SECS = 2;
const PROMPT_SECS = 5;

const ERROR_TEXTS: Readonly<Record<ErrorCategory, StringKey>> = {
  network: "errorNetwork",
  manifest: "errorManifest",
  pack: "errorPack",
  wasm: "errorWasm",
  gpu: "errorGpu",
  sync: "errorSync",
  host: "errorHost",
};

/** Keys as they are printed, and what they do. */
const KEYS: readonly (readonly [string, StringKey])[] = [
  ["← ↑ ↓ →", "keysOrbit"],
  ["+ −", "keysZoom"],
  ["Home", "keysHome"],
  ["1 – 9", "keysPresets"],
  ["Space / K", "keysPlay"],
  [", .", "keysStep"],
  ["J L", "keysJump"],
  ["< >", "keysRate"],
  ["I O X", "keysPoints"],
  ["F", "keysFullscreen"],
  ["Esc", "keysEscape"],
];

/** The overlay of one element. */
export class Overlay {
  /** Under the controls. */
  readonly element: HTMLElement;
  readonly #say: Say;
  readonly #poster = make("img", { class: "poster", part: "poster", alt: "", hidden: true });
  readonly #spinner: HTMLElement;
  readonly #spinnerText = make("span", { class: "spinner-text" });
  readonly #error: HTMLElement;
  readonly #errorText = make("p", { class: "error-text" });
  readonly #errorCode = make("p", { class: "error-code" });
  readonly #retry: HTMLButtonElement;
  readonly #hint = make("div", { class: "hint", "aria-hidden": "true" });
  readonly #prompt: HTMLElement;
  readonly #keys: HTMLElement;
  readonly #closeKeys: HTMLButtonElement;
  readonly #live = make("div", { class: "live-region", role: "status" });
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #face: OverlayFace = "none";
  #keysReturnTo: HTMLElement | null = null;

  constructor(say: Say, onRetry: () => void) {
    this.#say = say;
    const ring = make("span", { class: "ring" });
    this.#spinner = make("div", { class: "spinner", part: "progress" }, ring, this.#spinnerText);
    this.#retry = make("button", { type: "button", class: "retry", part: "button retry-button" });
    this.#retry.append(say("tryAgain"));
    this.#retry.addEventListener("click", onRetry);
    const words = [icon("warning"), this.#errorText, this.#retry, this.#errorCode];
    this.#error = make("div", { class: "error", part: "error-panel", hidden: true }, ...words);
    this.#prompt = make("div", { class: "prompt", part: "prompt", "aria-hidden": "true" });
    this.#prompt.append(icon("orbit"), say("dragPrompt"));
    this.#closeKeys = make("button", { type: "button", class: "retry" }, say("close"));
    this.#closeKeys.addEventListener("click", () => this.toggleKeys(false));
    this.#keys = this.#makeKeys();
    const over = [this.#spinner, this.#hint, this.#prompt, this.#error, this.#keys, this.#live];
    this.element = make("div", { class: "overlay" }, this.#poster, ...over);
  }

  /** The picture shown before there is one; `null` for none. */
  setPoster(url: string | null): void {
    if (url === null) this.#poster.removeAttribute("src");
    else if (this.#poster.getAttribute("src") !== url) this.#poster.src = url;
    this.#poster.toggleAttribute("data-none", url === null);
  }

  /** Shows or hides the poster. */
  showPoster(isShown: boolean): void {
    this.#poster.hidden = !isShown || this.#poster.hasAttribute("data-none");
  }

  /** Shows one face; `loading` and `waiting` only if they last. */
  show(face: Exclude<OverlayFace, "error">): void {
    if (face === this.#face) return;
    this.#face = face;
    this.#error.hidden = true;
    this.#stop("face");
    this.#spinner.removeAttribute("data-face");
    if (face === "none") return;
    this.#after("face", LOADING_DELAY_SECS, () => {
      this.#spinner.setAttribute("data-face", face);
      const key = face === "before-start" ? "waitForStart" : "loading";
      setText(this.#spinnerText, face === "waiting" ? "" : this.#say(key));
    });
  }

  /** Shows what went wrong, and what the fan can do. */
  fail(error: TouchlineError): void {
    this.show("none");
    this.#face = "error";
    const isHopeless = error.code === CODE.NO_WEBGPU;
    const text = this.#say(isHopeless ? "noWebGpu" : ERROR_TEXTS[error.category]);
    setText(this.#errorText, text);
    setText(this.#errorCode, this.#say("code", { code: String(error.code) }));
    this.#retry.hidden = isHopeless;
    this.#error.hidden = false;
    this.announce(text);
  }

  /** Says something to a screen reader. */
  announce(text: string): void {
    setText(this.#live, text);
  }

  /** Shows a line for a moment. */
  hint(text: string): void {
    setText(this.#hint, text);
    this.#hint.setAttribute("data-shown", "");
    this.#after("hint", HINT_SECS, () => this.#hint.removeAttribute("data-shown"));
  }

  /** Invites the fan to look around, for a moment. */
  prompt(): void {
    this.#prompt.setAttribute("data-shown", "");
    this.#after("prompt", PROMPT_SECS, () => this.dismissPrompt());
  }

  /** The fan has understood. */
  dismissPrompt(): void {
    this.#stop("prompt");
    this.#prompt.removeAttribute("data-shown");
  }

  /** Shows or hides the list of keys, and takes the focus there and back. */
  toggleKeys(isShown = this.#keys.hidden): void {
    if (isShown === !this.#keys.hidden) return;
    const root = this.element.getRootNode();
    if (isShown && root instanceof ShadowRoot && root.activeElement instanceof HTMLElement) {
      this.#keysReturnTo = root.activeElement;
    }
    this.#keys.hidden = !isShown;
    if (isShown) this.#closeKeys.focus();
    else this.#keysReturnTo?.focus();
  }

  /** Back to how it was when it was made. */
  reset(): void {
    for (const name of [...this.#timers.keys()]) this.#stop(name);
    this.show("none");
    this.#error.hidden = true;
    this.#hint.removeAttribute("data-shown");
    this.#prompt.removeAttribute("data-shown");
    this.#keys.hidden = true;
  }

  #makeKeys(): HTMLElement {
    const list = make("dl", {});
    for (const [key, meaning] of KEYS) {
      list.append(make("dt", {}, key), make("dd", {}, this.#say(meaning)));
    }
    const title = make("h2", {}, this.#say("keys"));
    const attributes = { class: "keys", role: "dialog", "aria-label": this.#say("keys") };
    const dialog = make("div", { ...attributes, hidden: true }, title, list, this.#closeKeys);
    dialog.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape" || event.key === "?") this.toggleKeys(false);
    });
    return dialog;
  }

  #after(name: string, secs: number, then: () => void): void {
    this.#stop(name);
    this.#timers.set(name, setTimeout(then, secs * 1000));
  }

  #stop(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}
