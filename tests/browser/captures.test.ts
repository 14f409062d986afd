/**
 * Goal: real captures look in the browser as they do natively.
 * Method: the same frame from the same viewpoint, by `touchline render` and by the page.
 *
 * Tolerance: the same shaders run on other drivers (SwiftShader, lavapipe through Firefox's and
 * Chromium's own WebGPU), so edges of points and triangles fall on other pixels: at most 3 % of
 * the pixels may differ by more than 24 of 255 on a channel, and 1.5 in the mean.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { Picture } from "./pictures.js";
import { SIZE } from "./replay-page.js";
import { PICTURES, renderNatively } from "./site.js";
import { useBrowser } from "./suite.js";

const suite = useBrowser();
const DIFFERING_SHARE_MAX = 0.03;
const MEAN_DIFFERENCE_MAX = 1.5;
const FRAMES = [1, 3];

test.for(["loot", "liam"])("%s looks as drawn natively", async (name, { skip }) => {
  if (!inject("captures").includes(name)) skip("the real captures are not here");
  const opened = await suite.replay(`/${name}/`);
  await opened.waitForPicture();
  const view = { ...(await opened.view()), yawRadians: 0.5, pitchRadians: 0.1 };
  view.distanceMetres *= 0.8;
  await opened.setView(view);
  for (const frame of FRAMES) {
    await opened.seekToFrame(frame);
    const shown = await opened.settledPicture();
    const stem = join(PICTURES, `${name}-${frame}`);
    writeFileSync(`${stem}-${inject("browser")}.png`, shown.toPng());
    const degrees = (radians: number): number => (radians * 180) / Math.PI;
    const viewpoint = [
      `target=${view.target.join(" ")}`,
      `yaw=${degrees(view.yawRadians)}`,
      `pitch=${degrees(view.pitchRadians)}`,
      `distance=${view.distanceMetres}`,
      `fov=${degrees(view.fovYRadians)}`,
    ].join(",");
    renderNatively(name, `${stem}-native.png`, [
      ...["--frame", String(frame), "--viewpoint", viewpoint],
      ...["--size", `${SIZE.width}x${SIZE.height}`],
    ]);
    const native = Picture.fromFile(`${stem}-native.png`);
    expect(native.contrast()).toBeGreaterThan(10);
    expect(shown.differingShare(native)).toBeLessThan(DIFFERING_SHARE_MAX);
    expect(shown.meanDifference(native)).toBeLessThan(MEAN_DIFFERENCE_MAX);
  }
});
