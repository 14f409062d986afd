/**
 * Goal: a browser without WebGPU shows why, and keeps the poster; nothing is thrown at the page.
 * Method: start the browser with WebGPU turned off.
 */
import { expect, test } from "vitest";
import { useBrowser } from "./suite.js";

const suite = useBrowser({ hasWebgpu: false });

test("says that there is no WebGPU", async () => {
  const opened = await suite.replay("/small/");
  const { detail } = await opened.waitForEvent("error");
  expect(detail["fatal"]).toBe(true);
  expect(Math.floor(Number(detail["code"]) / 1000), "a GPU code").toBe(5);
  const text = await (await opened.replay()).evaluate((replay) => {
    const panel = replay.shadowRoot?.querySelector<HTMLElement>("[part~=error-panel]");
    return panel?.checkVisibility() === true ? panel.innerText : "";
  });
  expect(text).not.toBe("");
  expect(opened.complaints).toEqual([]);
});
