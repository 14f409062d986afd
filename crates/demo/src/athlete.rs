//! The athlete: the surface, its colours and its bond to the bones, at two densities.

use glam::Vec3;
use rayon::prelude::*;

use crate::kit::{albedo, fold, looseness, srgb};
use crate::light::Shadow;
use crate::motion::Motion;
use crate::ply::{Grid, GridPoint};
use crate::skin::Skin;
use crate::surface::{Field, Mesh, polygonise};
use crate::voxels::voxelise;

/// Edges of the mesh that is written, metres: about 8 thousand vertices.
const MESH_STEP_METRES: f32 = 0.0195;
/// Edges of the surface that the points are taken from, metres.
const DENSE_STEP_METRES: f32 = 0.0072;
/// How long cloth takes to follow, seconds.
const CLOTH_LAG_SECS: f32 = 0.03;
/// Colour samples along a triangle's side, less one: a grain of about 1.5 mm.
const COLOUR_SPLIT: usize = 5;

/// A surface that moves.
#[derive(Debug)]
pub(crate) struct Body {
    /// In the rest pose.
    pub(crate) mesh: Mesh,
    skin: Skin,
    looseness: Vec<f32>,
    openness: Vec<f32>,
}

impl Body {
    fn new(field: &Field, step: f32) -> Self {
        let mut mesh = polygonise(field, step);
        let skin = Skin::new(field, &mesh);
        let normals = Mesh::normals(&mesh.positions, &mesh.triangles);
        let measured: Vec<(f32, f32, f32)> = mesh
            .positions
            .par_iter()
            .zip(&normals)
            .map(|(&point, &normal)| {
                (
                    looseness(field, point),
                    field.openness(point, normal),
                    fold(field, point),
                )
            })
            .collect();
        for ((position, normal), (.., fold)) in
            mesh.positions.iter_mut().zip(&normals).zip(&measured)
        {
            *position += *normal * *fold;
        }
        Self {
            mesh,
            skin,
            looseness: measured.iter().map(|m| m.0).collect(),
            openness: measured.iter().map(|m| m.1).collect(),
        }
    }

    /// The surface at an instant of the action, metres.
    pub(crate) fn positions(&self, motion: &Motion, secs: f32) -> Vec<Vec3> {
        let (now, before) = (motion.pose_at(secs), motion.pose_at(secs - CLOTH_LAG_SECS));
        self.skin
            .clothed(&self.mesh, &self.looseness, &now, &before)
    }
}

/// The athlete, ready to be posed.
#[derive(Debug)]
pub(crate) struct Athlete {
    /// What is written as a mesh.
    pub(crate) body: Body,
    /// The colours of its vertices: the surface's own, darker in creases, sRGB.
    pub(crate) colours: Vec<[u8; 3]>,
    dense: Body,
    /// Linear colours on a lattice over each triangle of `dense`.
    albedos: Vec<Vec<Vec3>>,
}

impl Athlete {
    /// Makes the surface and its colours.
    pub(crate) fn new() -> Self {
        let field = Field::new();
        let body = Body::new(&field, MESH_STEP_METRES);
        let dense = Body::new(&field, DENSE_STEP_METRES);
        let colours = body
            .mesh
            .positions
            .par_iter()
            .zip(&body.openness)
            .map(|(&point, &open)| srgb(albedo(&field, point) * (0.45 + 0.55 * open)))
            .collect();
        let albedos = dense
            .mesh
            .triangles
            .par_iter()
            .map(|triangle| {
                let [a, b, c] = triangle.map(|index| dense.mesh.positions[index as usize]);
                lattice()
                    .map(|[i, j, k]| {
                        let point =
                            (a * i as f32 + b * j as f32 + c * k as f32) / COLOUR_SPLIT as f32;
                        albedo(&field, point)
                    })
                    .collect()
            })
            .collect();
        Self {
            body,
            colours,
            dense,
            albedos,
        }
    }

    /// The dense surface at an instant, metres.
    pub(crate) fn dense_positions(&self, motion: &Motion, secs: f32) -> Vec<Vec3> {
        self.dense.positions(motion, secs)
    }

    /// How many voxels of `voxel_metres` the dense surface at `positions` fills.
    pub(crate) fn voxel_count(&self, positions: &[Vec3], voxel_metres: f32) -> usize {
        let scaled: Vec<Vec3> = positions.iter().map(|p| *p / voxel_metres).collect();
        voxelise(&scaled, &self.dense.mesh.triangles).len()
    }

    /// The dense surface at `positions` as shaded voxels.
    pub(crate) fn points(&self, positions: &[Vec3], grid: &Grid) -> Vec<GridPoint> {
        let triangles = &self.dense.mesh.triangles;
        let normals = Mesh::normals(positions, triangles);
        let shadow = Shadow::new(positions);
        let scaled: Vec<Vec3> = positions
            .iter()
            .map(|p| (*p - grid.offset) / grid.voxel_metres)
            .collect();
        voxelise(&scaled, triangles)
            .iter()
            .map(|spot| {
                let triangle = triangles[spot.triangle as usize].map(|index| index as usize);
                let shares = spot.shares.to_array();
                let mix = |of: &dyn Fn(usize) -> Vec3| -> Vec3 {
                    triangle
                        .iter()
                        .zip(shares)
                        .map(|(&i, share)| of(i) * share)
                        .sum()
                };
                let normal = mix(&|i| normals[i]).normalize_or(Vec3::Y);
                let point = mix(&|i| positions[i]);
                let openness = mix(&|i| Vec3::splat(self.dense.openness[i])).x;
                let albedo = self.albedos[spot.triangle as usize][nearest(spot.shares)];
                GridPoint {
                    cell: spot.voxel.to_array().map(|axis| axis as u16),
                    colour: srgb(shadow.shaded(albedo, point, normal, openness)),
                }
            })
            .collect()
    }
}

/// The colour lattice's corners as shares of a triangle's, each summing to [`COLOUR_SPLIT`].
fn lattice() -> impl Iterator<Item = [usize; 3]> {
    (0..=COLOUR_SPLIT)
        .flat_map(|i| (0..=COLOUR_SPLIT - i).map(move |j| [i, j, COLOUR_SPLIT - i - j]))
}

/// The index in the lattice of the corner nearest to `shares`.
fn nearest(shares: Vec3) -> usize {
    let split = COLOUR_SPLIT as f32;
    let i = ((shares.x * split).round().max(0.0) as usize).min(COLOUR_SPLIT);
    let j = ((shares.y * split).round().max(0.0) as usize).min(COLOUR_SPLIT - i);
    // Rows before `i` have split + 1, split, ... corners.
    i * (2 * COLOUR_SPLIT + 3 - i) / 2 + j
}
