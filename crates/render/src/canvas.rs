//! A canvas in a browser, on the page or in a worker, as a target.

use std::rc::Rc;

use glam::UVec2;

use crate::{Gpu, GpuError, Item, Renderer, TextureHandle, View};

/// Where the pixels go.
#[derive(Debug)]
pub enum CanvasSource {
    /// In a worker.
    Offscreen(wgpu::web_sys::OffscreenCanvas),
    /// On the page's own thread.
    Element(wgpu::web_sys::HtmlCanvasElement),
}

/// What became of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// It shows when the browser next composes the page.
    Shown,
    /// The canvas takes none now: draw again with the next animation frame.
    Later,
    /// The canvas is lost, most often with its device: open it again.
    Lost,
}

/// A canvas and how it is set up.
#[derive(Clone, Debug)]
pub struct Canvas {
    instance: wgpu::Instance,
    /// Shared: a browser gives out one for each canvas, which devices come and go behind.
    surface: Rc<wgpu::Surface<'static>>,
    config: wgpu::SurfaceConfiguration,
    is_configured: bool,
}

impl Canvas {
    /// Opens a canvas of `size_px` and the GPU that draws to it.
    ///
    /// # Errors
    /// [`GpuError`]: each means that this browser shows no WebGPU here.
    pub async fn open(source: CanvasSource, size_px: UVec2) -> Result<(Gpu, Self), GpuError> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let surface = instance
            .create_surface(match source {
                CanvasSource::Offscreen(canvas) => wgpu::SurfaceTarget::OffscreenCanvas(canvas),
                CanvasSource::Element(canvas) => wgpu::SurfaceTarget::Canvas(canvas),
            })
            .map_err(|_| GpuError::NoSurface)?;
        let gpu = Gpu::on_instance(&instance, Some(&surface)).await?;
        let mut config = surface
            .get_default_config(&gpu.adapter, 1, 1)
            .ok_or(GpuError::NoSurface)?;
        config.alpha_mode = wgpu::CompositeAlphaMode::Opaque;
        let mut canvas = Self {
            instance,
            surface: Rc::new(surface),
            config,
            is_configured: false,
        };
        canvas.resize(&gpu, size_px);
        Ok((gpu, canvas))
    }

    /// The same canvas with another device, after the loss of the first.
    ///
    /// # Errors
    /// [`GpuError::NoAdapter`] or [`GpuError::NoDevice`].
    pub async fn open_again(mut self, size_px: UVec2) -> Result<(Gpu, Self), GpuError> {
        let gpu = Gpu::on_instance(&self.instance, Some(&self.surface)).await?;
        self.is_configured = false;
        self.resize(&gpu, size_px);
        Ok((gpu, self))
    }

    /// What its renderer's target format must be; does not encode sRGB itself.
    pub fn format(&self) -> wgpu::TextureFormat {
        self.config.format
    }

    /// The size drawn at, pixels.
    pub fn size_px(&self) -> UVec2 {
        UVec2::new(self.config.width, self.config.height)
    }

    /// Draws at `size_px` from now on, held to what the device takes; sets the canvas' own size.
    pub fn resize(&mut self, gpu: &Gpu, size_px: UVec2) {
        let size_px = size_px.clamp(UVec2::ONE, UVec2::splat(gpu.size_px_max()));
        if self.is_configured && size_px == self.size_px() {
            return;
        }
        self.config.width = size_px.x;
        self.config.height = size_px.y;
        self.surface.configure(&gpu.device, &self.config);
        self.is_configured = true;
    }

    /// Draws a picture and shows it.
    pub fn draw(
        &mut self,
        gpu: &Gpu,
        renderer: &mut Renderer,
        view: &View<'_>,
        items: &[Item<'_>],
    ) -> Presented {
        let shown = match self.surface.get_current_texture() {
            wgpu::CurrentSurfaceTexture::Success(texture)
            | wgpu::CurrentSurfaceTexture::Suboptimal(texture) => texture,
            wgpu::CurrentSurfaceTexture::Timeout
            | wgpu::CurrentSurfaceTexture::Occluded
            | wgpu::CurrentSurfaceTexture::Validation => return Presented::Later,
            wgpu::CurrentSurfaceTexture::Outdated => {
                self.surface.configure(&gpu.device, &self.config);
                return Presented::Later;
            }
            wgpu::CurrentSurfaceTexture::Lost => return Presented::Lost,
        };
        let target = shown
            .texture
            .create_view(&wgpu::TextureViewDescriptor::default());
        renderer.draw(&target, self.size_px(), view, items);
        gpu.queue.present(shown);
        Presented::Shown
    }
}

impl Renderer {
    /// Fills a texture with a decoded image, from its top left corner on.
    ///
    /// - `image`: at least as large as the texture, else this panics; an `ImageBitmap`, or what
    ///   else the browser copies, cast to one: types for all of that would cost 1 kB.
    pub fn write_image(
        &mut self,
        gpu: &Gpu,
        texture: &TextureHandle,
        image: wgpu::web_sys::ImageBitmap,
    ) {
        let size_px = texture.size_px();
        gpu.queue.copy_external_image_to_texture(
            &wgpu::CopyExternalImageSourceInfo {
                source: wgpu::ExternalImageSource::ImageBitmap(image),
                origin: wgpu::Origin2d::ZERO,
                flip_y: false,
            },
            wgpu::CopyExternalImageDestInfo {
                texture: &texture.texture,
                mip_level: 0,
                origin: wgpu::Origin3d::ZERO,
                aspect: wgpu::TextureAspect::All,
                color_space: wgpu::PredefinedColorSpace::Srgb,
                premultiplied_alpha: false,
            },
            wgpu::Extent3d {
                width: size_px.x,
                height: size_px.y,
                depth_or_array_layers: 1,
            },
        );
        texture.has_levels.set(false);
    }
}
