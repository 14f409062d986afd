//! What surrounds a node: three slices of its level, laid out densely.
//!
//! Follows FORMAT.md 5.4 and 5.5.
//! Nodes come slice by slice (z), row by row (y), so only the slice before, the one being coded
//! and the one after are ever looked at.
//! Each is a plain array, addressed by x and y; an empty place is zero, so nothing has to be
//! looked up and nothing asked twice.
//!
//! Always true: between levels all arrays are zero; what enters a slice also leaves it.
//! Where a level is wider than the arrays, places far apart share one: contexts and predictions
//! are worse there, and the same on both sides.

use super::level::{Colour, Kept, Node, Row};
use crate::lanes::Lanes16;

/// Rows and columns at most, as a power of two: memory is bounded by it.
const WIDTH_BITS_MAX: u32 = 10;
/// Lane 3 of a colour in its column counts nodes in these bits; their activities follow above.
pub(super) const ACTIVITY_SHIFT: u32 = 5;

/// Where the places of a level lie.
#[derive(Clone, Copy, Default)]
struct Layout {
    /// Rows and columns, a power of two; coordinates are taken modulo it.
    width: usize,
    /// Places from one row to the next: a margin on either side stays zero.
    stride: usize,
}

impl Layout {
    /// For a level of `depth` with `node_count` nodes.
    ///
    /// Its width follows from both, so that a small thing in a large grid takes little memory:
    /// a closed surface of n nodes is about sqrt(n) wide.
    fn new(depth: u32, node_count: usize) -> Self {
        let reach = node_count.next_power_of_two().trailing_zeros().div_ceil(2) + 2;
        let width = 1 << depth.min(reach).min(WIDTH_BITS_MAX);
        // Not a power of two, or the same x of many rows would fight for the same cache lines.
        let stride = width + 8;
        Self { width, stride }
    }

    fn place_count(self) -> usize {
        self.stride * (self.width + 2)
    }

    #[inline]
    fn wrapped(self, axis: u16) -> usize {
        usize::from(axis) & (self.width - 1)
    }

    /// The margin before the row before one at `y`; its node at x has three places from x on.
    #[inline]
    fn row_before(self, y: u16) -> usize {
        self.wrapped(y) * self.stride
    }
}

/// Columns of a block of [`Shapes::present`]: with one on either side they fill six bits.
const BLOCK_COLUMNS: usize = 4;

/// Masks of this slice and the one before, and which nodes there are in this and the one after.
#[derive(Default)]
pub(super) struct Shapes {
    layout: Layout,
    /// Masks of coded nodes, two bytes a place, by z modulo 2.
    masks: Vec<u8>,
    /// By z modulo 2: blocks of columns, each with a byte for each row.
    present: [Vec<u8>; 2],
}

/// Where a row lies in [`Shapes`].
#[derive(Clone, Copy)]
pub(super) struct ShapeRow {
    masks_before: usize,
    y: usize,
    slice: usize,
}

impl Shapes {
    /// Gets ready for a level.
    pub(super) fn fit(&mut self, depth: u32, node_count: usize) {
        self.layout = Layout::new(depth, node_count);
        grow(&mut self.masks, 2 * self.layout.place_count());
        let len = (self.layout.width / BLOCK_COLUMNS + 3) * self.block_stride();
        for present in &mut self.present {
            grow(present, len);
        }
    }

    /// Bytes from one block to the next: a row before the first, one after the last, and what a
    /// look at three rows reads beyond.
    #[inline]
    fn block_stride(&self) -> usize {
        self.layout.width + 4
    }

    /// Where a row lies.
    pub(super) fn row(&self, row: &Row) -> ShapeRow {
        ShapeRow {
            masks_before: self.layout.row_before(row.y),
            y: self.layout.wrapped(row.y),
            slice: usize::from(row.z % 2),
        }
    }

    /// Nodes of a row enter.
    pub(super) fn enter(&mut self, row: &Row, nodes: &[Node]) {
        let (y, stride) = (self.layout.wrapped(row.y) + 1, self.block_stride());
        let present = &mut self.present[usize::from(row.z % 2)];
        for node in nodes {
            let x = self.layout.wrapped(node.x);
            // A column is also the last of the block before, or the first of the one after.
            let column = 2_u8 << (x % BLOCK_COLUMNS);
            let block = x / BLOCK_COLUMNS * stride + y;
            present[block] |= column << 4 & 0x20;
            present[block + stride] |= column;
            present[block + 2 * stride] |= column >> 4;
        }
    }

