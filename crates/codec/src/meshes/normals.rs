//! Smooth normals from positions, so that none are sent.
//!
//! Follows FORMAT.md 6.8.

use glam::{Vec3, Vec3A};
use touchline_scene::octahedral_from_normal;

use super::topology::Topology;

/// Memory that is used again for each frame.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    sums: Vec<Vec3A>,
}

impl Scratch {
    /// The mean of the normals around each vertex's point, weighted by area; so texture seams do
    /// not crease.
    pub(super) fn smooth(
        &mut self,
        places: &[Vec3A],
        topology: &Topology,
    ) -> impl Iterator<Item = [i8; 2]> {
        self.sums.clear();
        self.sums.resize(topology.firsts.len(), Vec3A::ZERO);
        let triangles = topology.indices.chunks_exact(3);
        for (vertices, points) in triangles.zip(topology.corners.chunks_exact(3)) {
            let [a, b, c] = [0, 1, 2].map(|corner| places[vertices[corner] as usize]);
            // Twice the area long.
            let normal = (b - a).cross(c - a);
            for &point in points {
                self.sums[point as usize] += normal;
            }
        }
        let sums = &self.sums;
        let normal = |&point: &u32| octahedral_from_normal(Vec3::from(sums[point as usize]));
        topology.points.iter().map(normal)
    }
}
