//! The athlete's motion: footwork and acting made into one pose for each instant.
//!
//! The strides drive the rest: hips turn and drop with the leg that swings, the chest turns
//! against them, the arms follow a little late, and the pelvis rides as high as the planted
//! legs allow.

use glam::{Quat, Vec3};

use crate::acting::{Acting, Script};
use crate::curve::{Curve, Path};
use crate::skeleton::{Arm, Bone, Controls, FootAim, HIP, LEG_MAX, Pose, Side, pose, turn};
use crate::steps::Footwork;

/// How long the action lasts, seconds.
pub(crate) const ACTION_SECS: f32 = 8.0;
/// Grid of the pelvis's height, seconds.
const GRID_SECS: f32 = 0.005;
/// The pelvis begins to give way this long before a leg would be too short, grid cells.
const GIVE_CELLS: usize = 10;
/// Share of the leg's length that a planted leg stretches to.
const STRETCH: f32 = 0.99;
/// How long the arms lag behind the legs, seconds.
const ARMS_LAG_SECS: f32 = 0.05;

/// Where the pelvis goes over the ground: seconds, x, z.
const PELVIS: [(f32, f32, f32); 25] = [
    (-0.2, 2.61, 4.66),
    (0.35, 2.58, 4.67),
    (0.80, 2.55, 4.69),
    (1.20, 2.47, 4.42),
    (1.605, 2.37, 3.82),
    (2.045, 1.86, 2.90),
    (2.425, 1.27, 1.95),
    (2.79, 0.74, 1.00),
    (3.04, 0.46, 0.44),
    (3.20, 0.36, 0.14),
    (3.40, 0.22, -0.26),
    (3.60, 0.08, -0.62),
    (3.87, -0.07, -1.08),
    (4.20, -0.13, -1.47),
    (4.60, -0.19, -1.66),
    (4.84, -0.23, -1.66),
    (5.04, -0.42, -1.59),
    (5.28, -0.99, -1.51),
    (5.60, -1.98, -1.46),
    (5.945, -3.06, -1.41),
    (6.29, -4.10, -1.39),
    (6.60, -4.70, -1.34),
    (6.93, -5.26, -1.30),
    (7.20, -5.42, -1.28),
    (8.20, -5.36, -1.28),
];

/// How high it is carried: seconds, metres. From 6.40 to 6.93 it flies freely.
const HEIGHT: [(f32, f32); 24] = [
    (0.0, 0.945),
    (0.35, 0.948),
    (0.62, 0.938),
    (0.85, 0.925),
    (1.3, 0.915),
    (2.6, 0.905),
    (3.04, 0.885),
    (3.20, 0.90),
    (3.45, 0.945),
    (3.60, 0.95),
    (3.80, 0.90),
    (4.3, 0.93),
    (4.6, 0.935),
    (4.82, 0.845),
    (5.1, 0.90),
    (6.0, 0.905),
    (6.22, 0.845),
    (6.40, 0.95),
    (6.50, 1.157),
    (6.60, 1.266),
    (6.67, 1.284),
    (6.80, 1.19),
    (6.93, 0.95),
    (7.10, 0.765),
];
/// The rise after the landing.
const HEIGHT_AT_END: [(f32, f32); 2] = [(7.45, 0.925), (7.8, 0.938)];

/// The whole action.
#[derive(Debug)]
pub(crate) struct Motion {
    footwork: Footwork,
    script: Script,
    ground: Path,
    bounce: Curve,
    heights: Vec<f32>,
}

impl Motion {
    /// Prepares the action.
    pub(crate) fn new() -> Self {
        let footwork = Footwork::new();
        let ground = Path::new(
            PELVIS
                .iter()
                .map(|&(secs, x, z)| (secs, Vec3::new(x, 0.0, z)))
                .collect(),
        );
        let mut motion = Self {
            bounce: bounce(&footwork),
            footwork,
            script: Script::new(),
            ground,
            heights: Vec::new(),
        };
        motion.heights = motion.plan_heights();
        motion
    }

