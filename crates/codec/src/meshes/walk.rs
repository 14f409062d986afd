//! Which points make triangles, coded as a walk over the surface.
//!
//! Follows FORMAT.md 6.3. Vertices are numbered in the order in which the walk meets them; a
//! point has the number of its first vertex.
//! Source: the idea of a moving border is from Gumhold and Strasser, "Real Time Compression of
//! Triangle Mesh Connectivity", SIGGRAPH 1998.

use super::border::{Border, Edge, Sides};
use super::seams::Seams;
use super::steps::{self, Guide, Met, Models, Step};
use super::topology::{Counts, Kin, NO_VERTEX, NONE, Parents, Topology};
use crate::DecodeError;
use crate::entropy::SymbolCoder;

/// A triangle of which no vertex is known.
const NO_VERTICES: [u32; 3] = [NO_VERTEX; 3];

/// The walk's state: what is built, and its border.
struct Walk {
    topology: Topology,
    border: Border,
    seams: Seams,
    /// By point.
    mets: Vec<Met>,
    counts: Counts,
}

/// An edge beside the gate that a triangle takes too.
struct Beside {
    edge: Edge,
    /// The corners of the triangle at its start and its end; the gate's are 0 and 1.
    ends: [usize; 2],
    /// The triangle's third point, and the vertex that the edge has there.
    third: u32,
    at_third: u32,
    /// Whether gate and edge have the same vertex where they meet.
    is_joined: bool,
}

/// Codes a topology.
pub(super) fn code<C: SymbolCoder>(
    coder: &mut C,
    counts: Counts,
    guide: &mut impl Guide,
) -> Result<Topology, DecodeError> {
    let mut walk = Walk::new(counts);
    let mut models = Models::new();
    let mut kind = 0;
    let mut ahead = None;
    let index_count = (counts.triangle_count as usize).saturating_mul(3);
    while walk.topology.indices.len() < index_count {
        if coder.is_past_end() {
            return Err(DecodeError::malformed(
                "6.3",
                "the walk reaches every triangle",
            ));
        }
        let Some(gate) = ahead.or_else(|| walk.border.take_gate()) else {
            ahead = walk.start(coder, guide, &mut models)?;
            continue;
        };
        let ends = [gate.from, gate.to].map(|end| walk.mets[end as usize]);
        let surrounding = steps::surrounding(kind, gate, ends);
        let wanted = match C::IS_WRITER {
            true => walk.wanted(guide, gate),
            false => (Step::New, false),
        };
        let (step, takes_seam) = models.step(coder, surrounding, wanted);
        kind = step.kind();
        ahead = match step {
            Step::Close => {
                walk.border.close(gate);
                None
            }
            Step::PutOff if gate.is_seam => return known(None),
            Step::PutOff => {
                walk.count_seam(gate);
                walk.border.put_off(gate);
                None
            }
            Step::New if !gate.is_seam => walk.take_new(guide, gate)?,
            Step::Left | Step::Right => walk.take_beside(coder, guide, gate, (step, takes_seam))?,
            Step::New | Step::Split(_) | Step::Seen(_) => {
                walk.take_far(coder, guide, gate, step)?
            }
        };
    }
    Ok(walk.topology)
}

impl Walk {
    fn new(counts: Counts) -> Self {
        let vertex_room = counts.vertex_count.min(counts.room_max) as usize;
        let triangle_room = counts.triangle_count.min(counts.room_max) as usize;
        Self {
            topology: Topology {
                indices: Vec::with_capacity(3 * triangle_room),
                points: Vec::with_capacity(vertex_room),
                kin: Vec::with_capacity(vertex_room),
                sides: Vec::with_capacity(vertex_room),
            },
            border: Border::default(),
            seams: Seams::new(counts.has_seams),
            mets: Vec::with_capacity(vertex_room),
            counts,
        }
    }

    /// The number that a new vertex gets.
    fn next(&self) -> u32 {
        self.topology.points.len() as u32
    }

    /// The edge that a step to the left or right takes beside the gate.
    #[inline]
    fn beside(&self, gate: Edge, step: Step) -> Option<Beside> {
        let [at_from, at_to, _] = gate.vertices;
        if step == Step::Left {
            let edge = self.border.left_of(gate)?;
            Some(Beside {
                edge,
                ends: [2, 0],
                third: edge.from,
                at_third: edge.vertices[0],
                is_joined: edge.vertices[1] == at_from,
            })
        } else {
            let edge = self.border.right_of(gate)?;
            Some(Beside {
                edge,
                ends: [1, 2],
                third: edge.to,
                at_third: edge.vertices[1],
                is_joined: edge.vertices[0] == at_to,
            })
        }
    }

