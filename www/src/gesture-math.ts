/** From pixels under fingers to turns, zooms and moves of the camera. */

/** A place in the picture, CSS pixels. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** The picture's size, CSS pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** As the engine's `orbit`. */
export interface Turn {
  yaw: number;
  pitch: number;
}

/** As the engine's `pan`. */
export interface Move {
  right: number;
  up: number;
}

/** A wheel's line and page in pixels, as browsers that scroll by pixels have them. */
const LINE_PX = 16;
const PAGE_PX = 400;
/** A notch of 100 px brings the eye a seventh nearer. */
const WHEEL_ZOOM_PER_PX = 0.0015;
/** Browsers report a pinch on a trackpad as small wheel steps with Ctrl. */
const PINCH_WHEEL_ZOOM_PER_PX = 0.01;
/** One event moves no more than this: wheels with inertia send bursts. */
const WHEEL_PX_MAX = 200;

/** Half a turn across the picture's shorter side; what was grabbed stays under the finger. */
export function turnFrom(from: Place, to: Place, size: Size): Turn {
  const radiansPerPx = Math.PI / Math.max(1, Math.min(size.width, size.height));
  return { yaw: (from.x - to.x) * radiansPerPx, pitch: (to.y - from.y) * radiansPerPx };
}

/** In heights of the picture; what was grabbed stays under the finger. */
export function moveFrom(from: Place, to: Place, size: Size): Move {
  const height = Math.max(1, size.height);
  return { right: (from.x - to.x) / height, up: (to.y - from.y) / height };
}

/** Of the distance: fingers twice as far apart bring the eye twice as near. */
export function pinchFactor(from: readonly [Place, Place], to: readonly [Place, Place]): number {
  return Math.max(1, distance(...from)) / Math.max(1, distance(...to));
}

/** Of the distance. */
export function wheelFactor(wheel: {
  deltaY: number;
  deltaMode: number;
  ctrlKey: boolean;
}): number {
  const unitPx = [1, LINE_PX, PAGE_PX][wheel.deltaMode] ?? 1;
  const px = Math.min(Math.max(wheel.deltaY * unitPx, -WHEEL_PX_MAX), WHEEL_PX_MAX);
  const isPinch = wheel.ctrlKey && Math.abs(px) < 50;
  return Math.exp(px * (isPinch ? PINCH_WHEEL_ZOOM_PER_PX : WHEEL_ZOOM_PER_PX));
}

/** The place between two. */
export function middle(one: Place, other: Place): Place {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}

/** CSS pixels. */
export function distance(one: Place, other: Place): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
