//! Small scenes and a native GPU to draw them with, for the tests of the renderer.

use glam::{UVec2, Vec3};
use touchline_render::{
    Background, Gpu, Item, MeshHandle, PointsHandle, Renderer, RendererOptions, Shadow, Snapshot,
    Stage, Surface, TextureFormat, View,
};
use touchline_scene::{
    Camera, Lattice, PackedAttribute, PackedPoint, PackedVertex, PointChunk, Viewpoint,
    octahedral_from_normal,
};

pub(crate) const SIZE_PX: UVec2 = UVec2::new(160, 120);

/// A pixel is off when a channel differs by more than this.
pub(crate) const PIXEL_DIFFERENCE_MAX: u8 = 24;
/// The share of pixels that may be off: a scene's outlines are some 3 % of its pixels.
pub(crate) const OFF_SHARE_MAX: f64 = 0.01;

/// What encodes sRGB itself.
pub(crate) const ENCODING: TextureFormat = TextureFormat::Rgba8UnormSrgb;

pub(crate) struct Bench {
    pub(crate) gpu: Gpu,
    pub(crate) renderer: Renderer,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(ENCODING, 4)
    }

    pub(crate) fn with(format: TextureFormat, sample_count: u32) -> Self {
        let gpu = pollster::block_on(Gpu::headless()).unwrap_or_else(|error| {
            panic!(
                "{error}: golden images need a Vulkan driver; on Debian install \
                 mesa-vulkan-drivers (`cargo xtask setup` does)"
            )
        });
        let renderer = Renderer::with_options(&gpu, format, RendererOptions { sample_count });
        Self { gpu, renderer }
    }

    pub(crate) fn draw(&mut self, view: &View<'_>, items: &[Item<'_>]) -> Vec<u8> {
        Snapshot::with_format(&self.gpu, SIZE_PX, self.renderer.target_format())
            .render_rgba(&mut self.renderer, view, items)
            .unwrap()
    }
}

/// How two pictures differ: mean over all channels, and the share of pixels that are off.
pub(crate) fn difference(left: &[u8], right: &[u8]) -> (f64, f64) {
    assert_eq!(left.len(), right.len());
    let sum: u64 = left
        .iter()
        .zip(right)
        .map(|(&a, &b)| u64::from(a.abs_diff(b)))
        .sum();
    let off_count = left
        .chunks_exact(4)
        .zip(right.chunks_exact(4))
        .filter(|(a, b)| {
            (0..4).any(|channel| a[channel].abs_diff(b[channel]) > PIXEL_DIFFERENCE_MAX)
        })
        .count();
    (
        sum as f64 / left.len() as f64,
        off_count as f64 / (left.len() / 4) as f64,
    )
}

/// Over the ground, a little from above, as a fan stands.
pub(crate) fn camera() -> Camera {
    Viewpoint {
        target: Vec3::new(0.0, 0.9, 0.0),
        yaw_radians: 0.5,
        pitch_radians: 0.22,
        distance_metres: 4.5,
        fov_y_radians: 0.7,
    }
    .camera()
}

pub(crate) const BALL: Shadow = Shadow {
    center: Vec3::new(0.0, 0.6, 0.0),
    radius_metres: 0.6,
};

pub(crate) fn on(surface: Surface) -> View<'static> {
    View {
        camera: camera(),
        stage: Stage {
            surface,
            ground_metres: 0.0,
        },
        background: Background::Sky,
        shadows: &[BALL],
    }
}

/// The surface of a ball of voxels, 1.2 m wide, standing on the ground; coloured by direction.
pub(crate) fn voxel_ball() -> (PointChunk, Vec<PackedPoint>) {
    const CELLS: i32 = 128;
    let step_metres = 1.2 / CELLS as f32;
    let mut points = Vec::new();
    for (z, y, x) in cells(CELLS) {
        let from_center =
            (Vec3::new(x as f32, y as f32, z as f32) + 0.5) / CELLS as f32 * 2.0 - 1.0;
        let is_shell = (1.0 - 2.0 / CELLS as f32..=1.0).contains(&from_center.length());
        if is_shell {
            let rgb = (from_center * 100.0 + 128.0).to_array().map(|c| c as u8);
            points.push(PackedPoint::new([x as u32, y as u32, z as u32], rgb));
        }
    }
    let chunk = PointChunk {
        origin: [-0.6, 0.0, -0.6],
        step_metres,
        size: [1.2; 3],
        spacing_metres: step_metres,
        first_point: 0,
        point_count: points.len() as u32,
        spare: [0; 2],
    };
    (chunk, points)
}

pub(crate) fn cells(count: i32) -> impl Iterator<Item = (i32, i32, i32)> {
    (0..count).flat_map(move |z| (0..count).flat_map(move |y| (0..count).map(move |x| (z, y, x))))
}

pub(crate) fn upload_ball(bench: &mut Bench) -> PointsHandle {
    let (chunk, points) = voxel_ball();
    bench.renderer.upload_points(&[chunk], &points).unwrap()
}

pub(crate) const LATTICE: Lattice = Lattice {
    origin: [-1.0, 0.0, -1.0],
    step_metres: 0.001,
};

/// A ball of triangles in the voxel ball's place; rows of `SLICES + 1`, for the texture's seam.
pub(crate) fn mesh_ball(bench: &mut Bench, colour: [u8; 4]) -> MeshHandle {
    let (vertices, attributes, indices) = ball_of_triangles(colour);
    let topology = bench
        .renderer
        .upload_topology(&indices, &attributes)
        .unwrap();
    bench
        .renderer
        .upload_mesh(&topology, LATTICE, &vertices)
        .unwrap()
}

/// Its vertices on [`LATTICE`], and their attributes and indices.
pub(crate) fn ball_of_triangles(
    colour: [u8; 4],
) -> (Vec<PackedVertex>, Vec<PackedAttribute>, Vec<u32>) {
    const SLICES: u32 = 32;
    const ROWS: u32 = 16;
    let (mut vertices, mut attributes, mut indices) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..=ROWS {
        for slice in 0..=SLICES {
            let u = slice as f32 / SLICES as f32;
            let v = row as f32 / ROWS as f32;
            let (around, down) = (u * std::f32::consts::TAU, v * std::f32::consts::PI);
            let normal = Vec3::new(
                down.sin() * around.sin(),
                down.cos(),
                down.sin() * around.cos(),
            );
            let place = (normal * 600.0 + Vec3::new(1000.0, 600.0, 1000.0)).round();
            vertices.push(PackedVertex {
                position: place.to_array().map(|axis| axis as u16),
                normal: octahedral_from_normal(normal.into()),
            });
            attributes.push(PackedAttribute {
                texture: [(u * 65535.0) as u16, (v * 65535.0) as u16],
                colour,
            });
            if row < ROWS && slice < SLICES {
                let corner = row * (SLICES + 1) + slice;
                let below = corner + SLICES + 1;
                indices.extend([corner, below, corner + 1, corner + 1, below, below + 1]);
            }
        }
    }
    (vertices, attributes, indices)
}

pub(crate) fn points(frame: &PointsHandle) -> Item<'_> {
    Item::Points {
        frame,
        opacity: 1.0,
    }
}
