//! The octree: which cells are occupied, coded level by level in Morton order.
//!
//! Follows FORMAT.md 5.3. A child is numbered `x | y << 1 | z << 2`.
//!
//! Each node knows its six neighbours of the same level, found through its parent's neighbours
//! without any search. The three below it in Morton order are coded already, so a child's lower
//! neighbours are known cells; of the three above it is known only whether they exist.

use crate::DecodeError;
use crate::entropy::{Chance, Coder};

/// No such node.
pub(super) const NONE: u32 = u32::MAX;

/// The nodes of one level, in Morton order; one entry a node in each.
#[derive(Debug, Default)]
pub(super) struct Level {
    /// Morton codes.
    pub(super) codes: Vec<u64>,
    /// Indices of the nodes at -x, -y, -z, +x, +y, +z, or [`NONE`].
    pub(super) neighbours: Vec<[u32; 6]>,
    /// Which children are occupied; never 0.
    pub(super) masks: Vec<u8>,
    /// Index of the first child in the next level.
    pub(super) first_children: Vec<u32>,
}

impl Level {
    /// Index in the next level of the child `child` of `node`, if it is occupied.
    pub(super) fn child_index(&self, node: u32, child: u8) -> Option<u32> {
        let mask = *self.masks.get(node as usize)?;
        let below = mask & ((1 << child) - 1);
        (mask >> child & 1 != 0).then(|| self.first_children[node as usize] + below.count_ones())
    }
}

/// A coded octree.
#[derive(Debug)]
pub(super) struct Tree {
    /// The parents of the leaves.
    pub(super) parents: Level,
    /// Morton codes of the leaves, ascending.
    pub(super) leaves: Vec<u64>,
    /// Nodes of each level from the root, and the leaves last.
    pub(super) counts: Vec<u32>,
}

/// Surroundings of one bit: where it stands in its mask with the bits before (255), and what is
/// known of the neighbours across three faces (27).
struct Masks {
    chances: Vec<[Chance; 32]>,
}

impl Masks {
    fn new() -> Self {
        Self {
            chances: vec![[Chance::EVEN; 32]; 256],
        }
    }

    /// One mask. Seven empty children leave the eighth no choice, so it is not coded then.
    #[inline]
    fn code(&mut self, coder: &mut impl Coder, around: &Around, wanted: u8) -> u8 {
        let mut mask = 0;
        let mut path = 1_usize;
        for child in 0..8 {
            let is_occupied = if child == 7 && mask == 0 {
                true
            } else {
                let chance = &mut self.chances[path & 255][around.context(child) & 31];
                coder.bit(chance, wanted >> child & 1 != 0)
            };
            mask |= u8::from(is_occupied) << child;
            path = path << 1 | usize::from(is_occupied);
        }
        mask
    }
}

/// What is known around a node while its children are coded.
struct Around {
    /// For each child three base-3 digits, x first; a digit says of the neighbour across the
    /// face on that axis: no node there (0), an empty cell (1), occupied or not known yet (2).
    contexts: [u8; 8],
}

/// The children at the upper end of each axis.
const UPPER: [u8; 3] = [0b1010_1010, 0b1100_1100, 0b1111_0000];

impl Around {
    #[inline]
    fn new(level: &Level, node: usize) -> Self {
        let mut contexts = [0; 8];
        for (axis, weight) in [1, 3, 9].into_iter().enumerate() {
            let shift = 1 << axis;
            let [lower, upper] = [axis, axis + 3].map(|side| level.neighbours[node][side]);
            // The lower neighbour is coded already; its upper children touch our lower ones.
            let lower_mask = level.masks.get(lower as usize).copied().unwrap_or(0);
            let touching = (lower_mask & UPPER[axis]) >> shift;
            let upper_digit = if upper == NONE { 0 } else { 2 };
            let lower_digit = u8::from(lower != NONE);
            for (child, context) in contexts.iter_mut().enumerate() {
                let digit = if UPPER[axis] >> child & 1 != 0 {
                    upper_digit
                } else {
                    lower_digit + (touching >> child & 1)
                };
                *context += weight * digit;
            }
        }
        Self { contexts }
    }