    /// The nodes of a row are coded: nothing asks any more whether they are there.
    pub(super) fn leave_present(&mut self, row: &Row, nodes: &[Node]) {
        let (y, stride) = (self.layout.wrapped(row.y) + 1, self.block_stride());
        let present = &mut self.present[usize::from(row.z % 2)];
        for node in nodes {
            let block = self.layout.wrapped(node.x) / BLOCK_COLUMNS * stride + y;
            present[block] = 0;
            present[block + stride] = 0;
            present[block + 2 * stride] = 0;
        }
    }

    /// The slice after theirs is coded, or there is none: they leave.
    pub(super) fn leave(&mut self, row: &Row, nodes: &[Node]) {
        for node in nodes {
            *self.mask(row, node.x) = 0;
        }
    }

    /// The nodes of a row are coded; `kept` is by rank.
    pub(super) fn set_masks(&mut self, row: &Row, nodes: &[Node], kept: &[Kept]) {
        for node in nodes {
            *self.mask(row, node.x) = kept[node.rank as usize].shape.mask;
        }
    }

    #[inline]
    fn mask(&mut self, row: &Row, x: u16) -> &mut u8 {
        let place = self.layout.row_before(row.y) + self.layout.stride + self.layout.wrapped(x) + 1;
        &mut self.masks[2 * place + usize::from(row.z % 2)]
    }

    /// What is known around a node, in the bits of FORMAT.md 5.4; nothing of its own row.
    #[inline]
    pub(super) fn surroundings(&self, row: ShapeRow, x: u16) -> u64 {
        let x = self.layout.wrapped(x);
        // The masks at x - 1, x and x + 1 in bytes 0, 2 and 4.
        let masks = |rows: usize| {
            let at = 2 * (row.masks_before + rows * self.layout.stride + x);
            let bytes = self.masks.get(at..at + 8);
            bytes
                .and_then(|bytes| bytes.try_into().ok())
                .map_or(0, u64::from_le_bytes)
        };
        let rows = [masks(0), masks(1), masks(2)];
        let [before, ..] = rows.map(|row_masks| row_masks >> (8 * row.slice));
        let [below_before, below, below_after] =
            rows.map(|row_masks| row_masks >> (8 - 8 * row.slice));
        let edges_below = below_before & 0x40_00C0_0080 | below_after & 0x10_0030_0020;
        let masks =
            (before & 0x44_00FF_0088).rotate_left(32) | below & 0x50_00FF_00A0 | edges_below << 8;
        // Whether there are nodes at x - 1, x and x + 1, in bytes 0, 1 and 2 for y.
        let block = (x / BLOCK_COLUMNS + 1) * self.block_stride() + row.y;
        let present = |slice: usize| {
            let bytes = self.present[slice].get(block..block + 4);
            let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
            let bits = bytes.map_or(0, u32::from_le_bytes) >> (x % BLOCK_COLUMNS);
            u64::from(bits & 0x07_0707)
        };
        let (here, above) = (present(row.slice), present(1 - row.slice));
        let ahead = above << 24 | here >> 8 & 0x700 | here << 1 & 0x800;
        // The bytes of `above` 24, 32 and 40 bits up have room in their lower three bits.
        masks | ahead
    }
}

/// Colours of this slice, the one before and the one after.
#[derive(Default)]
pub(super) struct Colours {
    layout: Layout,
    columns: Vec<Column>,
}

/// The colours at one x and y, by z modulo 2, then by z / 2 modulo 2: the slices before and after
/// stand side by side. Lane 3 is 1 and the activity.
type Column = [[Colour; 2]; 2];

/// Where a row lies in [`Colours`].
#[derive(Clone, Copy)]
pub(super) struct ColourRow {
    columns_before: usize,
    slice: usize,
    /// Whether the slice after stands before the one before.
    pub(super) is_swapped: bool,
}

impl Colours {
    /// Gets ready for a level.
    pub(super) fn fit(&mut self, depth: u32, node_count: usize) {
        self.layout = Layout::new(depth, node_count);
        grow(&mut self.columns, self.layout.place_count());
    }

    /// Where a row lies.
    pub(super) fn row(&self, row: &Row) -> ColourRow {
        ColourRow {
            columns_before: self.layout.row_before(row.y),
            slice: usize::from(row.z % 4),
            is_swapped: row.z.div_ceil(2).is_multiple_of(2),
        }
    }

    /// Nodes of a row enter; `kept` is by rank.
    pub(super) fn enter(&mut self, row: &Row, nodes: &[Node], kept: &[Kept]) {
        let slice = usize::from(row.z % 4);
        for node in nodes {
            let colour = with_weight(kept[node.rank as usize].colour);
            self.column(row.y, node.x)[slice % 2][slice / 2] = colour;
        }
    }

    /// The slice after theirs is coded, or there is none: they leave.
    pub(super) fn leave(&mut self, row: &Row, nodes: &[Node]) {
        let slice = usize::from(row.z % 4);
        for node in nodes {
            self.column(row.y, node.x)[slice % 2][slice / 2] = [0; 4];
        }
    }

