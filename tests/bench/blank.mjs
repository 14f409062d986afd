/**
 * Copies a capture with one part of it taken out, to find by difference what that part costs.
 *
 * `node blank.mjs points|mesh CAPTURE OUT`: points all get one colour, so that their places
 * remain; vertices of meshes all get one place, so that all but their places remains.
 * Textures are linked to, as a mesh without any loses its texture coordinates.
 */
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { frameFiles, overwritten } from "./captures.mjs";

const [kind, capture, out] = process.argv.slice(2);
const [properties, value] =
  kind === "points" ? [["red", "green", "blue"], 128] : [["x", "y", "z"], 0];
mkdirSync(out, { recursive: true });
for (const path of frameFiles(capture)) {
  writeFileSync(join(out, basename(path)), overwritten(path, properties, value));
}
for (const name of readdirSync(capture).filter((name) => !name.endsWith(".ply"))) {
  symlinkSync(resolve(capture, name), join(out, name));
}
