//! The border between the triangles coded so far and the rest: loops of open edges.
//!
//! Follows FORMAT.md 6.3. The last edge of the last loop is the gate: the next triangle is built
//! on it, or it is closed. In a whole loop each edge starts where the one before it ends, and
//! the first where the last ends; closed edges leave gaps, which only cost coding efficiency.

use std::collections::VecDeque;

/// An edge that a triangle may still be built on: that triangle contains `from` to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) from: u32,
    pub(super) to: u32,
    /// The far vertex of the triangle on its other side.
    pub(super) opposite: u32,
}

/// The loops of open edges.
#[derive(Debug, Default)]
pub(super) struct Border {
    loops: Vec<VecDeque<Edge>>,
}

impl Border {
    /// Takes the gate out. Empty loops go; none left means that a new piece starts.
    pub(super) fn take_gate(&mut self) -> Option<Edge> {
        while let Some(edges) = self.loops.last_mut() {
            if let Some(gate) = edges.pop_back() {
                return Some(gate);
            }
            self.loops.pop();
        }
        None
    }

    /// The third vertex if the triangle on `gate` also takes the edge before it.
    pub(super) fn left_of(&self, gate: Edge) -> Option<u32> {
        let edge = self.loops.last()?.back()?;
        (edge.to == gate.from).then_some(edge.from)
    }

    /// The third vertex if the triangle on `gate` also takes the loop's first edge.
    pub(super) fn right_of(&self, gate: Edge) -> Option<u32> {
        let edge = self.loops.last()?.front()?;
        (edge.from == gate.to).then_some(edge.to)
    }

    /// The vertex at which a split at `place` meets the loop.
    pub(super) fn vertex_at(&self, place: usize) -> Option<u32> {
        Some(self.loops.last()?.get(place)?.from)
    }

    /// Where `vertex` lies on the gate's loop.
    #[cfg(feature = "encode")]
    pub(super) fn place_of(&self, vertex: u32) -> Option<usize> {
        self.loops
            .last()?
            .iter()
            .position(|edge| edge.from == vertex)
    }

    /// Builds a triangle on `gate` that takes the edge before it.
    pub(super) fn build_left(&mut self, gate: Edge, third: u32) {
        if let Some(edges) = self.loops.last_mut() {
            edges.pop_back();
        }
        self.push(edge(third, gate.to, gate.from));
    }

    /// Builds a triangle on `gate` that takes the loop's first edge.
    pub(super) fn build_right(&mut self, gate: Edge, third: u32) {
        if let Some(edges) = self.loops.last_mut() {
            edges.pop_front();
        }
        self.push(edge(gate.from, third, gate.to));
    }

    /// Builds a triangle on `gate` that takes no other edge.
    pub(super) fn build_free(&mut self, gate: Edge, third: u32) {
        self.push(edge(gate.from, third, gate.to));
        self.push(edge(third, gate.to, gate.from));
    }

    /// Builds a triangle on `gate` whose third vertex lies on the loop at `place`, so that the
    /// loop falls into two.
    pub(super) fn build_split(&mut self, gate: Edge, place: usize, third: u32) {
        let behind = edge(gate.from, third, gate.to);
        let ahead = edge(third, gate.to, gate.from);
        let Some(edges) = self.loops.last_mut() else {
            return;
        };
        // The shorter part moves, so that hostile splits of a long loop stay cheap.
        let moved = if place * 2 < edges.len() {
            let mut moved: VecDeque<Edge> = edges.drain(..place).collect();
            edges.push_back(behind);
            moved.push_back(ahead);
            moved
        } else {
            let mut moved = edges.split_off(place);
            edges.push_back(ahead);
            moved.push_back(behind);
            moved
        };
        self.loops.push(moved);
    }

    /// Starts a piece with a triangle of its own.
    pub(super) fn start(&mut self, [a, b, c]: [u32; 3]) {
        self.loops.push(VecDeque::from([
            edge(b, a, c),
            edge(a, c, b),
            edge(c, b, a),
        ]));
    }

    /// All edges still open.
    pub(super) fn edges(&self) -> impl Iterator<Item = &Edge> {
        self.loops.iter().flatten()
    }

    /// Opens an edge of the gate's loop; the same edge from the other side cancels it.
    fn push(&mut self, new: Edge) {
        let Some(edges) = self.loops.last_mut() else {
            return;
        };
        let is_same = |old: &Edge| old.from == new.to && old.to == new.from;
        if edges.back().is_some_and(is_same) {
            edges.pop_back();
        } else if edges.front().is_some_and(is_same) {
            edges.pop_front();
        } else {
            edges.push_back(new);
        }
    }
}

fn edge(from: u32, to: u32, opposite: u32) -> Edge {
    Edge { from, to, opposite }
}
