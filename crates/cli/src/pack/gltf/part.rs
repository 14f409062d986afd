//! Parts: the triangles of one node, and where their vertices are in a pose.
//!
//! Source: glTF 2.0 specification, section 3.7.

use ::gltf::json::mesh::{Mode, Primitive, Semantic};
use ::gltf::json::validation::Checked;
use ::gltf::json::{Index, Node, accessor::Accessor};
use anyhow::Result;
use glam::{Affine3A, Mat3A, Mat4, Vec3, Vec3A};

use super::document::Document;
use super::nodes::Local;
use crate::error::BadInput;
use crate::pack::geometry::Geometry;

/// Vertices of all parts at most: the positions of a frame alone are 200 MB then.
const VERTEX_COUNT_MAX: usize = 1 << 24;

/// One primitive of one node, at rest.
#[derive(Debug)]
pub(super) struct Part {
    node: usize,
    pub(super) positions: Vec<Vec3>,
    /// One a position; empty if nobody asked.
    normals: Vec<Vec3>,
    pub(super) triangles: Vec<u32>,
    morphs: Vec<Morph>,
    /// How far each is morphed where the node does not say.
    weights: Vec<f32>,
    skin: Option<Skin>,
}

/// Where a morph target moves each vertex and its normal; empty where it moves none.
#[derive(Debug)]
struct Morph {
    positions: Vec<Vec3>,
    normals: Vec<Vec3>,
}

/// What bends a part.
#[derive(Debug)]
struct Skin {
    /// Nodes, and where they find the vertices at rest.
    joints: Vec<(usize, Affine3A)>,
    /// Bonds of all vertices, set by set.
    sets: Vec<Vec<Bond>>,
}

/// How much some joints have to say about a vertex; all weights of a vertex add up to 1.
#[derive(Clone, Copy, Debug)]
struct Bond {
    joints: [u32; 4],
    weights: [f32; 4],
}

/// Finds an attribute of a primitive.
pub(super) fn attribute(primitive: &Primitive, semantic: Semantic) -> Option<Index<Accessor>> {
    primitive.attributes.get(&Checked::Valid(semantic)).copied()
}

/// The triangles of all nodes that are shown, with the primitives they come from.
///
/// `with_normals`: then each must have them.
pub(super) fn parts<'a>(
    document: &'a Document,
    shown: &[usize],
    with_normals: bool,
) -> Result<Vec<(Part, &'a Primitive)>> {
    let mut parts = Vec::new();
    let mut vertex_count = 0;
    for &index in shown {
        let node = &document.root.nodes[index];
        let Some(mesh) = node.mesh else { continue };
        let mesh = document.get(mesh)?;
        for primitive in &mesh.primitives {
            let Some(mut part) = Part::of(document, index, primitive, with_normals)? else {
                continue;
            };
            vertex_count += part.positions.len();
            if vertex_count > VERTEX_COUNT_MAX {
                let what = format!("it has more than {VERTEX_COUNT_MAX} vertices");
                return Err(document.broken(what).into());
            }
            part.weights = mesh.weights.clone().unwrap_or_default();
            part.skin = Skin::of(document, node, primitive, part.positions.len())?;
            parts.push((part, primitive));
        }
    }
    Ok(parts)
}

impl Part {
    /// Without its skin; [`None`] for points and lines, which have no surface.
    fn of(
        document: &Document,
        node: usize,
        primitive: &Primitive,
        with_normals: bool,
    ) -> Result<Option<Self>> {
        let Checked::Valid(mode) = primitive.mode else {
            return Err(document.broken("a primitive is of no known mode").into());
        };
        let Some(positions) = attribute(primitive, Semantic::Positions) else {
            return Ok(None);
        };
        let positions = vectors(document, positions)?;
        let corners = match primitive.indices {
            Some(indices) => document
                .wholes::<1>(indices)?
                .into_iter()
                .flatten()
                .collect(),
            None => (0..positions.len() as u32).collect(),
        };
        let triangles = triangles(mode, corners);
        if triangles.is_empty() {
            return Ok(None);
        }
        if let Some(corner) = triangles.iter().find(|&&at| at as usize >= positions.len()) {
            let what = format!("a corner is vertex {corner} of {}", positions.len());
            return Err(document.broken(what).into());
        }
        let moves = |accessor: Option<Index<Accessor>>| {
            let Some(accessor) = accessor else {
                return Ok(Vec::new());
            };
            let moves = vectors(document, accessor)?;
            if moves.len() != positions.len() {
                return Err(uneven(document, "a morph target"));
            }
            Ok(moves)
        };
        let morph = |target: &::gltf::json::mesh::MorphTarget| {
            Ok(Morph {
                positions: moves(target.positions)?,
                normals: moves(target.normals.filter(|_| with_normals))?,
            })
        };
        let morphs = primitive.targets.iter().flatten().map(morph);
        Ok(Some(Self {
            node,
            morphs: morphs.collect::<Result<_>>()?,
            normals: match with_normals {
                true => normals(document, node, primitive, positions.len())?,
                false => Vec::new(),
            },
            positions,
            triangles,
            weights: Vec::new(),
            skin: None,
        }))
    }

