//! The fan's camera: orbits a target with inertia, glides to presets, stays inside its limits.
//!
//! Every motion is solved exactly over the elapsed time, so the path does not depend on how often
//! the camera is asked.
//! Always true: the eye is above the ground and every number is finite.

use std::f64::consts::PI;

use glam::Vec3;
use touchline_pack::Manifest;
use touchline_scene::{Bounds, Held, Seconds, Viewpoint, sin_cos, tan, wrapped};

use crate::event::Gesture;

/// Lowest height of the eye above the ground, metres.
const EYE_HEIGHT_MIN: f32 = 0.1;
/// Nearest distance to the target, metres: a face fills the picture.
const DISTANCE_MIN: f32 = 0.3;
/// Farthest distance, in radii of what moves.
const DISTANCE_MAX_RADII: f32 = 6.0;
/// Highest pitch: straight down would lose which way is up.
const PITCH_MAX: f32 = 1.55;
/// How far the target may leave the box of what moves, in radii.
const PAN_RADII: f32 = 0.5;
/// Field of view where the pack has no preset: a portrait lens.
const FOV_DEFAULT: f32 = 0.7;
/// Room around the action in the default viewpoint.
const FRAMING: f32 = 1.15;
/// How quickly keys and wheel are followed, radians a second of the critically damped spring.
const SPRING: f32 = 14.0;
/// Time in which a thrown camera loses all but 1/e of its speed.
const INERTIA_SECS: f32 = 0.3;
/// Time over which the hand's speed is measured.
const HAND_SECS: f32 = 0.05;
/// The fastest throw, radians a second: one turn would take 0.6 s.
const THROW_MAX: f32 = 10.0;
/// Slower than this the camera stands, units a second: a pixel in seconds.
const STILL: f32 = 1e-3;
/// A throw slower than this is over, radians a second.
const STILL_TURN: f32 = 0.01;
/// How long a glide to a preset takes.
pub(crate) const GLIDE: Seconds = Seconds(0.9);

/// Where a fan stands before anything is open.
pub(crate) const NOWHERE: Viewpoint = Viewpoint {
    target: Vec3::ZERO,
    yaw_radians: 0.0,
    pitch_radians: 0.15,
    distance_metres: 5.0,
    fov_y_radians: FOV_DEFAULT,
};

/// Coordinates of a viewpoint: yaw, pitch, logarithm of distance, target x y z, field of view.
///
/// Distances are felt as ratios: their logarithm glides evenly.
type Coordinates = [f32; 7];

const YAW: usize = 0;
const PITCH: usize = 1;
const LOG_DISTANCE: usize = 2;
const TARGET: usize = 3;
const FOV: usize = 6;

/// The fan's camera.
#[derive(Clone, Debug)]
pub(crate) struct Camera {
    limits: Limits,
    current: Coordinates,
    speed: Coordinates,
    goal: Coordinates,
    glide: Option<Glide>,
    is_grabbed: bool,
    /// Yaw and pitch by which the hand moved since the last advance.
    hand: [f32; 2],
    /// Radians a second, of the hand while grabbed, of the throw after.
    throw: [f32; 2],
    pub(crate) is_motion_reduced: bool,
}

#[derive(Clone, Debug)]
struct Glide {
    from: Coordinates,
    elapsed: f32,
    duration: f32,
}

/// Where the camera may be.
#[derive(Clone, Debug)]
struct Limits {
    target: Bounds,
    ground: f32,
    distance_max: f32,
}

impl Camera {
    /// Goes wherever a pack that has grown allows.
    pub(crate) fn grow(&mut self, manifest: &Manifest) {
        self.limits = Limits::new(manifest);
    }

    /// At the pack's first preset, or before the middle of the action.
    pub(crate) fn new(manifest: &Manifest, is_motion_reduced: bool) -> Self {
        let limits = Limits::new(manifest);
        let start = manifest
            .presets
            .first()
            .map_or_else(|| framing(manifest.bounds), |preset| preset.viewpoint);
        let current = limits.hold(coordinates(&start));
        Self {
            limits,
            current,
            speed: Coordinates::default(),
            goal: current,
            glide: None,
            is_grabbed: false,
            hand: [0.0; 2],
            throw: [0.0; 2],
            is_motion_reduced,
        }
    }

    /// From where it is seen now.
    pub(crate) fn viewpoint(&self) -> Viewpoint {
        let [
            yaw_radians,
            pitch_radians,
            log_distance,
            x,
            y,
            z,
            fov_y_radians,
        ] = self.current;
        Viewpoint {
            target: Vec3::new(x, y, z),
            yaw_radians,
            pitch_radians,
            distance_metres: log_distance.exp(),
            fov_y_radians,
        }
    }

