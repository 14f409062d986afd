//! Renditions of a mesh: the captured one, and others with ever fewer triangles, for a first
//! picture soon, for thin lines and for small memories.
//!
//! The topology of a run of frames is simplified once; of each frame of the run the vertices that
//! are kept are taken, so that what was constant stays so.
//!
//! Always true: what a frame becomes depends on its track alone, not on segments or threads.

use std::hash::{DefaultHasher, Hash, Hasher};

use anyhow::Result;
use glam::Vec3;
use meshopt::{SimplifyOptions, VertexDataAdapter};
use touchline_codec::meshes::Mesh;
use touchline_pack::Kind;
use touchline_scene::Bounds;

use super::geometry::Geometry;
use super::track::Track;

/// Each rendition has about so many of the triangles of the one before: the third then has a tenth
/// of the first's.
const TRIANGLE_SHARE: f32 = 0.316;
/// The coarsest has so many triangles at least: with fewer a person is no person, and the texture
/// outweighs what is saved.
const TRIANGLE_COUNT_MIN: usize = 1000;
/// A rendition has at most so many of the triangles of the one before; where simplification cannot
/// reach that, it is not worth its bytes.
const WORTH_SHARE: f32 = 0.7;
/// Runs of so many frames at least, on average, are worth renditions: with shorter ones nearly
/// every frame of theirs is a key, while the codec knows a surface again whose vertices are only
/// numbered anew in each file.
const RUN_LENGTH_MIN: usize = 4;
/// How far a simplified surface may lie off, as a share of the mesh's extent; in other poses, in
/// texture and in colour too. What is simple already stays as it is rather than fall together.
const ERROR_MAX: f32 = 0.03;
/// What a difference of the whole range of colours counts for, in extents of the mesh.
const COLOUR_WEIGHT: f32 = 0.05;
/// What a difference of the whole texture counts for, likewise: a surface that lies off by a
/// hundredth looks about as wrong as a picture on it that does.
const TEXTURE_WEIGHT: f32 = 1.0;

/// What tells a frame's topology from another's; see [`runs`].
pub(super) fn topology_of(geometry: &Geometry) -> u64 {
    let mut hasher = DefaultHasher::new();
    geometry.indices.hash(&mut hasher);
    geometry.positions.len().hash(&mut hasher);
    for uv in &geometry.texture {
        uv.map(f32::to_bits).hash(&mut hasher);
    }
    hasher.finish()
}

/// For each frame the first of its run: those that follow it with the same indices and texture
/// coordinates.
pub(super) fn runs(topologies: &[u64]) -> Vec<usize> {
    let mut start = 0;
    let start_of = |index: usize| {
        if topologies[index] != topologies[start] {
            start = index;
        }
        start
    };
    (0..topologies.len()).map(start_of).collect()
}

/// How many renditions a track is worth, at least 1 and at most `asked`.
pub(super) fn count(track: &Track, asked: u8) -> Result<usize> {
    if track.kind != Kind::Mesh || asked <= 1 {
        return Ok(1);
    }
    let runs = &track.runs;
    let run_count = runs.chunk_by(|start, next| start == next).count();
    if runs.len() > 1 && runs.len() < RUN_LENGTH_MIN * run_count {
        return Ok(1);
    }
    let poses = poses(track, 0)?;
    let mut triangle_count = poses[0].indices.len() / 3;
    for rendition in 1..usize::from(asked) {
        let coarser = Simple::of(&poses, rendition);
        let is_worth = coarser.indices.len() / 3 <= (triangle_count as f32 * WORTH_SHARE) as usize;
        if coarser.indices.len() / 3 < TRIANGLE_COUNT_MIN || !is_worth {
            return Ok(rendition);
        }
        triangle_count = coarser.indices.len() / 3;
    }
    Ok(usize::from(asked))
}

/// How much coarser the lattice of a rendition is than that of the finest: its surface lies off by
/// more than that.
pub(super) fn step_factor(rendition: usize) -> f32 {
    2f32.powi(rendition as i32)
}

/// Makes the coarser renditions of a track's frames.
pub(super) struct Reducer<'a> {
    track: &'a Track,
    rendition_count: usize,
    /// Which run it is at, by its first frame, and that simplified for each coarser rendition.
    run: Option<(usize, Vec<Simple>)>,
}

impl<'a> Reducer<'a> {
    /// For frames in any order; best in their own.
    pub(super) fn new(track: &'a Track, rendition_count: usize) -> Self {
        Self {
            track,
            rendition_count,
            run: None,
        }
    }

