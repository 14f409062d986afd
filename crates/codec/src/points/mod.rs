//! The points codec, `oct2`: an octree in layers, with the colours of its nodes.
//!
//! Follows FORMAT.md section 5. Every frame is a key.
//! Why it is as it is, and what was tried: `NOTES.md`.

mod chunk;
mod colour;
#[cfg(feature = "encode")]
mod encode;
mod frame;
mod haar;
mod level;
mod octree;
mod shape;
mod slices;
#[cfg(feature = "encode")]
mod train;

#[cfg(feature = "encode")]
pub use encode::{ColourSteps, PointCloud, PointsOptions, encode};
#[cfg(feature = "encode")]
pub use train::train;

use touchline_scene::{Frame, PackedPoint, PointsFrame};

use crate::entropy::{SymbolCoder, SymbolReader};
use crate::{Decode, DecodeError, Limits};
use chunk::{Brick, Chunk, Header};
use octree::{LevelRules, Octree, Wanted};

/// [`crate::brick_count`] of points.
pub(crate) fn brick_count(chunk: &[u8]) -> Result<u32, DecodeError> {
    chunk::brick_count(chunk)
}

/// Decodes points; between frames it keeps room to work in and nothing else.
pub struct Decoder {
    octree: Octree,
    /// Points.
    frame: Frame,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            octree: Octree::default(),
            frame: Frame::Points(PointsFrame::default()),
        }
    }
}

impl Decode for Decoder {
    fn decode(
        &mut self,
        layers: &[&[u8]],
        brick: Option<u32>,
        limits: &Limits,
    ) -> Result<&Frame, DecodeError> {
        // What an error leaves of it is never handed out.
        let Self { octree, frame } = self;
        if let Frame::Points(frame) = frame {
            frame.chunks.clear();
            frame.points.clear();
            decode(octree, layers, brick, limits, frame)?;
        }
        Ok(frame)
    }

    fn reset(&mut self) {}
}

/// Decodes a frame, or one of its bricks, into an empty `frame`.
fn decode(
    octree: &mut Octree,
    layers: &[&[u8]],
    brick: Option<u32>,
    limits: &Limits,
    frame: &mut PointsFrame,
) -> Result<(), DecodeError> {
    let chunks = Chunk::parse_all(layers, limits)?;
    let brick_count = brick_count(layers[0])?;
    let bricks = match brick {
        None => 0..brick_count,
        Some(brick) if brick < brick_count => brick..brick + 1,
        Some(_) => return Err(DecodeError::malformed("5.2", "a frame has so many bricks")),
    };
    for index in bricks {
        let shares: Option<Vec<_>> = chunks
            .iter()
            .map(|chunk| Some((chunk, *chunk.bricks.get(index as usize)?)))
            .collect();
        if let Some(shares) = shares {
            decode_brick(octree, &shares, frame)?;
        }
    }
    Ok(())
}

/// Adds a brick's points to `frame`: its share of each layer, layer 0 first.
fn decode_brick(
    octree: &mut Octree,
    shares: &[(&Chunk<'_>, Brick<'_>)],
    frame: &mut PointsFrame,
) -> Result<(), DecodeError> {
    let Some(((last, points), _)) = shares.split_last() else {
        return Ok(());
    };
    let header = &last.header;
    let first_point = frame.points.len();
    let depth = header.depth_after(shares.len() as u8 - 1);
    for (chunk, share) in shares {
        let mut coder = SymbolReader::new(share.payload);
        let bounds = (share.point_count, depth);
        code_layer(octree, &mut coder, chunk, bounds, &[], &mut frame.points)?;
        coder.finish("5.1")?;
        if octree.node_counts.last() != Some(&share.point_count) {
            return Err(DecodeError::malformed(
                "5.3",
                "a layer leads to as many points as its brick says",
            ));
        }
    }
    frame::append(frame, octree, first_point, grid(header, points.root, depth));
    Ok(())
}

