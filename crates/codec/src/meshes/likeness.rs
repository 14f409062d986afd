//! Finds a mesh again whose file has its vertices and triangles in another order.
//!
//! Studios track a surface through time and yet number its vertices anew in each file.
//! Texture coordinates then tell vertices apart, and triangles those that share theirs.

use std::cmp::Ordering;
use std::collections::HashMap;

use glam::Vec3;

use super::Mesh;

/// One triangle in so many may be without its like, if it is thin.
const STRAY_SHARE: usize = 1000;
/// Not found.
const NONE: u32 = u32::MAX;

/// What makes a vertex another one, bit by bit: texture coordinates and colour.
type Look = ([u32; 2], [u8; 4]);

/// What of a mesh moves.
#[derive(Clone, Debug, PartialEq)]
pub struct Pose {
    /// One a vertex.
    pub positions: Vec<Vec3>,
    /// One a vertex, or none.
    pub normals: Vec<Vec3>,
}

impl Pose {
    /// Of these vertices of a mesh.
    fn of(mesh: &Mesh, vertices: &[u32]) -> Self {
        let pick = |all: &[Vec3]| {
            let picked = vertices.iter().map(|&vertex| all[vertex as usize]);
            picked.collect()
        };
        Self {
            positions: pick(&mesh.positions),
            normals: match mesh.normals[..] {
                [] => Vec::new(),
                _ => pick(&mesh.normals),
            },
        }
    }
}

impl Mesh {
    /// Its vertices as they are in `mesh`, in its own order; nothing if that is another surface.
    ///
    /// It is the same if both have the same triangles, told by texture coordinates and colours.
    /// One in a thousand may differ if it is thinner than `thin_metres`: exporters split and
    /// collapse edges that have no length.
    pub fn pose_in(&self, mesh: &Self, thin_metres: f32) -> Option<Pose> {
        if self.normals.is_empty() != mesh.normals.is_empty() {
            return None;
        }
        if self.indices == mesh.indices
            && self.texture == mesh.texture
            && self.colours == mesh.colours
            && self.positions.len() == mesh.positions.len()
        {
            return Some(Pose {
                positions: mesh.positions.clone(),
                normals: mesh.normals.clone(),
            });
        }
        let counts = [self, mesh].map(|mesh| mesh.indices.len() / 3);
        let stray_max = counts[0] / STRAY_SHARE;
        if self.texture.is_empty()
            || mesh.texture.is_empty()
            || counts[0].abs_diff(counts[1]) > stray_max
        {
            return None;
        }
        let mut matching = Matching::new(self, mesh)?;
        matching.spread();
        matching.guess();
        let found = matching.found;
        if strays(self, mesh, &found, thin_metres)? > stray_max {
            return None;
        }
        Some(Pose::of(mesh, &found))
    }
}

/// A search for the vertices of one mesh in another.
struct Matching<'a> {
    first: &'a Mesh,
    mesh: &'a Mesh,
    /// The vertices of `mesh` by what they look like.
    by_look: HashMap<Look, Vec<u32>>,
    /// For each edge of `mesh` from one vertex to the next, the third one of its triangles.
    thirds: HashMap<[u32; 2], Vec<u32>>,
    /// For each vertex of `first` that of `mesh`, or [`NONE`].
    found: Vec<u32>,
}

impl<'a> Matching<'a> {
    /// Finds the vertices that look like no other; nothing if one looks like none.
    fn new(first: &'a Mesh, mesh: &'a Mesh) -> Option<Self> {
        let by_look = vertices_by_look(mesh);
        let firsts_by_look = vertices_by_look(first);
        let mut found = vec![NONE; first.positions.len()];
        for (look, vertices) in &firsts_by_look {
            let [vertex] = vertices[..] else { continue };
            if let [like] = by_look.get(look)?[..] {
                found[vertex as usize] = like;
            }
        }
        let mut thirds: HashMap<[u32; 2], Vec<u32>> = HashMap::new();
        for corners in mesh.indices.chunks_exact(3) {
            for [from, to, third] in turned(corners) {
                thirds.entry([from, to]).or_default().push(third);
            }
        }
        Some(Self {
            first,
            mesh,
            by_look,
            thirds,
            found,
        })
    }

    /// Goes on from found vertices across triangles until nothing new is found.
    fn spread(&mut self) {
        let mut is_new = true;
        while is_new {
            is_new = false;
            for corners in self.first.indices.chunks_exact(3) {
                for [from, to, third] in turned(corners) {
                    is_new |= self.find_third([from, to], third);
                }
            }
        }
    }

