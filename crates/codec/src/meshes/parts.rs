//! The motion of a mesh by part: each part turns and shifts as one, and between parts motions
//! are blended.
//!
//! Follows FORMAT.md 6.7.

use glam::Vec3A;

use super::shares::{self, Shares};
use crate::DecodeError;
use crate::entropy::{Nibble, SymbolCoder, code_rare_number};

/// Parts at most.
pub(super) const COUNT_MAX: usize = 64;
/// Bits of their count.
const COUNT_BITS: u32 = COUNT_MAX.ilog2() + 1;
/// Steps of a turn's coefficients in 1.
pub(super) const TURN_STEPS: f32 = 1024.0;
/// Steps of a shift in one of the run's quantiser.
pub(super) const SHIFT_STEPS: f32 = 4.0;

/// One part's motion since the frame before, in steps: what it adds to a place relative to the
/// middle, by columns, then its shift.
pub(super) type MotionSteps = [i32; 12];

/// One part's motion, ready to be applied: what it adds to a place, by columns, and to all.
#[derive(Clone, Copy, Debug, Default)]
struct Motion {
    turn: [Vec3A; 3],
    shift: Vec3A,
}

/// The parts of a run.
#[derive(Debug)]
pub(super) struct Parts {
    /// A vertex in the middle of each.
    pub(super) seeds: Vec<u32>,
    /// One a vertex; empty in a key, which has no use for parts.
    shares: Vec<Shares>,
    /// As they were coded last.
    steps: Vec<MotionSteps>,
    motions: [Motion; COUNT_MAX],
    turns: Nibble,
    shifts: Nibble,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            seeds: Vec::new(),
            shares: Vec::new(),
            steps: Vec::new(),
            motions: [Motion::default(); COUNT_MAX],
            turns: Nibble::default(),
            shifts: Nibble::default(),
        }
    }
}

impl Parts {
    /// Codes which vertices are in the middle of parts, ascending, and divides a key's vertices
    /// among these.
    ///
    /// `wanted`: for the writing side, at most [`COUNT_MAX`].
    pub(super) fn code_seeds(
        &mut self,
        coder: &mut impl SymbolCoder,
        places: &[Vec3A],
        wanted: &[u32],
    ) -> Result<(), DecodeError> {
        let count = coder.raw(COUNT_BITS, wanted.len() as u32) as usize;
        if count > COUNT_MAX {
            let rule = "there are at most 64 parts";
            return Err(DecodeError::malformed("6.7", rule));
        }
        let mut model = Nibble::default();
        let mut before = 0;
        for part in 0..count {
            let wanted = wanted.get(part).map_or(0, |seed| seed - before);
            let distance = code_rare_number(coder, &mut model, wanted as i32);
            let seed = u64::from(before) + u64::from(distance.unsigned_abs());
            if seed >= places.len() as u64 {
                let rule = "a part's middle is a vertex";
                return Err(DecodeError::malformed("6.7", rule));
            }
            before = seed as u32;
            self.seeds.push(before);
        }
        self.steps = vec![[0; 12]; count];
        if count > 0 {
            let middle = |&seed: &u32| places[seed as usize];
            let middles: Vec<Vec3A> = self.seeds.iter().map(middle).collect();
            self.shares = shares::divide(places, &middles);
        }
        Ok(())
    }

    /// Codes how each part moves from `places` on.
    ///
    /// `step`: of the run's quantiser, in units. `wanted`: for the writing side.
    pub(super) fn code_motions(
        &mut self,
        coder: &mut impl SymbolCoder,
        places: &[Vec3A],
        step: f32,
        wanted: &[MotionSteps],
    ) {
        let parts = self.steps.iter_mut().zip(&self.seeds).enumerate();
        for (part, (steps, &seed)) in parts {
            let wanted = wanted.get(part).unwrap_or(steps).to_owned();
            for (index, (value, wanted)) in steps.iter_mut().zip(wanted).enumerate() {
                let model = if index < 9 {
                    &mut self.turns
                } else {
                    &mut self.shifts
                };
                let change = code_rare_number(coder, model, wanted - *value);
                let changed = value.wrapping_add(change);
                *value = changed.clamp(i16::MIN.into(), i16::MAX.into());
            }
            let column =
                |first: usize| Vec3A::from_array([0, 1, 2].map(|i| steps[first + i] as f32));
            let turn = [0, 3, 6].map(|first| column(first) / TURN_STEPS);
            let shift = column(9) * (step / SHIFT_STEPS);
            self.motions[part] = Motion {
                turn,
                shift: shift - turned(turn, places[seed as usize]),
            };
        }
    }

    /// Where a vertex at `at` gets to with its parts.
    #[inline]
    pub(super) fn moved(&self, vertex: usize, at: Vec3A) -> Vec3A {
        let Some(shares) = self.shares.get(vertex) else {
            return at;
        };
        let mut moved = at;
        for (&part, &weight) in shares.parts.iter().zip(&shares.weights) {
            let motion = &self.motions[usize::from(part) % COUNT_MAX];
            moved += (turned(motion.turn, at) + motion.shift) * weight;
        }
        moved
    }

    /// The direction that one at a vertex turns to with its parts.
    #[inline]
    pub(super) fn turned_direction(&self, vertex: usize, direction: Vec3A) -> Vec3A {
        let Some(shares) = self.shares.get(vertex) else {
            return direction;
        };
        let mut moved = direction;
        for (&part, &weight) in shares.parts.iter().zip(&shares.weights) {
            let motion = &self.motions[usize::from(part) % COUNT_MAX];
            moved += turned(motion.turn, direction) * weight;
        }
        moved
    }

    /// How much of its motion a vertex takes from `part`, 0 to 1.
    #[cfg(feature = "encode")]
    pub(super) fn weight(&self, vertex: usize, part: usize) -> f32 {
        let shares = &self.shares[vertex];
        let parts = shares.parts.iter().zip(&shares.weights);
        parts
            .filter(|&(&of, _)| usize::from(of) == part)
            .map(|(_, weight)| weight)
            .sum()
    }
}

#[inline]
fn turned([x, y, z]: [Vec3A; 3], at: Vec3A) -> Vec3A {
    x * at.x + y * at.y + z * at.z
}
