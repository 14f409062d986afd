//! Twin of `shaders/points.wgsl`.

use glam::{Mat4, UVec2, Vec2, Vec3};
use touchline_scene::{PackedPoint, PointChunk};

/// Discs on a square grid leave no gap from half its diagonal, 0.707 spacings, on.
pub const RADIUS_PER_SPACING: f32 = 0.72;
/// A disc this large always holds the middle of a pixel: half its diagonal.
pub const RADIUS_PX_MIN: f32 = 0.72;

/// Where and how large a point is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    /// From the picture's upper left corner, y down; pixels.
    pub center_px: Vec2,
    /// Pixels.
    pub radius_px: f32,
    /// Along the camera's axis; at most 0 is behind it and not drawn.
    pub depth_metres: f32,
}

/// A packed point's place in the stage, metres.
pub fn point_in_stage(chunk: &PointChunk, point: PackedPoint) -> Vec3 {
    let cell = Vec3::from(point.cell().map(|axis| axis as f32));
    Vec3::from(chunk.origin) + (cell + 0.5) * chunk.step_metres
}

/// Where `project_point` puts a point in a picture of `size_px`.
///
/// `focal_px`: pixels for one metre at one metre's distance.
pub fn project_point(
    clip_from_stage: Mat4,
    size_px: UVec2,
    focal_px: f32,
    chunk: &PointChunk,
    point: PackedPoint,
) -> Spot {
    let center_in_clip = clip_from_stage * point_in_stage(chunk, point).extend(1.0);
    let depth_metres = center_in_clip.w;
    let center = center_in_clip.truncate().truncate() / depth_metres;
    let radius_metres = RADIUS_PER_SPACING * chunk.spacing_metres;
    Spot {
        center_px: (center * Vec2::new(0.5, -0.5) + 0.5) * size_px.as_vec2(),
        radius_px: (radius_metres * focal_px / depth_metres).max(RADIUS_PX_MIN),
        depth_metres,
    }
}
