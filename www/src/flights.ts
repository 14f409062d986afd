/** Waits for what a call has set off. */
import type { View } from "./messages.js";

/** `detail` of `camera-change`. */
export interface CameraChange {
  view: View;
  source: "user-interaction" | "none";
}

/** Metres and radians: nearer is not seen. */
const SAME = 0.005;

/** Whether two views cannot be told apart. */
export function isSameView(one: View, other: View): boolean {
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= SAME;
  const turn = (one.yawRadians - other.yawRadians) / (2 * Math.PI);
  return (
    near(turn - Math.round(turn), 0) &&
    near(one.pitchRadians, other.pitchRadians) &&
    near(one.distanceMetres, other.distanceMetres) &&
    near(one.fovYRadians, other.fovYRadians) &&
    one.target.every((value, axis) => near(value, other.target[axis] ?? NaN))
  );
}

/** Resolves at the first event that `isIt`, or after `secs`: what does not come must not hang. */
export function once<T>(
  target: EventTarget,
  type: string,
  isIt: (detail: T) => boolean,
  secs: number,
): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      target.removeEventListener(type, listener);
      resolve();
    };
    const listener = (event: Event): void => {
      if (isIt((event as CustomEvent<T>).detail)) done();
    };
    const timer = setTimeout(done, secs * 1000);
    target.addEventListener(type, listener);
  });
}
