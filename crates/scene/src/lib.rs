//! The vocabulary of a replay: time, bounds, viewpoints and GPU-ready frames.
//!
//! No I/O, no GPU, no JavaScript.
//! The stage is in metres, right-handed, y up, as in glTF.
#![forbid(unsafe_code)]

mod bounds;
mod camera;
mod frame;
mod numbers;
mod sorted;
mod time;

pub use bounds::{Bounds, Extent};
pub use camera::{Camera, Lens, Pose, Viewpoint};
pub use frame::{
    Frame, Lattice, MeshFrame, MeshTopology, PackedAttribute, PackedPoint, PackedVertex,
    PointChunk, PointsFrame, normal_from_octahedral, octahedral_from_normal,
};
pub use numbers::{Held, sin_cos, tan, wrapped};
pub use sorted::{SortedMap, SortedSet, sorted};
pub use time::{FrameRate, Seconds};
