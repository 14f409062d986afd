/** A pack whose texture is measured: a real capture's, as a video and as images. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { CAPTURES, SITE, TOUCHLINE } from "../browser/site.js";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where it is on the site; empty where the capture is not there. */
    textures: string;
  }
}

/** Makes it, after the site is there. */
export default function setup(project: TestProject): void {
  const capture = join(CAPTURES, "liam");
  const isThere = existsSync(capture);
  project.provide("textures", isThere ? "textures/" : "");
  if (!isThere) return;
  const words = ["pack", capture, "--out", join(SITE, "textures"), "--frame-rate", "25"];
  execFileSync(TOUCHLINE, words, { stdio: ["ignore", "ignore", "inherit"] });
}
