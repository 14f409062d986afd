//! Has drivers do early what they leave until something is first drawn.

use bytemuck::Zeroable;
use glam::{Quat, UVec2, Vec3};
use touchline_scene::{
    Camera, Lattice, Lens, PackedAttribute, PackedPoint, PackedVertex, PointChunk, Pose,
};

use crate::attachments::drawn_texture;
use crate::{Background, Item, Renderer, Stage, UploadError, View};

/// Before the camera's eyes, metres.
const ORIGIN: [f32; 3] = [0.0, 0.0, -1.0];

impl Renderer {
    /// Draws a point and a triangle where nobody sees them: many drivers compile a pass only when
    /// it is first used, and then the fan's first picture waits for it. At `size_px`, so that what
    /// that is drawn into is there too.
    ///
    /// # Errors
    /// [`UploadError`] if the device is lost.
    pub fn warm_up(&mut self, size_px: UVec2) -> Result<(), UploadError> {
        let chunk = PointChunk {
            origin: ORIGIN,
            size: [1.0; 3],
            step_metres: 0.01,
            spacing_metres: 1.0,
            point_count: 1,
            ..PointChunk::zeroed()
        };
        let point = self.upload_points(&[chunk], &[PackedPoint::zeroed()])?;
        let topology = self.upload_topology(&[0, 1, 2], &[PackedAttribute::zeroed(); 3])?;
        let lattice = Lattice {
            origin: ORIGIN,
            step_metres: 1.0,
        };
        let corner = |x, y| PackedVertex {
            position: [x, y, 0],
            ..PackedVertex::zeroed()
        };
        let corners = [corner(0, 0), corner(1, 0), corner(0, 1)];
        let triangle = self.upload_mesh(&topology, lattice, &corners)?;
        let items = [
            Item::Points {
                frame: &point,
                opacity: 1.0,
            },
            Item::Mesh {
                frame: &triangle,
                next: None,
                texture: None,
                opacity: 1.0,
                is_lit: true,
            },
        ];
        let view = View {
            camera: Camera {
                pose: Pose {
                    position: Vec3::ZERO,
                    orientation: Quat::IDENTITY,
                },
                lens: Lens { fov_y_radians: 1.0 },
            },
            stage: Stage::default(),
            background: Background::Sky,
            shadows: &[],
        };
        let usage = wgpu::TextureUsages::empty();
        let target = drawn_texture(&self.device, size_px, (self.target_format(), 1), usage);
        self.draw(
            &target.create_view(&Default::default()),
            size_px,
            &view,
            &items,
        );
        Ok(())
    }
}
