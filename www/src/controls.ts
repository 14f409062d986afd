/**
 * The bar at the bottom, the badge and the views at the top.
 *
 * Wide, all is in sight; narrow, what is needed less often folds into a panel behind a button.
 * The same elements serve both: the stylesheet decides.
 */
import { Choice } from "./choice.js";
import { Disclosure } from "./disclosure.js";
import { make, setAttribute, setText } from "./dom.js";
import type { ReplayHost } from "./host.js";
import { icon, type IconName } from "./icons.js";
import { RATES } from "./rates.js";
import { Scrubber } from "./scrubber.js";
import type { Say, StringKey } from "./strings.js";
import { formatRate, formatTime } from "./time-format.js";

/** How the play button looks and what it is called. */
interface PlayFace {
  icon: IconName;
  label: StringKey;
  help: StringKey;
}

const FACES = {
  freeze: { icon: "freeze", label: "freeze", help: "freezeHelp" },
  pause: { icon: "pause", label: "pause", help: "pause" },
  play: { icon: "play", label: "play", help: "play" },
  again: { icon: "again", label: "replayAgain", help: "replayAgain" },
} as const satisfies Record<string, PlayFace>;

/** All controls of one element. */
export class Controls {
  readonly element: HTMLElement;
  readonly #host: ReplayHost;
  readonly #say: Say;
  readonly #scrubber: Scrubber;
  readonly #play: HTMLButtonElement;
  readonly #now = make("span", { class: "now" });
  readonly #duration = make("span", { class: "duration" });
  readonly #badge = make("span", { class: "badge", part: "sync-badge" });
  readonly #live: HTMLButtonElement;
  readonly #views: Choice;
  readonly #tracks: Choice;
  readonly #rates: Choice;
  readonly #rateButton: HTMLButtonElement;
  readonly #fullscreen: HTMLButtonElement;
  readonly #menus: readonly Disclosure[];
  #face: PlayFace | null = null;
  #isFullscreen: boolean | null = null;
  #view: string | null = null;

  /** `shell` holds picture and controls. */
  constructor(host: ReplayHost, say: Say, shell: HTMLElement) {
    this.#host = host;
    this.#say = say;
    this.#scrubber = new Scrubber(host, say);
    this.#play = button("play", "play-button");
    this.#play.addEventListener("click", () => togglePlay(host));
    this.#live = button("live", "live-button", say("backToLive"));
    this.#live.addEventListener("click", () => host.backToLive());
    this.#views = new Choice("views", say("views"), "preset", (id) => host.goToPreset(id));
    this.#tracks = new Choice("tracks", say("show"), "track", (id) => host.selectTrack(id));
    this.#rates = new Choice("rates", say("speed"), "rate", (id) => {
      host.setRate(Number(id));
      for (const menu of this.#menus) menu.close();
    });
    this.#rates.setOptions(RATES.map((rate) => ({ id: String(rate), label: formatRate(rate) })));
    this.#rateButton = button("rate", "rate-button", "1×");
    this.#fullscreen = button("fullscreen", "fullscreen-button");
    this.#fullscreen.addEventListener("click", () => host.toggleFullscreen());
    this.#fullscreen.hidden = !document.fullscreenEnabled;
    const more = named(button("more", "more-button", icon("more")), say("more"));
    const extras = this.#makeExtras();
    this.element = this.#arrange(more, extras);

