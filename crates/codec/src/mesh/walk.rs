//! Leads the walk over a mesh that is known: the encoder's guide.
//!
//! Follows FORMAT.md 6.3.

use super::border::{Border, Edge};
use super::topology::{Guide, Step};

/// Not numbered yet.
const UNMET: u32 = u32::MAX;

/// A mesh, and how much of it the walk has covered.
pub(super) struct Leading<'a> {
    triangles: &'a [[u32; 3]],
    /// Each triangle's three edges, from, to and the triangle; sorted.
    edges: Vec<(u32, u32, u32)>,
    is_built: Vec<bool>,
    /// No triangle before this one is left.
    first_left: usize,
    /// The walk's number of each vertex, or [`UNMET`].
    numbers: Vec<u32>,
    /// The vertices in the walk's order.
    pub(super) order: Vec<u32>,
}

impl<'a> Leading<'a> {
    /// At the start of the walk. Every vertex of `triangles` is below `vertex_count`.
    pub(super) fn new(triangles: &'a [[u32; 3]], vertex_count: usize) -> Self {
        let mut edges: Vec<(u32, u32, u32)> = triangles
            .iter()
            .enumerate()
            .flat_map(|(index, &[a, b, c])| {
                [(a, b), (b, c), (c, a)].map(|(from, to)| (from, to, index as u32))
            })
            .collect();
        edges.sort_unstable();
        Self {
            triangles,
            edges,
            is_built: vec![false; triangles.len()],
            first_left: 0,
            numbers: vec![UNMET; vertex_count],
            order: Vec::with_capacity(vertex_count),
        }
    }

    /// A triangle that still has to be built on the edge, and its third vertex.
    fn triangle_on(&self, from: u32, to: u32) -> Option<(u32, u32)> {
        let start = self
            .edges
            .partition_point(|edge| (edge.0, edge.1) < (from, to));
        let triangle = self.edges[start..]
            .iter()
            .take_while(|edge| (edge.0, edge.1) == (from, to))
            .map(|edge| edge.2)
            .find(|&triangle| !self.is_built[triangle as usize])?;
        let [a, b, c] = self.triangles[triangle as usize];
        let third = match from {
            _ if from == a => c,
            _ if from == b => a,
            _ => b,
        };
        Some((triangle, third))
    }

    fn number(&mut self, vertex: u32) -> u32 {
        let number = &mut self.numbers[vertex as usize];
        if *number == UNMET {
            *number = self.order.len() as u32;
            self.order.push(vertex);
        }
        *number
    }
}

impl Guide for Leading<'_> {
    fn step(&mut self, gate: Edge, border: &Border, next: u32) -> Step {
        let [from, to] = [gate.from, gate.to].map(|number| self.order[number as usize]);
        let Some((triangle, third)) = self.triangle_on(from, to) else {
            return Step::Close;
        };
        self.is_built[triangle as usize] = true;
        let third = self.number(third);
        if third == next {
            Step::New
        } else if border.left_of(gate) == Some(third) {
            Step::Left
        } else if border.right_of(gate) == Some(third) {
            Step::Right
        } else if let Some(place) = border.place_of(third) {
            Step::Split(place as u32)
        } else {
            Step::Seen(next - third)
        }
    }

    fn start(&mut self, _: u32) -> [u32; 3] {
        while self.is_built.get(self.first_left) == Some(&true) {
            self.first_left += 1;
        }
        let Some(&corners) = self.triangles.get(self.first_left) else {
            return [0; 3]; // Never: the walk ends with the last triangle.
        };
        self.is_built[self.first_left] = true;
        corners.map(|vertex| self.number(vertex))
    }
}
