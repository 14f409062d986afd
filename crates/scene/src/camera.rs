//! Where a camera stands and what its lens sees.
//!
//! A camera looks down its own -z with +y up, as in glTF.

use glam::{Mat4, Quat, Vec3, Vec4};
use serde::{Deserialize, Serialize};

use crate::numbers::{sin_cos, tan};

/// The nearest distance drawn, metres: closer than a hand in front of the eye.
const NEAR_METRES: f32 = 0.05;

/// The narrowest shape, width / height, that a viewpoint's vertical field of view is meant for.
const ASPECT_MIN: f32 = 4.0 / 3.0;

/// A place and a direction in the stage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pose {
    /// Metres.
    pub position: Vec3,
    /// Stage from camera; unit length.
    pub orientation: Quat,
}

/// What a camera's lens takes in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lens {
    /// Vertical field of view, radians, in `0..PI`.
    pub fov_y_radians: f32,
}

/// A pose and a lens: all that drawing needs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Camera {
    /// Where it stands.
    pub pose: Pose,
    /// What it sees.
    pub lens: Lens,
}

impl Camera {
    /// Moves points of the stage into the camera's own space.
    pub fn view_from_stage(&self) -> Mat4 {
        Mat4::from_rotation_translation(self.pose.orientation, self.pose.position).inverse()
    }

    /// The same camera for a picture of `aspect` = width / height: one narrower than 4:3 keeps the
    /// width of a 4:3 one and shows more above and below, so that on an upright phone nobody runs
    /// out of a viewpoint that was chosen on a desk.
    pub fn widened_for(mut self, aspect: f32) -> Self {
        let widening = (ASPECT_MIN / aspect).max(1.0);
        let half = self.lens.fov_y_radians * 0.5;
        self.lens.fov_y_radians = 2.0 * (tan(half) * widening).atan();
        self
    }

    /// Projects the camera's space for an image of `aspect` = width / height.
    ///
    /// Depth is reversed, 1 at the near plane to 0 at infinity: floats are finest near 0, where
    /// the far distances crowd.
    pub fn clip_from_view(&self, aspect: f32) -> Mat4 {
        let focal = 1.0 / tan(self.lens.fov_y_radians * 0.5);
        Mat4::from_cols(
            Vec4::new(focal / aspect, 0.0, 0.0, 0.0),
            Vec4::new(0.0, focal, 0.0, 0.0),
            Vec4::new(0.0, 0.0, 0.0, -1.0),
            Vec4::new(0.0, 0.0, NEAR_METRES, 0.0),
        )
    }
}

/// A viewpoint that orbits a target: what a fan's hands hold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Viewpoint {
    /// The point looked at, metres.
    pub target: Vec3,
    /// Around the vertical, radians; 0 looks from +z, growing towards +x.
    pub yaw_radians: f32,
    /// Above the horizon, radians, in `-PI/2..PI/2`.
    pub pitch_radians: f32,
    /// From target to eye, metres, more than 0.
    pub distance_metres: f32,
    /// Vertical field of view, radians.
    pub fov_y_radians: f32,
}

impl Viewpoint {
    /// The eye's place in the stage, metres.
    pub fn eye(&self) -> Vec3 {
        let (yaw_sin, yaw_cos) = sin_cos(self.yaw_radians);
        let (pitch_sin, pitch_cos) = sin_cos(self.pitch_radians);
        let away = Vec3::new(yaw_sin * pitch_cos, pitch_sin, yaw_cos * pitch_cos);
        self.target + away * self.distance_metres
    }

    /// The camera standing at this viewpoint.
    pub fn camera(&self) -> Camera {
        let (yaw_sin, yaw_cos) = sin_cos(self.yaw_radians * 0.5);
        let (pitch_sin, pitch_cos) = sin_cos(self.pitch_radians * -0.5);
        let yaw = Quat::from_xyzw(0.0, yaw_sin, 0.0, yaw_cos);
        let pitch = Quat::from_xyzw(pitch_sin, 0.0, 0.0, pitch_cos);
        Camera {
            pose: Pose {
                position: self.eye(),
                orientation: yaw * pitch,
            },
            lens: Lens {
                fov_y_radians: self.fov_y_radians,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_target_is_in_the_middle(
            yaw in -6.0f32..6.0,
            pitch in -1.5f32..1.5,
            distance in 0.1f32..100.0,
        ) {
            let viewpoint = Viewpoint {
                target: Vec3::new(1.0, 2.0, -3.0),
                yaw_radians: yaw,
                pitch_radians: pitch,
                distance_metres: distance,
                fov_y_radians: 0.8,
            };
            let camera = viewpoint.camera();
            let in_view = camera.view_from_stage().transform_point3(viewpoint.target);
            let ahead = Vec3::new(0.0, 0.0, -distance);
            prop_assert!((in_view - ahead).length() < 1e-3 * distance.max(1.0));
            let in_clip = camera.clip_from_view(1.5) * in_view.extend(1.0);
            let depth = in_clip.z / in_clip.w;
            prop_assert!((depth - NEAR_METRES / distance).abs() < 1e-4);
        }
    }

    #[test]
    fn upright_pictures_keep_the_width() {
        let viewpoint = Viewpoint {
            target: Vec3::ZERO,
            yaw_radians: 0.0,
            pitch_radians: 0.0,
            distance_metres: 5.0,
            fov_y_radians: 0.8,
        };
        let camera = viewpoint.camera();
        let width = |aspect: f32| camera.widened_for(aspect).clip_from_view(aspect).x_axis.x;
        assert!((width(0.5) - width(4.0 / 3.0)).abs() < 1e-4);
        assert!((camera.widened_for(1.8).lens.fov_y_radians - 0.8).abs() < 1e-6);
    }

    #[test]
    fn right_is_right_and_up_is_up() {
        let viewpoint = Viewpoint {
            target: Vec3::ZERO,
            yaw_radians: 0.0,
            pitch_radians: 0.3,
            distance_metres: 5.0,
            fov_y_radians: 0.8,
        };
        let view = viewpoint.camera().view_from_stage();
        assert!(view.transform_point3(Vec3::X).x > 0.9);
        assert!(view.transform_point3(Vec3::Y).y > 0.9);
    }
}
