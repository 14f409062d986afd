//! What surrounds a node: three slices of its level, laid out densely.
//!
//! Follows FORMAT.md 5.4.
//! Nodes come slice by slice (z), row by row (y), so only the slice before, the one being coded
//! and the one after are ever looked at.
//! Each is a plain array, addressed by x and y; an empty place is zero, so nothing has to be
//! looked up and nothing asked twice.
//!
//! Always true: between levels all arrays are zero; what enters a slice also leaves it.
//! Where a level is wider than the arrays, places far apart share one: contexts and predictions
//! are worse there, and the same on both sides.

use super::level::{Cell, Colour};
use crate::lanes::Lanes;

/// Rows and columns at most, as a power of two: memory is bounded by it.
const WIDTH_BITS_MAX: u32 = 10;
/// Weight of a node in lane 3 of the colours; its activity follows above.
pub(super) const ACTIVITY_SHIFT: u32 = 5;

/// What is known at one x and y: the slices that matter, by z modulo 2 or 4.
type Masks = [u8; 2];
type Column = [Colour; 4];

/// Dense slices of one level.
#[derive(Default)]
pub(super) struct Slices {
    /// Coordinates are taken modulo this plus one, a power of two.
    wrap: usize,
    /// Places from one row to the next: a margin on either side stays zero.
    stride: usize,
    /// Bytes from one row of `present` to the next.
    bit_stride: usize,
    /// Masks of coded nodes: this slice and the one before.
    masks: Vec<Masks>,
    /// Which nodes there are, a bit each: this slice and the one after, by z modulo 2.
    present: [Vec<u8>; 2],
    /// Colours, with 1 and the activity in lane 3: this slice, the one before and the one after.
    columns: Vec<Column>,
}

/// Where a node lies in the slices.
#[derive(Clone, Copy)]
pub(super) struct Place {
    index: usize,
    bit_row: usize,
    x: usize,
    z: usize,
}

impl Slices {
    /// Gets ready for a level of `depth` with `node_count` nodes.
    ///
    /// Its width follows from both, so that a small thing in a large grid takes little memory:
    /// a closed surface of n nodes is about sqrt(n) wide.
    pub(super) fn fit(&mut self, depth: u32, node_count: usize) {
        let reach = node_count.next_power_of_two().trailing_zeros().div_ceil(2) + 2;
        let width = 1 << depth.min(reach).min(WIDTH_BITS_MAX);
        self.wrap = width - 1;
        // Not a power of two, or the same x of many rows would fight for the same cache lines.
        self.stride = width + 8;
        self.bit_stride = width / 8 + 4;
        let len = self.stride * (width + 2);
        let bit_len = self.bit_stride * (width + 2);
        grow(&mut self.masks, len);
        grow(&mut self.columns, len);
        for present in &mut self.present {
            grow(present, bit_len);
        }
    }

    /// Zeroes everything: after an error, what entered may not have left.
    pub(super) fn clear(&mut self) {
        self.masks.fill([0; 2]);
        self.columns.fill([[0; 4]; 4]);
        for present in &mut self.present {
            present.fill(0);
        }
    }

    /// Where a node lies.
    #[inline]
    pub(super) fn place(&self, cell: Cell) -> Place {
        let [x, y, z] = cell.position.map(usize::from);
        let (x, y) = (x & self.wrap, y & self.wrap);
        Place {
            index: (y + 1) * self.stride + x + 1,
            bit_row: (y + 1) * self.bit_stride,
            x,
            z,
        }
    }

    /// Nodes of one slice enter.
    pub(super) fn enter(&mut self, cells: &[Cell], colours: &[Colour]) {
        for (&cell, &[luma, orange, green, activity]) in cells.iter().zip(colours) {
            let place = self.place(cell);
            // A margin of one bit before the first column.
            let bit = place.x + 1;
            self.present[place.z % 2][place.bit_row + bit / 8] |= 1 << (bit % 8);
            let weight = 1 + (activity << ACTIVITY_SHIFT);
            self.columns[place.index][place.z % 4] = [luma, orange, green, weight];
        }
    }

    /// The nodes of a slice are coded: nothing asks any more whether they are there.
    pub(super) fn leave_present(&mut self, cells: &[Cell]) {
        for &cell in cells {
            let place = self.place(cell);
            self.present[place.z % 2][place.bit_row + (place.x + 1) / 8] = 0;
        }
    }

    /// The slice after theirs is coded, or there is none: they leave.
    pub(super) fn leave(&mut self, cells: &[Cell]) {
        for &cell in cells {
            let place = self.place(cell);
            self.masks[place.index][place.z % 2] = 0;
            self.columns[place.index][place.z % 4] = [0; 4];
        }
    }

    /// A node is coded.
    #[inline]
    pub(super) fn set_mask(&mut self, place: Place, mask: u8) {
        self.masks[place.index][place.z % 2] = mask;
    }

