//! The points codec, `oct1`: an octree's occupancy, then the colours of its leaves.
//!
//! Follows FORMAT.md section 5. Every chunk is a key.

mod colour;
#[cfg(feature = "encode")]
mod encode;
mod frame;
mod octree;

#[cfg(feature = "encode")]
pub use encode::{PointCloud, PointsOptions, encode};

use touchline_scene::Frame;

use crate::bytes::{self, Reader};
use crate::entropy::RangeDecoder;
use crate::{Decode, DecodeError, Limits, only_chunk};

/// The version of the payload.
const VERSION: u8 = 1;
/// Bits a coordinate at most.
const BITS_MAX: u8 = 16;
/// The coarsest step of a colour: a quarter of its range says nothing any more.
const COLOUR_STEP_MAX: u8 = 64;

/// The fixed fields of a chunk. FORMAT.md 5.2.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Header {
    /// Bits a coordinate: the octree's depth.
    bits: u8,
    steps: colour::Steps,
    point_count: u32,
    origin: [f32; 3],
    step_metres: f32,
}

impl Header {
    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.u8()? != VERSION {
            return Err(DecodeError::malformed("5.2", "the version is 1"));
        }
        let bits = reader.u8()?;
        let steps = colour::Steps {
            luma: reader.u8()?,
            chroma: reader.u8()?,
        };
        let point_count = reader.u32()?;
        let (origin, step_metres) = bytes::grid(reader, 65536.0, "5.2")?;
        if !(1..=BITS_MAX).contains(&bits) {
            return Err(DecodeError::malformed(
                "5.2",
                "a coordinate has 1 to 16 bits",
            ));
        }
        if [steps.luma, steps.chroma]
            .iter()
            .any(|step| !(1..=COLOUR_STEP_MAX).contains(step))
        {
            return Err(DecodeError::malformed("5.2", "a colour step is 1 to 64"));
        }
        Ok(Self {
            bits,
            steps,
            point_count,
            origin,
            step_metres,
        })
    }

    #[cfg(feature = "encode")]
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&[VERSION, self.bits, self.steps.luma, self.steps.chroma]);
        bytes.extend_from_slice(&self.point_count.to_le_bytes());
        for number in [
            self.origin[0],
            self.origin[1],
            self.origin[2],
            self.step_metres,
        ] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
    }
}

/// [`crate::brick_count`] of points.
pub(crate) fn brick_count(chunk: &[u8]) -> Result<u32, DecodeError> {
    Header::parse(&mut Reader::new(chunk)).map(|_| 1)
}

/// Decodes points; keeps nothing between chunks.
#[derive(Debug, Default)]
pub struct Decoder;

impl Decode for Decoder {
    fn decode(
        &mut self,
        layers: &[&[u8]],
        brick: Option<u32>,
        limits: &Limits,
    ) -> Result<Frame, DecodeError> {
        let mut reader = Reader::new(only_chunk(layers, brick, "5.2")?);
        let header = Header::parse(&mut reader)?;
        let payload_size = reader.u32()?;
        let payload = reader.rest(payload_size, "5.2")?;
        if header.point_count > limits.element_count_max {
            return Err(DecodeError::OverLimit {
                needed: header.point_count.into(),
                limit: limits.element_count_max.into(),
            });
        }
        let mut coder = RangeDecoder::new(payload);
        let tree = octree::code(&mut coder, header.bits, header.point_count, &[])?;
        let colours = colour::code(&mut coder, &tree, header.steps, &[])?;
        coder.finish("5.1")?;
        Ok(Frame::Points(frame::build(&header, &tree, &colours)))
    }

    fn reset(&mut self) {}
}

#[cfg(all(test, feature = "encode"))]
mod tests {
    use std::collections::BTreeMap;

    use glam::Vec3;
    use proptest::prelude::*;
    use touchline_scene::PointsFrame;

    use super::*;

    const LIMITS: Limits = Limits {
        element_count_max: 1000,
        triangle_count_max: 0,
    };

    fn decoded(layers: &[Vec<u8>]) -> PointsFrame {
        match decode(layers) {
            Ok(Frame::Points(frame)) => frame,
            other => panic!("{other:?}"),
        }
    }