    /// Joins it to a frame, its nodes being there.
    pub(super) fn pose(&self, places: &[Affine3A], locals: &[Local], geometry: &mut Geometry) {
        let own = &locals[self.node].weights;
        let weights = if own.is_empty() { &self.weights } else { own };
        let morphs = self.morphs.iter().zip(weights);
        let morphs: Vec<(&Morph, f32)> = morphs
            .filter(|(_, weight)| **weight != 0.0)
            .map(|(morph, &weight)| (morph, weight))
            .collect();
        let morphed = |rest: &[Vec3], vertex: usize, moves: fn(&Morph) -> &[Vec3]| {
            let moves = morphs
                .iter()
                .filter_map(|&(morph, weight)| Some(*moves(morph).get(vertex)? * weight));
            rest[vertex] + moves.sum::<Vec3>()
        };
        let position = |vertex| morphed(&self.positions, vertex, |morph| &morph.positions);
        let normal = |vertex| morphed(&self.normals, vertex, |morph| &morph.normals);
        let first = geometry.positions.len() as u32;
        let vertices = 0..self.positions.len();
        let is_mirrored = if let Some(skin) = &self.skin {
            let joints = skin.joints.iter();
            let joints: Vec<Affine3A> = joints
                .map(|(node, to_joint)| places[*node] * *to_joint)
                .collect();
            let at = |vertex| skin.bend(vertex, position(vertex), &joints);
            geometry.positions.extend(vertices.map(at));
            let facing = |vertex| turned(normal(vertex), skin.turn(vertex, &joints));
            geometry.normals.extend((0..self.normals.len()).map(facing));
            let mirrored = joints.iter().filter(|joint| is_mirror(joint));
            2 * mirrored.count() > joints.len()
        } else {
            let place = places[self.node];
            let at = |vertex| place.transform_point3(position(vertex));
            geometry.positions.extend(vertices.map(at));
            let facing = |vertex| turned(normal(vertex), place.matrix3);
            geometry.normals.extend((0..self.normals.len()).map(facing));
            is_mirror(&place)
        };
        let triangles = self.triangles.chunks_exact(3).flat_map(|corners| {
            let [a, b, c] = [corners[0], corners[1], corners[2]].map(|corner| first + corner);
            // What a mirror shows turns the other way.
            if is_mirrored { [a, c, b] } else { [a, b, c] }
        });
        geometry.indices.extend(triangles);
    }
}

impl Skin {
    fn of(
        document: &Document,
        node: &Node,
        primitive: &Primitive,
        vertex_count: usize,
    ) -> Result<Option<Self>> {
        let Some(skin) = node.skin else {
            return Ok(None);
        };
        let skin = document.get(skin)?;
        let to_joints = match skin.inverse_bind_matrices {
            Some(matrices) => document.numbers::<16>(matrices)?,
            None => vec![Mat4::IDENTITY.to_cols_array(); skin.joints.len()],
        };
        if to_joints.len() < skin.joints.len() {
            return Err(document
                .broken("a skin has not a matrix for each joint")
                .into());
        }
        let joints = skin.joints.iter().zip(to_joints).map(|(&joint, to_joint)| {
            document.get(joint)?;
            let to_joint = Affine3A::from_mat4(Mat4::from_cols_array(&to_joint));
            Ok((joint.value(), to_joint))
        });
        let joints: Vec<_> = joints.collect::<Result<_>>()?;
        let mut sets = Vec::new();
        while let (Some(joints), Some(weights)) = (
            attribute(primitive, Semantic::Joints(sets.len() as u32)),
            attribute(primitive, Semantic::Weights(sets.len() as u32)),
        ) {
            let joints = document.wholes::<4>(joints)?;
            let weights = document.numbers::<4>(weights)?;
            if joints.len() != vertex_count || weights.len() != vertex_count {
                return Err(uneven(document, "a skin"));
            }
            let bonds = joints.into_iter().zip(weights);
            let bonds = bonds.map(|(joints, weights)| Bond { joints, weights });
            sets.push(bonds.collect::<Vec<_>>());
        }
        if sets.is_empty() {
            return Ok(None);
        }
        balance(&mut sets);
        let bonds = sets.iter().flatten();
        let mut bound = bonds.flat_map(|bond| bond.joints);
        if let Some(joint) = bound.find(|&joint| joint as usize >= joints.len()) {
            let what = format!("a vertex hangs on joint {joint} of {}", joints.len());
            return Err(document.broken(what).into());
        }
        Ok(Some(Self { joints, sets }))
    }

