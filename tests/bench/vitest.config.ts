/** Measures the demo page in one browser; `cargo xtask bench` runs it. */
import { defineConfig } from "vitest/config";
import { BROWSERS } from "../browser/browsers.js";

export default defineConfig({
  cacheDir: "../../target/vite",
  test: {
    root: import.meta.dirname,
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 120_000,
    reporters: ["default"],
    projects: BROWSERS.map((browser) => ({
      extends: true,
      test: {
        name: browser,
        include: ["page.ts", "relock.ts", "start.ts"],
        globalSetup: ["../browser/site.ts", "./textures-pack.ts"],
        provide: { browser },
      },
    })),
  },
});
