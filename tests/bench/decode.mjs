/**
 * Decodes a pack with the decode worker's own WebAssembly module, on one thread of Node.
 *
 * `node decode.mjs points|mesh NAME PACK CAPTURE` prints figures as JSON.
 * A rate is that of the whole sequence, decoded in order: its median of `ROUND_COUNT`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { frameFiles, readCloud, readMesh } from "./captures.mjs";
import { readGeometry } from "./packs.mjs";
import { median, timed } from "./rates.mjs";

const MODULE = join(import.meta.dirname, "../../target/wasm/decoder/touchline_decoder");
const ROUND_COUNT = 5;

const [kind, name, pack, capture] = process.argv.slice(2);
const { initSync, Decoder } = await import(`${MODULE}.js`);
const { memory } = initSync({ module: readFileSync(`${MODULE}_bg.wasm`) });
const { stream, bytes, chunks } = readGeometry(pack);

/** Decodes all frames; returns what came out, in milliseconds and points or vertices. */
function decodeAll() {
  const decoder = new Decoder(stream.codec);
  let elementCount = 0;
  const ms = timed(() => {
    for (const chunk of chunks) {
      const frame = decoder.decode(chunk.bytes, stream.elementCountMax, stream.triangleCountMax);
      elementCount += (kind === "points" ? frame.points : frame.vertices).byteLength / 8;
    }
  });
  decoder.free();
  return { ms, elementCount };
}

decodeAll(); // The first run compiles.
const rounds = Array.from({ length: ROUND_COUNT }, decodeAll);
const ms = median(rounds.map((round) => round.ms));
const millionsPerSecond = rounds[0].elementCount / ms / 1000;

const captured = frameFiles(capture).map((path) =>
  kind === "points" ? readCloud(path).cells.length / 3 : readMesh(path).positions.length / 3,
);
const inputCount = captured.reduce((sum, count) => sum + count, 0);
const prefix = `${kind}.${name}`;
const [bits, rate] = kind === "points" ? ["all_bpp", "mpts"] : ["all_bpv", "mverts"];
console.log(
  JSON.stringify({
    [`${prefix}.${bits}`]: (bytes * 8) / inputCount,
    [`${prefix}.decode_${rate}_per_s`]: millionsPerSecond,
    [`${prefix}.decoder_peak_mb`]: memory.buffer.byteLength / 1e6,
  }),
);
