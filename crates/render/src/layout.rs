//! The bytes that Rust and WGSL share; `tests/tests/layout.rs` holds the two together.

use bytemuck::{Pod, Zeroable};
use std::mem::offset_of;

/// Contact shadows in one picture.
pub const SHADOW_COUNT_MAX: usize = 8;

/// How far apart the slices of a uniform buffer lie that are chosen by a dynamic offset.
///
/// The largest alignment that any WebGPU device asks for.
pub const UNIFORM_STRIDE_BYTES: u64 = 256;

/// What holds for everything in one picture: `Frame` in `shaders/common/frame.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Frame {
    /// Column by column.
    pub clip_from_stage: [f32; 16],
    /// Metres.
    pub eye_in_stage: [f32; 3],
    /// Height of the ground.
    pub ground_metres: f32,
    /// From the picture's middle to its right edge, at one metre's distance.
    pub right: [f32; 3],
    /// One pixel in the middle of the picture.
    pub px_radians: f32,
    /// From the picture's middle to its upper edge, at one metre's distance.
    pub up: [f32; 3],
    /// [`crate::Surface`].
    pub surface: u32,
    /// From the eye to the picture's middle, one metre.
    pub forward: [f32; 3],
    /// How many of `shadows` are cast.
    pub shadow_count: u32,
    /// sRGB; alpha 1 where it takes the sky's place, else 0.
    pub plain: [f32; 4],
    /// The picture's size.
    pub size_px: [f32; 2],
    /// Pixels for one metre at one metre's distance.
    pub focal_px: f32,
    /// Zero.
    pub spare: f32,
    /// Centre in the stage and radius, metres.
    pub shadows: [[f32; 4]; SHADOW_COUNT_MAX],
}

/// What holds for one item of one picture: `Item` in `shaders/common/item.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Item {
    /// 0 to 1.
    pub opacity: f32,
    /// 1 where the stage's light falls on it.
    pub is_lit: u32,
    /// How far a mesh has come to its next frame, 0 to 1.
    pub phase: f32,
    /// Zero.
    pub spare: f32,
    /// Of the next frame's lattice, metres.
    pub next_origin_in_stage: [f32; 3],
    /// Edge of a cell of the next frame's lattice.
    pub next_step_metres: f32,
}

/// The grid that packed positions lie on: `Grid` in `shaders/common/item.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Grid {
    /// Metres.
    pub origin_in_stage: [f32; 3],
    /// Edge of a cell.
    pub step_metres: f32,
    /// Between neighbouring points; 0 for a mesh.
    pub spacing_metres: f32,
    /// Of the chunk; 0 for a mesh.
    pub point_count: u32,
    /// Zero.
    pub spare: [f32; 2],
}

/// Writes a struct at the start of its slice of a uniform buffer.
pub(crate) fn put<T: Pod>(slice: &mut [u8], value: T) {
    slice[..size_of::<T>()].copy_from_slice(bytemuck::bytes_of(&value));
}

/// A struct as both languages see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// In WGSL and here.
    pub name: &'static str,
    /// Whole size.
    pub size_bytes: u32,
    /// Each field's name and offset, in order.
    pub fields: &'static [(&'static str, u32)],
}

/// Lists the fields of a struct with the offsets the compiler gave them.
macro_rules! shared {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        Shared {
            name: stringify!($name),
            size_bytes: size_of::<$name>() as u32,
            fields: &[$((stringify!($field), offset_of!($name, $field) as u32)),+],
        }
    };
}

/// Every struct that crosses to the GPU in a uniform buffer.
pub const SHARED: &[Shared] = &[
    shared!(Frame {
        clip_from_stage,
        eye_in_stage,
        ground_metres,
        right,
        px_radians,
        up,
        surface,
        forward,
        shadow_count,
        plain,
        size_px,
        focal_px,
        spare,
        shadows,
    }),
    shared!(Item {
        opacity,
        is_lit,
        phase,
        spare,
        next_origin_in_stage,
        next_step_metres,
    }),
    shared!(Grid {
        origin_in_stage,
        step_metres,
        spacing_metres,
        point_count,
        spare
    }),
];
