/**
 * The two browsers, started so that WebGPU works on machines without a GPU.
 *
 * Chromium draws with SwiftShader and shows a blank canvas if any one of its flags is missing.
 * Firefox draws with lavapipe, which `VK_ICD_FILENAMES` names (`cargo xtask` sets it).
 */
import { existsSync, readdirSync } from "node:fs";
import puppeteer, { type Browser } from "puppeteer-core";

export const BROWSERS = ["chromium", "firefox"] as const;
export type BrowserName = (typeof BROWSERS)[number];

declare module "vitest" {
  export interface ProvidedContext {
    /** The browser that this run is for. */
    browser: BrowserName;
  }
}

/** How a browser is started. */
export interface LaunchOptions {
  /** Off, it starts as a browser that has none. */
  hasWebgpu?: boolean;
  /** On, it takes a server's certificate whoever signed it. */
  isTrusting?: boolean;
}

const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-dev-shm-usage",
  "--autoplay-policy=no-user-gesture-required",
  // Background timers run as in front: pages of a test lie behind each other.
  "--disable-background-timer-throttling",
  "--disable-renderer-backgrounding",
  "--force-color-profile=srgb",
];

const CHROMIUM_WEBGPU_FLAGS = [
  "--enable-unsafe-webgpu",
  "--enable-features=Vulkan",
  "--use-angle=swiftshader",
  "--use-vulkan=swiftshader",
  "--enable-gpu",
  "--ignore-gpu-blocklist",
];

/** Opens a browser. */
export function launch(name: BrowserName, options: LaunchOptions = {}): Promise<Browser> {
  const { hasWebgpu = true, isTrusting = false } = options;
  const start = name === "chromium" ? launchChromium : launchFirefox;
  return start(hasWebgpu, isTrusting);
}

function launchChromium(hasWebgpu: boolean, isTrusting: boolean): Promise<Browser> {
  const webgpu = hasWebgpu ? CHROMIUM_WEBGPU_FLAGS : ["--disable-gpu"];
  return puppeteer.launch({
    browser: "chrome",
    executablePath: findProgram("TOUCHLINE_CHROMIUM", ["chromium", "google-chrome"]),
    acceptInsecureCerts: isTrusting,
    headless: true, // The new headless mode: a whole browser without windows.
    args: [...CHROMIUM_FLAGS, ...webgpu],
  });
}

function launchFirefox(hasWebgpu: boolean, isTrusting: boolean): Promise<Browser> {
  return puppeteer.launch({
    browser: "firefox",
    executablePath: findProgram("TOUCHLINE_FIREFOX", ["firefox-esr", "firefox"]),
    acceptInsecureCerts: isTrusting,
    headless: true,
    env: { ...process.env, ...lavapipe() },
    extraPrefsFirefox: {
      "dom.webgpu.enabled": hasWebgpu,
      "gfx.webgpu.ignore-blocklist": true,
      "media.autoplay.default": 0, // Allowed.
      "media.autoplay.blocking_policy": 0,
      // Touch events exist where a touch screen is, or where this says so.
      "dom.w3c_touch_events.enabled": 1,
    },
  });
}

function lavapipe(): Record<string, string> {
  if (process.env["VK_ICD_FILENAMES"] !== undefined) return {};
  const folder = "/usr/share/vulkan/icd.d";
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const file = files.find((name) => /^lvp_icd.*\.json$/.test(name));
  return file === undefined ? {} : { VK_ICD_FILENAMES: `${folder}/${file}` };
}

function findProgram(variable: string, names: string[]): string {
  const chosen = process.env[variable];
  if (chosen !== undefined) return chosen;
  const folders = (process.env["PATH"] ?? "").split(":");
  for (const name of names) {
    const folder = folders.find((folder) => existsSync(`${folder}/${name}`));
    if (folder !== undefined) return `${folder}/${name}`;
  }
  const wanted = names.join(" or ");
  throw new Error(`no ${wanted} in PATH: run \`cargo xtask setup\`, or set ${variable}`);
}
