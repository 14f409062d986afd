//! Decoded nodes and points to GPU-ready chunks, in Morton order.
//!
//! Follows FORMAT.md 5.6. A chunk is an aligned cube of cells, so in Morton order its points
//! lie in one run.

use touchline_scene::{PackedPoint, PointChunk, PointsFrame};

use super::octree::Octree;

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

/// Adds a brick's points to a frame.
pub(super) fn append(frame: &mut PointsFrame, octree: &mut Octree, grid: Grid) {
    let node_counts = &octree.node_counts;
    // In nodes, whose edge is two cells.
    let node_bits = chunk_bits(node_counts) - 1;
    let spacing_metres = grid.step_metres * spacing_steps(node_counts);
    let cube_of = |node: usize| {
        octree.level.cells[node]
            .position
            .map(|axis| axis >> node_bits)
    };
    let points = &octree.points;
    frame.points.reserve(points.points.len());
    let in_order = octree.level.in_morton_order(&mut octree.scratch);
    let mut left = in_order;
    while let [first, ..] = *left {
        let cube = cube_of(first as usize);
        let is_outside = |&node: &u32| cube_of(node as usize) != cube;
        let (nodes, rest) = left.split_at(left.iter().position(is_outside).unwrap_or(left.len()));
        left = rest;
        let first_point = frame.points.len();
        let mut lo = [u32::MAX; 3];
        let mut hi = [0; 3];
        for &node in nodes {
            let node = node as usize;
            let run = points.firsts[node] as usize..points.firsts[node + 1] as usize;
            for &point in &points.points[run] {
                frame.points.push(point);
            }
            let cell = octree.level.cells[node].position;
            for (axis, (lo, hi)) in lo.iter_mut().zip(&mut hi).enumerate() {
                let corner = u32::from(cell[axis]) << 1;
                let (has_lower, has_upper) = sides(points.masks[node], axis);
                *lo = (*lo).min(corner + u32::from(!has_lower));
                *hi = (*hi).max(corner + u32::from(has_upper));
            }
        }
        // In the cube that packed positions count in.
        let base = lo.map(|lo| lo & !(PackedPoint::CELLS - 1));
        // Cells count from the tight box's corner, so that it is the chunk's origin too. No axis
        // borrows from the next: `lo` is the least on each.
        let offset = std::array::from_fn(|i| lo[i] - base[i]);
        let corner = PackedPoint::new(offset, [0; 3]).position;
        for point in &mut frame.points[first_point..] {
            point.position -= corner;
        }
        let metres = |cells: u32| cells as f32 * grid.step_metres;
        frame.chunks.push(PointChunk {
            origin: std::array::from_fn(|i| grid.origin[i] + metres(lo[i])),
            step_metres: grid.step_metres,
            size: std::array::from_fn(|i| metres(hi[i] - lo[i] + 1)),
            spacing_metres,
            first_point: first_point as u32,
            point_count: (frame.points.len() - first_point) as u32,
            spare: [0; 2],
        });
    }
}

/// Whether a node has children on the lower and the upper side of an axis.
fn sides(mask: u8, axis: usize) -> (bool, bool) {
    let lower = [0x55, 0x33, 0x0F][axis];
    (mask & lower != 0, mask & !lower != 0)
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
