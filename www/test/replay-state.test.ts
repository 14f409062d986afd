/**
 * Goal: the engine's notices become the events that a media element would fire, each once.
 * Method: sequences of notices, and the types of what follows.
 */
import { beforeEach, describe, expect, test } from "vitest";
import type { Notice, PlayState, State } from "../src/messages.js";
import { ReplayState, transitions } from "../src/replay-state.js";

const OPENED: Notice = {
  kind: "opened",
  title: "Penalty",
  durationSecs: 8,
  frameCount: 200,
  frameRate: 25,
  startUnixMs: null,
  poster: null,
  tracks: [],
  presets: [],
};
const STANDING: State = {
  playState: "paused",
  isSeeking: false,
  mode: "replay",
  positionSecs: 0,
  frame: 0,
  layer: null,
  rendition: null,
  rate: 1,
  isLooping: false,
  points: null,
  isBeforeStart: false,
  selectedTracks: [],
  buffered: [[0, 8]],
};

let state: ReplayState;
let nowMs: number;

beforeEach(() => {
  state = new ReplayState();
  nowMs = 0;
  hear(OPENED);
});

function hear(notice: Notice): string[] {
  nowMs += 40;
  return state.absorb(notice, nowMs).map(({ type }) => type);
}

function drawn(change: Partial<State> = {}): string[] {
  return hear({ kind: "state", ...STANDING, ...change });
}

test.each<[PlayState, PlayState, string[]]>([
  ["loading", "paused", []],
  ["paused", "playing", ["play", "playing"]],
  ["playing", "waiting", ["waiting"]],
  ["waiting", "playing", ["playing"]],
  ["playing", "paused", ["pause"]],
  ["playing", "ended", ["pause", "ended"]],
  ["ended", "playing", ["play", "playing"]],
  ["paused", "waiting", ["play", "waiting"]],
  ["playing", "playing", []],
])("%s to %s", (last, next, events) => {
  expect(transitions(last, next)).toEqual(events);
});

test("a replay that is still being made grows in place", () => {
  drawn();
  expect(hear({ kind: "grown", durationSecs: 9, frameCount: 225 })).toEqual(["durationchange"]);
  expect(state.opened).toMatchObject({ durationSecs: 9, frameCount: 225, title: "Penalty" });
  expect(state.readyState, "its new end is not here yet").toBe(3);
  state.seek(99);
  expect(state.currentTime).toBe(9);
});

describe("readiness", () => {
  test("grows with what is there", () => {
    expect(new ReplayState().readyState).toBe(0);
    expect(state.readyState).toBe(1);
    drawn({ frame: null, playState: "loading" });
    expect(state.readyState).toBe(1);
    expect(drawn({ buffered: [[0, 2]] })).toEqual(["loadeddata", "canplay"]);
    expect(state.readyState).toBe(3);
    drawn();
    expect(state.readyState).toBe(4);
    drawn({ playState: "waiting" });
    expect(state.readyState).toBe(2);
  });

  test("a fatal problem ends it, another does not", () => {
    drawn();
    const problem = { code: 1404, message: "", url: null, httpStatus: 404 };
    expect(hear({ kind: "problem", ...problem, isFatal: false })).toEqual(["error"]);
    expect(state.error).toBeNull();
    hear({ kind: "problem", ...problem, isFatal: true });
    expect(state.error).toMatchObject({ code: 1404, category: "network", fatal: true });
    expect(state.readyState).toBe(0);
  });
});

describe("seeking", () => {
  beforeEach(() => void drawn());

  test("ends with the picture of its target", () => {
    expect(state.seek(4)).toEqual([{ type: "seeking" }]);
    expect(state.currentTime).toBe(4);
    expect(drawn()).not.toContain("seeked"); // Still on its way from the engine.
    expect(drawn({ positionSecs: 4, playState: "waiting" })).not.toContain("seeked");
    expect(drawn({ positionSecs: 4, frame: 100 })).toEqual(["pause", "timeupdate", "seeked"]);
    expect(state.seekTarget).toBeNull();
  });

  test("stays inside", () => {
    state.seek(99);
    expect(state.currentTime).toBe(8);
    state.seek(-1);
    expect(state.currentTime).toBe(0);
  });

  test("is over when the video leads again", () => {
    state.seek(4);
    expect(drawn({ mode: "follow", positionSecs: 1 })).toContain("seeked");
  });
});

test("time is told ten times a second while playing, and always when it stops", () => {
  drawn();
  const told = Array.from({ length: 25 }, (_, frame) =>
    drawn({ playState: "playing", frame, positionSecs: (frame + 1) / 25 }),
  );
  const count = told.flat().filter((type) => type === "timeupdate").length;
  expect(count).toBeGreaterThanOrEqual(8);
  expect(count).toBeLessThanOrEqual(10);
  expect(drawn({ positionSecs: 1.04, frame: 26 })).toEqual(["pause", "timeupdate"]);
});

test("who leads and how fast is told when it changes", () => {
  drawn();
  expect(drawn({ mode: "follow" })).toEqual(["mode-change"]);
  expect(drawn({ mode: "follow", rate: 0.5 })).toEqual(["ratechange"]);
  expect(drawn({ mode: "follow", rate: 0.5, points: [1, 2] })).toEqual(["points-change"]);
  expect(drawn({ mode: "follow", rate: 0.5, points: [1, 2] })).toEqual([]);
});