    fn find_third(&mut self, edge: [u32; 2], third: u32) -> bool {
        let [from, to] = edge.map(|vertex| self.found[vertex as usize]);
        if self.found[third as usize] != NONE || from == NONE || to == NONE {
            return false;
        }
        let look = look_of(self.first, third);
        let thirds = self.thirds.get(&[from, to]);
        let like = thirds.and_then(|thirds| {
            let mut alike = thirds.iter().filter(|&&at| look_of(self.mesh, at) == look);
            alike.next()
        });
        if let Some(&like) = like {
            self.found[third as usize] = like;
        }
        like.is_some()
    }

    /// How far apart two vertices are, and then how differently they face: those on either side of
    /// a crease are at one place.
    fn distances(&self, vertex: u32, like: u32) -> [f32; 2] {
        let between = |first: &[Vec3], other: &[Vec3]| {
            let vectors = first.get(vertex as usize).zip(other.get(like as usize));
            vectors.map_or(0.0, |(first, other)| first.distance_squared(*other))
        };
        let (first, mesh) = (self.first, self.mesh);
        [
            between(&first.positions, &mesh.positions),
            between(&first.normals, &mesh.normals),
        ]
    }

    /// Takes the nearest vertex of the same look for each that was not found; the triangles will
    /// tell whether it is the right one.
    fn guess(&mut self) {
        for vertex in 0..self.found.len() as u32 {
            if self.found[vertex as usize] != NONE {
                continue;
            }
            let distance = |like: &u32| self.distances(vertex, *like);
            let alike = self.by_look.get(&look_of(self.first, vertex));
            let nearest = alike.into_iter().flatten().min_by(|a, b| {
                distance(a)
                    .partial_cmp(&distance(b))
                    .unwrap_or(Ordering::Equal)
            });
            if let Some(&nearest) = nearest {
                self.found[vertex as usize] = nearest;
                self.spread();
            }
        }
    }
}

/// How many triangles of either mesh have no like in the other; nothing if one of them is thick.
fn strays(first: &Mesh, mesh: &Mesh, of_first: &[u32], thin_metres: f32) -> Option<usize> {
    if of_first.contains(&NONE) {
        return None;
    }
    let mut counts: HashMap<[u32; 3], i32> = HashMap::new();
    for corners in first.indices.chunks_exact(3) {
        let corners = [0, 1, 2].map(|corner| of_first[corners[corner] as usize]);
        *counts.entry(from_least(corners)).or_default() += 1;
    }
    for corners in mesh.indices.chunks_exact(3) {
        let corners = [corners[0], corners[1], corners[2]];
        *counts.entry(from_least(corners)).or_default() -= 1;
    }
    let strays = counts.iter().filter(|&(_, &count)| count != 0);
    let mut count = 0;
    for (corners, left) in strays {
        if height(corners.map(|vertex| mesh.positions[vertex as usize])) > thin_metres {
            return None;
        }
        count += left.unsigned_abs() as usize;
    }
    Some(count)
}

/// The least height of a triangle.
fn height([a, b, c]: [Vec3; 3]) -> f32 {
    let longest = (b - a).length().max((c - b).length()).max((a - c).length());
    if longest > 0.0 {
        (b - a).cross(c - a).length() / longest
    } else {
        0.0
    }
}

fn vertices_by_look(mesh: &Mesh) -> HashMap<Look, Vec<u32>> {
    let mut by_look: HashMap<Look, Vec<u32>> = HashMap::new();
    for vertex in 0..mesh.positions.len() as u32 {
        by_look
            .entry(look_of(mesh, vertex))
            .or_default()
            .push(vertex);
    }
    by_look
}

fn look_of(mesh: &Mesh, vertex: u32) -> Look {
    let texture = mesh.texture.get(vertex as usize);
    let texture = texture.map_or([0; 2], |texture| texture.map(f32::to_bits));
    let colour = mesh.colours.get(vertex as usize);
    (texture, colour.copied().unwrap_or_default())
}

/// A triangle from each of its corners on.
fn turned(corners: &[u32]) -> [[u32; 3]; 3] {
    let [a, b, c] = [corners[0], corners[1], corners[2]];
    [[a, b, c], [b, c, a], [c, a, b]]
}

/// A triangle from its least corner on.
fn from_least(corners: [u32; 3]) -> [u32; 3] {
    turned(&corners).into_iter().min().unwrap_or(corners)
}
