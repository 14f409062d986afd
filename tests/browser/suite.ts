/** One browser for a file of tests, and a picture of the page of each test that fails. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, inject } from "vitest";
import { launch, type LaunchOptions } from "./browsers.js";
import { ReplayPage } from "./replay-page.js";
import { PICTURES } from "./site.js";

/** What a test file has. */
export interface Suite {
  /** Opens a replay of `pack` on the test page. */
  replay(pack: string, attributes?: Record<string, string>): Promise<ReplayPage>;
  /** Opens a page of the site. */
  open(
    path: string,
    beforeScripts?: (...words: string[]) => void,
    ...words: string[]
  ): Promise<ReplayPage>;
}

/** Starts the browser before the file's tests and closes it after; pages live for one test. */
export function useBrowser(options: LaunchOptions = {}): Suite {
  let browser: Browser;
  let pages: ReplayPage[] = [];
  const keep = (page: ReplayPage): ReplayPage => {
    pages.push(page);
    return page;
  };

  beforeAll(async () => {
    browser = await launch(inject("browser"), options);
  });

  afterEach(async ({ task }) => {
    const isFailed = task.result?.state === "fail";
    for (const [index, { page }] of pages.entries()) {
      if (isFailed) {
        const name = `${inject("browser")} ${task.name} ${index}.png`.replaceAll(/[^\w.]+/g, "-");
        writeFileSync(join(PICTURES, name), await page.screenshot());
      }
      await page.close();
    }
    pages = [];
  });

  afterAll(async () => {
    await browser?.close();
  });

  return {
    replay: async (pack, attributes = {}) =>
      keep(await ReplayPage.withPack(browser, inject("site"), pack, attributes)),
    open: async (path, beforeScripts, ...words) =>
      keep(await ReplayPage.open(browser, inject("site") + path, beforeScripts, ...words)),
  };
}
