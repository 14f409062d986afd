/**
 * A replay being played: opens it, keeps its state, brings it back after a crash.
 *
 * Always true: what an earlier opening says is not heard; at most one viewer is alive.
 */
import { type Announcement, Announcements } from "./announcements.js";
import { CODE, pageProblem } from "./errors.js";
import type { Command, Mode, Notice, View } from "./messages.js";
import type { ClockListener } from "./motion-vectors.js";
import type { Dating } from "./programme-time.js";
import { Reel } from "./reel.js";
import { ReplayState, type ReplayEvent } from "./replay-state.js";
import { answerTo, isPlain, rulesCommand, type RequestWishes } from "./requests.js";
import { Asked, type Resume } from "./resume.js";
import type { PlayerUrls } from "./transport.js";
import { VideoClock, type HostMedia } from "./video-clock.js";
import { Viewer } from "./viewer.js";

/** How to open a replay. */
export interface OpenOptions {
  /** Absolute. */
  src: string;
  urls: PlayerUrls;
  isInline: boolean;
  mode: Mode;
  isLooping: boolean;
  isAutoplaying: boolean;
  rate: number;
  syncOffsetSecs: number;
  requests: RequestWishes;
}

/** A watch on a clock of the host's. */
interface HostWatch {
  /** Says again where it is. */
  refresh(): void;
  close(): void;
}

/** Who hears of it. */
export interface PlaybackListener {
  /** Where the canvas goes. */
  place: HTMLElement;
  onEvents: (events: readonly ReplayEvent[]) => void;
}

/** More crashes than these within the time below are no accident. */
const CRASH_COUNT_MAX = 3;
const CRASH_WINDOW_SECS = 60;

/** One replay at a time. */
export class Playback {
  readonly #listener: PlaybackListener;
  #state = new ReplayState();
  #asked = new Asked();
  #viewer: Viewer | null = null;
  #options: (() => OpenOptions) | null = null;
  #resume: Resume | null = null;
  #requests: RequestWishes | null = null;
  #clock: HostWatch | null = null;
  #reel: Reel | null = null;
  #crashesAtMs: number[] = [];

  constructor(listener: PlaybackListener) {
    this.#listener = listener;
  }

  get state(): ReplayState {
    return this.#state;
  }

  /** From where it is seen, or is about to be after a jump; `null` before the first picture. */
  get view(): View | null {
    return this.#asked.view ?? this.#state.view;
  }

  get isOpen(): boolean {
    return this.#viewer !== null;
  }

  /** Whether a host's video is watched. */
  get hasVideo(): boolean {
    return this.#clock !== null;
  }

