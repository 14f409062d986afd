//! The manifest's words about the scene: stage, presets, the broadcast camera, credits.
//!
//! Field names follow the manifest in crates/pack/FORMAT.md, so the packer reads them as they
//! are.

use std::f32::consts::PI;

use glam::{Mat3, Quat, Vec3};
use serde::Serialize;

use crate::curve::{Curve, Curve3};

/// Frames between two keys of the broadcast camera.
const KEY_FRAMES: u32 = 4;

/// All that `scene.json` says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Scene {
    title: &'static str,
    stage: Stage,
    presets: Vec<Preset>,
    cameras: Vec<BroadcastCamera>,
    credits: Vec<Credit>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Stage {
    surface: &'static str,
    ground_metres: f32,
}

#[derive(Debug, Serialize)]
struct Preset {
    id: &'static str,
    title: &'static str,
    viewpoint: Viewpoint,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Viewpoint {
    target: Vec3,
    yaw_radians: f32,
    pitch_radians: f32,
    distance_metres: f32,
    fov_y_radians: f32,
}

#[derive(Debug, Serialize)]
struct BroadcastCamera {
    id: &'static str,
    title: &'static str,
    keys: Vec<CameraKey>,
}

#[derive(Debug, Serialize)]
struct CameraKey {
    frame: u32,
    camera: Camera,
}

#[derive(Debug, Serialize)]
struct Camera {
    pose: Pose,
    lens: Lens,
}

#[derive(Debug, Serialize)]
struct Pose {
    position: Vec3,
    orientation: Quat,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Lens {
    fov_y_radians: f32,
}

#[derive(Debug, Serialize)]
struct Credit {
    name: &'static str,
    text: &'static str,
}

/// The scene of an action of `frame_count` frames, `frame_secs` each.
pub(crate) fn scene(frame_count: u32, frame_secs: f32) -> Scene {
    Scene {
        title: "Top corner",
        stage: Stage {
            surface: "pitch",
            ground_metres: 0.0,
        },
        presets: presets(),
        cameras: vec![BroadcastCamera {
            id: "broadcast",
            title: "Broadcast",
            keys: broadcast(frame_count, frame_secs),
        }],
        credits: vec![Credit {
            name: "Touchline",
            text: "Made by the project's own generator. MIT OR Apache-2.0",
        }],
    }
}

/// Where a fan may start; the first is the one that does.
fn presets() -> Vec<Preset> {
    let preset = |id, title, target: [f32; 3], [yaw, pitch, distance, fov]: [f32; 4]| Preset {
        id,
        title,
        viewpoint: Viewpoint {
            target: Vec3::from_array(target),
            yaw_radians: yaw,
            pitch_radians: pitch,
            distance_metres: distance,
            fov_y_radians: fov,
        },
    };
    vec![
        // All of it from the run-up to the celebration, as near as that allows.
        preset(
            "touchline",
            "Touchline",
            [-1.2, 0.95, -0.8],
            [-1.22, 0.14, 9.5, 0.733],
        ),
        preset(
            "striker",
            "The striker",
            [0.9, 0.95, 1.7],
            [-0.72, 0.09, 8.4, 0.62],
        ),
        preset(
            "behind",
            "Behind the ball",
            [0.5, 1.1, -4.0],
            [0.28, 0.12, 11.5, 0.62],
        ),
        preset(
            "keeper",
            "Keeper's view",
            [0.4, 1.0, 0.0],
            [PI - 0.05, 0.05, 10.4, 0.55],
        ),
        preset(
            "boot",
            "At the ball",
            [0.15, 0.45, 0.1],
            [-1.15, 0.12, 2.6, 0.62],
        ),
        preset(
            "celebration",
            "Celebration",
            [-5.1, 1.0, -1.3],
            [-1.45, 0.03, 4.4, 0.60],
        ),
        preset(
            "above",
            "From above",
            [-0.8, 0.0, -2.4],
            [0.0, 1.35, 19.0, 0.62],
        ),
    ]
}

/// A camera on a gantry by the left touchline: follows run-up, shot and celebration.
fn broadcast(frame_count: u32, frame_secs: f32) -> Vec<CameraKey> {
    let position = Vec3::new(-21.0, 6.2, 8.5);
    let target = Curve3::new(&[
        (0.0, Vec3::new(1.4, 1.0, 2.1)),
        (1.2, Vec3::new(1.3, 1.0, 1.9)),
        (2.9, Vec3::new(0.5, 1.0, -1.3)),
        (3.75, Vec3::new(1.3, 1.1, -7.4)),
        (4.35, Vec3::new(0.9, 1.0, -6.6)),
        (5.30, Vec3::new(-1.0, 1.0, -2.0)),
        (6.40, Vec3::new(-4.1, 1.25, -1.4)),
        (7.20, Vec3::new(-5.2, 1.05, -1.3)),
    ]);
    let fov_y = Curve::new([
        (0.0, 0.19),
        (1.3, 0.20),
        (3.1, 0.30),
        (3.9, 0.31),
        (4.5, 0.29),
        (6.2, 0.17),
        (7.9, 0.145),
    ]);
    let last = frame_count.saturating_sub(1);
    let mut frames: Vec<u32> = (0..last).step_by(KEY_FRAMES as usize).collect();
    frames.push(last);
    frames
        .into_iter()
        .map(|frame| {
            let secs = frame as f32 * frame_secs;
            CameraKey {
                frame,
                camera: Camera {
                    pose: Pose {
                        position,
                        orientation: looking(smooth(&target, secs) - position),
                    },
                    lens: Lens {
                        fov_y_radians: fov_y.at(secs),
                    },
                },
            }
        })
        .collect()
}

/// An operator's hand: the mean of the quarter second around `secs`.
fn smooth(target: &Curve3, secs: f32) -> Vec3 {
    (-3..=3)
        .map(|i| target.at(secs + i as f32 * 0.05))
        .sum::<Vec3>()
        / 7.0
}

/// The level orientation that looks along `forward`: down its own -z.
fn looking(forward: Vec3) -> Quat {
    let z = -forward.normalize();
    let x = Vec3::Y.cross(z).normalize();
    Quat::from_mat3(&Mat3::from_cols(x, z.cross(x), z))
}
