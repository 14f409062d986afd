/**
 * The way between the element and its engine: workers where they can be had, else the page.
 *
 * Always true: commands arrive in the order in which they were posted; after `close` nothing is
 * heard any more and no worker is left.
 */
import type { DecodeLoop } from "./decode-loop.js";
import type { DecodeStart } from "./decode-worker.js";
import type { EngineHost, EngineStart, HostNotice } from "./engine-host.js";
import type { EngineMessage } from "./engine-worker.js";
import type { Command, Notice } from "./messages.js";
import { startWorker } from "./workers.js";

/** More would take memory and bring nothing: a decoder is faster than a frame. */
const DECODER_COUNT_MAX = 4;
/** How long an engine may take to free the GPU before its worker is ended. */
const FAREWELL_SECS = 1;
/** The player's own scripts could not be loaded, neither as workers nor as modules. */
const SCRIPT_UNREACHABLE = 4002;

/** Where the player's files are; all absolute. */
export interface PlayerUrls {
  engineWorker: string;
  decodeWorker: string;
  engineWasm: string;
  decoderWasm: string;
}

/** What a transport is made of. */
export interface TransportOptions {
  canvas: OffscreenCanvas;
  urls: PlayerUrls;
  /** No workers: all on the page's thread. */
  isInline: boolean;
  onNotice: (notice: Notice) => void;
  /** The engine or a decoder has trapped; the transport is of no more use. */
  onCrash: (message: string) => void;
}

/** Something that takes commands. */
interface EnginePort {
  post(command: Command): void;
}

/** One engine and its decoders. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #engine: Promise<EnginePort | null>;
  readonly #decodeWorkers: Worker[] = [];
  readonly #decodeLoops: DecodeLoop[] = [];
  #engineWorker: Worker | null = null;
  #isClosed = false;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#engine = this.#start().catch((error: unknown) => {
      this.#failed(error);
      return null;
    });
  }

  /** Sends a command, as soon as there is an engine. */
  post(command: Command): void {
    if (!this.#isClosed) void this.#engine.then((engine) => engine?.post(command));
  }

  /** Ends everything. */
  close(): void {
    this.post({ kind: "close" });
    this.#isClosed = true;
    void this.#engine.then(() => {
      for (const worker of this.#decodeWorkers) worker.terminate();
      for (const loop of this.#decodeLoops) loop.close();
      const engine = this.#engineWorker;
      if (engine !== null) setTimeout(() => engine.terminate(), FAREWELL_SECS * 1000);
    });
  }

  async #start(): Promise<EnginePort | null> {
    const { canvas, urls, isInline } = this.#options;
    const starting = isInline ? null : startWorker(urls.engineWorker);
    const ports = this.#startDecoders(); // The engine need not wait for them.
    const worker = await starting;
    this.#engineWorker = worker;
    if (this.#isClosed) return null; // `close` is waiting to end what has just begun.
    const start: EngineStart = { canvas, ports, wasmUrl: urls.engineWasm };
    if (worker === null) return this.#startInline(start);
    this.#listen(worker);
    const message: EngineMessage = { kind: "start", ...start };
    worker.postMessage(message, [canvas, ...ports]);
    return { post: (command) => worker.postMessage(command) };
  }

  async #startInline(start: EngineStart): Promise<EnginePort> {
    const module = (await import(/* @vite-ignore */ this.#options.urls.engineWorker)) as {
      EngineHost: typeof EngineHost;
    };
    const host = new module.EngineHost(start, (notice) => this.#heard(notice));
    return { post: (command) => void host.receive(command) };
  }

  /** Starts the decoders and returns the engine's port to each: at least one. */
  #startDecoders(): MessagePort[] {
    const { isInline } = this.#options;
    const count = isInline ? 1 : decoderCount(navigator.hardwareConcurrency);
    return Array.from({ length: count }, () => {
      const { port1, port2 } = new MessageChannel();
      this.#startDecoder(port1).catch((error: unknown) => this.#failed(error));
      return port2;
    });
  }

  async #startDecoder(port: MessagePort): Promise<void> {
    const { urls, isInline } = this.#options;
    const worker = isInline ? null : await startWorker(urls.decodeWorker);
    if (worker !== null) {
      this.#decodeWorkers.push(worker);
      if (this.#isClosed) return worker.terminate();
      this.#listen(worker);
      const message: DecodeStart = { kind: "port", wasmUrl: urls.decoderWasm };
      return worker.postMessage(message, [port]);
    }
    const module = (await import(/* @vite-ignore */ urls.decodeWorker)) as {
      serveDecoder: typeof import( "./decode-worker.js").serveDecoder;
    };
    if (this.#isClosed) return;
    const send = (notice: Notice): void => this.#heard(notice);
    this.#decodeLoops.push(module.serveDecoder(port, urls.decoderWasm, send));
  }

  #failed(error: unknown): void {
    this.#heard({ kind: "problem", ...scriptProblem(error, this.#options.urls.engineWorker) });
  }

  #listen(worker: Worker): void {
    worker.addEventListener("message", (event: MessageEvent<HostNotice>) => {
      this.#heard(event.data);
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#heard({ kind: "crashed", message: event.message });
    });
  }

  #heard(notice: HostNotice): void {
    if (this.#isClosed) return;
    if (notice.kind === "crashed") this.#options.onCrash(notice.message);
    else this.#options.onNotice(notice);
  }
}

/** One thread is left to the engine and the page. */
export function decoderCount(hardwareConcurrency: number | undefined): number {
  return Math.min(Math.max((hardwareConcurrency ?? 2) - 1, 1), DECODER_COUNT_MAX);
}

function scriptProblem(error: unknown, url: string): Omit<Notice & { kind: "problem" }, "kind"> {
  const text = error instanceof Error ? error.message : String(error);
  return {
    code: SCRIPT_UNREACHABLE,
    isFatal: true,
    message: `The player's scripts could not be loaded: ${text}`,
    url,
    httpStatus: null,
  };
}