/// Codes a brick's share of one layer; the octree comes from the layer before.
///
/// `point_count`: points once the layer is coded. `last_depth`: that of the frame's points, which
/// is the layer's own or a later one's, and which are added to `points`. `wanted`: the nodes by
/// depth, for the writing side.
fn code_layer(
    octree: &mut Octree,
    coder: &mut impl SymbolCoder,
    chunk: &Chunk<'_>,
    (point_count, last_depth): (u32, u8),
    wanted: &[Wanted],
    points: &mut Vec<PackedPoint>,
) -> Result<(), DecodeError> {
    let header = &chunk.header;
    if chunk.layer == 0 {
        octree.start(coder, wanted);
    }
    if chunk.refined_steps().len() > 0 {
        octree.refine(coder, chunk.refined_steps(), wanted);
    }
    for (depth, steps) in chunk.levels() {
        let rules = LevelRules {
            depth: (depth - header.root_depth).into(),
            steps,
            child_count_max: point_count,
            is_exact: header.is_exact && depth + 1 == header.bits,
        };
        if depth + 1 == last_depth {
            octree.code_points(coder, rules, wanted, points)?;
        } else {
            octree.code_level(coder, rules, wanted)?;
        }
    }
    Ok(())
}

/// Where the cells of a brick lie at a depth.
fn grid(header: &Header, root: [u16; 3], depth: u8) -> frame::Grid {
    let cells = f32::from(1_u16 << (header.bits - depth));
    let root_cells = 1_u32 << (header.bits - header.root_depth);
    frame::Grid {
        origin: std::array::from_fn(|i| {
            header.origin[i] + (u32::from(root[i]) * root_cells) as f32 * header.step_metres
        }),
        step_metres: header.step_metres * cells,
    }
}

#[cfg(all(test, feature = "encode"))]
mod tests {
    use std::collections::BTreeMap;

    use glam::Vec3;
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits {
        element_count_max: 1000,
        triangle_count_max: 0,
    };

    type Cells = BTreeMap<[u32; 3], [u8; 4]>;

