//! The masks of the octree: which children a node has.
//!
//! Follows FORMAT.md 5.4.
//! A mask is two nibbles, its lower and its upper slice. What surrounds the node chooses the
//! nibble's model by a decision tree that was learnt beforehand from several unlike surfaces
//! (`train.rs`); the models go on learning while they code.

use std::sync::LazyLock;

use super::level::Row;
#[cfg(feature = "encode")]
use crate::entropy::SymbolWriter;
use crate::entropy::{Flag, Nibble, SymbolCoder, SymbolReader};

/// Bits of the surroundings.
#[cfg(feature = "encode")]
pub(super) const QUESTION_COUNT: u8 = 64;
/// Where the mask of the node before stands in the surroundings, if it is the next one along x.
pub(super) const BEFORE_SHIFT: u32 = 56;
/// A bit that is always zero: a leaf asks it and so stays where it is.
const NEVER: u32 = 45;
/// The bits that tell of the node itself and of its level; all others tell of neighbours.
const OWN_BITS: u64 = 1 << 12 | 1 << 14 | 1 << 27 | 1 << 37 | 1 << 43;

/// Whether a node is the upper child along x, where the surroundings have room for it.
#[inline]
pub(super) fn column_bit(x: u16) -> u64 {
    u64::from(x & 1) << 12
}

/// What surroundings tell alike for all nodes of a row: whether they are upper children along y
/// and z, and how many children the nodes before the row had.
pub(super) fn row_bits(row: &Row, node_count: u64, child_count: u64) -> u64 {
    let has_many = u64::from(4 * child_count >= 13 * node_count);
    let has_some = u64::from(2 * child_count >= 5 * node_count);
    u64::from(row.y & 1) << 14 | u64::from(row.z & 1) << 27 | has_many << 37 | has_some << 43
}

/// The lower nibble, where the surroundings have room for it; for the second tree.
#[inline]
pub(super) fn lower_bits(lower: u8) -> u64 {
    u64::from(lower & 3 | (lower & 12) << 1)
}

/// The nibble coded just before, for the first and for the second tree. Trees ask it last, so
/// that a processor goes through them while it is still being read.
#[cfg(feature = "encode")]
pub(super) const LATE_BITS: [u64; 2] = [0xF0 << BEFORE_SHIFT, 0x1B];

/// Questions that a tree asks at once.
pub(super) const ASKED_AT_ONCE: usize = 3;
/// Answers to them.
pub(super) const ANSWER_COUNT: usize = 1 << ASKED_AT_ONCE;
/// Steps from the root to any leaf, at most.
pub(super) const STEP_DEPTH_MAX: usize = 4;
/// Steps of a tree at most.
const STEP_COUNT_MAX: usize = 1 << 12;

/// The learnt trees and their models. Made by `cargo xtask train`.
static LEARNT: &[u8] = include_bytes!("shape.bin");

/// The weight of a nibble by its level: each is 3/2 bits less likely than the one before, and the
/// last stands for anything rarer.
pub(super) const WEIGHTS: [u32; LEVEL_COUNT] = [65535, 23170, 8192, 2896, 1024, 362, 128];
/// Levels of a learnt nibble.
pub(super) const LEVEL_COUNT: usize = 7;

/// One step of a tree, packed: three questions of 6 bits, then 14 bits of where the first of its
/// eight answers stands.
type Step = u32;

/// A decision tree whose leaves are models.
#[derive(Clone)]
struct Tree {
    steps: Box<[Step; STEP_COUNT_MAX]>,
    models: Box<[Nibble; STEP_COUNT_MAX]>,
}

impl Tree {
    /// The model that the surroundings lead to.
    #[inline]
    fn model(&mut self, surroundings: u64) -> &mut Nibble {
        let mut at = 0;
        for _ in 0..STEP_DEPTH_MAX {
            let step = self.steps[at];
            let answer = |place: u32| surroundings >> (step >> (6 * place) & 63) & 1;
            at = (step >> 18) as usize + (answer(0) | answer(1) << 1 | answer(2) << 2) as usize;
            at %= STEP_COUNT_MAX; // It is below; now the compiler knows.
        }
        &mut self.models[at]
    }

