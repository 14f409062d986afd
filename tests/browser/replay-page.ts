/**
 * A page with replays on it, and what a test does with them.
 *
 * Events are kept from before the page's first script on, so none is missed.
 */
import type { Browser, ElementHandle, Page } from "puppeteer-core";
import type { TouchlineReplay } from "../../www/src/touchline.js";
import type { View } from "../../www/src/messages.js";
import { type Picture, pictureOf } from "./pictures.js";

/** As large as a test's replay is: software GPUs are slow. */
export const SIZE = { width: 320, height: 180 };

/** An event that a replay has sent. */
export interface Told {
  type: string;
  /** Since the navigation began. */
  atMs: number;
  /** As much of `detail` as is plain data. */
  detail: Record<string, unknown>;
}

const KEPT_EVENTS = [
  ...["canplay", "error", "device-lost", "seeked", "sync-change", "mode-change"],
  ...["play", "pause", "camera-change", "replay-available", "durationchange", "waiting", "ended"],
];

declare global {
  interface Window {
    told: Told[];
  }
}

/** A page with at least one replay. */
export class ReplayPage {
  readonly page: Page;
  /** Requests that failed or left the site, and errors that nobody caught. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
  }

  /**
   * Opens an address and waits for the element's definition; `beforeScripts` runs in the page, and
   * is given `words`.
   */
  static async open(
    browser: Browser,
    url: string,
    beforeScripts: (...words: string[]) => void = () => undefined,
    ...words: string[]
  ): Promise<ReplayPage> {
    const page = await browser.newPage();
    const opened = new ReplayPage(page);
    page.on("pageerror", (error) => opened.complaints.push(String(error)));
    page.on("requestfailed", (request) => {
      // A player may change its mind; that is no failure.
      const reason = request.failure()?.errorText ?? "";
      if (!/abort/i.test(reason)) opened.complaints.push(`${request.url()}: ${reason}`);
    });
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      const isOwn = origin === new URL(url).origin || protocol === "blob:" || protocol === "data:";
      if (!isOwn) opened.complaints.push(`${request.url()}: leaves the site`);
    });
    await page.evaluateOnNewDocument(keepEvents, KEPT_EVENTS);
    await page.evaluateOnNewDocument(beforeScripts, ...words);
    await page.goto(url);
    await page.waitForFunction(() => customElements.get("touchline-replay") !== undefined);
    return opened;
  }

  /** Opens the test page with a replay of `pack`; attributes as `www/test/page.ts` takes them. */
  static withPack(
    browser: Browser,
    site: string,
    pack: string,
    attributes: Record<string, string> = {},
  ): Promise<ReplayPage> {
    const query = new URLSearchParams({ pack, nocontrols: "", ...attributes });
    return ReplayPage.open(browser, `${site}test.html?${query}`);
  }

  /** Adds another replay at the page's end. */
  async add(pack: string): Promise<void> {
    await this.page.evaluate(
      (pack, { width, height }) => {
        const element = document.createElement("touchline-replay");
        element.src = pack;
        element.controls = false;
        element.style.width = `${width}px`;
        element.style.height = `${height}px`;
        document.body.append(element);
      },
      pack,
      SIZE,
    );
  }

  /** The replay, the first unless another is asked for. */
  async replay(index = 0): Promise<ElementHandle<TouchlineReplay>> {
    const found = (await this.page.$$("touchline-replay"))[index];
    if (found === undefined) throw new Error(`there is no replay ${index} on the page`);
    return found as ElementHandle<TouchlineReplay>;
  }

  /** Waits for the first picture; a fatal error ends the wait. */
  async waitForPicture(index = 0): Promise<void> {
    await this.page.waitForFunction(
      (index) => {
        const replay = document.querySelectorAll("touchline-replay")[index];
        return replay !== undefined && (replay.error !== null || replay.frame !== null);
      },
      { polling: 50, timeout: 60_000 },
      index,
    );
    const error = await this.page.evaluate((index) => {
      const error = document.querySelectorAll("touchline-replay")[index]?.error ?? null;
      return error && `${error.code} ${error.message}`;
    }, index); // No handle: it would keep the replay alive.
    if (error !== null) throw new Error(error);
  }

  /** What is on the screen where the replay is. */
  async picture(index = 0): Promise<Picture> {
    return pictureOf(await this.replay(index));
  }

  /** The 3D picture alone, once it no longer changes: gliding and refining are over. */
  async settledPicture(index = 0): Promise<Picture> {
    await (await this.replay(index)).evaluate((replay) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync("[part=prompt] { display: none !important }");
      replay.shadowRoot?.adoptedStyleSheets.push(sheet);
    });
    await this.waitForDetail(index);
    const deadline = Date.now() + 20_000;
    let last = await this.picture(index);
    while (Date.now() < deadline) {
      await pause(250);
      const next = await this.picture(index);
      if (next.differingShare(last, 2) === 0) return next;
      last = next;
    }
    throw new Error("the picture does not come to rest");
  }

  /**
   * Waits until the points on show have all layers that are worth having, and meshes their finest;
   * not for ever, one may be lost.
   */
  async waitForDetail(index = 0): Promise<void> {
    const isFinest = (index: number): boolean => {
      const replay = document.querySelectorAll("touchline-replay")[index];
      if (replay === undefined) return false;
      const { layer, rendition, stats } = replay;
      if (rendition !== null && rendition > 0) return false;
      return layer === null || layer === stats?.layerNeeded;
    };
    const options = { polling: 50, timeout: 5_000 };
    await this.page.waitForFunction(isFinest, options, index).catch(() => undefined);
  }

  /** Goes to a frame with the replay's own transport, and waits until it is shown. */
  async seekToFrame(frame: number): Promise<void> {
    const replay = await this.replay();
    await replay.evaluate((replay, frame) => {
      replay.pause();
      replay.seek((frame + 0.5) / replay.frameRate);
    }, frame);
    await this.waitForFrame(frame);
  }

  /** Waits until the replay says that it shows a frame. */
  async waitForFrame(frame: number): Promise<void> {
    await this.page.waitForFunction(
      (frame) => document.querySelector("touchline-replay")?.frame === frame,
      { polling: 20, timeout: 30_000 },
      frame,
    );
  }

  /** The index of the frame on show. */
  async frame(): Promise<number | null> {
    return (await this.replay()).evaluate((replay) => replay.frame);
  }

  /** From where the replay is seen. */
  async view(): Promise<View> {
    const view = await (await this.replay()).evaluate((replay) => replay.view);
    if (view === null) throw new Error("the replay has no viewpoint yet");
    return view;
  }

  /** Looks from a viewpoint at once. */
  async setView(view: View): Promise<void> {
    const replay = await this.replay();
    await replay.evaluate((replay, view) => replay.flyTo(view, { duration: 0 }), view);
  }

  /** Waits for an event, also one that has been sent already. */
  async waitForEvent(type: string): Promise<Told> {
    await this.page.waitForFunction(
      (type) => window.told.some((told) => told.type === type),
      { polling: 50, timeout: 60_000 },
      type,
    );
    const found = (await this.told()).find((told) => told.type === type);
    if (found === undefined) throw new Error(`no ${type}`);
    return found;
  }

  /** All events so far. */
  told(): Promise<Told[]> {
    return this.page.evaluate(() => window.told);
  }

  /** Waits until the page has so many workers. */
  async waitForWorkerCount(count: number): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (this.page.workers().length !== count) {
      if (Date.now() > deadline) {
        throw new Error(`${this.page.workers().length} workers instead of ${count}`);
      }
      await pause(100);
    }
  }

  close(): Promise<void> {
    return this.page.close();
  }
}

/** Runs in the page, before its scripts. */
function keepEvents(types: string[]): void {
  window.told = [];
  for (const type of types) {
    window.addEventListener(
      type,
      (event) => {
        if (!(event instanceof CustomEvent)) return; // The host's video has such events too.
        const detail: unknown = event.detail;
        const { code, fatal, message } = (detail ?? {}) as Record<string, unknown>;
        const plain = detail instanceof Error ? { code, fatal, message } : detail;
        const atMs = performance.now();
        window.told.push({ type, atMs, detail: (plain ?? {}) as Record<string, unknown> });
      },
      true,
    );
  }
}

/** Waits; only for things that have no event. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
