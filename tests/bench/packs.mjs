/** Reads packs in the folder layout: FORMAT.md sections 2 and 3. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Bytes of a segment's header. */
const HEADER_BYTES = 16;

/**
 * A pack's only track and its geometry.
 *
 * @returns {{ stream: object, bytes: number, chunks: { bytes: Uint8Array, isKey: boolean }[] }}
 */
export function readGeometry(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
  const track = manifest.tracks[0];
  const stream = (track.kind === "points" ? track.layers : track.renditions)[0];
  const segments = stream.segments.map(({ url }) => readFileSync(join(folder, url)));
  return {
    stream,
    bytes: segments.reduce((sum, segment) => sum + segment.length, 0),
    chunks: segments.flatMap(chunksOf),
  };
}

/**
 * How exactly a mesh is kept: FORMAT.md section 6.2; no texture coordinates have 0 bits.
 *
 * @returns {{ textureBits: number, stepMetres: number }}
 */
export function meshPrecision({ bytes }) {
  const header = new DataView(bytes.buffer, bytes.byteOffset);
  return { textureBits: header.getUint8(16), stepMetres: header.getFloat32(32, true) };
}

function chunksOf(segment) {
  const count = segment.readUInt16LE(6);
  let at = HEADER_BYTES + 4 * count;
  return Array.from({ length: count }, (_, index) => {
    const entry = segment.readUInt32LE(HEADER_BYTES + 4 * index);
    const size = entry & 0x7fffffff;
    const bytes = Uint8Array.from(segment.subarray(at, at + size));
    at += size;
    return { bytes, isKey: entry >>> 31 === 1 };
  });
}
