//! Uploads frames and draws pictures of them.

use std::cell::Cell;
use std::rc::Rc;

use bytemuck::Zeroable;
use glam::UVec2;
use touchline_scene::PackedPoint;

use crate::attachments::Attachments;
use crate::cull::Frustum;
use crate::layout::{self, UNIFORM_STRIDE_BYTES, put};
use crate::pipelines::{Layouts, POINTS_PER_INSTANCE, Pipelines};
use crate::pool::{Pool, bind_uniform};
use crate::textures::{make_texture, write_texels};
use crate::twin::points::RADIUS_PER_SPACING;
use crate::{Gpu, Item, MeshHandle, PointsHandle, TextureHandle, View};

/// Items in one picture: far more than a pack has tracks on screen at once. Further ones are not
/// drawn.
pub(crate) const ITEM_COUNT_MAX: usize = 256;

/// How a renderer draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RendererOptions {
    /// Samples a pixel, 1 or 4: 4 for smooth edges, 1 for slow machines.
    pub sample_count: u32,
}

impl Default for RendererOptions {
    fn default() -> Self {
        Self { sample_count: 4 }
    }
}

/// Draws pictures of one target format.
#[derive(Debug)]
pub struct Renderer {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    target_format: wgpu::TextureFormat,
    options: RendererOptions,
    pub(crate) layouts: Layouts,
    pub(crate) pipelines: Pipelines,
    pub(crate) pool: Pool,
    attachments: Option<Attachments>,
    frame_buffer: wgpu::Buffer,
    frame_bind_group: wgpu::BindGroup,
    item_buffer: wgpu::Buffer,
    item_bind_group: wgpu::BindGroup,
    pub(crate) sampler: wgpu::Sampler,
    /// One texel, for meshes without a texture.
    white: TextureHandle,
    pub(crate) texture_bytes: Rc<Cell<u64>>,
}

impl Renderer {
    /// A renderer with the default options.
    pub fn new(gpu: &Gpu, target_format: wgpu::TextureFormat) -> Self {
        Self::with_options(gpu, target_format, RendererOptions::default())
    }

    /// Compiles all passes for targets of `target_format`.
    ///
    /// The format may encode sRGB itself or not; the colours come out the same.
    pub fn with_options(
        gpu: &Gpu,
        target_format: wgpu::TextureFormat,
        options: RendererOptions,
    ) -> Self {
        let device = &gpu.device;
        let layouts = Layouts::new(device);
        let frame_bytes = size_of::<layout::Frame>() as u64;
        let frame_buffer = uniform_buffer(device, frame_bytes);
        let item_buffer = uniform_buffer(device, ITEM_COUNT_MAX as u64 * UNIFORM_STRIDE_BYTES);
        let item_bytes = size_of::<layout::Item>() as u64;
        let sampler = device.create_sampler(&wgpu::SamplerDescriptor {
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            mipmap_filter: wgpu::MipmapFilterMode::Linear,
            ..Default::default()
        });
        let texture_bytes = Rc::default();
        let white = make_texture(device, &layouts, &sampler, UVec2::ONE, &texture_bytes);
        write_texels(&gpu.queue, &white, &[255; 4]);
        Self {
            pipelines: Pipelines::new(device, &layouts, target_format, options),
            pool: Pool::new(device, &layouts.grid),
            attachments: None,
            frame_bind_group: bind_uniform(device, &layouts.frame, &frame_buffer, frame_bytes),
            item_bind_group: bind_uniform(device, &layouts.item, &item_buffer, item_bytes),
            device: device.clone(),
            queue: gpu.queue.clone(),
            target_format,
            options,
            layouts,
            frame_buffer,
            item_buffer,
            sampler,
            white,
            texture_bytes,
        }
    }

