//! The mesh codec, `msh2`: a key carries the topology, the other frames of its run are moved on
//! from the frame before.
//!
//! Follows FORMAT.md section 6.

mod attributes;
mod border;
mod coded_normals;
#[cfg(feature = "encode")]
mod encode;
#[cfg(feature = "encode")]
mod leading;
#[cfg(feature = "encode")]
mod likeness;
mod normals;
mod parts;
mod positions;
mod residuals;
mod seams;
#[cfg(feature = "encode")]
mod sewing;
mod shares;
mod steps;
mod topology;
mod walk;

#[cfg(feature = "encode")]
pub use encode::{Encoded, Encoder, Mesh, MeshOptions};
#[cfg(feature = "encode")]
pub use likeness::Pose;

use glam::Vec3A;
use touchline_scene::{
    Frame, Lattice, MeshFrame, MeshTopology, PackedVertex, octahedral_from_normal,
};

use crate::bytes::{self, Reader};
use crate::entropy::{SymbolCoder, SymbolReader};
use crate::{Decode, DecodeError, Limits, only_chunk};
use coded_normals::{Facing, Normals};
use parts::Parts;
use positions::Grid;
use topology::Topology;

/// The version of the payload.
const VERSION: u8 = 1;
/// Finest texture coordinates, bits.
const TEXTURE_BITS_MAX: u8 = 16;
/// The bit of a key's header that says that there are colours.
const COLOURS: u8 = 1;
/// The one for normals.
const NORMALS: u8 = 2;
/// The lattice's largest coordinate.
const LATTICE_MAX: i32 = 65535;
/// Units of a run's lattice in its quantiser's step at most, as a power of two.
const STEP_BITS_MAX: u8 = 4;
/// How far a frame's lattice may lie from the run's origin, in units: binary32 stays exact.
const OFFSET_MAX: i32 = 1 << 20;

/// The fields that every chunk starts with. FORMAT.md 6.2.
#[derive(Clone, Copy, Debug)]
struct Header {
    is_key: bool,
    /// 0 in a key, one more in each frame after it.
    frame_in_run: u32,
    vertex_count: u32,
    /// Where the frame's lattice starts, in units from the run's origin.
    offset: [i32; 3],
}

/// The fields that only a key has. FORMAT.md 6.2.
#[derive(Clone, Copy, Debug)]
struct KeyHeader {
    triangle_count: u32,
    /// Bits of a texture coordinate; 0 if there are none.
    texture_bits: u8,
    has_colours: bool,
    has_normals: bool,
    /// Units in a step of the quantiser, as a power of two.
    step_bits: u8,
    /// The run's origin and unit.
    lattice: Lattice,
}

impl Header {
    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.u8()? != VERSION {
            return Err(DecodeError::malformed("6.2", "the version is 1"));
        }
        let is_key = flag(reader.u8()?, "a frame is a key (1) or not (0)")?;
        if reader.u16()? != 0 {
            return Err(DecodeError::malformed("6.2", "bytes 2 and 3 are zero"));
        }
        let header = Self {
            is_key,
            frame_in_run: reader.u32()?,
            vertex_count: reader.u32()?,
            offset: [reader.i32()?, reader.i32()?, reader.i32()?],
        };
        let is_far = |axis: &i32| !(-OFFSET_MAX..=OFFSET_MAX).contains(axis);
        if header.offset.iter().any(is_far) {
            return Err(DecodeError::malformed("6.2", "the lattice is near its run"));
        }
        Ok(header)
    }

    #[cfg(feature = "encode")]
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&[VERSION, self.is_key.into(), 0, 0]);
        bytes.extend_from_slice(&self.frame_in_run.to_le_bytes());
        bytes.extend_from_slice(&self.vertex_count.to_le_bytes());
        for axis in self.offset {
            bytes.extend_from_slice(&axis.to_le_bytes());
        }
    }
}

