//! Which vertex each corner of a triangle shows: where texture or colour breaks off, a point has
//! a vertex on each side of the seam.
//!
//! Follows FORMAT.md 6.4.

use super::topology::NO_VERTEX;
use crate::DecodeError;
use crate::entropy::{Nibble, SymbolCoder};

/// Vertices of a point are told apart up to this.
const KNOWN_MAX: usize = 3;
/// The highest place in a point's list that a nibble can name; a vertex behind it is sent again.
const PLACE_MAX: usize = 15;

/// The vertices of each point, and how they are chosen.
pub(super) struct Seams {
    has_seams: bool,
    /// For each vertex the next one of its point, or [`NO_VERTEX`]; the last ones may be missing.
    nexts: Vec<u32>,
    /// Which vertex of a point, by how many it has.
    places: [Nibble; KNOWN_MAX + 1],
}

impl Seams {
    /// `has_seams`: whether a point may have several vertices.
    pub(super) fn new(has_seams: bool) -> Self {
        Self {
            has_seams,
            nexts: Vec::new(),
            places: [Nibble::default(); KNOWN_MAX + 1],
        }
    }

    /// One of the point's vertices, or none for a new one.
    ///
    /// `wanted`: for the writing side.
    pub(super) fn choose(
        &mut self,
        coder: &mut impl SymbolCoder,
        point: u32,
        wanted: Option<u32>,
    ) -> Result<Option<u32>, DecodeError> {
        if !self.has_seams {
            return Ok(Some(point));
        }
        let (mut place, mut count) = (0, 0);
        for vertex in self.of(point) {
            count += 1;
            if wanted == Some(vertex) {
                place = count;
            }
        }
        let place = coder.nibble(&mut self.places[count.min(KNOWN_MAX)], place as u8);
        let Some(before) = place.checked_sub(1) else {
            return Ok(None);
        };
        let vertex = self.of(point).nth(before.into());
        let rule = "a point has the vertex that is named";
        vertex
            .map(Some)
            .ok_or_else(|| DecodeError::malformed("6.4", rule))
    }

    /// A new vertex comes behind those of its point, or behind as many as can be named.
    pub(super) fn append(&mut self, point: u32, vertex: u32) {
        let last = self.of(point).last().unwrap_or(point);
        self.nexts.resize(vertex as usize + 1, NO_VERTEX);
        // What follows stays in the list.
        self.nexts[vertex as usize] = self.nexts[last as usize];
        self.nexts[last as usize] = vertex;
    }

    /// The vertices of a point, as far as they can be named; the first one is the point itself.
    fn of(&self, point: u32) -> impl Iterator<Item = u32> {
        let next = |&vertex: &u32| {
            let next = *self.nexts.get(vertex as usize)?;
            (next != NO_VERTEX).then_some(next)
        };
        std::iter::successors(Some(point), next).take(PLACE_MAX)
    }
}
