/** Runs every page test in both browsers, one after the other: software GPUs need all cores. */
import { defineConfig } from "vitest/config";
import { BROWSERS } from "./browsers.js";

export default defineConfig({
  cacheDir: "../../target/vite",
  test: {
    root: import.meta.dirname,
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ["default"],
    projects: BROWSERS.map((browser) => ({
      extends: true,
      test: {
        name: browser,
        include: ["*.test.ts"],
        globalSetup: ["site.ts"],
        provide: { browser },
      },
    })),
  },
});
