//! How fine points must be to look right from where they are seen.
//!
//! A layer is worth its bytes as long as the points below it are so far apart that the eye could
//! tell; what nobody sees keeps its coarsest.

use glam::{Vec2, Vec3};
use touchline_scene::{Bounds, Extent, Viewpoint, tan};

/// Points nearer to each other than this are one to the eye, pixels of the picture.
const FINE_PX: f32 = 1.0;
/// Nearer than this nothing is looked at, metres.
const DISTANCE_MIN: f32 = 0.1;

/// From where a picture of some size is seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight {
    pub(crate) viewpoint: Viewpoint,
    /// Width and height, pixels.
    pub(crate) picture_px: Vec2,
}

impl Sight {
    /// How many layers are worth having of points that were last seen with `layer_count` of them.
    ///
    /// - `element_counts`: points of a frame with one layer, with two and so on.
    ///
    /// At least 1.
    pub(crate) fn layers_needed(
        &self,
        extent: Extent,
        layer_count: usize,
        element_counts: &[u32],
    ) -> usize {
        if extent.bounds.is_empty() || !self.may_see(extent.bounds) {
            return 1;
        }
        let count = |layer_count: usize| element_counts.get(layer_count - 1).copied();
        let Some(seen_count) = count(layer_count) else {
            return element_counts.len();
        };
        let spacing_px = extent.spacing_metres * self.px_per_metre(extent.bounds);
        // Points lie on surfaces: four times as many are half as far apart.
        let is_coarse = |layer_count: &usize| {
            let share = seen_count as f32 / count(*layer_count).unwrap_or(seen_count).max(1) as f32;
            spacing_px * share.sqrt() > FINE_PX
        };
        let coarse = (1..element_counts.len()).take_while(is_coarse);
        1 + coarse.count()
    }

    /// Of the nearest part of a box.
    fn px_per_metre(&self, bounds: Bounds) -> f32 {
        let eye = self.viewpoint.eye();
        let nearest = eye.max(bounds.lo).min(bounds.hi);
        let distance = nearest.distance(eye).max(DISTANCE_MIN);
        self.picture_px.y * 0.5 / tan(self.viewpoint.fov_y_radians * 0.5) / distance
    }

    /// Sure of a no; a yes may be wrong near the picture's edges.
    fn may_see(&self, bounds: Bounds) -> bool {
        let pose = self.viewpoint.camera().pose;
        let center = pose.orientation.inverse() * (bounds.center() - pose.position);
        let radius = bounds.radius();
        let (ahead, aside) = (-center.z, Vec3::new(center.x, center.y, 0.0).abs());
        let tan_y = tan(self.viewpoint.fov_y_radians * 0.5);
        let tan_x = tan_y * self.picture_px.x / self.picture_px.y;
        let is_beside = |aside: f32, tan: f32| aside - ahead * tan > radius * (1.0 + tan);
        ahead >= -radius && !is_beside(aside.x, tan_x) && !is_beside(aside.y, tan_y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An athlete of 1.8 m, from a distance, in a picture of so many pixels' height; seen from the
    /// front with two layers of 60,000 points 4 mm apart, of 15,000, 60,000 and 240,000.
    fn needed(distance_metres: f32, height_px: f32, yaw_radians: f32, target: Vec3) -> usize {
        let sight = Sight {
            viewpoint: Viewpoint {
                target,
                yaw_radians,
                pitch_radians: 0.0,
                distance_metres,
                fov_y_radians: 0.8,
            },
            picture_px: Vec2::new(height_px * 1.5, height_px),
        };
        let extent = Extent {
            bounds: Bounds {
                lo: Vec3::new(-0.3, 0.0, -0.3),
                hi: Vec3::new(0.3, 1.8, 0.3),
            },
            spacing_metres: 0.004,
        };
        sight.layers_needed(extent, 2, &[15_000, 60_000, 240_000])
    }

    #[test]
    fn far_and_small_needs_less() {
        let middle = Vec3::Y * 0.9;
        // 1.18 pixels to a metre at one metre's distance for each of the picture's height.
        for (distance_metres, height_px, wanted) in [
            (3.0, 1000.0, 3), // 1.75 px and 3.5 px apart.
            (3.0, 400.0, 2),  // 0.7 px and 1.4 px.
            (12.0, 400.0, 1), // 0.16 px and 0.32 px.
            (12.0, 4000.0, 3),
        ] {
            let found = needed(distance_metres, height_px, 0.0, middle);
            assert_eq!(found, wanted, "{distance_metres} m, {height_px} px");
        }
    }

    #[test]
    fn what_is_not_in_sight_needs_least() {
        assert_eq!(needed(3.0, 1000.0, 0.0, Vec3::new(20.0, 0.9, 0.0)), 1);
        assert_eq!(needed(3.0, 1000.0, 0.0, Vec3::new(0.0, 0.9, -10.0)), 1);
        // Half out of it.
        assert_eq!(needed(3.0, 1000.0, 0.0, Vec3::new(1.8, 0.9, 0.0)), 3);
    }
}
