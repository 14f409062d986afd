//! One closed surface around the body, made once in the rest pose.
//!
//! The parts are joined by smooth unions into a distance field, which naive surface nets
//! (Gibson 1998) turn into a mesh on a grid that is finer at head, hands and feet. Distances to
//! round cones and ellipsoids follow Inigo Quilez.

use std::collections::HashMap;

use glam::Vec3;
use rayon::prelude::*;

use crate::body::{Form, Part, Region, parts};
use crate::skeleton::{Pose, rest};

/// Beyond this a part is taken to be as far as its ball: more than any blend, metres.
const NEAR_METRES: f32 = 0.12;

/// A part placed in the rest pose.
#[derive(Debug)]
struct Laid {
    part: Part,
    middle: Vec3,
    radius: f32,
}

/// The distance field of the body in the rest pose.
#[derive(Debug)]
pub(crate) struct Field {
    laid: Vec<Laid>,
    rest: Pose,
}

/// What the field says about a point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// To the surface, metres, below 0 inside.
    pub(crate) distance: f32,
    /// Index of the part that shapes the surface here.
    pub(crate) part: usize,
}

impl Field {
    /// The athlete's.
    pub(crate) fn new() -> Self {
        let rest = rest();
        let laid = parts()
            .into_iter()
            .map(|part| {
                let (centre, radius) = match part.form {
                    Form::Cone { a, b, ra, rb } => {
                        ((a + b) * 0.5, (a - b).length() * 0.5 + ra.max(rb))
                    }
                    Form::Ellipsoid { centre, radii } => (centre, radii.max_element()),
                };
                Laid {
                    part,
                    middle: rest.of(part.bone).point(centre * part.squash),
                    radius: radius * part.squash.max_element(),
                }
            })
            .collect();
        Self { laid, rest }
    }

    /// A part by its index in a sample.
    pub(crate) fn part(&self, index: usize) -> &Part {
        &self.laid[index].part
    }

    /// A point of the rest pose in the space of a part's bone.
    pub(crate) fn point_in_bone(&self, index: usize, point: Vec3) -> Vec3 {
        let placed = self.rest.of(self.laid[index].part.bone);
        placed.rotation.inverse() * (point - placed.joint)
    }

    /// Distance and part at a point of the rest pose.
    pub(crate) fn at(&self, point: Vec3) -> Sample {
        let mut regions = [f32::INFINITY; Region::COUNT];
        let mut nearest = (f32::INFINITY, 0);
        for (index, laid) in self.laid.iter().enumerate() {
            let region = &mut regions[laid.part.region.index()];
            let bound = laid.middle.distance(point) - laid.radius;
            if bound > NEAR_METRES {
                if !laid.part.is_hollow {
                    *region = region.min(bound);
                }
                continue;
            }
            let distance = distance_to(&laid.part, self.point_in_bone(index, point));
            if laid.part.is_hollow {
                *region = -smooth_min(-*region, distance, laid.part.blend);
                continue;
            }
            if distance < nearest.0 {
                nearest = (distance, index);
            }
            *region = smooth_min(*region, distance, laid.part.blend);
        }
        let mut distance = regions[0];
        for (region, join) in regions.into_iter().zip(Region::JOIN).skip(1) {
            distance = smooth_min(distance, region, join);
        }
        Sample {
            distance,
            part: nearest.1,
        }
    }

    /// The direction away from the body at a point of the rest pose.
    pub(crate) fn normal(&self, point: Vec3) -> Vec3 {
        let step = 0.0015;
        let slope = |axis: Vec3| {
            self.at(point + axis * step).distance - self.at(point - axis * step).distance
        };
        Vec3::new(slope(Vec3::X), slope(Vec3::Y), slope(Vec3::Z)).normalize_or(Vec3::Y)
    }

    /// How much of the sky the surface sees at a point, 0 to 1, from the field's growth.
    pub(crate) fn openness(&self, point: Vec3, normal: Vec3) -> f32 {
        let mut shut = 0.0;
        for (reach, weight) in [(0.012, 1.6), (0.03, 1.2), (0.06, 0.8), (0.10, 0.5)] {
            let free = self.at(point + normal * reach).distance;
            shut += weight * (1.0 - free / reach).clamp(0.0, 1.0);
        }
        (1.0 - shut * 0.30).clamp(0.25, 1.0)
    }
}

