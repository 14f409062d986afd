/**
 * Goal: whatever breaks, the fan reads why, the page lives on, and what can come back does.
 * Method: break one thing at a time; look at the error, at the player's text and at the page.
 */
import { expect, test } from "vitest";
import { type ReplayPage, SIZE } from "./replay-page.js";
import { useBrowser } from "./suite.js";

const suite = useBrowser();

/** The text that a fan sees over the picture; empty if all is well. */
async function textOverPicture(opened: ReplayPage): Promise<string> {
  const replay = await opened.replay();
  return replay.evaluate((replay) => {
    const panel = replay.shadowRoot?.querySelector<HTMLElement>("[part~=error-panel]");
    return panel?.checkVisibility() === true ? panel.innerText : "";
  });
}

test("a pack that is not there", async () => {
  const opened = await suite.replay("/nowhere/");
  const { detail } = await opened.waitForEvent("error");
  expect(detail["fatal"]).toBe(true);
  expect(Math.floor(Number(detail["code"]) / 1000), "a network code").toBe(1);
  expect(await textOverPicture(opened)).not.toBe("");
  const replay = await opened.replay();
  expect(await replay.evaluate((replay) => replay.error?.httpStatus)).toBe(404);
  // Another source heals it.
  await replay.evaluate((replay) => {
    replay.src = "/small/";
  });
  await opened.waitForPicture();
  expect(await textOverPicture(opened)).toBe("");
});

test("a file that is no pack", async () => {
  const opened = await suite.replay("/test.html");
  const { detail } = await opened.waitForEvent("error");
  expect(detail["fatal"]).toBe(true);
  expect(await textOverPicture(opened)).not.toBe("");
});

test("a damaged segment costs its own stretch only", async () => {
  const opened = await suite.replay("/damaged/");
  await opened.waitForPicture();
  await opened.seekToFrame(2);
  // The damage is in the middle segment; the last frames are in another.
  await opened.seekToFrame(48);
  const whole = await opened.settledPicture();
  expect(whole.contrast()).toBeGreaterThan(3);
  const replay = await opened.replay();
  await replay.evaluate((replay) => replay.seek(1.0));
  const { detail } = await opened.waitForEvent("error");
  expect(detail["fatal"], "playback goes on").toBe(false);
  await opened.seekToFrame(2);
});

test("a lost GPU device comes back with the same viewpoint", async () => {
  const opened = await suite.replay("/small/");
  await opened.waitForPicture();
  await opened.seekToFrame(8);
  const view = { ...(await opened.view()), yawRadians: 1.2, distanceMetres: 5 };
  await opened.setView(view);
  const before = await opened.settledPicture();
  await (await opened.replay()).evaluate((replay) => replay.loseDevice());
  await opened.page.waitForFunction(
    () => window.told.some(({ type, detail }) => type === "device-lost" && detail["recovered"]),
    { polling: 50, timeout: 60_000 },
  );
  await opened.waitForFrame(8);
  const after = await opened.settledPicture();
  expect(after.differingShare(before, 8)).toBeLessThan(0.01);
  expect((await opened.view()).yawRadians).toBeCloseTo(1.2, 3);
});

test("a replay in a page without a size does no harm", async () => {
  const opened = await suite.replay("/small/", { size: "0x0" });
  const replay = await opened.replay();
  await replay.evaluate((replay, { width, height }) => {
    replay.style.width = `${width}px`;
    replay.style.height = `${height}px`;
  }, SIZE);
  await opened.waitForPicture();
  expect((await opened.settledPicture()).contrast()).toBeGreaterThan(3);
});
