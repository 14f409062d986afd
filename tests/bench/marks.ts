/**
 * Marks of a replay's start, from the page and from all of its workers on one clock.
 *
 * The player is watched from outside: the site's copies of the worker scripts, and the page, get a
 * few lines before their own that note when the browser's functions are called and when they have
 * done what they were called for.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "puppeteer-core";

/** Something that happened. */
export interface Mark {
  name: string;
  /** Since 1970. */
  atMs: number;
}

declare global {
  interface Window {
    marks: Mark[];
  }
}

const CHANNEL = "touchline-marks";
/** Marks stay where they are made until all is over: telling them takes time too. */
const TELLING_MS = 200;

/** Has the workers of a built site tell their marks. */
export function markWorkers(site: string): void {
  for (const who of ["engine", "decode"]) {
    const path = join(site, `touchline/${who}-worker.js`);
    const prelude = `(() => {
      const marks = [];
      const channel = new BroadcastChannel(${JSON.stringify(CHANNEL)});
      channel.onmessage = () => channel.postMessage(marks.splice(0));
      (${watch.toString()})(${JSON.stringify(who)}, (mark) => marks.push(mark));
    })();\n`;
    const source = readFileSync(path, "utf8");
    if (!source.startsWith(prelude)) writeFileSync(path, prelude + source);
  }
}

/** Has a page keep its own marks; before its scripts. */
export async function keepMarks(page: Page): Promise<void> {
  await page.evaluateOnNewDocument(`
    window.marks = [];
    (${watch.toString()})("page", (mark) => marks.push(mark));
  `);
}

/** All marks so far, of the page and its workers, in order. */
export async function gatherMarks(page: Page): Promise<Mark[]> {
  const marks = await page.evaluate(async (name, waitMs) => {
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }: MessageEvent<Mark[]>) => window.marks.push(...data);
    channel.postMessage("tell");
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    channel.close();
    return window.marks;
  }, CHANNEL, TELLING_MS);
  return marks.sort((a, b) => a.atMs - b.atMs);
}

/** Runs in the page or a worker, before its scripts; knows nothing but its arguments. */
function watch(who: string, keep: (mark: Mark) => void): void {
  const mark = (name: string): void => {
    keep({ name: `${who} ${name}`, atMs: performance.timeOrigin + performance.now() });
  };
  const wrap = (
    owner: object | undefined,
    method: string,
    watched: (call: () => unknown, words: unknown[], self: object) => unknown,
  ): void => {
    const object = owner as Record<string, (...words: unknown[]) => unknown> | undefined;
    const own = object?.[method];
    if (object === undefined || own === undefined) return;
    object[method] = function (this: object, ...words: unknown[]): unknown {
      return watched(() => Reflect.apply(own, this, words), words, this);
    };
  };
  const spanned = (owner: object | undefined, method: string, name: string): void => {
    wrap(owner, method, (call) => {
      mark(`${name} begins`);
      const result = call();
      const over = (): void => mark(`${name} ends`);
      if (result instanceof Promise) void result.then(over, over);
      else over();
      return result;
    });
  };
  const scope = globalThis as unknown as Record<string, { prototype: object } | undefined>;
  wrap(globalThis, "fetch", (call, [url]) => {
    const name = new URL(String(url), location.href).pathname;
    mark(`${name} asked`);
    const answer = call() as Promise<Response>;
    void answer.then((response) => {
      mark(`${name} first byte`);
      const { arrayBuffer } = response;
      response.arrayBuffer = async () => {
        const bytes = await Reflect.apply(arrayBuffer, response, []);
        mark(`${name} last byte`);
        return bytes;
      };
    });
    return answer;
  });
  spanned(WebAssembly, "instantiateStreaming", "compiling");
  spanned(scope["GPU"]?.prototype, "requestAdapter", "adapter");
  spanned(scope["GPUAdapter"]?.prototype, "requestDevice", "device");
  spanned(scope["GPUDevice"]?.prototype, "createRenderPipeline", "pipeline");
  spanned(scope["GPUQueue"]?.prototype, "submit", "submit");
  spanned(scope["GPUQueue"]?.prototype, "onSubmittedWorkDone", "drawing");
  wrap(MessagePort.prototype, "postMessage", (call, [message]) => {
    const { kind, ms } = (message ?? {}) as { kind?: string; ms?: number };
    if (kind !== undefined) mark(ms === undefined ? `sends ${kind}` : `sends ${kind} of ${ms} ms`);
    return call();
  });
  wrap(who === "page" ? undefined : globalThis, "postMessage", (call, [message]) => {
    mark(`tells ${(message as { kind?: string }).kind ?? ""}`);
    return call();
  });
  wrap(scope["Worker"]?.prototype, "postMessage", (call, [message]) => {
    mark(`sends ${(message as { kind?: string }).kind ?? ""}`);
    return call();
  });
  mark("runs");
}
