/**
 * The fan's hands on the picture: mouse, pen, fingers, wheel.
 *
 * Always true: every `grab` is let go; a vertical swipe that starts as one is the page's.
 */
import {
  distance,
  middle,
  moveFrom,
  pinchFactor,
  turnFrom,
  wheelFactor,
  type Place,
} from "./gesture-math.js";
import type { Command } from "./messages.js";

/** What the hands need of the player. */
export interface GestureOptions {
  send: (command: Command) => void;
  /** All touches are ours: nothing is behind that could scroll. */
  isAlone: () => boolean;
  onDoubleTap: () => void;
  /** The wheel was turned for the page, over a picture that has no focus. */
  onWheelPassedBy: () => void;
  /** The fan has moved the picture. */
  onMoved: () => void;
}

/** Less is a tap: fingers tremble, mice hardly. */
const SLOP_PX = { touch: 6, other: 2 };
const TAP_SECS_MAX = 0.3;
const DOUBLE_TAP_PX_MAX = 24;

interface Pointer {
  start: Place;
  at: Place;
  startMs: number;
  isTouch: boolean;
  /** With the right button or Shift. */
  isPan: boolean;
}

/** Listens on one surface, which goes away with its listeners. */
export class Gestures {
  readonly #surface: HTMLElement;
  readonly #options: GestureOptions;
  readonly #pointers = new Map<number, Pointer>();
  #isGrabbed = false;
  #lastTap: { at: Place; ms: number } | null = null;
  #hasPanned = false;

  constructor(surface: HTMLElement, options: GestureOptions) {
    this.#surface = surface;
    this.#options = options;
    surface.addEventListener("pointerdown", (event) => this.#down(event));
    surface.addEventListener("pointermove", (event) => this.#move(event));
    surface.addEventListener("pointerup", (event) => this.#up(event, true));
    surface.addEventListener("pointercancel", (event) => this.#up(event, false));
    surface.addEventListener("lostpointercapture", (event) => this.#up(event, false));
    surface.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    surface.addEventListener("contextmenu", (event) => {
      if (this.#hasPanned) event.preventDefault(); // A drag has ended, no menu was asked for.
      this.#hasPanned = false;
    });
    // `touch-action: pan-y` alone does not hold Safari back once a gesture is ours.
    const hold = (event: TouchEvent): void => {
      if (this.#isGrabbed && event.cancelable) event.preventDefault();
    };
    surface.addEventListener("touchmove", hold, { passive: false });
  }

  /** Lets go of whatever is held: the picture is going away. */
  release(): void {
    this.#pointers.clear();
    this.#grab(false);
  }

  #down(event: PointerEvent): void {
    if (this.#pointers.size >= 2 || event.button > 2 || event.button === 1) return;
    this.#surface.setPointerCapture(event.pointerId);
    const at = this.#place(event);
    this.#hasPanned = false;
    this.#pointers.set(event.pointerId, {
      start: at,
      at,
      startMs: event.timeStamp,
      isTouch: event.pointerType === "touch",
      isPan: event.button === 2 || event.shiftKey,
    });
    if (this.#pointers.size === 2) this.#grab(true);
  }

  #move(event: PointerEvent): void {
    const pointer = this.#pointers.get(event.pointerId);
    if (pointer === undefined) return;
    const to = this.#place(event);
    if (!this.#isGrabbed && !this.#isOurs(pointer, to)) return;
    if (!this.#isGrabbed) this.#grab(true);
    const others = [...this.#pointers.values()].filter((other) => other !== pointer);
    const other = others[0];
    if (other === undefined) this.#dragOne(pointer, to);
    else this.#dragTwo(pointer, other, to);
    pointer.at = to;
    this.#options.onMoved();
  }

  /** Whether a movement is far enough, and sideways enough, to be a drag. */
  #isOurs(pointer: Pointer, to: Place): boolean {
    const { start, isTouch } = pointer;
    if (distance(start, to) < (isTouch ? SLOP_PX.touch : SLOP_PX.other)) return false;
    if (!isTouch || this.#options.isAlone()) return true;
    return Math.abs(to.x - start.x) > Math.abs(to.y - start.y);
  }

  #dragOne(pointer: Pointer, to: Place): void {
    const size = this.#surface.getBoundingClientRect();
    if (pointer.isPan) {
      this.#hasPanned = true;
      this.#options.send({ kind: "pan", ...moveFrom(pointer.at, to, size) });
    } else {
      this.#options.send({ kind: "orbit", ...turnFrom(pointer.at, to, size) });
    }
  }

  #dragTwo(pointer: Pointer, other: Pointer, to: Place): void {
    const size = this.#surface.getBoundingClientRect();
    const factor = pinchFactor([pointer.at, other.at], [to, other.at]);
    this.#options.send({ kind: "zoom", factor });
    const move = moveFrom(middle(pointer.at, other.at), middle(to, other.at), size);
    this.#options.send({ kind: "pan", ...move });
  }

  #up(event: PointerEvent, isDone: boolean): void {
    const pointer = this.#pointers.get(event.pointerId);
    if (pointer === undefined) return;
    this.#pointers.delete(event.pointerId);
    if (this.#isGrabbed) {
      if (this.#pointers.size === 0) this.#grab(false);
    } else if (isDone && event.timeStamp - pointer.startMs < TAP_SECS_MAX * 1000) {
      this.#tap(pointer.at, event.timeStamp);
    }
  }

  #tap(at: Place, ms: number): void {
    const last = this.#lastTap;
    const isDouble =
      last !== null &&
      ms - last.ms < TAP_SECS_MAX * 1000 &&
      distance(last.at, at) < DOUBLE_TAP_PX_MAX;
    this.#lastTap = isDouble ? null : { at, ms };
    if (isDouble) this.#options.onDoubleTap();
  }

  #wheel(event: WheelEvent): void {
    const hasFocus = this.#surface.matches(":focus");
    if (!hasFocus && !event.ctrlKey && !event.metaKey && !this.#options.isAlone()) {
      this.#options.onWheelPassedBy();
      return;
    }
    event.preventDefault();
    this.#options.send({ kind: "zoom", factor: wheelFactor(event) });
    this.#options.onMoved();
  }

  #grab(isHeld: boolean): void {
    if (this.#isGrabbed === isHeld) return;
    this.#isGrabbed = isHeld;
    this.#surface.toggleAttribute("data-held", isHeld);
    this.#options.send({ kind: "grab", isHeld });
  }

  #place(event: PointerEvent): Place {
    return { x: event.clientX, y: event.clientY };
  }
}