  /**
   * Opens a replay in place of the last; goes on at `resume`, if there is one.
   *
   * `wanted` is asked again at each new attempt: attributes may have changed since.
   */
  open(wanted: () => OpenOptions, resume: Resume | null): void {
    this.#end();
    this.#options = wanted;
    const options = wanted();
    this.#resume = resume;
    this.#forget();
    this.#tell([{ type: "loadstart" }]);
    if (!("gpu" in navigator) || !("transferControlToOffscreen" in HTMLCanvasElement.prototype)) {
      const message = "No WebGPU: the browser is too old, or the page is not served over HTTPS.";
      this.fail(CODE.NO_WEBGPU, message);
      return;
    }
    const viewer: Viewer = new Viewer({
      place: this.#listener.place,
      urls: options.urls,
      isInline: options.isInline,
      onNotice: (notice) => {
        if (this.#viewer === viewer) this.#hear(notice);
      },
      onCrash: (message) => {
        if (this.#viewer === viewer) this.#crashed(message);
      },
    });
    this.#viewer = viewer;
    this.#requests = options.requests;
    this.#post(...openingCommands(options, resume?.mode ?? options.mode));
    this.#clock?.refresh();
  }

  /** Closes the replay; returns where it was, `null` if it had not begun. */
  close(): Resume | null {
    const resume = this.#whereItIs();
    this.#end();
    this.#forget();
    this.#options = null;
    this.#resume = null;
    return resume;
  }

  /** Sends a command; nothing happens while no replay is open. */
  post(command: Command): void {
    if (this.#viewer === null) return;
    if (this.#state.opened !== null) this.#asked.ask(command); // Before, nothing can be done.
    this.#viewer.post(command);
  }

  /** Makes requests otherwise from now on. */
  setRequests(wishes: RequestWishes): void {
    this.#requests = wishes;
    this.post(rulesCommand(wishes));
  }

  /** Moves the camera: by the fan's hands, or to a preset or viewpoint. */
  moveCamera(command: Command, isByFan: boolean): void {
    this.#state.isByFan = isByFan;
    this.post(command);
  }

  /** Moves the replay. */
  seek(secs: number): void {
    if (this.#viewer === null || !Number.isFinite(secs)) return;
    this.#tell(this.#state.seek(secs));
    this.post({ kind: "seek", secs: this.#state.currentTime });
  }

  /** Tries again what failed. */
  retry(): void {
    const { error } = this.#state;
    if (error === null) {
      this.post({ kind: "retry" });
    } else if (this.#options !== null) {
      this.#crashesAtMs = [];
      this.open(this.#options, this.#whereItIs() ?? this.#resume);
    }
  }

  /** Follows a host's video from now on. */
  attach(media: HostMedia, dating: Dating): void {
    const announcements = new Announcements(media, dating, this.#announce);
    this.attachClock((tell) => new VideoClock(media, dating, (sample) => {
      tell(sample);
      announcements.reach(sample);
    }));
  }

  /** Follows a clock from now on. */
  attachClock(watch: (tell: ClockListener) => HostWatch): void {
    this.detach();
    this.#reel?.reach(-Infinity);
    this.#clock = watch((sample) => {
      if (sample?.isSeeking === false) this.#reel?.reach(sample.unixMs ?? -Infinity);
      this.post(sample === null ? { kind: "video-gone" } : { kind: "video", ...sample });
    });
  }

  /** Follows it no more. */
  detach(): void {
    if (this.#clock === null) return;
    this.#clock.close();
    this.#clock = null;
    this.post({ kind: "video-gone" });
  }

  /** The replays of the reel that the fan's clock has reached. */
  get replays(): readonly Announcement[] {
    return this.#reel?.reached ?? [];
  }

  /** Follows a reel from now on; `null` for none. `isWaiting`: a video is to come. */
  followReel(url: string | null, isWaiting: boolean): void {
    this.#reel?.close();
    const clockMs = isWaiting || this.hasVideo ? -Infinity : Infinity;
    this.#reel = url === null ? null : new Reel(url, clockMs, this.#announce);
    this.#clock?.refresh();
  }

  /** Reports a fatal problem that the page noticed. */
  fail(code: number, message: string): void {
    this.#hear({ kind: "problem", ...pageProblem(code, true, message) });
  }

  /** Reports a problem that the replay survives. */
  warn(code: number, message: string): void {
    this.#hear({ kind: "problem", ...pageProblem(code, false, message) });
  }

  readonly #announce = (detail: Announcement): void => {
    this.#tell([{ type: "replay-available", detail }]);
  };

  #end(): void {
    this.#viewer?.close();
    this.#viewer = null;
  }

  #forget(): void {
    this.#state = new ReplayState();
    this.#asked = new Asked();
  }

  #post(...commands: readonly Command[]): void {
    for (const command of commands) this.post(command);
  }

  #hear(notice: Notice): void {
    if (notice.kind === "request") {
      const [viewer, requests] = [this.#viewer, this.#requests];
      if (requests !== null) void answerTo(notice, requests).then((answer) => viewer?.post(answer));
      return;
    }
    const events = this.#state.absorb(notice, performance.now());
    this.#asked.absorb(notice);
    if (notice.kind === "opened") this.#goOn();
    // From here on the engine knows.
    if (notice.kind === "state" && this.#state.opened !== null) this.#resume = null;
    this.#tell(events);
  }

  #tell(events: readonly ReplayEvent[]): void {
    this.#listener.onEvents(events);
  }

  /** After opening: back to where it was, or off. */
  #goOn(): void {
    const resume = this.#resume;
    if (resume === null) {
      const options = this.#options?.();
      if (options?.isAutoplaying === true && options.mode === "replay") this.post({ kind: "play" });
      return;
    }
    for (const id of resume.tracks) this.post({ kind: "select-track", id });
    this.post({ kind: "set-points", points: resume.points });
    if (resume.view !== null) {
      this.post({ kind: "go-to-viewpoint", viewpoint: resume.view, secs: 0 });
    }
    if (resume.mode === "follow") return;
    this.post({ kind: "set-rate", rate: resume.rate });
    this.seek(resume.secs);
    if (resume.isPlaying) this.post({ kind: "play" });
  }

  #whereItIs(): Resume | null {
    // Closed again before it had begun: it still has to go where it was to go.
    return this.#asked.resume(this.#state) ?? this.#resume;
  }

  #crashed(message: string): void {
    const nowMs = performance.now();
    const isRecent = (atMs: number): boolean => nowMs - atMs < CRASH_WINDOW_SECS * 1000;
    this.#crashesAtMs = [...this.#crashesAtMs.filter(isRecent), nowMs];
    const text = `The player crashed: ${message}`;
    if (this.#options === null || this.#crashesAtMs.length > CRASH_COUNT_MAX) {
      this.#end();
      this.fail(CODE.CRASHED, text);
    } else {
      this.warn(CODE.CRASHED, text);
      this.open(this.#options, this.#whereItIs());
    }
  }
}

function openingCommands(options: OpenOptions, mode: Mode): Command[] {
  const commands: Command[] = [
    ...(isPlain(options.requests) ? [] : [rulesCommand(options.requests)]),
    { kind: "open", src: options.src },
    { kind: "set-loop", isLooping: options.isLooping },
    { kind: "set-sync-offset", secs: options.syncOffsetSecs },
  ];
  // A speed is the replay's own: given to a follower it would make it leave the video.
  if (mode === "replay" && options.rate !== 1) {
    commands.push({ kind: "set-rate", rate: options.rate });
  }
  commands.push({ kind: "set-mode", mode });
  return commands;
}
