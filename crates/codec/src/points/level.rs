//! The nodes of one depth of the octree, in coding order, and the step to the next depth.
//!
//! Follows FORMAT.md 5.3.
//! Nodes are coded slice by slice (z), row by row (y), along x: what is known around a node is
//! then the same for every node. All that is kept of them is in Morton order, where the children
//! of a node follow each other; a node's place in it is its rank.

use std::ops::Range;

use super::shape::Shape;

/// Red, green and blue in 8ths, and the activity of the node it came from (0 to
/// [`super::colour::ACTIVITY_MAX`]).
pub(super) type Colour = [i16; 4];

/// A node, inside its row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    /// Its index in Morton order.
    pub(super) rank: u32,
    /// At its depth, inside its brick.
    pub(super) x: u16,
    /// Exactly one point lies below it: its path is coded as it is.
    pub(super) is_alone: bool,
}

/// The nodes of one y and z.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) y: u16,
    pub(super) z: u16,
    /// Its nodes, by x.
    pub(super) nodes: Range<usize>,
}

/// The nodes of one depth, in coding order.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) nodes: Vec<Node>,
    /// By z, then y.
    pub(super) rows: Vec<Row>,
}

/// What is done with the rows of slices as they come and go, see [`Level::sweep`].
pub(super) trait Sweep {
    /// The slice is the next one, or the first after a gap.
    fn enter(&mut self, rows: &[Row]);
    /// The slice is the present one: itself, the one before and the one after have entered.
    fn code(&mut self, rows: &[Row]);
    /// The slice is not asked for any more.
    fn leave(&mut self, rows: &[Row]);
}

/// What is kept of a node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kept {
    pub(super) colour: Colour,
    /// Its first child, among the nodes of the next depth.
    pub(super) first: u32,
    pub(super) shape: Shape,
}

impl Kept {
    /// Where its children are, among the nodes of the next depth.
    #[inline]
    pub(super) fn children(self) -> Range<usize> {
        let first = self.first as usize;
        first..first + self.shape.mask.count_ones() as usize
    }
}

impl Level {
    /// The root alone.
    pub(super) fn start(&mut self) {
        self.nodes.clear();
        self.rows.clear();
        self.nodes.push(Node::default());
        self.rows.push(Row {
            nodes: 0..1,
            ..Row::default()
        });
    }

    /// The nodes of a row.
    pub(super) fn of(&self, row: &Row) -> &[Node] {
        &self.nodes[row.nodes.clone()]
    }

    /// Goes through all slices, with those before and after each within sight.
    pub(super) fn sweep(&self, sweep: &mut impl Sweep) {
        let mut before = None;
        let mut slices = self.slices().peekable();
        while let Some(slice) = slices.next() {
            if before.is_none() {
                sweep.enter(slice);
            }
            let next = slices.peek().filter(|next| next[0].z == slice[0].z + 1);
            if let Some(next) = next {
                sweep.enter(next);
            }
            sweep.code(slice);
            if let Some(before) = before.take() {
                sweep.leave(before);
            }
            if next.is_some() {
                before = Some(slice);
            } else {
                sweep.leave(slice);
            }
        }
    }

    /// The rows of each slice.
    fn slices(&self) -> impl Iterator<Item = &[Row]> {
        self.rows.chunk_by(|a, b| a.z == b.z)
    }

    /// Makes `next` the level of the children.
    ///
    /// `kept`: of the level, by rank, with shapes and first children.
    pub(super) fn expand(&self, kept: &[Kept], next: &mut Self) {
        next.rows.clear();
        // One more than needed: a child that is not there is written and then overwritten.
        let count = kept.last().map_or(0, |last| last.children().end);
        next.nodes.resize(count + 1, Node::default());
        let mut first = 0;
        for slice in self.slices() {
            for z in 0..2 {
                for row in slice {
                    for y in 0..2 {
                        let nodes = &self.nodes[row.nodes.clone()];
                        let end =
                            expand_row(nodes, kept, z << 2 | y << 1, &mut next.nodes[first..]);
                        if end > 0 {
                            next.rows.push(Row {
                                y: row.y << 1 | u16::from(y),
                                z: row.z << 1 | u16::from(z),
                                nodes: first..first + end,
                            });
                        }
                        first += end;
                    }
                }
            }
        }
        next.nodes.truncate(count);
    }
}

/// One of the four rows below a row, that of `first_child` and the child after it; returns how
/// many nodes it has.
fn expand_row(nodes: &[Node], kept: &[Kept], first_child: u8, out: &mut [Node]) -> usize {
    let mut count = 0;
    for node in nodes {
        let kept = kept[node.rank as usize];
        let Shape { mask, is_alone } = kept.shape;
        let below = (mask & ((1 << first_child) - 1)).count_ones();
        let mut child = Node {
            rank: kept.first + below,
            x: node.x << 1,
            is_alone,
        };
        let (lower, upper) = (mask >> first_child & 1, mask >> first_child >> 1 & 1);
        out[count] = child;
        count += usize::from(lower);
        child.rank += u32::from(lower);
        child.x |= 1;
        out[count] = child;
        count += usize::from(upper);
    }
    count
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
