//! Smooth normals from positions, so that none are sent.
//!
//! Follows FORMAT.md 6.7.

use glam::Vec3;
use touchline_scene::octahedral_from_normal;

/// Each vertex's mean of the normals around it, weighted by area; twins share theirs, so that
/// texture seams do not crease.
pub(super) fn smooth(positions: &[[i32; 3]], indices: &[u32], twins: &[u32]) -> Vec<[i8; 2]> {
    let mut sums = vec![Vec3::ZERO; positions.len()];
    for corners in indices.chunks_exact(3) {
        let [a, b, c] = [0, 1, 2].map(|corner| {
            // Exact: coordinates have 16 bits.
            Vec3::from(positions[corners[corner] as usize].map(|axis| axis as f32))
        });
        // Twice the area long.
        let normal = (b - a).cross(c - a);
        for &vertex in corners {
            sums[twins[vertex as usize] as usize] += normal;
        }
    }
    twins
        .iter()
        .map(|&twin| octahedral_from_normal(sums[twin as usize]))
        .collect()
}
