//! The motion of a mesh by part: each part turns and shifts as one, and between parts motions
//! are blended.
//!
//! Follows FORMAT.md 6.7.

use glam::{Vec3A, Vec4};

use crate::DecodeError;
use crate::entropy::{Nibble, SymbolCoder, code_number};

/// Parts at most.
pub(super) const COUNT_MAX: usize = 64;
/// With fewer parts than this each vertex moves with one alone.
const BLENDED_COUNT_MIN: usize = 4;
/// Parts that a vertex moves with.
const SHARE_COUNT: usize = 3;
/// Steps of a turn's coefficients in 1.
pub(super) const TURN_STEPS: f32 = 1024.0;
/// Steps of a shift in one of the run's quantiser.
pub(super) const SHIFT_STEPS: f32 = 4.0;

/// How much of each part's motion a vertex takes over.
#[derive(Clone, Copy, Debug)]
struct Shares {
    parts: [u8; SHARE_COUNT],
    weights: [f32; SHARE_COUNT],
}

/// One part's motion since the frame before, in steps: what it adds to a place relative to the
/// centre, by columns, then its shift.
pub(super) type MotionSteps = [i32; 12];

/// One part's motion, ready to be applied.
#[derive(Clone, Copy, Debug, Default)]
struct Motion {
    centre: Vec3A,
    turn: [Vec3A; 3],
    shift: Vec3A,
}

/// The parts of a run.
#[derive(Debug)]
pub(super) struct Parts {
    /// A vertex in the middle of each.
    pub(super) seeds: Vec<u32>,
    /// One a vertex.
    shares: Vec<Shares>,
    /// As they were coded last.
    steps: Vec<MotionSteps>,
    motions: [Motion; COUNT_MAX],
    turns: Nibble,
    shifts: Nibble,
}

/// Codes which vertices are in the middle of parts, ascending.
pub(super) fn code_seeds(
    coder: &mut impl SymbolCoder,
    count: u8,
    vertex_count: u32,
    wanted: &[u32],
) -> Result<Vec<u32>, DecodeError> {
    let mut model = Nibble::default();
    let mut before = 0;
    let mut seeds = Vec::with_capacity(count.into());
    for part in 0..usize::from(count) {
        let wanted = wanted.get(part).map_or(0, |seed| seed - before);
        let (distance, _) = code_number(coder, &mut model, wanted as i32);
        let seed = u64::from(before) + u64::from(distance.unsigned_abs());
        if seed >= u64::from(vertex_count) {
            let rule = "a part's middle is a vertex";
            return Err(DecodeError::malformed("6.7", rule));
        }
        before = seed as u32;
        seeds.push(before);
    }
    Ok(seeds)
}

impl Parts {
    /// Around these vertices of a key, at most [`COUNT_MAX`].
    pub(super) fn new(seeds: Vec<u32>) -> Self {
        Self {
            steps: vec![[0; 12]; seeds.len()],
            seeds,
            shares: Vec::new(),
            motions: [Motion::default(); COUNT_MAX],
            turns: Nibble::default(),
            shifts: Nibble::default(),
        }
    }

    /// Divides a key's vertices among the parts, once.
    ///
    /// Not with the key: a run of one frame has no use for it.
    pub(super) fn divide(&mut self, places: &[Vec3A]) {
        if !self.seeds.is_empty() && self.shares.is_empty() {
            let centres = Centres::new(self.seeds.iter().map(|&seed| places[seed as usize]));
            self.shares = places.iter().map(|&at| Shares::at(at, &centres)).collect();
        }
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
                let (change, _) = code_number(coder, model, wanted - *value);
                let changed = value.wrapping_add(change);
                *value = changed.clamp(i16::MIN.into(), i16::MAX.into());
            }
            let column =
                |first: usize| Vec3A::from_array([0, 1, 2].map(|i| steps[first + i] as f32));
            self.motions[part] = Motion {
                centre: places[seed as usize],
                turn: [0, 3, 6].map(|first| column(first) / TURN_STEPS),
                shift: column(9) * (step / SHIFT_STEPS),
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
            let from = at - motion.centre;
            let [x, y, z] = motion.turn;
            let motion = x * from.x + y * from.y + z * from.z + motion.shift;
            moved += motion * weight;
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

/// The middles of parts, four side by side; those that are none are infinitely far.
struct Centres {
    fours: Vec<[Vec4; 3]>,
    count: usize,
}

impl Centres {
    fn new(centres: impl ExactSizeIterator<Item = Vec3A>) -> Self {
        let count = centres.len();
        let mut fours = vec![[Vec4::INFINITY; 3]; count.div_ceil(4)];
        for (part, centre) in centres.enumerate() {
            for (axis, value) in fours[part / 4].iter_mut().zip(centre.to_array()) {
                axis[part % 4] = value;
            }
        }
        Self { fours, count }
    }

    /// The squared distances to four parts at a time, from part 0 on.
    #[inline]
    fn distances(&self, at: Vec3A) -> impl Iterator<Item = Vec4> {
        self.fours.iter().map(move |&[x, y, z]| {
            let (x, y, z) = (at.x - x, at.y - y, at.z - z);
            x * x + y * y + z * z
        })
    }
}

impl Shares {
    /// Of the nearest parts, less the farther they are, and nothing of the one behind them.
    fn at(at: Vec3A, centres: &Centres) -> Self {
        let mut nearest = [(f32::INFINITY, 0); SHARE_COUNT + 1];
        for (four, distances) in centres.distances(at).enumerate() {
            if !distances.cmplt(Vec4::splat(nearest[SHARE_COUNT].0)).any() {
                continue;
            }
            for (lane, distance) in distances.to_array().into_iter().enumerate() {
                if distance < nearest[SHARE_COUNT].0 {
                    let is_nearer = |&&(other, _): &&(f32, u8)| other <= distance;
                    let place = nearest.iter().filter(is_nearer).count();
                    nearest.copy_within(place..SHARE_COUNT, place + 1);
                    nearest[place] = (distance, (four * 4 + lane) as u8);
                }
            }
        }
        let parts = [0, 1, 2].map(|index| nearest[index].1);
        let (far, _) = nearest[SHARE_COUNT];
        if centres.count < BLENDED_COUNT_MIN || far <= 0.0 {
            return Self {
                parts,
                weights: [1.0, 0.0, 0.0],
            };
        }
        let weights = [0, 1, 2].map(|index| {
            let square = nearest[index].0 / far;
            let nearness = 1.0 - square.sqrt();
            nearness * nearness / (square + 0.0025) + 1e-6
        });
        let sum = weights[0] + weights[1] + weights[2];
        Self {
            parts,
            weights: weights.map(|weight| weight / sum),
        }
    }
}
