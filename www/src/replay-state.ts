/**
 * What the engine has said so far, and the media-like events that follow from it.
 *
 * Always true: it touches no page; the same notices give the same events.
 */
import type { Notice, Opened, PlayState, State, Stats, SyncState, View } from "./messages.js";
import { TouchlineError } from "./errors.js";

/** An event to dispatch. */
export interface ReplayEvent {
  type: string;
  detail?: unknown;
}

/** As often as browsers do at most; `frame` is there for those who need each. */
const TIMEUPDATE_MS = 100;
/** Frames; clocks of pages and engines round differently. */
const SEEK_TOLERANCE_FRAMES = 1.5;

/** The state of one opening. */
export class ReplayState {
  opened: Opened | null = null;
  state: State | null = null;
  stats: Stats | null = null;
  view: View | null = null;
  sync: SyncState = "lost";
  /** The fatal one. */
  error: TouchlineError | null = null;
  /** Where a seek under way goes, seconds. */
  seekTarget: number | null = null;
  /** The fan's hands moved the camera last; else a preset or the page did. */
  isByFan = false;
  #timeupdateAtMs = -Infinity;
  #syncErrorMs: number | null = null;

  /** Seconds; where a seek goes while it is under way. */
  get currentTime(): number {
    return this.seekTarget ?? this.state?.positionSecs ?? 0;
  }

  /** Whether the first picture is on screen. */
  get hasPicture(): boolean {
    return this.state !== null && this.state.frame !== null;
  }

  /** Playing, or would if frames were there. */
  get isPaused(): boolean {
    return !isMoving(this.state?.playState);
  }

  /** As `HTMLMediaElement.readyState`. */
  get readyState(): number {
    if (this.opened === null || this.error !== null) return 0;
    if (!this.hasPicture) return 1;
    if (this.state?.playState === "waiting") return 2;
    const at = this.currentTime;
    const ahead = this.state?.buffered.find(([start, end]) => start <= at && at <= end);
    const end = this.opened.durationSecs - 0.5 / this.opened.frameRate;
    return ahead !== undefined && ahead[1] >= end ? 4 : 3;
  }

  /** A seek has been asked for. */
  seek(secs: number): ReplayEvent[] {
    this.seekTarget = Math.min(Math.max(secs, 0), this.opened?.durationSecs ?? secs);
    return [{ type: "seeking" }];
  }

  /** Takes a notice; returns the events that follow, in order. */
  absorb(notice: Notice, nowMs: number): ReplayEvent[] {
    switch (notice.kind) {
      case "started":
      case "request": // The page's answer is for the engine alone.
        return [];
      case "opened":
        this.opened = notice;
        return [{ type: "durationchange" }, { type: "loadedmetadata" }];
      case "grown":
        this.opened &&= { ...this.opened, ...notice };
        return [{ type: "durationchange" }];
      case "state":
        return this.#absorbState(notice, nowMs);
      case "sync": {
        this.sync = notice.state;
        const { state, source } = notice;
        return [{ type: "sync-change", detail: { state, source, errorMs: this.#syncErrorMs } }];
      }
      case "camera": {
        this.view = notice.viewpoint;
        const source = this.isByFan ? "user-interaction" : "none";
        return [{ type: "camera-change", detail: { view: notice.viewpoint, source } }];
      }
      case "problem": {
        const error = new TouchlineError(notice);
        if (error.fatal) this.error = error;
        return [{ type: "error", detail: error }];
      }
      case "device-lost": {
        const { reason, isRecovered } = notice;
        return [{ type: "device-lost", detail: { reason, recovered: isRecovered } }];
      }
      case "stats":
        this.stats = notice;
        this.#syncErrorMs = notice.syncErrorMs;
        return [];
    }
  }

  #absorbState(next: State, nowMs: number): ReplayEvent[] {
    const last = this.state;
    const events: ReplayEvent[] = [];
    const tell = (type: string, detail?: unknown): void => void events.push({ type, detail });
    this.state = next;

    if (next.mode !== (last?.mode ?? next.mode)) tell("mode-change", { mode: next.mode });
    if (next.frame !== null && (last?.frame ?? null) === null) {
      tell("loadeddata");
      tell("canplay");
    }
    if (last !== null && next.rate !== last.rate) tell("ratechange");
    if (String(next.points) !== String(last?.points ?? null)) tell("points-change");
    for (const type of transitions(last?.playState ?? "loading", next.playState)) tell(type);
    const isSeeked = this.#isSeekDone(next);
    if (isSeeked) this.seekTarget = null;

    const isElsewhere = next.positionSecs !== last?.positionSecs;
    const isStanding = !isMoving(next.playState);
    const isDue = isStanding || nowMs - this.#timeupdateAtMs >= TIMEUPDATE_MS;
    if (isSeeked || (isElsewhere && isDue)) {
      this.#timeupdateAtMs = nowMs;
      tell("timeupdate");
    }
    if (isSeeked) tell("seeked");
    return events;
  }

  /** The picture of the target is there, or that of a moment after it. */
  #isSeekDone(next: State): boolean {
    const target = this.seekTarget;
    if (target === null || next.frame === null || next.isSeeking) return false;
    if (next.playState === "waiting" || next.playState === "loading") return false;
    const frameSecs = 1 / (this.opened?.frameRate ?? 1);
    const isNear = Math.abs(next.positionSecs - target) <= SEEK_TOLERANCE_FRAMES * frameSecs;
    return isNear || next.mode === "follow";
  }
}

function isMoving(state: PlayState | undefined): boolean {
  return state === "playing" || state === "waiting";
}

/** The events between two play states, as a media element has them. */
export function transitions(last: PlayState, next: PlayState): string[] {
  if (last === next) return [];
  const events: string[] = [];
  if (!isMoving(last) && isMoving(next)) events.push("play");
  if (isMoving(last) && !isMoving(next)) events.push("pause");
  if (next === "playing" || next === "waiting" || next === "ended") events.push(next);
  return events;
}
