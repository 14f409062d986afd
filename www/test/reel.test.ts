/**
 * Goal: the fan hears of every replay of a reel, once, and never before their own clock is at its
 * end; the server is asked less and less often while nothing changes, and not while nobody looks.
 * Method: versions of a reel from a server made here, on a clock that tests turn.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Announcement } from "../src/announcements.js";
import { Reel } from "../src/reel.js";

const NOON_MS = Date.UTC(2026, 1, 14, 12);
const URL_OF_REEL = "https://example.com/final/reel.json";

/** What the server says now; nothing where it does not answer. */
let version: object | string | null;
let asked: RequestInit[];
let told: Announcement[];
let page: { hidden: boolean };
let reel: Reel | null;

beforeEach(() => {
  vi.useFakeTimers();
  [version, asked, told, page, reel] = [null, [], [], { hidden: false }, null];
  vi.stubGlobal("document", page);
  vi.stubGlobal("fetch", async (_url: string, options: RequestInit) => {
    asked.push(options);
    if (version === null) throw new TypeError("no network");
    return new Response(typeof version === "string" ? version : JSON.stringify(version));
  });
});

afterEach(() => {
  reel?.close();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const entry = (id: string, startSecs: number, more = {}): object => ({
  id,
  title: `Goal ${id}`,
  src: `${id}/manifest.json`,
  startUnixMs: NOON_MS + startSecs * 1000,
  durationSecs: 8,
  ...more,
});
const reelOf = (...replays: object[]): object => ({
  format: "touchline-reel",
  version: 1,
  isOpen: true,
  replays,
});
const follow = async (clockMs: number): Promise<Reel> => {
  reel = new Reel(URL_OF_REEL, clockMs, (replay) => told.push(replay));
  await vi.advanceTimersByTimeAsync(0);
  return reel;
};
const ids = (): string[] => told.map(({ id }) => id);
const wait = (secs: number): Promise<unknown> => vi.advanceTimersByTimeAsync(secs * 1000);

describe("what the fan hears", () => {
  test("each replay once, when its action is over on the fan's clock", async () => {
    version = reelOf(entry("a", 10, { poster: "a/poster.jpg" }), entry("b", 20));
    const reel = await follow(-Infinity);
    expect(ids()).toEqual([]);
    reel.reach(NOON_MS + 17_999);
    expect(ids()).toEqual([]);
    reel.reach(NOON_MS + 18_000);
    reel.reach(NOON_MS + 18_040);
    const base = "https://example.com/final/a/";
    const [src, poster] = [`${base}manifest.json`, `${base}poster.jpg`];
    expect(told).toEqual([{ id: "a", title: "Goal a", src, poster }]);
    reel.reach(NOON_MS + 60_000);
    expect(ids()).toEqual(["a", "b"]);
    expect(reel.reached).toEqual(told);
  });

  test("at once where there is no clock, and where a replay has no date", async () => {
    version = reelOf(entry("a", 10));
    await follow(Infinity);
    expect(ids()).toEqual(["a"]);
    reel?.close();
    version = reelOf(entry("b", 10), entry("c", 0, { startUnixMs: undefined }));
    await follow(-Infinity);
    expect(ids()).toEqual(["a", "c"]);
  });

  test("one that is still being made when the fan is at its end so far", async () => {
    version = reelOf(entry("a", 10, { durationSecs: 2 }));
    const reel = await follow(NOON_MS + 11_000);
    version = reelOf(entry("a", 10, { durationSecs: 4 }));
    await wait(10);
    reel.reach(NOON_MS + 13_000);
    expect(ids()).toEqual([]);
    reel.reach(NOON_MS + 14_000);
    version = reelOf(entry("a", 10, { durationSecs: 6 }));
    await wait(10);
    expect(ids()).toEqual(["a"]);
  });

  test("nothing of what cannot be understood", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    version = reelOf(
      entry("a", 0, { src: "javascript:alert(1)" }),
      null as unknown as object,
      entry("b", 0, { id: 5 }),
      entry("c", 0, { durationSecs: "long" }),
      entry("d", 0, { later: true }),
    );
    await follow(Infinity);
    expect(ids()).toEqual(["d"]);
    expect(warn).not.toHaveBeenCalled();
    for (const wrong of ["{", "null", { format: "touchline", version: 1 }, { replays: 5 }]) {
      version = wrong;
      await wait(10);
    }
    expect(warn).toHaveBeenCalledTimes(4);
    version = reelOf(entry("e", 0));
    await wait(10);
    expect(ids()).toEqual(["d", "e"]);
  });
});

describe("what the server hears", () => {
  test("less and less while nothing changes, and nothing once it is over", async () => {
    version = reelOf();
    await follow(Infinity);
    await wait(60);
    expect(asked.every(({ cache }) => cache === "no-cache")).toBe(true);
    const first = asked.length;
    expect(first).toBeGreaterThan(6);
    expect(first).toBeLessThan(14);
    version = reelOf(entry("a", 0));
    await wait(13);
    expect(ids()).toEqual(["a"]);
    version = { ...reelOf(entry("a", 0), entry("b", 0)), isOpen: false };
    await wait(13);
    expect(ids()).toEqual(["a", "b"]);
    const last = asked.length;
    await wait(600);
    expect(asked.length).toBe(last);
  });

  test("nothing while nobody looks, and nothing after the end", async () => {
    page.hidden = true;
    version = reelOf(entry("a", 0));
    const reel = await follow(Infinity);
    await wait(60);
    expect(asked).toEqual([]);
    page.hidden = false;
    await wait(11);
    expect(ids()).toEqual(["a"]);
    reel.close();
    const last = asked.length;
    await wait(60);
    expect(asked.length).toBe(last);
  });

  test("no complaint about a network that is away for a while", async () => {
    const warn = vi.spyOn(console, "warn");
    await follow(Infinity);
    await wait(30);
    version = reelOf(entry("a", 0));
    await wait(11);
    expect(ids()).toEqual(["a"]);
    expect(warn).not.toHaveBeenCalled();
  });
});
