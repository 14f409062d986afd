//! Renditions of a mesh: the captured one, and others with ever fewer triangles, for a first
//! picture soon, for thin lines and for small memories.
//!
//! The topology of a run of frames is simplified once; of each frame of the run the vertices that
//! are kept are taken, so that what was constant stays so.
//!
//! Always true: what a frame becomes depends on its track alone, not on segments or threads.

use std::collections::HashMap;

use anyhow::{Context, Result};
use glam::Vec3;
use meshopt::{SimplifyOptions, VertexDataAdapter};
use rayon::prelude::*;
use touchline_codec::meshes::Mesh;
use touchline_pack::Kind;
use touchline_scene::Bounds;

use super::track::Track;
use super::{charts, runs};
use crate::progress::{Audience, Cancel, Progress};

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
/// every frame of theirs is a key.
const RUN_LENGTH_MIN: usize = 4;
/// How a frame can be unlike its run.
const CHANGED: &str = "a file has changed while it was packed";
/// How far a simplified surface may lie off, as a share of the mesh's extent; in other poses, in
/// texture and in colour too. What is simple already stays as it is rather than fall together.
const ERROR_MAX: f32 = 0.03;
/// How much of a vertex's place in other poses is added to that in the first: enough for binary32
/// to tell tenths of a millimetre there, and too little to bend the surface.
const OTHER_POSES_SHARE: f32 = 0.01;
/// What a difference of the whole range of colours counts for, in extents of the mesh.
const COLOUR_WEIGHT: f32 = 0.05;
/// What a difference of the whole texture counts for, likewise: a surface that lies off by a
/// hundredth looks about as wrong as a picture on it that does.
const TEXTURE_WEIGHT: f32 = 1.0;

/// What a track is reduced to.
pub(crate) struct Plan {
    /// Its renditions; at least 1.
    pub(crate) rendition_count: usize,
    /// For each frame the first of its run; nothing where there is one rendition.
    runs: Vec<usize>,
}

/// Plans all tracks, of which each gets at most `asked` renditions.
pub(super) fn plan(
    tracks: &[Track],
    asked: u8,
    cancel: &Cancel,
    audience: Audience,
) -> Result<Vec<Plan>> {
    let asked = usize::from(asked);
    let compared_count = match asked {
        ..=1 => 0,
        _ => tracks.iter().map(runs::compared_count).sum(),
    };
    let audience = match compared_count {
        0 => Audience::Nobody,
        _ => audience,
    };
    let progress = audience.stage("comparing", compared_count, "frames");
    let plan = |track| Plan::of(track, asked, cancel, &progress);
    tracks.par_iter().map(plan).collect()
}

impl Plan {
    /// For frames of a track of which others got `rendition_count` renditions.
    pub(crate) fn like(track: &Track, rendition_count: usize, cancel: &Cancel) -> Result<Self> {
        let progress = Audience::Nobody.stage("comparing", 0, "frames");
        Ok(Self {
            rendition_count,
            runs: match rendition_count {
                ..=1 => Vec::new(),
                _ => runs::find(track, cancel, &progress)?,
            },
        })
    }

    fn of(track: &Track, asked: usize, cancel: &Cancel, progress: &Progress) -> Result<Self> {
        let one = Self {
            rendition_count: 1,
            runs: Vec::new(),
        };
        if track.kind != Kind::Mesh || asked <= 1 {
            return Ok(one);
        }
        let runs = runs::find(track, cancel, progress)?;
        let run_count = runs.chunk_by(|start, next| start == next).count();
        if runs.len() > 1 && runs.len() < RUN_LENGTH_MIN * run_count {
            return Ok(one);
        }
        let rendition_count = worth(&poses(track, &runs, 0)?, asked);
        Ok(match rendition_count {
            ..=1 => one,
            _ => Self {
                rendition_count,
                runs,
            },
        })
    }
}

/// How many renditions a mesh is worth, at least 1 and at most `asked`.
fn worth(poses: &[Mesh], asked: usize) -> usize {
    let mut triangle_count = poses[0].indices.len() / 3;
    for rendition in 1..asked {
        let coarser = Simple::of(poses, rendition);
        let is_worth = coarser.indices.len() / 3 <= (triangle_count as f32 * WORTH_SHARE) as usize;
        if coarser.indices.len() / 3 < TRIANGLE_COUNT_MIN || !is_worth {
            return rendition;
        }
        triangle_count = coarser.indices.len() / 3;
    }
    asked
}

