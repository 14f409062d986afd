//! Uploads frames and draws pictures of them.

use std::cell::Cell;
use std::rc::Rc;

use glam::{UVec2, Vec3};
use touchline_scene::{Lattice, PackedAttribute, PackedPoint, PackedVertex, PointChunk};

use crate::attachments::Attachments;
use crate::cull::Frustum;
use crate::handles::{TEXTURE_FORMAT, Topology};
use crate::layout::{self, UNIFORM_STRIDE_BYTES};
use crate::pipelines::{Layouts, Pipelines};
use crate::pool::{Lease, Pool, Purpose, bind_uniform};
use crate::twin::points::RADIUS_PER_SPACING;
use crate::{
    Gpu, Item, MeshHandle, PointsHandle, TextureHandle, TopologyHandle, UploadError, View,
};

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
    device: wgpu::Device,
    queue: wgpu::Queue,
    target_format: wgpu::TextureFormat,
    options: RendererOptions,
    layouts: Layouts,
    pipelines: Pipelines,
    pool: Pool,
    attachments: Option<Attachments>,
    frame_buffer: wgpu::Buffer,
    frame_bind_group: wgpu::BindGroup,
    item_buffer: wgpu::Buffer,
    item_bind_group: wgpu::BindGroup,
    sampler: wgpu::Sampler,
    /// One texel, for meshes without a texture.
    white: TextureHandle,
    texture_bytes: Rc<Cell<u64>>,
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

    /// Uploads a decoded point cloud.
    ///
    /// # Errors
    /// [`UploadError::Inconsistent`] if a chunk reaches beyond the points,
    /// [`UploadError::OverLimit`] if the device cannot hold it.
    pub fn upload_points(
        &mut self,
        chunks: &[PointChunk],
        points: &[PackedPoint],
    ) -> Result<PointsHandle, UploadError> {
        let is_inside = |chunk: &PointChunk| {
            chunk
                .first_point
                .checked_add(chunk.point_count)
                .is_some_and(|end| end as usize <= points.len())
        };
        if !chunks.iter().all(is_inside) {
            return Err(UploadError::Inconsistent("a chunk's points exist"));
        }
        if chunks.is_empty() || points.is_empty() {
            return Ok(PointsHandle {
                chunks: Vec::new(),
                points: None,
                grids: None,
            });
        }
        let mut grids = vec![0; chunks.len() * UNIFORM_STRIDE_BYTES as usize];
        let slices = grids.chunks_exact_mut(UNIFORM_STRIDE_BYTES as usize);
        for (slice, chunk) in slices.zip(chunks) {
            put(
                slice,
                grid(chunk.origin, chunk.step_metres, chunk.spacing_metres),
            );
        }
        Ok(PointsHandle {
            chunks: chunks.to_vec(),
            points: Some(self.upload(Purpose::Vertices, bytemuck::cast_slice(points))?),
            grids: Some(self.upload(Purpose::Grids, &grids)?),
        })
    }

    /// Uploads what frames of a mesh share over a run.
    ///
    /// # Errors
    /// [`UploadError::Inconsistent`] if an index names no vertex or triangles are not whole,
    /// [`UploadError::OverLimit`] if the device cannot hold it.
    pub fn upload_topology(
        &mut self,
        indices: &[u32],
        attributes: &[PackedAttribute],
    ) -> Result<TopologyHandle, UploadError> {
        if !indices.len().is_multiple_of(3) {
            return Err(UploadError::Inconsistent("three indices a triangle"));
        }
        if indices
            .iter()
            .any(|&index| index as usize >= attributes.len())
        {
            return Err(UploadError::Inconsistent("each index names a vertex"));
        }
        let index_count = u32::try_from(indices.len()).map_err(|_| UploadError::OverLimit {
            needed: indices.len() as u64,
            limit: u64::from(u32::MAX),
        })?;
        let (indices, attributes_lease) = if indices.is_empty() {
            (None, None)
        } else {
            let attributes = bytemuck::cast_slice(attributes);
            (
                Some(self.upload(Purpose::Indices, bytemuck::cast_slice(indices))?),
                Some(self.upload(Purpose::Vertices, attributes)?),
            )
        };
        Ok(TopologyHandle {
            shared: Rc::new(Topology {
                index_count,
                vertex_count: attributes.len(),
                indices,
                attributes: attributes_lease,
            }),
        })
    }

    /// Uploads a mesh at one instant.
    ///
    /// # Errors
    /// [`UploadError::Inconsistent`] if the topology has another number of vertices,
    /// [`UploadError::OverLimit`] if the device cannot hold it.
    pub fn upload_mesh(
        &mut self,
        topology: &TopologyHandle,
        lattice: Lattice,
        vertices: &[PackedVertex],
    ) -> Result<MeshHandle, UploadError> {
        if vertices.len() != topology.shared.vertex_count {
            return Err(UploadError::Inconsistent(
                "as many vertices as the topology",
            ));
        }
        let mut handle = MeshHandle {
            topology: topology.clone(),
            vertices: None,
            grid: None,
        };
        if topology.shared.index_count > 0 {
            let grid = grid(lattice.origin, lattice.step_metres, 0.0);
            handle.vertices = Some(self.upload(Purpose::Vertices, bytemuck::cast_slice(vertices))?);
            handle.grid = Some(self.upload(Purpose::Grids, bytemuck::bytes_of(&grid))?);
        }
        Ok(handle)
    }

    fn upload(&self, purpose: Purpose, bytes: &[u8]) -> Result<Lease, UploadError> {
        self.pool.upload(&self.queue, purpose, bytes)
    }

    /// Makes a texture with all levels, all black until written.
    ///
    /// # Errors
    /// [`UploadError::OverLimit`] if an edge is longer than the device takes,
    /// [`UploadError::Inconsistent`] if it has no texels.
    pub fn create_texture(
        &mut self,
        width: u32,
        height: u32,
    ) -> Result<TextureHandle, UploadError> {
        let size_px = UVec2::new(width, height);
        let limit = u64::from(self.device.limits().max_texture_dimension_2d);
        let needed = u64::from(size_px.max_element());
        if needed > limit {
            return Err(UploadError::OverLimit { needed, limit });
        }
        if size_px.min_element() == 0 {
            return Err(UploadError::Inconsistent("a texture has texels"));
        }
        Ok(make_texture(
            &self.device,
            &self.layouts,
            &self.sampler,
            size_px,
            &self.texture_bytes,
        ))
    }

    /// Fills a texture with sRGB and alpha bytes, rows from the top, and makes its levels.
    ///
    /// # Errors
    /// [`UploadError::Inconsistent`] if there are not 4 bytes a texel.
    pub fn write_rgba(&mut self, texture: &TextureHandle, rgba: &[u8]) -> Result<(), UploadError> {
        let size_px = texture.size_px();
        if rgba.len() as u64 != u64::from(size_px.x) * u64::from(size_px.y) * 4 {
            return Err(UploadError::Inconsistent("4 bytes a texel"));
        }
        write_texels(&self.queue, texture, rgba);
        self.generate_mips(texture);
        Ok(())
    }

    /// Makes the smaller levels of a texture from its first. Needed after each write into it.
    pub fn generate_mips(&mut self, texture: &TextureHandle) {
        let mut encoder = self.device.create_command_encoder(&Default::default());
        for (finer, level) in &texture.mips {
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: level,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations::default(),
                })],
                ..Default::default()
            });
            pass.set_pipeline(&self.pipelines.mips);
            pass.set_bind_group(0, finer, &[]);
            pass.draw(0..3, 0..1);
        }
        self.queue.submit([encoder.finish()]);
    }

    /// Draws a picture into `target`, which has the renderer's format and `size_px`.
    ///
    /// Submits its commands; a picture without pixels is not drawn.
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
                Item::Mesh { frame, texture, .. } => self.draw_mesh(&mut pass, frame, *texture),
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
            let (opacity, is_lit) = match *item {
                Item::Points { opacity, .. } => (opacity, false),
                Item::Mesh {
                    opacity, is_lit, ..
                } => (opacity, is_lit),
            };
            put(
                slice,
                layout::Item {
                    opacity,
                    is_lit: u32::from(is_lit),
                    spare: [0.0; 2],
                },
            );
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
        pass.set_vertex_buffer(0, points.buffer().slice(..));
        for (index, chunk) in frame.chunks.iter().enumerate() {
            let margin_metres = RADIUS_PER_SPACING * chunk.spacing_metres;
            if chunk.point_count == 0 || !frustum.may_see(chunk.bounds(), margin_metres) {
                continue;
            }
            let offset_bytes = index as u32 * UNIFORM_STRIDE_BYTES as u32;
            pass.set_bind_group(2, grids.bind_group(), &[offset_bytes]);
            pass.draw(
                0..3,
                chunk.first_point..chunk.first_point + chunk.point_count,
            );
        }
    }

    fn draw_mesh(
        &self,
        pass: &mut wgpu::RenderPass<'_>,
        frame: &MeshHandle,
        texture: Option<&TextureHandle>,
    ) {
        let topology = &frame.topology.shared;
        let (Some(indices), Some(attributes)) = (&topology.indices, &topology.attributes) else {
            return;
        };
        let (Some(vertices), Some(grid)) = (&frame.vertices, &frame.grid) else {
            return;
        };
        pass.set_pipeline(&self.pipelines.mesh);
        pass.set_bind_group(2, grid.bind_group(), &[0]);
        pass.set_bind_group(3, &texture.unwrap_or(&self.white).bind_group, &[]);
        pass.set_vertex_buffer(0, vertices.buffer().slice(..));
        pass.set_vertex_buffer(1, attributes.buffer().slice(..));
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

fn grid(origin: [f32; 3], step_metres: f32, spacing_metres: f32) -> layout::Grid {
    layout::Grid {
        origin_in_stage: Vec3::from(origin).to_array(),
        step_metres,
        spacing_metres,
        spare: 0.0,
        more: [0.0; 2],
    }
}

/// Writes a struct at the start of its slice of a uniform buffer.
fn put<T: bytemuck::Pod>(slice: &mut [u8], value: T) {
    slice[..size_of::<T>()].copy_from_slice(bytemuck::bytes_of(&value));
}

fn uniform_buffer(device: &wgpu::Device, size_bytes: u64) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: size_bytes,
        usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

fn make_texture(
    device: &wgpu::Device,
    layouts: &Layouts,
    sampler: &wgpu::Sampler,
    size_px: UVec2,
    held_bytes: &Rc<Cell<u64>>,
) -> TextureHandle {
    let level_count = size_px.max_element().ilog2() + 1;
    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d {
            width: size_px.x,
            height: size_px.y,
            depth_or_array_layers: 1,
        },
        mip_level_count: level_count,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: TEXTURE_FORMAT,
        // Copying pictures of the browser into it needs the attachment as well.
        usage: wgpu::TextureUsages::TEXTURE_BINDING
            | wgpu::TextureUsages::COPY_DST
            | wgpu::TextureUsages::RENDER_ATTACHMENT,
        view_formats: &[],
    });
    let level_view = |level| {
        texture.create_view(&wgpu::TextureViewDescriptor {
            base_mip_level: level,
            mip_level_count: Some(1),
            ..Default::default()
        })
    };
    let bind = |view: &wgpu::TextureView| {
        device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &layouts.texture,
            entries: &[
                wgpu::BindGroupEntry {
                    binding: 0,
                    resource: wgpu::BindingResource::TextureView(view),
                },
                wgpu::BindGroupEntry {
                    binding: 1,
                    resource: wgpu::BindingResource::Sampler(sampler),
                },
            ],
        })
    };
    let handle = TextureHandle {
        bind_group: bind(&texture.create_view(&wgpu::TextureViewDescriptor::default())),
        mips: (1..level_count)
            .map(|level| (bind(&level_view(level - 1)), level_view(level)))
            .collect(),
        texture,
        held_bytes: held_bytes.clone(),
    };
    held_bytes.set(held_bytes.get() + handle.size_bytes());
    handle
}

fn write_texels(queue: &wgpu::Queue, texture: &TextureHandle, rgba: &[u8]) {
    let size_px = texture.size_px();
    queue.write_texture(
        texture.texture.as_image_copy(),
        rgba,
        wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(size_px.x * 4),
            rows_per_image: None,
        },
        wgpu::Extent3d {
            width: size_px.x,
            height: size_px.y,
            depth_or_array_layers: 1,
        },
    );
}