/// The smaller of two, with a fillet of about `width`.
fn smooth_min(a: f32, b: f32, width: f32) -> f32 {
    if width <= 0.0 || (a - b).abs() >= width || a.is_infinite() {
        return a.min(b);
    }
    let overlap = 1.0 - (a - b).abs() / width;
    a.min(b) - overlap * overlap * width * 0.25
}

fn distance_to(part: &Part, point_in_bone: Vec3) -> f32 {
    let point = point_in_bone / part.squash;
    let round = match part.form {
        Form::Cone { a, b, ra, rb } => {
            let (along, from) = (b - a, point - a);
            let share = (from.dot(along) / along.length_squared()).clamp(0.0, 1.0);
            (from - along * share).length() - (ra + (rb - ra) * share)
        }
        Form::Ellipsoid { centre, radii } => {
            let from = point - centre;
            let near = (from / radii).length();
            let steep = (from / (radii * radii)).length();
            if steep < 1e-6 {
                -radii.min_element()
            } else {
                near * (near - 1.0) / steep
            }
        }
    } * part.squash.min_element();
    match part.cut {
        Some((normal, offset)) => round.max(offset - normal.dot(point_in_bone)),
        None => round,
    }
}

/// Triangles with shared vertices.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mesh {
    /// Metres.
    pub(crate) positions: Vec<Vec3>,
    /// Anticlockwise seen from outside.
    pub(crate) triangles: Vec<[u32; 3]>,
}

impl Mesh {
    /// A normal for each vertex, from the triangles around it weighted by area.
    pub(crate) fn normals(positions: &[Vec3], triangles: &[[u32; 3]]) -> Vec<Vec3> {
        let mut normals = vec![Vec3::ZERO; positions.len()];
        for triangle in triangles {
            let [a, b, c] = triangle.map(|index| positions[index as usize]);
            let normal = (b - a).cross(c - a);
            for index in triangle {
                normals[*index as usize] += normal;
            }
        }
        normals.iter().map(|n| n.normalize_or(Vec3::Y)).collect()
    }
}

/// Grid lines along the three axes: `step` metres apart, closer where the body has detail.
fn grid(step: f32) -> [Vec<f32>; 3] {
    let lines = |lo: f32, hi: f32, spacing: &dyn Fn(f32) -> f32| {
        let mut lines = vec![lo];
        let mut at = lo;
        while at < hi {
            at += spacing(at);
            lines.push(at);
        }
        lines
    };
    let across = |x: f32| match x.abs() {
        x if x > 0.575 => step * 0.60,
        x if x < 0.085 => step * 0.75,
        _ => step,
    };
    let up = |y: f32| match y {
        y if y > 1.55 => step * 0.66,
        y if y < 0.10 => step * 0.60,
        _ => step,
    };
    let through = |z: f32| if z > 0.06 { step * 0.8 } else { step };
    [
        lines(-0.86, 0.86, &across),
        lines(-0.03, 1.87, &up),
        lines(-0.24, 0.30, &through),
    ]
}

/// The body as a mesh with edges of about `step` metres.
pub(crate) fn polygonise(field: &Field, step: f32) -> Mesh {
    let lines = grid(step);
    let size = [lines[0].len(), lines[1].len(), lines[2].len()];
    let at = |x: usize, y: usize, z: usize| (z * size[1] + y) * size[0] + x;
    let point = |x: usize, y: usize, z: usize| Vec3::new(lines[0][x], lines[1][y], lines[2][z]);
    let values: Vec<f32> = (0..size[0] * size[1] * size[2])
        .into_par_iter()
        .map(|i| {
            let (x, y, z) = (i % size[0], i / size[0] % size[1], i / (size[0] * size[1]));
            field.at(point(x, y, z)).distance
        })
        .collect();
    let mut mesh = Mesh::default();
    let mut vertex_at = HashMap::new();
    for z in 0..size[2] - 1 {
        for y in 0..size[1] - 1 {
            for x in 0..size[0] - 1 {
                let corner = |i: usize| (x + (i & 1), y + (i >> 1 & 1), z + (i >> 2));
                let value = |i: usize| {
                    let (x, y, z) = corner(i);
                    values[at(x, y, z)]
                };
                let (mut sum, mut count) = (Vec3::ZERO, 0.0);
                for (i, bit) in (0..8).flat_map(|i| [1, 2, 4].map(|bit| (i, bit))) {
                    let j = i | bit;
                    if j != i && (value(i) < 0.0) != (value(j) < 0.0) {
                        let share = value(i) / (value(i) - value(j));
                        let (a, b) = (corner(i), corner(j));
                        sum += point(a.0, a.1, a.2).lerp(point(b.0, b.1, b.2), share);
                        count += 1.0;
                    }
                }
                if count > 0.0 {
                    vertex_at.insert(at(x, y, z), mesh.positions.len() as u32);
                    mesh.positions.push(sum / count);
                }
            }
        }
    }
    join_cells(&mut mesh, &values, size, &vertex_at);
    settle(field, &mut mesh, step);
    mesh
}

