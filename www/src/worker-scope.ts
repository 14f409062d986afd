/** The worker that a module runs in, if it runs in one. */

/** As much of `DedicatedWorkerGlobalScope` as is used here. */
export interface WorkerScope extends EventTarget {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  close(): void;
}

/** The worker's scope; `null` on a page. */
export function workerScope(): WorkerScope | null {
  const isWorker = typeof document === "undefined" && "importScripts" in globalThis;
  return isWorker ? (globalThis as unknown as WorkerScope) : null;
}
