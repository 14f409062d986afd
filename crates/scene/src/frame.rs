//! Decoded frames in the form the GPU reads, so that nothing is unpacked between the two.
//!
//! The layouts are those of FORMAT.md, "GPU-ready frames"; vertex shaders dequantise.

use bytemuck::{Pod, Zeroable};
use glam::{Vec2, Vec3, Vec3A};

use crate::{Bounds, Extent};

/// One instant of one track, decoded.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// A point cloud.
    Points(PointsFrame),
    /// A mesh.
    Mesh(MeshFrame),
}

/// A decoded point cloud: chunks over one run of points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointsFrame {
    /// Boxes of points, in the order of `points`, leaving no point out.
    pub chunks: Vec<PointChunk>,
    /// Morton-ordered inside each chunk.
    pub points: Vec<PackedPoint>,
}

/// A box of points with its own origin and step. 48 bytes.
///
/// A point lies at `origin + (q + 0.5) * step`, per axis, `q` its packed position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct PointChunk {
    /// The lower corner in the stage, metres.
    pub origin: [f32; 3],
    /// Edge of one grid cell, metres.
    pub step_metres: f32,
    /// Edge lengths of the box that holds every point, metres; for culling.
    pub size: [f32; 3],
    /// Mean distance between neighbouring points, metres; for the size of a drawn point.
    pub spacing_metres: f32,
    /// Index of its first point.
    pub first_point: u32,
    /// How many points follow.
    pub point_count: u32,
    /// Zero.
    pub spare: [u32; 2],
}

impl PointChunk {
    /// Where the points of several are; none where there are no points.
    pub fn extent(chunks: &[Self]) -> Option<Extent> {
        let chunks = || chunks.iter().filter(|chunk| chunk.point_count > 0);
        let bounds = chunks().map(Self::bounds).reduce(Bounds::union)?;
        let spacings = chunks().map(|chunk| chunk.spacing_metres);
        Some(Extent {
            bounds,
            spacing_metres: spacings.fold(f32::INFINITY, f32::min),
        })
    }

    /// The box that holds every point.
    pub fn bounds(&self) -> Bounds {
        let lo = Vec3::from(self.origin);
        Bounds {
            lo,
            hi: lo + Vec3::from(self.size),
        }
    }
}

/// A point inside its chunk. 8 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct PackedPoint {
    /// Grid cell: x in bits 0 to 9, y in 10 to 19, z in 20 to 29; bits 30 and 31 are zero.
    pub position: u32,
    /// Red, green, blue as sRGB, and a spare byte.
    pub colour: [u8; 4],
}

impl PackedPoint {
    /// Cells on each axis of a chunk.
    pub const CELLS: u32 = 1 << 10;

    /// Packs a cell, each coordinate below [`PackedPoint::CELLS`], and an sRGB colour.
    pub fn new(cell: [u32; 3], rgb: [u8; 3]) -> Self {
        debug_assert!(cell.iter().all(|&axis| axis < Self::CELLS));
        Self {
            position: cell[0] | cell[1] << 10 | cell[2] << 20,
            colour: [rgb[0], rgb[1], rgb[2], 0],
        }
    }

    /// The grid cell.
    pub fn cell(self) -> [u32; 3] {
        [
            self.position & 1023,
            self.position >> 10 & 1023,
            self.position >> 20 & 1023,
        ]
    }
}

/// A decoded mesh at one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeshFrame {
    /// What holds for a run of frames; `Some` in the frame that starts the run (a key).
    pub topology: Option<MeshTopology>,
    /// The grid that positions lie on.
    pub lattice: Lattice,
    /// One for each vertex of the topology.
    pub vertices: Vec<PackedVertex>,
}

/// What stays constant over a run of mesh frames.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeshTopology {
    /// Three vertex indices a triangle, counter-clockwise seen from outside.
    pub indices: Vec<u32>,
    /// One for each vertex.
    pub attributes: Vec<PackedAttribute>,
}

/// A grid of positions: a vertex lies at `origin + q * step`, per axis. 16 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Lattice {
    /// Where `q` = 0 lies in the stage, metres.
    pub origin: [f32; 3],
    /// Metres for one unit, the same on each axis.
    pub step_metres: f32,
}

/// A vertex at one instant. 8 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct PackedVertex {
    /// On the frame's lattice.
    pub position: [u16; 3],
    /// Unit normal, octahedral, see [`octahedral_from_normal`].
    pub normal: [i8; 2],
}

/// What a vertex keeps over a run of frames. 8 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct PackedAttribute {
    /// Texture coordinates, 65535 for 1; v grows downwards, as image rows do.
    pub texture: [u16; 2],
    /// Red, green, blue as sRGB, alpha; white where the mesh has a texture.
    pub colour: [u8; 4],
}

/// Folds a unit normal into two signed bytes, 127 for 1.
///
/// Source: Cigolle et al., "A Survey of Efficient Representations for Independent Unit Vectors",
/// JCGT 2014.
#[inline]
pub fn octahedral_from_normal(normal: Vec3A) -> [i8; 2] {
    let [x, y, z] = normal.abs().to_array();
    let sum = x + y + z;
    if sum.is_nan() || sum == 0.0 {
        return [0, 127]; // No direction: say up.
    }
    let folded = normal / sum;
    // y is the folded axis: people and pitches are full of normals near it.
    let mut flat = Vec2::new(folded.x, folded.z);
    if folded.y < 0.0 {
        flat = (Vec2::ONE - Vec2::new(flat.y, flat.x).abs()) * signs(flat);
    }
    // Nothing of a fraction fits beside so large a number; its lower bits are then the small one.
    let stored = flat * 127.0 + 12_582_912.0;
    stored.to_array().map(|axis| axis.to_bits() as i8)
}

/// The unit normal behind two signed bytes, within about 1 degree.
pub fn normal_from_octahedral(packed: [i8; 2]) -> Vec3 {
    let flat = Vec2::new(f32::from(packed[0]), f32::from(packed[1])) / 127.0;
    let y = 1.0 - flat.abs().element_sum();
    let below = (-y).max(0.0);
    let unfolded = flat - signs(flat) * below;
    Vec3::new(unfolded.x, y, unfolded.y).normalize_or(Vec3::Y)
}

/// 1 or -1 on each axis; 1 for zero.
fn signs(flat: Vec2) -> Vec2 {
    Vec2::new(
        if flat.x < 0.0 { -1.0 } else { 1.0 },
        if flat.y < 0.0 { -1.0 } else { 1.0 },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn normals_survive(x in -1.0f32..1.0, y in -1.0f32..1.0, z in -1.0f32..1.0) {
            let normal = Vec3::new(x, y, z);
            prop_assume!(normal.length() > 0.01);
            let normal = normal.normalize();
            let back = normal_from_octahedral(octahedral_from_normal(normal.into()));
            prop_assert!(normal.dot(back) > 0.9997, "{normal} became {back}");
        }

        #[test]
        fn cells_survive(x in 0u32..1024, y in 0u32..1024, z in 0u32..1024) {
            prop_assert_eq!(PackedPoint::new([x, y, z], [1, 2, 3]).cell(), [x, y, z]);
        }
    }

    #[test]
    fn layouts_are_what_the_format_says() {
        assert_eq!(size_of::<PointChunk>(), 48);
        assert_eq!(size_of::<PackedPoint>(), 8);
        assert_eq!(size_of::<Lattice>(), 16);
        assert_eq!(size_of::<PackedVertex>(), 8);
        assert_eq!(size_of::<PackedAttribute>(), 8);
    }
}
