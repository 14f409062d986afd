/**
 * Copies a capture of points with one colour for all, so that their places remain: the difference
 * is what colours cost.
 *
 * `node blank.mjs CAPTURE OUT`
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { frameFiles, overwritten } from "./captures.mjs";

const [capture, out] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
for (const path of frameFiles(capture)) {
  writeFileSync(join(out, basename(path)), overwritten(path, ["red", "green", "blue"], 128));
}
