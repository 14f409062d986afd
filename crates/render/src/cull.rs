//! Which boxes a camera cannot see.

use glam::{Mat4, Vec3, Vec4};
use touchline_scene::Bounds;

/// The space a camera sees: four sides and the near plane. There is no far plane.
#[derive(Clone, Copy, Debug)]
pub struct Frustum {
    /// Inward: a point is inside a plane where `dot(plane, point)` is at least 0.
    planes: [Vec4; 5],
}

impl Frustum {
    /// From a projection with reversed, infinite depth.
    ///
    /// Source: Gribb and Hartmann, "Fast extraction of viewing frustum planes", 2001.
    pub fn new(clip_from_stage: Mat4) -> Self {
        let [x, y, z, w] = [0, 1, 2, 3].map(|row| clip_from_stage.row(row));
        Self {
            planes: [w + x, w - x, w + y, w - y, w - z],
        }
    }

    /// Whether a box, grown by `margin_metres` to each side, may be seen.
    ///
    /// Sure of a no; a yes may be wrong near the frustum's edges.
    pub fn may_see(&self, bounds: Bounds, margin_metres: f32) -> bool {
        let margin = Vec3::splat(margin_metres);
        let (lo, hi) = (bounds.lo - margin, bounds.hi + margin);
        self.planes.iter().all(|&plane| {
            let towards = plane.truncate();
            let foremost = Vec3::select(towards.cmpge(Vec3::ZERO), hi, lo);
            towards.dot(foremost) + plane.w >= 0.0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use touchline_scene::Viewpoint;

    /// From (0, 0, 10) towards the origin, half as wide as high.
    fn frustum() -> Frustum {
        let camera = Viewpoint {
            target: Vec3::ZERO,
            yaw_radians: 0.0,
            pitch_radians: 0.0,
            distance_metres: 10.0,
            fov_y_radians: std::f32::consts::FRAC_PI_2,
        }
        .camera();
        Frustum::new(camera.clip_from_view(0.5) * camera.view_from_stage())
    }

    fn check(center: Vec3, half: f32, margin_metres: f32, is_seen: bool) {
        let bounds = Bounds {
            lo: center - half,
            hi: center + half,
        };
        let seen = frustum().may_see(bounds, margin_metres);
        assert_eq!(seen, is_seen, "{center} within {half}");
    }

    #[test]
    fn boxes_are_seen_where_they_are() {
        check(Vec3::ZERO, 1.0, 0.0, true);
        check(Vec3::new(0.0, 0.0, -1e6), 1.0, 0.0, true); // No far plane.
        check(Vec3::new(0.0, 0.0, 11.5), 1.0, 0.0, false); // Behind.
        check(Vec3::new(0.0, 0.0, 10.0), 1.0, 0.0, true); // Around the eye.
        check(Vec3::new(0.0, 9.0, 0.0), 0.5, 0.0, true);
        check(Vec3::new(0.0, 12.0, 0.0), 0.5, 0.0, false);
        check(Vec3::new(4.5, 0.0, 0.0), 0.4, 0.0, true);
        check(Vec3::new(6.5, 0.0, 0.0), 0.4, 0.0, false);
        check(Vec3::new(6.5, 0.0, 0.0), 0.4, 1.5, true); // The margin reaches in.
    }
}
