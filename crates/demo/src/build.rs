//! Builds coloured flat-faced meshes: the bricks of the venue.

use glam::Vec3;

use crate::kit::srgb;

/// A mesh of flat faces, each with vertices of its own, so that edges stay crisp.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    /// Metres.
    pub(crate) positions: Vec<Vec3>,
    /// sRGB.
    pub(crate) colours: Vec<[u8; 3]>,
    /// Anticlockwise seen from outside.
    pub(crate) triangles: Vec<[u32; 3]>,
}

impl Builder {
    /// A flat four-sided face, anticlockwise, in a linear colour.
    pub(crate) fn quad(&mut self, corners: [Vec3; 4], colour: Vec3) {
        let first = self.positions.len() as u32;
        self.positions.extend(corners);
        self.colours.extend([srgb(colour); 4]);
        self.triangles
            .extend([[0, 1, 2], [0, 2, 3]].map(|t| t.map(|index| first + index)));
    }

    /// A tube from `a` to `b` with `sides` flat sides and open ends.
    pub(crate) fn tube(&mut self, a: Vec3, b: Vec3, radius: f32, sides: u32, colour: Vec3) {
        let (right, up) = (b - a).normalize().any_orthonormal_pair();
        let first = self.positions.len() as u32;
        for index in 0..sides {
            let angle = index as f32 / sides as f32 * std::f32::consts::TAU;
            let out = (right * angle.cos() + up * angle.sin()) * radius;
            self.positions.extend([a + out, b + out]);
            self.colours.extend([srgb(colour); 2]);
            let (this, next) = (2 * index, 2 * ((index + 1) % sides));
            self.triangles.extend(
                [[this, next, next + 1], [this, next + 1, this + 1]]
                    .map(|t| t.map(|index| first + index)),
            );
        }
    }

    /// A thin strip from `a` to `b`, `width` wide, facing `normal`.
    pub(crate) fn strip(&mut self, a: Vec3, b: Vec3, width: f32, normal: Vec3, colour: Vec3) {
        let across = normal.cross(b - a).normalize_or_zero() * (width * 0.5);
        self.quad([a - across, b - across, b + across, a + across], colour);
    }
}