    /// Whether it moves by itself.
    pub(crate) fn is_moving(&self) -> bool {
        self.glide.is_some() || self.throw != [0.0; 2] || self.current != self.goal
    }

    /// Glides to `viewpoint` within `ease`, the short way round. Ignored unless finite.
    pub(crate) fn go_to(&mut self, viewpoint: &Viewpoint, ease: Seconds) {
        let mut goal = coordinates(viewpoint);
        if !goal.iter().all(|value| value.is_finite()) {
            return;
        }
        let turn = goal[YAW] - self.current[YAW];
        let turn = wrapped(f64::from(turn) + PI, 2.0 * PI) - PI;
        goal[YAW] = self.current[YAW] + turn as f32;
        self.stop();
        self.goal = self.limits.hold(goal);
        let duration = ease.0 as f32;
        if duration > 0.0 && !self.is_motion_reduced {
            self.glide = Some(Glide {
                from: self.current,
                elapsed: 0.0,
                duration,
            });
        } else {
            self.current = self.goal;
        }
    }

    /// Follows the fan's hands.
    pub(crate) fn absorb(&mut self, gesture: Gesture) {
        match gesture {
            Gesture::GrabStart => {
                self.stop();
                self.goal = self.current;
                self.is_grabbed = true;
            }
            Gesture::GrabEnd => {
                self.is_grabbed = false;
                if self.is_motion_reduced {
                    self.throw = [0.0; 2];
                }
            }
            Gesture::OrbitBy {
                yaw_radians,
                pitch_radians,
            } => {
                let mut by = Coordinates::default();
                by[YAW] = yaw_radians;
                by[PITCH] = pitch_radians;
                if self.is_grabbed && yaw_radians.is_finite() && pitch_radians.is_finite() {
                    self.hand[0] += yaw_radians;
                    self.hand[1] += pitch_radians;
                }
                self.move_by(by);
            }
            Gesture::ZoomBy { factor } => {
                let mut by = Coordinates::default();
                by[LOG_DISTANCE] = factor.ln();
                self.move_by(by);
            }
            Gesture::PanBy { right, up } => self.pan(right, up),
        }
    }

    /// Runs for `elapsed`.
    pub(crate) fn advance(&mut self, elapsed: Seconds) {
        let elapsed = elapsed.0 as f32;
        if elapsed <= 0.0 {
            return;
        }
        if let Some(glide) = &mut self.glide {
            glide.elapsed += elapsed;
            let done = (glide.elapsed / glide.duration).min(1.0);
            let share = smootherstep(done);
            for axis in 0..self.current.len() {
                let from = glide.from[axis];
                self.current[axis] = from + (self.goal[axis] - from) * share;
            }
            if done >= 1.0 {
                self.current = self.goal;
                self.glide = None;
            }
        } else if self.is_grabbed {
            self.measure_hand(elapsed);
        } else {
            self.coast(elapsed);
            self.spring(elapsed);
        }
        self.goal = self.limits.hold(self.goal);
        self.current = self.limits.hold(self.current);
    }

    fn stop(&mut self) {
        self.glide = None;
        self.speed = Coordinates::default();
        self.hand = [0.0; 2];
        self.throw = [0.0; 2];
    }

    /// Moves the goal; under the hand, or with less motion, at once.
    fn move_by(&mut self, by: Coordinates) {
        if !by.iter().all(|value| value.is_finite()) {
            return;
        }
        if self.glide.take().is_some() {
            self.goal = self.current;
        }
        if !self.is_grabbed {
            self.throw = [0.0; 2];
        }
        self.goal = self.limits.hold(sum(self.goal, by));
        if self.is_grabbed || self.is_motion_reduced {
            self.current = self.limits.hold(sum(self.current, by));
        }
        if self.is_motion_reduced {
            self.current = self.goal;
        }
    }

    fn pan(&mut self, right: f32, up: f32) {
        let viewpoint = self.viewpoint();
        let height = 2.0 * viewpoint.distance_metres * tan(viewpoint.fov_y_radians * 0.5);
        let orientation = viewpoint.camera().pose.orientation;
        let shift = orientation * Vec3::new(right * height, up * height, 0.0);
        let mut by = Coordinates::default();
        by[TARGET..FOV].copy_from_slice(&shift.to_array());
        self.move_by(by);
    }

