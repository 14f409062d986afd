//! Twin of `shaders/mesh.wgsl`.

use glam::Vec3;
use touchline_scene::{Lattice, PackedVertex};

/// Towards the floodlights; unit length.
pub const KEY_TOWARDS: Vec3 = Vec3::new(-0.4558, 0.7293, 0.5105);
/// The floodlights', linear.
pub const KEY_LIGHT: Vec3 = Vec3::new(0.66, 0.64, 0.60);
/// The sky's, linear.
pub const SKY_LIGHT: Vec3 = Vec3::new(0.40, 0.43, 0.50);
/// Thrown back by the ground, linear.
pub const GROUND_LIGHT: Vec3 = Vec3::new(0.17, 0.19, 0.16);
/// How far light creeps around: floodlights stand on more than one mast.
pub const WRAP: f32 = 0.35;

/// A packed vertex's place in the stage, metres.
pub fn vertex_in_stage(lattice: Lattice, vertex: PackedVertex) -> Vec3 {
    let steps = Vec3::from(vertex.position.map(f32::from));
    Vec3::from(lattice.origin) + steps * lattice.step_metres
}

/// What a white surface gives back, linear, `normal` of unit length.
pub fn light_on(normal: Vec3) -> Vec3 {
    let around = GROUND_LIGHT.lerp(SKY_LIGHT, normal.y * 0.5 + 0.5);
    let key = ((normal.dot(KEY_TOWARDS) + WRAP) / (1.0 + WRAP)).clamp(0.0, 1.0);
    around + KEY_LIGHT * key
}