impl KeyHeader {
    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let triangle_count = reader.u32()?;
        let texture_bits = reader.u8()?;
        let extras = reader.u8()?;
        let step_bits = reader.u8()?;
        let zero = reader.u8()?;
        let (origin, step_metres) = bytes::grid(reader, (OFFSET_MAX + LATTICE_MAX) as f32, "6.2")?;
        let wrong = |rule| Err(DecodeError::malformed("6.2", rule));
        if texture_bits > TEXTURE_BITS_MAX {
            return wrong("a texture coordinate has at most 16 bits");
        }
        if extras & !(COLOURS | NORMALS) != 0 {
            return wrong("a vertex has colours (1), normals (2) or both (3)");
        }
        if step_bits > STEP_BITS_MAX {
            return wrong("a step has at most 16 units");
        }
        if zero != 0 {
            return wrong("byte 31 is zero");
        }
        Ok(Self {
            triangle_count,
            texture_bits,
            has_colours: extras & COLOURS != 0,
            has_normals: extras & NORMALS != 0,
            step_bits,
            lattice: Lattice {
                origin,
                step_metres,
            },
        })
    }

    fn counts(&self, vertex_count: u32, payload_size: u32) -> topology::Counts {
        topology::Counts {
            vertex_count,
            triangle_count: self.triangle_count,
            has_seams: self.texture_bits > 0 || self.has_colours || self.has_normals,
            // More only if the bytes go on to say so, whatever a damaged header claims.
            room_max: payload_size,
        }
    }

    /// Of the quantiser, in units.
    fn step(&self) -> f32 {
        f32::from(1_u8 << self.step_bits)
    }

    #[cfg(feature = "encode")]
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.triangle_count.to_le_bytes());
        let extras = u8::from(self.has_colours) * COLOURS + u8::from(self.has_normals) * NORMALS;
        bytes.extend_from_slice(&[self.texture_bits, extras, self.step_bits, 0]);
        let [x, y, z] = self.lattice.origin;
        for number in [x, y, z, self.lattice.step_metres] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
    }
}

/// Whether the run that a key starts has coded normals; nothing else of it is read.
///
/// # Errors
/// [`DecodeError`] if the header is damaged, or is not that of a key.
#[cfg(feature = "encode")]
pub fn has_coded_normals(key: &[u8]) -> Result<bool, DecodeError> {
    let mut reader = Reader::new(key);
    if !Header::parse(&mut reader)?.is_key {
        return Err(DecodeError::malformed("6.2", "a run starts with a key"));
    }
    Ok(KeyHeader::parse(&mut reader)?.has_normals)
}

fn flag(byte: u8, rule: &'static str) -> Result<bool, DecodeError> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(DecodeError::malformed("6.2", rule)),
    }
}

/// What a run of frames shares, and where its latest frame stands.
#[derive(Debug)]
struct Run {
    topology: Topology,
    /// Its origin and unit.
    lattice: Lattice,
    /// Of the quantiser, in units.
    step: f32,
    /// In units from the origin.
    places: Vec<Vec3A>,
    frame_in_run: u32,
    parts: Parts,
    models: positions::Models,
    deviations: Deviations,
    /// As far as they are coded.
    normals: Normals,
}

/// How the vertices of the latest frame missed what their parts did, one a vertex; empty in a key.
#[derive(Debug, Default)]
struct Deviations {
    offsets: Vec<Vec3A>,
    /// How large their levels were, together.
    unrests: Vec<u8>,
}

impl Run {
    /// Starts with a key.
    fn new(topology: Topology, places: Vec<Vec3A>, key: &KeyHeader, normals: Normals) -> Self {
        Self {
            normals,
            lattice: key.lattice,
            step: key.step(),
            frame_in_run: 0,
            parts: Parts::default(),
            models: positions::Models::default(),
            deviations: Deviations::default(),
            places,
            topology,
        }
    }

    /// Starts a difference. The first one makes what only differences need; a run of one frame
    /// does without.
    ///
    /// `seeds`: the middles of parts, for the writing side.
    fn start_difference(
        &mut self,
        coder: &mut impl SymbolCoder,
        seeds: impl FnOnce(&[Vec3A]) -> Vec<u32>,
    ) -> Result<(), DecodeError> {
        if self.frame_in_run > 0 {
            return Ok(());
        }
        let seeds = seeds(&self.places);
        self.parts.code_seeds(coder, &self.places, &seeds)?;
        self.deviations
            .offsets
            .resize(self.places.len(), Vec3A::ZERO);
        self.deviations.unrests.resize(self.places.len(), 0);
        Ok(())
    }

    /// Moves coded normals on to the frame that the places are at.
    fn code_normals(
        &mut self,
        coder: &mut impl SymbolCoder,
        wanted: &[Facing],
    ) -> Result<(), DecodeError> {
        self.normals
            .code_difference(coder, &self.topology, &self.parts, wanted)
    }

    /// The lattice of a frame.
    fn lattice_at(&self, offset: [i32; 3]) -> Lattice {
        let Lattice {
            origin,
            step_metres,
        } = self.lattice;
        Lattice {
            origin: std::array::from_fn(|i| origin[i] + offset[i] as f32 * step_metres),
            step_metres,
        }
    }
}

