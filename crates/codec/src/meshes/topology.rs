//! Which points make triangles, coded as a walk over the surface.
//!
//! Follows FORMAT.md 6.3. Points are numbered in the order in which the walk meets them.
//! Source: the idea of a moving border is from Gumhold and Strasser, "Real Time Compression of
//! Triangle Mesh Connectivity", SIGGRAPH 1998.

use super::border::{Border, Edge, Sides};
use super::seams::{Seams, Shared};
use crate::DecodeError;
use crate::entropy::{Flag, Nibble, SymbolCoder, code_number};

/// What a key declares.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    /// Vertices at most.
    pub(super) vertex_count: u32,
    pub(super) triangle_count: u32,
    /// Whether vertices have more than a place: then one point may have several.
    pub(super) has_seams: bool,
}

/// Three earlier points or vertices, `a`, `b` and `c`, such that one is likely to lie near
/// `a + b - c`; the first of all names itself.
pub(super) type Parents = [u32; 3];
/// No corner.
pub(super) const NO_CORNER: u32 = u32::MAX;
/// No parents.
pub(super) const NONE: Parents = [u32::MAX; 3];

/// A coded topology.
#[derive(Debug, Default)]
pub(super) struct Topology {
    /// Three points a triangle.
    pub(super) corners: Vec<u32>,
    /// Three vertices a triangle, at those points.
    pub(super) indices: Vec<u32>,
    /// The parents of each point.
    pub(super) parents: Vec<Parents>,
    /// As good ones from another side, or [`NONE`].
    pub(super) others: Vec<Parents>,
    /// The first vertex of each point.
    pub(super) firsts: Vec<u32>,
    /// The point of each vertex.
    pub(super) points: Vec<u32>,
    /// For each corner the one across the edge that it is no end of, in the same part of the
    /// image; or [`NO_CORNER`].
    pub(super) across: Vec<u32>,
}

impl Topology {
    /// Whether a vertex is the first of its point.
    #[cfg(feature = "encode")]
    pub(super) fn is_first(&self, vertex: usize) -> bool {
        self.firsts[self.points[vertex] as usize] as usize == vertex
    }
}

/// One step of the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The third point is the next new one.
    New,
    /// The gate has no further triangle.
    Close,
    /// The triangle also takes the edge before the gate.
    Left,
    /// The triangle also takes the first edge of the loop.
    Right,
    /// The third point lies on the loop, at a place from its start, or from its end if negative.
    Split(i32),
    /// The third point is any earlier one.
    Seen(u32),
}

