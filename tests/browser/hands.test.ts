/**
 * Goal: mouse, fingers, wheel and keys move the camera, and only when the gesture is ours.
 * Method: real input events from the browser; the viewpoint that the element reports and the
 * picture on the screen must both change, and in the right direction.
 */
import { expect, test } from "vitest";
import type { View } from "../../www/src/messages.js";
import { pause, type ReplayPage, SIZE } from "./replay-page.js";
import { useBrowser } from "./suite.js";

const suite = useBrowser();
const CENTRE = { x: SIZE.width / 2, y: SIZE.height / 2 };

/** A replay at rest, seen from a known place. */
async function opened(): Promise<ReplayPage> {
  const opened = await suite.replay("/small/");
  await opened.waitForPicture();
  await opened.seekToFrame(5);
  await opened.settledPicture();
  return opened;
}

/** Does something to a replay and returns the viewpoints before and after. */
async function moved(
  opened: ReplayPage,
  act: (opened: ReplayPage) => Promise<void>,
): Promise<{ before: View; after: View }> {
  const before = await opened.view();
  const picture = await opened.settledPicture();
  await act(opened);
  await pause(300); // The first picture of the glide, at least; the next line waits for its end.
  const changed = await opened.settledPicture();
  expect(changed.differingShare(picture), "the picture changes").toBeGreaterThan(0.005);
  return { before, after: await opened.view() };
}

test("dragging with the mouse orbits", async () => {
  const { before, after } = await moved(await opened(), async ({ page }) => {
    await page.mouse.move(CENTRE.x, CENTRE.y);
    await page.mouse.down();
    await page.mouse.move(CENTRE.x + 80, CENTRE.y + 20, { steps: 8 });
    await page.mouse.up();
  });
  expect(Math.abs(after.yawRadians - before.yawRadians)).toBeGreaterThan(0.2);
  expect(after.distanceMetres).toBeCloseTo(before.distanceMetres, 3);
});

test("dragging with a finger orbits", async () => {
  const { before, after } = await moved(await opened(), async ({ page }) => {
    const finger = await page.touchscreen.touchStart(CENTRE.x - 60, CENTRE.y);
    for (let step = 1; step <= 8; step += 1) await finger.move(CENTRE.x - 60 + step * 12, CENTRE.y);
    await finger.end();
  });
  expect(Math.abs(after.yawRadians - before.yawRadians)).toBeGreaterThan(0.2);
});

test("two fingers apart come nearer", async () => {
  const { before, after } = await moved(await opened(), async ({ page }) => {
    const left = await page.touchscreen.touchStart(CENTRE.x - 20, CENTRE.y);
    const right = await page.touchscreen.touchStart(CENTRE.x + 20, CENTRE.y);
    for (let step = 1; step <= 6; step += 1) {
      await left.move(CENTRE.x - 20 - step * 8, CENTRE.y);
      await right.move(CENTRE.x + 20 + step * 8, CENTRE.y);
    }
    await left.end();
    await right.end();
  });
  expect(after.distanceMetres).toBeLessThan(before.distanceMetres * 0.8);
});

test("the wheel zooms with focus, and is the page's without", async () => {
  const page = await opened();
  const before = await page.view();
  await page.page.mouse.move(CENTRE.x, CENTRE.y);
  await page.page.mouse.wheel({ deltaY: -240 });
  await pause(500);
  expect((await page.view()).distanceMetres).toBeCloseTo(before.distanceMetres, 3);
  const { after } = await moved(page, async ({ page }) => {
    await page.mouse.click(CENTRE.x, CENTRE.y);
    await page.mouse.wheel({ deltaY: -240 });
  });
  expect(after.distanceMetres).toBeLessThan(before.distanceMetres);
});

test("keys orbit, zoom and come home", async () => {
  const page = await opened();
  await page.page.keyboard.press("Tab");
  const { before, after } = await moved(page, async ({ page }) => {
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("+");
  });
  expect(after.yawRadians).not.toBeCloseTo(before.yawRadians, 1);
  expect(after.pitchRadians).toBeGreaterThan(before.pitchRadians);
  expect(after.distanceMetres).toBeLessThan(before.distanceMetres);
  const { after: home } = await moved(page, ({ page }) => page.keyboard.press("Home"));
  expect(home.yawRadians).toBeCloseTo(before.yawRadians, 2);
  expect(home.distanceMetres).toBeCloseTo(before.distanceMetres, 2);
});