    /// The pose at `secs`, from 0 to [`ACTION_SECS`].
    pub(crate) fn pose_at(&self, secs: f32) -> Pose {
        let cell = (secs / GRID_SECS).clamp(0.0, (self.heights.len() - 2) as f32);
        let (index, share) = (cell as usize, cell.fract());
        let height = self.heights[index] + (self.heights[index + 1] - self.heights[index]) * share;
        let acting = self.script.at(secs);
        let mut controls = self.controls(secs, &acting);
        controls.pelvis.y = height;
        let looked = pose(&controls);
        controls.head = head_towards(&looked, acting.gaze, controls.head);
        pose(&controls)
    }

    /// Everything but the pelvis's height and the gaze.
    fn controls(&self, secs: f32, acting: &Acting) -> Controls {
        let stride = self.stride(secs, acting.facing) * acting.swing;
        let late = self.stride(secs - ARMS_LAG_SECS, acting.facing) * acting.swing;
        let feet = Side::BOTH.map(|side| self.footwork.aim(side, secs));
        // The hip over the swinging leg drops.
        let drop = 0.16 * acting.swing * ((feet[0].ankle.y - feet[1].ankle.y) / 0.35).tanh();
        let facing = Quat::from_rotation_y(acting.facing - 0.24 * stride);
        let tilt = turn(Vec3::new(acting.lean[0], 0.0, acting.lean[1] - drop * 0.45));
        let spine = acting.spine + Vec3::new(0.0, 0.52 * late, drop * 0.55);
        Controls {
            pelvis: self.ground.at(secs),
            pelvis_rotation: facing * tilt,
            spine,
            head: Vec3::new(0.0, -0.4 * spine.y, 0.0),
            arms: [
                swung(acting.arms[0], -late, acting.swing),
                swung(acting.arms[1], late, acting.swing),
            ],
            feet,
            knees: Side::BOTH.map(|side| knee(side, &feet[side.index()], acting.facing)),
        }
    }

    /// How far the left foot is ahead of the right one, metres.
    fn stride(&self, secs: f32, facing: f32) -> f32 {
        let forward = Quat::from_rotation_y(facing) * Vec3::Z;
        let [left, right] = Side::BOTH.map(|side| self.footwork.aim(side, secs).ankle);
        (left - right).dot(forward)
    }

    /// The pelvis's height on the grid: as wished, less what the planted legs cannot reach.
    fn plan_heights(&self) -> Vec<f32> {
        let count = (ACTION_SECS / GRID_SECS) as usize + 3;
        let wish = Curve::new(HEIGHT.into_iter().chain(HEIGHT_AT_END));
        let mut wishes = Vec::with_capacity(count);
        let mut short = Vec::with_capacity(count);
        for index in 0..count {
            let secs = index as f32 * GRID_SECS;
            let acting = self.script.at(secs);
            let height = wish.at(secs) - 0.032 * acting.swing * self.bounce.at(secs).cos();
            wishes.push(height);
            short.push((height - self.reachable(secs, &acting)).max(0.0));
        }
        let widest = |values: &[f32], index: usize, cells: usize| {
            let window = index.saturating_sub(cells)..(index + cells + 1).min(values.len());
            values[window].to_vec()
        };
        let most: Vec<f32> = (0..count)
            .map(|i| {
                widest(&short, i, GIVE_CELLS)
                    .into_iter()
                    .fold(0.0, f32::max)
            })
            .collect();
        let mean = |values: &[f32]| -> Vec<f32> {
            (0..count)
                .map(|i| {
                    let window = widest(values, i, GIVE_CELLS / 2);
                    window.iter().sum::<f32>() / window.len() as f32
                })
                .collect()
        };
        let give = mean(&mean(&most));
        wishes
            .iter()
            .zip(give)
            .map(|(wish, give)| wish - give)
            .collect()
    }

