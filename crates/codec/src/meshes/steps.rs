//! The steps of the walk over a surface, and how they are coded.
//!
//! Follows FORMAT.md 6.3.

use super::border::{Border, Edge};
use crate::entropy::{Flag, Nibble, SymbolCoder, code_rare_number};

/// One step of the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The third point is a new one.
    New,
    /// The gate has no further triangle.
    Close,
    /// The gate is a seam, to be crossed later.
    PutOff,
    /// The triangle also takes the edge before the gate.
    Left,
    /// The triangle also takes the first edge of the loop.
    Right,
    /// The third point lies on the loop, at a place from its start, or from its end if negative.
    Split(i32),
    /// The third point is any earlier one, so far back from the next number.
    Seen(u32),
}

/// Kinds of step.
const KIND_COUNT: usize = 7;
/// How likely each kind is at first, and then left and right if they take a seam that was not put
/// off; what is no kind never comes.
const KIND_WEIGHTS: [u32; 16] = [8, 1, 6, 4, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const LEFT_WITH_SEAM: u8 = 7;
const RIGHT_WITH_SEAM: u8 = 8;

impl Step {
    pub(super) fn kind(self) -> u8 {
        match self {
            Self::New => 0,
            Self::Close => 1,
            Self::Left => 2,
            Self::Right => 3,
            Self::Split(_) => 4,
            Self::Seen(_) => 5,
            Self::PutOff => 6,
        }
    }
}

/// Says where the walk goes: the encoder knows, the decoder is told by the bytes.
pub(super) trait Guide {
    /// The step at `gate`, with `next` the number that a new point gets.
    fn step(&mut self, gate: Edge, border: &Border, next: u32) -> Step;
    /// A triangle to start a piece with: an earlier point at each corner, or none for a new one.
    fn start(&mut self) -> [Option<u32>; 3];
    /// The vertex at a corner of the latest triangle: the gate's start, its end, the third; or
    /// none if it has not been met.
    fn vertex(&self, corner: usize) -> Option<u32>;
    /// Whether an edge is a seam: the latest triangle, of which these corners lie at its start and
    /// its end, shows other vertices there.
    fn is_seam(&self, edge: Edge, ends: [usize; 2]) -> bool;
    /// Tells that the vertex at a corner of the latest triangle is met, and got this number.
    fn meet(&mut self, corner: usize, vertex: u32);
}

/// The decoder's guide: any answer does, the bytes decide.
pub(super) struct Reading;

impl Guide for Reading {
    fn step(&mut self, _: Edge, _: &Border, _: u32) -> Step {
        Step::New
    }

    fn start(&mut self) -> [Option<u32>; 3] {
        [None; 3]
    }

    fn vertex(&self, _: usize) -> Option<u32> {
        None
    }

    fn is_seam(&self, _: Edge, _: [usize; 2]) -> bool {
        false
    }

    fn meet(&mut self, _: usize, _: u32) {}
}

/// Valences are told apart from 2 to 5: six is usual once all triangles are there.
const VALENCE_COUNT: usize = 4;
/// Seams at a point are told apart up to this: two is usual, one that comes and one that goes.
const SEAMS_MAX: u8 = 2;
/// What surrounds a step.
const SURROUNDING_COUNT: usize =
    (KIND_COUNT + 1) * (SEAMS_MAX as usize + 1) * VALENCE_COUNT * VALENCE_COUNT;

/// What is known at a point so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met {
    /// Triangles less 2, as far as valences are told apart.
    valence: i8,
    /// Seams.
    seams: u8,
}

impl Met {
    /// No triangle yet.
    pub(super) const NEW: Self = Self {
        valence: -2,
        seams: 0,
    };

    #[inline]
    pub(super) fn count_triangle(&mut self) {
        self.valence = (self.valence + 1).min(VALENCE_COUNT as i8 - 1);
    }

    pub(super) fn count_seam(&mut self) {
        self.seams = (self.seams + 1).min(SEAMS_MAX);
    }

    /// How many triangles, as far as that is told apart.
    #[inline]
    fn valence(self) -> usize {
        self.valence.max(0) as usize
    }
}

/// What surrounds a step at a gate with these ends.
///
/// `kind`: that of the step before.
#[inline]
pub(super) fn surrounding(kind: u8, gate: Edge, [from, to]: [Met; 2]) -> usize {
    let before = match gate.is_seam {
        true => KIND_COUNT,
        false => usize::from(kind),
    };
    let seams = before * (usize::from(SEAMS_MAX) + 1) + usize::from(to.seams);
    (seams * VALENCE_COUNT + to.valence()) * VALENCE_COUNT + from.valence()
}

/// The models of the walk.
pub(super) struct Models {
    /// Kinds, by the kind before, by the seams at the gate's end and by the valences at both.
    kinds: Vec<Nibble>,
    is_new: Flag,
    places: Nibble,
    distances: Nibble,
}

impl Models {
    pub(super) fn new() -> Self {
        Self {
            kinds: vec![Nibble::from_weights(&KIND_WEIGHTS); SURROUNDING_COUNT],
            is_new: Flag::default(),
            places: Nibble::default(),
            distances: Nibble::default(),
        }
    }

    /// A step, and whether the edge beside the gate is a seam that was not put off.
    #[inline]
    pub(super) fn step(
        &mut self,
        coder: &mut impl SymbolCoder,
        surrounding: usize,
        (wanted, takes_seam): (Step, bool),
    ) -> (Step, bool) {
        let kind = match (wanted, takes_seam) {
            (Step::Left, true) => LEFT_WITH_SEAM,
            (Step::Right, true) => RIGHT_WITH_SEAM,
            _ => wanted.kind(),
        };
        let kind = coder.nibble(&mut self.kinds[surrounding], kind);
        let wanted = match wanted {
            Step::Split(place) => place,
            Step::Seen(distance) => distance as i32,
            _ => 0,
        };
        let step = match kind {
            0 => Step::New,
            1 => Step::Close,
            2 | LEFT_WITH_SEAM => Step::Left,
            3 | RIGHT_WITH_SEAM => Step::Right,
            4 => Step::Split(code_rare_number(coder, &mut self.places, wanted)),
            6 => Step::PutOff,
            _ => Step::Seen(self.distance(coder, wanted as u32)),
        };
        (step, matches!(kind, LEFT_WITH_SEAM | RIGHT_WITH_SEAM))
    }

    /// How far back an earlier point is; none for a new one.
    pub(super) fn start(
        &mut self,
        coder: &mut impl SymbolCoder,
        wanted: Option<u32>,
    ) -> Option<u32> {
        let is_new = coder.flag(&mut self.is_new, wanted.is_none());
        (!is_new).then(|| self.distance(coder, wanted.unwrap_or_default()))
    }

    fn distance(&mut self, coder: &mut impl SymbolCoder, wanted: u32) -> u32 {
        code_rare_number(coder, &mut self.distances, wanted as i32) as u32
    }
}
