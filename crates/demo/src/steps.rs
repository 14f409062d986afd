//! The footwork: when and where each boot lands, and how it travels between.
//!
//! A planted foot never slides: it rolls over its heel on landing, stands flat, and rolls over
//! the joint of its toes, which stays put.

use std::f32::consts::PI;

use glam::{Quat, Vec3};

use crate::curve::{Curve, Path, ease};
use crate::skeleton::{ANKLE, FootAim, HEEL, Side, TOE_JOINT};

/// When the boot meets the ball, seconds: exactly frame 80.
pub(crate) const STRIKE_SECS: f32 = 3.2;
/// The ball's radius, metres: size 5.
pub(crate) const BALL_RADIUS: f32 = 0.11;
/// Where the ball waits: the penalty spot, on the origin.
pub(crate) const BALL_AT_START: Vec3 = Vec3::new(0.0, BALL_RADIUS, 0.0);
/// How far a landing foot takes to roll flat, seconds.
const LANDING_SECS: f32 = 0.07;
/// Where the instep meets the ball, in the foot's space, metres.
const INSTEP: Vec3 = Vec3::new(0.0, -0.012, 0.082);

/// A foot on the ground for a while.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// From when, seconds.
    pub(crate) land: f32,
    /// Until when, seconds.
    pub(crate) lift: f32,
    /// Under the ankle, metres.
    pub(crate) spot: Vec3,
    /// Where the toes point: 0 is +z, growing to the athlete's left, radians.
    pub(crate) yaw: f32,
    /// Pitch on landing: heel first below 0, on the toes above, radians.
    pub(crate) landing: f32,
    /// Pitch when it leaves the ground, radians.
    pub(crate) leaving: f32,
    /// How high the ankle swings on the way to this step, metres.
    pub(crate) height: f32,
}

impl Step {
    /// The foot at `secs`, within the step.
    fn aim(&self, secs: f32) -> FootAim {
        let flat = ease((secs - self.land) / LANDING_SECS);
        let span = (self.lift - self.land).min(0.5);
        let rise = ease(1.0 - (self.lift - secs) / (0.62 * span));
        self.rolled(self.landing * (1.0 - flat) + self.leaving * rise)
    }

    /// The foot with its heel up by `pitch`, or its toes up where that is below 0.
    fn rolled(&self, pitch: f32) -> FootAim {
        let yaw = Quat::from_rotation_y(self.yaw);
        let rotation = yaw * Quat::from_rotation_x(pitch);
        let pivot = if pitch > 0.0 { TOE_JOINT } else { HEEL };
        let pivot_in_stage = self.spot + Vec3::Y * ANKLE + yaw * pivot;
        FootAim {
            ankle: pivot_in_stage - rotation * pivot,
            rotation,
            toes: pitch.max(0.0),
        }
    }
}

/// One row of the footwork: side, land, lift, x, z, yaw, landing, leaving, height.
type Row = (Side, f32, f32, f32, f32, f32, f32, f32, f32);