    /// Averages the hand's speed over the last moments.
    fn measure_hand(&mut self, elapsed: f32) {
        let fresh = 1.0 - (-elapsed / HAND_SECS).exp();
        for axis in [YAW, PITCH] {
            let speed = (self.hand[axis] / elapsed).held(-THROW_MAX, THROW_MAX);
            self.throw[axis] += (speed - self.throw[axis]) * fresh;
            if self.throw[axis].abs() < STILL_TURN {
                self.throw[axis] = 0.0;
            }
        }
        self.hand = [0.0; 2];
    }

    /// Runs on after a throw, slowing down exponentially.
    fn coast(&mut self, elapsed: f32) {
        let kept = (-elapsed / INERTIA_SECS).exp();
        for axis in [YAW, PITCH] {
            let by = self.throw[axis] * INERTIA_SECS * (1.0 - kept);
            self.goal[axis] += by;
            self.current[axis] += by;
            self.throw[axis] *= kept;
            if self.throw[axis].abs() < STILL_TURN {
                self.throw[axis] = 0.0;
            }
        }
    }

    /// Draws the camera to its goal as a critically damped spring, solved exactly.
    fn spring(&mut self, elapsed: f32) {
        let decay = (-SPRING * elapsed).exp();
        let mut is_still = true;
        for axis in 0..self.current.len() {
            let away = self.current[axis] - self.goal[axis];
            let pull = self.speed[axis] + SPRING * away;
            let away = (away + pull * elapsed) * decay;
            self.speed[axis] = (self.speed[axis] - SPRING * pull * elapsed) * decay;
            self.current[axis] = self.goal[axis] + away;
            is_still &= away.abs() < STILL / SPRING && self.speed[axis].abs() < STILL;
        }
        if is_still {
            self.current = self.goal;
            self.speed = Coordinates::default();
        }
    }
}

impl Limits {
    fn new(manifest: &Manifest) -> Self {
        let action = manifest.bounds;
        let radius = action.radius().max(0.5);
        let ground = manifest.stage.ground_metres;
        let mut target = Bounds {
            lo: action.lo - Vec3::splat(radius * PAN_RADII),
            hi: action.hi + Vec3::splat(radius * PAN_RADII),
        };
        let mut distance_max = (radius * DISTANCE_MAX_RADII).max(2.0);
        for preset in &manifest.presets {
            target.include(preset.viewpoint.target);
            distance_max = distance_max.max(preset.viewpoint.distance_metres);
        }
        // A target below the ground would tip the camera up to keep the eye above it.
        target.lo.y = target.lo.y.max(ground);
        target.hi.y = target.hi.y.max(ground);
        Self {
            target,
            ground,
            distance_max,
        }
    }

    /// The nearest coordinates that are allowed.
    fn hold(&self, mut at: Coordinates) -> Coordinates {
        let target = Vec3::from_slice(&at[TARGET..FOV]).clamp(self.target.lo, self.target.hi);
        at[TARGET..FOV].copy_from_slice(&target.to_array());
        at[LOG_DISTANCE] = at[LOG_DISTANCE].held(DISTANCE_MIN.ln(), self.distance_max.ln());
        let rise_min = (self.ground + EYE_HEIGHT_MIN - target.y) / at[LOG_DISTANCE].exp();
        let pitch_min = rise_min.held(-1.0, 1.0).asin().held(-PITCH_MAX, PITCH_MAX);
        at[PITCH] = at[PITCH].held(pitch_min, PITCH_MAX);
        at[FOV] = at[FOV].held(0.05, 2.5);
        at
    }
}

fn coordinates(viewpoint: &Viewpoint) -> Coordinates {
    let Vec3 { x, y, z } = viewpoint.target;
    let log_distance = viewpoint.distance_metres.ln();
    let (yaw, pitch) = (viewpoint.yaw_radians, viewpoint.pitch_radians);
    [yaw, pitch, log_distance, x, y, z, viewpoint.fov_y_radians]
}

/// Sees all of the action, from the front and a little above.
fn framing(action: Bounds) -> Viewpoint {
    let radius = action.radius().max(0.5);
    Viewpoint {
        target: action.center(),
        yaw_radians: 0.0,
        pitch_radians: 0.15,
        distance_metres: radius * FRAMING / sin_cos(FOV_DEFAULT * 0.5).0,
        fov_y_radians: FOV_DEFAULT,
    }
}

fn sum(a: Coordinates, b: Coordinates) -> Coordinates {
    std::array::from_fn(|axis| a[axis] + b[axis])
}