    #[inline]
    fn column(&mut self, y: u16, x: u16) -> &mut Column {
        let before = self.layout.row_before(y);
        &mut self.columns[before + self.layout.stride + self.layout.wrapped(x) + 1]
    }

    /// The colours around a node.
    #[inline]
    pub(super) fn around(&self, row: ColourRow, x: u16) -> Around {
        let first = row.columns_before + self.layout.wrapped(x);
        // No node lies in the margin, so all places are there.
        let [before, own, after] = [0, 1, 2].map(|rows| -> &[Column; 3] {
            let places = &self.columns[first + rows * self.layout.stride..];
            places.first_chunk().unwrap_or_else(|| unreachable!())
        });
        let slice = row.slice & 3;
        let here = |column: &Column| Lanes16::twice(column[slice & 1][slice >> 1]);
        let next = |column: &Column| Lanes16::new(bytemuck::cast(column[slice & 1 ^ 1]));
        Around {
            x: [here(&own[0]), here(&own[2])],
            y: [here(&before[1]), here(&after[1])],
            z: next(&own[1]),
            xy: [
                here(&before[0]),
                here(&before[2]),
                here(&after[0]),
                here(&after[2]),
            ],
            xz: [next(&own[0]), next(&own[2])],
            yz: [next(&before[1]), next(&after[1])],
        }
    }
}

/// A colour as the columns have it: one node, and its activity.
#[inline]
pub(super) fn with_weight([r, g, b, activity]: Colour) -> Colour {
    [r, g, b, 1 + (activity << ACTIVITY_SHIFT)]
}

/// The colours of a node's neighbours, zero where there is none.
///
/// Lane 3 is 1 plus the activity. Of the slices before and after each has a half; the others are
/// there twice.
pub(super) struct Around {
    /// Lower and upper.
    pub(super) x: [Lanes16; 2],
    pub(super) y: [Lanes16; 2],
    pub(super) z: Lanes16,
    /// Across edges: the lower axis' side in bit 0 of the index, the upper axis' in bit 1.
    pub(super) xy: [Lanes16; 4],
    /// By the side of x, or of y.
    pub(super) xz: [Lanes16; 2],
    pub(super) yz: [Lanes16; 2],
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

    use super::super::level::{Level, Sweep};
    use super::super::shape::Shape;
    use super::*;

    /// All nodes of a level; those with a mask are coded.
    type Nodes = BTreeMap<[i32; 3], (Option<u8>, Colour)>;

    /// The twin of [`Shapes::surroundings`].
    fn surroundings(nodes: &Nodes, [x, y, z]: [i32; 3]) -> u64 {
        let mut bits = 0;
        let mut set = |bit: i32, is_set: bool| bits |= u64::from(is_set) << bit;
        let child = |[dx, dy, dz]: [i32; 3], child: i32| {
            let node = nodes.get(&[x + dx, y + dy, z + dz]);
            node.and_then(|node| node.0)
                .is_some_and(|mask| mask >> child & 1 != 0)
        };
        let is_there = |[dx, dy, dz]: [i32; 3]| nodes.contains_key(&[x + dx, y + dy, z + dz]);
        for c in 0..8 {
            set(16 + c, child([0, 0, -1], c));
            set(48 + c, child([0, -1, 0], c));
        }
        for (bit, at, c) in [
            (2, [1, -1, 0], 2),
            (6, [1, -1, 0], 6),
            (35, [-1, -1, 0], 3),
            (39, [-1, -1, 0], 7),
            (5, [-1, 0, -1], 5),
            (7, [-1, 0, -1], 7),
            (36, [1, 0, -1], 4),
            (38, [1, 0, -1], 6),
            (28, [0, 1, -1], 4),
            (29, [0, 1, -1], 5),
            (30, [0, -1, -1], 6),
            (31, [0, -1, -1], 7),
            (13, [-1, 1, -1], 5),
            (15, [-1, -1, -1], 7),
            (44, [1, 1, -1], 4),
            (46, [1, -1, -1], 6),
        ] {
            set(bit, child(at, c));
        }
        for dx in -1..=1 {
            set(9 + dx, is_there([dx, 1, 0]));
            set(25 + dx, is_there([dx, -1, 1]));
            set(33 + dx, is_there([dx, 0, 1]));
            set(41 + dx, is_there([dx, 1, 1]));
        }
        set(11, is_there([1, 0, 0]));
        bits
    }

    /// The twin of [`Colours::around`]: one neighbour's colour, with its weight and activity.
    fn neighbour(nodes: &Nodes, at: [i32; 3]) -> Colour {
        nodes
            .get(&at)
            .map_or([0; 4], |&(_, colour)| with_weight(colour))
    }

