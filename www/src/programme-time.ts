/**
 * Programme date-time of a moment of the host's video.
 *
 * A clock of the host's own goes before all. hls.js: by the fragment that holds the media time,
 * because `hls.playingDate` goes stale around seeks. Shaka: by the playhead's date. Safari's own
 * HLS: by `getStartDate()`. Elsewhere unknown.
 */

import type { DateRangeLike } from "./announcements.js";

/** As much of hls.js's `Fragment` as is used here. */
export interface FragmentLike {
  /** Media time, seconds. */
  readonly start: number;
  readonly duration: number;
  /** Milliseconds since 1970. */
  readonly programDateTime?: number | null;
}

/** As much of hls.js's `LevelDetails` as is used here. */
export interface LevelDetailsLike {
  readonly fragments: readonly FragmentLike[];
  readonly dateRanges?: Readonly<Record<string, DateRangeLike | undefined>>;
}

/** As much of `Hls` as is used here. */
export interface HlsLike {
  readonly latestLevelDetails?: LevelDetailsLike | null;
  readonly levels?: readonly { readonly details?: LevelDetailsLike | null }[];
  readonly currentLevel?: number;
}

/** As much of `shaka.Player` as is used here. */
export interface ShakaLike {
  /** Programme date-time of `currentTime`. */
  getPlayheadTimeAsDate(): Date | null;
}

/** The host's own clock: the programme date-time of a media time, in seconds; `null` if unknown. */
export type HostClock = (mediaSecs: number) => Date | number | null;

/** What knows the stream's programme date-times; of several the first of these. */
export interface Dating {
  clock?: HostClock | null;
  hls?: HlsLike | null;
  shaka?: ShakaLike | null;
}

/** A video that may be Safari's. */
export interface DatedMedia {
  readonly currentTime: number;
  getStartDate?(): Date;
}

/** Milliseconds since 1970 of `mediaSecs`; `null` if unknown. */
export function programmeTime(
  media: DatedMedia,
  { clock, hls, shaka }: Dating,
  mediaSecs: number,
): number | null {
  if (clock) return finite(Number(clock(mediaSecs) ?? NaN));
  if (hls) return timeInFragments(detailsOf(hls)?.fragments ?? [], mediaSecs);
  const sinceSecs = shaka ? mediaSecs - media.currentTime : mediaSecs;
  // `NaN` before the metadata is there.
  const date = shaka ? shaka.getPlayheadTimeAsDate() : media.getStartDate?.();
  return finite((date?.getTime() ?? NaN) + sinceSecs * 1000);
}

function finite(unixMs: number): number | null {
  return Number.isFinite(unixMs) ? unixMs : null;
}

/** The playlist that plays, or the latest one. */
export function detailsOf(hls: HlsLike): LevelDetailsLike | null | undefined {
  return hls.levels?.[hls.currentLevel ?? -1]?.details ?? hls.latestLevelDetails;
}

/** By the last fragment that starts at or before `mediaSecs`; `fragments` grow in `start`. */
export function timeInFragments(
  fragments: readonly FragmentLike[],
  mediaSecs: number,
): number | null {
  let [low, high] = [0, fragments.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const start = fragments[middle]?.start ?? Infinity;
    if (start <= mediaSecs + START_TOLERANCE_SECS) low = middle + 1;
    else high = middle;
  }
  const fragment = fragments[low - 1];
  const date = fragment?.programDateTime;
  if (fragment === undefined || typeof date !== "number" || !Number.isFinite(date)) return null;
  const intoSecs = mediaSecs - fragment.start;
  return intoSecs <= fragment.duration + GAP_SECS_MAX ? date + intoSecs * 1000 : null;
}

/** Rounding of media times: a frame on a boundary belongs to the later fragment. */
const START_TOLERANCE_SECS = 0.001;
/** Playlist durations are rounded; a longer gap is a hole that has no date. */
const GAP_SECS_MAX = 1;