/// Eases in and out with speed and acceleration 0 at both ends. Source: Perlin 2002.
fn smootherstep(t: f32) -> f32 {
    t * t * t * (t * (t * 6.0 - 15.0) + 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn camera() -> Camera {
        let limits = Limits {
            target: Bounds {
                lo: Vec3::new(-2.0, 0.0, -2.0),
                hi: Vec3::new(2.0, 3.0, 2.0),
            },
            ground: 0.0,
            distance_max: 12.0,
        };
        let current = limits.hold(coordinates(&NOWHERE));
        Camera {
            limits,
            current,
            speed: Coordinates::default(),
            goal: current,
            glide: None,
            is_grabbed: false,
            hand: [0.0; 2],
            throw: [0.0; 2],
            is_motion_reduced: false,
        }
    }

    fn orbit(yaw_radians: f32, pitch_radians: f32) -> Gesture {
        Gesture::OrbitBy {
            yaw_radians,
            pitch_radians,
        }
    }

    /// Throws the camera and lets it run for half a second in even steps.
    fn thrown(step_count: u32) -> Viewpoint {
        let mut camera = camera();
        camera.absorb(Gesture::GrabStart);
        for _ in 0..10 {
            camera.absorb(orbit(0.05, 0.0));
            camera.advance(Seconds(0.016));
        }
        camera.absorb(Gesture::GrabEnd);
        camera.absorb(Gesture::ZoomBy { factor: 1.0 });
        camera.throw = [3.0, 0.2];
        for _ in 0..step_count {
            camera.advance(Seconds(0.5 / f64::from(step_count)));
        }
        camera.viewpoint()
    }

    #[test]
    fn the_path_does_not_depend_on_the_frame_rate() {
        let (coarse, fine) = (thrown(8), thrown(120));
        assert!((coarse.yaw_radians - fine.yaw_radians).abs() < 2e-3);
        assert!((coarse.pitch_radians - fine.pitch_radians).abs() < 2e-3);
    }

    #[test]
    fn a_throw_comes_to_rest() {
        let mut camera = camera();
        camera.throw = [5.0, 0.0];
        let mut tick_count = 0;
        while camera.is_moving() {
            camera.advance(Seconds(0.016));
            tick_count += 1;
            assert!(tick_count < 300, "5 s and still moving");
        }
        // Speed times inertia.
        assert!((camera.viewpoint().yaw_radians - 1.5).abs() < 0.01);
    }

    #[test]
    fn keys_glide_and_less_motion_jumps() {
        let mut camera = camera();
        camera.absorb(orbit(0.5, 0.0));
        camera.advance(Seconds(0.016));
        let yaw = camera.viewpoint().yaw_radians;
        assert!(yaw > 0.0 && yaw < 0.25, "{yaw}");
        camera.is_motion_reduced = true;
        camera.absorb(orbit(0.5, 0.0));
        assert!((camera.viewpoint().yaw_radians - 1.0).abs() < 1e-6);
        assert!(!camera.is_moving());
    }

    #[test]
    fn a_glide_takes_the_short_way_and_arrives_exactly() {
        let mut camera = camera();
        let goal = Viewpoint {
            yaw_radians: 6.0,
            distance_metres: 3.0,
            ..NOWHERE
        };
        camera.go_to(&goal, Seconds(0.9));
        for _ in 0..60 {
            camera.advance(Seconds(0.016));
            assert!(camera.viewpoint().yaw_radians <= 1e-6);
        }
        assert!(!camera.is_moving());
        assert!((camera.viewpoint().distance_metres - 3.0).abs() < 1e-5);
        assert!((camera.viewpoint().yaw_radians + 2.0 * PI as f32 - 6.0).abs() < 1e-5);
    }

    proptest! {
        #[test]
        fn the_eye_stays_above_ground_and_near(
            gestures in prop::collection::vec((0u32..6, -3.0f32..3.0, -3.0f32..3.0), 0..60),
        ) {
            let mut camera = camera();
            for (what, a, b) in gestures {
                camera.absorb(match what {
                    0 | 1 => orbit(a, b),
                    2 => Gesture::ZoomBy { factor: a },
                    3 => Gesture::PanBy { right: a, up: b },
                    4 => Gesture::GrabStart,
                    _ => Gesture::GrabEnd,
                });
                camera.advance(Seconds(0.016));
                let viewpoint = camera.viewpoint();
                prop_assert!(viewpoint.eye().is_finite());
                prop_assert!(viewpoint.eye().y >= EYE_HEIGHT_MIN - 1e-3, "{viewpoint:?}");
                prop_assert!(viewpoint.distance_metres <= 12.001);
            }
        }
    }
}
