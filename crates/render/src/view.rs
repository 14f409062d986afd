//! What a picture shows: from where, on which ground, under which sky.

use glam::{Mat4, UVec2, Vec3};
use touchline_scene::{Camera, tan};

use crate::layout::{Frame, SHADOW_COUNT_MAX};
use crate::{MeshHandle, PointsHandle, TextureHandle};

/// What the ground is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Surface {
    /// Nothing: the sky goes all around.
    None,
    /// A plain floor with a metre grid.
    #[default]
    Studio,
    /// Mown grass.
    Pitch,
    /// A running track, lanes along z.
    Track,
    /// An ice rink.
    Ice,
    /// Snow.
    Snow,
    /// A hall's boards, along z.
    Court,
}

impl Surface {
    /// Every surface, in the order of the shader's numbers.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Studio,
        Self::Pitch,
        Self::Track,
        Self::Ice,
        Self::Snow,
        Self::Court,
    ];
}

/// The ground.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stage {
    /// What it is made of.
    pub surface: Surface,
    /// Its height, metres.
    pub ground_metres: f32,
}

/// What lies behind everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// A clear evening.
    #[default]
    Sky,
    /// One sRGB colour.
    Plain([u8; 3]),
}

/// Light that is missing on the ground around something that stands or flies there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shadow {
    /// Above or on the ground, metres; the higher, the softer.
    pub center: Vec3,
    /// About half the width of what casts it, metres, more than 0.
    pub radius_metres: f32,
}

/// A picture but for its subjects.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// From where.
    pub camera: Camera,
    /// On which ground.
    pub stage: Stage,
    /// Before what.
    pub background: Background,
    /// The first [`SHADOW_COUNT_MAX`] darken the ground.
    pub shadows: &'a [Shadow],
}

/// A subject of a picture.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// A point cloud.
    Points {
        /// What to draw.
        frame: &'a PointsHandle,
        /// 0 to 1; less than 1 lets single samples of what is behind through, without sorting.
        opacity: f32,
    },
    /// A mesh.
    Mesh {
        /// What to draw.
        frame: &'a MeshHandle,
        /// What it turns into, and how far it has, 0 to 1. Ignored if the two have not the same
        /// topology.
        next: Option<(&'a MeshHandle, f32)>,
        /// Multiplies the vertex colours; vertex colours alone if none.
        texture: Option<&'a TextureHandle>,
        /// Whether the stage's light falls on it, or its colours hold their light already.
        is_lit: bool,
        /// As for points.
        opacity: f32,
    },
}

impl View<'_> {
    /// Projects the stage onto a picture of `size_px`.
    pub fn clip_from_stage(&self, size_px: UVec2) -> Mat4 {
        let aspect = size_px.x as f32 / size_px.y as f32;
        self.camera.clip_from_view(aspect) * self.camera.view_from_stage()
    }

    /// What the shaders must know of it.
    pub(crate) fn frame(&self, size_px: UVec2) -> Frame {
        let size = size_px.as_vec2();
        let tan_y = tan(self.camera.lens.fov_y_radians * 0.5);
        let pose = self.camera.pose;
        let mut shadows = [[0.0; 4]; SHADOW_COUNT_MAX];
        for (slot, shadow) in shadows.iter_mut().zip(self.shadows) {
            *slot = shadow.center.extend(shadow.radius_metres).to_array();
        }
        Frame {
            clip_from_stage: self.clip_from_stage(size_px).to_cols_array(),
            eye_in_stage: pose.position.to_array(),
            ground_metres: self.stage.ground_metres,
            right: (pose.orientation * Vec3::X * tan_y * size.x / size.y).to_array(),
            px_radians: 2.0 * tan_y / size.y,
            up: (pose.orientation * Vec3::Y * tan_y).to_array(),
            surface: self.stage.surface as u32,
            forward: (pose.orientation * Vec3::NEG_Z).to_array(),
            shadow_count: self.shadows.len().min(SHADOW_COUNT_MAX) as u32,
            plain: match self.background {
                Background::Sky => [0.0; 4],
                Background::Plain(rgb) => {
                    let [red, green, blue] = rgb.map(|byte| f32::from(byte) / 255.0);
                    [red, green, blue, 1.0]
                }
            },
            size_px: size.to_array(),
            focal_px: size.y * 0.5 / tan_y,
            spare: 0.0,
            shadows,
        }
    }
}
