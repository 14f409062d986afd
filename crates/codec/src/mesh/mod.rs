//! The mesh codec, `msh1`: a key carries the topology, the other frames of its run are
//! differences to the frame before.
//!
//! Follows FORMAT.md section 6.

mod attributes;
mod border;
#[cfg(feature = "encode")]
mod encode;
mod normals;
mod positions;
mod residuals;
mod topology;
#[cfg(feature = "encode")]
mod walk;

#[cfg(feature = "encode")]
pub use encode::{Encoded, Encoder, Mesh, MeshOptions};

use touchline_scene::{Frame, Lattice, MeshFrame, MeshTopology, PackedVertex};

use crate::bytes::{self, Reader};
use crate::entropy::RangeDecoder;
use crate::{Decode, DecodeError, Limits, only_chunk};
use topology::Topology;

/// The version of the payload.
const VERSION: u8 = 1;
/// Finest texture coordinates, bits.
const TEXTURE_BITS_MAX: u8 = 16;
/// The lattice's largest coordinate.
const LATTICE_MAX: i32 = 65535;

/// The fields that every chunk starts with. FORMAT.md 6.2.
#[derive(Clone, Copy, Debug)]
struct Header {
    is_key: bool,
    /// Which prediction a difference uses; 0 in a key.
    motion: positions::Motion,
    /// 0 in a key, one more in each frame after it.
    frame_in_run: u32,
    vertex_count: u32,
}

/// The fields that only a key has. FORMAT.md 6.2.
#[derive(Clone, Copy, Debug)]
struct KeyHeader {
    triangle_count: u32,
    /// Bits of a texture coordinate; 0 if there are none.
    texture_bits: u8,
    has_colours: bool,
    lattice: Lattice,
}

impl Header {
    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.u8()? != VERSION {
            return Err(DecodeError::malformed("6.2", "the version is 1"));
        }
        let is_key = match reader.u8()? {
            0 => false,
            1 => true,
            _ => {
                return Err(DecodeError::malformed(
                    "6.2",
                    "a frame is a key (1) or not (0)",
                ));
            }
        };
        let motion = match reader.u8()? {
            0 => positions::Motion::Mean,
            1 if !is_key => positions::Motion::Parallelogram,
            _ => {
                return Err(DecodeError::malformed(
                    "6.2",
                    "the motion is 0 or 1, 0 in a key",
                ));
            }
        };
        if reader.u8()? != 0 {
            return Err(DecodeError::malformed("6.2", "byte 3 is zero"));
        }
        Ok(Self {
            is_key,
            motion,
            frame_in_run: reader.u32()?,
            vertex_count: reader.u32()?,
        })
    }

    #[cfg(feature = "encode")]
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&[VERSION, self.is_key.into(), self.motion as u8, 0]);
        bytes.extend_from_slice(&self.frame_in_run.to_le_bytes());
        bytes.extend_from_slice(&self.vertex_count.to_le_bytes());
    }
}

impl KeyHeader {
    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let triangle_count = reader.u32()?;
        let texture_bits = reader.u8()?;
        let has_colours = match reader.u8()? {
            0 => false,
            1 => true,
            _ => {
                return Err(DecodeError::malformed(
                    "6.2",
                    "colours are there (1) or not (0)",
                ));
            }
        };
        if [reader.u8()?, reader.u8()?] != [0; 2] {
            return Err(DecodeError::malformed("6.2", "bytes 18 and 19 are zero"));
        }
        if texture_bits > TEXTURE_BITS_MAX {
            return Err(DecodeError::malformed(
                "6.2",
                "a texture coordinate has at most 16 bits",
            ));
        }
        let (origin, step_metres) = bytes::grid(reader, LATTICE_MAX as f32, "6.2")?;
        Ok(Self {
            triangle_count,
            texture_bits,
            has_colours,
            lattice: Lattice {
                origin,
                step_metres,
            },
        })
    }

    #[cfg(feature = "encode")]
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.triangle_count.to_le_bytes());
        bytes.extend_from_slice(&[self.texture_bits, self.has_colours.into(), 0, 0]);
        let [x, y, z] = self.lattice.origin;
        for number in [x, y, z, self.lattice.step_metres] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
    }
}