    /// The step that the writing side wants, and whether it takes a seam that was not put off.
    fn wanted(&self, guide: &mut impl Guide, gate: Edge) -> (Step, bool) {
        let step = guide.step(gate, &self.border, self.next());
        if !matches!(step, Step::Left | Step::Right) || !self.counts.has_seams {
            return (step, false);
        }
        let takes_seam = self.beside(gate, step).is_some_and(|beside| {
            !beside.is_seam(gate, false) && guide.is_seam(beside.edge, beside.ends)
        });
        (step, takes_seam)
    }

    /// Takes the most usual step at the gate: a new point, and no seam.
    #[inline]
    fn take_new(
        &mut self,
        guide: &mut impl Guide,
        gate: Edge,
    ) -> Result<Option<Edge>, DecodeError> {
        let third = self.meet([gate.from, gate.to, gate.apex], gate.vertices)?;
        guide.meet(2, third);
        let [at_from, at_to, _] = gate.vertices;
        let (corners, vertices) = ([gate.from, gate.to, third], [at_from, at_to, third]);
        self.add(corners, vertices);
        Ok(self.border.build_new(Sides::new(corners, vertices)))
    }

    /// Takes a step to the left or right; if it says so, the edge beside the gate is a seam.
    #[inline]
    fn take_beside(
        &mut self,
        coder: &mut impl SymbolCoder,
        guide: &mut impl Guide,
        gate: Edge,
        (step, takes_seam): (Step, bool),
    ) -> Result<Option<Edge>, DecodeError> {
        let beside = known(self.beside(gate, step))?;
        let (edge, third) = (beside.edge, beside.third);
        if step == Step::Left {
            self.other(gate.to, [third, gate.from, edge.apex]);
        } else {
            self.other(gate.from, [gate.to, third, edge.apex]);
        }
        let corners = [gate.from, gate.to, third];
        let [at_from, at_to, _] = gate.vertices;
        let mut vertices = [at_from, at_to, beside.at_third];
        let is_seam = beside.is_seam(gate, takes_seam);
        if gate.is_seam || is_seam {
            let side = match (gate.is_seam, is_seam) {
                (false, _) => Some((gate, [0, 1])),
                (true, false) => Some((edge, beside.ends)),
                (true, true) => None,
            };
            if is_seam && !edge.is_seam {
                self.count_seam(edge);
            }
            vertices = self.choose(coder, guide, (corners, NO_VERTICES), side)?;
        }
        self.add(corners, vertices);
        let sides = Sides::new(corners, vertices);
        Ok(match step {
            Step::Left => self.border.build_left(sides),
            _ => self.border.build_right(sides),
        })
    }

    /// Takes a step over a seam to a new point, or to one that lies on neither side of the gate.
    fn take_far(
        &mut self,
        coder: &mut impl SymbolCoder,
        guide: &mut impl Guide,
        gate: Edge,
        step: Step,
    ) -> Result<Option<Edge>, DecodeError> {
        let mut vertices = NO_VERTICES;
        let mut split_at = 0;
        let third = match step {
            Step::Split(place) => {
                split_at = known(self.border.place_from(place))?;
                known(self.border.point_at(split_at))?
            }
            Step::Seen(distance) => self.point_back(distance)?,
            _ => {
                let near = self.next().saturating_sub(1);
                vertices[2] = self.meet([gate.from, gate.to, gate.apex], [near; 3])?;
                guide.meet(2, vertices[2]);
                vertices[2]
            }
        };
        let corners = [gate.from, gate.to, third];
        let side = (!gate.is_seam).then_some((gate, [0, 1]));
        let vertices = self.choose(coder, guide, (corners, vertices), side)?;
        self.add(corners, vertices);
        let sides = Sides::new(corners, vertices);
        Ok(match step {
            Step::Split(_) => self.border.build_split(sides, split_at),
            _ => self.border.build_free(sides),
        })
    }

    /// Starts a piece: three points, each new or any earlier one.
    fn start(
        &mut self,
        coder: &mut impl SymbolCoder,
        guide: &mut impl Guide,
        models: &mut Models,
    ) -> Result<Option<Edge>, DecodeError> {
        let mut corners = [0; 3];
        let mut vertices = NO_VERTICES;
        for (corner, wanted) in guide.start().into_iter().enumerate() {
            let wanted = wanted.map(|point| self.next() - point);
            corners[corner] = match models.start(coder, wanted) {
                Some(distance) => self.point_back(distance)?,
                None => {
                    // Near the corner before, or else near the vertex before.
                    let near = match corner {
                        0 => self.next().saturating_sub(1),
                        _ => corners[corner - 1],
                    };
                    vertices[corner] = self.meet([near; 3], [near; 3])?;
                    guide.meet(corner, vertices[corner]);
                    vertices[corner]
                }
            };
        }
        let vertices = self.choose(coder, guide, (corners, vertices), None)?;
        self.add(corners, vertices);
        Ok(self.border.start(corners, vertices))
    }

