//! What can go wrong between us and the GPU, by who must act.

/// Why there is no GPU to draw with. The page falls to the next rung of its ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// No driver offers a GPU, nor a software one.
    #[error("no GPU adapter was found")]
    NoAdapter,
    /// The driver offers a GPU but does not open it.
    #[error("the GPU adapter gave no device")]
    NoDevice,
    /// The canvas already has a context of another kind, or is too small to hold a pixel.
    #[error("the canvas gave no surface to draw on")]
    NoSurface,
    /// The device was lost, or out of memory, while its pixels were read.
    #[error("the pixels could not be read back from the GPU")]
    NoPixels,
}

/// Why a decoded frame was not uploaded. It is not shown; the next one may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// Honest or hostile, it is too big for this device.
    #[error("upload needs {needed}, the device's limit is {limit}")]
    OverLimit {
        /// Bytes, or texels along an edge.
        needed: u64,
        /// In the same unit.
        limit: u64,
    },
    /// Its parts do not belong together; says which rule they break.
    #[error("frame is inconsistent: {0}")]
    Inconsistent(&'static str),
}