    const onChange = (): void => void shell.toggleAttribute("data-menu", this.isOpen);
    this.#menus = [];
    this.#menus = [
      new Disclosure(shell, this.#rateButton, this.#rates.element, onChange),
      new Disclosure(shell, more, extras, onChange),
    ];
  }

  /** Whether a menu is open. */
  get isOpen(): boolean {
    return this.#menus.some((menu) => menu.isOpen);
  }

  /** Marks the preset that was flown to; `null` once the fan has moved on. */
  setView(id: string | null): void {
    this.#view = id;
    this.#views.setChosen(id);
  }

  /** Shows the state as it is now. `hasVideo`: there is a video to go back to. */
  update(hasVideo: boolean, isFullscreen: boolean): void {
    const { opened, state, currentTime } = this.#host.state;
    this.#showPlay();
    this.#showBadge(hasVideo);
    this.#scrubber.update();
    setText(this.#now, formatTime(currentTime));
    if (opened !== null) {
      setText(this.#duration, ` / ${formatTime(opened.durationSecs)}`);
      this.#views.setOptions(opened.presets.map(({ id, title }) => ({ id, label: title })));
      this.#views.setChosen(this.#view);
      const shared = opened.tracks.filter((track) => track.alternative !== null);
      this.#tracks.setOptions(shared.map(({ id, title }) => ({ id, label: title })));
      const chosen = shared.find((track) => state?.selectedTracks.includes(track.id));
      this.#tracks.setChosen(chosen?.id ?? null);
    }
    const rate = state?.rate ?? 1;
    setText(this.#rateButton, formatRate(rate));
    setAttribute(this.#rateButton, "aria-label", `${this.#say("speed")}: ${formatRate(rate)}`);
    this.#rates.setChosen(String(rate));
    this.#showFullscreen(isFullscreen);
  }

  #makeExtras(): HTMLElement {
    const reset = named(button("reset", "reset-button", icon("resetView")), this.#say("resetView"));
    reset.append(make("span", { class: "label" }, this.#say("resetView")));
    reset.addEventListener("click", () => this.#host.resetView());
    const speed = make("div", { class: "speed" }, this.#rateButton, this.#rates.element);
    const parts = [this.#views.element, this.#tracks.element, speed, reset];
    return make("div", { class: "extras" }, ...parts);
  }

  #arrange(more: HTMLElement, extras: HTMLElement): HTMLElement {
    const step = (name: IconName, label: StringKey, frames: number): HTMLElement => {
      const element = named(button(`step ${name}`, "step-button", icon(name)), this.#say(label));
      element.addEventListener("click", () => this.#host.stepFrame(frames));
      return element;
    };
    const row = make(
      "div",
      { class: "row" },
      step("stepBack", "stepBack", -1),
      this.#play,
      step("stepForward", "stepForward", 1),
      make("span", { class: "time", part: "time" }, this.#now, this.#duration),
      make("span", { class: "gap" }),
      extras,
      more,
      this.#fullscreen,
    );
    const bar = make("div", { class: "bar", part: "controls" }, this.#scrubber.element, row);
    const top = make("div", { class: "top" }, this.#badge, this.#live);
    const label = this.#say("controls");
    return make("div", { class: "chrome", role: "group", "aria-label": label }, top, bar);
  }

  #showPlay(): void {
    const face = faceOf(this.#host);
    if (face === this.#face) return;
    this.#face = face;
    const label = make("span", { class: "label" }, this.#say(face.label));
    this.#play.replaceChildren(icon(face.icon), label);
    this.#play.classList.toggle("wide", face === FACES.freeze);
    named(this.#play, this.#say(face.help));
  }

  #showBadge(hasVideo: boolean): void {
    const { state, sync } = this.#host.state;
    const isFollowing = state?.mode === "follow";
    const isMoving = state?.playState === "playing" || state?.playState === "waiting";
    const face = isFollowing ? sync : isMoving ? "replay" : "frozen";
    this.#badge.hidden = !hasVideo || state === null;
    setAttribute(this.#badge, "data-face", face);
    setText(this.#badge, this.#say(face));
    this.#live.hidden = !hasVideo || isFollowing || state === null;
  }

  #showFullscreen(isFullscreen: boolean): void {
    if (isFullscreen === this.#isFullscreen) return;
    this.#isFullscreen = isFullscreen;
    const name = isFullscreen ? "leaveFullscreen" : "fullscreen";
    this.#fullscreen.replaceChildren(icon(name));
    named(this.#fullscreen, this.#say(name));
  }
}

/** Plays what stands, stops what plays: a freeze where the video leads. */
export function togglePlay(host: ReplayHost): void {
  if (host.state.isPaused) host.play();
  else host.pause();
}

function faceOf({ state }: ReplayHost): PlayFace {
  if (!state.isPaused) return state.state?.mode === "follow" ? FACES.freeze : FACES.pause;
  return state.state?.playState === "ended" ? FACES.again : FACES.play;
}

function button(name: string, part: string, ...content: (Node | string)[]): HTMLButtonElement {
  const attributes = { type: "button", class: `button ${name}`, part: `button ${part}` };
  return make("button", attributes, ...content);
}

/** Gives a button its name, for screen readers and as a tooltip. */
function named<E extends HTMLElement>(element: E, name: string): E {
  setAttribute(element, "aria-label", name);
  element.title = name;
  return element;
}