    /// Looks at both kinds of slices as they come and go.
    struct Check<'a> {
        level: &'a Level,
        /// By rank.
        kept: Vec<Kept>,
        nodes: Nodes,
        shapes: Shapes,
        colours: Colours,
    }

    impl Check<'_> {
        fn check(&self, row: &Row, x: u16) {
            let at = [x, row.y, row.z].map(i32::from);
            let found = self.shapes.surroundings(self.shapes.row(row), x);
            assert_eq!(found, surroundings(&self.nodes, at), "{at:?}");
            let place = self.colours.row(row);
            let around = self.colours.around(place, x);
            let [x, y, z] = at;
            let half = |lanes: Lanes16, is_above: bool| -> Colour {
                let halves: [Colour; 2] = bytemuck::cast(lanes.to_array());
                halves[usize::from(is_above != place.is_swapped)]
            };
            let pairs = [
                (around.x[0], false, [x - 1, y, z]),
                (around.x[0], true, [x - 1, y, z]),
                (around.y[1], false, [x, y + 1, z]),
                (around.z, false, [x, y, z - 1]),
                (around.z, true, [x, y, z + 1]),
                (around.xy[2], false, [x - 1, y + 1, z]),
                (around.xz[1], false, [x + 1, y, z - 1]),
                (around.yz[1], true, [x, y + 1, z + 1]),
            ];
            for (lanes, is_above, at) in pairs {
                assert_eq!(half(lanes, is_above), neighbour(&self.nodes, at), "{at:?}");
            }
        }
    }

    impl Sweep for Check<'_> {
        fn enter(&mut self, rows: &[Row]) {
            for row in rows {
                self.shapes.enter(row, self.level.of(row));
                self.colours.enter(row, self.level.of(row), &self.kept);
            }
        }

        fn code(&mut self, rows: &[Row]) {
            for row in rows {
                for node in self.level.of(row) {
                    self.check(row, node.x);
                    let mask = self.kept[node.rank as usize].shape.mask;
                    let at = [node.x, row.y, row.z].map(i32::from);
                    self.nodes.entry(at).and_modify(|node| node.0 = Some(mask));
                }
                self.shapes.set_masks(row, self.level.of(row), &self.kept);
            }
            for row in rows {
                self.shapes.leave_present(row, self.level.of(row));
            }
        }

        fn leave(&mut self, rows: &[Row]) {
            for row in rows {
                self.shapes.leave(row, self.level.of(row));
                self.colours.leave(row, self.level.of(row));
            }
        }
    }

    fn check(cells: &BTreeMap<[i32; 3], (u8, Colour)>) {
        let mut sorted: Vec<_> = cells.iter().collect();
        sorted.sort_by_key(|&(&[x, y, z], _)| (z, y, x));
        let mut level = Level::default();
        for row in sorted.chunk_by(|(a, _), (b, _)| a[1..] == b[1..]) {
            let first = level.nodes.len();
            level
                .nodes
                .extend(row.iter().zip(first..).map(|((at, _), rank)| Node {
                    rank: rank as u32,
                    x: at[0] as u16,
                    is_alone: false,
                }));
            level.rows.push(Row {
                y: row[0].0[1] as u16,
                z: row[0].0[2] as u16,
                nodes: first..level.nodes.len(),
            });
        }
        let mut check = Check {
            level: &level,
            kept: sorted
                .iter()
                .map(|&(_, &(mask, colour))| Kept {
                    colour,
                    shape: Shape {
                        mask,
                        is_alone: false,
                    },
                    ..Kept::default()
                })
                .collect(),
            nodes: sorted
                .iter()
                .map(|&(&at, &(_, colour))| (at, (None, colour)))
                .collect(),
            shapes: Shapes::default(),
            colours: Colours::default(),
        };
        // As wide as the level, so that no two nodes share a place.
        check.shapes.fit(5, 1 << 10);
        check.colours.fit(5, 1 << 10);
        level.sweep(&mut check);
        assert!(check.shapes.masks.iter().all(|&mask| mask == 0));
        assert!(check.shapes.present.iter().flatten().all(|&bits| bits == 0));
        let columns = check.colours.columns.iter().flatten().flatten().flatten();
        assert!(columns.into_iter().all(|&lane| lane == 0));
    }

    proptest! {
        #[test]
        fn slices_say_what_the_nodes_say(
            nodes in prop::collection::btree_map(
                prop::array::uniform3(0i32..32),
                (1u8..=255, prop::array::uniform3(0i16..=2040), 0i16..32),
                1..400,
            ),
        ) {
            let nodes = nodes.into_iter().map(|(at, (mask, [r, g, b], activity))| {
                (at, (mask, [r, g, b, activity]))
            });
            check(&nodes.collect());
        }
    }
}
