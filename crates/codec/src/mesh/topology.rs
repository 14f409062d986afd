//! Which vertices make triangles, coded as a walk over the surface.
//!
//! Follows FORMAT.md 6.3. Vertices are numbered in the order in which the walk meets them.
//! Source: the idea of a moving border is from Gumhold and Strasser, "Real Time Compression of
//! Triangle Mesh Connectivity", SIGGRAPH 1998.

use super::border::{Border, Edge};
use crate::DecodeError;
use crate::entropy::{Chance, Coder, Numbers};

/// What a key declares.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub(super) vertex_count: u32,
    pub(super) triangle_count: u32,
}

/// A coded topology.
#[derive(Debug, Default)]
pub(super) struct Topology {
    /// Three vertices a triangle.
    pub(super) indices: Vec<u32>,
    /// For each vertex three earlier ones, `a`, `b` and `c`, such that it is likely to lie near
    /// `a + b - c`; the first vertex names itself.
    pub(super) parents: Vec<[u32; 3]>,
    /// Vertices on an open edge: where texture seams are, or the surface ends.
    is_on_seam: Vec<bool>,
}

/// One step of the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The third vertex is the next new one.
    New,
    /// The gate has no further triangle.
    Close,
    /// The triangle also takes the edge before the gate.
    Left,
    /// The triangle also takes the first edge of the loop.
    Right,
    /// The third vertex lies on the loop, at a place.
    Split(u32),
    /// The third vertex is any earlier one.
    Seen(u32),
}

/// Kinds of step.
const KIND_COUNT: usize = 6;

impl Step {
    fn kind(self) -> usize {
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
    /// The step at `gate`, with `next` the number that a new vertex gets.
    fn step(&mut self, gate: Edge, border: &Border, next: u32) -> Step;
    /// A triangle to start a piece with: earlier vertices, or `next` and up for new ones.
    fn start(&mut self, next: u32) -> [u32; 3];
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
}

/// Valences are told apart up to this: six is usual.
const VALENCE_MAX: usize = 7;

/// The models of the walk.
struct Models {
    /// Unary kinds, by the kind before and the valences of the gate's ends.
    kinds: Vec<[Chance; KIND_COUNT - 1]>,
    is_new: Chance,
    numbers: Numbers,
}

impl Models {
    fn new() -> Self {
        let surroundings = KIND_COUNT * (VALENCE_MAX + 1) * (VALENCE_MAX + 1);
        Self {
            kinds: vec![[Chance::EVEN; KIND_COUNT - 1]; surroundings],
            is_new: Chance::EVEN,
            numbers: Numbers::new(2),
        }
    }

    fn step(&mut self, coder: &mut impl Coder, surrounding: usize, wanted: Step) -> Step {
        let mut kind = 0;
        if let Some(chances) = self.kinds.get_mut(surrounding) {
            while kind + 1 < KIND_COUNT && coder.bit(&mut chances[kind], wanted.kind() > kind) {
                kind += 1;
            }
        }
        let wanted = match wanted {
            Step::Split(place) => place,
            Step::Seen(distance) => distance,
            Step::New | Step::Close | Step::Left | Step::Right => 0,
        };
        match kind {
            0 => Step::New,
            1 => Step::Close,
            2 => Step::Left,
            3 => Step::Right,
            4 => Step::Split(self.number(coder, 0, wanted)),
            _ => Step::Seen(self.number(coder, 1, wanted)),
        }
    }

    /// A number of up to 32 bits, as two halves.
    fn number(&mut self, coder: &mut impl Coder, surrounding: usize, wanted: u32) -> u32 {
        let high = self.numbers.code(coder, surrounding, (wanted >> 16) as i32);
        let low = self
            .numbers
            .code(coder, surrounding, (wanted & 0xFFFF) as i32);
        high.unsigned_abs() << 16 | low.unsigned_abs()
    }
}

/// The walk's state: what is built, and its border.
struct Walk {
    topology: Topology,
    border: Border,
    /// Triangles at each vertex so far.
    valences: Vec<u8>,
    triangle_count: u32,
    counts: Counts,
}

/// Codes a topology.
pub(super) fn code(
    coder: &mut impl Coder,
    counts: Counts,
    guide: &mut impl Guide,
) -> Result<Topology, DecodeError> {
    let mut walk = Walk {
        topology: Topology::default(),
        border: Border::default(),
        valences: Vec::new(),
        triangle_count: 0,
        counts,
    };
    let mut models = Models::new();
    let mut kind = 0;
    while walk.triangle_count < counts.triangle_count {
        if coder.is_past_end() {
            return Err(DecodeError::malformed(
                "6.3",
                "the walk reaches every triangle",
            ));
        }
        let next = walk.next();
        let Some(gate) = walk.border.take_gate() else {
            let wanted = guide.start(next);
            walk.start(coder, &mut models, wanted)?;
            continue;
        };
        let surrounding = (kind * (VALENCE_MAX + 1) + walk.valence(gate.to)) * (VALENCE_MAX + 1)
            + walk.valence(gate.from);
        let wanted = guide.step(gate, &walk.border, next);
        let step = models.step(coder, surrounding, wanted);
        kind = step.kind();
        walk.take(gate, step)?;
    }
    if walk.next() != counts.vertex_count {
        return Err(DecodeError::malformed("6.3", "the walk meets every vertex"));
    }
    let Walk {
        mut topology,
        border,
        ..
    } = walk;
    for edge in border.edges() {
        topology.mark_seam(*edge);
    }
    Ok(topology)
}

impl Walk {
    /// The number that a new vertex gets.
    fn next(&self) -> u32 {
        self.topology.parents.len() as u32
    }

