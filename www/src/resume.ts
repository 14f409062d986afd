/**
 * Where a replay is, to go on from there in another opening.
 *
 * Always true: what has been asked for counts as long as the engine has not said that it is so,
 * for the engine may be gone before it does.
 */
import { isSameView } from "./flights.js";
import type { Command, Mode, Notice, View } from "./messages.js";
import type { ReplayState } from "./replay-state.js";

/** Where a replay was. */
export interface Resume {
  view: View | null;
  secs: number;
  mode: Mode;
  isPlaying: boolean;
  rate: number;
  points: [number, number] | null;
  tracks: readonly string[];
}

/** What an opened replay has been asked for and has not yet done. */
export class Asked {
  #view: View | null = null;
  #mode: Mode | null = null;
  #isPlaying: boolean | null = null;
  #rate: number | null = null;
  #points: Resume["points"] | undefined;
  /** In the order asked: of alternatives to each other, the last one counts. */
  #tracks: string[] = [];

  /** Where the camera jumps to; `null` if it is where the engine says. */
  get view(): View | null {
    return this.#view;
  }

  /** Notes a command on its way to the engine. */
  ask(command: Command): void {
    switch (command.kind) {
      case "go-to-viewpoint":
        this.#view = command.secs === 0 ? command.viewpoint : null;
        break;
      case "go-to-preset":
      case "grab":
      case "orbit":
      case "zoom":
      case "pan":
        this.#view = null;
        break;
      case "play":
      case "pause":
        this.#isPlaying = command.kind === "play";
        this.#mode = "replay";
        break;
      case "seek":
        this.#mode = "replay";
        break;
      case "step":
        this.#isPlaying = false;
        this.#mode = "replay";
        break;
      case "set-rate":
        this.#rate = command.rate;
        this.#mode = "replay";
        break;
      case "set-points":
        this.#points = command.points;
        break;
      case "set-mode":
        this.#mode = command.mode;
        break;
      case "select-track":
        this.#tracks = [...this.#tracks.filter((id) => id !== command.id), command.id];
        break;
    }
  }

  /** Forgets what the engine says is so by now. */
  absorb(notice: Notice): void {
    if (notice.kind === "camera") {
      if (this.#view !== null && isSameView(notice.viewpoint, this.#view)) this.#view = null;
    } else if (notice.kind === "state") {
      const { mode, rate, points, playState, selectedTracks } = notice;
      if (mode === this.#mode) this.#mode = null;
      if (rate === this.#rate) this.#rate = null;
      // The engine's are those of frames.
      if ((points === null) === (this.#points === null)) this.#points = undefined;
      const isPlaying = playState === "playing" || playState === "waiting";
      const isOver = playState === "ended" || playState === "failed";
      if (isPlaying === this.#isPlaying || isOver) this.#isPlaying = null;
      const last = this.#tracks.at(-1);
      if (last !== undefined && selectedTracks.includes(last)) this.#tracks = [];
    }
  }

  /** Where the replay is, or is about to be; `null` if it is not open yet. */
  resume({ opened, state, view, currentTime, isPaused }: ReplayState): Resume | null {
    if (opened === null || state === null) return null;
    return {
      view: this.#view ?? view,
      secs: currentTime,
      mode: this.#mode ?? state.mode,
      isPlaying: this.#isPlaying ?? !isPaused,
      rate: this.#rate ?? state.rate,
      points: this.#points === undefined ? state.points : this.#points,
      tracks: [...state.selectedTracks, ...this.#tracks],
    };
  }
}