/// What a run of frames shares, and where its latest frame stands.
#[derive(Debug)]
struct Run {
    topology: Topology,
    lattice: Lattice,
    /// For each vertex an earlier one at the same place, across a seam; or itself.
    twins: Vec<u32>,
    positions: Vec<[i32; 3]>,
    frame_in_run: u32,
}

/// Decodes meshes; keeps the current run.
#[derive(Debug, Default)]
pub struct Decoder {
    run: Option<Run>,
    frame: Option<Frame>,
}

impl Decode for Decoder {
    fn decode(
        &mut self,
        layers: &[&[u8]],
        brick: Option<u32>,
        limits: &Limits,
    ) -> Result<&Frame, DecodeError> {
        // Taken out, so that an error leaves no run behind.
        let run = self.run.take();
        let mut reader = Reader::new(only_chunk(layers, brick, "6.2")?);
        let header = Header::parse(&mut reader)?;
        check_limit(header.vertex_count, limits.element_count_max)?;
        let (run, topology) = if header.is_key {
            let (run, topology) = decode_key(&header, reader, limits)?;
            (run, Some(topology))
        } else {
            (decode_difference(&header, reader, run)?, None)
        };
        let frame = MeshFrame {
            topology,
            lattice: run.lattice,
            vertices: vertices(&run),
        };
        self.run = Some(run);
        Ok(self.frame.insert(Frame::Mesh(frame)))
    }

    fn reset(&mut self) {
        self.run = None;
    }
}

fn check_limit(needed: u32, limit: u32) -> Result<(), DecodeError> {
    if needed > limit {
        return Err(DecodeError::OverLimit {
            needed: needed.into(),
            limit: limit.into(),
        });
    }
    Ok(())
}

fn decode_key(
    header: &Header,
    mut reader: Reader<'_>,
    limits: &Limits,
) -> Result<(Run, MeshTopology), DecodeError> {
    let key = KeyHeader::parse(&mut reader)?;
    check_limit(key.triangle_count, limits.triangle_count_max)?;
    if header.frame_in_run != 0 {
        return Err(DecodeError::malformed("6.2", "a key starts its run"));
    }
    let payload_size = reader.u32()?;
    let mut coder = RangeDecoder::new(reader.rest(payload_size, "6.2")?);
    let counts = topology::Counts {
        vertex_count: header.vertex_count,
        triangle_count: key.triangle_count,
    };
    let topology = topology::code(&mut coder, counts, &mut topology::Reading)?;
    let attributes = attributes::code(&mut coder, &topology, &key, None)?;
    let positions = positions::code_key(&mut coder, &topology, &[])?;
    coder.finish("6.1")?;
    let run = Run {
        twins: topology.twins(&positions),
        lattice: key.lattice,
        positions,
        frame_in_run: 0,
        topology,
    };
    let topology = MeshTopology {
        indices: run.topology.indices.clone(),
        attributes,
    };
    Ok((run, topology))
}

fn decode_difference(
    header: &Header,
    mut reader: Reader<'_>,
    run: Option<Run>,
) -> Result<Run, DecodeError> {
    let payload_size = reader.u32()?;
    let payload = reader.rest(payload_size, "6.2")?;
    let mut run = run
        .filter(|run| run.frame_in_run.checked_add(1) == Some(header.frame_in_run))
        .filter(|run| run.positions.len() as u64 == u64::from(header.vertex_count))
        .ok_or_else(|| {
            DecodeError::malformed("6.2", "a difference follows the frame before it in its run")
        })?;
    let mut coder = RangeDecoder::new(payload);
    run.positions = positions::code_difference(&mut coder, &run, header.motion, &[])?;
    coder.finish("6.1")?;
    run.frame_in_run = header.frame_in_run;
    Ok(run)
}

/// The run's latest frame as the GPU reads it.
fn vertices(run: &Run) -> Vec<PackedVertex> {
    let normals = normals::smooth(&run.positions, &run.topology.indices, &run.twins);
    run.positions
        .iter()
        .zip(normals)
        .map(|(position, normal)| PackedVertex {
            // Exact: checked to lie on the lattice when decoded.
            position: position.map(|axis| axis as u16),
            normal,
        })
        .collect()
}

#[cfg(all(test, feature = "encode"))]
mod tests;