/// A quad around every grid edge that the surface crosses, as two triangles.
fn join_cells(mesh: &mut Mesh, values: &[f32], size: [usize; 3], vertex_at: &HashMap<usize, u32>) {
    let strides = [1, size[0], size[0] * size[1]];
    for (index, &value) in values.iter().enumerate() {
        let place = [
            index % size[0],
            index / size[0] % size[1],
            index / strides[2],
        ];
        for axis in 0..3 {
            let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
            if place[axis] + 1 >= size[axis] || place[u] == 0 || place[v] == 0 {
                continue;
            }
            let next = values[index + strides[axis]];
            if (value < 0.0) == (next < 0.0) {
                continue;
            }
            let around = [
                index - strides[u] - strides[v],
                index - strides[v],
                index,
                index - strides[u],
            ];
            let Some(quad) = around
                .iter()
                .map(|cell| vertex_at.get(cell).copied())
                .collect::<Option<Vec<_>>>()
            else {
                continue;
            };
            let [a, b, c, d] = match value < 0.0 {
                true => [quad[0], quad[1], quad[2], quad[3]],
                false => [quad[3], quad[2], quad[1], quad[0]],
            };
            let at = |index: u32| mesh.positions[index as usize];
            if at(a).distance_squared(at(c)) < at(b).distance_squared(at(d)) {
                mesh.triangles.extend([[a, b, c], [a, c, d]]);
            } else {
                mesh.triangles.extend([[a, b, d], [b, c, d]]);
            }
        }
    }
}

/// Evens out the vertices and puts them on the surface.
fn settle(field: &Field, mesh: &mut Mesh, step: f32) {
    let neighbours = neighbours(mesh);
    for round in 0..3 {
        mesh.positions = (0..mesh.positions.len())
            .into_par_iter()
            .map(|index| {
                let mut point = mesh.positions[index];
                if round > 0 {
                    let around = &neighbours[index];
                    let mean = around
                        .iter()
                        .map(|&other| mesh.positions[other as usize])
                        .sum::<Vec3>()
                        / around.len() as f32;
                    point = point.lerp(mean, 0.4);
                }
                for _ in 0..2 {
                    let away = field.at(point).distance.clamp(-0.6 * step, 0.6 * step);
                    point -= field.normal(point) * away;
                }
                point
            })
            .collect();
    }
}

/// The vertices that share an edge with each vertex, in order.
pub(crate) fn neighbours(mesh: &Mesh) -> Vec<Vec<u32>> {
    let mut neighbours = vec![Vec::new(); mesh.positions.len()];
    for &[a, b, c] in &mesh.triangles {
        for (from, to) in [(a, b), (b, c), (c, a)] {
            neighbours[from as usize].push(to);
            neighbours[to as usize].push(from);
        }
    }
    for around in &mut neighbours {
        around.sort_unstable();
        around.dedup();
    }
    neighbours
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surface_is_closed() {
        let mesh = polygonise(&Field::new(), 0.024);
        let mut balance = HashMap::new();
        for &[a, b, c] in &mesh.triangles {
            for (from, to) in [(a, b), (b, c), (c, a)] {
                assert_ne!(from, to);
                let way = if from < to { 1 } else { -1 };
                *balance.entry((from.min(to), from.max(to))).or_insert(0) += way;
            }
        }
        assert!(
            balance.values().all(|sum| *sum == 0),
            "an edge has one side only"
        );
        let volume: f32 = mesh
            .triangles
            .iter()
            .map(|t| t.map(|index| mesh.positions[index as usize]))
            .map(|[a, b, c]| a.dot(b.cross(c)) / 6.0)
            .sum();
        // An athlete of about 80 kg in loose kit, at a little over water's density.
        assert!((0.065..0.110).contains(&volume), "{volume} m3");
    }
}