    fn valence(&self, vertex: u32) -> usize {
        usize::from(self.valences[vertex as usize]).min(VALENCE_MAX)
    }

    /// Takes one step at the gate.
    fn take(&mut self, gate: Edge, step: Step) -> Result<(), DecodeError> {
        let third = match step {
            Step::Close => {
                self.topology.mark_seam(gate);
                return Ok(());
            }
            Step::New => self.meet([gate.from, gate.to, gate.opposite])?,
            Step::Left => known(self.border.left_of(gate))?,
            Step::Right => known(self.border.right_of(gate))?,
            Step::Split(place) => known(self.border.vertex_at(place as usize))?,
            Step::Seen(distance) => known(self.next().checked_sub(distance))?,
        };
        // `Seen(0)` would name the vertex to come.
        if third >= self.next() {
            return known(None).map(|_| ());
        }
        match step {
            Step::Left => self.border.build_left(gate, third),
            Step::Right => self.border.build_right(gate, third),
            Step::Split(place) => self.border.build_split(gate, place as usize, third),
            Step::New | Step::Close | Step::Seen(_) => self.border.build_free(gate, third),
        }
        self.add([gate.from, gate.to, third]);
        Ok(())
    }

    /// Starts a piece: three vertices, each new or any earlier one.
    fn start(
        &mut self,
        coder: &mut impl Coder,
        models: &mut Models,
        wanted: [u32; 3],
    ) -> Result<(), DecodeError> {
        let mut corners = [0; 3];
        for (index, wanted) in wanted.into_iter().enumerate() {
            let next = self.next();
            corners[index] = if coder.bit(&mut models.is_new, wanted >= next) {
                // Near the corner before, or else near the vertex before.
                let near = match index {
                    0 => next.saturating_sub(1),
                    _ => corners[index - 1],
                };
                self.meet([near; 3])?
            } else {
                let distance = models.number(coder, 1, next.wrapping_sub(wanted));
                known(next.checked_sub(distance).filter(|&vertex| vertex < next))?
            };
        }
        self.border.start(corners);
        self.add(corners);
        Ok(())
    }

    /// Numbers a new vertex.
    fn meet(&mut self, parents: [u32; 3]) -> Result<u32, DecodeError> {
        let vertex = self.next();
        if vertex == self.counts.vertex_count {
            return Err(DecodeError::malformed(
                "6.3",
                "there are as many vertices as the header says",
            ));
        }
        self.topology.parents.push(parents);
        self.topology.is_on_seam.push(false);
        self.valences.push(0);
        Ok(vertex)
    }

    fn add(&mut self, corners: [u32; 3]) {
        for vertex in corners {
            let valence = &mut self.valences[vertex as usize];
            *valence = valence.saturating_add(1);
        }
        self.topology.indices.extend_from_slice(&corners);
        self.triangle_count += 1;
    }
}

fn known(vertex: Option<u32>) -> Result<u32, DecodeError> {
    vertex.ok_or_else(|| DecodeError::malformed("6.3", "a step leads to a vertex that is there"))
}

impl Topology {
    fn mark_seam(&mut self, edge: Edge) {
        for vertex in [edge.from, edge.to] {
            self.is_on_seam[vertex as usize] = true;
        }
    }

    /// For each vertex on a seam the first one at the same position; else itself.
    pub(super) fn twins(&self, positions: &[[i32; 3]]) -> Vec<u32> {
        let mut twins: Vec<u32> = (0..positions.len() as u32).collect();
        let mut on_seam: Vec<u32> = twins
            .iter()
            .copied()
            .filter(|&vertex| self.is_on_seam[vertex as usize])
            .collect();
        let place_of = |vertex: &u32| positions[*vertex as usize];
        on_seam.sort_unstable_by_key(|vertex| (place_of(vertex), *vertex));
        for group in on_seam.chunk_by(|a, b| place_of(a) == place_of(b)) {
            for &vertex in group {
                twins[vertex as usize] = group[0];
            }
        }
        twins
    }
}
