/**
 * `<touchline-replay src="match.touchline" for="video">`: a replay seen from wherever you like.
 *
 * Names follow `HTMLMediaElement` where it has one. Times are seconds from the replay's start.
 * All events are `CustomEvent`s that bubble and leave shadow trees.
 */
import type { Announcement } from "./announcements.js";
import { numberFrom, urlFrom, wordFrom } from "./attributes.js";
import { CODE, TouchlineError } from "./errors.js";
import { Face } from "./face.js";
import { isSameView, once, type CameraChange } from "./flights.js";
import { HostLink } from "./host-link.js";
import type { Mode, Opened, PresetInfo, Stats, TrackInfo, View } from "./messages.js";
import { Playback, type OpenOptions } from "./playback.js";
import type { Dating } from "./programme-time.js";
import type { ReplayHost } from "./host.js";
import { ReplayState, type ReplayEvent } from "./replay-state.js";
import type { RequestHook, RequestWishes } from "./requests.js";
import type { Resume } from "./resume.js";
import { addTranslation, wordsIn, type StringTable } from "./strings.js";
import { adoptStylesheet } from "./stylesheet.js";
import { Stretches } from "./time-ranges.js";
import type { PlayerUrls } from "./transport.js";
import type { HostMedia } from "./video-clock.js";

/** Servers that render pages have no elements; importing this must not fail there. */
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

/** The engine's limits. */
const RATE = { least: -2, most: 2, fallback: 1 };
/** A stream's dates are wrong by minutes at worst. */
const SYNC_OFFSET = { least: -3600, most: 3600, fallback: 0 };
/** A flight that takes longer than it should has been interrupted. */
const FLIGHT_GRACE_SECS = 0.5;
/** Who waits for a replay that does not start is told nothing more by waiting longer. */
const PLAY_SECS_MAX = 30;

/**
 * The element.
 *
 * @attr {string} src - The pack: a manifest, its folder or a `.touchline` file.
 * @attr {string} for - Id of the host's video, which the replay follows.
 * @attr {string} reel - The list of an event's replays, each told of when the fan has reached it.
 * @attr {"follow"|"replay"} mode - Which clock leads at first: the video's, if there is one.
 * @attr {number} sync-offset - Seconds added to the video's clock; positive shows later frames.
 * @attr {string} poster - Shown until `canplay`; else the pack's own.
 * @attr {string} alt - What is to be seen, for screen readers.
 * @attr {boolean} autoplay - Plays as soon as it is open, if no video leads.
 * @attr {boolean} loop - Starts again at the end.
 * @attr {number} playbackrate - Speed of the replay, -2 to 2.
 * @attr {boolean} nocontrols - Hides the controls; gestures and keys still work.
 * @attr {boolean} inline - Runs without workers.
 * @attr {"anonymous"|"use-credentials"} crossorigin - Whether cookies go to other origins too.
 * @attr {"query"|"headers"} cmcd - How servers are told figures (CTA-5004), if they are.
 * @attr {string} cmcd-session-id - Names the fan's visit to them; else made up.
 * @attr {string} cmcd-content-id - Names what is watched to them; else the pack's own id.
 * @csspart canvas - The picture.
 * @csspart surface - The picture under the fan's hands.
 * @csspart poster - The poster.
 * @csspart controls - The bar.
 * @csspart button - Every button of the bar; each also has a part of its own.
 * @csspart timeline - The slider.
 * @csspart points - The stretch between in and out point, on the slider.
 * @csspart time - The time as text.
 * @csspart sync-badge - How the replay goes with the video.
 * @csspart progress - The spinner.
 * @csspart error-panel - The error.
 * @fires loadstart - An opening begins.
 * @fires loadedmetadata - The manifest is read; `duration`, `presets`, `tracks` are known.
 * @fires canplay - The first picture is on screen.
 * @fires mode-change - `detail.mode` leads now.
 * @fires points-change - In or out point have changed.
 * @fires sync-change - `detail` is `{state, source, errorMs}`.
 * @fires durationchange - The manifest is read, or a replay that is still being made has grown.
 * @fires replay-available - The stream or the reel has a replay that the fan has reached; `detail`
 *   is `{id, src, title, poster}`.
 * @fires camera-change - `detail` is `{view, source}`.
 * @fires device-lost - `detail` is `{reason, recovered}`.
 * @fires error - `detail` is a {@link TouchlineError}; if `fatal`, so is {@link error}.
 */
export class TouchlineReplay extends Base {
  static readonly observedAttributes = [
    ...["src", "for", "mode", "sync-offset", "poster", "alt", "loop", "playbackrate", "inline"],
    ...["crossorigin", "cmcd", "cmcd-session-id", "cmcd-content-id", "reel"],
  ];

