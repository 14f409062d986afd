//! Where vertices are: in a key predicted from those met earlier, in a difference from the
//! motion of their parts and from how far their parents strayed from theirs.
//!
//! Follows FORMAT.md 6.5 and 6.7.
//! Places are whole numbers of the run's unit, held as binary32 so that they can be computed with
//! side by side; all arithmetic is that of IEEE 754, in the order in which it is written.

#[cfg(feature = "encode")]
use glam::DVec3;
use glam::{BVec3A, Vec3A};

use super::residuals::Residuals;
use super::topology::{NONE, Parents, Topology};
use super::{Deviations, LARGE, LATTICE_MAX, Run, whole};
use crate::DecodeError;
use crate::entropy::{SlowNibble, SymbolCoder, code_number};

/// A vertex where the writing side wants it, in units from the run's origin.
#[cfg(feature = "encode")]
pub(super) type Wanted = [DVec3];
/// The reading side wants nothing.
#[cfg(not(feature = "encode"))]
pub(super) type Wanted = [()];

/// What places of one frame keep to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    /// Of the quantiser, in units.
    step: f32,
    /// The lowest place that the frame's lattice has.
    lowest: Vec3A,
    highest: Vec3A,
}

impl Grid {
    /// `step`: of the quantiser, in units. `offset`: where the frame's lattice starts.
    pub(super) fn new(step: f32, offset: [i32; 3]) -> Self {
        let lowest = Vec3A::from_array(offset.map(|axis| axis as f32));
        Self {
            step,
            lowest,
            highest: lowest + LATTICE_MAX as f32,
        }
    }

    /// The steps from a prediction to where a vertex shall be.
    #[cfg(feature = "encode")]
    #[inline]
    fn level(self, wanted: &Wanted, vertex: usize, predicted: Vec3A) -> [i32; 3] {
        let Some(wanted) = wanted.get(vertex) else {
            return [0; 3];
        };
        let steps = (*wanted - predicted.as_dvec3()) / f64::from(self.step);
        steps.round().as_ivec3().to_array()
    }

    #[cfg(not(feature = "encode"))]
    #[inline]
    fn level(self, _: &Wanted, _: usize, _: Vec3A) -> [i32; 3] {
        [0; 3]
    }

    #[inline]
    fn place(self, predicted: Vec3A, level: [i32; 3]) -> Vec3A {
        predicted + Vec3A::from_array(level.map(|steps| steps as f32)) * self.step
    }

    /// Whether a place is on the lattice, by axis.
    #[inline]
    fn holds(self, place: Vec3A) -> BVec3A {
        place.cmpge(self.lowest) & place.cmple(self.highest)
    }

    /// Checks that all were on the lattice; those behind one that was not mean nothing.
    fn check(self, are_inside: BVec3A, section: &'static str) -> Result<(), DecodeError> {
        if are_inside.all() {
            return Ok(());
        }
        let rule = "every vertex lies on the lattice";
        Err(DecodeError::malformed(section, rule))
    }
}

/// Codes the place of each vertex of a key.
pub(super) fn code_key(
    coder: &mut impl SymbolCoder,
    topology: &Topology,
    grid: Grid,
    wanted: &Wanted,
) -> Result<Vec<Vec3A>, DecodeError> {
    let mut residuals = Residuals::<3>::new(topology.points.len());
    let mut places: Vec<Vec3A> = Vec::with_capacity(topology.points.len());
    let mut are_inside = BVec3A::TRUE;
    for (vertex, (&point, kin)) in topology.points.iter().zip(&topology.kin).enumerate() {
        if (point as usize) < vertex {
            places.push(places[point as usize]);
            continue;
        }
        let of = |parents: Parents| parents.map(|parent| places[parent as usize]);
        let (predicted, plane) = match vertex {
            0 => (Vec3A::ZERO, Plane::FLAT),
            _ => {
                let [a, b, c] = of(kin.parents);
                let near = a + b - c;
                let predicted = match kin.others {
                    NONE => near,
                    // On the quantiser's grid, as all places of a key are.
                    others => {
                        let [a, b, c] = of(others);
                        rounded((near + (a + b - c)) * (0.5 / grid.step)) * grid.step
                    }
                };
                (predicted, Plane::through([a, b, c]))
            }
        };
        let mut wanted = plane.upright.last(grid.level(wanted, vertex, predicted));
        wanted[2] = wanted[2].wrapping_sub(plane.rise(wanted));
        let mut level = residuals.code(coder, (vertex, kin.parents), wanted);
        level[2] = level[2].wrapping_add(plane.rise(level));
        let place = grid.place(predicted, plane.upright.back(level));
        are_inside &= grid.holds(place);
        places.push(place);
    }
    grid.check(are_inside, "6.5")?;
    Ok(places)
}

