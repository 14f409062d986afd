/**
 * Reads capture files: binary little-endian PLY, as `touchline pack` reads them.
 *
 * A frame's elements are its points or vertices; the first element of a file.
 *
 * @typedef {object} Cloud
 * @property {Uint16Array} cells - xyz interleaved, on the capture's grid.
 * @property {Uint8Array} colours - RGB interleaved.
 *
 * @typedef {object} Mesh
 * @property {Float32Array} positions - xyz interleaved, metres.
 * @property {Float32Array | null} texture - uv interleaved.
 * @property {Uint8Array | null} colours - RGB interleaved.
 * @property {Uint32Array} indices
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const READERS = {
  char: ["readInt8", 1],
  uchar: ["readUInt8", 1],
  short: ["readInt16LE", 2],
  ushort: ["readUInt16LE", 2],
  int: ["readInt32LE", 4],
  uint: ["readUInt32LE", 4],
  float: ["readFloatLE", 4],
  double: ["readDoubleLE", 8],
};

/** The frames of a folder, in order. */
export function frameFiles(folder) {
  const names = readdirSync(folder).filter((name) => name.endsWith(".ply"));
  return names.sort().map((name) => join(folder, name));
}

/** How many points or vertices a frame has. */
export function elementCount(frame) {
  return (frame.cells ?? frame.positions).length / 3;
}

/**
 * Where a cloud's grid lies: the comments `voxel_metres` and `offset_metres`.
 *
 * @returns {{ voxelMetres: number, offsetMetres: number[] }}
 */
export function readGrid(path) {
  const { header } = open(path);
  const numbers = (name) => {
    const line = header.find((line) => line.startsWith(`comment ${name} `));
    if (line === undefined) throw new Error(`no comment ${name} (${path})`);
    return line.trim().split(/\s+/).slice(2).map(Number);
  };
  return { voxelMetres: numbers("voxel_metres")[0], offsetMetres: numbers("offset_metres") };
}

/** A file's bytes with some properties of all its points or vertices set to one value. */
export function overwritten(path, names, value) {
  const { bytes, header, end } = open(path);
  const [{ count, properties }] = elementsOf(header);
  const sizes = properties.map(({ type }) => READERS[type][1]);
  const stride = sizes.reduce((sum, size) => sum + size, 0);
  let offset = end;
  for (const [index, { name, type }] of properties.entries()) {
    const write = READERS[type][0].replace("read", "write");
    for (let row = 0; names.includes(name) && row < count; row += 1) {
      bytes[write](value, offset + row * stride);
    }
    offset += sizes[index];
  }
  return bytes;
}

/** @returns {Cloud} */
export function readCloud(path) {
  const { columns } = readPly(path);
  return {
    cells: Uint16Array.from(interleave(columns, ["x", "y", "z"])),
    colours: Uint8Array.from(interleave(columns, ["red", "green", "blue"])),
  };
}

/** @returns {Mesh} */
export function readMesh(path) {
  const { columns, indices } = readPly(path);
  const has = (names) => names.every((name) => name in columns);
  return {
    positions: Float32Array.from(interleave(columns, ["x", "y", "z"])),
    texture: has(["s", "t"]) ? Float32Array.from(interleave(columns, ["s", "t"])) : null,
    colours: has(["red"]) ? Uint8Array.from(interleave(columns, ["red", "green", "blue"])) : null,
    indices: Uint32Array.from(indices),
  };
}

function interleave(columns, names) {
  const chosen = names.map((name) => columns[name]);
  const count = chosen[0].length;
  const values = new Float64Array(count * names.length);
  for (let index = 0; index < count; index += 1) {
    chosen.forEach((column, axis) => {
      values[index * names.length + axis] = column[index];
    });
  }
  return values;
}

/** A file's bytes, the lines of its header, and where that ends. */
function open(path) {
  const bytes = readFileSync(path);
  const end = bytes.indexOf("end_header\n") + "end_header\n".length;
  const header = bytes.toString("latin1", 0, end).split("\n");
  if (!header.includes("format binary_little_endian 1.0")) {
    throw new Error(`only binary little-endian PLY is measured (${path})`);
  }
  return { bytes, header, end };
}

function readPly(path) {
  const { bytes, header, end } = open(path);
  let at = end;
  const read = (type) => {
    const [method, size] = READERS[type];
    const value = bytes[method](at);
    at += size;
    return value;
  };
  const columns = {};
  const indices = [];
  for (const { name, count, properties } of elementsOf(header)) {
    if (name === "vertex") {
      for (const property of properties) columns[property.name] = new Float64Array(count);
      for (let row = 0; row < count; row += 1) {
        for (const property of properties) columns[property.name][row] = read(property.type);
      }
    } else if (name === "face") {
      for (let row = 0; row < count; row += 1) readFace(properties[0], read, indices);
    }
  }
  return { columns, indices };
}

function elementsOf(header) {
  const elements = [];
  for (const line of header) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === "element") elements.push({ name: rest[0], count: Number(rest[1]), properties: [] });
    if (word !== "property") continue;
    const isList = rest[0] === "list";
    const [countType, type] = isList ? [rest[1], rest[2]] : [null, rest[0]];
    elements.at(-1).properties.push({ name: rest.at(-1), type, countType });
  }
  return elements;
}

/** Polygons become fans of triangles. */
function readFace({ countType, type }, read, indices) {
  const count = read(countType);
  const corners = Array.from({ length: count }, () => read(type));
  for (let corner = 2; corner < count; corner += 1) {
    indices.push(corners[0], corners[corner - 1], corners[corner]);
  }
}
