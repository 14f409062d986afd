//! A point cloud to a chunk.
//!
//! Follows FORMAT.md section 5.

use glam::Vec3;

use super::colour::{self, Steps};
use super::{BITS_MAX, COLOUR_STEP_MAX, Header, octree};
use crate::entropy::RangeEncoder;

/// Points on a grid: a point lies at `origin + (cell + 0.5) * step_metres`, per axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointCloud {
    /// The grid's lower corner in the stage, metres.
    pub origin: Vec3,
    /// Edge of one grid cell, metres, above zero.
    pub step_metres: f32,
    /// In any order; points in one cell become one, their colours averaged.
    pub cells: Vec<[u16; 3]>,
    /// One a point: red, green, blue as sRGB.
    pub colours: Vec<[u8; 3]>,
}

/// How colours are kept, and in how many layers; geometry is exact on its grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointsOptions {
    /// Step of luma, 1 (exact) to 64.
    pub luma_step: u8,
    /// Step of both chroma differences, 1 (exact) to 64.
    pub chroma_step: u8,
    /// Layers that are asked for, at least 1; there may be fewer, `oct1` has one.
    pub layer_count: u8,
}

impl Default for PointsOptions {
    /// About 39 dB of luma on captured people.
    fn default() -> Self {
        Self {
            luma_step: 10,
            chroma_step: 20,
            layer_count: 3,
        }
    }
}

/// Encodes one frame: a chunk a layer.
///
/// # Panics
/// If there is not one colour a cell, a number of the grid is not finite, or a step is out of
/// range: the packer's mistakes.
pub fn encode(cloud: &PointCloud, options: &PointsOptions) -> Vec<Vec<u8>> {
    assert_eq!(cloud.cells.len(), cloud.colours.len(), "one colour a cell");
    let reach = cloud.origin + cloud.step_metres * 65536.0;
    assert!(
        cloud.step_metres > 0.0 && cloud.origin.is_finite() && reach.is_finite(),
        "grid at {} with step {}",
        cloud.origin,
        cloud.step_metres
    );
    let steps = Steps {
        luma: options.luma_step,
        chroma: options.chroma_step,
    };
    assert!(
        [steps.luma, steps.chroma]
            .iter()
            .all(|step| (1..=COLOUR_STEP_MAX).contains(step)),
        "colour steps {steps:?}"
    );
    let bits = bits_of(&cloud.cells);
    let (codes, colours) = sorted(cloud);
    let header = Header {
        bits,
        steps,
        point_count: codes.len() as u32,
        origin: cloud.origin.to_array(),
        step_metres: cloud.step_metres,
    };
    let payload = payload(&header, codes, &colours);
    let mut bytes = Vec::with_capacity(payload.len() + 32);
    header.write(&mut bytes);
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&payload);
    vec![bytes]
}

fn payload(header: &Header, codes: Vec<u64>, colours: &[[u8; 3]]) -> Vec<u8> {
    let masks = masks(codes, header.bits);
    let mut coder = RangeEncoder::new();
    // Writing what is there breaks no rule, so neither can fail.
    let tree = octree::code(&mut coder, header.bits, header.point_count, &masks);
    if let Ok(tree) = tree {
        let _decoded = colour::code(&mut coder, &tree, header.steps, colours);
    }
    coder.finish()
}

/// Bits that the largest coordinate needs; at least 1.
fn bits_of(cells: &[[u16; 3]]) -> u8 {
    let all = cells.iter().flatten().fold(0, |all, axis| all | axis);
    ((u16::BITS - all.leading_zeros()) as u8).clamp(1, BITS_MAX)
}

/// Morton codes, ascending and each once, with their mean colours.
fn sorted(cloud: &PointCloud) -> (Vec<u64>, Vec<[u8; 3]>) {
    let mut points: Vec<(u64, [u8; 3])> = cloud
        .cells
        .iter()
        .map(|&cell| morton_from_cell(cell))
        .zip(cloud.colours.iter().copied())
        .collect();
    points.sort_unstable();
    points
        .chunk_by(|a, b| a.0 == b.0)
        .map(|same| (same[0].0, mean(same)))
        .unzip()
}

fn mean(points: &[(u64, [u8; 3])]) -> [u8; 3] {
    let count = points.len() as u64;
    std::array::from_fn(|channel| {
        let sum: u64 = points.iter().map(|point| u64::from(point.1[channel])).sum();
        // Exact: a mean of bytes is a byte.
        ((sum + count / 2) / count) as u8
    })
}

/// The masks of each level, from the root down.
fn masks(mut codes: Vec<u64>, bits: u8) -> Vec<Vec<u8>> {
    let mut levels = Vec::with_capacity(bits.into());
    for _ in 0..bits {
        let (parents, masks): (Vec<u64>, Vec<u8>) = codes
            .chunk_by(|a, b| a >> 3 == b >> 3)
            .map(|siblings| {
                let mask = siblings.iter().fold(0, |mask, code| mask | 1 << (code & 7));
                (siblings[0] >> 3, mask)
            })
            .unzip();
        levels.push(masks);
        codes = parents;
    }
    levels.reverse();
    levels
}

/// Interleaves the coordinates' bits, x lowest.
fn morton_from_cell(cell: [u16; 3]) -> u64 {
    let [x, y, z] = cell.map(|axis| {
        let mut bits = u64::from(axis);
        bits = (bits | bits << 16) & 0x0000_0000_FF00_00FF;
        bits = (bits | bits << 8) & 0x100F_00F0_0F00_F00F;
        bits = (bits | bits << 4) & 0x10C3_0C30_C30C_30C3;
        (bits | bits << 2) & 0x1249_2492_4924_9249
    });
    x | y << 1 | z << 2
}
