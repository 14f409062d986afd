/**
 * Goal: a moment of the host's video gets the programme date-time that the stream gives it.
 * Method: playlists as hls.js describes them, asked at, before and after each boundary.
 */
import { describe, expect, test } from "vitest";
import { programmeTime, timeInFragments } from "../src/programme-time.js";

const NOON_MS = Date.UTC(2026, 1, 14, 12);
const MEDIA = { currentTime: 20 };
const FRAGMENTS = [
  { start: 10, duration: 2, programDateTime: NOON_MS },
  { start: 12, duration: 2, programDateTime: NOON_MS + 2000 },
  // A discontinuity: an hour later.
  { start: 14, duration: 2, programDateTime: NOON_MS + 3_600_000 },
];

describe("by fragments", () => {
  test.each([
    ["the first instant", 10, NOON_MS],
    ["inside", 11.5, NOON_MS + 1500],
    ["a boundary belongs to the later one", 12, NOON_MS + 2000],
    ["a boundary, rounded down", 11.9995, NOON_MS + 1999.5],
    ["across a discontinuity", 14.04, NOON_MS + 3_600_040],
    ["the last one's end, rounded up", 16.5, NOON_MS + 3_602_500],
    ["before all", 9.9, null],
    ["beyond all", 18, null],
  ])("%s", (_name, mediaSecs, expected) => {
    const found = timeInFragments(FRAGMENTS, mediaSecs);
    if (expected === null) expect(found).toBeNull();
    else expect(found).toBeCloseTo(expected, 3);
  });

  test("no date, no time", () => {
    expect(timeInFragments([{ start: 0, duration: 2, programDateTime: null }], 1)).toBeNull();
    expect(timeInFragments([{ start: 0, duration: 2, programDateTime: NaN }], 1)).toBeNull();
    expect(timeInFragments([], 1)).toBeNull();
  });

  test("a long playlist is searched, not walked", () => {
    const long = Array.from({ length: 20_000 }, (_, index) => ({
      start: index * 2,
      duration: 2,
      programDateTime: NOON_MS + index * 2000,
    }));
    expect(timeInFragments(long, 31_415)).toBe(NOON_MS + 31_415_000);
  });
});

describe("by source", () => {
  test("the level that plays goes before the latest one", () => {
    const other = [{ start: 0, duration: 99, programDateTime: 0 }];
    const hls = {
      levels: [{ details: { fragments: other } }, { details: { fragments: FRAGMENTS } }],
      currentLevel: 1,
      latestLevelDetails: { fragments: other },
    };
    expect(programmeTime(MEDIA, { hls }, 11)).toBe(NOON_MS + 1000);
  });

  test("the latest one will do", () => {
    const hls = { levels: [], currentLevel: -1, latestLevelDetails: { fragments: FRAGMENTS } };
    expect(programmeTime(MEDIA, { hls }, 11)).toBe(NOON_MS + 1000);
    expect(programmeTime(MEDIA, { hls: { latestLevelDetails: null } }, 11)).toBeNull();
  });

  test("Safari's start date", () => {
    const safari = (startMs: number) => ({ ...MEDIA, getStartDate: () => new Date(startMs) });
    expect(programmeTime(safari(NOON_MS), {}, 3)).toBe(NOON_MS + 3000);
    expect(programmeTime(safari(NaN), {}, 3)).toBeNull();
    expect(programmeTime(MEDIA, {}, 3)).toBeNull();
  });

  test("Shaka's playhead, and the frame beside it", () => {
    const shaka = { getPlayheadTimeAsDate: () => new Date(NOON_MS) };
    expect(programmeTime(MEDIA, { shaka }, MEDIA.currentTime)).toBe(NOON_MS);
    expect(programmeTime(MEDIA, { shaka }, MEDIA.currentTime - 0.04)).toBe(NOON_MS - 40);
    expect(programmeTime(MEDIA, { shaka: { getPlayheadTimeAsDate: () => null } }, 3)).toBeNull();
  });

  test("the host's own clock goes before all", () => {
    const hls = { latestLevelDetails: { fragments: FRAGMENTS } };
    const clock = (mediaSecs: number): Date => new Date(mediaSecs * 1000);
    expect(programmeTime(MEDIA, { clock, hls }, 11)).toBe(11_000);
    expect(programmeTime(MEDIA, { clock: (mediaSecs) => mediaSecs * 2, hls }, 11)).toBe(22);
    expect(programmeTime(MEDIA, { clock: () => null, hls }, 11)).toBeNull();
  });
});
