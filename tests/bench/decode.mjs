/**
 * Decodes a pack with the decode worker's own WebAssembly module, on one thread of Node.
 *
 * `node decode.mjs points|mesh NAME PACK CAPTURE [BLANK_PACK]` prints figures as JSON; the last is
 * the pack of what `blank.mjs` has made of points.
 * A rate is that of the whole sequence, decoded in order, once the decoder is warm.
 * Bits are those of whole segments, framing and keys included, textures not; points are decoded
 * from all their layers, but where layer 0 is named from that alone.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { elementCount, frameFiles, readCloud, readGrid, readMesh } from "./captures.mjs";
import { bytesOf, meshPrecision, readGeometry } from "./packs.mjs";
import { largestErrorMetres, lumaPsnrDb } from "./quality.mjs";
import { steadyMs } from "./rates.mjs";

const MODULE = join(import.meta.dirname, "../../target/wasm/decoder/touchline_decoder");

const [kind, name, pack, capture, blankPack] = process.argv.slice(2);
const { initSync, Decoder } = await import(`${MODULE}.js`);
const { memory } = initSync({ module: readFileSync(`${MODULE}_bg.wasm`) });
const geometry = readGeometry(pack);
const bytes = bytesOf(geometry);
const files = frameFiles(capture);

/** Decodes all frames, in order, from their first `layerCount` layers, each seen by `look`. */
function decodeAll(look, layerCount = geometry.layers.length) {
  const { codec, elementCountMax, triangleCountMax } = geometry.layers[layerCount - 1].stream;
  const decoder = new Decoder(codec);
  decoder.setNormals(geometry.isLit);
  geometry.frames.forEach((chunks, index) => {
    const layers = chunks.slice(0, layerCount);
    look(decoder.decode(layers, undefined, elementCountMax, triangleCountMax), index);
  });
  decoder.free();
}

/** The median time that all frames take, milliseconds. */
function decodeMs(layerCount) {
  return steadyMs(() => decodeAll(() => {}, layerCount));
}

/** Millions of points or vertices a second. */
function decodeRate() {
  let count = 0;
  decodeAll((frame) => {
    count += (frame.points ?? frame.vertices).byteLength / 8;
  });
  return count / decodeMs() / 1000;
}

function pointsFigures() {
  const grid = readGrid(files[0]);
  let count = 0;
  const psnrs = [];
  decodeAll((frame, index) => {
    const cloud = readCloud(files[index]);
    count += elementCount(cloud);
    psnrs.push(lumaPsnrDb(cloud, frame, grid));
  });
  return {
    all_bpp: (bytes * 8) / count,
    geometry_bpp: (bytesOf(readGeometry(blankPack)) * 8) / count,
    colour_y_psnr_db: psnrs.reduce((sum, psnr) => sum + psnr, 0) / psnrs.length,
    decode_mpts_per_s: decodeRate(),
    layer0_share: geometry.layers[0].bytes / bytes,
    layer0_decode_ms: decodeMs(1) / geometry.frames.length,
  };
}

function meshFigures() {
  const { textureBits, stepMetres } = meshPrecision(geometry.frames[0][0]);
  let count = 0;
  let errorMetres = 0;
  decodeAll((frame, index) => {
    const mesh = readMesh(files[index]);
    count += elementCount(mesh);
    errorMetres = Math.max(errorMetres, largestErrorMetres(mesh, frame, stepMetres));
  });
  const all = (bytes * 8) / count;
  return {
    all_bpv: all,
    // And connectivity; there is nothing else without texture coordinates.
    ...(textureBits === 0 ? { positions_bpv: all } : {}),
    max_error_mm: errorMetres * 1000,
    decode_mverts_per_s: decodeRate(),
  };
}

const figures = kind === "points" ? pointsFigures() : meshFigures();
// Memory never shrinks.
figures.decoder_peak_mb = memory.buffer.byteLength / 1e6;
const named = Object.entries(figures).map(([what, figure]) => [`${kind}.${name}.${what}`, figure]);
console.log(JSON.stringify(Object.fromEntries(named)));
