/**
 * Samples the host's video: which frame is on screen, since when, how fast it goes on.
 *
 * Always true: it only looks; it never seeks, pauses or re-rates what belongs to the host.
 * Source: the notes on `requestVideoFrameCallback` at <https://wicg.github.io/video-rvfc/>;
 * `mediaTime` is the only exact time of a frame, `currentTime` runs on between frames.
 */
import type { CuedMedia } from "./announcements.js";
import type { VideoSample } from "./messages.js";
import { programmeTime, type DatedMedia, type Dating } from "./programme-time.js";

/** As much of a video as is used here; one from another frame or a wrapper will do. */
export type HostMedia = EventTarget &
  DatedMedia &
  CuedMedia &
  Pick<
    HTMLMediaElement,
    | "currentTime"
    | "duration"
    | "ended"
    | "paused"
    | "playbackRate"
    | "readyState"
    | "seeking"
  > &
  Partial<Pick<HTMLVideoElement, "requestVideoFrameCallback" | "cancelVideoFrameCallback">>;

/** Without frames for so long (another tab, AirPlay), `timeupdate` must do. */
const SILENCE_SECS = 0.5;

const { HAVE_FUTURE_DATA } = globalThis.HTMLMediaElement ?? { HAVE_FUTURE_DATA: 3 };

/** Watches one video until closed. */
export class VideoClock {
  readonly #media: HostMedia;
  readonly #dating: Dating;
  readonly #send: (sample: VideoSample) => void;
  readonly #listening = new AbortController();
  /** The frame on screen, where its time is known exactly. */
  #frameSecs: number | null = null;
  /** When a frame was last told of. */
  #toldAtMs = -Infinity;
  #isStalled = false;
  #request = 0;

  constructor(media: HostMedia, dating: Dating, send: (sample: VideoSample) => void) {
    this.#media = media;
    this.#dating = dating;
    this.#send = send;
    this.#listen();
    this.#await();
    this.refresh();
  }

  /** Says again what is on screen: somebody else listens now. */
  refresh(): void {
    if (this.#media.readyState > 0) this.#sampleNow();
  }

  /** Looks no more. */
  close(): void {
    this.#listening.abort();
    if (this.#media.cancelVideoFrameCallback) this.#media.cancelVideoFrameCallback(this.#request);
    else cancelAnimationFrame(this.#request);
  }

  #listen(): void {
    const on = (names: string[], listener: () => void): void => {
      const { signal } = this.#listening;
      for (const name of names) this.#media.addEventListener(name, listener, { signal });
    };
    on(["seeking", "emptied", "loadedmetadata"], () => {
      this.#frameSecs = null; // What was on screen says nothing about what comes.
      this.#sampleNow();
    });
    on(["waiting"], () => {
      this.#isStalled = true;
      this.#sampleNow();
    });
    on(["playing"], () => {
      this.#isStalled = false;
      this.#frameSecs = null;
      this.#sampleNow();
    });
    on(["ratechange"], () => {
      if (!this.#media.paused) this.#frameSecs = null; // It has run on since.
      this.#sampleNow();
    });
    on(["pause", "ended", "seeked"], () => this.#sampleNow());
    on(["timeupdate"], () => {
      const isSilent = performance.now() - this.#toldAtMs > SILENCE_SECS * 1000;
      // A frame that stands is told of once.
      if (!isSilent || (this.#media.paused && this.#frameSecs !== null)) return;
      this.#frameSecs = null;
      this.#sampleNow();
    });
  }

  /** Waits for the next frame. */
  #await(): void {
    if (this.#media.requestVideoFrameCallback) {
      this.#request = this.#media.requestVideoFrameCallback((_now, frame) => {
        const mediaSecs = withinLoop(frame.mediaTime, this.#media.duration);
        this.#frameSecs = mediaSecs;
        this.#toldAtMs = performance.now();
        this.#isStalled = false;
        this.#sample(mediaSecs, frame.expectedDisplayTime);
        this.#await();
      });
      return;
    }
    let lastSecs = -1;
    const look = (): void => {
      this.#request = requestAnimationFrame(look);
      if (this.#media.currentTime === lastSecs) return;
      lastSecs = this.#media.currentTime;
      this.#toldAtMs = performance.now();
      this.#isStalled = false;
      this.#sampleNow();
    };
    this.#request = requestAnimationFrame(look);
  }

  #sampleNow(): void {
    this.#sample(this.#frameSecs ?? this.#media.currentTime, performance.now());
  }

  #sample(mediaSecs: number, shownAtMs: number): void {
    const media = this.#media;
    const isStarved = media.readyState < HAVE_FUTURE_DATA && !media.ended;
    this.#send({
      mediaSecs,
      unixMs: programmeTime(media, this.#dating, mediaSecs),
      shownAtMs: performance.timeOrigin + shownAtMs,
      rate: media.playbackRate,
      isPaused: media.paused || media.ended || this.#isStalled || (isStarved && !media.seeking),
      isSeeking: media.seeking,
    });
  }
}

/**
 * The place in a video of `durationSecs` that a frame of `mediaSecs` shows.
 *
 * Firefox counts on where a video with `loop` starts again, and no frame starts at its end.
 */
export function withinLoop(mediaSecs: number, durationSecs: number): number {
  const isBeyond = Number.isFinite(durationSecs) && durationSecs > 0 && mediaSecs >= durationSecs;
  return isBeyond ? mediaSecs % durationSecs : mediaSecs;
}
