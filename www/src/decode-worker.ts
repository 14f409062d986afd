/**
 * A decode worker. Imported by a page instead, it offers the same loop to run inline.
 *
 * In: `{kind: "port", wasmUrl}` with the engine's port, once. Out: `{kind: "ready"}` once, and a
 * `problem` notice if the decoder cannot be had. All else goes through the port.
 */
import init, { Decoder } from "touchline-decoder";
import { DecodeLoop } from "./decode-loop.js";
import type { Notice } from "./messages.js";
import { fetchWasm, problemFromStart } from "./wasm-loading.js";
import { workerScope } from "./worker-scope.js";

/** What the page says to this worker, the port beside it. */
export interface DecodeStart {
  kind: "port";
  /** Absolute. */
  wasmUrl: string;
}

/** Decodes what `port` asks for; `send` hears if that is impossible. */
export function serveDecoder(
  port: MessagePort,
  wasmUrl: string,
  send: (notice: Notice) => void,
): DecodeLoop {
  const load = async (): Promise<void> => {
    await init({ module_or_path: await fetchWasm(wasmUrl) });
  };
  const loaded = load();
  loaded.catch((error: unknown) => {
    send({ kind: "problem", ...problemFromStart(error, wasmUrl) });
  });
  return new DecodeLoop(port, async (codec) => {
    await loaded;
    return new Decoder(codec);
  });
}

const scope = workerScope();
if (scope !== null) {
  scope.addEventListener("message", (event) => {
    const { data, ports } = event as MessageEvent<DecodeStart>;
    const port = ports[0];
    if (data.kind === "port" && port !== undefined) {
      serveDecoder(port, data.wasmUrl, (notice) => scope.postMessage(notice));
    }
  });
  scope.postMessage({ kind: "ready" });
}
