//! What the walk over a surface builds: triangles of vertices, and what each is predicted from.
//!
//! Follows FORMAT.md 6.3 and 6.4.

/// What a key declares.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    /// Vertices at most.
    pub(super) vertex_count: u32,
    pub(super) triangle_count: u32,
    /// Whether vertices have more than a place: then one point may have several.
    pub(super) has_seams: bool,
    /// Vertices or triangles to make room for at once, at most.
    pub(super) room_max: u32,
}

/// No vertex.
pub(super) const NO_VERTEX: u32 = u32::MAX;
/// Three earlier vertices, `a`, `b` and `c`, such that one is likely to lie near `a + b - c`; the
/// first of all names itself.
pub(super) type Parents = [u32; 3];
/// No parents.
pub(super) const NONE: Parents = [NO_VERTEX; 3];

/// Where a point is likely to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kin {
    pub(super) parents: Parents,
    /// As good ones from another side, or [`NONE`].
    pub(super) others: Parents,
}

/// A coded topology.
#[derive(Debug, Default)]
pub(super) struct Topology {
    /// Three vertices a triangle.
    pub(super) indices: Vec<u32>,
    /// The point of each vertex: itself, or an earlier one, its twin.
    pub(super) points: Vec<u32>,
    /// The kin of each vertex that is a point.
    pub(super) kin: Vec<Kin>,
    /// The parents of each vertex on its own side of the seams; where there is no third one that
    /// is [`NO_VERTEX`].
    pub(super) sides: Vec<Parents>,
}
