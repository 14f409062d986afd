/** The element's inside: the surface under the fan's hands, what lies over it, the controls. */
import { Controls, togglePlay } from "./controls.js";
import { make, setAttribute } from "./dom.js";
import type { TouchlineError } from "./errors.js";
import { Gestures } from "./gestures.js";
import type { ReplayHost } from "./host.js";
import { IdleWatch } from "./idle.js";
import { intentOf, type Intent } from "./keys.js";
import type { Command } from "./messages.js";
import { Overlay, type OverlayFace } from "./overlay.js";
import { nextRate } from "./rates.js";
import type { Say } from "./strings.js";
import { adoptStylesheet } from "./stylesheet.js";

/** What the inside needs to know of the element. */
export interface FaceOptions {
  root: ShadowRoot;
  host: ReplayHost;
  say: Say;
  send: (command: Command) => void;
  hasVideo: () => boolean;
  isFullscreen: () => boolean;
}

/** What keys may do before the video has reached the replay. */
const NO_SPOILERS: ReadonlySet<Intent["kind"]> = new Set(["fullscreen", "leave", "help"]);

/** Everything that is seen, but the picture itself. */
export class Face {
  /** Where the canvas goes. */
  readonly place: HTMLElement;
  readonly #options: FaceOptions;
  readonly #shell: HTMLElement;
  readonly #overlay: Overlay;
  readonly #controls: Controls;
  readonly #gestures: Gestures;
  readonly #idle: IdleWatch;
  #hasPrompted = false;
  #wasPaused = true;

  constructor(options: FaceOptions) {
    this.#options = options;
    const { root, host, say, send } = options;
    adoptStylesheet(root);
    const help = make("span", { id: "help", hidden: true }, say("surfaceHelp"));
    this.place = make("div", {
      "class": "surface",
      "part": "surface",
      "tabindex": "0",
      "role": "application",
      "aria-roledescription": say("replay"),
      "aria-describedby": "help",
    });
    this.#shell = make("div", { class: "shell", "data-empty": true });
    this.#overlay = new Overlay(say, () => host.retry());
    this.#controls = new Controls(host, say, this.#shell);
    this.#shell.append(this.place, help, this.#overlay.element, this.#controls.element);
    root.replaceChildren(this.#shell);

    this.#gestures = new Gestures(this.place, {
      send,
      isAlone: options.isFullscreen,
      onDoubleTap: () => host.resetView(),
      onWheelPassedBy: () => this.#overlay.hint(say("wheelHint")),
      onMoved: () => this.#moved(),
    });
    this.#shell.addEventListener("keydown", (event) => this.#pressed(event));
    this.#idle = new IdleWatch(this.#shell, () => this.#isBusy());
  }

  /** The name of the picture, for screen readers. */
  setLabel(label: string): void {
    setAttribute(this.place, "aria-label", label === "" ? this.#options.say("replay") : label);
  }

  setPoster(url: string | null): void {
    this.#overlay.setPoster(url);
  }

  /** Shows the state as it is now. */
  update(): void {
    const { host, hasVideo, isFullscreen } = this.#options;
    const { state } = host;
    this.#shell.toggleAttribute("data-empty", state.opened === null);
    this.#shell.toggleAttribute("data-error", state.error !== null);
    if (state.isPaused !== this.#wasPaused) this.#idle.poke();
    this.#wasPaused = state.isPaused;
    if (state.error === null) this.#overlay.show(overlayFace(host));
    const isBefore = state.state?.isBeforeStart === true;
    this.#overlay.showPoster(!state.hasPicture && !isBefore);
    this.#shell.toggleAttribute("data-before", isBefore);
    // Out of sight nothing is laid out: a page's thread has better to do at each frame.
    if (!this.#idle.isIdle) this.#controls.update(hasVideo(), isFullscreen());
  }

  /** Something is on its way, though no state has come yet. */
  showLoading(): void {
    this.#overlay.reset();
    this.#overlay.show("loading");
    this.#overlay.showPoster(true);
    this.#shell.removeAttribute("data-error");
    this.#shell.setAttribute("data-empty", "");
  }

  /** The first picture is there. */
  showPrompt(): void {
    if (this.#hasPrompted) return;
    this.#hasPrompted = true;
    this.#overlay.prompt();
  }

  showError(error: TouchlineError): void {
    this.#overlay.fail(error);
    this.update();
  }

  /** Marks the preset flown to; `null` once the view is another. */
  setView(id: string | null): void {
    this.#controls.setView(id);
    const preset = this.#options.host.state.opened?.presets.find((preset) => preset.id === id);
    const { say } = this.#options;
    if (preset !== undefined) this.#overlay.announce(say("viewNow", { name: preset.title }));
  }

  /** Says something to a screen reader. */
  announce(text: string): void {
    this.#overlay.announce(text);
  }

  /** Stops all timers: the element is leaving the page. */
  rest(): void {
    this.#gestures.release();
    this.#overlay.reset();
    this.#idle.stop();
  }

  #moved(): void {
    this.#overlay.dismissPrompt();
    this.#controls.setView(null);
  }

  #isBusy(): boolean {
    const isTouched = this.#controls.element.matches(":has(:is(button, input):focus-visible)");
    const isHovered = this.#controls.element.querySelector(".bar:hover, .top:hover") !== null;
    return (
      this.#options.host.state.isPaused ||
      this.#controls.isOpen ||
      isTouched ||
      (isHovered && matchMedia("(hover: hover)").matches)
    );
  }

  #pressed(event: KeyboardEvent): void {
    const intent = intentOf(event, event.target === this.place);
    if (intent === null || event.defaultPrevented) return;
    const isBefore = this.#options.host.state.state?.isBeforeStart === true;
    if (isBefore && !NO_SPOILERS.has(intent.kind)) return;
    event.preventDefault();
    this.#do(intent);
  }

  #do(intent: Intent): void {
    const { host, send } = this.#options;
    const { state } = host;
    switch (intent.kind) {
      case "send":
        send(intent.command);
        this.#moved();
        break;
      case "toggle-play":
        togglePlay(host);
        break;
      case "step":
        host.stepFrame(intent.frames);
        break;
      case "jump":
        host.seek(state.currentTime + intent.secs);
        break;
      case "faster":
        host.setRate(nextRate(state.state?.rate ?? 1, 1));
        break;
      case "slower":
        host.setRate(nextRate(state.state?.rate ?? 1, -1));
        break;
      case "in":
        host.setPoints(state.currentTime, state.state?.points?.[1]);
        break;
      case "out":
        host.setPoints(state.state?.points?.[0], state.currentTime);
        break;
      case "no-points":
        host.setPoints();
        break;
      case "reset-view":
        host.resetView();
        break;
      case "preset": {
        const preset = state.opened?.presets[intent.index];
        if (preset !== undefined) host.goToPreset(preset.id);
        break;
      }
      case "fullscreen":
        host.toggleFullscreen();
        break;
      case "leave":
        this.place.blur();
        break;
      case "help":
        this.#overlay.toggleKeys();
        break;
    }
  }
}

function overlayFace({ state }: ReplayHost): Exclude<OverlayFace, "error"> {
  if (state.state?.isBeforeStart === true) return "before-start";
  if (!state.hasPicture) return "loading";
  const isWaiting = state.state?.playState === "waiting";
  return isWaiting || state.seekTarget !== null ? "waiting" : "none";
}