    /// Frame `index` of the track, which is `mesh`, in all renditions, finest first.
    pub(super) fn reduce(&mut self, index: usize, mesh: Mesh) -> Result<Vec<Mesh>> {
        if self.rendition_count == 1 {
            return Ok(vec![mesh]);
        }
        let start = self.track.runs[index];
        if self.run.as_ref().is_none_or(|run| run.0 != start) {
            let poses = poses(self.track, start)?;
            let simple = |rendition| Simple::of(&poses, rendition);
            self.run = Some((start, (1..self.rendition_count).map(simple).collect()));
        }
        let simple = self.run.iter().flat_map(|run| &run.1);
        let coarser: Vec<Mesh> = simple.map(|simple| simple.take(&mesh)).collect();
        Ok([mesh].into_iter().chain(coarser).collect())
    }
}

/// The first frame of a run, then its middle and its last: what is flat in one bends in another.
fn poses(track: &Track, start: usize) -> Result<Vec<Mesh>> {
    let length = track.runs[start..].iter().take_while(|&&run| run == start);
    let last = start + length.count() - 1;
    let mut frames = vec![start, start.midpoint(last), last];
    frames.dedup();
    frames.into_iter().map(|frame| track.mesh(frame)).collect()
}

/// A topology with fewer triangles.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Simple {
    /// Which vertices of the mesh are its own, in order.
    kept: Vec<u32>,
    /// Three a triangle, into `kept`.
    indices: Vec<u32>,
}

impl Simple {
    /// Of a mesh in some poses, for rendition 1 or a coarser one.
    ///
    /// Seams of the texture stay closed: vertices in one place go together.
    ///
    /// Source: Garland and Heckbert, "Simplifying Surfaces with Color and Texture using Quadric
    /// Error Metrics", 1998.
    fn of(poses: &[Mesh], rendition: usize) -> Self {
        let mesh = &poses[0];
        let share = TRIANGLE_SHARE.powi(rendition as i32);
        let target = (mesh.indices.len() as f32 / 3.0 * share) as usize * 3;
        let positions: &[u8] = bytemuck::cast_slice(&mesh.positions);
        let Ok(vertices) = VertexDataAdapter::new(positions, size_of::<Vec3>(), 0) else {
            return Self::whole(mesh);
        };
        let (attributes, weights) = attributes_of(poses);
        let stride = weights.len() * size_of::<f32>();
        let is_locked = vec![false; mesh.positions.len()];
        let indices = meshopt::simplify_with_attributes_and_locks(
            &mesh.indices,
            &vertices,
            &attributes,
            &weights,
            stride,
            &is_locked,
            target,
            ERROR_MAX,
            SimplifyOptions::Prune,
            None,
        );
        if indices.is_empty() {
            return Self::whole(mesh);
        }
        Self::compact(&indices)
    }

    fn whole(mesh: &Mesh) -> Self {
        Self::compact(&mesh.indices)
    }

    /// Of triangles between some vertices of a mesh.
    fn compact(indices: &[u32]) -> Self {
        let mut kept = indices.to_vec();
        kept.sort_unstable();
        kept.dedup();
        // Each index is among them.
        let place = |index| kept.partition_point(|&vertex| vertex < index) as u32;
        let indices = indices.iter().map(|&index| place(index)).collect();
        Self { kept, indices }
    }

    /// What is kept of another frame of the run.
    fn take(&self, mesh: &Mesh) -> Mesh {
        fn pick<T: Copy>(kept: &[u32], all: &[T]) -> Vec<T> {
            let kept = kept.iter().map(|&vertex| vertex as usize);
            if all.is_empty() {
                return Vec::new();
            }
            kept.map(|vertex| all[vertex]).collect()
        }
        Mesh {
            positions: pick(&self.kept, &mesh.positions),
            indices: self.indices.clone(),
            texture: pick(&self.kept, &mesh.texture),
            colours: pick(&self.kept, &mesh.colours),
        }
    }
}

