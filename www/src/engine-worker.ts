/**
 * The engine's worker. Imported by a page instead, it offers the same host to run inline.
 *
 * In: `{kind: "start", canvas, ports, wasmUrl}` once, then commands.
 * Out: `{kind: "ready"}` once, then notices.
 */
import { EngineHost, type EngineStart } from "./engine-host.js";
import type { Command } from "./messages.js";
import { workerScope } from "./worker-scope.js";

export { EngineHost };

/** What the page says to this worker. */
export type EngineMessage = ({ kind: "start" } & EngineStart) | Command;

const scope = workerScope();
if (scope !== null) {
  let host: EngineHost | null = null;
  scope.addEventListener("message", (event) => {
    const message = (event as MessageEvent<EngineMessage>).data;
    if (message.kind === "start") {
      host = new EngineHost(message, (notice) => scope.postMessage(notice));
    } else {
      const received = host?.receive(message);
      if (message.kind === "close") void received?.finally(() => scope.close());
    }
  });
  // A trap inside a promise is seen nowhere else.
  scope.addEventListener("unhandledrejection", (event) => {
    const { reason } = event as PromiseRejectionEvent;
    if (reason instanceof WebAssembly.RuntimeError) host?.crashed(reason);
  });
  scope.postMessage({ kind: "ready" });
}