/// How much levels around a vertex are told apart.
const UNREST_MAX: usize = 11;
/// The surrounding of vertices that have a twin.
const TWIN: usize = UNREST_MAX + 1;
/// The unrest of one vertex, at most.
const UNREST_OF_ONE_MAX: u32 = 7;

/// The models of differences; they go on learning through a run.
#[derive(Debug)]
pub(super) struct Models {
    /// Which parts of a level are not zero, and whether one is more than 1.
    patterns: [SlowNibble; TWIN + 1],
    larger: [SlowNibble; TWIN + 1],
}

impl Default for Models {
    fn default() -> Self {
        Self {
            patterns: [SlowNibble::default(); TWIN + 1],
            larger: [SlowNibble::default(); TWIN + 1],
        }
    }
}

/// Patterns below this one, but zero, have parts of 1 and -1 only.
const LARGER: u8 = 8;

impl Models {
    /// A level in its surrounding.
    #[inline]
    fn code(
        &mut self,
        coder: &mut impl SymbolCoder,
        surrounding: usize,
        wanted: [i32; 3],
    ) -> [i32; 3] {
        let pattern = coder.nibble(&mut self.patterns[surrounding], pattern_of(wanted));
        if pattern == 0 {
            return [0; 3];
        }
        if pattern < LARGER {
            let is_negative = |i: usize| u32::from(wanted[i] < 0) << i;
            // A sign for each part, those of zeros too: so they cost no search.
            let signs = (0..3).map(is_negative).sum();
            return code_ones(coder, pattern, signs);
        }
        let mask = pattern - (LARGER - 1);
        std::array::from_fn(|i| match mask >> i & 1 {
            0 => 0,
            _ => code_number(coder, &mut self.larger[surrounding], wanted[i]).0,
        })
    }
}

/// 0 for zeros; else which parts are not zero, a bit each, plus 7 if one is more than 1.
#[inline]
fn pattern_of(level: [i32; 3]) -> u8 {
    let mask = (0..3).map(|i| u8::from(level[i] != 0) << i).sum();
    match level.iter().any(|part| part.unsigned_abs() > 1) {
        true => mask + (LARGER - 1),
        false => mask,
    }
}

/// The signs of the parts of `mask`, which are all 1.
#[inline]
fn code_ones(coder: &mut impl SymbolCoder, mask: u8, signs: u32) -> [i32; 3] {
    let mut packed = 0;
    let mut count = 0;
    for i in 0..3 {
        if mask >> i & 1 != 0 {
            packed |= (signs >> i & 1) << count;
            count += 1;
        }
    }
    let mut packed = coder.raw(count, packed) as i32;
    std::array::from_fn(|i| {
        let is_one = i32::from(mask >> i & 1);
        let one = is_one * (1 - 2 * (packed & 1));
        packed >>= is_one;
        one
    })
}

