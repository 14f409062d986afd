//! A device and its queue, asked for no more than WebGL2 could give.

use crate::GpuError;

/// An open GPU.
#[derive(Clone, Debug)]
pub struct Gpu {
    /// What everything is made with.
    pub device: wgpu::Device,
    /// What takes uploads and commands.
    pub queue: wgpu::Queue,
    /// What the device was opened on.
    pub adapter: wgpu::Adapter,
}

impl Gpu {
    /// Opens a native GPU without a window, preferring a real one over software.
    ///
    /// # Errors
    /// [`GpuError::NoAdapter`] if no driver is installed (on Debian, `mesa-vulkan-drivers` holds
    /// a software one), [`GpuError::NoDevice`] if it does not open.
    #[cfg(not(target_arch = "wasm32"))]
    pub async fn headless() -> Result<Self, GpuError> {
        let instance =
            wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle().with_env());
        Self::on_instance(&instance, None).await
    }

    /// Opens the GPU that can draw to `surface`, or any where there is none.
    ///
    /// # Errors
    /// [`GpuError::NoAdapter`] or [`GpuError::NoDevice`].
    pub async fn on_instance(
        instance: &wgpu::Instance,
        surface: Option<&wgpu::Surface<'_>>,
    ) -> Result<Self, GpuError> {
        let adapter = instance
            .request_adapter(&wgpu::RequestAdapterOptions {
                power_preference: wgpu::PowerPreference::HighPerformance,
                compatible_surface: surface,
                ..Default::default()
            })
            .await
            .map_err(|_| GpuError::NoAdapter)?;
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                label: Some("touchline"),
                required_limits: limits(&adapter.limits()),
                ..Default::default()
            })
            .await
            .map_err(|_| GpuError::NoDevice)?;
        Ok(Self {
            device,
            queue,
            adapter,
        })
    }

    /// Has `callback` called once, with the driver's words, if the device is lost.
    ///
    /// Not called when the device is dropped or destroyed on purpose. A later call replaces an
    /// earlier one natively, and adds to it in browsers: call it once.
    /// A lost device takes every handle with it: open another, make a new renderer and upload
    /// again.
    pub fn on_lost(&self, callback: impl Fn(&str) + Send + 'static) {
        self.device
            .set_device_lost_callback(move |reason, message| {
                if reason != wgpu::DeviceLostReason::Destroyed {
                    callback(&message);
                }
            });
    }

    /// The longest edge that a texture or a picture can have, pixels.
    pub fn size_px_max(&self) -> u32 {
        self.device.limits().max_texture_dimension_2d
    }
}

/// WebGL2's limits, but pictures and buffers as large as the adapter takes.
///
/// Asking for no more than the base path needs keeps us honest on GPUs that have more.
fn limits(offered: &wgpu::Limits) -> wgpu::Limits {
    wgpu::Limits {
        max_buffer_size: offered.max_buffer_size,
        ..wgpu::Limits::downlevel_webgl2_defaults().using_resolution(offered.clone())
    }
    .or_worse_values_from(offered)
}
