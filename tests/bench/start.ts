/**
 * How long a fan waits: from the click to the first picture, and from a scrub to the picture there,
 * on a line of 20 Mbit/s and 50 ms.
 *
 * The fan has been on the site before: its scripts and wasm modules are in the browser's cache. The
 * page is open, its connection too, and on it an element without a replay; the click gives it one
 * that no cache has. As soon as its first picture is there, the fan goes to an instant whose bytes
 * have not come. Medians; the waterfall is that of the run in the middle.
 */
import type { Browser } from "puppeteer-core";
import { inject, test } from "vitest";
import type { ManifestLike } from "./manifest.js";
import { coarseBytes } from "./manifest.js";
import { launch } from "../browser/browsers.js";
import { pause } from "../browser/replay-page.js";
import { SITE } from "../browser/site.js";
import { loadNow, median, note } from "./figures.js";
import { gatherMarks, keepMarks, type Mark, markWorkers } from "./marks.js";
import { SlowSite } from "./network.js";

const ROUND_TRIP_MS = 50;
const MEGABITS_PER_SEC = 20;
const RUN_COUNT = 9;
/** The demo's replay: an athlete of points, a ball, a stadium. */
const PACK = "media/penalty/";
/** What the page does after loading, the player aside, is over by then. */
const SETTLE_MS = 700;
/** Far from what has been fetched when the first picture is there. */
const SCRUB_FRAME = 180;

/** The waits allowed for, beside the line's. */
const START = { roundTrips: 2.5, ms: 150 };
const SCRUB = { roundTrips: 2, ms: 60 };

/** One visit. All times since the click or the scrub. */
interface Visit {
  startMs: number;
  /** `null` where all is here before the first picture: there is nothing left to wait for. */
  scrubMs: number | null;
  startMarks: Mark[];
  scrubMarks: Mark[];
}

test("click to the first picture, and scrub", async () => {
  markWorkers(SITE);
  const speed = { roundTripMs: ROUND_TRIP_MS, megabitsPerSec: MEGABITS_PER_SEC };
  const site = await SlowSite.open(SITE, speed);
  const browser = await launch(inject("browser"), { isTrusting: true });
  try {
    const { manifest } = await visit(browser, site, 0); // Fills the caches.
    const visits: Visit[] = [];
    for (let run = 1; run <= RUN_COUNT; run += 1) visits.push(await visit(browser, site, run));
    const transferMs = (frame: number): number => site.transferMs(coarseBytes(manifest, frame));
    const budget = ({ roundTrips, ms }: typeof START, frame: number): number =>
      roundTrips * ROUND_TRIP_MS + transferMs(frame) + ms;
    report("start.shaped", visits, "startMs", "startMarks", budget(START, 0));
    report("scrub.shaped", visits, "scrubMs", "scrubMarks", budget(SCRUB, SCRUB_FRAME));
  } finally {
    await browser.close();
    site.close();
  }
});

/** Notes the median and its share of the budget; prints the waterfall. */
function report(
  name: string,
  all: readonly Visit[],
  total: "startMs" | "scrubMs",
  marks: "startMarks" | "scrubMarks",
  budgetMs: number,
): void {
  const visits = all.filter((visit) => visit[total] !== null);
  const spans = visits.map((visit) => visit[total] ?? NaN);
  if (spans.length === 0) return console.log(`${name}: nothing to measure`);
  const ms = median(spans);
  note(`${name}_ms`, ms);
  note(`${name}_of_budget`, ms / budgetMs);
  const words = `${ms.toFixed(0)} ms of ${budgetMs.toFixed(0)}, x${(ms / budgetMs).toFixed(2)}`;
  const lines = visits.find((visit) => visit[total] === ms)?.[marks] ?? [];
  const waterfall = lines.map(({ name, atMs }) => `${atMs.toFixed(0).padStart(6)}  ${name}`);
  const each = spans.map((span) => span.toFixed(0)).join(" ");
  const head = `${name} in ${inject("browser")}: ${words} (all: ${each}; ${loadNow()})`;
  console.log([head, ...waterfall].join("\n"));
}

async function visit(
  browser: Browser,
  site: SlowSite,
  run: number,
): Promise<Visit & { manifest: ManifestLike }> {
  const page = await browser.newPage();
  await keepMarks(page);
  await page.goto(`${site.address}test.html?nocontrols=&pack=`);
  await page.waitForFunction(() => document.querySelector("touchline-replay") !== null);
  await pause(SETTLE_MS);
  const src = `/cold-${run}/${PACK}`;
  const seen = await page.evaluate(
    async (src, scrubFrame) => {
      const replay = document.querySelector("touchline-replay");
      if (replay === null) throw new Error("no replay");
      const now = (): number => performance.timeOrigin + performance.now();
      const clickMs = now();
      const started = new Promise<void>((resolve, reject) => {
        replay.addEventListener("canplay", () => resolve(), { once: true });
        replay.addEventListener("error", () => reject(replay.error), { once: true });
      });
      replay.src = src;
      await started;
      const startedMs = now();
      const scrubSecs = (scrubFrame + 0.5) / replay.frameRate;
      const { buffered } = replay;
      for (let index = 0; index < buffered.length; index += 1) {
        if (buffered.end(index) > scrubSecs) return { clickMs, startedMs, scrubbedMs: null };
      }
      replay.seek(scrubSecs);
      while (replay.frame !== scrubFrame) {
        if (now() > startedMs + 30_000) throw new Error("the instant does not come");
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      return { clickMs, startedMs, scrubbedMs: now() };
    },
    src,
    SCRUB_FRAME,
  );
  const marks = await gatherMarks(page);
  const manifest = await page.evaluate(
    async (url) => (await fetch(url)).json() as Promise<ManifestLike>,
    `${src}manifest.json`,
  );
  await page.close();
  return {
    startMs: seen.startedMs - seen.clickMs,
    scrubMs: seen.scrubbedMs === null ? null : seen.scrubbedMs - seen.startedMs,
    startMarks: waterfall(marks, seen.clickMs, seen.startedMs),
    scrubMarks: waterfall(marks, seen.startedMs, seen.scrubbedMs ?? seen.startedMs),
    manifest,
  };
}

/** What happened between two moments, first of each kind of what happens often. */
function waterfall(marks: readonly Mark[], fromMs: number, untilMs: number): Mark[] {
  const OFTEN = /pipeline|submit|drawing|sends (job|frame|cancel|done)|tells/;
  const told = new Set<string>();
  return marks
    .filter(({ atMs }) => atMs >= fromMs && atMs <= untilMs)
    .filter(({ name }) => {
      const kind = name.replace(/ of [\d.]+ ms$/, "");
      const isNews = !OFTEN.test(kind) || !told.has(kind);
      told.add(kind);
      return isNews;
    })
    .map(({ name, atMs }) => ({ name, atMs: atMs - fromMs }));
}