/// Kinds of step.
const KIND_COUNT: usize = 6;
/// How likely each kind is at first; what is no kind never comes.
const KIND_WEIGHTS: [u32; 16] = [8, 1, 6, 4, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

impl Step {
    fn kind(self) -> u8 {
        match self {
            Self::New => 0,
            Self::Close => 1,
            Self::Left => 2,
            Self::Right => 3,
            Self::Split(_) => 4,
            Self::Seen(_) => 5,
        }
    }
}

/// Says where the walk goes: the encoder knows, the decoder is told by the bytes.
pub(super) trait Guide {
    /// The step at `gate`, with `next` the number that a new point gets.
    fn step(&mut self, gate: Edge, border: &Border, next: u32) -> Step;
    /// A triangle to start a piece with: earlier points, or `next` and up for new ones.
    fn start(&mut self, next: u32) -> [u32; 3];
    /// The vertex at a corner of the latest triangle: the gate's start, its end, the third; or
    /// none if it has not been met.
    fn vertex(&self, corner: usize) -> Option<u32>;
    /// Tells that the vertex at a corner of the latest triangle is met, and got this number.
    fn meet(&mut self, corner: usize, vertex: u32);
}

/// The decoder's guide: any answer does, the bytes decide.
pub(super) struct Reading;

impl Guide for Reading {
    fn step(&mut self, _: Edge, _: &Border, _: u32) -> Step {
        Step::New
    }

    fn start(&mut self, _: u32) -> [u32; 3] {
        [0; 3]
    }

    fn vertex(&self, _: usize) -> Option<u32> {
        None
    }

    fn meet(&mut self, _: usize, _: u32) {}
}

/// Valences are told apart up to this: six is usual.
const VALENCE_MAX: usize = 7;

/// The models of the walk.
struct Models {
    /// Kinds, by the kind before and the valences of the gate's ends.
    kinds: Vec<Nibble>,
    is_new: Flag,
    places: Nibble,
    distances: Nibble,
}

impl Models {
    fn new() -> Self {
        let surrounding_count = KIND_COUNT * (VALENCE_MAX + 1) * (VALENCE_MAX + 1);
        Self {
            kinds: vec![Nibble::from_weights(&KIND_WEIGHTS); surrounding_count],
            is_new: Flag::default(),
            places: Nibble::default(),
            distances: Nibble::default(),
        }
    }

    fn step(&mut self, coder: &mut impl SymbolCoder, surrounding: usize, wanted: Step) -> Step {
        let kind = coder.nibble(&mut self.kinds[surrounding], wanted.kind());
        let wanted = match wanted {
            Step::Split(place) => place,
            Step::Seen(distance) => distance as i32,
            Step::New | Step::Close | Step::Left | Step::Right => 0,
        };
        match kind {
            0 => Step::New,
            1 => Step::Close,
            2 => Step::Left,
            3 => Step::Right,
            4 => Step::Split(code_number(coder, &mut self.places, wanted).0),
            _ => Step::Seen(self.distance(coder, wanted as u32)),
        }
    }

    /// How far back an earlier point is.
    fn distance(&mut self, coder: &mut impl SymbolCoder, wanted: u32) -> u32 {
        code_number(coder, &mut self.distances, wanted as i32).0 as u32
    }
}

/// The walk's state: what is built, and its border.
struct Walk {
    topology: Topology,
    border: Border,
    seams: Seams,
    /// Triangles at each point so far.
    valences: Vec<u8>,
    counts: Counts,
}

/// Codes a topology.
pub(super) fn code(
    coder: &mut impl SymbolCoder,
    counts: Counts,
    guide: &mut impl Guide,
) -> Result<Topology, DecodeError> {
    let mut walk = Walk {
        topology: Topology::default(),
        border: Border::default(),
        seams: Seams::new(counts),
        valences: Vec::new(),
        counts,
    };
    let mut models = Models::new();
    let mut kind = 0;
    while walk.triangle_count() < counts.triangle_count {
        if coder.is_past_end() {
            return Err(DecodeError::malformed(
                "6.3",
                "the walk reaches every triangle",
            ));
        }
        let next = walk.next();
        let Some(gate) = walk.border.take_gate() else {
            let wanted = guide.start(next);
            let corners = walk.start(coder, &mut models, wanted)?;
            walk.border.start(walk.triangle_count(), corners);
            walk.add(coder, guide, corners, &[])?;
            continue;
        };
        let surrounding = (usize::from(kind) * (VALENCE_MAX + 1) + walk.valence(gate.to))
            * (VALENCE_MAX + 1)
            + walk.valence(gate.from);
        let wanted = guide.step(gate, &walk.border, next);
        let step = models.step(coder, surrounding, wanted);
        kind = step.kind();
        walk.take(coder, guide, gate, step)?;
    }
    Ok(walk.topology)
}

impl Walk {
    /// The number that a new point gets.
    fn next(&self) -> u32 {
        self.topology.parents.len() as u32
    }

    fn triangle_count(&self) -> u32 {
        (self.topology.corners.len() / 3) as u32
    }

    fn valence(&self, point: u32) -> usize {
        usize::from(self.valences[point as usize]).min(VALENCE_MAX)
    }

    /// Takes one step at the gate.
    fn take(
        &mut self,
        coder: &mut impl SymbolCoder,
        guide: &mut impl Guide,
        gate: Edge,
        step: Step,
    ) -> Result<(), DecodeError> {
        let mut split_at = 0;
        let opposite = |walk: &Self, edge: Edge| walk.topology.corners[edge.corner as usize];
        let (third, beside) = match step {
            Step::Close => {
                self.border.close(gate);
                return Ok(());
            }
            Step::New => {
                let parents = [gate.from, gate.to, opposite(self, gate)];
                (self.meet(parents)?, None)
            }
            Step::Left => {
                let left = known(self.border.left_of(gate))?;
                self.other(gate.to, [left.from, gate.from, opposite(self, left)]);
                (left.from, Some(Shared::left(left)))
            }
            Step::Right => {
                let right = known(self.border.right_of(gate))?;
                self.other(gate.from, [gate.to, right.to, opposite(self, right)]);
                (right.to, Some(Shared::right(right)))
            }
            Step::Split(place) => {
                split_at = known(self.border.place_from(place))?;
                (known(self.border.point_at(split_at))?, None)
            }
            Step::Seen(distance) => (known(self.next().checked_sub(distance))?, None),
        };
        // `Seen(0)` would name the point to come.
        if third >= self.next() {
            return known(None::<()>);
        }
        let sides = Sides::new(self.triangle_count(), gate, third);
        match step {
            Step::Left => self.border.build_left(sides),
            Step::Right => self.border.build_right(sides),
            Step::Split(_) => self.border.build_split(sides, split_at),
            Step::New | Step::Close | Step::Seen(_) => self.border.build_free(sides),
        }
        let corners = [gate.from, gate.to, third];
        match beside {
            Some(beside) => self.add(coder, guide, corners, &[Shared::gate(gate), beside]),
            None => self.add(coder, guide, corners, &[Shared::gate(gate)]),
        }
    }

    /// Starts a piece: three points, each new or any earlier one.
    fn start(
        &mut self,
        coder: &mut impl SymbolCoder,
        models: &mut Models,
        wanted: [u32; 3],
    ) -> Result<[u32; 3], DecodeError> {
        let mut corners = [0; 3];
        for (index, wanted) in wanted.into_iter().enumerate() {
            let next = self.next();
            corners[index] = if coder.flag(&mut models.is_new, wanted >= next) {
                // Near the corner before, or else near the point before.
                let near = match index {
                    0 => next.saturating_sub(1),
                    _ => corners[index - 1],
                };
                self.meet([near; 3])?
            } else {
                let distance = models.distance(coder, next.wrapping_sub(wanted));
                known(next.checked_sub(distance).filter(|&point| point < next))?
            };
        }
        Ok(corners)
    }

    /// Numbers a new point.
    fn meet(&mut self, parents: Parents) -> Result<u32, DecodeError> {
        let point = self.next();
        if point == self.counts.vertex_count {
            return Err(too_many());
        }
        self.topology.parents.push(parents);
        self.topology.others.push(NONE);
        self.topology.firsts.push(u32::MAX);
        self.valences.push(0);
        self.seams.meet();
        Ok(point)
    }

    /// Notes that a point is also likely to lie near `a + b - c` of these.
    fn other(&mut self, point: u32, parents: Parents) {
        if parents.iter().all(|&parent| parent < point) {
            self.topology.others[point as usize] = parents;
        }
    }

    /// Adds a triangle and says which vertices it has.
    fn add(
        &mut self,
        coder: &mut impl SymbolCoder,
        guide: &mut impl Guide,
        corners: [u32; 3],
        shared: &[Shared],
    ) -> Result<(), DecodeError> {
        for point in corners {
            let valence = &mut self.valences[point as usize];
            *valence = valence.saturating_add(1);
        }
        self.topology.corners.extend_from_slice(&corners);
        self.seams
            .add(coder, guide, &mut self.topology, corners, shared)
    }
}

fn known<T>(found: Option<T>) -> Result<T, DecodeError> {
    found.ok_or_else(|| DecodeError::malformed("6.3", "a step leads to a point that is there"))
}

/// More points or vertices than declared.
pub(super) fn too_many() -> DecodeError {
    DecodeError::malformed("6.3", "there are as many vertices as the header says")
}
