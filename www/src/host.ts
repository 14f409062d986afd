/** What the controls, the keys and the overlays may ask of the element. */
import type { ReplayState } from "./replay-state.js";

/** The element, as its own parts see it. */
export interface ReplayHost {
  readonly state: ReplayState;
  play(): void;
  pause(): void;
  seek(secs: number): void;
  stepFrame(frames: number): void;
  setRate(rate: number): void;
  setPoints(inSecs?: number, outSecs?: number): void;
  backToLive(): void;
  goToPreset(id: string): void;
  selectTrack(id: string): void;
  resetView(): void;
  toggleFullscreen(): void;
  retry(): void;
}
