/**
 * What the page tests open: the built site with packs beside it, on one server.
 *
 * Made once before a browser's tests (`vitest.config.ts`) in `target/browser-tests`:
 * - `/` and all of `target/site`: the demo page, the test page, the library as it is published;
 * - `/small/`: a pack of 50 frames with few points, quick to decode and draw anywhere;
 * - `/single.touchline`: the same as a single file;
 * - `/damaged/`: the small pack, with a byte of a segment in its middle changed;
 * - `/light/`: the action of the demo at the time of its broadcast, light enough for any machine;
 * - `/colours/`: a square whose texture has another colour in each frame (`COLOURS`), a video with
 *   images behind it where there is an ffmpeg, else images;
 * - `/media/video/announced.m3u8`: the demo's broadcast with a replay announced in it;
 * - `/growing/`, `/listed/`: made by a test (`making.ts`), of frames of the small pack;
 * - `/media/video/jumping.m3u8`: its segments in another order, so that the dates jump;
 * - `/loot/`, `/liam/`: frames of real captures, where there are any.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { PNG } from "pngjs";
import type { TestProject } from "vitest/node";

const ROOT = resolve(import.meta.dirname, "../..");
/** The whole of it. */
export const SITE = join(ROOT, "target/browser-tests/site");
/** What it is made of. */
export const WORK = join(ROOT, "target/browser-tests/work");
/** The frames of the small pack's points. */
export const SMALL_CAPTURE = join(WORK, "capture/athlete-points");
/** Pictures of failures go here. */
export const PICTURES = join(ROOT, "target/browser-tests/pictures");

/** The native tools, built by `cargo xtask test`. */
export const TOUCHLINE = process.env["TOUCHLINE"] ?? join(ROOT, "target/debug/touchline");
const GENERATOR = process.env["TOUCHLINE_DEMO"] ?? join(ROOT, "target/debug/touchline-demo");
/** Real captures. */
export const CAPTURES = process.env["TOUCHLINE_DATA"] ?? join(ROOT, "../shared/data");

/** A real capture, and how many of its frames are packed. */
interface Capture {
  name: string;
  folder: string;
  frameRate: number;
  frameCount: number;
}

const REAL_CAPTURES: Capture[] = [
  { name: "loot", folder: "loot/vox9", frameRate: 30, frameCount: 4 },
  { name: "liam", folder: "liam", frameRate: 25, frameCount: 4 },
];

/** As the playlist of the demo's broadcast has it. */
export const BROADCAST_START = "2026-02-14T19:30:00Z";

/** The replay that `/media/video/announced.m3u8` announces. */
export const ANNOUNCED_PACK = "https://example.com/goal/";

/** Frames of the small pack, at 25 a second. */
export const SMALL_FRAME_COUNT = 50;

const LEVELS = [40, 125, 210] as const;
/** The texture's colour in each frame of `/colours/`: red, green and blue, far from each other. */
export const COLOURS = LEVELS.flatMap((red) =>
  LEVELS.flatMap((green) => LEVELS.map((blue) => [red, green, blue] as const)),
);

declare module "vitest" {
  export interface ProvidedContext {
    /** The server's address, with a slash at the end. */
    site: string;
    /** Names of the real captures that are served. */
    captures: string[];
  }
}

/** Makes the site and serves it; returns what stops the server. */
export default async function setup(project: TestProject): Promise<() => void> {
  const library = join(ROOT, "target/site");
  if (!existsSync(library)) throw new Error("no target/site: run `cargo xtask build`");
  for (const folder of [SITE, WORK]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(PICTURES, { recursive: true });
  cpSync(library, SITE, { recursive: true });
  if (project.name === "firefox") keepCommandBuffers();
  makeSmallPacks();
  makeLightPack();
  makeColourPack();
  announceReplay();
  reorderBroadcast();
  project.provide("captures", packRealCaptures());
  const { server, address } = await serve();
  project.provide("site", address);
  return () => {
    server.kill("SIGINT");
  };
}

/**
 * Lets no command buffer of the engine's worker be collected.
 *
 * Why: Firefox 153 dies ("Cannot remove a vacant resource") if a worker's collector runs just
 * before the page is pictured. It frees the command buffers' numbers, gives them out again for the
 * copy of the canvas, and only then tells the GPU's side of the first owners' end.
 */
function keepCommandBuffers(): void {
  const worker = join(SITE, "touchline/engine-worker.js");
  const keeping = `
    const kept = [];
    const encoder = globalThis.GPUCommandEncoder?.prototype ?? {};
    encoder.finish &&= new Proxy(encoder.finish, {
      apply: (finish, self, words) => {
        const buffer = Reflect.apply(finish, self, words);
        kept.push(self, buffer);
        return buffer;
      },
    });
  `;
  writeFileSync(worker, readFileSync(worker, "utf8") + keeping);
}

function makeSmallPacks(): void {
  const capture = join(WORK, "capture");
  run(GENERATOR, [capture, "--points", "6000", "--frames", String(SMALL_FRAME_COUNT)]);
  const small = join(SITE, "small");
  for (const out of [small, join(SITE, "single.touchline")]) {
    run(TOUCHLINE, [
      ...["pack", "--out", out, "--frame-rate", "25", "--title", "Small"],
      ...["--track", `id=points,path=${capture}/athlete-points,alternative=athlete`],
      ...["--track", `id=mesh,path=${capture}/athlete-mesh,alternative=athlete`],
    ]);
  }
  const damaged = join(SITE, "damaged");
  cpSync(small, damaged, { recursive: true });
  // Finer layers may not be fetched at all.
  const isCoarse = (name: string): boolean => /layer0-.*\.seg$/.test(name);
  const segments = readdirSync(join(damaged, "points")).filter(isCoarse);
  const segment = join(damaged, "points", segments.sort()[Math.floor(segments.length / 2)] ?? "");
  const bytes = readFileSync(segment);
  const middle = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 0xff, middle);
  writeFileSync(segment, bytes);
}