  /** Where the player's own files are, for pages that host them elsewhere. Absolute. */
  static engineWorkerUrl = new URL(/* @vite-ignore */ "./engine-worker.js", import.meta.url).href;
  static decodeWorkerUrl = new URL(/* @vite-ignore */ "./decode-worker.js", import.meta.url).href;
  static engineWasmUrl = new URL(/* @vite-ignore */ "./engine.wasm", import.meta.url).href;
  static decoderWasmUrl = new URL(/* @vite-ignore */ "./decoder.wasm", import.meta.url).href;

  /** Adds or completes a language; elements made later speak it. */
  static addTranslation(language: string, table: StringTable): void {
    addTranslation(language, table);
  }

  #face: Face | null = null;
  #playback: Playback | null = null;
  #link: HostLink | null = null;
  #resume: Resume | null = null;
  #requestHook: RequestHook | null = null;
  #sessionId: string | null = null;
  #visit = 0; // Grows with each reason to open, so that an earlier one can tell it is stale.

  connectedCallback(): void {
    this.#build();
    document.addEventListener("fullscreenchange", this.#onFullscreen);
    this.#link?.connect(this.getAttribute("for"));
    this.#followReel(this.reel);
    this.#openSoon();
  }

  disconnectedCallback(): void {
    this.#visit += 1;
    document.removeEventListener("fullscreenchange", this.#onFullscreen);
    this.#followReel("");
    this.#link?.disconnect();
    this.#resume = this.#playback?.close() ?? this.#resume;
    this.#face?.rest();
  }

  /** Moved to another document, which has a stylesheet of its own. */
  adoptedCallback(): void {
    if (this.shadowRoot !== null) adoptStylesheet(this.shadowRoot);
  }

  /** Moved by `moveBefore`: nothing is closed, nothing opened. */
  connectedMoveCallback(): void {}

  attributeChangedCallback(name: string, last: string | null, next: string | null): void {
    if (last === next || !this.isConnected) return; // `connectedCallback` reads them all.
    switch (name) {
      case "src":
        this.#resume = null;
        this.#openSoon();
        break;
      case "inline":
        this.#resume = this.#playback?.close() ?? null;
        this.#openSoon();
        break;
      case "for":
        this.#link?.connect(next);
        break;
      case "reel":
        this.#followReel(this.reel);
        break;
      case "mode":
        this.#playback?.post({ kind: "set-mode", mode: this.#wantedMode() });
        break;
      case "sync-offset":
        this.#playback?.post({ kind: "set-sync-offset", secs: this.syncOffset });
        break;
      case "loop":
        this.#playback?.post({ kind: "set-loop", isLooping: this.loop });
        break;
      case "playbackrate":
        this.playbackRate = numberFrom(next, RATE);
        break;
      case "crossorigin":
      case "cmcd":
      case "cmcd-session-id":
      case "cmcd-content-id":
        this.#playback?.setRequests(this.#requests);
        break;
      default:
        this.#describe();
    }
  }

  // What the page wants: attributes.

  get src(): string { return this.getAttribute("src") ?? ""; }
  set src(src: string) { this.setAttribute("src", src); }

  get htmlFor(): string { return this.getAttribute("for") ?? ""; }
  set htmlFor(id: string) { this.setAttribute("for", id); }

  get reel(): string { return this.getAttribute("reel") ?? ""; }
  set reel(url: string) { this.setAttribute("reel", url); }

  get poster(): string { return this.getAttribute("poster") ?? ""; }
  set poster(url: string) { this.setAttribute("poster", url); }

  get alt(): string { return this.getAttribute("alt") ?? ""; }
  set alt(text: string) { this.setAttribute("alt", text); }

  get loop(): boolean { return this.hasAttribute("loop"); }
  set loop(isLooping: boolean) { this.toggleAttribute("loop", isLooping); }

  get autoplay(): boolean { return this.hasAttribute("autoplay"); }
  set autoplay(isAutoplaying: boolean) { this.toggleAttribute("autoplay", isAutoplaying); }

  get controls(): boolean { return !this.hasAttribute("nocontrols"); }
  set controls(isShown: boolean) { this.toggleAttribute("nocontrols", !isShown); }

  get inline(): boolean { return this.hasAttribute("inline"); }
  set inline(isInline: boolean) { this.toggleAttribute("inline", isInline); }

  /** As on `HTMLMediaElement`. */
  get crossOrigin(): string | null { return this.getAttribute("crossorigin"); }
  set crossOrigin(value: string | null) { this.#reflect("crossorigin", value); }

  /** `query` or `headers`; `null`: servers are told nothing. */
  get cmcd(): string | null { return this.getAttribute("cmcd"); }
  set cmcd(way: string | null) { this.#reflect("cmcd", way); }

  get cmcdSessionId(): string {
    this.#sessionId ??= crypto.randomUUID?.() ?? ""; // Without HTTPS there is none, and no WebGPU.
    return this.getAttribute("cmcd-session-id") ?? this.#sessionId;
  }
  set cmcdSessionId(id: string) { this.setAttribute("cmcd-session-id", id); }

  get cmcdContentId(): string | null { return this.getAttribute("cmcd-content-id"); }
  set cmcdContentId(id: string | null) { this.#reflect("cmcd-content-id", id); }

  /** Sees each request for a part of a pack before it is made, to sign it. */
  get requestHook(): RequestHook | null { return this.#requestHook; }
  set requestHook(hook: RequestHook | null) {
    this.#requestHook = hook;
    this.#playback?.setRequests(this.#requests);
  }

  /** Seconds added to the video's clock. */
  get syncOffset(): number { return numberFrom(this.getAttribute("sync-offset"), SYNC_OFFSET); }
  set syncOffset(secs: number) { this.setAttribute("sync-offset", String(secs)); }

  // What is: as on `HTMLMediaElement`.

  get currentTime(): number { return this.#playback?.state.currentTime ?? 0; }
  set currentTime(secs: number) { this.seek(secs); }

  /** Seconds; `NaN` before `loadedmetadata`. */
  get duration(): number { return this.#opened?.durationSecs ?? NaN; }
  get paused(): boolean { return this.#playback?.state.isPaused ?? true; }
  get ended(): boolean { return this.#playback?.state.state?.playState === "ended"; }
  get seeking(): boolean { return (this.#playback?.state.seekTarget ?? null) !== null; }
  get readyState(): number { return this.#playback?.state.readyState ?? 0; }

  /** Stretches that can be shown at once. */
  get buffered(): TimeRanges { return new Stretches(this.#playback?.state.state?.buffered ?? []); }

  /** Where seeks may go: everywhere. */
  get seekable(): TimeRanges {
    return new Stretches(this.#opened === null ? [] : [[0, this.#opened.durationSecs]]);
  }

  /** Speed of the leading clock. Setting it makes the replay lead. */
  get playbackRate(): number { return this.#playback?.state.state?.rate ?? 1; }
  set playbackRate(rate: number) { this.#playback?.post({ kind: "set-rate", rate }); }

  /** Why nothing is shown; `null` if all is well. */
  get error(): TouchlineError | null { return this.#playback?.state.error ?? null; }

  /** The replays of the reel that the fan has reached. */
  get replays(): readonly Announcement[] { return this.#playback?.replays ?? []; }

  // What is: the replay's own.

  /** Which clock leads. */
  get mode(): Mode { return this.#playback?.state.state?.mode ?? this.#wantedMode(); }
  set mode(mode: Mode) { this.setAttribute("mode", mode); }

  /** Index of the frame on screen; `null` before the first. */
  get frame(): number | null { return this.#playback?.state.state?.frame ?? null; }
  /** Index of the finest layer of points on screen, of the coarsest track; `null` without. */
  get layer(): number | null { return this.#playback?.state.state?.layer ?? null; }
  /** Index of the rendition of the coarsest mesh on screen, 0 the finest; `null` without. */
  get rendition(): number | null { return this.#playback?.state.state?.rendition ?? null; }
  get frameCount(): number { return this.#opened?.frameCount ?? 0; }
  /** Frames a second; 0 before `loadedmetadata`. */
  get frameRate(): number { return this.#opened?.frameRate ?? 0; }

  /** The pack's title. */
  get packTitle(): string { return this.#opened?.title ?? ""; }
  get presets(): readonly PresetInfo[] { return this.#opened?.presets ?? []; }
  get tracks(): readonly TrackInfo[] { return this.#opened?.tracks ?? []; }
  /** Ids of the alternatives on show. */
  get selectedTracks(): readonly string[] {
    return this.#playback?.state.state?.selectedTracks ?? [];
  }

  /** Figures of about twice a second; `null` before the first. */
  get stats(): Stats | null { return this.#playback?.state.stats ?? null; }

  /** From where it is seen; `null` before the first picture. Setting it jumps. */
  get view(): View | null { return this.#playback?.view ?? null; }
  set view(view: View | null) { if (view !== null) void this.flyTo(view, { duration: 0 }); }

  /** Plays. Where the video led, the replay leads from now on. */
  async play(): Promise<void> {
    if (this.#playback?.isOpen !== true) return;
    this.#playback.post({ kind: "play" });
    if (this.paused) await once(this, "play", () => true, PLAY_SECS_MAX);
  }

  /** Stands still. Where the video led, this is a freeze: the video goes on. */
  pause(): void { this.#playback?.post({ kind: "pause" }); }

  /** Holds the moment on screen, whoever leads. */
  freeze(): void { this.pause(); }

  /** Goes to `secs`. Where the video led, the replay leads from now on. */
  seek(secs: number): void { this.#playback?.seek(secs); }

  /** Goes `frames` on, or back if negative, and stands there. */
  stepFrame(frames: number): void {
    if (Number.isFinite(frames)) this.#playback?.post({ kind: "step", frames: Math.trunc(frames) });
  }

  /**
   * Plays and loops from the frame at `inSecs` to that at `outSecs`, both included.
   *
   * An out point before the in point, or none, is the replay's end.
   */
  setPoints(inSecs = 0, outSecs = Infinity): void {
    const last = outSecs < inSecs ? Infinity : outSecs;
    const isWhole = inSecs <= 0 && last >= this.duration;
    this.#playback?.post({ kind: "set-points", points: isWhole ? null : [inSecs, last] });
  }

  /** In and out point, seconds, `null` for the whole replay. */
  get points(): readonly [number, number] | null {
    return this.#playback?.state.state?.points ?? null;
  }

  /** Lets the video lead again. */
  backToLive(): void { this.#playback?.post({ kind: "set-mode", mode: "follow" }); }

  /** Flies to `view` within `duration` seconds; resolves there, or when the fan takes over. */
  async flyTo(view: View, { duration = 1 }: { duration?: number } = {}): Promise<void> {
    if (this.#playback?.isOpen !== true) return;
    const command = { kind: "go-to-viewpoint", viewpoint: view, secs: duration } as const;
    this.#playback.moveCamera(command, false);
    this.#face?.setView(null);
    const hasArrived = (detail: CameraChange): boolean =>
      detail.source === "user-interaction" || isSameView(detail.view, view);
    await once<CameraChange>(this, "camera-change", hasArrived, duration + FLIGHT_GRACE_SECS);
  }

  /** Flies to a preset of the pack. */
  goToPreset(id: string): void {
    this.#playback?.moveCamera({ kind: "go-to-preset", id }, false);
    this.#face?.setView(id);
  }

  /** Flies to the preset that the pack starts with. */
  resetView(): void {
    const first = this.presets[0];
    if (first !== undefined) this.goToPreset(first.id);
  }

  /** Shows one of several alternative tracks. */
  selectTrack(id: string): void { this.#playback?.post({ kind: "select-track", id }); }

  /** Tries again what failed. */
  retry(): void {
    if (this.error !== null) this.#face?.showLoading();
    this.#playback?.retry();
  }

  /** Follows `media` instead of what `for` names; `dating` knows its programme date-times. */
  attachMedia(media: HostMedia, dating: Dating = {}): void {
    this.#build();
    this.#link?.attach(media, dating);
  }

  /** Follows a clock that posts motion vectors through `port`, as `postClock` does. */
  attachClock(port: MessagePort): void {
    this.#build();
    this.#link?.attachClock(port);
  }

  /** Follows no video any more. */
  detachMedia(): void { this.#link?.detach(); }

  /** Loses the GPU on purpose, to see that the picture comes back. */
  loseDevice(): void { this.#playback?.post({ kind: "lose-device" }); }

  get #opened(): Opened | null { return this.#playback?.state.opened ?? null; }

  get #requests(): RequestWishes {
    const { cmcd, cmcdContentId: contentId } = this;
    // An empty one counts as `query`.
    const isInHeaders = wordFrom(cmcd || null, ["query", "headers"], "query") === "headers";
    return {
      hook: this.#requestHook,
      credentials: this.crossOrigin === "use-credentials" ? "include" : "same-origin",
      cmcd: cmcd === null ? null : { isInHeaders, sessionId: this.cmcdSessionId, contentId },
    };
  }

  #reflect(name: string, value: string | null): void {
    if (value === null) this.removeAttribute(name);
    else this.setAttribute(name, value);
  }

  #wantedMode(): Mode {
    const fallback = this.#playback?.hasVideo ? "follow" : "replay";
    return wordFrom(this.getAttribute("mode"), ["follow", "replay"], fallback);
  }

  /** Makes what is inside, once, in the language of the place. */
  #build(): void {
    if (this.#face !== null) return;
    const language = this.closest("[lang]")?.getAttribute("lang") ?? navigator.language;
    const face: Face = new Face({
      root: this.shadowRoot ?? this.attachShadow({ mode: "open" }),
      host: this.#host(),
      say: wordsIn(language),
      send: (command) => this.#playback?.moveCamera(command, true),
      hasVideo: () => this.#playback?.hasVideo ?? false,
      isFullscreen: () => document.fullscreenElement === this,
    });
    this.#face = face;
    const onEvents = (events: readonly ReplayEvent[]): void => this.#heard(events);
    const playback = new Playback({ place: face.place, onEvents });
    this.#playback = playback;
    this.#link = new HostLink(this, playback, () => {
      if (!this.hasAttribute("mode")) playback.post({ kind: "set-mode", mode: "follow" });
    });
  }

  /** Follows the reel at `src`; none if that is empty. */
  #followReel(src: string): void {
    const url = src === "" ? null : urlFrom(src, document.baseURI);
    this.#playback?.followReel(url, this.htmlFor !== "");
  }

  /** Opens `src` once all attributes of this moment are set. */
  #openSoon(): void {
    this.#visit += 1;
    const visit = this.#visit;
    queueMicrotask(() => {
      if (visit === this.#visit && this.isConnected) this.#open();
    });
  }

  #open(): void {
    const playback = this.#playback;
    if (playback === null) return;
    playback.close();
    const [src, resume] = [this.src, this.#resume];
    this.#resume = null;
    this.#describe();
    this.#face?.showLoading();
    if (src === "") {
      this.#face?.rest();
      return;
    }
    const url = urlFrom(src, document.baseURI);
    if (url === null) {
      playback.fail(CODE.BAD_SRC, `"${src}" is not an address of a replay.`);
      return;
    }
    const wanted = (): OpenOptions => ({
      src: url,
      urls: playerUrls(),
      isInline: this.inline,
      mode: this.#wantedMode(),
      isLooping: this.loop,
      isAutoplaying: this.autoplay,
      rate: numberFrom(this.getAttribute("playbackrate"), RATE),
      syncOffsetSecs: this.syncOffset,
      requests: this.#requests,
    });
    playback.open(wanted, resume);
  }

  /** Name and poster. */
  #describe(): void {
    this.#face?.setLabel(this.alt === "" ? this.packTitle : this.alt);
    const poster = this.poster === "" ? null : urlFrom(this.poster, document.baseURI);
    this.#face?.setPoster(poster ?? this.#opened?.poster ?? null);
  }

  #heard(events: readonly ReplayEvent[]): void {
    // A gliding camera is no news for the controls.
    const isNews = events.length === 0 || events.some(({ type }) => type !== "camera-change");
    if (isNews) this.#face?.update();
    for (const { type, detail } of events) {
      if (type === "loadedmetadata") this.#describe();
      if (type === "canplay") this.#face?.showPrompt();
      if (type === "error" && detail === this.error && this.error !== null) {
        this.#face?.showError(this.error);
      }
      this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
    }
  }

  #host(): ReplayHost {
    const playback = (): Playback | null => this.#playback;
    return {
      get state() { return playback()?.state ?? NOTHING; },
      play: () => void this.play(),
      pause: () => this.pause(),
      seek: (secs) => this.seek(secs),
      stepFrame: (frames) => this.stepFrame(frames),
      setRate: (rate) => { this.playbackRate = rate; },
      setPoints: (...points) => this.setPoints(...points),
      backToLive: () => this.backToLive(),
      goToPreset: (id) => this.goToPreset(id),
      selectTrack: (id) => this.selectTrack(id),
      resetView: () => this.resetView(),
      toggleFullscreen: () => this.#toggleFullscreen(),
      retry: () => this.retry(),
    };
  }

  #toggleFullscreen(): void {
    const isOurs = document.fullscreenElement === this;
    // Refused where the page's permissions policy says so; the button is hidden there.
    const refused = (): void => {};
    if (isOurs) document.exitFullscreen().catch(refused);
    else if (document.fullscreenEnabled) this.requestFullscreen().catch(refused);
  }

  readonly #onFullscreen = (): void => this.#face?.update();
}

const NOTHING = new ReplayState();

function playerUrls(): PlayerUrls {
  return {
    engineWorker: TouchlineReplay.engineWorkerUrl,
    decodeWorker: TouchlineReplay.decodeWorkerUrl,
    engineWasm: TouchlineReplay.engineWasmUrl,
    decoderWasm: TouchlineReplay.decoderWasmUrl,
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "touchline-replay": TouchlineReplay;
  }
}
