/**
 * The host's clock where no video is at hand: motion vectors through a port, as a page posts them
 * to the frame that the replay is in.
 *
 * A vector says where the clock is at an instant and how fast it goes on; it holds until the next.
 * Always true: what is no vector changes nothing.
 * Source: position, velocity and timestamp of the W3C's Timing Object,
 * <https://webtiming.github.io/timingobject/>.
 */
import type { VideoSample } from "./messages.js";

/** Where a clock is, and how it goes on. One of `positionMs` and `unixMs` is there. */
export interface MotionVector {
  /** Media time, milliseconds. */
  positionMs?: number | null;
  /** Programme date-time, milliseconds since 1970. */
  unixMs?: number | null;
  /** Seconds a second; 0 stands. */
  rate: number;
  /** When it is there: `performance.timeOrigin + performance.now()`, which frames share. */
  atMs: number;
  /** When this was posted, by the same clock: lets clocks that differ be told from slow posts. */
  sentAtMs?: number | null;
  /** On its way to another place. */
  isSeeking?: boolean;
}

/** Hears of a clock; `null`: there is none any more. */
export type ClockListener = (sample: VideoSample | null) => void;

/** As often, a vector that still holds is told of: the engine believes no clock that is silent. */
const REPEAT_MS = 200;
/** The quickest of many posts takes less; what seems to take longer comes from another clock. */
const POST_MS_MAX = 50;
/** As `Date` has it. */
const TIME_MS_MAX = 8.64e15;
/** As fast as browsers play. */
const RATE_MAX = 16;

/** Reads a port for as long as that lives; tells of it between `watch` and `close`. */
export class VectorClock {
  #vector: MotionVector | null = null;
  #tell: ClockListener | null = null;
  #leastDelayMs = Infinity;
  #hasWarned = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(port: MessagePort) {
    port.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (data === null || isVector(data)) this.#take(data);
      else if (!this.#hasWarned) {
        this.#hasWarned = true;
        console.warn("touchline-replay: this is no motion vector:", data);
      }
    });
    port.start();
  }

  /** Tells of the clock from now on. */
  watch(tell: ClockListener): this {
    this.#tell = tell;
    this.refresh();
    return this;
  }

  /** Tells where the clock is now. */
  refresh(): void {
    this.#sample(nowMs());
  }

  /** Tells no more. */
  close(): void {
    this.#tell = null;
    clearTimeout(this.#timer);
  }

  #take(vector: MotionVector | null): void {
    this.#vector = vector;
    if (vector === null) {
      clearTimeout(this.#timer);
      this.#tell?.(null);
      return;
    }
    const { atMs, sentAtMs } = vector;
    if (sentAtMs != null) {
      this.#leastDelayMs = Math.min(this.#leastDelayMs, nowMs() - sentAtMs);
    }
    this.#sample(atMs + this.#skewMs);
  }

  /** What our clock is ahead of the sender's. */
  get #skewMs(): number {
    const delayMs = this.#leastDelayMs;
    return (delayMs >= 0 && delayMs <= POST_MS_MAX) || delayMs === Infinity ? 0 : delayMs;
  }

  /** Tells where the clock is at an instant, and again after a while if it goes on. */
  #sample(shownAtMs: number): void {
    clearTimeout(this.#timer);
    const [vector, tell] = [this.#vector, this.#tell];
    if (vector === null || tell === null) return;
    const { positionMs, unixMs, rate, isSeeking = false } = vector;
    const sinceMs = isSeeking ? 0 : rate * (shownAtMs - vector.atMs - this.#skewMs);
    tell({
      mediaSecs: ((positionMs ?? NaN) + sinceMs) / 1000,
      unixMs: unixMs == null ? null : unixMs + sinceMs,
      shownAtMs,
      rate,
      isPaused: rate === 0,
      isSeeking,
    });
    if (rate !== 0) this.#timer = setTimeout(() => this.refresh(), REPEAT_MS);
  }
}

/** The instant that vectors go by. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

function isVector(data: unknown): data is MotionVector {
  if (typeof data !== "object" || data === null) return false;
  const { positionMs, unixMs, rate, atMs, sentAtMs } = data as Record<string, unknown>;
  const isWithin = (value: unknown, max: number): boolean =>
    typeof value === "number" && Math.abs(value) <= max;
  const isTime = (value: unknown): boolean => isWithin(value, TIME_MS_MAX);
  const isRest = [positionMs, unixMs, sentAtMs].every((value) => value == null || isTime(value));
  return isRest && isTime(positionMs ?? unixMs) && isTime(atMs) && isWithin(rate, RATE_MAX);
}
