//! Frames and a viewpoint to pixels: the only crate that names wgpu.
//!
//! Inside the limits of WebGL2: instanced vertex attributes and uniform buffers, nothing stored.
//! Decoded frames are uploaded as they come; vertex shaders dequantise.
#![forbid(unsafe_code)]

mod attachments;
#[cfg(target_arch = "wasm32")]
mod canvas;
mod cull;
mod error;
mod gpu;
mod handles;
pub mod layout;
mod pipelines;
mod pool;
mod renderer;
pub mod shaders;
mod shadow;
#[cfg(not(target_arch = "wasm32"))]
mod snapshot;
mod textures;
pub mod twin;
mod upload;
mod view;
mod warm;

#[cfg(target_arch = "wasm32")]
pub use canvas::{Canvas, CanvasSource, Presented};
pub use cull::Frustum;
pub use error::{GpuError, UploadError};
pub use gpu::Gpu;
pub use handles::{MeshHandle, PointsHandle, TextureHandle, TopologyHandle};
pub use renderer::{Renderer, RendererOptions};
#[cfg(not(target_arch = "wasm32"))]
pub use snapshot::Snapshot;
pub use view::{Background, Item, Shadow, Stage, Surface, View};
/// How a target's pixels are laid out.
pub use wgpu::TextureFormat;