/// Stand, five strides of run-up, plant and strike, slow down, run off, leap, land.
#[rustfmt::skip]
const ROWS: [Row; 16] = {
    use Side::{Left as L, Right as R};
    [
        (R, -9.0, 1.00, 2.78, 4.58, PI + 0.42, 0.0, 0.75, 0.00),
        (L, -9.0, 1.42, 2.42, 4.72, PI + 0.75, 0.0, 0.80, 0.00),
        (R, 1.42, 1.79, 2.50, 3.80, PI + 0.50, -0.26, 0.90, 0.11),
        (L, 1.90, 2.19, 1.76, 2.96, PI + 0.52, -0.18, 0.98, 0.20),
        (R, 2.30, 2.55, 1.36, 1.92, PI + 0.48, -0.10, 1.02, 0.30),
        (L, 2.66, 2.92, 0.66, 1.10, PI + 0.46, -0.05, 1.05, 0.34),
        (R, 3.04, 3.60, 0.29, 0.05, PI - 0.02, -0.30, 0.85, 0.27),
        (L, 3.70, 4.05, -0.14, -1.08, PI - 0.10, 0.12, 0.80, 0.00),
        (R, 4.06, 5.02, -0.02, -1.66, PI - 0.10, -0.10, 0.80, 0.15),
        (L, 4.44, 4.84, -0.33, -1.80, PI + 0.22, -0.06, 0.60, 0.09),
        (L, 5.14, 5.42, -1.00, -1.42, PI * 1.5 - 0.10, -0.10, 0.95, 0.14),
        (R, 5.46, 5.74, -1.98, -1.62, PI * 1.5 - 0.02, -0.12, 1.00, 0.24),
        (L, 5.82, 6.07, -3.06, -1.30, PI * 1.5 + 0.05, -0.06, 1.05, 0.32),
        (R, 6.16, 6.40, -4.14, -1.46, PI * 1.5 + 0.05, -0.12, 1.10, 0.34),
        (L, 6.93, 99.0, -5.36, -1.02, PI * 1.5 + 0.35, 0.42, 0.0, 0.42),
        (R, 6.96, 99.0, -5.28, -1.56, PI * 1.5 - 0.22, 0.42, 0.0, 0.46),
    ]
};

/// The whole footwork.
#[derive(Debug)]
pub(crate) struct Footwork {
    steps: [Vec<Step>; 2],
    kick: Kick,
}

impl Footwork {
    /// Reads the table.
    pub(crate) fn new() -> Self {
        let steps = Side::BOTH.map(|side| {
            ROWS.iter()
                .filter(|row| row.0 == side)
                .map(
                    |&(_, land, lift, x, z, yaw, landing, leaving, height)| Step {
                        land,
                        lift,
                        spot: Vec3::new(x, 0.0, z),
                        yaw,
                        landing,
                        leaving,
                        height,
                    },
                )
                .collect::<Vec<_>>()
        });
        let kick = Kick::new(&steps[Side::Left.index()]);
        Self { steps, kick }
    }

    /// The steps of one foot, in order.
    pub(crate) fn of(&self, side: Side) -> &[Step] {
        &self.steps[side.index()]
    }

    /// Every step of both feet.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().flatten()
    }

    /// The step that `side` stands on at `secs`, if it does.
    pub(crate) fn planted(&self, side: Side, secs: f32) -> Option<&Step> {
        self.of(side)
            .iter()
            .find(|step| (step.land..=step.lift).contains(&secs))
    }

    /// Where a foot is to be.
    pub(crate) fn aim(&self, side: Side, secs: f32) -> FootAim {
        let steps = self.of(side);
        let next = steps.partition_point(|step| step.land <= secs).max(1);
        let from = &steps[next - 1];
        match steps.get(next) {
            Some(to) if secs > from.lift => {
                if side == Side::Left && self.kick.spans(secs) {
                    self.kick.aim(secs)
                } else {
                    swing(from, to, secs)
                }
            }
            _ => from.aim(secs),
        }
    }
}

/// A foot on its way from one step to the next.
fn swing(from: &Step, to: &Step, secs: f32) -> FootAim {
    let span = to.land - from.lift;
    let u = ((secs - from.lift) / span).clamp(0.0, 1.0);
    let (start, end) = (from.rolled(from.leaving), to.rolled(to.landing));
    let lifted = (1.0 - (2.0 * u.powf(0.78) - 1.0).powi(2)).powi(2);
    let ankle = start.ankle.lerp(end.ankle, ease(u)) + Vec3::Y * (to.height * lifted);
    // The shank folds first: the toes keep pointing down while the heel rises.
    let fold = from.leaving + to.height * 2.2;
    let pitch = Curve::new([
        (-0.01, from.leaving),
        (0.27, fold),
        (0.8, to.landing - 0.05),
        (1.01, to.landing),
    ]);
    // Sampled at the ends without the window's blur, so that planting does not jerk.
    let blend = (ease(u / 0.15) * ease((1.0 - u) / 0.15)).min(1.0);
    let ends = if u < 0.5 { from.leaving } else { to.landing };
    let pitch = ends + (pitch.at(u) - ends) * blend;
    let yaw = from.yaw + (to.yaw - from.yaw) * ease(u);
    FootAim {
        ankle,
        rotation: Quat::from_rotation_y(yaw) * Quat::from_rotation_x(pitch),
        toes: from.leaving.max(0.0) * (1.0 - ease(u / 0.35))
            + to.landing.max(0.0) * ease((u - 0.6) / 0.4),
    }
}

