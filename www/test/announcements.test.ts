/**
 * Goal: the fan hears of every replay that the stream announces, once, and never too early.
 * Method: playlists as hls.js hands them over and cues as browsers make them, at several instants.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { type Announcement, Announcements } from "../src/announcements.js";
import type { VideoSample } from "../src/messages.js";

const NOON_MS = Date.UTC(2026, 1, 14, 12);
const PACK = "https://example.com/goal/";

let told: Announcement[];
const tell = (announcement: Announcement): number => told.push(announcement);
beforeEach(() => {
  told = [];
});

const at = (mediaSecs: number, more: Partial<VideoSample> = {}): VideoSample => ({
  mediaSecs,
  unixMs: NOON_MS + mediaSecs * 1000,
  shownAtMs: 0,
  rate: 1,
  isPaused: false,
  isSeeking: false,
  ...more,
});

describe("in a playlist of hls.js", () => {
  const range = (id: string, secs: number, more = {}) => ({
    id,
    class: "touchline-replay",
    startDate: new Date(NOON_MS + secs * 1000),
    attr: { "X-TOUCHLINE-PACK": PACK + id, "X-TOUCHLINE-TITLE": `Goal ${id}` },
    ...more,
  });
  const listen = (...ranges: ReturnType<typeof range>[]): Announcements => {
    const dateRanges = Object.fromEntries(ranges.map((range) => [range.id, range]));
    const hls = { latestLevelDetails: { fragments: [], dateRanges } };
    return new Announcements({}, { hls }, tell);
  };

  test("each is told of once, when it is reached", () => {
    const announcements = listen(range("a", 10), range("b", 20));
    announcements.reach(at(9.9));
    expect(told).toEqual([]);
    announcements.reach(at(10));
    announcements.reach(at(10.04));
    announcements.reach(at(5));
    announcements.reach(at(19));
    expect(told).toEqual([{ id: "a", src: `${PACK}a`, title: "Goal a" }]);
    announcements.reach(at(25));
    expect(told.map(({ id }) => id)).toEqual(["a", "b"]);
  });

  test("a seek on its way says nothing, nor does a stream without dates", () => {
    const announcements = listen(range("a", 10));
    announcements.reach(at(30, { isSeeking: true }));
    announcements.reach(at(30, { unixMs: null }));
    expect(told).toEqual([]);
  });

  test("others' ranges and addresses that are none are passed over", () => {
    const announcements = listen(
      range("a", 0, { class: "com.example.ad" }),
      range("b", 0, { attr: {} }),
      range("c", 0, { attr: { "X-TOUCHLINE-PACK": "nowhere" } }),
      range("d", 0, { startDate: new Date(NaN) }),
      range("e", 0, { attr: { "X-TOUCHLINE-PACK": PACK } }),
    );
    announcements.reach(at(60));
    expect(told).toEqual([{ id: "e", src: PACK, title: "" }]);
  });
});

describe("in cues of a metadata track", () => {
  const cue = (id: string, startTime: number, key: string, data: string) => ({
    id,
    startTime,
    value: { key, data },
  });

  test("a track that slept is woken, and its cues are told of as they are reached", () => {
    const cues = [
      cue("a", 10, "X-TOUCHLINE-TITLE", "Goal"),
      cue("a", 10, "X-TOUCHLINE-PACK", PACK),
      cue("x", 10, "X-OTHER", "https://example.com/other"),
      cue("b", 20, "X-TOUCHLINE-PACK", PACK),
    ];
    const track = { kind: "metadata", mode: "disabled", cues } as unknown as TextTrack;
    const words = { kind: "subtitles", mode: "disabled", cues: null } as TextTrack;
    const announcements = new Announcements({ textTracks: [words, track] }, {}, tell);
    announcements.reach(at(9));
    expect([track.mode, words.mode]).toEqual(["hidden", "disabled"]);
    expect(told).toEqual([]);
    announcements.reach(at(12));
    expect(told).toEqual([{ id: "a", src: PACK, title: "Goal" }]);
    announcements.reach(at(20));
    expect(told.map(({ id }) => id)).toEqual(["a", "b"]);
  });
});
