//! Which vertex each corner of a triangle shows: where texture or colour breaks off, a point has
//! a vertex on each side of the seam.
//!
//! Follows FORMAT.md 6.4.

use super::border::Edge;
use super::topology::{Counts, Guide, NO_CORNER, Topology, too_many};
use crate::DecodeError;
use crate::entropy::{Flag, Nibble, SymbolCoder};

/// Seams at a point are told apart up to this: two is usual, one that comes and one that goes.
const SEAMS_MAX: usize = 3;
/// Vertices of a point are told apart up to this.
const KNOWN_MAX: usize = 3;
/// The highest place in a point's list that a nibble can name; a vertex behind it is sent again.
const PLACE_MAX: usize = 15;
/// The end of a point's list.
const END: u32 = u32::MAX;

/// An edge that a triangle shares with an earlier one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shared {
    edge: Edge,
    /// Which corners of the new triangle lie at its start and its end; the third is off it.
    ends: [usize; 2],
}

impl Shared {
    /// The gate.
    pub(super) fn gate(edge: Edge) -> Self {
        Self { edge, ends: [0, 1] }
    }

    /// The edge before the gate.
    pub(super) fn left(edge: Edge) -> Self {
        Self { edge, ends: [2, 0] }
    }

    /// The loop's first edge.
    pub(super) fn right(edge: Edge) -> Self {
        Self { edge, ends: [1, 2] }
    }

    /// The corner that is no end of it.
    fn off(self) -> usize {
        3 - self.ends[0] - self.ends[1]
    }
}

/// What is known of seams so far.
pub(super) struct Seams {
    counts: Counts,
    /// Seams at each point.
    at_points: Vec<u8>,
    /// For each vertex the next one of its point.
    nexts: Vec<u32>,
    /// Is a shared edge a seam, by the seams at its ends.
    is_seam: [[Flag; SEAMS_MAX + 1]; SEAMS_MAX + 1],
    /// Which vertex of a point, by how many it has.
    places: [Nibble; KNOWN_MAX + 1],
}

impl Seams {
    pub(super) fn new(counts: Counts) -> Self {
        Self {
            counts,
            at_points: Vec::new(),
            nexts: Vec::new(),
            is_seam: Default::default(),
            places: [Nibble::default(); KNOWN_MAX + 1],
        }
    }

    /// A point is met.
    pub(super) fn meet(&mut self) {
        self.at_points.push(0);
    }

    /// Says which vertices the triangle just added to `topology.corners` has.
    #[inline]
    pub(super) fn add(
        &mut self,
        coder: &mut impl SymbolCoder,
        guide: &mut impl Guide,
        topology: &mut Topology,
        points: [u32; 3],
        shared: &[Shared],
    ) -> Result<(), DecodeError> {
        let mut vertices = [None; 3];
        let base = topology.across.len();
        topology.across.extend([NO_CORNER; 3]);
        for shared in shared {
            let ends = shared.edge.ends();
            let [at_from, at_to] = ends.map(|corner| topology.indices[corner]);
            if self.code_seam(coder, guide, &vertices, *shared, [at_from, at_to]) {
                continue;
            }
            let [from, to] = shared.ends;
            vertices[from] = Some(at_from);
            vertices[to] = Some(at_to);
            let off = base + shared.off();
            topology.across[off] = shared.edge.corner;
            topology.across[shared.edge.corner as usize] = off as u32;
        }
        for (corner, point) in points.into_iter().enumerate() {
            let vertex = match vertices[corner] {
                Some(vertex) => vertex,
                None => self.choose(coder, guide, topology, (corner, point))?,
            };
            topology.indices.push(vertex);
        }
        Ok(())
    }

    /// Whether the vertices at the ends of a shared edge differ from those on its other side.
    #[inline]
    fn code_seam(
        &mut self,
        coder: &mut impl SymbolCoder,
        guide: &impl Guide,
        vertices: &[Option<u32>; 3],
        shared: Shared,
        others: [u32; 2],
    ) -> bool {
        if !self.counts.has_seams {
            return false;
        }
        let mut ends = shared.ends.iter().zip(others);
        let is_certain = ends.any(|(&end, other)| vertices[end].is_some_and(|at| at != other));
        let mut ends = shared.ends.iter().zip(others);
        let is_wanted = ends.any(|(&end, other)| guide.vertex(end) != Some(other));
        let [from, to] = [shared.edge.from, shared.edge.to].map(|point| point as usize);
        let model =
            &mut self.is_seam[usize::from(self.at_points[from])][usize::from(self.at_points[to])];
        let is_seam = is_certain || coder.flag(model, is_wanted);
        for point in [from, to] {
            let seams = &mut self.at_points[point];
            *seams = (*seams + u8::from(is_seam)).min(SEAMS_MAX as u8);
        }
        is_seam
    }

    /// One of the point's vertices, or a new one.
    fn choose(
        &mut self,
        coder: &mut impl SymbolCoder,
        guide: &mut impl Guide,
        topology: &mut Topology,
        (corner, point): (usize, u32),
    ) -> Result<u32, DecodeError> {
        let first = topology.firsts[point as usize];
        let mut count = 0;
        let mut last = END;
        if self.counts.has_seams && first != END {
            let wanted = guide.vertex(corner);
            let mut place = 0;
            let mut at = first;
            while at != END && count < PLACE_MAX {
                count += 1;
                if wanted == Some(at) {
                    place = count;
                }
                last = at;
                at = self.nexts[at as usize];
            }
            let place = coder.nibble(&mut self.places[count.min(KNOWN_MAX)], place as u8);
            if place > 0 {
                let mut at = first;
                for _ in 1..place {
                    at = *self.nexts.get(at as usize).unwrap_or(&END);
                }
                let rule = "a point has the vertex that is named";
                return (at != END)
                    .then_some(at)
                    .ok_or_else(|| DecodeError::malformed("6.4", rule));
            }
        } else if first != END {
            return Ok(first);
        }
        let vertex = topology.points.len() as u32;
        if vertex == self.counts.vertex_count {
            return Err(too_many());
        }
        topology.points.push(point);
        if last == END {
            topology.firsts[point as usize] = vertex;
            self.nexts.push(END);
        } else {
            // Behind the last that was looked at; what follows it stays in the list.
            self.nexts.push(self.nexts[last as usize]);
            self.nexts[last as usize] = vertex;
        }
        guide.meet(corner, vertex);
        Ok(vertex)
    }
}