/// The left leg from the last stride of the run-up through the ball to its next landing.
#[derive(Debug)]
struct Kick {
    first: f32,
    last: f32,
    path: Path,
    turns: Path,
    leaving: f32,
    landing: f32,
}

/// When, and pitch, yaw past PI and roll of the kicking foot, radians.
const KICK_TURNS: [(f32, [f32; 3]); 6] = [
    (3.02, [1.75, 0.55, 0.0]),
    (3.12, [1.40, 0.45, 0.25]),
    (STRIKE_SECS, [0.62, 0.30, 0.42]),
    (3.29, [0.10, -0.05, 0.35]),
    (3.40, [-0.55, -0.32, 0.15]),
    (3.55, [0.05, -0.24, 0.0]),
];

impl Kick {
    fn new(left: &[Step]) -> Self {
        let landed = left.partition_point(|step| step.land <= STRIKE_SECS).max(1);
        let (from, to) = (&left[landed - 1], &left[landed]);
        let mut turns = vec![(from.lift, [from.leaving, from.yaw - PI, 0.0])];
        turns.extend(KICK_TURNS);
        turns.push((to.land, [to.landing, to.yaw - PI, 0.0]));
        let turns = Path::new(
            turns
                .into_iter()
                .map(|(secs, bend)| (secs, Vec3::from_array(bend)))
                .collect(),
        );
        let at_strike = kick_turn(&turns, STRIKE_SECS);
        let towards_goal = Vec3::new(0.16, 0.0, -1.0).normalize();
        let touched = BALL_AT_START - towards_goal * (BALL_RADIUS - 0.006) + Vec3::Y * -0.012;
        let strike = touched - at_strike * INSTEP;
        let path = Path::new(vec![
            (from.lift, from.rolled(from.leaving).ankle),
            (3.00, Vec3::new(0.56, 0.53, 1.10)),
            (3.08, Vec3::new(0.34, 0.56, 0.86)),
            (3.155, Vec3::new(0.02, 0.22, 0.50)),
            (STRIKE_SECS, strike),
            (3.245, strike + Vec3::new(0.07, 0.13, -0.47)),
            (3.33, Vec3::new(0.22, 0.72, -0.78)),
            (3.42, Vec3::new(0.28, 0.90, -0.86)),
            (3.55, Vec3::new(0.06, 0.52, -1.02)),
            (to.land, to.rolled(to.landing).ankle),
        ]);
        Self {
            first: from.lift,
            last: to.land,
            path,
            turns,
            leaving: from.leaving,
            landing: to.landing,
        }
    }

    fn spans(&self, secs: f32) -> bool {
        (self.first..self.last).contains(&secs)
    }

    fn aim(&self, secs: f32) -> FootAim {
        let leaves = self.leaving.max(0.0) * (1.0 - ease((secs - self.first) / 0.08));
        let lands = self.landing.max(0.0) * ease(1.0 - (self.last - secs) / 0.1);
        FootAim {
            ankle: self.path.at(secs),
            rotation: kick_turn(&self.turns, secs),
            toes: leaves + lands,
        }
    }
}

fn kick_turn(turns: &Path, secs: f32) -> Quat {
    let bend = turns.at(secs);
    Quat::from_rotation_y(PI + bend.y)
        * Quat::from_rotation_x(bend.x)
        * Quat::from_rotation_z(bend.z)
}