    /// What is known around a node, a bit each, in the order of FORMAT.md 5.4; 57 bits.
    #[inline]
    pub(super) fn surroundings(&self, place: Place) -> u64 {
        let Place {
            index, bit_row, x, ..
        } = place;
        let (here, before) = (place.z % 2, (place.z + 1) % 2);
        let mask = |place: &Masks, slice: usize| u64::from(place[slice]);
        let [row_before, row, row_after] = self.rows(&self.masks, index);
        let below_edges = [&row[0], &row[2], &row_before[1], &row_after[1]];
        let [below_w, below_e, below_n, below_s] = below_edges.map(|place| mask(place, before));
        let below_corners = [&row_before[0], &row_before[2], &row_after[0], &row_after[2]];
        let [below_nw, below_ne, below_sw, below_se] =
            below_corners.map(|place| mask(place, before));
        let edges = mask(&row_before[0], here) & 0x88 | mask(&row_before[2], here) & 0x44;
        let edges_below = below_w & 0xA0 | below_e & 0x50 | (below_n & 0xC0 | below_s & 0x30) >> 4;
        let corners = (below_nw & 0x80 | below_ne & 0x40 | below_sw & 0x20 | below_se & 0x10) >> 4;

        let bits = |slice: &[u8], row: usize| -> u64 {
            let from = row + x / 8;
            let pair = slice.get(from..from + 2);
            let pair = pair.and_then(|pair| <[u8; 2]>::try_from(pair).ok());
            u64::from(u16::from_le_bytes(pair.unwrap_or_default()) >> (x % 8)) & 7
        };
        let (present, after) = (&self.present[here], &self.present[before]);
        let (bits_before, bits_after) = (bit_row - self.bit_stride, bit_row + self.bit_stride);
        let ahead = bits(present, bit_row) >> 2
            | bits(present, bits_after) << 1
            | bits(after, bits_before) << 4
            | bits(after, bit_row) << 7
            | bits(after, bits_after) << 10;
        mask(&row[1], before)
            | mask(&row_before[1], here) << 8
            | mask(&row[0], here) << 16
            | edges << 24
            | edges_below << 32
            | corners << 40
            | ahead << 44
    }

    /// The colours around a node.
    #[inline]
    pub(super) fn around(&self, place: Place) -> Around {
        let [row_before, row, row_after] = self.rows(&self.columns, place.index);
        let (below, here, above) = ((place.z + 3) % 4, place.z % 4, (place.z + 1) % 4);
        let of = |column: &Column, slice: usize| Lanes::from_i16(column[slice]);
        Around {
            faces: [
                [of(&row[0], here), of(&row[2], here)],
                [of(&row_before[1], here), of(&row_after[1], here)],
                [of(&row[1], below), of(&row[1], above)],
            ],
            xy: [
                of(&row_before[0], here),
                of(&row_before[2], here),
                of(&row_after[0], here),
                of(&row_after[2], here),
            ],
            xz: [
                of(&row[0], below),
                of(&row[2], below),
                of(&row[0], above),
                of(&row[2], above),
            ],
            yz: [
                of(&row_before[1], below),
                of(&row_after[1], below),
                of(&row_before[1], above),
                of(&row_after[1], above),
            ],
        }
    }

    /// A place with its neighbours: three rows of three.
    #[inline]
    fn rows<'a, T>(&self, places: &'a [T], index: usize) -> [&'a [T; 3]; 3] {
        // No place lies in the margin, so all are there.
        [index - self.stride, index, index + self.stride].map(|index| {
            places[index - 1..]
                .first_chunk()
                .unwrap_or_else(|| unreachable!())
        })
    }
}

/// The colours of a node's neighbours; lane 3 is 1 plus the activity, 0 where there is none.
pub(super) struct Around {
    /// By axis, then lower and upper.
    pub(super) faces: [[Lanes; 2]; 3],
    /// Across edges: the lower axis' side in bit 0 of the index, the upper axis' in bit 1.
    pub(super) xy: [Lanes; 4],
    pub(super) xz: [Lanes; 4],
    pub(super) yz: [Lanes; 4],
}

fn grow<T: Copy + Default>(slice: &mut Vec<T>, len: usize) {
    if slice.len() < len {
        slice.resize(len, T::default());
    }
}

#[cfg(test)]
mod tests {
    //! Goal: the dense slices say what a plain look at all nodes says.
    //! Method: the twins below follow FORMAT.md 5.4 and 5.5 word by word, on random levels.

    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// All nodes of a level; those with a mask are coded.
    type Nodes = BTreeMap<[i32; 3], (Option<u8>, Colour)>;

