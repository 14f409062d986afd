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
use crate::{Decode, DecodeError, Limits};
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
}

impl Decode for Decoder {
    fn decode(&mut self, chunk: &[u8], limits: &Limits) -> Result<Frame, DecodeError> {
        // Taken out, so that an error leaves no run behind.
        let run = self.run.take();
        let mut reader = Reader::new(chunk);
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
        Ok(Frame::Mesh(frame))
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
    coder.finish("5.1")?;
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
    coder.finish("5.1")?;
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
mod tests {
    use std::f32::consts::TAU;

    use glam::Vec3;
    use proptest::prelude::*;
    use touchline_scene::normal_from_octahedral;

    use super::*;

    const LIMITS: Limits = Limits {
        element_count_max: 10_000,
        triangle_count_max: 20_000,
    };

    fn decoded(decoder: &mut Decoder, chunk: &[u8]) -> MeshFrame {
        match decoder.decode(chunk, &LIMITS) {
            Ok(Frame::Mesh(frame)) => frame,
            other => panic!("{other:?}"),
        }
    }

    /// The mesh's triangles, each from its least corner on, with texture and colours; sorted.
    fn shape(mesh: &Mesh, step_metres: f32) -> Vec<[[i64; 9]; 3]> {
        let corner = |&index: &u32| {
            let index = index as usize;
            let place = (mesh.positions[index] / step_metres).round().as_i64vec3();
            let [u, v] = mesh.texture.get(index).map_or([0; 2], |texture| {
                texture.map(|axis| (axis * 4095.0).round() as i64)
            });
            let colour = mesh.colours.get(index).copied().unwrap_or([255; 4]);
            let [r, g, b, a] = colour.map(i64::from);
            [place.x, place.y, place.z, u, v, r, g, b, a]
        };
        let mut triangles: Vec<_> = mesh
            .indices
            .chunks_exact(3)
            .filter(|at| at[0] != at[1] && at[1] != at[2] && at[2] != at[0])
            .map(|at| {
                let [a, b, c] = [corner(&at[0]), corner(&at[1]), corner(&at[2])];
                [[a, b, c], [b, c, a], [c, a, b]].into_iter().min().unwrap()
            })
            .collect();
        triangles.sort_unstable();
        triangles
    }

    /// A decoded frame as a mesh again.
    fn as_mesh(frame: &MeshFrame, topology: &MeshTopology) -> Mesh {
        let lattice = frame.lattice;
        Mesh {
            positions: frame
                .vertices
                .iter()
                .map(|vertex| {
                    let place = Vec3::from(vertex.position.map(f32::from));
                    Vec3::from(lattice.origin) + place * lattice.step_metres
                })
                .collect(),
            indices: topology.indices.clone(),
            texture: topology
                .attributes
                .iter()
                .map(|at| at.texture.map(|axis| f32::from(axis) / 65535.0))
                .collect(),
            colours: topology.attributes.iter().map(|at| at.colour).collect(),
        }
    }

    /// A sphere with a seam: its first and last meridian lie at the same place.
    fn sphere(turned: f32, center: Vec3) -> Mesh {
        let (columns, rows) = (24_u32, 12_u32);
        let mut mesh = Mesh::default();
        for row in 0..=rows {
            for column in 0..=columns {
                let [u, v] = [column as f32 / columns as f32, row as f32 / rows as f32];
                let (sin, cos) = ((u * TAU).rem_euclid(TAU) + turned).sin_cos();
                let (ring, height) = (v * TAU / 2.0).sin_cos();
                let at = match column {
                    _ if column == columns => mesh.positions[(row * (columns + 1)) as usize],
                    _ => center + Vec3::new(ring * sin, height, ring * cos),
                };
                mesh.positions.push(at);
                mesh.texture.push([u, v]);
                mesh.colours
                    .push([row as u8 * 9, column as u8 * 3, 77, 255]);
            }
        }
        for row in 0..rows {
            for column in 0..columns {
                let a = row * (columns + 1) + column;
                let [b, c, d] = [a + 1, a + columns + 1, a + columns + 2];
                mesh.indices.extend_from_slice(&[a, c, b, b, c, d]);
            }
        }
        mesh
    }

    #[test]
    fn a_run_stays_within_half_a_step() {
        let mut encoder = Encoder::new(MeshOptions::default());
        let mut decoder = Decoder::default();
        let mut topology = None;
        for frame_index in 0..8 {
            let turned = frame_index as f32 * 0.05;
            let center = Vec3::new(turned * 3.0, 1.0, -2.0);
            let mesh = sphere(turned, center);
            let encoded = encoder.encode(&mesh);
            assert_eq!(encoded.is_key, frame_index == 0);
            let frame = decoded(&mut decoder, &encoded.bytes);
            let topology = topology.get_or_insert_with(|| frame.topology.clone().unwrap());
            let back = as_mesh(&frame, topology);
            assert_eq!(shape(&back, 0.001), shape(&mesh, 0.001));
            for (vertex, position) in frame.vertices.iter().zip(&back.positions) {
                let outwards = (*position - center).normalize();
                assert!(normal_from_octahedral(vertex.normal).dot(outwards) > 0.99);
            }
        }
    }

    #[test]
    fn a_new_topology_a_far_jump_and_a_reset_make_keys() {
        let mut encoder = Encoder::new(MeshOptions::default());
        let near = sphere(0.0, Vec3::ZERO);
        assert!(encoder.encode(&near).is_key);
        assert!(!encoder.encode(&near).is_key);
        assert!(encoder.encode(&sphere(0.0, Vec3::X * 100.0)).is_key);
        let mut other = near.clone();
        other.indices.truncate(300);
        assert!(encoder.encode(&other).is_key);
        assert!(!encoder.encode(&other).is_key);
        encoder.reset();
        assert!(encoder.encode(&other).is_key);
    }

    #[test]
    fn a_mesh_too_large_gets_a_coarser_step() {
        let mut mesh = sphere(0.0, Vec3::ZERO);
        for position in &mut mesh.positions {
            *position *= 100.0;
        }
        let chunk = Encoder::new(MeshOptions::default()).encode(&mesh).bytes;
        let frame = decoded(&mut Decoder::default(), &chunk);
        assert_eq!(frame.lattice.step_metres, 0.004);
        let back = as_mesh(&frame, frame.topology.as_ref().unwrap());
        assert_eq!(shape(&back, 0.004), shape(&mesh, 0.004));
    }

    #[test]
    fn frames_out_of_order_are_refused() {
        let mut encoder = Encoder::new(MeshOptions::default());
        let mesh = sphere(0.0, Vec3::ZERO);
        let chunks: Vec<_> = (0..3).map(|_| encoder.encode(&mesh).bytes).collect();
        let mut decoder = Decoder::default();
        assert!(decoder.decode(&chunks[1], &LIMITS).is_err(), "no key yet");
        decoded(&mut decoder, &chunks[0]);
        assert!(
            decoder.decode(&chunks[2], &LIMITS).is_err(),
            "frame 1 is missing"
        );
        assert!(
            decoder.decode(&chunks[1], &LIMITS).is_err(),
            "the run is forgotten"
        );
        decoded(&mut decoder, &chunks[0]);
        decoded(&mut decoder, &chunks[1]);
        decoder.reset();
        assert!(
            decoder.decode(&chunks[2], &LIMITS).is_err(),
            "after a reset"
        );
    }

    #[test]
    fn nothing_is_a_mesh_too() {
        let chunk = Encoder::new(MeshOptions::default())
            .encode(&Mesh::default())
            .bytes;
        let frame = decoded(&mut Decoder::default(), &chunk);
        assert_eq!(frame.topology, Some(MeshTopology::default()));
        assert_eq!(frame.vertices, []);
    }

    proptest! {
        /// Any triangles at all: edges shared by many, flipped neighbours, twice the same.
        #[test]
        fn any_topology_comes_back(indices in prop::collection::vec(0u32..20, 0..200), seed in any::<u32>()) {
            let count = indices.len() / 3 * 3;
            let place = |i: u32| (seed.wrapping_mul(i * 2 + 1) >> 20) as f32 * 0.001;
            let mesh = Mesh {
                positions: (0..20).map(|i| Vec3::new(place(i), place(i + 20), place(i + 40))).collect(),
                indices: indices[..count].to_vec(),
                texture: Vec::new(),
                colours: (0..20).map(|i| [i * 12, 255 - i, i, 255]).collect(),
            };
            let chunk = Encoder::new(MeshOptions::default()).encode(&mesh).bytes;
            let frame = decoded(&mut Decoder::default(), &chunk);
            let mut back = as_mesh(&frame, frame.topology.as_ref().unwrap());
            back.texture.clear();
            prop_assert_eq!(shape(&back, 0.001), shape(&mesh, 0.001));
        }
    }
}
