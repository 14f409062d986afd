//! Textures and their smaller levels.

use std::cell::Cell;
use std::rc::Rc;

use glam::UVec2;

use crate::handles::TEXTURE_FORMAT;
use crate::pipelines::Layouts;
use crate::{Renderer, TextureHandle, UploadError};

impl Renderer {
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

    /// Fills a texture with sRGB and alpha bytes, rows from the top.
    ///
    /// # Errors
    /// [`UploadError::Inconsistent`] if there are not 4 bytes a texel.
    pub fn write_rgba(&mut self, texture: &TextureHandle, rgba: &[u8]) -> Result<(), UploadError> {
        let size_px = texture.size_px();
        if rgba.len() as u64 != u64::from(size_px.x) * u64::from(size_px.y) * 4 {
            return Err(UploadError::Inconsistent("4 bytes a texel"));
        }
        write_texels(&self.queue, texture, rgba);
        texture.has_levels.set(false);
        Ok(())
    }

    /// Makes the smaller levels of a texture from its first, if it was written since.
    ///
    /// Done with the first picture that shows it, not with the upload: frames that are passed over
    /// cost nothing, and a burst of uploads stays small (Firefox 153 dies of 16 textures' levels
    /// asked for at once).
    pub(crate) fn make_levels(&self, encoder: &mut wgpu::CommandEncoder, texture: &TextureHandle) {
        if texture.has_levels.replace(true) {
            return;
        }
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
    }
}

pub(crate) fn make_texture(
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
        has_levels: Cell::new(true), // One texel, or black.
        held_bytes: held_bytes.clone(),
    };
    held_bytes.set(held_bytes.get() + handle.size_bytes());
    handle
}

pub(crate) fn write_texels(queue: &wgpu::Queue, texture: &TextureHandle, rgba: &[u8]) {
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
