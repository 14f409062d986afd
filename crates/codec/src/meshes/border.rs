//! The border between the triangles coded so far and the rest: loops of open edges.
//!
//! Follows FORMAT.md 6.3. The last edge of the last loop is the gate: the next triangle is built
//! on it, or it is closed. In a whole loop each edge starts where the one before it ends, and
//! the first where the last ends.
//! The edge that a triangle leaves last mostly is the next gate: it is handed over at once.
//!
//! Always true: closed edges of a loop come before its open ones.

use std::collections::VecDeque;

/// An edge that a triangle may still be built on: that triangle contains `from` to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) from: u32,
    pub(super) to: u32,
    /// The point of the triangle on its other side that is no end of it. [`CLOSED`] if no
    /// triangle can be built on it any more.
    pub(super) apex: u32,
    /// The vertices that this triangle has at `from`, `to` and `apex`.
    pub(super) vertices: [u32; 3],
    /// A seam, put off as a gate until the rest of its loop is built.
    pub(super) is_seam: bool,
}

/// The apex of closed edges.
const CLOSED: u32 = u32::MAX;

impl Edge {
    /// From the first point to the second; the third is the apex.
    #[inline]
    fn new([from, to, apex]: [u32; 3], vertices: [u32; 3]) -> Self {
        Self {
            from,
            to,
            apex,
            vertices,
            is_seam: false,
        }
    }

    fn is_open(&self) -> bool {
        self.apex != CLOSED
    }

    fn is_turned(&self, other: &Self) -> bool {
        self.from == other.to && self.to == other.from
    }
}

/// The loops of open edges.
#[derive(Debug, Default)]
pub(super) struct Border {
    /// The loop of the gate.
    edges: VecDeque<Edge>,
    /// The others, the next one last.
    others: Vec<VecDeque<Edge>>,
}

impl Border {
    /// Takes the gate out. Loops without open edges go; none left means that a new piece starts.
    #[inline]
    pub(super) fn take_gate(&mut self) -> Option<Edge> {
        loop {
            if let Some(gate) = self.edges.pop_back_if(|edge| edge.is_open()) {
                return Some(gate);
            }
            self.edges = self.others.pop()?;
        }
    }

    /// Closes the gate: it stays on the loop, which would else have a gap.
    pub(super) fn close(&mut self, gate: Edge) {
        self.edges.push_front(Edge {
            apex: CLOSED,
            ..gate
        });
    }

    /// Puts the gate off: it is a seam, and comes again when all others of its loop were gates.
    pub(super) fn put_off(&mut self, gate: Edge) {
        self.edges.push_front(Edge {
            is_seam: true,
            ..gate
        });
    }

    /// The place on the gate's loop that lies `place` from its start, or from its end if negative.
    pub(super) fn place_from(&self, place: i32) -> Option<usize> {
        match usize::try_from(place) {
            Ok(place) => Some(place),
            Err(_) => (self.edges.len()).checked_sub(place.unsigned_abs() as usize),
        }
    }

    /// The edge before `gate`, if it ends where that starts.
    #[inline]
    pub(super) fn left_of(&self, gate: Edge) -> Option<Edge> {
        let edge = self.edges.back()?;
        (edge.to == gate.from && edge.is_open()).then_some(*edge)
    }

    /// The loop's first edge, if it starts where `gate` ends.
    #[inline]
    pub(super) fn right_of(&self, gate: Edge) -> Option<Edge> {
        let edge = self.edges.front()?;
        (edge.from == gate.to && edge.is_open()).then_some(*edge)
    }

    /// The point at which a split at `place` meets the loop.
    pub(super) fn point_at(&self, place: usize) -> Option<u32> {
        Some(self.edges.get(place)?.from)
    }

    /// Where `point` lies on the gate's loop, from its nearer end.
    #[cfg(feature = "encode")]
    pub(super) fn place_of(&self, point: u32) -> Option<i32> {
        let is_at = |edge: &Edge| edge.from == point;
        let from_start = self.edges.iter().position(is_at)?;
        let from_end = self.edges.iter().rev().position(is_at)? + 1;
        Some(match from_start < from_end {
            true => from_start as i32,
            false => -(from_end as i32),
        })
    }

    /// Builds a triangle on the gate that takes the edge before it. Returns the next gate, as all
    /// of these do, or none if an edge of the border is.
    #[inline]
    pub(super) fn build_left(&mut self, sides: Sides) -> Option<Edge> {
        self.edges.pop_back();
        self.open(sides.ahead)
    }

    /// Builds a triangle on the gate that takes the loop's first edge.
    #[inline]
    pub(super) fn build_right(&mut self, sides: Sides) -> Option<Edge> {
        self.edges.pop_front();
        self.open(sides.behind)
    }

    /// Builds a triangle on the gate that takes no other edge.
    pub(super) fn build_free(&mut self, sides: Sides) -> Option<Edge> {
        let behind = self.open(sides.behind);
        self.edges.extend(behind);
        self.open(sides.ahead)
    }

    /// The same, if its third point is a new one: neither edge can be there yet.
    #[inline]
    pub(super) fn build_new(&mut self, sides: Sides) -> Option<Edge> {
        self.edges.push_back(sides.behind);
        Some(sides.ahead)
    }

    /// Builds a triangle on the gate whose third point lies on the loop at `place`, so that the
    /// loop falls into two.
    pub(super) fn build_split(&mut self, sides: Sides, place: usize) -> Option<Edge> {
        // The shorter part moves, so that hostile splits of a long loop stay cheap.
        let (moved, last) = if place * 2 < self.edges.len() {
            let moved: VecDeque<Edge> = self.edges.drain(..place).collect();
            self.edges.push_back(sides.behind);
            (moved, sides.ahead)
        } else {
            let moved = self.edges.split_off(place);
            self.edges.push_back(sides.ahead);
            (moved, sides.behind)
        };
        self.others.push(std::mem::replace(&mut self.edges, moved));
        Some(last)
    }

    /// Starts a piece with a triangle of these points and vertices.
    pub(super) fn start(
        &mut self,
        [a, b, c]: [u32; 3],
        [at_a, at_b, at_c]: [u32; 3],
    ) -> Option<Edge> {
        self.edges.clear();
        self.edges.extend([
            Edge::new([b, a, c], [at_b, at_a, at_c]),
            Edge::new([a, c, b], [at_a, at_c, at_b]),
        ]);
        Some(Edge::new([c, b, a], [at_c, at_b, at_a]))
    }

    /// Opens an edge of the gate's loop, behind its last one; the same edge from the other side
    /// cancels it.
    #[inline]
    fn open(&mut self, new: Edge) -> Option<Edge> {
        let is_same = |old: &Edge| old.is_turned(&new) && old.is_open();
        if self.edges.back().is_some_and(is_same) {
            self.edges.pop_back();
        } else if self.edges.front().is_some_and(is_same) {
            self.edges.pop_front();
        } else {
            return Some(new);
        }
        None
    }
}

/// The open edges of a triangle built on a gate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides {
    /// From the gate's start to the third point.
    behind: Edge,
    /// From the third point to the gate's end.
    ahead: Edge,
}

impl Sides {
    /// Of a triangle's points and vertices: at the gate's start and end, then the third.
    #[inline]
    pub(super) fn new([a, b, c]: [u32; 3], [at_a, at_b, at_c]: [u32; 3]) -> Self {
        Self {
            behind: Edge::new([a, c, b], [at_a, at_c, at_b]),
            ahead: Edge::new([c, b, a], [at_c, at_b, at_a]),
        }
    }
}
