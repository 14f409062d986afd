/**
 * Starts a module worker and makes sure that it lives.
 *
 * Source: a worker of another origin is refused, so such a one is imported by a `blob:` worker;
 * where the page's policy forbids either, there is none.
 */
import { scriptUrl } from "./script-urls.js";

/** Slow networks are waited for; a page that swallows the worker's messages is not. */
const READY_SECS_MAX = 15;

/**
 * Starts the module at `url` and waits for its `{kind: "ready"}`.
 *
 * Resolves with `null` if the worker cannot be had; never rejects.
 */
export function startWorker(url: string): Promise<Worker | null> {
  const worker = construct(url);
  if (worker === null) return Promise.resolve(null);
  return new Promise((resolve) => {
    const settle = (result: Worker | null): void => {
      clearTimeout(timer);
      worker.removeEventListener("message", onReady);
      worker.removeEventListener("error", onError);
      if (result === null) worker.terminate();
      resolve(result);
    };
    const onReady = (event: MessageEvent<{ kind?: unknown }>): void => {
      if (event.data.kind === "ready") settle(worker);
    };
    const onError = (event: Event): void => {
      event.preventDefault();
      settle(null);
    };
    const timer = setTimeout(() => settle(null), READY_SECS_MAX * 1000);
    worker.addEventListener("message", onReady);
    worker.addEventListener("error", onError);
  });
}

function construct(url: string): Worker | null {
  try {
    const isOwn = new URL(url).origin === location.origin;
    return new Worker(scriptUrl(isOwn ? url : importing(url)), { type: "module" });
  } catch {
    return null;
  }
}

/** A `blob:` URL of a module that imports `url`; never revoked, for workers load it at leisure. */
function importing(url: string): string {
  const known = importers.get(url);
  if (known !== undefined) return known;
  const source = new Blob([`import ${JSON.stringify(url)};`], { type: "text/javascript" });
  const importer = URL.createObjectURL(source);
  importers.set(url, importer);
  return importer;
}

/** One a URL, so that they do not pile up. */
const importers = new Map<string, string>();
