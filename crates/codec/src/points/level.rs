//! The nodes of one depth of the octree, in coding order, and the step to the next depth.
//!
//! Follows FORMAT.md 5.3.
//! Nodes are coded slice by slice (z), row by row (y), along x: what is known around a node is
//! then the same for every node. They are handed over in Morton order, which is kept as each
//! node's rank.

/// A node or a point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    /// x, y, z at its depth, inside its brick.
    pub(super) position: [u16; 3],
    /// Exactly one point lies below it: its path is coded as it is.
    pub(super) is_alone: bool,
}

/// Luma, orange, green in 64ths, and the activity of the node it came from (0 to
/// [`super::colour::ACTIVITY_MAX`]).
pub(super) type Colour = [i16; 4];

/// The nodes of one depth.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) cells: Vec<Cell>,
    /// Each node's index in Morton order.
    pub(super) ranks: Vec<u32>,
    pub(super) colours: Vec<Colour>,
}

/// What the nodes of a level have below them, in the level's order.
#[derive(Debug, Default)]
pub(super) struct Children {
    /// One a node; never zero.
    pub(super) masks: Vec<u8>,
    /// Whether the node's only child is alone.
    pub(super) are_alone: Vec<bool>,
    /// Node by node, by ascending child; as many as there may be, those that are first.
    pub(super) colours: Vec<Colour>,
    /// How many there are.
    pub(super) count: usize,
}

/// Room for work that each level needs anew.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The node at each rank.
    at_rank: Vec<u32>,
    firsts: Vec<Firsts>,
}

/// Where a node's first child stands.
#[derive(Clone, Copy, Debug, Default)]
struct Firsts {
    /// In Morton order.
    rank: u32,
    /// In [`Children::colours`].
    colour: u32,
}

impl Level {
    /// The root alone, of a colour.
    pub(super) fn start(&mut self, colour: Colour) {
        self.clear();
        self.cells.push(Cell::default());
        self.ranks.push(0);
        self.colours.push(colour);
    }

    /// Forgets all nodes.
    pub(super) fn clear(&mut self) {
        self.cells.clear();
        self.ranks.clear();
        self.colours.clear();
    }

    /// The nodes by rank.
    pub(super) fn in_morton_order<'a>(&self, scratch: &'a mut Scratch) -> &'a [u32] {
        let at_rank = &mut scratch.at_rank;
        at_rank.clear();
        at_rank.resize(self.ranks.len(), 0);
        for (node, &rank) in (0..).zip(&self.ranks) {
            at_rank[rank as usize] = node;
        }
        at_rank
    }

    /// Where each slice starts and ends.
    pub(super) fn slices(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        runs(&self.cells, |cell| cell.position[2])
    }

    /// Makes `next` the level of the children.
    pub(super) fn expand(&self, children: &Children, scratch: &mut Scratch, next: &mut Self) {
        self.in_morton_order(scratch);
        let firsts = &mut scratch.firsts;
        firsts.clear();
        firsts.resize(self.ranks.len(), Firsts::default());
        let mut count = 0;
        for &node in &scratch.at_rank {
            firsts[node as usize].rank = count;
            count += children.masks[node as usize].count_ones();
        }
        let mut colour = 0;
        for (first, mask) in firsts.iter_mut().zip(&children.masks) {
            first.colour = colour;
            colour += mask.count_ones();
        }
        next.clear();
        next.cells.reserve(count as usize);
        next.ranks.reserve(count as usize);
        next.colours.reserve(count as usize);
        for slice in self.slices() {
            for z in 0..2 {
                for row in runs(&self.cells[slice.clone()], |cell| cell.position[1]) {
                    let row = slice.start + row.start..slice.start + row.end;
                    for y in 0..2 {
                        self.expand_row(children, firsts, (row.clone(), y, z), next);
                    }
                }
            }
        }
    }

    /// One of the four rows below a row.
    fn expand_row(
        &self,
        children: &Children,
        firsts: &[Firsts],
        (row, y, z): (std::ops::Range<usize>, u8, u8),
        next: &mut Self,
    ) {
        let first_child = z << 2 | y << 1;
        let nodes = self.cells[row.clone()].iter().zip(&firsts[row.clone()]);
        let shapes = children.masks[row.clone()]
            .iter()
            .zip(&children.are_alone[row]);
        for ((cell, first), (&mask, &is_alone)) in nodes.zip(shapes) {
            let pair = mask >> first_child & 3;
            let mut index = (mask & ((1 << first_child) - 1)).count_ones();
            for x in 0..2 {
                if pair >> x & 1 == 0 {
                    continue;
                }
                let side = [x, y, z].map(u16::from);
                next.cells.push(Cell {
                    position: std::array::from_fn(|i| cell.position[i] << 1 | side[i]),
                    is_alone,
                });
                next.ranks.push(first.rank + index);
                next.colours
                    .push(children.colours[(first.colour + index) as usize]);
                index += 1;
            }
        }
    }
}

/// Interleaves the coordinates' bits, x lowest.
pub(super) fn morton_from_cell(cell: [u16; 3]) -> u64 {
    let [x, y, z] = cell.map(|axis| {
        let mut bits = u64::from(axis);
        bits = (bits | bits << 16) & 0x0000_0000_FF00_00FF;
        bits = (bits | bits << 8) & 0x100F_00F0_0F00_F00F;
        bits = (bits | bits << 4) & 0x10C3_0C30_C30C_30C3;
        (bits | bits << 2) & 0x1249_2492_4924_9249
    });
    x | y << 1 | z << 2
}

/// The occupied children of a mask, ascending.
pub(super) fn children(mask: u8) -> impl Iterator<Item = u8> {
    let mut left = u32::from(mask);
    std::iter::from_fn(move || {
        let child = left.trailing_zeros();
        left &= left.wrapping_sub(1);
        (child < 8).then_some(child as u8)
    })
}

/// The stretches of cells with the same key.
fn runs(
    cells: &[Cell],
    key: impl Fn(&Cell) -> u16,
) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let first = cells.get(start)?;
        let len = cells[start..]
            .iter()
            .position(|cell| key(cell) != key(first))
            .unwrap_or(cells.len() - start);
        let run = start..start + len;
        start = run.end;
        Some(run)
    })
}
