/**
 * Goal: the request that leaves before the engine is there is the one that the engine would make.
 * Method: a `fetch` that only listens; the size of the first part as the engine's source has it.
 */
import { readFileSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { askFirst } from "../src/first-request.js";

afterEach(() => vi.unstubAllGlobals());

/** Address and headers of the first request for `src`. */
function asked(src: string): [string, HeadersInit | undefined] {
  const listen = vi.fn(async (_url: string, _init: RequestInit) => new Response());
  vi.stubGlobal("fetch", listen);
  askFirst(src);
  const [url, init] = listen.mock.calls[0] ?? [];
  return [url ?? "", init?.headers];
}

test("a folder's manifest is asked for, a file's head", () => {
  expect(asked("https://a/b/")).toEqual(["https://a/b/manifest.json", {}]);
  expect(asked("https://a/b/?key=1#t")).toEqual(["https://a/b/manifest.json", {}]);
  expect(asked("https://a/b/manifest.json?key=1")).toEqual([
    "https://a/b/manifest.json?key=1",
    {},
  ]);
  const engine = readFileSync(`${import.meta.dirname}/../../crates/web/src/open.rs`, "utf8");
  const kibibytes = Number(/FIRST_FETCH_SIZE: u64 = (\d+) << 10;/.exec(engine)?.[1]);
  const Range = `bytes=0-${kibibytes * 1024 - 1}`;
  expect(asked("https://a/b.touchline?key=1")).toEqual([
    "https://a/b.touchline?key=1",
    { Range },
  ]);
});

test("what fails is left to the engine, what is stopped stops", async () => {
  vi.stubGlobal("fetch", (_url: string, { signal }: RequestInit) => {
    return new Promise((_resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  });
  const { answer, abort } = askFirst("https://a/b/");
  abort.abort(new Error("stopped"));
  await expect(answer).rejects.toThrow("stopped");
});