    #[inline]
    fn context(&self, child: usize) -> usize {
        usize::from(self.contexts[child])
    }
}

/// Codes a whole tree of `bits` levels with `point_count` leaves.
///
/// `wanted`: the masks of each level, for the writing side; empty for the reading one.
pub(super) fn code(
    coder: &mut impl Coder,
    bits: u8,
    point_count: u32,
    wanted: &[Vec<u8>],
) -> Result<Tree, DecodeError> {
    let mut tree = Tree {
        parents: Level::default(),
        leaves: Vec::new(),
        counts: Vec::new(),
    };
    if point_count == 0 {
        return Ok(tree);
    }
    let mut level = Level {
        codes: vec![0],
        neighbours: vec![[NONE; 6]],
        ..Level::default()
    };
    let mut masks = Masks::new();
    for depth in 0..usize::from(bits) {
        let wanted = wanted.get(depth).map_or(&[][..], Vec::as_slice);
        let child_count = code_level(coder, &mut masks, &mut level, wanted, point_count)?;
        tree.counts.push(level.codes.len() as u32);
        if depth + 1 == usize::from(bits) {
            tree.leaves = child_codes(&level, child_count);
        } else {
            level = next_level(&level, child_count);
        }
    }
    if tree.leaves.len() as u64 != u64::from(point_count) {
        return Err(DecodeError::malformed(
            "5.3",
            "the octree has as many leaves as the header says",
        ));
    }
    tree.counts.push(point_count);
    tree.parents = level;
    Ok(tree)
}

/// Codes the masks of one level and returns how many children they have together.
fn code_level(
    coder: &mut impl Coder,
    masks: &mut Masks,
    level: &mut Level,
    wanted: &[u8],
    point_count: u32,
) -> Result<u32, DecodeError> {
    let mut child_count = 0;
    for node in 0..level.codes.len() {
        let around = Around::new(level, node);
        let mask = masks.code(coder, &around, wanted.get(node).copied().unwrap_or(0));
        level.masks.push(mask);
        level.first_children.push(child_count);
        child_count += mask.count_ones();
        if child_count > point_count || coder.is_past_end() {
            return Err(DecodeError::malformed(
                "5.3",
                "no level has more nodes than there are points",
            ));
        }
    }
    Ok(child_count)
}

/// Morton codes of a level's children.
fn child_codes(level: &Level, child_count: u32) -> Vec<u64> {
    let mut codes = Vec::with_capacity(child_count as usize);
    for (&code, &mask) in level.codes.iter().zip(&level.masks) {
        codes.extend(children(mask).map(|child| code << 3 | u64::from(child)));
    }
    codes
}

/// The children as nodes of their own, with their neighbours.
fn next_level(level: &Level, child_count: u32) -> Level {
    let mut neighbours = Vec::with_capacity(child_count as usize);
    for (node, &mask) in level.masks.iter().enumerate() {
        for child in children(mask) {
            neighbours.push(std::array::from_fn(|side| {
                let (axis, is_upper) = (side % 3, side >= 3);
                let across = child ^ 1 << axis;
                let is_inside = (child >> axis & 1 == 0) == is_upper;
                let holder = if is_inside {
                    node as u32
                } else {
                    level.neighbours[node][side]
                };
                level.child_index(holder, across).unwrap_or(NONE)
            }));
        }
    }
    Level {
        codes: child_codes(level, child_count),
        neighbours,
        masks: Vec::with_capacity(child_count as usize),
        first_children: Vec::with_capacity(child_count as usize),
    }
}

/// The occupied children of a mask, ascending.
pub(super) fn children(mask: u8) -> impl Iterator<Item = u8> {
    (0..8).filter(move |child| mask >> child & 1 != 0)
}
