/**
 * Replays that the host's stream announces: `EXT-X-DATERANGE` with our class and a pack's address.
 *
 * Always true: none is told of before the fan's own clock has reached its date; each is told once.
 * Source: RFC 8216bis 4.4.5.1. hls.js hands the ranges over with a playlist; a browser that plays
 * HLS itself, and Shaka, as cues of a metadata track, one for each attribute.
 */
import type { VideoSample } from "./messages.js";
import { detailsOf, type Dating } from "./programme-time.js";

/** `CLASS` of our ranges. */
const CLASS = "touchline-replay";
/** Attribute with the pack's absolute URL. */
const PACK = "X-TOUCHLINE-PACK";
/** Attribute with words for people. */
const TITLE = "X-TOUCHLINE-TITLE";

/** A replay that the fan may see now. */
export interface Announcement {
  /** Of the range in the playlist. */
  id: string;
  /** The pack, for the element's `src`. */
  src: string;
  /** For people; empty if the stream has none. */
  title: string;
  /** Picture to show for it, absolute; `null` if there is none. */
  poster?: string | null;
}

/** As much of hls.js's `DateRange` as is used here. */
export interface DateRangeLike {
  readonly id: string;
  readonly class: string;
  readonly startDate: Date;
  readonly attr: Readonly<Record<string, unknown>>;
}

/** As much of a video's text tracks as is used here. */
export interface CuedMedia {
  readonly textTracks?: Iterable<Pick<TextTrack, "kind" | "mode" | "cues">>;
}

/** A cue that carries data; browsers do not agree on its type. */
interface DataCue {
  readonly id: string;
  readonly startTime: number;
  readonly value?: { readonly key?: unknown; readonly data?: unknown };
}

/** Listens to one video's stream. */
export class Announcements {
  readonly #media: CuedMedia;
  readonly #dating: Dating;
  readonly #tell: (announcement: Announcement) => void;
  readonly #told = new Set<string>();

  constructor(media: CuedMedia, dating: Dating, tell: (announcement: Announcement) => void) {
    this.#media = media;
    this.#dating = dating;
    this.#tell = tell;
  }

  /** The fan's clock is at `sample`. */
  reach({ mediaSecs, unixMs, isSeeking }: VideoSample): void {
    if (isSeeking) return; // Not seen yet, and perhaps never.
    const { hls } = this.#dating;
    if (hls) this.#reachRanges(detailsOf(hls)?.dateRanges ?? {}, unixMs ?? -Infinity);
    else this.#reachCues(mediaSecs);
  }

  #reachRanges(ranges: Readonly<Record<string, DateRangeLike | undefined>>, unixMs: number): void {
    for (const range of Object.values(ranges)) {
      if (range?.class !== CLASS || !(range.startDate.getTime() <= unixMs)) continue;
      this.#announce(range.id, range.attr[PACK], range.attr[TITLE]);
    }
  }

  #reachCues(mediaSecs: number): void {
    for (const track of this.#media.textTracks ?? []) {
      if (track.kind !== "metadata") continue;
      if (track.mode === "disabled") track.mode = "hidden"; // Else it has no cues; nobody sees it.
      const cues = [...((track.cues ?? []) as Iterable<unknown>)] as DataCue[];
      const reached = cues.filter(({ startTime }) => startTime <= mediaSecs);
      for (const { id, startTime, value } of reached) {
        if (value?.key !== PACK) continue;
        const isTitle = (cue: DataCue): boolean =>
          cue.value?.key === TITLE && cue.id === id && cue.startTime === startTime;
        this.#announce(id, value.data, reached.find(isTitle)?.value?.data);
      }
    }
  }

  #announce(id: string, pack: unknown, title: unknown): void {
    const key = `${id} ${String(pack)}`;
    if (typeof pack !== "string" || !URL.canParse(pack) || this.#told.has(key)) return;
    this.#told.add(key);
    this.#tell({ id, src: pack, title: typeof title === "string" ? title : "" });
  }
}
