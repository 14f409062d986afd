//! The border between the triangles coded so far and the rest: loops of open edges.
//!
//! Follows FORMAT.md 6.3. The last edge of the last loop is the gate: the next triangle is built
//! on it, or it is closed. In a whole loop each edge starts where the one before it ends, and
//! the first where the last ends.
//!
//! Always true: closed edges of a loop come before its open ones.

use std::collections::VecDeque;

/// An edge that a triangle may still be built on: that triangle contains `from` to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) from: u32,
    pub(super) to: u32,
    /// The corner of the triangle on its other side that is no end of it: three times the
    /// triangle, plus its place there. [`CLOSED`] if no triangle can be built on it any more.
    pub(super) corner: u32,
}

/// The corner of closed edges.
const CLOSED: u32 = u32::MAX;

impl Edge {
    fn is_open(&self) -> bool {
        self.corner != CLOSED
    }

    /// The corners of the triangle on its other side at `from` and at `to`.
    pub(super) fn ends(self) -> [usize; 2] {
        let [at_to, at_from] = after(self.corner);
        [at_from, at_to].map(|corner| corner as usize)
    }
}

/// The two corners after one in its triangle.
#[inline]
pub(super) fn after(corner: u32) -> [u32; 2] {
    match corner % 3 {
        0 => [corner + 1, corner + 2],
        1 => [corner + 1, corner - 1],
        _ => [corner - 2, corner - 1],
    }
}

/// The loops of open edges.
#[derive(Debug, Default)]
pub(super) struct Border {
    loops: Vec<VecDeque<Edge>>,
}

impl Border {
    /// Takes the gate out. Loops without open edges go; none left means that a new piece starts.
    pub(super) fn take_gate(&mut self) -> Option<Edge> {
        while let Some(edges) = self.loops.last_mut() {
            if let Some(gate) = edges.pop_back_if(|edge| edge.is_open()) {
                return Some(gate);
            }
            self.loops.pop();
        }
        None
    }

    /// Closes the gate: it stays on the loop, which would else have a gap.
    pub(super) fn close(&mut self, gate: Edge) {
        if let Some(edges) = self.loops.last_mut() {
            edges.push_front(Edge {
                corner: CLOSED,
                ..gate
            });
        }
    }

    /// The place on the gate's loop that lies `place` from its start, or from its end if negative.
    pub(super) fn place_from(&self, place: i32) -> Option<usize> {
        let count = self.loops.last()?.len();
        match usize::try_from(place) {
            Ok(place) => Some(place),
            Err(_) => count.checked_sub(place.unsigned_abs() as usize),
        }
    }

    /// The edge before `gate`, if it ends where that starts.
    pub(super) fn left_of(&self, gate: Edge) -> Option<Edge> {
        let edge = self.loops.last()?.back()?;
        (edge.to == gate.from && edge.is_open()).then_some(*edge)
    }

    /// The loop's first edge, if it starts where `gate` ends.
    pub(super) fn right_of(&self, gate: Edge) -> Option<Edge> {
        let edge = self.loops.last()?.front()?;
        (edge.from == gate.to && edge.is_open()).then_some(*edge)
    }

    /// The point at which a split at `place` meets the loop.
    pub(super) fn point_at(&self, place: usize) -> Option<u32> {
        Some(self.loops.last()?.get(place)?.from)
    }

    /// Where `point` lies on the gate's loop, from its nearer end.
    #[cfg(feature = "encode")]
    pub(super) fn place_of(&self, point: u32) -> Option<i32> {
        let edges = self.loops.last()?;
        let is_at = |edge: &Edge| edge.from == point;
        let from_start = edges.iter().position(is_at)?;
        let from_end = edges.iter().rev().position(is_at)? + 1;
        Some(match from_start < from_end {
            true => from_start as i32,
            false => -(from_end as i32),
        })
    }

    /// Builds a triangle on the gate that takes the edge before it.
    pub(super) fn build_left(&mut self, sides: Sides) {
        if let Some(edges) = self.loops.last_mut() {
            edges.pop_back();
        }
        self.push(sides.ahead);
    }

    /// Builds a triangle on the gate that takes the loop's first edge.
    pub(super) fn build_right(&mut self, sides: Sides) {
        if let Some(edges) = self.loops.last_mut() {
            edges.pop_front();
        }
        self.push(sides.behind);
    }

    /// Builds a triangle on the gate that takes no other edge.
    pub(super) fn build_free(&mut self, sides: Sides) {
        self.push(sides.behind);
        self.push(sides.ahead);
    }

    /// Builds a triangle on the gate whose third point lies on the loop at `place`, so that the
    /// loop falls into two.
    pub(super) fn build_split(&mut self, sides: Sides, place: usize) {
        let Some(edges) = self.loops.last_mut() else {
            return;
        };
        // The shorter part moves, so that hostile splits of a long loop stay cheap.
        let moved = if place * 2 < edges.len() {
            let mut moved: VecDeque<Edge> = edges.drain(..place).collect();
            edges.push_back(sides.behind);
            moved.push_back(sides.ahead);
            moved
        } else {
            let mut moved = edges.split_off(place);
            edges.push_back(sides.ahead);
            moved.push_back(sides.behind);
            moved
        };
        self.loops.push(moved);
    }

    /// Starts a piece with `triangle`, of these points.
    pub(super) fn start(&mut self, triangle: u32, [a, b, c]: [u32; 3]) {
        let edge = |from, to, place| Edge {
            from,
            to,
            corner: triangle * 3 + place,
        };
        self.loops.push(VecDeque::from([
            edge(b, a, 2),
            edge(a, c, 1),
            edge(c, b, 0),
        ]));
    }

    /// Opens an edge of the gate's loop; the same edge from the other side cancels it.
    fn push(&mut self, new: Edge) {
        let Some(edges) = self.loops.last_mut() else {
            return;
        };
        let is_same = |old: &Edge| old.from == new.to && old.to == new.from && old.is_open();
        if edges.back().is_some_and(is_same) {
            edges.pop_back();
        } else if edges.front().is_some_and(is_same) {
            edges.pop_front();
        } else {
            edges.push_back(new);
        }
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
    /// Of `triangle`: the gate's start and end, then `third`.
    pub(super) fn new(triangle: u32, gate: Edge, third: u32) -> Self {
        Self {
            behind: Edge {
                from: gate.from,
                to: third,
                corner: triangle * 3 + 1,
            },
            ahead: Edge {
                from: third,
                to: gate.to,
                corner: triangle * 3,
            },
        }
    }
}