    /// The highest pelvis from which the planted feet are within reach, metres.
    fn reachable(&self, secs: f32, acting: &Acting) -> f32 {
        let controls = self.controls(secs, acting);
        Side::BOTH
            .into_iter()
            .filter(|&side| self.footwork.planted(side, secs).is_some())
            .map(|side| {
                let hip = controls.pelvis_rotation * (HIP * Vec3::new(side.sign(), 1.0, 1.0));
                let ankle = controls.feet[side.index()].ankle;
                let across = (ankle - controls.pelvis - hip).with_y(0.0).length();
                let leg = LEG_MAX * STRETCH;
                ankle.y - hip.y + (leg * leg - across * across).max(0.01).sqrt()
            })
            .fold(f32::INFINITY, f32::min)
    }
}

/// The phase of the run's bounce: a full turn from one step's middle to the next's.
fn bounce(footwork: &Footwork) -> Curve {
    let mut middles: Vec<f32> = footwork
        .all()
        .filter(|step| step.lift - step.land < 0.8)
        .map(|step| (step.land + step.lift) * 0.5)
        .collect();
    middles.sort_by(f32::total_cmp);
    Curve::new(
        middles
            .into_iter()
            .enumerate()
            .map(|(index, secs)| (secs, index as f32 * std::f32::consts::TAU)),
    )
}

/// An arm carried by the strides: forward with `ahead`, bending more in front than behind.
fn swung(arm: Arm, ahead: f32, swing: f32) -> Arm {
    let raise = arm.raise + 0.98 * ahead;
    let elbow = arm.elbow + 0.34 * ahead;
    let spread = arm.spread + 0.10 * swing * (-ahead).max(0.0);
    // Lifted arms take the shoulder with them.
    let lifted = 1.0 - spread.cos() * raise.cos();
    Arm {
        raise,
        elbow: elbow.clamp(0.05, 2.4),
        spread,
        turn: arm.turn + 0.18 * ahead.max(0.0),
        shrug: arm.shrug + 0.20 * lifted,
        ..arm
    }
}

/// Where a knee points: between pelvis and foot, a little outwards.
fn knee(side: Side, foot: &FootAim, facing: f32) -> Vec3 {
    let pelvis = Quat::from_rotation_y(facing + 0.10 * side.sign()) * Vec3::Z;
    let toes = (foot.rotation * Vec3::X)
        .cross(Vec3::Y)
        .normalize_or(pelvis);
    (pelvis + toes * 0.8).normalize_or(pelvis) + Vec3::Y * 0.15
}

