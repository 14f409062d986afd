//! Normals that are coded: in a key predicted from the surface, in a difference from the motion of
//! their parts and from how far their parents strayed from theirs.
//!
//! Follows FORMAT.md 6.9.
//! A normal is a point with whole coordinates of an octahedron, so that it can be told from any
//! side alike; all arithmetic on what lies between is that of IEEE 754, in the order in which it
//! is written.

use glam::Vec3A;
use touchline_scene::{PackedVertex, octahedral_from_normal};

use super::normals::Scratch;
use super::parts::Parts;
use super::topology::Topology;
use crate::DecodeError;
use crate::entropy::{Nibble, SymbolCoder, code_rare_number};

/// `|x| + |y| + |z|` of a normal.
const RADIUS: i32 = 127;
/// How much of what their parents strayed, together, normals are expected to.
const STRAY_SHARE: f32 = 0.4375;
/// How far a normal's aim follows what was coded, which is rounded.
const AIM_SHARE: f32 = 0.625;
/// The unrest of one vertex, at most.
const UNREST_OF_ONE_MAX: u32 = 7;
/// How much residuals around a vertex are told apart.
const UNREST_MAX: usize = 8;
/// The surrounding of vertices that face as their point does.
const TWIN: usize = UNREST_MAX + 1;

/// Which way a vertex faces: a point of the octahedron.
pub(super) type Facing = [i32; 3];

/// What is known of a vertex' normal, in a run's latest frame.
#[derive(Clone, Copy, Debug, Default)]
struct Normal {
    /// What its facing is rounded from, as far as it is known.
    aim: Vec3A,
    /// How far its aim is from where its parts turned it to.
    stray: Vec3A,
    facing: Facing,
    /// How large its residual was, at most [`UNREST_OF_ONE_MAX`].
    unrest: u8,
    /// Whether the vertex faces as its point does, which is another.
    is_twin: bool,
}

/// The normals of a run; none if they are not coded.
#[derive(Debug, Default)]
pub(super) struct Normals {
    /// One a vertex.
    normals: Vec<Normal>,
    /// One a surrounding.
    models: Vec<Models>,
}

impl Normals {
    /// Codes those of a key.
    ///
    /// `wanted`: one a vertex, for the writing side; nothing for the reading one.
    pub(super) fn code_key(
        coder: &mut impl SymbolCoder,
        topology: &Topology,
        places: &[Vec3A],
        wanted: &[Facing],
    ) -> Result<Self, DecodeError> {
        let mut surface = Scratch::default();
        surface.own(places, topology);
        let mut normals = Self {
            normals: code_creases(coder, topology, surface.sums(), wanted),
            models: vec![Models::default(); TWIN + 1],
        };
        surface.join(topology, |vertex| normals.normals[vertex].is_twin);
        normals.code_facings(coder, topology, Expected::Surface(surface.sums()), wanted)?;
        Ok(normals)
    }

    /// Moves them on to the next frame; the parts' motions are those that led to it.
    pub(super) fn code_difference(
        &mut self,
        coder: &mut impl SymbolCoder,
        topology: &Topology,
        parts: &Parts,
        wanted: &[Facing],
    ) -> Result<(), DecodeError> {
        self.code_facings(coder, topology, Expected::Turned(parts), wanted)
    }

    #[inline(never)] // In one place, as all here: it is large, and few meshes need it.
    fn code_facings<C: SymbolCoder>(
        &mut self,
        coder: &mut C,
        topology: &Topology,
        from: Expected<'_>,
        wanted: &[Facing],
    ) -> Result<(), DecodeError> {
        for vertex in 0..self.normals.len() {
            let point = topology.points[vertex] as usize;
            let Normal { aim, is_twin, .. } = self.normals[vertex];
            let of_point = self.normals[point];
            let [a, b, _] = topology.sides[vertex].map(|parent| parent as usize);
            let (turned, expected) = match from {
                _ if is_twin => (Vec3A::ZERO, vector(of_point.facing)),
                Expected::Surface(sums) => (Vec3A::ZERO, sums[vertex]),
                Expected::Turned(parts) => {
                    let turned = onto_octahedron(parts.turned_direction(vertex, aim));
                    let strayed = (self.normals[a].stray + self.normals[b].stray) * STRAY_SHARE;
                    (turned, onto_octahedron(turned + strayed))
                }
            };
            let surrounding = if is_twin {
                TWIN
            } else {
                let unrests = [a, b, vertex].map(|vertex| self.normals[vertex].unrest);
                usize::from(unrests[0] + unrests[1] + unrests[2]).min(UNREST_MAX)
            };
            let wanted = C::IS_WRITER.then(|| wanted[vertex]);
            let (facing, unrest) =
                self.models[surrounding].code(coder, (facing(expected), wanted))?;
            let normal = &mut self.normals[vertex];
            (normal.facing, normal.unrest) = (facing, unrest);
            match from {
                _ if is_twin => normal.stray = of_point.stray,
                Expected::Surface(_) => normal.aim = vector(facing),
                Expected::Turned(_) => {
                    normal.aim = expected + (vector(facing) - expected) * AIM_SHARE;
                    normal.stray = normal.aim - turned;
                }
            }
        }
        Ok(())
    }

