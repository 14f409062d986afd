//! Turns a triangle surface into a thin shell of coloured voxels.
//!
//! Each triangle marks, in every grid column along its steepest axis whose middle it covers, the
//! one voxel it passes: a shell one voxel thick that no face-to-face path crosses (6-separating,
//! Huang et al. 1998).

use glam::{IVec3, Vec3};

/// A place on a triangle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    /// Which voxel.
    pub(crate) voxel: IVec3,
    /// Index of the triangle.
    pub(crate) triangle: u32,
    /// Shares of its corners.
    pub(crate) shares: Vec3,
    /// From the voxel's middle, voxels.
    distance: f32,
}

/// The voxels of a surface, one spot each, in order of z, y, x.
///
/// `positions` are in voxels.
pub(crate) fn voxelise(positions: &[Vec3], triangles: &[[u32; 3]]) -> Vec<Spot> {
    let mut spots = Vec::new();
    for (index, triangle) in triangles.iter().enumerate() {
        let corners = triangle.map(|index| positions[index as usize]);
        columns(corners, |voxel, shares, distance| {
            spots.push(Spot {
                voxel,
                triangle: index as u32,
                shares,
                distance,
            });
        });
    }
    let place = |spot: &Spot| (spot.voxel.z, spot.voxel.y, spot.voxel.x);
    spots.sort_by(|a, b| {
        place(a)
            .cmp(&place(b))
            .then(a.distance.total_cmp(&b.distance))
            .then(a.triangle.cmp(&b.triangle))
    });
    spots.dedup_by_key(|spot| spot.voxel);
    spots
}

/// Calls `mark` for each grid column that the triangle covers.
fn columns([a, b, c]: [Vec3; 3], mut mark: impl FnMut(IVec3, Vec3, f32)) {
    let normal = (b - a).cross(c - a);
    let steep = normal.abs();
    let axis = match (steep.x >= steep.y, steep.x >= steep.z, steep.y >= steep.z) {
        (true, true, _) => 0,
        (false, _, true) => 1,
        _ => 2,
    };
    if normal[axis].abs() < 1e-9 {
        return;
    }
    let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
    let (lo, hi) = (a.min(b).min(c), a.max(b).max(c));
    let span = |axis: usize| (lo[axis] - 0.5).ceil() as i32..=(hi[axis] - 0.5).floor() as i32;
    // Twice the area of the corner's opposite triangle, seen along the axis.
    let area =
        |p: Vec3, q: Vec3, x: f32, y: f32| (q[u] - p[u]) * (y - p[v]) - (q[v] - p[v]) * (x - p[u]);
    for column_v in span(v) {
        for column_u in span(u) {
            let (x, y) = (column_u as f32 + 0.5, column_v as f32 + 0.5);
            let shares =
                Vec3::new(area(b, c, x, y), area(c, a, x, y), area(a, b, x, y)) / normal[axis];
            // A hair of overlap, so that rounding opens no seam.
            if shares.min_element() < -1e-4 {
                continue;
            }
            let depth = a[axis] * shares.x + b[axis] * shares.y + c[axis] * shares.z;
            let mut voxel = IVec3::ZERO;
            voxel[axis] = depth.floor() as i32;
            voxel[u] = column_u;
            voxel[v] = column_v;
            mark(voxel, shares, (depth - depth.floor() - 0.5).abs());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilted_square_is_a_thin_sheet_without_holes() {
        let corners = [(0.0, 0.0), (20.0, 0.0), (20.0, 20.0), (0.0, 20.0)];
        let positions = corners.map(|(x, z)| Vec3::new(x, 3.2 + 0.6 * x + 0.3 * z, z));
        let spots = voxelise(&positions, &[[0, 2, 1], [0, 3, 2]]);
        assert_eq!(spots.len(), 400, "one voxel in each column");
    }
}
