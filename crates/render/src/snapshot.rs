//! Pictures read back to memory, natively.

use glam::UVec2;

use crate::attachments::drawn_texture;
use crate::{Gpu, GpuError, Item, Renderer, View};

/// A target of one size that is read back after each drawing.
#[derive(Debug)]
pub struct Snapshot {
    gpu: Gpu,
    size_px: UVec2,
    target: wgpu::Texture,
    readback: wgpu::Buffer,
    row_bytes: u32,
}

impl Snapshot {
    /// What its renderer's target format must be.
    pub const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8UnormSrgb;

    /// A target for a renderer of [`Snapshot::FORMAT`].
    ///
    /// # Panics
    /// If an edge of `size_px` is 0 or over [`Gpu::size_px_max`].
    pub fn new(gpu: &Gpu, size_px: UVec2) -> Self {
        Self::with_format(gpu, size_px, Self::FORMAT)
    }

    /// A target for a renderer of another format with 4 bytes a pixel.
    ///
    /// # Panics
    /// If an edge of `size_px` is 0 or over [`Gpu::size_px_max`].
    pub fn with_format(gpu: &Gpu, size_px: UVec2, format: wgpu::TextureFormat) -> Self {
        let is_fit = size_px.min_element() > 0 && size_px.max_element() <= gpu.size_px_max();
        assert!(is_fit, "a picture of {size_px} pixels");
        let usage = wgpu::TextureUsages::COPY_SRC;
        let target = drawn_texture(&gpu.device, size_px, (format, 1), usage);
        let row_bytes = (size_px.x * 4).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
        let readback = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: u64::from(row_bytes) * u64::from(size_px.y),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Self {
            gpu: gpu.clone(),
            size_px,
            target,
            readback,
            row_bytes,
        }
    }

    /// Draws and reads back: 4 bytes a pixel in the format's order, rows from the top, opaque.
    ///
    /// Waits for the GPU.
    ///
    /// # Errors
    /// [`GpuError::NoPixels`] if the device was lost meanwhile.
    pub fn render_rgba(
        &self,
        renderer: &mut Renderer,
        view: &View<'_>,
        items: &[Item<'_>],
    ) -> Result<Vec<u8>, GpuError> {
        let target = self
            .target
            .create_view(&wgpu::TextureViewDescriptor::default());
        renderer.draw(&target, self.size_px, view, items);

        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        encoder.copy_texture_to_buffer(
            self.target.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &self.readback,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(self.row_bytes),
                    rows_per_image: None,
                },
            },
            self.target.size(),
        );
        self.gpu.queue.submit([encoder.finish()]);
        self.read_pixels().ok_or(GpuError::NoPixels)
    }

    fn read_pixels(&self) -> Option<Vec<u8>> {
        let (sender, receiver) = std::sync::mpsc::channel();
        self.readback
            .map_async(wgpu::MapMode::Read, .., move |result| {
                // A receiver that has gone no longer waits for the answer.
                let _ = sender.send(result);
            });
        self.gpu
            .device
            .poll(wgpu::PollType::wait_indefinitely())
            .ok()?;
        receiver.recv().ok()?.ok()?;
        let mapped = self.readback.get_mapped_range(..).ok()?;
        let pixels = mapped
            .chunks_exact(self.row_bytes as usize)
            .flat_map(|row| &row[..self.size_px.x as usize * 4])
            .copied()
            .collect();
        drop(mapped);
        self.readback.unmap();
        Some(pixels)
    }
}