/// How much coarser the lattice of a rendition is than that of the finest: its surface lies off by
/// more than that.
pub(super) fn step_factor(rendition: usize) -> f32 {
    2f32.powi(rendition as i32)
}

/// Makes the renditions of a track's frames.
pub(super) struct Reducer<'a> {
    track: &'a Track,
    plan: &'a Plan,
    run: Option<Run>,
}

/// The run that a reducer is at.
struct Run {
    /// Its first frame.
    start: usize,
    first: Mesh,
    /// For each coarser rendition.
    simple: Vec<Simple>,
}

impl<'a> Reducer<'a> {
    /// For frames in any order; best in their own.
    pub(super) fn new(track: &'a Track, plan: &'a Plan) -> Self {
        Self {
            track,
            plan,
            run: None,
        }
    }

    /// Frame `index` of the track in all renditions, finest first; in each of them with the
    /// topology of its run.
    pub(super) fn reduce(&mut self, index: usize) -> Result<Vec<Mesh>> {
        let Some(&start) = self.plan.runs.get(index) else {
            return Ok(vec![self.track.mesh(index)?]);
        };
        let run = match self.run.take() {
            Some(run) if run.start == start => run,
            _ => self.run_from(start)?,
        };
        let mesh = runs::mesh_as(self.track, (start, &run.first), index)?.context(CHANGED)?;
        let coarser: Vec<Mesh> = run.simple.iter().map(|simple| simple.take(&mesh)).collect();
        self.run = Some(run);
        Ok([mesh].into_iter().chain(coarser).collect())
    }

    fn run_from(&self, start: usize) -> Result<Run> {
        let poses = poses(self.track, &self.plan.runs, start)?;
        let simple = |rendition| Simple::of(&poses, rendition);
        let simple = (1..self.plan.rendition_count).map(simple).collect();
        Ok(Run {
            start,
            simple,
            first: poses.into_iter().next().context(CHANGED)?,
        })
    }
}

/// The first frame of a run, then its middle and its last: what is flat in one bends in another.
fn poses(track: &Track, runs: &[usize], start: usize) -> Result<Vec<Mesh>> {
    let length = runs[start..].iter().take_while(|&&run| run == start);
    let last = start + length.count() - 1;
    let mut frames = vec![start.midpoint(last), last];
    frames.dedup();
    let mut poses = vec![track.mesh(start)?];
    for frame in frames.into_iter().filter(|&frame| frame > start) {
        let pose = runs::mesh_as(track, (start, &poses[0]), frame)?;
        poses.push(pose.context(CHANGED)?);
    }
    Ok(poses)
}

/// A topology with fewer triangles.
#[derive(Clone, Debug, PartialEq)]
struct Simple {
    /// Which vertices of the mesh are its own, in order.
    kept: Vec<u32>,
    /// For each of them the vertex that says where it is: the same for all in one place, so that
    /// seams are closed in every frame.
    places: Vec<u32>,
    /// Three a triangle, into `kept`.
    indices: Vec<u32>,
    /// One a vertex of its own; empty if the mesh has none.
    texture: Vec<[f32; 2]>,
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
        let places = places_of(poses);
        let bytes: &[u8] = bytemuck::cast_slice(&places);
        let Ok(vertices) = VertexDataAdapter::new(bytes, size_of::<Vec3>(), 0) else {
            return Self::compact(mesh, &places, &mesh.indices);
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
        let is_lost = indices.is_empty();
        Self::compact(
            mesh,
            &places,
            if is_lost { &mesh.indices } else { &indices },
        )
    }

    /// Of triangles between some vertices of a mesh.
    fn compact(mesh: &Mesh, places: &[Vec3], indices: &[u32]) -> Self {
        let mut kept = indices.to_vec();
        kept.sort_unstable();
        kept.dedup();
        let texture = charts::texture_for(mesh, indices);
        let mut first_at = HashMap::new();
        let first_there = |&vertex: &u32| {
            let place = places[vertex as usize].to_array().map(f32::to_bits);
            *first_at.entry(place).or_insert(vertex)
        };
        let places = kept.iter().map(first_there).collect();
        // Each index is among them.
        let place = |index| kept.partition_point(|&vertex| vertex < index) as u32;
        let indices = indices.iter().map(|&index| place(index)).collect();
        Self {
            texture: pick(&kept, &texture),
            kept,
            places,
            indices,
        }
    }

