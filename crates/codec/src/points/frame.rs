//! Leaves and colours to GPU-ready chunks.
//!
//! Follows FORMAT.md 5.5. A brick is an aligned cube of cells, so in Morton order its points
//! lie in one run.

use touchline_scene::{PackedPoint, PointChunk, PointsFrame};

use super::Header;
use super::octree::Tree;

/// Cells along a brick's edge, as a power of two: the smallest and the largest brick.
const BRICK_BITS: std::ops::RangeInclusive<u8> = 7..=10;
/// Bricks grow until they hold so many points on average: a smaller one costs the GPU more to
/// start than to draw.
const BRICK_POINT_COUNT_MIN: u64 = 256;

/// A surface has about four times as many points a level; below this it has holes, and its
/// points lie further apart than the grid's step.
const CLOSED_RATIO_MIN: f32 = 3.0;

/// The frame as the GPU reads it.
pub(super) fn build(header: &Header, tree: &Tree, colours: &[[u8; 3]]) -> PointsFrame {
    let brick_bits = brick_bits(header.bits, &tree.counts);
    let spacing_metres = header.step_metres * spacing_steps(&tree.counts);
    let brick_of = |code: &u64| code >> (3 * brick_bits);
    let mut frame = PointsFrame {
        chunks: Vec::new(),
        points: Vec::with_capacity(tree.leaves.len()),
    };
    let mut colours = colours.iter();
    for brick in tree.leaves.chunk_by(|a, b| brick_of(a) == brick_of(b)) {
        let first_point = frame.points.len();
        let mut lo = [u32::MAX; 3];
        let mut hi = [0; 3];
        for (&code, &colour) in brick.iter().zip(colours.by_ref()) {
            let cell = cell_from_morton(code).map(|axis| axis & ((1 << brick_bits) - 1));
            lo = std::array::from_fn(|i| lo[i].min(cell[i]));
            hi = std::array::from_fn(|i| hi[i].max(cell[i]));
            frame.points.push(PackedPoint::new(cell, colour));
        }
        // Cells count from the tight box's corner, so that it is the chunk's origin too. No axis
        // borrows from the next: `lo` is the least on each.
        let corner = PackedPoint::new(lo, [0; 3]).position;
        for point in &mut frame.points[first_point..] {
            point.position -= corner;
        }
        let brick_cell = cell_from_morton(brick_of(&brick[0]) << (3 * brick_bits));
        frame.chunks.push(PointChunk {
            origin: std::array::from_fn(|i| {
                header.origin[i] + (brick_cell[i] + lo[i]) as f32 * header.step_metres
            }),
            step_metres: header.step_metres,
            size: std::array::from_fn(|i| (hi[i] - lo[i] + 1) as f32 * header.step_metres),
            spacing_metres,
            first_point: first_point as u32,
            point_count: brick.len() as u32,
            spare: [0; 2],
        });
    }
    frame
}

/// How large bricks are.
fn brick_bits(bits: u8, counts: &[u32]) -> u8 {
    let point_count = counts.last().copied().unwrap_or(0);
    BRICK_BITS
        .clone()
        .find(|&brick_bits| {
            let depth = usize::from(bits.saturating_sub(brick_bits));
            let brick_count = counts.get(depth).copied().unwrap_or(1);
            u64::from(brick_count) * BRICK_POINT_COUNT_MIN <= u64::from(point_count)
        })
        .unwrap_or(*BRICK_BITS.end())
}

/// The mean distance between neighbours, in steps of the grid: 1 where the surface is closed.
///
/// On a coarser level, where it is closed, the surface has an area of `nodes * edge^2`; the
/// points share it.
fn spacing_steps(counts: &[u32]) -> f32 {
    let mut spacing = 1.0;
    for pair in counts.windows(2).rev() {
        let ratio = pair[1] as f32 / pair[0] as f32;
        if ratio >= CLOSED_RATIO_MIN {
            break;
        }
        spacing *= 2.0 / ratio.sqrt();
    }
    spacing
}

/// Every third bit, from bit 0, 1 and 2 on.
fn cell_from_morton(code: u64) -> [u32; 3] {
    [code, code >> 1, code >> 2].map(|code| {
        let mut bits = code & 0x1249_2492_4924_9249;
        bits = (bits | bits >> 2) & 0x10C3_0C30_C30C_30C3;
        bits = (bits | bits >> 4) & 0x100F_00F0_0F00_F00F;
        bits = (bits | bits >> 8) & 0x001F_0000_FF00_00FF;
        bits = (bits | bits >> 16) & 0x001F_0000_0000_FFFF;
        bits as u32 & 0xFFFF
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spacing_follows_the_holes() {
        assert_eq!(spacing_steps(&[1, 4, 16, 64]), 1.0);
        // One level of pure thinning: as many points as cells of twice the size.
        assert_eq!(spacing_steps(&[1, 4, 16, 16]), 2.0);
        assert!((spacing_steps(&[1, 4, 16, 32]) - 2.0_f32.sqrt()).abs() < 1e-6);
        assert_eq!(spacing_steps(&[]), 1.0);
    }

    #[test]
    fn bricks_grow_where_points_are_few() {
        assert_eq!(
            brick_bits(10, &[1, 8, 60, 200, 800, 3000, 1, 1, 1, 1, 700_000]),
            7
        );
        assert_eq!(
            brick_bits(10, &[1, 8, 60, 200, 800, 3000, 1, 1, 1, 1, 20_000]),
            8
        );
        assert_eq!(brick_bits(3, &[1, 2, 3, 4]), 10);
    }
}
