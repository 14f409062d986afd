/**
 * How soon the replay goes with the video again after a seek, a stall, another rate, and a jump of
 * the stream's dates: from the video's next frame, the worst of several.
 *
 * At another rate a frame is on screen for so much less time; the two agree if they are within
 * 40 ms of the fan's time.
 */
import { inject, test } from "vitest";
import { ReplayPage } from "../browser/replay-page.js";
import { relockMs, seek, seekPaused, setRate, starve, type Upset } from "../browser/relock.js";
import { useBrowser } from "../browser/suite.js";
import { JUMP_PAGE, SYNC_PAGE } from "../browser/sync.js";
import { loadNow, note } from "./figures.js";

const suite = useBrowser();

/** A test page whose replay follows its video. */
async function following(path: string): Promise<ReplayPage> {
  const opened = await suite.open(path);
  await opened.waitForPicture();
  await opened.page.waitForFunction(
    () => (document.querySelector("video")?.readyState ?? 0) >= HTMLMediaElement.HAVE_CURRENT_DATA,
  );
  await (await opened.replay()).evaluate((replay) => replay.backToLive());
  return opened;
}

async function measure(name: string, path: string, upsets: readonly Upset[]): Promise<void> {
  const opened = await following(path);
  const all: number[] = [];
  for (const upset of upsets) all.push(await relockMs(opened.page, upset));
  const words = all.map((ms) => ms.toFixed(0)).join(" ");
  console.log(`relock after ${name} in ${inject("browser")}: ${words} ms (${loadNow()})`);
  note(`sync.relock_${name}_ms`, Math.max(...all));
}

test("after seeks while playing", () =>
  measure("seek", SYNC_PAGE, [
    { fromSecs: 0, upset: (page) => seek(page, 5), frames: [125, 199] },
    { fromSecs: 5, upset: (page) => seek(page, 1), frames: [25, 90] },
    { fromSecs: 1, upset: (page) => seek(page, 3), frames: [75, 130] },
    { fromSecs: 3, upset: (page) => seek(page, 6), frames: [150, 199] },
  ]));

test("after seeks while paused, when it plays again", () =>
  measure("play", SYNC_PAGE, [
    { fromSecs: 0, upset: (page) => seekPaused(page, 5), frames: [125, 199] },
    { fromSecs: 5, upset: (page) => seekPaused(page, 1), frames: [25, 90] },
    { fromSecs: 1, upset: (page) => seekPaused(page, 4), frames: [100, 170] },
  ]));

test("after stalls", () =>
  measure("stall", SYNC_PAGE, [
    { fromSecs: 0, upset: (page) => starve(page, 2), frames: [51, 130] },
    { fromSecs: 2, upset: (page) => starve(page, 4), frames: [101, 180] },
  ]));

test("after changes of the rate", () =>
  measure("rate", SYNC_PAGE, [
    { fromSecs: 0, upset: (page) => setRate(page, 0.5), frames: [0, 199] },
    { fromSecs: 0, upset: (page) => setRate(page, 2), frames: [0, 199] },
    { fromSecs: 0, rate: 2, upset: (page) => setRate(page, 1), frames: [0, 199] },
    { fromSecs: 0, rate: 0.5, upset: (page) => setRate(page, 1), frames: [0, 199] },
  ]));

test("after jumps of the stream's dates", () =>
  measure("jump", JUMP_PAGE, [
    { fromSecs: 0.9, upset: async () => {}, frames: [150, 199] },
    { fromSecs: 2.9, upset: async () => {}, frames: [50, 99] },
  ]));