    /// What is kept of another frame of the run.
    fn take(&self, mesh: &Mesh) -> Mesh {
        Mesh {
            positions: pick(&self.places, &mesh.positions),
            indices: self.indices.clone(),
            texture: self.texture.clone(),
            colours: pick(&self.kept, &mesh.colours),
            normals: pick(&self.kept, &mesh.normals),
        }
    }
}

/// What is kept of the vertices' values, if they have any.
fn pick<T: Copy>(kept: &[u32], all: &[T]) -> Vec<T> {
    let kept = kept.iter().map(|&vertex| vertex as usize);
    if all.is_empty() {
        return Vec::new();
    }
    kept.map(|vertex| all[vertex]).collect()
}

/// Where each vertex is in the first pose, around its middle, and a little of where it is in the
/// others: what touches in one pose only, as the ends of an edge without length, is then two
/// places, which simplification does not sew together.
fn places_of(poses: &[Mesh]) -> Vec<Vec3> {
    let mut places = vec![Vec3::ZERO; poses[0].positions.len()];
    let mut share = 1.0;
    for pose in poses {
        let middle = bounds_of(pose).center();
        for (place, &at) in places.iter_mut().zip(&pose.positions) {
            *place += (at - middle) * share;
        }
        share = OTHER_POSES_SHARE;
    }
    places
}

fn bounds_of(mesh: &Mesh) -> Bounds {
    let mut bounds = Bounds::EMPTY;
    mesh.positions.iter().for_each(|&at| bounds.include(at));
    bounds
}

/// What counts beside the place in the first pose, one row a vertex, and what each column weighs.
fn attributes_of(poses: &[Mesh]) -> (Vec<f32>, Vec<f32>) {
    let mesh = &poses[0];
    let place_weight = 1.0 / bounds_of(mesh).size().max_element().max(f32::MIN_POSITIVE);
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
    use super::*;

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
            assert!(is_closed(&simple), "rendition {rendition} has a hole");
            for triangle in simple.indices.chunks_exact(3) {
                let texture = triangle
                    .iter()
                    .map(|&index| simple.texture[index as usize][0]);
                let (low, high) = texture.fold((1.0_f32, 0.0_f32), |(low, high), u| {
                    (low.min(u), high.max(u))
                });
                // It does not span from one end of the texture to the other.
                assert!(high - low < 0.5, "rendition {rendition}: {low} to {high}");
            }
        }
    }

    #[test]
    fn seams_are_closed_in_frames_that_are_no_poses() {
        let mesh = ring();
        // On so coarse a grid some edges across the seams have no length.
        let on_grid = |at: &Vec3| (at * 50.0).round() / 50.0;
        let first = Mesh {
            positions: mesh.positions.iter().map(on_grid).collect(),
            ..mesh.clone()
        };
        for poses in [vec![first.clone()], vec![first.clone(), mesh.clone()]] {
            for rendition in [1, 2] {
                let simple = Simple::of(&poses, rendition);
                let is_sound = |pose: &Mesh| is_closed(&simple.take(pose));
                let pose_count = poses.len();
                assert!(
                    is_sound(&first),
                    "{pose_count} poses, rendition {rendition}"
                );
                assert!(is_sound(&mesh), "{pose_count} poses, rendition {rendition}");
            }
        }
    }

    /// Whether every side of a triangle is that of another one too, by place.
    fn is_closed(mesh: &Mesh) -> bool {
        let place = |index: u32| mesh.positions[index as usize].to_array().map(f32::to_bits);
        let mut sides: HashMap<_, i32> = HashMap::new();
        for triangle in mesh.indices.chunks_exact(3) {
            for (from, to) in [(0, 1), (1, 2), (2, 0)] {
                let [from, to] = [triangle[from], triangle[to]].map(place);
                *sides.entry((from, to)).or_default() += 1;
                *sides.entry((to, from)).or_default() -= 1;
            }
        }
        sides.values().all(|&surplus| surplus == 0)
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
