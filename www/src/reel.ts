/**
 * A reel: the list of an event's replays, asked for again and again while the event goes on.
 *
 * Always true: none is told of before the fan's own clock has reached its end; each is told once.
 * Source: FORMAT.md 2.9.
 */
import type { Announcement } from "./announcements.js";
import { urlFrom } from "./attributes.js";

/** Between two requests, at first and at most. */
const [PAUSE_MS_MIN, PAUSE_MS_MAX] = [1000, 10_000];
/** How much longer each pause is while nothing changes. */
const BACK_OFF = 1.5;

/** As much of a reel as may be there. */
interface Version {
  format?: unknown;
  version?: unknown;
  isOpen?: unknown;
  replays?: readonly Entry[];
}

/** As much of a replay of it as may be there. */
interface Entry {
  id?: unknown;
  title?: unknown;
  src?: unknown;
  poster?: unknown;
  startUnixMs?: number;
  durationSecs: number;
}

/** Follows one reel until closed. */
export class Reel {
  /** Those that the fan's clock has reached. */
  readonly reached: Announcement[] = [];
  readonly #url: string;
  readonly #tell: (replay: Announcement) => void;
  /** There may be another version, and it is wanted. */
  #isOpen = true;
  #entries: readonly Entry[] = [];
  #clockMs: number;

  /** `clockMs`: as for `reach`. */
  constructor(url: string, clockMs: number, tell: (replay: Announcement) => void) {
    this.#url = url;
    this.#clockMs = clockMs;
    this.#tell = tell;
    void this.#follow();
  }

  /** The fan's clock is at this programme date-time; `Infinity` where there is none to wait for. */
  reach(clockMs: number): void {
    this.#clockMs = clockMs;
    for (const { id, title, src, poster, startUnixMs, durationSecs } of this.#entries) {
      // Without a date there is nothing to wait for.
      const isOver = (startUnixMs ?? -Infinity) + durationSecs * 1000 <= clockMs;
      if (!isOver || this.reached.some((told) => told.id === id)) continue;
      const address = urlFrom(String(src), this.#url);
      if (typeof id !== "string" || address === null) continue;
      const picture = poster ? urlFrom(String(poster), this.#url) : null;
      const replay = { id, src: address, title: String(title ?? ""), poster: picture };
      this.reached.push(replay);
      this.#tell(replay);
    }
  }

  close(): void {
    this.#isOpen = false;
  }

  async #follow(): Promise<void> {
    let [last, pauseMs] = ["", PAUSE_MS_MIN];
    while (this.#isOpen) {
      const text = document.hidden ? last : await textAt(this.#url, last);
      pauseMs = Math.min(pauseMs * BACK_OFF, PAUSE_MS_MAX);
      if (this.#isOpen && text !== last) {
        [last, pauseMs] = [text, PAUSE_MS_MIN];
        this.#take(text);
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** Takes a version of the reel. */
  #take(text: string): void {
    try {
      const { format, version, isOpen, replays = [] } = JSON.parse(text) as Version;
      if (format !== "touchline-reel" || version !== 1) throw format;
      this.#entries = replays.filter(Boolean);
      this.#isOpen = isOpen === true;
      this.reach(this.#clockMs);
    } catch {
      // Perhaps half of one: the next is waited for.
      console.warn(`touchline-replay: no reel is at ${this.#url}`);
    }
  }
}

/** What is at `url` now; `last` without an answer, which is no news. */
function textAt(url: string, last: string): Promise<string> {
  return fetch(url, { cache: "no-cache" })
    .then((response) => (response.ok ? response.text() : last))
    .catch(() => last);
}
