//! The depth and multisampled colour behind a target, made again only when its size changes.

use glam::UVec2;

/// Depth without stencil: WebGL2 and every WebGPU device draw to it.
pub(crate) const DEPTH_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Depth32Float;

/// A texture of one level that is drawn to, and used for what `usage` adds to that.
pub(crate) fn drawn_texture(
    device: &wgpu::Device,
    size_px: UVec2,
    (format, sample_count): (wgpu::TextureFormat, u32),
    usage: wgpu::TextureUsages,
) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d {
            width: size_px.x,
            height: size_px.y,
            depth_or_array_layers: 1,
        },
        mip_level_count: 1,
        sample_count,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | usage,
        view_formats: &[],
    })
}

/// What a picture of one size is drawn into.
#[derive(Debug)]
pub(crate) struct Attachments {
    pub(crate) size_px: UVec2,
    pub(crate) depth: wgpu::TextureView,
    /// Resolved into the target; none where the target has one sample a pixel as well.
    pub(crate) colour: Option<wgpu::TextureView>,
}

impl Attachments {
    pub(crate) fn new(
        device: &wgpu::Device,
        size_px: UVec2,
        format: wgpu::TextureFormat,
        sample_count: u32,
    ) -> Self {
        let make = |format| {
            let usage = wgpu::TextureUsages::empty();
            let texture = drawn_texture(device, size_px, (format, sample_count), usage);
            texture.create_view(&wgpu::TextureViewDescriptor::default())
        };
        Self {
            size_px,
            depth: make(DEPTH_FORMAT),
            colour: (sample_count > 1).then(|| make(format)),
        }
    }

    /// Bytes on the GPU.
    pub(crate) fn size_bytes(&self) -> u64 {
        // All formats drawn to have 4 bytes a sample.
        let view_bytes = |view: &wgpu::TextureView| {
            let texture = view.texture();
            u64::from(texture.width())
                * u64::from(texture.height())
                * u64::from(texture.sample_count())
                * 4
        };
        view_bytes(&self.depth) + self.colour.as_ref().map_or(0, view_bytes)
    }
}

impl Drop for Attachments {
    fn drop(&mut self) {
        self.depth.texture().destroy();
        if let Some(colour) = &self.colour {
            colour.texture().destroy();
        }
    }
}
