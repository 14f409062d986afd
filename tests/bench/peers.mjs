/**
 * Codes a capture with Draco and meshoptimizer, from npm, on one thread of Node.
 *
 * `node peers.mjs points|mesh NAME PACK CAPTURE` prints figures as JSON.
 * Both get what our codecs get: points lossless on the capture's grid with their colours; meshes
 * on a lattice as fine as ours, with connectivity, colours, and texture coordinates if ours has
 * them and with as many bits. Every frame stands for itself, as neither knows of time.
 */
import draco3d from "draco3d";
import { MeshoptDecoder, MeshoptEncoder } from "meshoptimizer";
import { elementCount, frameFiles, readCloud, readMesh } from "./captures.mjs";
import { meshPrecision, readGeometry } from "./packs.mjs";
import { steadyMs } from "./rates.mjs";

/** Enough to know a rate; frames of one capture are alike. */
const FRAME_COUNT_MAX = 8;
/** `POINT_CLOUD_KD_TREE_ENCODING`, which its JavaScript does not export. */
const DRACO_KD_TREE = 1;
/** Draco's compression level is 10 less its speed: 7 for points, its default; 10 for meshes. */
const DRACO_SPEED = { points: 3, mesh: 0 };

const [kind, name, pack, capture] = process.argv.slice(2);
const precision = kind === "mesh" ? meshPrecision(readGeometry(pack).frames[0][0]) : null;
const frames = frameFiles(capture).slice(0, FRAME_COUNT_MAX).map(readFrame);
const count = frames.reduce((sum, frame) => sum + elementCount(frame), 0);
const draco = {
  encoder: await draco3d.createEncoderModule({}),
  decoder: await draco3d.createDecoderModule({}),
};
await Promise.all([MeshoptEncoder.ready, MeshoptDecoder.ready]);

const [bits, rate] = kind === "points" ? ["all_bpp", "mpts"] : ["all_bpv", "mverts"];
const figures = {};
for (const [peer, { encode, decode }] of Object.entries({
  draco: { encode: dracoEncode, decode: dracoDecode },
  meshopt: { encode: meshoptEncode, decode: meshoptDecode },
})) {
  const coded = frames.map(encode);
  const ms = steadyMs(() => coded.forEach(decode));
  figures[`${kind}.${name}.${bits}.${peer}`] = bitsEach(coded);
  figures[`${kind}.${name}.decode_${rate}_per_s.${peer}`] = count / ms / 1000;
  if (kind === "points") {
    const places = frames.map(({ cells }) => encode({ cells, colours: null }));
    figures[`${kind}.${name}.geometry_bpp.${peer}`] = bitsEach(places);
  }
}
// Of meshoptimizer's decoder nobody outside sees the memory.
figures[`${kind}.${name}.decoder_peak_mb.draco`] = draco.decoder.HEAPU8.byteLength / 1e6;
console.log(JSON.stringify(figures));

/** A frame with what our codec keeps of it. */
function readFrame(path) {
  if (kind === "points") return readCloud(path);
  const mesh = readMesh(path);
  return precision.textureBits > 0 ? mesh : { ...mesh, texture: null };
}

function bitsEach(coded) {
  return (coded.reduce((sum, { bytes }) => sum + bytes, 0) * 8) / count;
}

/** Positions on a lattice from the lowest corner, and the bits of the longest side. */
function onLattice(positions) {
  const low = [Infinity, Infinity, Infinity];
  positions.forEach((value, index) => {
    low[index % 3] = Math.min(low[index % 3], value);
  });
  return positions.map((value, index) => Math.round((value - low[index % 3]) / precision.stepMetres));
}

function dracoEncode(frame) {
  const { encoder: module } = draco;
  const isPoints = frame.cells !== undefined;
  const encoder = new module.Encoder();
  const builder = isPoints ? new module.PointCloudBuilder() : new module.MeshBuilder();
  const geometry = isPoints ? new module.PointCloud() : new module.Mesh();
  const count = elementCount(frame);
  encoder.SetSpeedOptions(DRACO_SPEED[kind], DRACO_SPEED[kind]);
  if (isPoints) {
    builder.AddUInt16Attribute(geometry, module.POSITION, count, 3, frame.cells);
    encoder.SetEncodingMethod(DRACO_KD_TREE);
  } else {
    builder.AddFacesToMesh(geometry, frame.indices.length / 3, frame.indices);
    const lattice = Int32Array.from(onLattice(frame.positions));
    builder.AddInt32Attribute(geometry, module.POSITION, count, 3, lattice);
    if (frame.texture) {
      builder.AddFloatAttribute(geometry, module.TEX_COORD, count, 2, frame.texture);
      encoder.SetAttributeQuantization(module.TEX_COORD, precision.textureBits);
    }
    encoder.SetEncodingMethod(module.MESH_EDGEBREAKER_ENCODING);
  }
  if (frame.colours) builder.AddUInt8Attribute(geometry, module.COLOR, count, 3, frame.colours);
  const output = new module.DracoInt8Array();
  const bytes = isPoints
    ? encoder.EncodePointCloudToDracoBuffer(geometry, false, output)
    : encoder.EncodeMeshToDracoBuffer(geometry, output);
  if (bytes === 0) throw new Error("Draco refuses the frame");
  const data = Int8Array.from({ length: bytes }, (_, index) => output.GetValue(index));
  for (const used of [output, geometry, builder, encoder]) module.destroy(used);
  return { bytes, data };
}