    fn decode(layers: &[Vec<u8>]) -> Result<Frame, DecodeError> {
        let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
        Decoder.decode(&layers, None, &LIMITS)
    }

    /// The cells of a frame on the grid that it was made from, with their colours.
    fn cells(frame: &PointsFrame, cloud: &PointCloud) -> BTreeMap<[u32; 3], [u8; 4]> {
        let mut cells = BTreeMap::new();
        for chunk in &frame.chunks {
            let corner = (Vec3::from(chunk.origin) - cloud.origin) / cloud.step_metres;
            let run = chunk.first_point as usize..(chunk.first_point + chunk.point_count) as usize;
            for point in &frame.points[run] {
                let cell = corner.round().as_uvec3() + glam::UVec3::from(point.cell());
                assert!(
                    cells.insert(cell.to_array(), point.colour).is_none(),
                    "{cell} twice"
                );
                let reach = (Vec3::from(chunk.size) / chunk.step_metres)
                    .round()
                    .as_uvec3();
                assert!(
                    glam::UVec3::from(point.cell()).cmplt(reach).all(),
                    "outside its box"
                );
            }
        }
        cells
    }

    fn check(points: &[([u16; 3], [u8; 3])]) {
        let cloud = PointCloud {
            origin: Vec3::new(-1.0, 0.5, 2.0),
            step_metres: 0.25,
            cells: points.iter().map(|point| point.0).collect(),
            colours: points.iter().map(|point| point.1).collect(),
        };
        let exact = PointsOptions {
            luma_step: 1,
            chroma_step: 1,
            ..PointsOptions::default()
        };
        let frame = decoded(&encode(&cloud, &exact));
        let wanted: BTreeMap<[u32; 3], [u8; 4]> = points
            .iter()
            .map(|&(cell, [r, g, b])| (cell.map(u32::from), [r, g, b, 0]))
            .collect();
        assert_eq!(cells(&frame, &cloud), wanted);

        let coarse = decoded(&encode(&cloud, &PointsOptions::default()));
        for (cell, colour) in cells(&coarse, &cloud) {
            for (channel, &value) in colour.iter().enumerate() {
                // Half a luma step, and what half a step of both chroma differences adds.
                assert!(value.abs_diff(wanted[&cell][channel]) <= 5 + 10 + 5 + 2);
            }
        }
    }

    proptest! {
        #[test]
        fn exact_colours_come_back(
            bits in 1u32..=16,
            points in prop::collection::btree_map(any::<[u16; 3]>(), any::<[u8; 3]>(), 0..300),
        ) {
            let points: BTreeMap<_, _> = points
                .into_iter()
                .map(|(cell, colour)| (cell.map(|axis| axis >> (16 - bits)), colour))
                .collect();
            check(&points.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn one_cell_is_one_point_of_the_mean_colour() {
        let cloud = PointCloud {
            origin: Vec3::ZERO,
            step_metres: 1.0,
            cells: vec![[5, 6, 7]; 2],
            colours: vec![[10, 0, 255], [20, 1, 255]],
        };
        let frame = decoded(&encode(
            &cloud,
            &PointsOptions {
                luma_step: 1,
                chroma_step: 1,
                ..PointsOptions::default()
            },
        ));
        assert_eq!(frame.points.len(), 1);
        assert_eq!(frame.points[0].colour, [15, 1, 255, 0]);
        assert_eq!(frame.chunks[0].origin, [5.0, 6.0, 7.0]);
        assert_eq!(frame.chunks[0].size, [1.0; 3]);
    }

    #[test]
    fn too_many_points_are_refused() {
        let cloud = PointCloud {
            origin: Vec3::ZERO,
            step_metres: 1.0,
            cells: (0..1001).map(|x| [x, 0, 0]).collect(),
            colours: vec![[0; 3]; 1001],
        };
        let result = decode(&encode(&cloud, &PointsOptions::default()));
        assert_eq!(
            result,
            Err(DecodeError::OverLimit {
                needed: 1001,
                limit: 1000
            })
        );
    }
}