    /// The twin of [`Slices::surroundings`].
    fn surroundings(nodes: &Nodes, [x, y, z]: [i32; 3]) -> u64 {
        let mut bits = Vec::new();
        let mask = |dx, dy, dz| {
            let node = nodes.get(&[x + dx, y + dy, z + dz]);
            node.and_then(|node| node.0).unwrap_or(0)
        };
        let mut push = |mask: u8, children: &[u8]| {
            bits.extend(children.iter().map(|&child| mask >> child & 1 != 0));
        };
        for (dx, dy, dz) in [(0, 0, -1), (0, -1, 0), (-1, 0, 0)] {
            push(mask(dx, dy, dz), &[0, 1, 2, 3, 4, 5, 6, 7]);
        }
        // Children that touch the node across an edge; the rest of the byte is the position's.
        let (w, e) = (mask(-1, -1, 0), mask(1, -1, 0));
        push(0, &[0, 0]);
        push(e, &[2]);
        push(w, &[3]);
        push(0, &[0, 0]);
        push(e, &[6]);
        push(w, &[7]);
        let (n, s) = (mask(0, -1, -1), mask(0, 1, -1));
        push(s, &[4, 5]);
        push(n, &[6, 7]);
        let (w, e) = (mask(-1, 0, -1), mask(1, 0, -1));
        for child in [4, 5, 6, 7] {
            push(if child % 2 == 0 { e } else { w }, &[child]);
        }
        push(mask(1, 1, -1), &[4]);
        push(mask(-1, 1, -1), &[5]);
        push(mask(1, -1, -1), &[6]);
        push(mask(-1, -1, -1), &[7]);
        let ahead = [(1, 0, 0)]
            .into_iter()
            .chain((-1..=1).map(|dx| (dx, 1, 0)))
            .chain((-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dx, dy, 1))));
        bits.extend(ahead.map(|(dx, dy, dz)| nodes.contains_key(&[x + dx, y + dy, z + dz])));
        assert_eq!(bits.len(), 57);
        bits.iter()
            .rev()
            .fold(0, |all, &bit| all << 1 | u64::from(bit))
    }

    /// The twin of [`Slices::around`]: one neighbour's colour, with its weight and activity.
    fn neighbour(nodes: &Nodes, at: [i32; 3]) -> [i16; 4] {
        nodes.get(&at).map_or([0; 4], |&(_, [l, o, g, activity])| {
            [l, o, g, 1 + (activity << ACTIVITY_SHIFT)]
        })
    }

    fn check(cells: &BTreeMap<[i32; 3], (u8, Colour)>) {
        let mut slices = Slices::default();
        // As wide as the level, so that no two nodes share a place.
        slices.fit(5, 1 << 10);
        let mut sorted: Vec<_> = cells.iter().collect();
        sorted.sort_by_key(|&(&[x, y, z], _)| (z, y, x));
        let mut nodes: Nodes = sorted
            .iter()
            .map(|&(&at, &(_, c))| (at, (None, c)))
            .collect();
        let cell = |at: [i32; 3]| Cell {
            position: at.map(|axis| axis as u16),
            is_alone: false,
        };
        let enter = |slices: &mut Slices, z: i32| {
            let of_slice = sorted.iter().filter(|(at, _)| at[2] == z);
            let (cells, colours): (Vec<_>, Vec<_>) = of_slice
                .map(|&(&at, &(_, colour))| (cell(at), colour))
                .unzip();
            slices.enter(&cells, &colours);
            cells
        };
        let mut before = Vec::new();
        let mut here = enter(&mut slices, 0);
        for z in 0..32 {
            let after = enter(&mut slices, z + 1);
            for &(&at, &(mask, _)) in sorted.iter().filter(|(at, _)| at[2] == z) {
                let place = slices.place(cell(at));
                assert_eq!(
                    slices.surroundings(place),
                    surroundings(&nodes, at),
                    "{at:?}"
                );
                let around = slices.around(place);
                let [x, y, z] = at;
                let pairs = [
                    (around.faces[0][0], [x - 1, y, z]),
                    (around.faces[1][1], [x, y + 1, z]),
                    (around.faces[2][0], [x, y, z - 1]),
                    (around.faces[2][1], [x, y, z + 1]),
                    (around.xy[2], [x - 1, y + 1, z]),
                    (around.xz[1], [x + 1, y, z - 1]),
                    (around.yz[3], [x, y + 1, z + 1]),
                ];
                for (lanes, at) in pairs {
                    assert_eq!(lanes.to_i16(), neighbour(&nodes, at), "{at:?}");
                }
                slices.set_mask(place, mask);
                nodes.entry(at).and_modify(|node| node.0 = Some(mask));
            }
            slices.leave_present(&here);
            slices.leave(&before);
            before = std::mem::replace(&mut here, after);
        }
        slices.leave_present(&here);
        slices.leave(&before);
        slices.leave(&here);
        assert!(slices.masks.iter().flatten().all(|&mask| mask == 0));
        assert!(slices.present.iter().flatten().all(|&bits| bits == 0));
        let columns = slices.columns.iter().flatten().flatten();
        assert!(columns.into_iter().all(|&lane| lane == 0));
    }

    proptest! {
        #[test]
        fn slices_say_what_the_nodes_say(
            nodes in prop::collection::btree_map(
                prop::array::uniform3(0i32..32),
                (1u8..=255, prop::array::uniform3(-16320i16..=16320), 0i16..32),
                1..400,
            ),
        ) {
            let nodes = nodes.into_iter().map(|(at, (mask, colour, activity))| {
                let [luma, orange, green]: [i16; 3] = colour;
                (at, (mask, [luma, orange, green, activity]))
            });
            check(&nodes.collect());
        }
    }
}
