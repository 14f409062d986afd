/**
 * Goal: the browsers themselves can do what the player needs, so that a failure elsewhere is ours.
 * Method: a worker clears a transferred canvas through WebGPU; the picture is read from a
 * screenshot, not from the page.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "puppeteer-core";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { launch } from "./browsers.js";
import { pictureOf } from "./pictures.js";

const WORKER = `
  addEventListener("message", async ({ data: canvas }) => {
    try {
      const adapter = await navigator.gpu.requestAdapter();
      const device = await adapter.requestDevice();
      const context = canvas.getContext("webgpu");
      context.configure({ device, format: navigator.gpu.getPreferredCanvasFormat() });
      const draw = () => {
        const view = context.getCurrentTexture().createView();
        const clearValue = { r: 1, g: 0.5, b: 0, a: 1 };
        const attachment = { view, clearValue, loadOp: "clear", storeOp: "store" };
        const encoder = device.createCommandEncoder();
        encoder.beginRenderPass({ colorAttachments: [attachment] }).end();
        device.queue.submit([encoder.finish()]);
      };
      draw();
      requestAnimationFrame(() => { draw(); postMessage("drawn"); });
    } catch (error) {
      postMessage(String(error));
    }
  });`;
const PAGE = `<!doctype html><canvas width="64" height="64"></canvas><script>
  const canvas = document.querySelector("canvas").transferControlToOffscreen();
  const worker = new Worker("/worker.js", { type: "module" });
  worker.onmessage = ({ data }) => { document.title = data; };
  worker.postMessage(canvas, [canvas]);
</script>`;

let server: Server;
let browser: Browser;

beforeAll(async () => {
  server = createServer((request, response) => {
    const isWorker = request.url === "/worker.js";
    response.setHeader("content-type", isWorker ? "text/javascript" : "text/html");
    response.end(isWorker ? WORKER : PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  browser = await launch(inject("browser"));
});

afterAll(async () => {
  await browser.close();
  server.close();
});

test("a worker draws through WebGPU, and the picture is on the page", async () => {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction(() => document.title !== "");
  expect(await page.title()).toBe("drawn");
  const canvas = await page.$("canvas");
  expect(canvas).not.toBeNull();
  const picture = await pictureOf(canvas!);
  const [red, green, blue] = picture.pixel(32, 32);
  expect(red).toBeGreaterThan(250);
  expect(Math.abs(green - 128)).toBeLessThan(3);
  expect(blue).toBeLessThan(5);
});
