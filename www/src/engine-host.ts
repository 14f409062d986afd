/**
 * Runs the engine, wherever it lives: in its worker, or on the page where there is none.
 *
 * Always true: commands reach the engine in order, from the first one on, however long it takes
 * to start.
 */
import init, { Engine } from "touchline-engine";
import { askFirst, type FirstRequest } from "./first-request.js";
import type { Command, Notice } from "./messages.js";
import { decodable } from "./textures.js";
import { fetchWasm, problemFromStart } from "./wasm-loading.js";

/** What an engine needs to start. */
export interface EngineStart {
  canvas: OffscreenCanvas;
  /** One to each decode worker. */
  ports: MessagePort[];
  /** Absolute. */
  wasmUrl: string;
}

/** What an engine's host says: the engine's notices, or that it is beyond help. */
export type HostNotice = Notice | { kind: "crashed"; message: string };

/** An engine, started or on its way. */
export class EngineHost {
  readonly #send: (notice: HostNotice) => void;
  readonly #engine: Promise<Engine | null>;
  #first: FirstRequest | null = null;
  /** What goes out before the engine is there goes out as the page wishes, or not at all. */
  #mayAsk = true;
  #isOver = false;

  constructor(start: EngineStart, send: (notice: HostNotice) => void) {
    this.#send = send;
    this.#engine = this.#start(start);
  }

  /** Takes a command; after `close` nothing more is heard from here. */
  async receive(command: Command): Promise<void> {
    if (command.kind === "set-requests") this.#mayAsk = false;
    if (command.kind === "open" && this.#mayAsk) {
      this.#mayAsk = false;
      this.#first = askFirst(command.src);
    }
    const engine = await this.#engine;
    if (engine === null || this.#isOver) return;
    try {
      if (command.kind === "open" && this.#first !== null) {
        engine.expect(this.#first.answer, this.#first.abort);
        this.#first = null;
      }
      engine.receive(command);
      if (command.kind === "close") {
        this.#isOver = true;
        engine.free();
      }
    } catch (error) {
      this.crashed(error);
    }
  }

  /** Reports, once, that the engine has trapped; its memory is not to be trusted any more. */
  crashed(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const message = error instanceof Error ? error.message : String(error);
    this.#send({ kind: "crashed", message });
  }

  async #start({ canvas, ports, wasmUrl }: EngineStart): Promise<Engine | null> {
    try {
      await init({ module_or_path: await fetchWasm(wasmUrl) });
      const send = (notice: Notice): void => {
        if (!this.#isOver) this.#send(notice);
      };
      this.#mayAsk = false;
      return new Engine(canvas, ports, send, decodable);
    } catch (error) {
      this.#send({ kind: "problem", ...problemFromStart(error, wasmUrl) });
      return null;
    }
  }
}