function makeLightPack(): void {
  const capture = join(WORK, "light");
  run(GENERATOR, [capture, "--points", "2000"]);
  const scene = join(WORK, "light.json");
  writeFileSync(scene, JSON.stringify({ stage: { surface: "none" } }));
  run(TOUCHLINE, [
    ...["pack", "--out", join(SITE, "light"), "--frame-rate", "25", "--title", "Light"],
    ...["--scene", scene, "--start", BROADCAST_START],
    ...["--track", `id=points,path=${capture}/athlete-points`],
  ]);
}

/** The demo's broadcast, with a replay announced at its third second. */
function announceReplay(): void {
  const folder = join(SITE, "media/video");
  const playlist = readFileSync(join(folder, "broadcast.m3u8"), "utf8");
  const date = new Date(Date.parse(BROADCAST_START) + 3000).toISOString();
  const words = [
    ...[`ID="goal"`, `CLASS="touchline-replay"`, `START-DATE="${date}"`],
    ...[`X-TOUCHLINE-PACK="${ANNOUNCED_PACK}"`, `X-TOUCHLINE-TITLE="1:0"`],
  ];
  const first = "#EXT-X-PROGRAM-DATE-TIME";
  const announced = playlist.replace(first, `#EXT-X-DATERANGE:${words.join(",")}\n${first}`);
  writeFileSync(join(folder, "announced.m3u8"), announced);
}

/** The demo's broadcast with its last segment second: dates that jump ahead, and back. */
function reorderBroadcast(): void {
  const folder = join(SITE, "media/video");
  const playlist = readFileSync(join(folder, "broadcast.m3u8"), "utf8");
  const [head = "", ...segments] = playlist
    .replace("#EXT-X-ENDLIST\n", "")
    .split(/^(?=#EXT-X-PROGRAM-DATE-TIME)/m);
  const order = [segments[0], segments[3], segments[1]];
  const jumping = [head, order.join("#EXT-X-DISCONTINUITY\n"), "#EXT-X-ENDLIST\n"].join("");
  writeFileSync(join(folder, "jumping.m3u8"), jumping);
}

function makeColourPack(): void {
  const capture = join(WORK, "colours");
  mkdirSync(capture, { recursive: true });
  const floats = ["x", "y", "z", "s", "t"].map((name) => `property float ${name}`);
  const ply = [
    ...["ply", "format ascii 1.0", "element vertex 4", ...floats, "element face 2"],
    ...["property list uchar int vertex_indices", "end_header"],
    ...["-1 0 0 0 1", "1 0 0 1 1", "1 2 0 1 0", "-1 2 0 0 0", "3 0 1 2", "3 0 2 3", ""],
  ].join("\n");
  for (const [frame, [red, green, blue]] of COLOURS.entries()) {
    const png = new PNG({ width: 96, height: 65 });
    for (let at = 0; at < png.data.length; at += 4) png.data.set([red, green, blue, 255], at);
    const number = String(frame).padStart(2, "0");
    writeFileSync(join(capture, `square_${number}.ply`), ply);
    writeFileSync(join(capture, `image_${number}.png`), PNG.sync.write(png));
  }
  const scene = join(WORK, "colours.json");
  writeFileSync(scene, JSON.stringify({ stage: { surface: "none" } }));
  run(TOUCHLINE, [
    ...["pack", capture, "--out", join(SITE, "colours"), "--frame-rate", "25"],
    ...["--segment-secs", "0.32", "--title", "Colours", "--scene", scene],
    ...["--preset", "id=front,target=0 1 0,yaw=0,pitch=0,distance=2,fov=40"],
  ]);
}

function packRealCaptures(): string[] {
  const found = REAL_CAPTURES.filter(({ folder }) => existsSync(join(CAPTURES, folder)));
  for (const { name, folder, frameRate, frameCount } of found) {
    const frames = join(WORK, "captures", name);
    mkdirSync(frames, { recursive: true });
    for (const kind of ["ply", "jpg"]) {
      const files = readdirSync(join(CAPTURES, folder)).filter((file) => file.endsWith(kind));
      for (const file of files.sort().slice(0, frameCount)) {
        symlinkSync(resolve(CAPTURES, folder, file), join(frames, file));
      }
    }
    run(TOUCHLINE, ["pack", frames, "--frame-rate", String(frameRate), "--out", join(SITE, name)]);
  }
  return found.map(({ name }) => name);
}

function serve(): Promise<{ server: ChildProcess; address: string }> {
  const server = spawn(TOUCHLINE, ["serve", SITE, "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("exit", (code) => reject(new Error(`touchline serve ended with ${code}`)));
    createInterface(server.stdout).once("line", (address) => resolve({ server, address }));
  });
}

/** What `touchline render` draws of a served pack, as a PNG file at `out`. */
export function renderNatively(pack: string, out: string, options: string[]): void {
  run(TOUCHLINE, ["render", join(SITE, pack), "--out", out, ...options]);
}

function run(program: string, options: string[]): void {
  execFileSync(program, options, { stdio: ["ignore", "ignore", "inherit"] });
}