    /// Whether they are not coded.
    pub(super) fn is_empty(&self) -> bool {
        self.normals.is_empty()
    }

    /// As the GPU reads them.
    pub(super) fn write(&self, vertices: &mut [PackedVertex]) {
        for (vertex, normal) in vertices.iter_mut().zip(&self.normals) {
            let [x, y, z] = normal.facing;
            let flat = if y < 0 { folded([x, z]) } else { [x, z] };
            vertex.normal = flat.map(|axis| axis as i8);
        }
    }
}

/// Codes which vertices that are no points face another way than their points do.
///
/// `own`: for each vertex the sum of its triangles' normals.
fn code_creases<C: SymbolCoder>(
    coder: &mut C,
    topology: &Topology,
    own: &[Vec3A],
    wanted: &[Facing],
) -> Vec<Normal> {
    let mut model = Nibble::default();
    let mut is_twin = |(vertex, &point): (usize, &u32)| {
        let is_crease = C::IS_WRITER && {
            let from = |other| distance(wanted[vertex], other);
            from(facing(own[vertex])) < from(wanted[point as usize])
        };
        (point as usize) < vertex && nibble(coder, &mut model, is_crease.into()) == 0
    };
    let normal = |at| Normal {
        is_twin: is_twin(at),
        ..Normal::default()
    };
    topology.points.iter().enumerate().map(normal).collect()
}

