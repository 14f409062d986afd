/**
 * Goal: a replay that is closed at any moment goes on where it was, or was on its way to.
 * Method: commands and notices in the orders that happen, and what would be gone on with.
 */
import { beforeEach, expect, test } from "vitest";
import type { Command, Notice, State, View } from "../src/messages.js";
import { ReplayState } from "../src/replay-state.js";
import { Asked, type Resume } from "../src/resume.js";

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
  selectedTracks: ["points"],
  buffered: [[0, 8]],
};
const START: View = {
  target: [0, 1, 0],
  yawRadians: 0,
  pitchRadians: 0.1,
  distanceMetres: 4,
  fovYRadians: 0.8,
};
const ASIDE: View = { ...START, yawRadians: 0.9 };
const JUMP: Command = { kind: "go-to-viewpoint", viewpoint: ASIDE, secs: 0 };

let state: ReplayState;
let asked: Asked;

beforeEach(() => {
  state = new ReplayState();
  asked = new Asked();
});

function hear(...notices: Notice[]): void {
  for (const notice of notices) {
    state.absorb(notice, 0);
    asked.absorb(notice);
  }
}

function drawn(change: Partial<State> = {}): Notice {
  return { kind: "state", ...STANDING, ...change };
}

function seen(viewpoint: View): Notice {
  return { kind: "camera", viewpoint };
}

function resume(): Resume {
  const resume = asked.resume(state);
  if (resume === null) throw new Error("nothing to go on with");
  return resume;
}

test("before it is open there is nothing to go on with", () => {
  hear(drawn({ playState: "loading", frame: null }));
  expect(asked.resume(state)).toBeNull();
  hear(OPENED);
  expect(asked.resume(state)).not.toBeNull();
});

test("a jump counts before the engine has made it", () => {
  hear(OPENED, drawn());
  asked.ask(JUMP);
  hear(drawn(), seen(START));
  expect(resume().view).toEqual(ASIDE);
  expect(asked.view).toEqual(ASIDE);
});

test("once made, the engine's word counts again", () => {
  hear(OPENED, drawn());
  asked.ask(JUMP);
  hear(seen(ASIDE), seen(START));
  expect(asked.view).toBeNull();
  expect(resume().view).toEqual(START);
});

test.for<Command>([
  { kind: "orbit", yaw: 0.1, pitch: 0 },
  { kind: "go-to-preset", id: "goal" },
  { kind: "go-to-viewpoint", viewpoint: START, secs: 1 },
])("$kind takes the place of a jump", (command) => {
  hear(OPENED, drawn(), seen(START));
  asked.ask(JUMP);
  asked.ask(command);
  expect(resume().view).toEqual(START);
});

test("time, speed, tracks and play count before the engine has taken them over", () => {
  hear(OPENED, drawn());
  state.seek(5);
  for (const command of [
    { kind: "seek", secs: 5 },
    { kind: "set-rate", rate: 0.5 },
    { kind: "select-track", id: "mesh" },
    { kind: "play" },
  ] satisfies Command[]) {
    asked.ask(command);
  }
  hear(drawn());
  expect(resume()).toMatchObject({ secs: 5, rate: 0.5, isPlaying: true, mode: "replay" });
  expect(resume().tracks.at(-1)).toBe("mesh");
  hear(drawn({ playState: "playing", positionSecs: 5, rate: 0.5, selectedTracks: ["mesh"] }));
  hear(drawn({ positionSecs: 6, frame: 150 }));
  expect(resume()).toMatchObject({ secs: 6, rate: 1, isPlaying: false, tracks: ["points"] });
});

test("in and out point count before the engine has set them to its frames", () => {
  hear(OPENED, drawn());
  asked.ask({ kind: "set-points", points: [2.01, 4] });
  hear(drawn());
  expect(resume().points).toEqual([2.01, 4]);
  hear(drawn({ points: [2, 4] }));
  expect(resume().points).toEqual([2, 4]);
  asked.ask({ kind: "set-points", points: null });
  expect(resume().points).toBeNull();
});

test("the fan's transport takes over from the video at once", () => {
  hear(OPENED, drawn({ mode: "follow", playState: "playing" }));
  expect(resume()).toMatchObject({ mode: "follow", isPlaying: true });
  asked.ask({ kind: "pause" });
  expect(resume()).toMatchObject({ mode: "replay", isPlaying: false });
  asked.ask({ kind: "set-mode", mode: "follow" });
  expect(resume().mode).toBe("follow");
});

test("played to its end, it does not play", () => {
  hear(OPENED, drawn());
  asked.ask({ kind: "play" });
  hear(drawn({ playState: "ended" }));
  expect(resume().isPlaying).toBe(false);
});
