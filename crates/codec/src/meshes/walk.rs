//! Leads the walk over a mesh that is known: the encoder's guide.
//!
//! Follows FORMAT.md 6.3 and 6.4.

use super::Mesh;
use super::border::{Border, Edge};
use super::sewing;
use super::topology::{Guide, Step};

/// Not numbered yet.
const UNMET: u32 = u32::MAX;

/// A mesh, and how much of it the walk has covered.
pub(super) struct Leading<'a> {
    /// Of the source's vertices.
    triangles: &'a [[u32; 3]],
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
    /// The place of each point.
    places_of_points: Vec<u32>,
    /// The walk's number of each vertex, or [`UNMET`].
    numbers: Vec<u32>,
    /// The source's vertices in the walk's order.
    pub(super) order: Vec<u32>,
}

impl<'a> Leading<'a> {
    /// At the start of the walk. Every vertex of `triangles` is one of the mesh's.
    pub(super) fn new(mesh: &Mesh, triangles: &'a [[u32; 3]]) -> Self {
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
            places,
            edges,
            is_built: vec![false; triangles.len()],
            first_left: 0,
            latest: [0; 3],
            points: vec![UNMET; mesh.positions.len()],
            places_of_points: Vec::new(),
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

    /// The point of a vertex, numbered now if it is new.
    fn point(&mut self, vertex: u32) -> u32 {
        let place = self.places[vertex as usize];
        let point = &mut self.points[place as usize];
        if *point == UNMET {
            *point = self.places_of_points.len() as u32;
            self.places_of_points.push(place);
        }
        *point
    }
}

impl Guide for Leading<'_> {
    fn step(&mut self, gate: Edge, border: &Border, next: u32) -> Step {
        let [from, to] = [gate.from, gate.to].map(|point| self.places_of_points[point as usize]);
        let Some((triangle, corners)) = self.triangle_on(from, to) else {
            return Step::Close;
        };
        self.is_built[triangle as usize] = true;
        self.latest = corners;
        let third = self.point(corners[2]);
        if third == next {
            Step::New
        } else if border.left_of(gate).is_some_and(|edge| edge.from == third) {
            Step::Left
        } else if border.right_of(gate).is_some_and(|edge| edge.to == third) {
            Step::Right
        } else if let Some(place) = border.place_of(third) {
            Step::Split(place)
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
        // The walk may meet one again that it can no longer name.
        self.order.push(source);
    }
}