/// What counts beside the place in the first pose, one row a vertex, and what each column weighs.
fn attributes_of(poses: &[Mesh]) -> (Vec<f32>, Vec<f32>) {
    let mesh = &poses[0];
    let mut bounds = Bounds::EMPTY;
    mesh.positions.iter().for_each(|&at| bounds.include(at));
    let place_weight = 1.0 / bounds.size().max_element().max(f32::MIN_POSITIVE);
    let mut weights = vec![place_weight; 3 * (poses.len() - 1)];
    if !mesh.texture.is_empty() {
        weights.extend([TEXTURE_WEIGHT; 2]);
    }
    if !mesh.colours.is_empty() {
        weights.extend([COLOUR_WEIGHT / 255.0; 3]);
    }
    let mut rows = Vec::with_capacity(mesh.positions.len() * weights.len());
    for vertex in 0..mesh.positions.len() {
        for pose in &poses[1..] {
            rows.extend(pose.positions[vertex].to_array());
        }
        rows.extend(mesh.texture.get(vertex).into_iter().flatten());
        let colour = mesh.colours.get(vertex);
        let channels = colour.into_iter().flat_map(|colour| &colour[..3]);
        rows.extend(channels.map(|&channel| f32::from(channel)));
    }
    (rows, weights)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn runs_begin_where_the_topology_changes() {
        assert_eq!(runs(&[7, 7, 3, 3, 7]), [0, 0, 2, 2, 4]);
        assert_eq!(runs(&[]), [0; 0]);
    }

    /// `columns` by `rows` squares; where they lie is up to `place`, of 0 to 1 each way.
    fn sheet(columns: u32, rows: u32, place: impl Fn(f32, f32) -> Vec3) -> Mesh {
        let mut mesh = Mesh::default();
        for row in 0..=rows {
            for column in 0..=columns {
                let [u, v] = [column as f32 / columns as f32, row as f32 / rows as f32];
                mesh.positions.push(place(u, v));
                mesh.texture.push([u, v]);
                if row < rows && column < columns {
                    let corner = row * (columns + 1) + column;
                    let below = corner + columns + 1;
                    let square = [corner, below, corner + 1, corner + 1, below, below + 1];
                    mesh.indices.extend(square);
                }
            }
        }
        mesh
    }

    /// A ring whose texture has a seam around it and one across.
    fn ring() -> Mesh {
        sheet(96, 48, |u, v| {
            // Both ends at the very same place.
            let [u, v] = [u, v].map(|way| way.fract() * std::f32::consts::TAU);
            let out = 0.7 + 0.25 * v.cos();
            Vec3::new(out * u.cos(), 0.25 * v.sin(), out * u.sin())
        })
    }

    #[test]
    fn seams_stay_closed_and_stay_seams() {
        let mesh = ring();
        for rendition in [1, 2] {
            let simple = Simple::of(std::slice::from_ref(&mesh), rendition).take(&mesh);
            assert!(simple.indices.len() * 2 < mesh.indices.len());
            let place = |index: u32| {
                simple.positions[index as usize]
                    .to_array()
                    .map(f32::to_bits)
            };
            let mut sides: HashMap<_, i32> = HashMap::new();
            for triangle in simple.indices.chunks_exact(3) {
                for (from, to) in [(0, 1), (1, 2), (2, 0)] {
                    let [from, to] = [triangle[from], triangle[to]].map(place);
                    *sides.entry((from, to)).or_default() += 1;
                    *sides.entry((to, from)).or_default() -= 1;
                }
                let texture = triangle
                    .iter()
                    .map(|&index| simple.texture[index as usize][0]);
                let (low, high) = texture.fold((1.0_f32, 0.0_f32), |(low, high), u| {
                    (low.min(u), high.max(u))
                });
                // It does not span from one end of the texture to the other.
                assert!(high - low < 0.5, "rendition {rendition}: {low} to {high}");
            }
            let is_closed = sides.values().all(|&surplus| surplus == 0);
            assert!(is_closed, "rendition {rendition} has a hole");
        }
    }

    #[test]
    fn what_bends_later_keeps_its_shape() {
        let flat = sheet(40, 40, |u, v| Vec3::new(u, 0.0, v));
        let height = |u: f32| (u - 0.5).abs() * 0.5;
        let bent = sheet(40, 40, |u, v| Vec3::new(u, height(u), v));
        let error = |poses: &[Mesh]| {
            let simple = Simple::of(poses, 2).take(&bent);
            let middles = simple.indices.chunks_exact(3).map(|triangle| {
                let corners = triangle
                    .iter()
                    .map(|&index| simple.positions[index as usize]);
                let middle = corners.sum::<Vec3>() / 3.0;
                (height(middle.x) - middle.y).abs()
            });
            middles.fold(0.0, f32::max)
        };
        let (blind, seeing) = (
            error(std::slice::from_ref(&flat)),
            error(&[flat.clone(), flat.clone(), bent.clone()]),
        );
        assert!(seeing < 0.002 && blind > 0.01, "{seeing} {blind}");
    }

    #[test]
    fn what_cannot_be_simplified_stays_whole() {
        let mesh = sheet(1, 1, |u, v| Vec3::new(u, 0.0, v));
        let simple = Simple::of(std::slice::from_ref(&mesh), 3);
        let taken = simple.take(&mesh);
        assert!(!taken.indices.is_empty());
        assert!(
            taken
                .indices
                .iter()
                .all(|&index| (index as usize) < taken.positions.len())
        );
    }
}
