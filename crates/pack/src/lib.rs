//! The container of a replay: manifest, segment framing and hashes.
//!
//! Follows FORMAT.md, beside this crate's manifest, in its order and with its names.
//! Nothing here fetches, and no payload is understood: a codec is a name.
#![forbid(unsafe_code)]

mod error;
mod growth;
mod hash;
mod manifest;
#[cfg(feature = "json")]
mod reel;
mod segment;
mod single;

pub use error::PackError;
pub use hash::Sha256;
#[cfg(feature = "schema")]
pub use manifest::schema;
pub use manifest::{
    BroadcastCamera, CameraKey, Credit, FORMAT_NAME, FORMAT_VERSION, Kind, Manifest, Preset, Role,
    SegmentEntry, Shading, Stage, Stream, Surface, Track,
};
#[cfg(feature = "schema")]
pub use reel::reel_schema;
#[cfg(feature = "json")]
pub use reel::{REEL_FORMAT_NAME, Reel, ReelEntry};
pub use segment::{CodecId, FRAME_COUNT_MAX, FrameEntry, Segment, SegmentWriter};
pub use single::{HEADER_SIZE, Header};