    /// The point that is so far back from the next number.
    fn point_back(&self, distance: u32) -> Result<u32, DecodeError> {
        let point = self.next().checked_sub(distance);
        // Any vertex names its point.
        let point = point.and_then(|point| self.topology.points.get(point as usize));
        known(point.copied())
    }

    /// Numbers a new point.
    ///
    /// `side`: the parents of its vertex.
    #[inline]
    fn meet(&mut self, parents: Parents, side: Parents) -> Result<u32, DecodeError> {
        let point = self.next();
        self.meet_vertex(point, parents, side)
    }

    /// Numbers a new vertex of a point, that point's first one or not.
    #[inline]
    fn meet_vertex(
        &mut self,
        point: u32,
        parents: Parents,
        side: Parents,
    ) -> Result<u32, DecodeError> {
        let vertex = self.next();
        if vertex == self.counts.vertex_count {
            return Err(DecodeError::malformed(
                "6.3",
                "there are as many vertices as the header says",
            ));
        }
        self.topology.points.push(point);
        self.topology.kin.push(Kin {
            parents,
            others: NONE,
        });
        self.topology.sides.push(side);
        self.mets.push(Met::NEW);
        Ok(vertex)
    }

    /// Notes that a point is also likely to lie near `a + b - c` of these.
    #[inline]
    fn other(&mut self, point: u32, parents: Parents) {
        if parents.iter().all(|&parent| parent < point) {
            self.topology.kin[point as usize].others = parents;
        }
    }

    fn count_seam(&mut self, edge: Edge) {
        for point in [edge.from, edge.to] {
            self.mets[point as usize].count_seam();
        }
    }

    /// Chooses the vertices of a triangle that are not known yet. FORMAT.md 6.4.
    ///
    /// `side`: an edge that is no seam, and which corners lie at its ends: it has their vertices.
    fn choose(
        &mut self,
        coder: &mut impl SymbolCoder,
        guide: &mut impl Guide,
        (points, mut vertices): ([u32; 3], [u32; 3]),
        side: Option<(Edge, [usize; 2])>,
    ) -> Result<[u32; 3], DecodeError> {
        if let Some((edge, ends)) = side {
            for (end, vertex) in ends.into_iter().zip(edge.vertices) {
                vertices[end] = vertex;
            }
        }
        let known = vertices;
        for corner in 0..3 {
            if known[corner] == NO_VERTEX {
                let chosen = self
                    .seams
                    .choose(coder, points[corner], guide.vertex(corner));
                vertices[corner] = chosen?.unwrap_or(NO_VERTEX);
            }
        }
        for corner in 0..3 {
            if vertices[corner] == NO_VERTEX {
                let side = match side {
                    Some((edge, _)) => edge.vertices,
                    None => beside(corner, vertices, self.next()),
                };
                let vertex = self.meet_vertex(points[corner], NONE, side)?;
                self.seams.append(points[corner], vertex);
                guide.meet(corner, vertex);
                vertices[corner] = vertex;
            }
        }
        Ok(vertices)
    }

    /// Adds a triangle of these points and vertices.
    #[inline]
    fn add(&mut self, corners: [u32; 3], vertices: [u32; 3]) {
        for point in corners {
            self.mets[point as usize].count_triangle();
        }
        self.topology.indices.extend_from_slice(&vertices);
    }
}

impl Beside {
    /// Whether the edge is a seam: one that was put off, or that the step takes, or one of which
    /// the other end follows from the gate.
    #[inline]
    fn is_seam(&self, gate: Edge, takes_seam: bool) -> bool {
        let is_certain = !gate.is_seam && !self.is_joined;
        self.edge.is_seam || takes_seam || is_certain
    }
}

/// The parents of a new vertex at a corner of a triangle that seams cut off: the vertices at its
/// other corners as far as they are there, or else the vertex met before.
fn beside(corner: usize, vertices: [u32; 3], next: u32) -> Parents {
    let [a, b] = [vertices[(corner + 1) % 3], vertices[(corner + 2) % 3]];
    match (a, b) {
        (NO_VERTEX, NO_VERTEX) => [next.saturating_sub(1); 3],
        (NO_VERTEX, only) | (only, NO_VERTEX) => [only; 3],
        _ => [a, b, NO_VERTEX],
    }
}

fn known<T>(found: Option<T>) -> Result<T, DecodeError> {
    found.ok_or_else(|| DecodeError::malformed("6.3", "a step leads to a point that is there"))
}
