//! Bakes the stadium's light into colours: a key light with soft shadows, sky and grass.

use glam::{Vec2, Vec3};

/// Towards the key light, and the lights' colours, as shaders/mesh.wgsl has them, so that the
/// points' baked light and the mesh's own are one.
const KEY_TOWARDS: Vec3 = Vec3::new(-0.4558, 0.7293, 0.5105);
const KEY_LIGHT: Vec3 = Vec3::new(0.66, 0.64, 0.60);
const SKY_LIGHT: Vec3 = Vec3::new(0.40, 0.43, 0.50);
const GROUND_LIGHT: Vec3 = Vec3::new(0.17, 0.19, 0.16);
/// How far light creeps around, likewise.
const WRAP: f32 = 0.35;
/// Cell of the shadow map, metres: wider than the surface's edges, so that it has no holes.
const CELL_METRES: f32 = 0.012;
/// How far behind a surface must be to lie in its shadow, metres.
const BIAS_METRES: f32 = 0.035;

/// What of a body the key light sees.
#[derive(Debug)]
pub(crate) struct Shadow {
    origin: Vec2,
    size: [usize; 2],
    depths: Vec<f32>,
    axes: [Vec3; 3],
}

impl Shadow {
    /// From the vertices of a dense surface.
    pub(crate) fn new(positions: &[Vec3]) -> Self {
        let towards = KEY_TOWARDS.normalize();
        let right = towards.cross(Vec3::Y).normalize();
        let axes = [right, towards.cross(right), towards];
        let flat = |p: &Vec3| Vec2::new(p.dot(axes[0]), p.dot(axes[1]));
        let (lo, hi) = positions
            .iter()
            .map(flat)
            .fold((Vec2::INFINITY, Vec2::NEG_INFINITY), |(lo, hi), p| {
                (lo.min(p), hi.max(p))
            });
        let origin = lo - 3.0 * CELL_METRES;
        let size = ((hi - lo) / CELL_METRES + 7.0).as_uvec2().to_array();
        let size = size.map(|cells| cells as usize);
        let mut shadow = Self {
            origin,
            size,
            depths: vec![f32::NEG_INFINITY; size[0] * size[1]],
            axes,
        };
        for position in positions {
            let (cell, _) = shadow.cell(*position);
            let depth = position.dot(towards);
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let index = (cell[1] + dy) * size[0] + cell[0] + dx;
                shadow.depths[index] = shadow.depths[index].max(depth);
            }
        }
        shadow
    }

    fn cell(&self, point: Vec3) -> ([usize; 2], Vec2) {
        let flat = Vec2::new(point.dot(self.axes[0]), point.dot(self.axes[1]));
        let at = ((flat - self.origin) / CELL_METRES).max(Vec2::ONE);
        let cell = [0, 1].map(|axis| (at[axis] as usize).min(self.size[axis] - 3));
        (cell, at.fract())
    }

    /// The share of the key light that reaches a point, from 16 cells around it.
    fn lit(&self, point: Vec3) -> f32 {
        let (cell, share) = self.cell(point);
        let depth = point.dot(self.axes[2]) + BIAS_METRES;
        let weights = |share: f32| [1.0 - share, 1.0, 1.0, share];
        let (across, up) = (weights(share.x), weights(share.y));
        let mut light = 0.0;
        for (dy, wy) in up.iter().enumerate() {
            for (dx, wx) in across.iter().enumerate() {
                let blocker = self.depths[(cell[1] + dy - 1) * self.size[0] + cell[0] + dx - 1];
                // A soft edge in depth as well hides the map's cells.
                light += wx * wy * (1.0 - ((blocker - depth) / 0.03).clamp(0.0, 1.0));
            }
        }
        light / 9.0
    }

    /// The light that leaves a surface, linear.
    ///
    /// `openness` is the share of the sky it sees, 0 to 1.
    pub(crate) fn shaded(&self, albedo: Vec3, point: Vec3, normal: Vec3, openness: f32) -> Vec3 {
        let around = GROUND_LIGHT.lerp(SKY_LIGHT, normal.y * 0.5 + 0.5);
        let facing = ((normal.dot(self.axes[2]) + WRAP) / (1.0 + WRAP)).clamp(0.0, 1.0);
        albedo * (KEY_LIGHT * (facing * self.lit(point)) + around * openness)
    }
}