/// The bend of neck and head that looks at `gaze`, as far as a neck goes.
fn head_towards(pose: &Pose, gaze: Vec3, bend: Vec3) -> Vec3 {
    let chest = pose.of(Bone::Chest);
    let eyes = pose.of(Bone::Head).point(Vec3::new(0.0, 0.08, 0.08));
    let wanted = chest.rotation.inverse() * (gaze - eyes);
    let yaw = wanted.x.atan2(wanted.z).clamp(-1.25, 1.25);
    let pitch = (-wanted.y).atan2(wanted.with_y(0.0).length());
    let level = (chest.rotation * Vec3::X).y;
    Vec3::new(
        (pitch * 0.85).clamp(-0.75, 0.7),
        yaw * 0.92 + bend.y * 0.08,
        (-level * 0.5).clamp(-0.3, 0.3),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ball::flight;
    use crate::skeleton::{BONE_COUNT, FOREARM, HEEL, SHIN, THIGH, TOE_JOINT, UPPER_ARM};
    use crate::steps::{BALL_RADIUS, STRIKE_SECS};

    /// Five instants a frame: what the eye does not see, slow motion shows.
    fn instants() -> impl Iterator<Item = f32> {
        (0..1000).map(|index| index as f32 * 0.008)
    }

    #[test]
    fn planted_feet_do_not_slide() {
        let motion = Motion::new();
        for side in Side::BOTH {
            for step in motion.footwork.of(side) {
                let pivots =
                    |pivot: Vec3, secs: f32| motion.pose_at(secs).of(Bone::Foot(side)).point(pivot);
                let flat = step.land.max(0.0) + 0.08;
                let wanted = pivots(TOE_JOINT, flat).with_y(0.0);
                for secs in instants().filter(|secs| (flat..step.lift).contains(secs)) {
                    let slid = pivots(TOE_JOINT, secs).with_y(0.0).distance(wanted);
                    assert!(slid < 0.01, "{side:?} at {secs} s slid {slid} m");
                }
                let landing = instants().filter(|secs| (step.land..flat).contains(secs));
                for secs in landing.filter(|_| step.landing < 0.0) {
                    let slid = pivots(HEEL, secs).distance(pivots(HEEL, step.land));
                    assert!(slid < 0.01, "{side:?} heel at {secs} s slid {slid} m");
                }
            }
        }
    }

    #[test]
    fn boots_stay_above_the_ground() {
        let motion = Motion::new();
        for secs in instants() {
            for side in Side::BOTH {
                let foot = *motion.pose_at(secs).of(Bone::Foot(side));
                for (place, margin) in [(HEEL, 0.012), (TOE_JOINT, -0.01)] {
                    let height = foot.point(place).y;
                    assert!(height > -margin, "{side:?} at {secs} s: {height} m");
                }
            }
        }
    }

    #[test]
    fn the_boot_meets_the_ball() {
        let motion = Motion::new();
        let middle = flight(200, 0.04)[80].middle;
        let pose = motion.pose_at(STRIKE_SECS);
        let foot = pose.of(Bone::Foot(Side::Left));
        let (ankle, toes) = (foot.joint, foot.point(TOE_JOINT));
        let along = toes - ankle;
        let share = ((middle - ankle).dot(along) / along.length_squared()).clamp(0.0, 1.0);
        let away = (ankle + along * share).distance(middle);
        // The boot is about 4 cm thick around the line from ankle to toes.
        assert!(
            (BALL_RADIUS - 0.02..BALL_RADIUS + 0.05).contains(&away),
            "{away} m"
        );
    }

    #[test]
    fn bones_keep_their_lengths() {
        let motion = Motion::new();
        for secs in instants() {
            let pose = motion.pose_at(secs);
            for placed in &pose.0[..BONE_COUNT] {
                assert!(placed.joint.is_finite() && placed.rotation.is_normalized());
            }
            for side in Side::BOTH {
                let length = |a: Bone, b: Bone| pose.of(a).joint.distance(pose.of(b).joint);
                for (a, b, wanted) in [
                    (Bone::Thigh(side), Bone::Shin(side), THIGH),
                    (Bone::Shin(side), Bone::Foot(side), SHIN),
                    (Bone::UpperArm(side), Bone::Forearm(side), UPPER_ARM),
                    (Bone::Forearm(side), Bone::Hand(side), FOREARM),
                ] {
                    let got = length(a, b);
                    assert!((got - wanted).abs() < 1e-3, "{a:?} at {secs} s: {got} m");
                }
            }
        }
    }

    #[test]
    fn nothing_jerks() {
        let motion = Motion::new();
        let step_secs = 0.008;
        for secs in instants().skip(2) {
            let [a, b, c] = [2.0, 1.0, 0.0].map(|back| motion.pose_at(secs - back * step_secs));
            for bone in [
                Bone::Pelvis,
                Bone::Head,
                Bone::Hand(Side::Left),
                Bone::Hand(Side::Right),
            ] {
                let [a, b, c] = [&a, &b, &c].map(|pose| pose.of(bone).joint);
                let pull = (a + c - b * 2.0).length() / (step_secs * step_secs);
                // A thrown punch peaks at about 300 m/s2.
                assert!(pull < 400.0, "{bone:?} at {secs} s: {pull} m/s2");
            }
        }
    }
}
