/** What each key asks for. Names are those of `KeyboardEvent.key`. */
import type { Command } from "./messages.js";

/** What a key asks for. */
export type Intent =
  | { kind: "send"; command: Command }
  | { kind: "toggle-play" }
  | { kind: "step"; frames: number }
  | { kind: "jump"; secs: number }
  | { kind: "faster" }
  | { kind: "slower" }
  | { kind: "in" }
  | { kind: "out" }
  | { kind: "no-points" }
  | { kind: "reset-view" }
  | { kind: "preset"; index: number }
  | { kind: "fullscreen" }
  | { kind: "leave" }
  | { kind: "help" };

/** As much of a `KeyboardEvent` as is used here. */
export interface KeyPress {
  key: string;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
}

const ORBIT_RADIANS = Math.PI / 12;
const ORBIT_FINE_RADIANS = Math.PI / 180;
/** Of the picture's height. */
const PAN_STEP = 0.08;
const ZOOM_STEP = 1.25;
const JUMP_SECS = 2;

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Keys that mean the same wherever the focus is inside the player. */
const EVERYWHERE: Readonly<Record<string, Intent>> = {
  k: { kind: "toggle-play" },
  ",": { kind: "step", frames: -1 },
  ".": { kind: "step", frames: 1 },
  j: { kind: "jump", secs: -JUMP_SECS },
  l: { kind: "jump", secs: JUMP_SECS },
  "<": { kind: "slower" },
  ">": { kind: "faster" },
  i: { kind: "in" },
  o: { kind: "out" },
  x: { kind: "no-points" },
  f: { kind: "fullscreen" },
  "?": { kind: "help" },
};

/** Keys that buttons and sliders want for themselves. */
const ON_SURFACE: Readonly<Record<string, Intent>> = {
  " ": { kind: "toggle-play" },
  Home: { kind: "reset-view" },
  Escape: { kind: "leave" },
  PageUp: { kind: "send", command: { kind: "zoom", factor: 1 / ZOOM_STEP } },
  PageDown: { kind: "send", command: { kind: "zoom", factor: ZOOM_STEP } },
};

/** What a key asks for; `null` if nothing, and the page or browser may have it. */
export function intentOf(press: KeyPress, isOnSurface: boolean): Intent | null {
  if (press.ctrlKey || press.metaKey) return null;
  const arrow = isOnSurface ? ARROWS[press.key] : undefined;
  if (arrow !== undefined) return { kind: "send", command: arrowCommand(arrow, press) };
  if (press.altKey) return null;
  if (isOnSurface && (press.key === "+" || press.key === "=")) return ON_SURFACE["PageUp"] ?? null;
  if (isOnSurface && press.key === "-") return ON_SURFACE["PageDown"] ?? null;
  if (/^[1-9]$/.test(press.key)) return { kind: "preset", index: Number(press.key) - 1 };
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  return EVERYWHERE[key] ?? (isOnSurface ? (ON_SURFACE[key] ?? null) : null);
}

function arrowCommand([x, y]: readonly [number, number], press: KeyPress): Command {
  if (press.shiftKey) return { kind: "pan", right: x * PAN_STEP, up: y * PAN_STEP };
  const radians = press.altKey ? ORBIT_FINE_RADIANS : ORBIT_RADIANS;
  return { kind: "orbit", yaw: x * radians, pitch: y * radians };
}
