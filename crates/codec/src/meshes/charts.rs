//! The order in which texture coordinates and colours are coded: chart by chart, so that each is
//! predicted from its own side of the seams.
//!
//! Follows FORMAT.md 6.6.

use super::border::after;
use super::topology::{NO_CORNER, Parents, Topology};

/// Goes over all vertices that triangles have, each once.
pub(super) struct Order<'a> {
    topology: &'a Topology,
    is_triangle_met: Vec<bool>,
    is_vertex_met: Vec<bool>,
    /// Corners across which to go on, the next one last.
    open: Vec<u32>,
    /// The triangle to start at when there is none: all before it are met.
    start: usize,
    /// Corners of the start whose vertices are still to come.
    left: u32,
    /// The vertex before, or none.
    latest: u32,
}

impl<'a> Order<'a> {
    pub(super) fn new(topology: &'a Topology) -> Self {
        Self {
            topology,
            is_triangle_met: vec![false; topology.indices.len() / 3],
            is_vertex_met: vec![false; topology.points.len()],
            open: Vec::new(),
            start: 0,
            left: 0,
            latest: u32::MAX,
        }
    }

    /// Puts a corner on the stack, unless it leads nowhere.
    #[inline]
    fn open(&mut self, corner: u32) {
        let across = self.topology.across[corner as usize];
        if across != NO_CORNER && !self.is_triangle_met[across as usize / 3] {
            self.open.push(corner);
        }
    }

    /// A vertex, and its parents on the same chart; the first one has itself, and the others of a
    /// chart's first triangle the vertex before, three times.
    fn met(&mut self, vertex: u32, parents: Parents) -> Option<(u32, Parents)> {
        let is_met = &mut self.is_vertex_met[vertex as usize];
        let is_new = !std::mem::replace(is_met, true);
        is_new.then(|| {
            self.latest = vertex;
            (vertex, parents)
        })
    }
}

impl Iterator for Order<'_> {
    type Item = (u32, Parents);

    fn next(&mut self) -> Option<Self::Item> {
        let indices = &self.topology.indices;
        loop {
            if self.left > 0 {
                self.left -= 1;
                let vertex = indices[self.start * 3 + 2 - self.left as usize];
                let before = if self.latest == u32::MAX {
                    vertex
                } else {
                    self.latest
                };
                if let Some(met) = self.met(vertex, [before; 3]) {
                    return Some(met);
                }
                continue;
            }
            let Some(from) = self.open.pop() else {
                while *self.is_triangle_met.get(self.start)? {
                    self.start += 1;
                }
                self.is_triangle_met[self.start] = true;
                let corner = (self.start * 3) as u32;
                self.open(corner + 2);
                self.open(corner + 1);
                self.open(corner);
                self.left = 3;
                continue;
            };
            let corner = self.topology.across[from as usize];
            let triangle = corner / 3;
            if std::mem::replace(&mut self.is_triangle_met[triangle as usize], true) {
                continue;
            }
            let [next, second] = after(corner);
            self.open(second);
            self.open(next);
            let parents = [next, second, from].map(|corner| indices[corner as usize]);
            if let Some(met) = self.met(indices[corner as usize], parents) {
                return Some(met);
            }
        }
    }
}