    fn bend(&self, vertex: usize, at: Vec3, joints: &[Affine3A]) -> Vec3 {
        let mut sum = Vec3A::ZERO;
        for set in &self.sets {
            let Bond {
                joints: of,
                weights,
            } = set[vertex];
            for (joint, weight) in of.into_iter().zip(weights) {
                if weight != 0.0 {
                    sum += joints[joint as usize].transform_point3a(at.into()) * weight;
                }
            }
        }
        sum.into()
    }

    /// What turns and stretches the surface around a vertex.
    fn turn(&self, vertex: usize, joints: &[Affine3A]) -> Mat3A {
        let mut sum = Mat3A::ZERO;
        for Bond {
            joints: of,
            weights,
        } in self.sets.iter().map(|set| set[vertex])
        {
            for (joint, weight) in of.into_iter().zip(weights) {
                sum += joints[joint as usize].matrix3 * weight;
            }
        }
        sum
    }
}

/// A normal of a surface that is turned and stretched, of length 1; up if it has no direction.
///
/// By the inverse transpose, except for its length: so that it may be flat.
fn turned(normal: Vec3, turn: Mat3A) -> Vec3 {
    let [x, y, z] = [turn.x_axis, turn.y_axis, turn.z_axis];
    let cofactors = Mat3A::from_cols(y.cross(z), z.cross(x), x.cross(y));
    // What a mirror shows faces the other way than its cofactors say.
    let side = if turn.determinant() < 0.0 { -1.0 } else { 1.0 };
    (cofactors * normal * side).normalize_or(Vec3::Y)
}

/// Lets the weights of each vertex add up to 1, and those without weight name any joint.
///
/// Exporters round them; a vertex on no joint goes with its first, as in other viewers.
fn balance(sets: &mut [Vec<Bond>]) {
    let vertex_count = sets.iter().map(Vec::len).min().unwrap_or(0);
    for vertex in 0..vertex_count {
        let weights = sets.iter().flat_map(|set| set[vertex].weights);
        let sum: f32 = weights.sum();
        if sum <= 0.0 {
            sets[0][vertex].weights = [1.0, 0.0, 0.0, 0.0];
        }
        for set in &mut *sets {
            let bond = &mut set[vertex];
            for (joint, weight) in bond.joints.iter_mut().zip(&mut bond.weights) {
                if sum > 0.0 {
                    *weight /= sum;
                }
                if *weight == 0.0 {
                    *joint = 0;
                }
            }
        }
    }
}

/// Three corners a triangle.
fn triangles(mode: Mode, corners: Vec<u32>) -> Vec<u32> {
    let windows = corners.windows(3);
    match mode {
        Mode::Points | Mode::Lines | Mode::LineLoop | Mode::LineStrip => Vec::new(),
        Mode::Triangles => {
            let whole = corners.len() - corners.len() % 3;
            corners[..whole].to_vec()
        }
        Mode::TriangleStrip => windows
            .enumerate()
            // Every other one turns the other way.
            .flat_map(|(index, at)| [at[0], at[1 + index % 2], at[2 - index % 2]])
            .collect(),
        Mode::TriangleFan => {
            let edges = corners.get(1..).unwrap_or_default().windows(2);
            edges
                .flat_map(|edge| [edge[0], edge[1], corners[0]])
                .collect()
        }
    }
}

fn vectors(document: &Document, index: Index<Accessor>) -> Result<Vec<Vec3>> {
    let vectors = document.numbers(index)?.into_iter();
    Ok(vectors.map(Vec3::from_array).collect())
}

fn is_mirror(place: &Affine3A) -> bool {
    place.matrix3.determinant() < 0.0
}

/// Of a primitive.
fn normals(
    document: &Document,
    node: usize,
    primitive: &Primitive,
    vertex_count: usize,
) -> Result<Vec<Vec3>> {
    let Some(normals) = attribute(primitive, Semantic::Normals) else {
        let name = document.root.nodes[node].name.as_deref();
        let what = format!("the mesh of node {} has no normals", name.unwrap_or("?"));
        let remedy = "export them (NORMAL), or leave out `normals=coded`";
        return Err(BadInput::new(&document.path, what, remedy).into());
    };
    let normals = vectors(document, normals)?;
    if normals.len() != vertex_count {
        return Err(uneven(document, "the normals"));
    }
    Ok(normals)
}

/// An attribute that does not fit.
pub(super) fn uneven(document: &Document, whose: &str) -> anyhow::Error {
    let what = format!("{whose} has not as many rows as there are vertices");
    document.broken(what).into()
}
