/** What coding has done to a frame: decoded records (FORMAT.md 7) against the capture. */

const POINT_BYTES = 8;
const CHUNK_BYTES = 48;
const VERTEX_BYTES = 8;

/**
 * Peak signal-to-noise ratio of the BT.709 luma over the captured points, decibels.
 *
 * Throws if a captured cell is not there: the codec keeps all.
 */
export function lumaPsnrDb({ cells, colours }, frame, grid) {
  const decoded = lumaByCell(frame, grid);
  const count = cells.length / 3;
  let squares = 0;
  for (let index = 0; index < count; index += 1) {
    const at = index * 3;
    const theirs = decoded.get(cellKey(cells[at], cells[at + 1], cells[at + 2]));
    if (theirs === undefined) throw new Error(`point ${index} of the capture is lost`);
    squares += (luma(colours[at], colours[at + 1], colours[at + 2]) - theirs) ** 2;
  }
  return 10 * Math.log10(255 ** 2 / (squares / count));
}

/** Lumas of decoded points by their cell on the capture's grid. */
function lumaByCell({ chunks, points }, { voxelMetres, offsetMetres }) {
  const chunkView = new DataView(chunks);
  const pointView = new DataView(points);
  const lumas = new Map();
  for (let chunk = 0; chunk < chunks.byteLength; chunk += CHUNK_BYTES) {
    const low = offsetMetres.map((offset, axis) =>
      Math.round((chunkView.getFloat32(chunk + axis * 4, true) - offset) / voxelMetres),
    );
    const first = chunkView.getUint32(chunk + 32, true);
    const end = first + chunkView.getUint32(chunk + 36, true);
    for (let at = first * POINT_BYTES; at < end * POINT_BYTES; at += POINT_BYTES) {
      const cell = pointView.getUint32(at, true);
      const [x, y, z] = [cell & 1023, (cell >> 10) & 1023, (cell >> 20) & 1023];
      const [r, g, b] = [4, 5, 6].map((byte) => pointView.getUint8(at + byte));
      lumas.set(cellKey(low[0] + x, low[1] + y, low[2] + z), luma(r, g, b));
    }
  }
  return lumas;
}

/** Coordinates are below 2^16. */
function cellKey(x, y, z) {
  return (x * 65536 + y) * 65536 + z;
}

function luma(r, g, b) {
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/**
 * The largest distance on an axis of a captured vertex from the decoded vertex nearest to it,
 * metres; `stepMetres` is how exactly positions are kept.
 *
 * The codec has an order of its own, so who became whom is not known; vertices lie much further
 * from each other than they are moved.
 */
export function largestErrorMetres({ positions }, frame, stepMetres) {
  const decoded = decodedPositions(frame);
  const edge = 2 * stepMetres;
  const near = new Map();
  const boxOf = (at) => [at[0], at[1], at[2]].map((value) => Math.floor(value / edge));
  // Boxes within 2^16 of the middle have keys of their own.
  const keyOf = (x, y, z) => cellKey(x + 32768, y + 32768, z + 32768);
  for (let at = 0; at < decoded.length; at += 3) {
    const key = keyOf(...boxOf(decoded.subarray(at, at + 3)));
    const indices = near.get(key);
    if (indices === undefined) near.set(key, [at]);
    else indices.push(at);
  }
  let largest = 0;
  for (let at = 0; at < positions.length; at += 3) {
    const [x, y, z] = boxOf(positions.subarray(at, at + 3));
    let nearest = Infinity;
    for (let box = 0; box < 27; box += 1) {
      const [i, j, k] = [box % 3, Math.floor(box / 3) % 3, Math.floor(box / 9)];
      for (const other of near.get(keyOf(x + i - 1, y + j - 1, z + k - 1)) ?? []) {
        nearest = Math.min(nearest, distance(positions, at, decoded, other));
      }
    }
    largest = Math.max(largest, nearest);
  }
  return largest;
}

function decodedPositions({ lattice, vertices }) {
  const [x, y, z, step] = new Float32Array(lattice);
  const view = new DataView(vertices);
  const count = vertices.byteLength / VERTEX_BYTES;
  const positions = new Float64Array(count * 3);
  for (let index = 0; index < count; index += 1) {
    [x, y, z].forEach((origin, axis) => {
      const steps = view.getUint16(index * VERTEX_BYTES + axis * 2, true);
      positions[index * 3 + axis] = origin + steps * step;
    });
  }
  return positions;
}

function distance(a, atA, b, atB) {
  return Math.max(...[0, 1, 2].map((axis) => Math.abs(a[atA + axis] - b[atB + axis])));
}