/// Decodes meshes; keeps the current run.
#[derive(Debug, Default)]
pub struct Decoder {
    run: Option<Run>,
    frame: Option<Frame>,
    normals: normals::Scratch,
    leaves_normals_out: bool,
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
        let mut vertices = match self.frame.take() {
            Some(Frame::Mesh(frame)) => frame.vertices,
            _ => Vec::new(),
        };
        let mut reader = Reader::new(only_chunk(layers, brick, "6.2")?);
        let header = Header::parse(&mut reader)?;
        check_limit(header.vertex_count, limits.element_count_max)?;
        let (run, topology) = if header.is_key {
            let (run, topology) = decode_key(&header, reader, limits)?;
            (run, Some(topology))
        } else {
            (decode_difference(&header, reader, run)?, None)
        };
        self.write_vertices(&run, header.offset, &mut vertices);
        let frame = MeshFrame {
            topology,
            lattice: run.lattice_at(header.offset),
            vertices,
        };
        self.run = Some(run);
        Ok(self.frame.insert(Frame::Mesh(frame)))
    }

    fn reset(&mut self) {
        self.run = None;
    }

    fn set_normals(&mut self, has_normals: bool) {
        self.leaves_normals_out = !has_normals;
    }
}

impl Decoder {
    /// The run's latest frame as the GPU reads it.
    fn write_vertices(&mut self, run: &Run, offset: [i32; 3], vertices: &mut Vec<PackedVertex>) {
        let lowest = Vec3A::from_array(offset.map(|axis| axis as f32));
        // Exact: checked to lie on the lattice when decoded.
        let position = |place: Vec3A| (place - lowest).to_array().map(|axis| whole(axis) as u16);
        vertices.clear();
        if self.leaves_normals_out || !run.normals.is_empty() {
            vertices.extend(run.places.iter().map(|&place| PackedVertex {
                position: position(place),
                normal: [0; 2],
            }));
            if !self.leaves_normals_out {
                run.normals.write(vertices);
            }
            return;
        }
        let normals = self.normals.smooth(&run.places, &run.topology);
        let points = run.places.iter().zip(&run.topology.points);
        for (vertex, (&place, &point)) in points.enumerate() {
            let normal = match vertices.get(point as usize) {
                Some(twin) => twin.normal,
                None => octahedral_from_normal(normals[vertex]),
            };
            vertices.push(PackedVertex {
                position: position(place),
                normal,
            });
        }
    }
}

/// A number so large that binary32 has no place for the fraction of what is added to it, and that
/// the lower bits then are a small number's own.
const LARGE: f32 = 12_582_912.0;

/// The nearest whole number, ties to the even one; of one below 2^22 in magnitude, or else any.
///
/// Not by `as`, which takes WebAssembly several instructions for what is never so large.
#[inline]
fn whole(value: f32) -> i32 {
    ((value + LARGE).to_bits() as i32).wrapping_sub(LARGE.to_bits() as i32)
}

/// In an order of additions that does not depend on the machine.
fn dot(a: Vec3A, b: Vec3A) -> f32 {
    let product = a * b;
    product.x + product.y + product.z
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
    let mut coder = SymbolReader::new(reader.rest(payload_size, "6.2")?);
    let counts = key.counts(header.vertex_count, payload_size);
    let topology = walk::code(&mut coder, counts, &mut steps::Reading)?;
    if topology.points.len() != header.vertex_count as usize {
        return Err(DecodeError::malformed("6.4", "the walk meets every vertex"));
    }
    let grid = Grid::new(key.step(), header.offset);
    let places = positions::code_key(&mut coder, &topology, grid, &[])?;
    let attributes = attributes::code(&mut coder, &topology, &places, &key, None)?;
    let normals = match key.has_normals {
        true => Normals::code_key(&mut coder, &topology, &places, &[])?,
        false => Normals::default(),
    };
    coder.finish("6.1")?;
    let run = Run::new(topology, places, &key, normals);
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
        .filter(|run| run.places.len() as u64 == u64::from(header.vertex_count))
        .ok_or_else(|| {
            DecodeError::malformed("6.2", "a difference follows the frame before it in its run")
        })?;
    let mut coder = SymbolReader::new(payload);
    let grid = Grid::new(run.step, header.offset);
    run.start_difference(&mut coder, |_| Vec::new())?;
    run.parts
        .code_motions(&mut coder, &run.places, run.step, &[]);
    positions::code_difference(&mut coder, &mut run, grid, &[])?;
    run.code_normals(&mut coder, &[])?;
    coder.finish("6.1")?;
    run.frame_in_run = header.frame_in_run;
    Ok(run)
}

#[cfg(all(test, feature = "encode"))]
mod tests;
