//! Leads the walk over a mesh that is known: the encoder's guide.
//!
//! Follows FORMAT.md 6.3 and 6.4.

use super::Mesh;
use super::border::{Border, Edge};
use super::sewing;
use super::steps::{Guide, Step};

/// Not numbered yet.
const UNMET: u32 = u32::MAX;

/// A mesh, and how much of it the walk has covered.
pub(super) struct Leading<'a> {
    /// Of the source's vertices.
    triangles: &'a [[u32; 3]],
    has_seams: bool,
    /// The place of each of the source's vertices, as one of them.
    places: Vec<u32>,
    /// Each triangle's three edges, from, to and the triangle, in places; sorted.
    edges: Vec<(u32, u32, u32)>,
    is_built: Vec<bool>,
    /// No triangle before this one is left.
    first_left: usize,
    /// The source's vertices at the corners of the latest triangle.
    latest: [u32; 3],
    /// The walk's point at each place, or [`UNMET`].
    points: Vec<u32>,
    /// The walk's number of each vertex, or [`UNMET`].
    numbers: Vec<u32>,
    /// The source's vertices in the walk's order.
    pub(super) order: Vec<u32>,
}

impl<'a> Leading<'a> {
    /// At the start of the walk. Every vertex of `triangles` is one of the mesh's.
    pub(super) fn new(mesh: &Mesh, triangles: &'a [[u32; 3]], has_seams: bool) -> Self {
        let places = sewing::places(mesh, triangles);
        let mut edges: Vec<(u32, u32, u32)> = (0..)
            .zip(triangles)
            .flat_map(|(index, corners)| {
                let [a, b, c] = corners.map(|vertex| places[vertex as usize]);
                [(a, b), (b, c), (c, a)].map(|(from, to)| (from, to, index))
            })
            .collect();
        edges.sort_unstable();
        Self {
            triangles,
            has_seams,
            places,
            edges,
            is_built: vec![false; triangles.len()],
            first_left: 0,
            latest: [0; 3],
            points: vec![UNMET; mesh.positions.len()],
            numbers: vec![UNMET; mesh.positions.len()],
            order: Vec::new(),
        }
    }

    /// A triangle that still has to be built on the edge between two places, its corners from
    /// there on; one that goes on without a seam if there is one.
    fn triangle_on(&self, from: u32, to: u32) -> Option<(u32, [u32; 3])> {
        let start = self
            .edges
            .partition_point(|edge| (edge.0, edge.1) < (from, to));
        let triangle = self.edges[start..]
            .iter()
            .take_while(|edge| (edge.0, edge.1) == (from, to))
            .map(|edge| edge.2)
            .find(|&triangle| !self.is_built[triangle as usize])?;
        let [a, b, c] = self.triangles[triangle as usize];
        let corners = [[a, b, c], [b, c, a], [c, a, b]];
        let is_on = |corners: &[u32; 3]| {
            let ends = [0, 1].map(|corner| self.places[corners[corner] as usize]);
            ends == [from, to]
        };
        let corners = corners.into_iter().find(is_on)?;
        Some((triangle, corners))
    }

    /// The walk's point of one of the source's vertices, if it has been met.
    fn point(&self, vertex: u32) -> Option<u32> {
        let point = self.points[self.places[vertex as usize] as usize];
        (point != UNMET).then_some(point)
    }
}

impl Guide for Leading<'_> {
    fn is_seam(&self, edge: Edge, ends: [usize; 2]) -> bool {
        let mut vertices = ends.into_iter().zip(edge.vertices);
        vertices.any(|(end, vertex)| self.vertex(end) != Some(vertex))
    }

    fn step(&mut self, gate: Edge, border: &Border, next: u32) -> Step {
        let place = |point: u32| self.places[self.order[point as usize] as usize];
        let [from, to] = [gate.from, gate.to].map(place);
        let Some((triangle, corners)) = self.triangle_on(from, to) else {
            return Step::Close;
        };
        self.latest = corners;
        if self.has_seams && !gate.is_seam && self.is_seam(gate, [0, 1]) {
            return Step::PutOff;
        }
        self.is_built[triangle as usize] = true;
        let Some(third) = self.point(corners[2]) else {
            return Step::New;
        };
        if border.left_of(gate).is_some_and(|edge| edge.from == third) {
            Step::Left
        } else if border.right_of(gate).is_some_and(|edge| edge.to == third) {
            Step::Right
        } else if let Some(place) = border.place_of(third) {
            Step::Split(place)
        } else {
            Step::Seen(next - third)
        }
    }

    fn start(&mut self) -> [Option<u32>; 3] {
        while self.is_built.get(self.first_left) == Some(&true) {
            self.first_left += 1;
        }
        let Some(&corners) = self.triangles.get(self.first_left) else {
            return [None; 3]; // Never: the walk ends with the last triangle.
        };
        self.is_built[self.first_left] = true;
        self.latest = corners;
        corners.map(|vertex| self.point(vertex))
    }

    fn vertex(&self, corner: usize) -> Option<u32> {
        let number = self.numbers[self.latest[corner] as usize];
        (number != UNMET).then_some(number)
    }

    fn meet(&mut self, corner: usize, vertex: u32) {
        let source = self.latest[corner];
        self.numbers[source as usize] = vertex;
        let point = &mut self.points[self.places[source as usize] as usize];
        if *point == UNMET {
            *point = vertex;
        }
        // The walk may meet one again that it can no longer name.
        self.order.push(source);
    }
}