    /// Codes a tree breadth-first: for each step whether it asks and what, or else the leaf's
    /// levels.
    ///
    /// `wanted`: the steps, for the writing side.
    fn code(coder: &mut impl SymbolCoder, wanted: &[LearntStep]) -> Self {
        let mut tree = Self {
            steps: Box::new([0; STEP_COUNT_MAX]),
            models: Box::new([Nibble::default(); STEP_COUNT_MAX]),
        };
        let mut asks = Flag::default();
        let mut levels_after = [Nibble::default(); LEVEL_COUNT];
        let mut before = [0; 16];
        let mut count = 1;
        let mut at = 0;
        while at < count {
            let wanted = wanted.get(at).copied().unwrap_or_default();
            let can_ask = count + ANSWER_COUNT <= STEP_COUNT_MAX;
            if can_ask && coder.flag(&mut asks, wanted.questions.is_some()) {
                let questions = wanted.questions.unwrap_or_default();
                let [a, b, c] = questions.map(|question| coder.raw(6, question.into()));
                tree.steps[at] = a | b << 6 | c << 12 | (count as u32) << 18;
                count += ANSWER_COUNT;
            } else {
                for (level, wanted) in before.iter_mut().zip(wanted.levels) {
                    *level =
                        coder.nibble(&mut levels_after[usize::from(*level) % LEVEL_COUNT], wanted);
                }
                let weights = before.map(|level| WEIGHTS[usize::from(level) % LEVEL_COUNT]);
                tree.steps[at] = NEVER | NEVER << 6 | NEVER << 12 | (at as u32) << 18;
                tree.models[at] = Nibble::from_weights(&weights);
            }
            at += 1;
        }
        tree
    }
}

/// One step of a learnt tree: it asks, or it is a leaf.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LearntStep {
    /// Bits of the surroundings; the answers' steps follow the last ones known so far.
    pub(super) questions: Option<[u8; ASKED_AT_ONCE]>,
    /// How unlikely each nibble is at a leaf, see [`WEIGHTS`].
    pub(super) levels: [u8; 16],
}

/// The bytes of learnt trees.
#[cfg(feature = "encode")]
pub(super) fn write(trees: &[Vec<LearntStep>; 2]) -> Vec<u8> {
    let mut writer = SymbolWriter::default();
    for steps in trees {
        Tree::code(&mut writer, steps);
    }
    writer.finish()
}

/// The trees as every brick starts with them.
static START: LazyLock<[Tree; 2]> = LazyLock::new(|| {
    let mut reader = SymbolReader::new(LEARNT);
    [(); 2].map(|()| Tree::code(&mut reader, &[]))
});

/// The models of masks.
pub(super) struct Shapes {
    trees: [Tree; 2],
    is_alone: Flag,
}

impl Default for Shapes {
    fn default() -> Self {
        Self {
            trees: START.clone(),
            is_alone: Flag::default(),
        }
    }
}

/// A node's children, and whether the only one is alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) mask: u8,
    pub(super) is_alone: bool,
}

impl Shapes {
    /// Forgets what was learnt from the last brick.
    pub(super) fn reset(&mut self) {
        for (tree, start) in self.trees.iter_mut().zip(START.iter()) {
            tree.models.clone_from(&start.models);
        }
        self.is_alone = Flag::default();
    }

    /// One node's shape. A reader of damaged bytes may return a mask of zero.
    #[inline]
    pub(super) fn code(
        &mut self,
        coder: &mut impl SymbolCoder,
        surroundings: u64,
        is_alone: bool,
        wanted: Shape,
    ) -> Shape {
        if is_alone {
            return Self::code_path(coder, wanted);
        }
        if surroundings & !OWN_BITS == 0 && coder.flag(&mut self.is_alone, wanted.is_alone) {
            return Self::code_path(coder, wanted);
        }
        let [lower_tree, upper_tree] = &mut self.trees;
        let lower = coder.nibble(lower_tree.model(surroundings), wanted.mask & 15);
        let surroundings = surroundings | lower_bits(lower);
        let upper = coder.nibble(upper_tree.model(surroundings), wanted.mask >> 4);
        Shape {
            mask: upper << 4 | lower,
            is_alone: false,
        }
    }

    /// The next step of the path to the only point below.
    fn code_path(coder: &mut impl SymbolCoder, wanted: Shape) -> Shape {
        let child = coder.raw(3, wanted.mask.trailing_zeros() & 7);
        Shape {
            mask: 1 << child,
            is_alone: true,
        }
    }
}