    fn decoded(decoder: &mut Decoder, layers: &[Vec<u8>], brick: Option<u32>) -> PointsFrame {
        let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
        match decoder.decode(&layers, brick, &LIMITS) {
            Ok(Frame::Points(frame)) => frame.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn cloud(points: &Cells) -> PointCloud {
        PointCloud {
            origin: Vec3::new(-1.0, 0.5, 2.0),
            step_metres: 0.25,
            cells: points
                .keys()
                .map(|cell| cell.map(|axis| axis as u16))
                .collect(),
            colours: points.values().map(|&[r, g, b, _]| [r, g, b]).collect(),
        }
    }

    /// The cells of a frame on a grid of `1 << coarser` cells of `cloud`'s, with their colours.
    fn cells(frame: &PointsFrame, cloud: &PointCloud, coarser: usize) -> Cells {
        let mut cells = Cells::new();
        let step_metres = cloud.step_metres * (1 << coarser) as f32;
        for chunk in &frame.chunks {
            assert_eq!(chunk.step_metres, step_metres);
            let corner = (Vec3::from(chunk.origin) - cloud.origin) / step_metres;
            let run = chunk.first_point as usize..(chunk.first_point + chunk.point_count) as usize;
            let reach = (Vec3::from(chunk.size) / step_metres).round().as_uvec3();
            let (mut lo, mut hi) = (glam::UVec3::MAX, glam::UVec3::ZERO);
            for point in &frame.points[run] {
                let in_chunk = glam::UVec3::from(point.cell());
                (lo, hi) = (lo.min(in_chunk), hi.max(in_chunk));
                let cell = (corner.round().as_uvec3() + in_chunk).to_array();
                assert!(cells.insert(cell, point.colour).is_none(), "{cell:?} twice");
            }
            assert_eq!((lo, hi + 1), (glam::UVec3::ZERO, reach), "the box is tight");
        }
        cells
    }

    fn points(bits: std::ops::RangeInclusive<u32>) -> impl Strategy<Value = Cells> {
        let points = prop::collection::btree_map(any::<[u16; 3]>(), any::<[u8; 3]>(), 0..300);
        (bits, points).prop_map(|(bits, points)| {
            let cell = |cell: [u16; 3]| cell.map(|axis| u32::from(axis) >> (16 - bits));
            let colour = |[r, g, b]: [u8; 3]| [r, g, b, 0];
            points
                .into_iter()
                .map(|(at, rgb)| (cell(at), colour(rgb)))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn exact_colours_come_back(points in points(1..=16), layer_count in 1u8..=4) {
            let options = PointsOptions {
                layer_count,
                colours: ColourSteps::Exact,
                ..PointsOptions::default()
            };
            let cloud = cloud(&points);
            let frame = decoded(&mut Decoder::default(), &encode(&cloud, &options), None);
            prop_assert_eq!(cells(&frame, &cloud, 0), points);
        }

        #[test]
        fn every_layer_is_a_whole_cloud(points in points(4..=9), layer_count in 1u8..=4) {
            let options = PointsOptions { layer_count, ..PointsOptions::default() };
            let cloud = cloud(&points);
            let layers = encode(&cloud, &options);
            // One decoder for all: what it keeps of one frame does not leak into the next.
            let mut decoder = Decoder::default();
            for count in 1..=layers.len() {
                let frame = decoded(&mut decoder, &layers[..count], None);
                let coarser = layers.len() - count;
                let mut wanted: BTreeMap<[u32; 3], Vec<[u8; 4]>> = BTreeMap::new();
                for (cell, &colour) in &points {
                    wanted.entry(cell.map(|axis| axis >> coarser)).or_default().push(colour);
                }
                let found = cells(&frame, &cloud, coarser);
                prop_assert!(found.keys().eq(wanted.keys()));
            }
        }

        #[test]
        fn bricks_joined_are_the_whole(points in points(5..=7), limit in 1u32..60) {
            let options = PointsOptions {
                layer_count: 2,
                brick_point_count_max: limit,
                ..PointsOptions::default()
            };
            let layers = encode(&cloud(&points), &options);
            for count in 1..=layers.len() {
                let layers = &layers[..count];
                let whole = decoded(&mut Decoder::default(), layers, None);
                let mut joined = PointsFrame::default();
                for brick in 0..brick_count(&layers[0]).unwrap() {
                    let piece = decoded(&mut Decoder::default(), layers, Some(brick));
                    prop_assert!(count < 2 || piece.points.len() <= limit.max(64) as usize);
                    let first_point = joined.points.len() as u32;
                    joined.chunks.extend(piece.chunks.iter().map(|chunk| {
                        touchline_scene::PointChunk {
                            first_point: chunk.first_point + first_point,
                            ..*chunk
                        }
                    }));
                    joined.points.extend(piece.points);
                }
                prop_assert_eq!(joined, whole);
            }
        }
    }

    /// A sphere with a pattern: a surface, as the codec is made for.
    fn sphere(radius: i32) -> Cells {
        let reach = 0..2 * radius;
        let mut points = Cells::new();
        for (x, y) in reach
            .clone()
            .flat_map(|x| reach.clone().map(move |y| (x, y)))
        {
            for z in reach.clone() {
                let from_centre = [x, y, z].map(|axis| f64::from(axis - radius) + 0.5);
                let distance = from_centre.iter().map(|d| d * d).sum::<f64>().sqrt();
                if (distance - f64::from(radius) + 1.0).abs() <= 0.5 {
                    let shade = (x * 3 + y * 2 + 40) as u8;
                    points.insert(
                        [x, y, z].map(|axis| axis as u32),
                        [shade, 90, 200 - shade / 2, 0],
                    );
                }
            }
        }
        points
    }

    const WIDE: Limits = Limits {
        element_count_max: 1 << 20,
        triangle_count_max: 0,
    };

    #[test]
    fn a_surface_takes_few_bytes_and_looks_alike_at_every_layer() {
        let points = sphere(24);
        let cloud = cloud(&points);
        let layers = encode(&cloud, &PointsOptions::default());
        let size: usize = layers.iter().map(Vec::len).sum();
        let bits_each = size as f64 * 8.0 / points.len() as f64;
        assert!(bits_each < 3.0, "{bits_each} bits a point");
        let mut decoder = Decoder::default();
        for count in 1..=layers.len() {
            let refs: Vec<&[u8]> = layers[..count].iter().map(Vec::as_slice).collect();
            let Ok(Frame::Points(frame)) = decoder.decode(&refs, None, &WIDE) else {
                panic!("layer {count}");
            };
            let coarser = layers.len() - count;
            for (cell, colour) in cells(frame, &cloud, coarser) {
                let inside = |at: &[u32; 3]| at.map(|axis| axis >> coarser) == cell;
                let (_, wanted) = points.iter().find(|(at, _)| inside(at)).unwrap();
                for channel in 0..3 {
                    let off = colour[channel].abs_diff(wanted[channel]);
                    assert!(off < 50, "layer {count}, {cell:?}: {colour:?}, {wanted:?}");
                }
            }
        }
    }

    #[test]
    fn points_come_in_morton_order() {
        let layers = encode(&cloud(&sphere(20)), &PointsOptions::default());
        let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
        let mut decoder = Decoder::default();
        let Ok(Frame::Points(frame)) = decoder.decode(&layers, None, &WIDE) else {
            panic!();
        };
        let interleaved = |cell: [u32; 3]| {
            (0..10).fold(0, |code, bit| {
                (0..3).fold(code, |code, axis| {
                    code | (cell[axis] >> bit & 1) << (3 * bit + axis)
                })
            })
        };
        let grid = [-1.0, 0.5, 2.0];
        let codes: Vec<u32> = frame
            .chunks
            .iter()
            .flat_map(|chunk| {
                let corner: [u32; 3] =
                    std::array::from_fn(|i| ((chunk.origin[i] - grid[i]) / 0.25).round() as u32);
                let run = &frame.points[chunk.first_point as usize..][..chunk.point_count as usize];
                run.iter().map(move |point| {
                    let cell = point.cell();
                    interleaved(std::array::from_fn(|i| corner[i] + cell[i]))
                })
            })
            .collect();
        assert!(codes.is_sorted());
    }

    #[test]
    fn one_cell_is_one_point_of_the_mean_colour() {
        let cloud = PointCloud {
            origin: Vec3::ZERO,
            step_metres: 1.0,
            cells: vec![[5, 6, 7]; 2],
            colours: vec![[10, 0, 255], [20, 1, 255]],
        };
        let layers = encode(&cloud, &PointsOptions::default());
        let frame = decoded(&mut Decoder::default(), &layers, None);
        assert_eq!(frame.points.len(), 1);
        assert_eq!(frame.points[0].colour, [15, 1, 255, 0]);
        assert_eq!(frame.chunks[0].origin, [5.0, 6.0, 7.0]);
        assert_eq!(frame.chunks[0].size, [1.0; 3]);
    }

    #[test]
    fn a_frame_without_points_has_all_its_layers() {
        let layers = encode(&cloud(&Cells::new()), &PointsOptions::default());
        assert_eq!(layers.len(), 3);
        assert_eq!(brick_count(&layers[0]), Ok(1));
        assert!(
            decoded(&mut Decoder::default(), &layers, Some(0))
                .points
                .is_empty()
        );
    }

    #[test]
    fn a_small_thing_in_a_large_grid_takes_few_bytes() {
        // Far apart and alone: each costs its coordinates and little else.
        let points = (0..200_u32)
            .map(|i| {
                (
                    [i * 327, i * 7919 % 65536, i * 31337 % 65536],
                    [i as u8, 7, 9, 0],
                )
            })
            .collect();
        let layers = encode(&cloud(&points), &PointsOptions::default());
        let size: usize = layers.iter().map(Vec::len).sum();
        assert!(size < points.len() * 8, "{size} bytes");
        let frame = decoded(&mut Decoder::default(), &layers, None);
        assert_eq!(frame.points.len(), points.len());
    }

    #[test]
    fn too_many_points_are_refused() {
        let points = (0..1001).map(|x| ([x, 0, 0], [0; 4])).collect();
        let layers = encode(&cloud(&points), &PointsOptions::default());
        let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
        let mut decoder = Decoder::default();
        assert_eq!(
            decoder.decode(&layers, None, &LIMITS),
            Err(DecodeError::OverLimit {
                needed: 1001,
                limit: 1000
            })
        );
        // Fewer layers have fewer points.
        assert!(decoder.decode(&layers[..2], None, &LIMITS).is_ok());
    }
}
