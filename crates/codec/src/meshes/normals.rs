//! Smooth normals from positions, so that none need to be sent.
//!
//! Follows FORMAT.md 6.8.

use glam::Vec3A;

use super::topology::Topology;

/// Memory that is used again for each frame.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    sums: Vec<Vec3A>,
}

impl Scratch {
    /// The normals around each vertex that is a point, weighted by area; so texture seams do not
    /// crease. Of any length; those of other vertices mean nothing.
    pub(super) fn smooth(&mut self, places: &[Vec3A], topology: &Topology) -> &[Vec3A] {
        self.own(places, topology);
        self.join(topology, |_| true);
        &self.sums
    }

    /// Sums up the triangles that have each vertex.
    pub(super) fn own(&mut self, places: &[Vec3A], topology: &Topology) {
        self.sums.clear();
        self.sums.resize(places.len(), Vec3A::ZERO);
        for vertices in topology.indices.chunks_exact(3) {
            let corners = [0, 1, 2].map(|corner| vertices[corner] as usize);
            let [a, b, c] = corners.map(|vertex| places[vertex]);
            // Twice the area long.
            let normal = (b - a).cross(c - a);
            for vertex in corners {
                self.sums[vertex] += normal;
            }
        }
    }

    /// Adds the sums of some vertices that are no points to those of their points.
    pub(super) fn join(&mut self, topology: &Topology, is_joined: impl Fn(usize) -> bool) {
        for (vertex, &point) in topology.points.iter().enumerate() {
            if (point as usize) < vertex && is_joined(vertex) {
                let sum = self.sums[vertex];
                self.sums[point as usize] += sum;
            }
        }
    }

    /// One a vertex, of any length.
    pub(super) fn sums(&self) -> &[Vec3A] {
        &self.sums
    }
}