/// Where normals are expected.
#[derive(Clone, Copy)]
enum Expected<'a> {
    /// Where the surface says: one sum a vertex.
    Surface(&'a [Vec3A]),
    /// Where the parts turn those of the frame before, and near how their parents strayed.
    Turned(&'a Parts),
}

/// Says of a part of a residual that it is none of -1, 0 and 1.
const LARGER: u8 = 3;

/// The models of residuals in one surrounding; they go on learning through a run.
#[derive(Clone, Copy, Debug, Default)]
struct Models {
    /// Each part: -1, 0, 1 or [`LARGER`].
    pair: Nibble,
    larger: Nibble,
}

impl Models {
    /// A normal near the predicted one, and how large its residual is.
    #[inline]
    fn code(
        &mut self,
        coder: &mut impl SymbolCoder,
        (predicted, wanted): (Facing, Option<Facing>),
    ) -> Result<(Facing, u8), DecodeError> {
        let side = Side::of(predicted);
        let mut flat = side.across(predicted);
        let wanted = wanted.map_or(flat, |wanted| side.flat(wanted));
        let wanted = [wanted[0] - flat[0], wanted[1] - flat[1]];
        let [first, second] = wanted.map(|part| match part {
            -1..=1 => (part + 1) as u8,
            _ => LARGER,
        });
        let pair = nibble(coder, &mut self.pair, first << 2 | second);
        let mut unrest = 0;
        for (part, kind) in [pair >> 2, pair & 3].into_iter().enumerate() {
            let residual = match kind {
                LARGER => code_rare_number(coder, &mut self.larger, wanted[part]),
                _ => i32::from(kind) - 1,
            };
            unrest += residual.unsigned_abs().min(UNREST_OF_ONE_MAX);
            flat[part] = flat[part].wrapping_add(residual);
            if !(-RADIUS..=RADIUS).contains(&flat[part]) {
                let rule = "a normal is in the square";
                return Err(DecodeError::malformed("6.9", rule));
            }
        }
        Ok((side.facing(flat), unrest.min(UNREST_OF_ONE_MAX) as u8))
    }
}

/// Its code is there once: it is large, and few meshes need it.
#[inline(never)]
fn nibble(coder: &mut impl SymbolCoder, model: &mut Nibble, wanted: u8) -> u8 {
    coder.nibble(model, wanted)
}

/// One of six sides from which the octahedron is laid flat into a square, so that what lies
/// around the middle of the side does not fall apart.
#[derive(Clone, Copy, Debug)]
struct Side {
    /// The axis that points at the viewer, or away.
    axis: usize,
    is_away: bool,
}

impl Side {
    /// The side that a normal faces most.
    #[inline]
    fn of(facing: Facing) -> Self {
        let [x, y, z] = facing.map(i32::abs);
        let axis = if x > y && x > z {
            0
        } else if y > z {
            1
        } else {
            2
        };
        Self {
            axis,
            is_away: facing[axis] < 0,
        }
    }

    /// The values on the axes that do not point at the viewer.
    #[inline]
    fn across(self, facing: Facing) -> [i32; 2] {
        [1, 2].map(|next| facing[(self.axis + next) % 3])
    }

    /// Where a normal lies in the square, from -127 to 127.
    #[inline]
    fn flat(self, facing: Facing) -> [i32; 2] {
        let height = facing[self.axis];
        let is_behind = if self.is_away { height > 0 } else { height < 0 };
        match is_behind {
            true => folded(self.across(facing)),
            false => self.across(facing),
        }
    }

    /// The normal at a place in the square.
    #[inline]
    fn facing(self, flat: [i32; 2]) -> Facing {
        let height = RADIUS - flat[0].abs() - flat[1].abs();
        let [u, v] = if height < 0 { folded(flat) } else { flat };
        let mut facing = [0; 3];
        facing[self.axis] = if self.is_away { -height } else { height };
        facing[(self.axis + 1) % 3] = u;
        facing[(self.axis + 2) % 3] = v;
        facing
    }
}

/// From the square's middle, which is the octahedron's half in front, to its corners, which are
/// the one behind, and back.
#[inline(never)]
fn folded([u, v]: [i32; 2]) -> [i32; 2] {
    let sign = |value: i32| if value < 0 { -1 } else { 1 };
    [(RADIUS - v.abs()) * sign(u), (RADIUS - u.abs()) * sign(v)]
}

/// The normal that is nearest to a direction, as FORMAT.md 7.2 rounds.
#[inline]
pub(super) fn facing(direction: Vec3A) -> Facing {
    let [x, z] = octahedral_from_normal(direction).map(i32::from);
    let y = RADIUS - x.abs() - z.abs();
    let [x, z] = if y < 0 { folded([x, z]) } else { [x, z] };
    [x, y, z]
}

fn vector(facing: Facing) -> Vec3A {
    Vec3A::from_array(facing.map(|axis| axis as f32))
}

/// A direction as long as normals are; up if it is none.
#[inline]
fn onto_octahedron(direction: Vec3A) -> Vec3A {
    let [x, y, z] = direction.abs().to_array();
    let sum = x + y + z;
    if sum > 0.0 {
        direction * (RADIUS as f32 / sum)
    } else {
        Vec3A::Y * RADIUS as f32
    }
}

fn distance(a: Facing, b: Facing) -> i32 {
    (0..3).map(|axis| (a[axis] - b[axis]).abs()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All points of the octahedron.
    fn facings() -> impl Iterator<Item = Facing> {
        let all = -RADIUS..=RADIUS;
        let rows = all.flat_map(|x| {
            let rest = RADIUS - x.abs();
            (-rest..=rest).map(move |y| (x, y, rest - y.abs()))
        });
        rows.flat_map(|(x, y, z)| [[x, y, z], [x, y, -z]])
    }

    #[test]
    fn every_side_knows_every_normal() {
        let middles = [0, 1, 2].map(|axis| {
            let mut facing = [0; 3];
            facing[axis] = RADIUS;
            facing
        });
        let away = middles.map(|middle| middle.map(|axis| -axis));
        for side in middles.into_iter().chain(away).map(Side::of) {
            for facing in facings() {
                let flat = side.flat(facing);
                assert!(flat.iter().all(|axis| axis.abs() <= RADIUS));
                assert_eq!(side.facing(flat), facing, "{side:?}");
            }
        }
    }

    #[test]
    fn normals_are_their_own_directions() {
        for wanted in facings() {
            assert_eq!(facing(vector(wanted)), wanted);
        }
    }

    #[test]
    fn whatever_lies_in_the_square_is_a_normal() {
        let side = Side::of([0, -RADIUS, 0]);
        for u in -RADIUS..=RADIUS {
            for v in -RADIUS..=RADIUS {
                let facing = side.facing([u, v]);
                assert_eq!(distance(facing, [0; 3]), RADIUS);
            }
        }
    }
}