    /// Draws a picture into `target`, which has the renderer's format and `size_px`.
    ///
    /// Submits its commands; a picture without pixels is not drawn, nor are items beyond 256.
    pub fn draw(
        &mut self,
        target: &wgpu::TextureView,
        size_px: UVec2,
        view: &View<'_>,
        items: &[Item<'_>],
    ) {
        if size_px.min_element() == 0 {
            return;
        }
        let items = &items[..items.len().min(ITEM_COUNT_MAX)];
        self.write_uniforms(size_px, view, items);
        let fits = |held: &Attachments| held.size_px == size_px;
        let attachments = self
            .attachments
            .take()
            .filter(fits)
            .unwrap_or_else(|| self.attach(size_px));

        let mut encoder = self.device.create_command_encoder(&Default::default());
        for item in items {
            if let Item::Mesh {
                texture: Some(texture),
                ..
            } = item
            {
                self.make_levels(&mut encoder, texture);
            }
        }
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            color_attachments: &[Some(colour_attachment(&attachments, target))],
            depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
                view: &attachments.depth,
                depth_ops: Some(wgpu::Operations {
                    load: wgpu::LoadOp::Clear(0.0),
                    store: wgpu::StoreOp::Discard,
                }),
                stencil_ops: None,
            }),
            ..Default::default()
        });
        pass.set_bind_group(0, &self.frame_bind_group, &[]);
        pass.set_pipeline(&self.pipelines.backdrop);
        pass.draw(0..3, 0..1);
        let frustum = Frustum::new(view.clip_from_stage(size_px));
        for (index, item) in items.iter().enumerate() {
            let offset_bytes = index as u32 * UNIFORM_STRIDE_BYTES as u32;
            pass.set_bind_group(1, &self.item_bind_group, &[offset_bytes]);
            match item {
                Item::Points { frame, .. } => self.draw_points(&mut pass, &frustum, frame),
                Item::Mesh {
                    frame,
                    next,
                    texture,
                    ..
                } => {
                    let next = next_of(frame, *next).0;
                    self.draw_mesh(&mut pass, frame, next, *texture);
                }
            }
        }
        drop(pass);
        self.queue.submit([encoder.finish()]);
        self.attachments = Some(attachments);
    }

    fn attach(&self, size_px: UVec2) -> Attachments {
        let samples = self.options.sample_count;
        Attachments::new(&self.device, size_px, self.target_format, samples)
    }

    fn write_uniforms(&self, size_px: UVec2, view: &View<'_>, items: &[Item<'_>]) {
        let frame = view.frame(size_px);
        self.queue
            .write_buffer(&self.frame_buffer, 0, bytemuck::bytes_of(&frame));
        if items.is_empty() {
            return;
        }
        let mut bytes = vec![0; items.len() * UNIFORM_STRIDE_BYTES as usize];
        let slices = bytes.chunks_exact_mut(UNIFORM_STRIDE_BYTES as usize);
        for (slice, item) in slices.zip(items) {
            let item = match *item {
                Item::Points { opacity, .. } => layout::Item {
                    opacity,
                    ..layout::Item::zeroed()
                },
                Item::Mesh {
                    frame,
                    next,
                    opacity,
                    is_lit,
                    ..
                } => {
                    let (next, phase) = next_of(frame, next);
                    layout::Item {
                        opacity,
                        is_lit: u32::from(is_lit),
                        phase,
                        spare: 0.0,
                        next_origin_in_stage: next.lattice.origin,
                        next_step_metres: next.lattice.step_metres,
                    }
                }
            };
            put(slice, item);
        }
        self.queue.write_buffer(&self.item_buffer, 0, &bytes);
    }

    fn draw_points(
        &self,
        pass: &mut wgpu::RenderPass<'_>,
        frustum: &Frustum,
        frame: &PointsHandle,
    ) {
        let (Some(points), Some(grids)) = (&frame.points, &frame.grids) else {
            return;
        };
        pass.set_pipeline(&self.pipelines.points);
        for (index, chunk) in frame.chunks.iter().enumerate() {
            let margin_metres = RADIUS_PER_SPACING * chunk.spacing_metres;
            if chunk.point_count == 0 || !frustum.may_see(chunk.bounds(), margin_metres) {
                continue;
            }
            let offset_bytes = index as u32 * UNIFORM_STRIDE_BYTES as u32;
            pass.set_bind_group(2, grids.bind_group(), &[offset_bytes]);
            // The last instance may reach beyond the chunk; its vertices there go nowhere.
            let start_bytes = u64::from(chunk.first_point) * size_of::<PackedPoint>() as u64;
            pass.set_vertex_buffer(0, points.buffer().slice(start_bytes..));
            pass.draw(
                0..3 * POINTS_PER_INSTANCE,
                0..chunk.point_count.div_ceil(POINTS_PER_INSTANCE),
            );
        }
    }

    fn draw_mesh(
        &self,
        pass: &mut wgpu::RenderPass<'_>,
        frame: &MeshHandle,
        next: &MeshHandle,
        texture: Option<&TextureHandle>,
    ) {
        let topology = &frame.topology.shared;
        let (Some(indices), Some(attributes)) = (&topology.indices, &topology.attributes) else {
            return;
        };
        let (Some(vertices), Some(grid)) = (&frame.vertices, &frame.grid) else {
            return;
        };
        let next_vertices = next.vertices.as_ref().unwrap_or(vertices);
        pass.set_pipeline(&self.pipelines.mesh);
        pass.set_bind_group(2, grid.bind_group(), &[0]);
        pass.set_bind_group(3, &texture.unwrap_or(&self.white).bind_group, &[]);
        pass.set_vertex_buffer(0, vertices.buffer().slice(..));
        pass.set_vertex_buffer(1, attributes.buffer().slice(..));
        pass.set_vertex_buffer(2, next_vertices.buffer().slice(..));
        pass.set_index_buffer(indices.buffer().slice(..), wgpu::IndexFormat::Uint32);
        pass.draw_indexed(0..topology.index_count, 0, 0..1);
    }

    /// Bytes it holds on the GPU: frames, textures, room kept for reuse and the picture's depth
    /// and samples.
    pub fn size_bytes(&self) -> u64 {
        self.pool.size_bytes()
            + self.texture_bytes.get()
            + self.attachments.as_ref().map_or(0, Attachments::size_bytes)
            + self.frame_buffer.size()
            + self.item_buffer.size()
    }

    /// Gives back the room that is kept for reuse: for a page that is hidden, or over its budget.
    pub fn trim(&mut self) {
        self.pool.trim();
        self.attachments = None;
    }

    /// What targets it draws to.
    pub fn target_format(&self) -> wgpu::TextureFormat {
        self.target_format
    }
}

/// What a mesh turns into, and how far it has: itself, where it is shown as it is.
fn next_of<'a>(
    frame: &'a MeshHandle,
    next: Option<(&'a MeshHandle, f32)>,
) -> (&'a MeshHandle, f32) {
    let next = next.filter(|(next, _)| frame.can_become(next));
    next.unwrap_or((frame, 0.0))
}

fn colour_attachment<'a>(
    attachments: &'a Attachments,
    target: &'a wgpu::TextureView,
) -> wgpu::RenderPassColorAttachment<'a> {
    let clear = wgpu::LoadOp::Clear(wgpu::Color::BLACK);
    let (view, resolve_target, store) = match &attachments.colour {
        Some(samples) => (samples, Some(target), wgpu::StoreOp::Discard),
        None => (target, None, wgpu::StoreOp::Store),
    };
    wgpu::RenderPassColorAttachment {
        view,
        depth_slice: None,
        resolve_target,
        ops: wgpu::Operations { load: clear, store },
    }
}

fn uniform_buffer(device: &wgpu::Device, size_bytes: u64) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: size_bytes,
        usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}
