/**
 * Programme date-time of a moment of the host's video.
 *
 * hls.js: by the fragment that holds the media time, because `hls.playingDate` goes stale around
 * seeks. Safari's own HLS: by `getStartDate()`. Elsewhere unknown.
 */

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
}

/** As much of `Hls` as is used here. */
export interface HlsLike {
  readonly latestLevelDetails?: LevelDetailsLike | null;
  readonly levels?: readonly { readonly details?: LevelDetailsLike | null }[];
  readonly currentLevel?: number;
}

/** A video that may be Safari's. */
export interface DatedMedia {
  getStartDate?(): Date;
}

/** Milliseconds since 1970 of `mediaSecs`; `null` if unknown. */
export function programmeTime(
  media: DatedMedia,
  hls: HlsLike | null,
  mediaSecs: number,
): number | null {
  if (hls !== null) return timeInFragments(fragmentsOf(hls), mediaSecs);
  const startMs = media.getStartDate?.().getTime() ?? NaN; // NaN before the metadata is there.
  return Number.isFinite(startMs) ? startMs + mediaSecs * 1000 : null;
}

function fragmentsOf(hls: HlsLike): readonly FragmentLike[] {
  const details = hls.levels?.[hls.currentLevel ?? -1]?.details ?? hls.latestLevelDetails;
  return details?.fragments ?? [];
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
