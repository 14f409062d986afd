//! Payload bytes to GPU-ready frames and back.
//!
//! Follows FORMAT.md sections 5 (points) and 6 (meshes), beside the crate `pack`.
//! Knows no container: a chunk is the whole payload of one frame, or of one layer of it.
//!
//! Always true: any bytes end in a frame or an error, within the given limits, and no proper
//! prefix of a chunk is a chunk (`tests/hostile.rs`).
//!
//! Encoder and decoder walk the same code: every model is driven by a coder
//! (`entropy::SymbolCoder`) that either writes the symbol it is given or reads the one it returns.
//! The encoders are behind the feature `encode`.
#![forbid(unsafe_code)]

mod bytes;
mod entropy;
mod error;
mod lanes;
pub mod meshes;
pub mod points;

pub use error::{DecodeError, Recovery};
use touchline_scene::Frame;

/// The points codec: an octree with colours, in layers; every frame is a key.
pub const POINTS: [u8; 4] = *b"oct2";
/// The mesh codec: a key carries the topology, the other frames of its run are moved on from the
/// one before.
pub const MESH: [u8; 4] = *b"msh2";

/// What one frame may hold at most. Memory and time of a decode grow with these alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Points or vertices.
    pub element_count_max: u32,
    /// Triangles; 0 for points.
    pub triangle_count_max: u32,
}

/// One payload codec.
///
/// Safe for untrusted bytes: any input ends in `Ok` or `Err`, within the limits.
pub trait Decode {
    /// Decodes one frame. The decoder keeps it, and uses its memory again for the next.
    ///
    /// - `layers`: the frame's chunks, layer 0 first, none left out; fewer than there are give a
    ///   coarser frame. A mesh has exactly one.
    /// - `brick`: only this one of the frame's [`brick_count`] bricks; `None` decodes all of it.
    ///   The bricks one after the other, each one's `first_point` moved behind the points before
    ///   it, are the whole frame.
    /// - `limits`: for the whole frame, whichever brick is decoded.
    ///
    /// Frames that are not keys must come in order after their key.
    /// Implementers: after an error forget the run, so that no later frame builds on half of one.
    ///
    /// # Errors
    /// [`DecodeError`] if a chunk is damaged, out of order or over `limits`, there are other
    /// layers than the codec has, or no such brick.
    fn decode(
        &mut self,
        layers: &[&[u8]],
        brick: Option<u32>,
        limits: &Limits,
    ) -> Result<&Frame, DecodeError>;

    /// Forgets earlier chunks: the next one must be a key. Called after every seek.
    fn reset(&mut self);

    /// Whether meshes come with normals from now on, as they do at first. Else their bytes are
    /// zero: a surface with its light baked in needs none, and they are a third of a difference's
    /// time. Coded ones are read all the same, as the next frame's follow from them.
    fn set_normals(&mut self, _has_normals: bool) {}
}

/// Makes the decoder for a stream.
///
/// # Errors
/// [`DecodeError::UnknownCodec`] if the stream was made by a newer packer.
pub fn decoder(codec: [u8; 4]) -> Result<Box<dyn Decode>, DecodeError> {
    match codec {
        POINTS => Ok(Box::new(points::Decoder::default())),
        MESH => Ok(Box::new(meshes::Decoder::default())),
        _ => Err(DecodeError::UnknownCodec(codec)),
    }
}

/// How many bricks a frame has, by its chunk of layer 0: parts that several workers may decode at
/// once. At least 1, and 1 for meshes.
///
/// # Errors
/// [`DecodeError`] if the chunk's header is damaged, or there is no such codec here.
pub fn brick_count(codec: [u8; 4], chunk: &[u8]) -> Result<u32, DecodeError> {
    match codec {
        POINTS => points::brick_count(chunk),
        MESH => Ok(1),
        _ => Err(DecodeError::UnknownCodec(codec)),
    }
}

/// The chunk of a frame that has one layer and one brick.
fn only_chunk<'a>(
    layers: &[&'a [u8]],
    brick: Option<u32>,
    section: &'static str,
) -> Result<&'a [u8], DecodeError> {
    match (layers, brick) {
        (&[chunk], None | Some(0)) => Ok(chunk),
        _ => Err(DecodeError::malformed(
            section,
            "a frame has one layer and one brick",
        )),
    }
}
