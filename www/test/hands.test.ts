/**
 * Goal: gestures and keys move the camera by what the hand meant.
 * Method: single steps of fingers, wheels and keys against the command or number they stand for.
 */
import { describe, expect, test } from "vitest";
import { moveFrom, pinchFactor, turnFrom, wheelFactor } from "../src/gesture-math.js";
import { intentOf, type KeyPress } from "../src/keys.js";
import { nextRate } from "../src/rates.js";

const SIZE = { width: 400, height: 200 };
const HERE = { x: 100, y: 100 };

describe("drags", () => {
  test("half a turn across the shorter side, the picture under the finger", () => {
    const turn = turnFrom(HERE, { x: 300, y: 100 }, SIZE);
    expect(turn.yaw).toBeCloseTo(-Math.PI); // The eye goes left where the picture goes right.
    expect(turn.pitch).toBeCloseTo(0);
    expect(turnFrom(HERE, { x: 100, y: 150 }, SIZE).pitch).toBeCloseTo(Math.PI / 4);
  });

  test("a move is in heights of the picture", () => {
    expect(moveFrom(HERE, { x: 200, y: 150 }, SIZE)).toEqual({ right: -0.5, up: 0.25 });
  });

  test("a picture without size divides by nothing", () => {
    const turn = turnFrom(HERE, { x: 101, y: 100 }, { width: 0, height: 0 });
    expect(Number.isFinite(turn.yaw)).toBe(true);
  });

  test("a pinch is the ratio of distances", () => {
    const other = { x: 200, y: 100 };
    expect(pinchFactor([HERE, other], [HERE, { x: 300, y: 100 }])).toBe(0.5);
    expect(pinchFactor([HERE, HERE], [HERE, HERE])).toBe(1);
  });
});

test.each([
  ["a notch away", { deltaY: 100, deltaMode: 0, ctrlKey: false }, Math.exp(0.15)],
  ["a notch towards", { deltaY: -100, deltaMode: 0, ctrlKey: false }, Math.exp(-0.15)],
  ["three lines", { deltaY: 3, deltaMode: 1, ctrlKey: false }, Math.exp(0.072)],
  ["a pinch on a trackpad", { deltaY: -4, deltaMode: 0, ctrlKey: true }, Math.exp(-0.04)],
  ["a wheel with Ctrl is a wheel", { deltaY: 100, deltaMode: 0, ctrlKey: true }, Math.exp(0.15)],
  ["a burst is held", { deltaY: 1e6, deltaMode: 2, ctrlKey: false }, Math.exp(0.3)],
])("%s", (_name, wheel, factor) => {
  expect(wheelFactor(wheel)).toBeCloseTo(factor);
});

describe("keys", () => {
  const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
    key,
    altKey: false,
    ctrlKey: false,
    metaKey: false,
    shiftKey: false,
    ...more,
  });
  const command = (pressed: KeyPress): unknown => {
    const intent = intentOf(pressed, true);
    return intent?.kind === "send" ? intent.command : null;
  };

  test("arrows orbit, finely with Alt, and move with Shift", () => {
    const degrees = (value: number): number => (value * Math.PI) / 180;
    expect(command(press("ArrowRight"))).toEqual({ kind: "orbit", yaw: degrees(15), pitch: 0 });
    const fine = { kind: "orbit", yaw: 0, pitch: -degrees(1) };
    const still = { yaw: expect.closeTo(0) };
    expect(command(press("ArrowDown", { altKey: true }))).toEqual({ ...fine, ...still });
    const up = { kind: "pan", right: 0, up: 0.08 };
    expect(command(press("ArrowUp", { shiftKey: true }))).toEqual(up);
  });

  test.each(["+", "=", "PageUp"])("%s comes nearer", (key) => {
    expect(command(press(key))).toEqual({ kind: "zoom", factor: 0.8 });
  });

  test.each([
    ["k", { kind: "toggle-play" }],
    ["K", { kind: "toggle-play" }],
    [",", { kind: "step", frames: -1 }],
    ["l", { kind: "jump", secs: 2 }],
    ["3", { kind: "preset", index: 2 }],
    [">", { kind: "faster" }],
    ["i", { kind: "in" }],
    ["O", { kind: "out" }],
    ["x", { kind: "no-points" }],
  ])("%s works on controls too", (key, intent) => {
    expect(intentOf(press(key), false)).toEqual(intent);
  });

  const OWN = [" ", "ArrowLeft", "Home", "PageDown", "Escape", "+"];
  test.each(OWN)("'%s' is a control's own", (key) => {
    expect(intentOf(press(key), false)).toBeNull();
    expect(intentOf(press(key), true)).not.toBeNull();
  });

  test("the browser's own shortcuts stay its own", () => {
    expect(intentOf(press("f", { ctrlKey: true }), true)).toBeNull();
    expect(intentOf(press("l", { metaKey: true }), true)).toBeNull();
    expect(intentOf(press("F5"), true)).toBeNull();
    expect(intentOf(press("Tab"), true)).toBeNull();
  });
});

test.each([
  [1, 1, 2],
  [1, -1, 0.5],
  [0.3, 1, 0.5],
  [0.3, -1, 0.25],
  [2, 1, 2],
  [0.1, -1, 0.1],
] as const)("from %f, direction %i, to %f", (rate, direction, next) => {
  expect(nextRate(rate, direction)).toBe(next);
});
