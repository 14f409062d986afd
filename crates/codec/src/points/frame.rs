//! Decoded nodes and points to GPU-ready chunks, in Morton order.
//!
//! Follows FORMAT.md 5.6. A chunk is an aligned cube of cells, so in Morton order its points
//! lie in one run.

use touchline_scene::{PackedPoint, PointChunk, PointsFrame};

use super::octree::Octree;
use crate::lanes::Lanes;

/// Cells along a chunk's edge, as a power of two: the smallest and the largest chunk.
const CHUNK_BITS: std::ops::RangeInclusive<u32> = 7..=10;
/// Chunks grow until they hold so many points on average: a smaller one costs the GPU more to
/// start than to draw.
const CHUNK_POINT_COUNT_MIN: usize = 256;

/// A surface has about four times as many points a level; below this it has holes, and its
/// points lie further apart than the grid's step.
const CLOSED_RATIO_MIN: f32 = 3.0;

/// Where a brick's points lie in the stage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    /// The brick's lower corner, metres.
    pub(super) origin: [f32; 3],
    /// Edge of a cell at the depth of the points, metres.
    pub(super) step_metres: f32,
}

/// Makes chunks of a brick's points, which are in `frame` from `first_point` on, in Morton order.
///
/// A chunk holds all points below a node of a coarser level, and they follow each other.
pub(super) fn append(frame: &mut PointsFrame, octree: &Octree, first_point: usize, grid: Grid) {
    let node_counts = &octree.node_counts;
    let spacing_metres = grid.step_metres * spacing_steps(node_counts);
    let point_depth = node_counts.len() - 1;
    let chunk_depth = point_depth.saturating_sub(chunk_bits(node_counts) as usize);
    let mut left = &mut frame.points[first_point..];
    let mut first_point = first_point as u32;
    for cube in 0..node_counts[chunk_depth] {
        // The first point below this node and below the next.
        let first_below = |node: u32| {
            let depths = &octree.kept[chunk_depth..point_depth];
            depths.iter().zip(&node_counts[chunk_depth + 1..]).fold(
                node,
                |node, (nodes, &child_count)| {
                    let node = nodes.get(node as usize);
                    node.map_or(child_count, |node| node.first)
                },
            )
        };
        let point_count = first_below(cube + 1) - first_below(cube);
        let (points, rest) = left.split_at_mut(point_count as usize);
        left = rest;
        let (lo, hi) = moved_to_corner(points);
        // Packed positions count from the corner of a cube of that many cells.
        let base = octree.cell_at(chunk_depth, cube).map(|axis| {
            let cell = u32::from(axis) << (point_depth - chunk_depth);
            cell & !(PackedPoint::CELLS - 1)
        });
        let metres = |cells: u32| cells as f32 * grid.step_metres;
        frame.chunks.push(PointChunk {
            origin: std::array::from_fn(|i| grid.origin[i] + metres(base[i] + lo[i])),
            step_metres: grid.step_metres,
            size: std::array::from_fn(|i| metres(hi[i] - lo[i] + 1)),
            spacing_metres,
            first_point,
            point_count,
            spare: [0; 2],
        });
        first_point += point_count;
    }
}

/// Makes cells count from the tight box around all points; returns its lower and upper cell.
fn moved_to_corner(points: &mut [PackedPoint]) -> ([u32; 3], [u32; 3]) {
    // Each axis stays where it is packed, which is fine for comparing.
    let axes = [0, 10, 20].map(|shift| ((PackedPoint::CELLS - 1) << shift) as i32);
    let axes = Lanes::new([axes[0], axes[1], axes[2], 0]);
    let mut lo = axes;
    let mut hi = Lanes::splat(0);
    for point in points.iter() {
        let cell = Lanes::splat(point.position as i32).and(axes);
        lo = lo.min(cell);
        hi = hi.max(cell);
    }
    let [x, y, z, _] = lo.to_array();
    // No axis borrows from the next: this is the least on each.
    let corner = (x | y | z) as u32;
    for point in points {
        point.position -= corner;
    }
    let unpacked = |cell: Lanes| {
        let [x, y, z, _] = cell.to_array().map(|axis| axis as u32);
        [x, y >> 10, z >> 20]
    };
    (unpacked(lo), unpacked(hi))
}

/// How large chunks are.
fn chunk_bits(node_counts: &[u32]) -> u32 {
    let point_count = node_counts.last().copied().unwrap_or(0) as usize;
    CHUNK_BITS
        .clone()
        .find(|&bits| {
            let depth = node_counts.len().saturating_sub(1 + bits as usize);
            let chunk_count = node_counts.get(depth).copied().unwrap_or(1) as usize;
            chunk_count * CHUNK_POINT_COUNT_MIN <= point_count
        })
        .unwrap_or(*CHUNK_BITS.end())
}

/// The mean distance between neighbours, in steps of the grid: 1 where the surface is closed.
///
/// On a coarser level, where it is closed, the surface has an area of `nodes * edge^2`; the
/// points share it.
fn spacing_steps(node_counts: &[u32]) -> f32 {
    let mut spacing = 1.0;
    for pair in node_counts.windows(2).rev() {
        let ratio = pair[1] as f32 / pair[0] as f32;
        if ratio >= CLOSED_RATIO_MIN {
            break;
        }
        spacing *= 2.0 / ratio.sqrt();
    }
    spacing
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
    fn chunks_grow_where_points_are_few() {
        assert_eq!(
            chunk_bits(&[1, 8, 60, 200, 800, 3000, 1, 1, 1, 1, 700_000]),
            7
        );
        assert_eq!(
            chunk_bits(&[1, 8, 60, 200, 800, 3000, 1, 1, 1, 1, 20_000]),
            8
        );
        assert_eq!(chunk_bits(&[1, 2, 3, 4]), 10);
    }
}