/// Moves a run's places on to the next frame.
pub(super) fn code_difference(
    coder: &mut impl SymbolCoder,
    run: &mut Run,
    grid: Grid,
    wanted: &Wanted,
) -> Result<(), DecodeError> {
    let Run {
        topology,
        places,
        parts,
        models,
        deviations,
        ..
    } = run;
    let Deviations { offsets, unrests } = deviations;
    let mut are_inside = BVec3A::TRUE;
    let are_points_whole = coder.raw(1, are_whole(topology, wanted).into()) != 0;
    for (vertex, &point) in topology.points.iter().enumerate() {
        if are_points_whole && (point as usize) < vertex {
            places[vertex] = places[point as usize];
            continue;
        }
        let moved = parts.moved(vertex, places[vertex]);
        let (predicted, surrounding) = if (point as usize) < vertex {
            (moved + offsets[point as usize], TWIN)
        } else {
            let [a, b, c] = topology.kin[vertex].parents.map(|parent| parent as usize);
            let strayed = (offsets[a] + offsets[b]) * 0.25 + offsets[c] * 0.15625;
            let unrest = unrests[a] + unrests[b] + unrests[c];
            (moved + strayed, usize::from(unrest).min(UNREST_MAX))
        };
        let predicted = rounded(predicted);
        let level = models.code(coder, surrounding, grid.level(wanted, vertex, predicted));
        let place = grid.place(predicted, level);
        let unrest = level
            .iter()
            .map(|part| part.unsigned_abs().min(UNREST_OF_ONE_MAX));
        unrests[vertex] = unrest.sum::<u32>().min(UNREST_OF_ONE_MAX) as u8;
        offsets[vertex] = place - moved;
        places[vertex] = place;
        are_inside &= grid.holds(place);
    }
    grid.check(are_inside, "6.7")
}

/// Whether the writing side wants all vertices of a point at one place.
#[cfg(feature = "encode")]
fn are_whole(topology: &Topology, wanted: &Wanted) -> bool {
    let points = topology.points.iter().map(|&point| point as usize);
    points
        .zip(wanted)
        .all(|(point, place)| wanted[point] == *place)
}

#[cfg(not(feature = "encode"))]
fn are_whole(_: &Topology, _: &Wanted) -> bool {
    true
}

/// To the nearest whole number, ties to the even one; below 2^22 in magnitude.
#[inline]
fn rounded(place: Vec3A) -> Vec3A {
    (place + LARGE) - LARGE
}

/// The plane of the triangle that a point is predicted from. A surface goes on along it, so what
/// is missed across it follows in part from what is missed along it.
#[derive(Clone, Copy, Debug)]
struct Plane {
    /// The axis that is most upright on it.
    upright: Upright,
    /// How much a level is likely to rise along that axis with each of the two after it, in 256ths.
    slopes: [i32; 2],
}

#[derive(Clone, Copy, Debug)]
enum Upright {
    X,
    Y,
    Z,
}

impl Plane {
    /// Of no triangle.
    const FLAT: Self = Self {
        upright: Upright::Z,
        slopes: [0; 2],
    };
    /// Surfaces bend: they rise by less than their plane, by 3/4 of it.
    const SHARE: f32 = 192.0;

    #[inline]
    fn through([a, b, c]: [Vec3A; 3]) -> Self {
        let normal = (b - a).cross(c - a);
        let [x, y, z] = normal.abs().to_array();
        let upright = if x > y && x > z {
            Upright::X
        } else if y > z {
            Upright::Y
        } else {
            Upright::Z
        };
        let [along_first, along_second, upwards] = upright.last(normal.to_array());
        if upwards == 0.0 {
            return Self::FLAT;
        }
        // None is longer than upwards, so all of this is small.
        let slope = |along: f32| whole(along / upwards * -Self::SHARE);
        Self {
            upright,
            slopes: [slope(along_first), slope(along_second)],
        }
    }

    /// What the last part of a level is likely to be after those before it.
    #[inline]
    fn rise(self, [first, second, _]: [i32; 3]) -> i32 {
        let [p, q] = self.slopes;
        // Whatever wraps around ends off the lattice.
        let risen = p.wrapping_mul(first).wrapping_add(q.wrapping_mul(second));
        risen.wrapping_add(128) >> 8
    }
}

impl Upright {
    /// The values of the axes, in turn, so that this one's comes last.
    #[inline]
    fn last<T>(self, [x, y, z]: [T; 3]) -> [T; 3] {
        match self {
            Self::X => [y, z, x],
            Self::Y => [z, x, y],
            Self::Z => [x, y, z],
        }
    }

    /// The values of x, y and z again.
    #[inline]
    fn back<T>(self, [first, second, last]: [T; 3]) -> [T; 3] {
        match self {
            Self::X => [last, first, second],
            Self::Y => [second, last, first],
            Self::Z => [first, second, last],
        }
    }
}
