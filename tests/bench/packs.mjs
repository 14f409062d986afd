/** Reads packs in the folder layout: FORMAT.md sections 2 and 3. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Bytes of a segment's header. */
const HEADER_BYTES = 16;

/**
 * A pack's only track and its geometry: the layers of points, coarsest first; a mesh is one.
 *
 * @typedef {object} Geometry
 * @property {{ stream: object, bytes: number }[]} layers - Bytes of all segments, with framing.
 * @property {Uint8Array[][]} frames - Each frame's chunks, one a layer.
 * @property {boolean} isLit - Whether a player needs normals.
 *
 * @returns {Geometry}
 */
export function readGeometry(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
  const track = manifest.tracks[0];
  const streams = track.kind === "points" ? track.layers : track.renditions.slice(0, 1);
  const layers = streams.map((stream) => {
    const segments = stream.segments.map(({ url }) => readFileSync(join(folder, url)));
    const bytes = segments.reduce((sum, segment) => sum + segment.length, 0);
    return { stream, bytes, chunks: segments.flatMap(chunksOf) };
  });
  return {
    layers: layers.map(({ stream, bytes }) => ({ stream, bytes })),
    isLit: track.shading === "lit",
    frames: layers[0].chunks.map((_, index) => layers.map(({ chunks }) => chunks[index])),
  };
}

/** Bytes of all layers. */
export function bytesOf({ layers }) {
  return layers.reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * How exactly a mesh is kept: FORMAT.md section 6.2; no texture coordinates have 0 bits.
 *
 * @returns {{ textureBits: number, stepMetres: number }}
 */
export function meshPrecision(chunk) {
  const header = new DataView(chunk.buffer, chunk.byteOffset);
  const unitsPerStep = 2 ** header.getUint8(30);
  const stepMetres = header.getFloat32(44, true) * unitsPerStep;
  return { textureBits: header.getUint8(28), stepMetres };
}

function chunksOf(segment) {
  const count = segment.readUInt16LE(6);
  let at = HEADER_BYTES + 4 * count;
  return Array.from({ length: count }, (_, index) => {
    const size = segment.readUInt32LE(HEADER_BYTES + 4 * index) & 0x7fffffff;
    const bytes = Uint8Array.from(segment.subarray(at, at + size));
    at += size;
    return bytes;
  });
}
