//! The demo's procedural athlete, ball and venue, written as capture files.
//!
//! Always true: the same options give the same bytes.

mod acting;
mod athlete;
mod ball;
mod body;
mod build;
mod curve;
mod kit;
mod letters;
mod light;
mod motion;
mod ply;
mod scene;
mod skeleton;
mod skin;
mod stands;
mod steps;
mod surface;
mod venue;
mod voxels;

use std::fs;
use std::path::Path;

use anyhow::Context;
use glam::Vec3;
use indicatif::{ParallelProgressIterator, ProgressBar, ProgressStyle};
use rayon::prelude::*;

use athlete::Athlete;
use motion::{ACTION_SECS, Motion};
use ply::Grid;

/// What to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Points in a frame, about.
    pub point_count: u32,
    /// Frames of the 8 s action.
    pub frame_count: u32,
    /// Colours the crowd.
    pub seed: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            point_count: 100_000,
            frame_count: 200,
            seed: 1,
        }
    }
}

/// Writes the scene's captures and `scene.json` into `folder`.
///
/// # Errors
/// If a file cannot be written.
pub fn generate(folder: &Path, options: &Options) -> anyhow::Result<()> {
    let frame_secs = ACTION_SECS / options.frame_count as f32;
    let motion = Motion::new();
    let athlete = Athlete::new();
    let places =
        ["athlete-mesh", "athlete-points", "ball-mesh", "venue-mesh"].map(|name| folder.join(name));
    for place in &places {
        fs::create_dir_all(place).with_context(|| format!("creating {}", place.display()))?;
    }
    let frame_name = |frame: u32| format!("frame_{frame:04}.ply");
    let (ball, panels) = ball::mesh();
    let panels: Vec<[u8; 3]> = panels.into_iter().map(kit::srgb).collect();
    for (frame, pose) in ball::flight(options.frame_count, frame_secs)
        .into_iter()
        .enumerate()
    {
        let positions: Vec<Vec3> = ball
            .positions
            .iter()
            .map(|p| pose.middle + pose.rotation * *p)
            .collect();
        let path = places[2].join(frame_name(frame as u32));
        ply::write_mesh(&path, &positions, &panels, &ball.triangles)?;
    }
    let venue = venue::venue(options.seed);
    let path = places[3].join(frame_name(0));
    ply::write_mesh(&path, &venue.positions, &venue.colours, &venue.triangles)?;
    let path = folder.join("scene.json");
    let scene = scene::scene(options.frame_count, frame_secs);
    let json = serde_json::to_vec_pretty(&scene)?;
    fs::write(&path, json).with_context(|| format!("writing {}", path.display()))?;
    let grid = grid(&athlete, &motion, options, frame_secs);
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec} {eta}")?;
    let bar = ProgressBar::new(u64::from(options.frame_count))
        .with_style(style)
        .with_message("athlete");
    (0..options.frame_count)
        .into_par_iter()
        .progress_with(bar)
        .try_for_each(|frame| {
            let secs = frame as f32 * frame_secs;
            let positions = athlete.body.positions(&motion, secs);
            let path = places[0].join(frame_name(frame));
            ply::write_mesh(
                &path,
                &positions,
                &athlete.colours,
                &athlete.body.mesh.triangles,
            )?;
            let points = athlete.points(&athlete.dense_positions(&motion, secs), &grid);
            ply::write_points(&places[1].join(frame_name(frame)), &grid, &points)
        })
}

/// The grid on which a frame has about as many voxels as wished.
fn grid(athlete: &Athlete, motion: &Motion, options: &Options, frame_secs: f32) -> Grid {
    // Three unlike poses stand for all: standing, striking, arms wide.
    let poses = [0.2, 3.2, 7.6].map(|secs| athlete.dense_positions(motion, secs));
    let mut voxel_metres = 0.0045;
    for _ in 0..3 {
        let count: usize = poses
            .iter()
            .map(|positions| athlete.voxel_count(positions, voxel_metres))
            .sum();
        voxel_metres *= (count as f32 / (3.0 * options.point_count as f32)).sqrt();
    }
    // A tenth of a micrometre is enough, and reads well.
    let voxel_metres = (voxel_metres * 1e5).round() * 1e-5;
    let lowest = (0..options.frame_count)
        .into_par_iter()
        .map(|frame| {
            let positions = athlete.body.positions(motion, frame as f32 * frame_secs);
            positions.into_iter().fold(Vec3::INFINITY, Vec3::min)
        })
        .reduce(|| Vec3::INFINITY, Vec3::min);
    Grid {
        voxel_metres,
        // A margin for what the dense surface has beyond the written one.
        offset: ((lowest - 0.05) / voxel_metres).floor() * voxel_metres,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                let inner = self::files(&path);
                files.extend(inner.into_iter().map(|(n, b)| (format!("{name}/{n}"), b)));
            } else {
                files.insert(name, fs::read(&path).unwrap());
            }
        }
        files
    }

    #[test]
    fn the_same_options_give_the_same_bytes() {
        let options = Options {
            point_count: 20_000,
            frame_count: 4,
            seed: 7,
        };
        let [first, second] = [(), ()].map(|()| {
            let folder = tempfile::tempdir().unwrap();
            generate(folder.path(), &options).unwrap();
            files(folder.path())
        });
        assert_eq!(first.len(), 3 * 4 + 2);
        assert!(first == second, "bytes differ");
        // Constant topology: the faces, which follow the vertices, are the same in each frame.
        let faces = |frame: &str| {
            let bytes = &first[&format!("athlete-mesh/{frame}")];
            let text = String::from_utf8_lossy(&bytes[..300]);
            let (_, count) = text.split_once("element face ").unwrap();
            let count: usize = count.split('\n').next().unwrap().parse().unwrap();
            bytes[bytes.len() - 13 * count..].to_vec()
        };
        assert_eq!(faces("frame_0000.ply"), faces("frame_0003.ply"));
    }
}