/** Decodes to arrays in JavaScript, as an application has to before it uploads them. */
function dracoDecode({ data }) {
  const { decoder: module } = draco;
  const decoder = new module.Decoder();
  const isPoints = kind === "points";
  const geometry = isPoints ? new module.PointCloud() : new module.Mesh();
  if (isPoints) decoder.DecodeArrayToPointCloud(data, data.length, geometry);
  else decoder.DecodeArrayToMesh(data, data.length, geometry);
  const count = geometry.num_points();
  for (let index = 0; index < geometry.num_attributes(); index += 1) {
    const attribute = decoder.GetAttribute(geometry, index);
    const bytes = count * attribute.num_components() * 4;
    copied(module, bytes, (at) => {
      const type = module.DT_FLOAT32;
      decoder.GetAttributeDataArrayForAllPoints(geometry, attribute, type, bytes, at);
    });
  }
  if (!isPoints) {
    const bytes = geometry.num_faces() * 12;
    copied(module, bytes, (at) => decoder.GetTrianglesUInt32Array(geometry, bytes, at));
  }
  module.destroy(geometry);
  module.destroy(decoder);
}

/** Lets Draco write to its memory and copies from there. */
function copied(module, bytes, write) {
  const at = module._malloc(bytes);
  write(at);
  const copy = module.HEAPU8.slice(at, at + bytes);
  module._free(at);
  return copy;
}

function meshoptEncode(frame) {
  const streams = frame.cells ? pointStreams(frame) : meshStreams(frame);
  const coded = streams.map(({ count, size, isIndex, source }) => {
    const encode = isIndex ? "encodeIndexBuffer" : "encodeVertexBuffer";
    return { count, size, isIndex, data: MeshoptEncoder[encode](source, count, size) };
  });
  return { bytes: coded.reduce((sum, { data }) => sum + data.length, 0), coded };
}

function meshoptDecode({ coded }) {
  for (const { count, size, isIndex, data } of coded) {
    const target = new Uint8Array(count * size);
    MeshoptDecoder[isIndex ? "decodeIndexBuffer" : "decodeVertexBuffer"](target, count, size, data);
  }
}

function pointStreams({ cells, colours }) {
  const count = cells.length / 3;
  const order = MeshoptEncoder.reorderPoints(Float32Array.from(cells), 3);
  return vertexStreams(count, order, [
    { values: cells, width: 3, stored: new Uint16Array(count * 4) },
    ...(colours ? [{ values: colours, width: 3, stored: new Uint8Array(count * 4) }] : []),
  ]);
}

function meshStreams({ positions, texture, colours, indices }) {
  const triangles = Uint32Array.from(indices);
  const [order, count] = MeshoptEncoder.reorderMesh(triangles, true, false);
  const scaled = texture?.map((value) => Math.round(value * (2 ** precision.textureBits - 1)));
  const attributes = [
    { values: onLattice(positions), width: 3, stored: new Uint16Array(count * 4) },
    scaled && { values: scaled, width: 2, stored: new Uint16Array(count * 2) },
    colours && { values: colours, width: 3, stored: new Uint8Array(count * 4) },
  ];
  const source = new Uint8Array(triangles.buffer);
  return [
    ...vertexStreams(count, order, attributes.filter(Boolean)),
    { count: triangles.length, size: 4, isIndex: true, source },
  ];
}

/** Puts attributes into the new order, each vertex padded to a multiple of 4 bytes. */
function vertexStreams(count, order, attributes) {
  return attributes.map(({ values, width, stored }) => {
    const size = stored.byteLength / count;
    const stride = stored.length / count;
    order.forEach((to, from) => {
      if (to === 0xffffffff) return; // A vertex of no triangle.
      for (let axis = 0; axis < width; axis += 1) {
        stored[to * stride + axis] = values[from * width + axis];
      }
    });
    return { count, size, isIndex: false, source: new Uint8Array(stored.buffer) };
  });
}
