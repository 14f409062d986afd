/** A replay that is being made while a page shows it: `touchline pack --live` on frames of ours. */
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { BROADCAST_START, SITE, SMALL_CAPTURE, TOUCHLINE, WORK } from "./site.js";

/** 25 frames a second, 10 of them in a segment. */
const OPTIONS = ["--frame-rate", "25", "--segment-secs", "0.4", "--settle-secs", "0.05"];

/** One replay, made of the frames of the small capture. */
export class Making {
  readonly #frames = readdirSync(SMALL_CAPTURE).sort();
  readonly #folder: string;
  readonly #packer: ChildProcess;
  readonly #lines: Interface;
  #publishedCount = 0;
  #isDone = false;

  /** Served as `/NAME/`, and listed in `/NAME.reel.json`. */
  constructor(name: string) {
    this.#folder = join(WORK, name);
    const olds = [this.#folder, join(SITE, name)];
    for (const old of olds) rmSync(old, { recursive: true, force: true });
    mkdirSync(this.#folder, { recursive: true });
    const ends = ["--end-file", join(this.#folder, "done")];
    const reel = ["--reel", join(SITE, `${name}.reel.json`), "--start", BROADCAST_START];
    const out = ["--out", join(SITE, name), "--title", "Goal", "--json"];
    const options = ["pack", "--live", this.#folder, ...out, ...OPTIONS, ...ends, ...reel];
    this.#packer = spawn(TOUCHLINE, options, { stdio: ["ignore", "pipe", "inherit"] });
    this.#lines = createInterface(this.#packer.stdout!);
    this.#lines.on("line", (line) => {
      const { event, frameCount } = JSON.parse(line) as { event: string; frameCount: number };
      if (event === "published") this.#publishedCount = frameCount;
      if (event === "result") this.#isDone = true;
    });
  }

  /** Hands over all frames up to `end`, and waits until viewers can see them. */
  async publishUntil(end: number): Promise<void> {
    for (const name of this.#frames.slice(0, end)) {
      const aside = join(this.#folder, `.${name}`);
      copyFileSync(join(SMALL_CAPTURE, name), aside);
      renameSync(aside, join(this.#folder, name));
    }
    await this.#until(() => this.#publishedCount >= end);
  }

  /** Says that no frame will come any more, and waits until viewers know. */
  async end(): Promise<void> {
    writeFileSync(join(this.#folder, "done"), "");
    await this.#until(() => this.#isDone);
  }

  close(): void {
    this.#packer.kill("SIGKILL");
    this.#lines.close();
  }

  async #until(is: () => boolean): Promise<void> {
    while (!is()) {
      if (this.#packer.exitCode !== null && !this.#isDone) throw new Error("the packer has ended");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
