//! The acting: key poses of trunk and arms, and where the eyes go.
//!
//! The tables are written in degrees, as animators think; everything that leaves is in radians.

use glam::Vec3;

use crate::curve::{Curve, Curve3};
use crate::skeleton::Arm;

/// How many numbers a row has after its time.
const COLUMN_COUNT: usize = 16;

/// Time in seconds, then: facing (180 is the goal, growing to the left); pelvis forward, to the
/// right side; spine forward, to the left, to the right side; left arm raise, spread, turn,
/// elbow; right arm likewise; share of the strides' own swing in percent; clench in percent.
type Row = (f32, [f32; COLUMN_COUNT]);

/// The key poses: facing and trunk on the first line of each, arms and shares on the second.
#[rustfmt::skip]
const ROWS: [Row; 31] = [
    // Stands over his run-up, breathes out, settles, rocks back.
    (0.00, [210.0, 2.0, 1.0, 3.0, 0.0, -1.0,
        2.0, 14.0, 14.0, 22.0, 4.0, 13.0, 14.0, 18.0, 0.0, 10.0]),
    (0.35, [209.0, 0.0, -1.5, -2.0, -1.0, 2.0,
        4.0, 16.0, 12.0, 16.0, 2.0, 16.0, 12.0, 14.0, 0.0, 10.0]),
    (0.62, [209.0, 4.0, -2.0, 6.0, 0.0, 1.0,
        8.0, 13.0, 16.0, 28.0, 6.0, 13.0, 16.0, 26.0, 0.0, 20.0]),
    (0.82, [210.0, -3.0, -2.5, 2.0, 3.0, 2.0,
        14.0, 14.0, 18.0, 40.0, -6.0, 15.0, 14.0, 30.0, 10.0, 30.0]),
    // Leans into it and runs.
    (1.15, [209.0, 13.0, -2.0, 12.0, 4.0, 0.0,
        4.0, 13.0, 6.3, 60.0, 4.0, 13.0, 6.3, 56.0, 70.0, 45.0]),
    (1.60, [208.0, 13.0, 0.0, 10.0, 0.0, 0.0,
        2.0, 14.0, 7.0, 74.0, 2.0, 14.0, 7.0, 74.0, 100.0, 50.0]),
    (2.20, [207.0, 11.0, 0.0, 9.0, 0.0, 0.0,
        0.0, 15.0, 7.0, 80.0, 0.0, 15.0, 7.0, 80.0, 110.0, 50.0]),
    (2.66, [206.0, 9.0, 2.0, 8.0, -2.0, 0.0,
        -2.0, 17.0, 6.3, 76.0, -4.0, 18.0, 6.3, 76.0, 110.0, 50.0]),
    // Opens up: hips turn away, the right arm swings wide, the trunk leans back and right.
    (2.92, [217.0, 4.0, 8.0, -2.0, -10.0, 2.0,
        -26.0, 26.0, 8.0, 58.0, -8.0, 58.0, -10.0, 40.0, 40.0, 40.0]),
    (3.06, [227.0, 2.0, 16.0, -10.0, 10.0, 6.0,
        -20.0, 30.0, 4.0, 52.0, -22.0, 92.0, -20.0, 24.0, 8.0, 40.0]),
    // Strikes: the hips come through, right arm and shoulder close against the leg.
    (3.20, [182.0, 0.0, 19.0, 12.0, 16.0, 4.0,
        -38.0, 38.0, 0.0, 34.0, 26.0, 74.0, 6.0, 30.0, 0.0, 45.0]),
    (3.33, [148.0, -8.0, 14.0, 27.0, 24.0, -4.0,
        -48.0, 50.0, -6.0, 24.0, 62.0, 44.0, 30.0, 42.0, 0.0, 40.0]),
    (3.46, [138.0, -4.0, 8.0, 28.0, 22.0, -7.0,
        -40.0, 58.0, -4.0, 28.0, 60.0, 26.0, 44.0, 60.0, 0.0, 35.0]),
    (3.70, [154.0, 8.0, 2.0, 16.0, 10.0, -2.0,
        -10.0, 44.0, 10.0, 48.0, 22.0, 30.0, 26.0, 56.0, 20.0, 30.0]),
    // Slows, watches it go in.
    (4.02, [170.0, 8.0, 0.0, 10.0, 2.0, 0.0,
        8.0, 30.0, 14.0, 48.0, 6.0, 30.0, 14.0, 46.0, 50.0, 25.0]),
    (4.36, [177.0, 2.0, -1.0, 2.0, 0.0, 0.0,
        12.0, 26.0, 10.0, 36.0, 8.0, 24.0, 10.0, 34.0, 20.0, 20.0]),
    (4.62, [182.0, 4.0, 0.0, 8.0, 2.0, 0.0,
        24.0, 22.0, 24.0, 74.0, 22.0, 22.0, 24.0, 70.0, 0.0, 90.0]),
    // It is in: coils, both fists, turns to the crowd and runs.
    (4.82, [200.0, 12.0, -3.0, 20.0, 12.0, -2.0,
        -6.0, 34.0, 22.0, 104.0, 8.0, 30.0, 26.0, 100.0, 0.0, 100.0]),
    (5.04, [242.0, 8.0, -5.0, 8.0, 10.0, -4.0,
        -14.0, 34.0, 20.0, 92.0, 24.0, 36.0, 16.0, 84.0, 45.0, 100.0]),
    (5.30, [265.0, 11.0, -1.0, 6.0, 0.0, 0.0,
        2.0, 24.0, 7.0, 86.0, 8.0, 26.0, 7.0, 84.0, 100.0, 100.0]),
    (5.80, [272.0, 9.0, 0.0, 6.0, 0.0, 0.0,
        0.0, 22.0, 7.0, 86.0, 4.0, 22.0, 7.0, 84.0, 105.0, 100.0]),
    // Loads the jump: arms back.
    (6.14, [274.0, 9.0, 0.0, 12.0, -4.0, 0.0,
        -34.0, 30.0, 16.0, 74.0, -14.0, 30.0, 18.0, 64.0, 20.0, 100.0]),
    (6.30, [275.0, 3.0, 0.0, 4.0, 0.0, 0.0,
        54.0, 28.0, 22.0, 118.0, 24.0, 34.0, 26.0, 92.0, 0.0, 100.0]),
    // Punches the air.
    (6.47, [276.0, -4.0, -3.0, -12.0, -14.0, 5.0,
        140.0, 20.0, 12.0, 66.0, 12.0, 46.0, 16.0, 84.0, 0.0, 100.0]),
    (6.64, [275.0, -2.0, -4.0, -10.0, -20.0, 8.0,
        170.0, 14.0, 4.0, 16.0, -12.0, 50.0, 12.0, 80.0, 0.0, 100.0]),
    (6.82, [273.0, 4.0, -2.0, 0.0, -10.0, 3.0,
        128.0, 24.0, 10.0, 74.0, 10.0, 54.0, 12.0, 60.0, 0.0, 100.0]),
    // Lands, sinks, rises with arms wide.
    (7.02, [271.0, 16.0, 0.0, 18.0, -2.0, 0.0,
        44.0, 44.0, 8.0, 86.0, 22.0, 52.0, 6.0, 66.0, 0.0, 70.0]),
    (7.22, [270.0, 10.0, 0.0, 6.0, 0.0, 0.0,
        18.0, 66.0, -26.0, 56.0, 14.0, 70.0, -30.0, 48.0, 0.0, 30.0]),
    (7.48, [269.0, -2.0, -1.0, -12.0, -2.0, -1.0,
        12.0, 90.0, -60.0, 24.0, 10.0, 92.0, -62.0, 20.0, 0.0, 0.0]),
    (7.76, [268.0, -3.0, -1.0, -14.0, -5.0, -2.0,
        10.0, 96.0, -68.0, 17.0, 8.0, 97.0, -70.0, 14.0, 0.0, 0.0]),
    (8.10, [266.0, -3.0, 0.0, -15.0, -9.0, -2.0,
        8.0, 98.0, -72.0, 14.0, 10.0, 99.0, -72.0, 16.0, 0.0, 0.0]),
];

/// What the eyes rest on: the goal, the ball, the ball in flight, the net, the crowd.
const GAZE: [(f32, [f32; 3]); 12] = [
    (0.00, [0.5, 0.2, 0.5]),
    (0.18, [1.0, 1.0, -11.0]),
    (0.55, [1.6, 1.3, -11.0]),
    (0.78, [0.0, 0.1, 0.0]),
    (3.24, [0.0, 0.1, -0.2]),
    (3.50, [1.6, 1.2, -6.0]),
    (3.75, [2.9, 1.9, -11.0]),
    (4.50, [2.6, 0.8, -12.0]),
    (4.84, [-1.5, 0.6, -6.0]),
    (5.15, [-14.0, 2.4, -1.0]),
    (6.55, [-16.0, 5.5, -1.5]),
    (7.60, [-16.0, 4.6, 0.5]),
];

/// The acting at one instant, radians.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acting {
    /// Where the pelvis faces: 0 is +z, growing to the left.
    pub(crate) facing: f32,
    /// Pelvis forward, and to the right side.
    pub(crate) lean: [f32; 2],
    /// Spine forward, to the left, to the right side.
    pub(crate) spine: Vec3,
    /// Left and right.
    pub(crate) arms: [Arm; 2],
    /// Share of the strides' own swing.
    pub(crate) swing: f32,
    /// What is looked at, in the stage, metres.
    pub(crate) gaze: Vec3,
}

/// The acting over time.
#[derive(Debug)]
pub(crate) struct Script {
    columns: [Curve; COLUMN_COUNT],
    gaze: Curve3,
}

impl Script {
    /// Reads the tables.
    pub(crate) fn new() -> Self {
        Self {
            columns: std::array::from_fn(|column| {
                Curve::new(ROWS.iter().map(|row| (row.0, row.1[column])))
            }),
            gaze: Curve3::new(&GAZE.map(|(secs, point)| (secs, Vec3::from_array(point)))),
        }
    }

    /// The acting at `secs`.
    pub(crate) fn at(&self, secs: f32) -> Acting {
        let degrees: [f32; COLUMN_COUNT] =
            std::array::from_fn(|column| self.columns[column].at(secs));
        let radians = degrees.map(f32::to_radians);
        // Breath: chest and shoulders rise and fall, deeper after the effort.
        let breath = (secs * 2.4).sin() * (0.012 + 0.010 * (secs / 8.0));
        let arm = |first: usize| Arm {
            raise: radians[first],
            spread: radians[first + 1],
            turn: radians[first + 2],
            elbow: radians[first + 3],
            shrug: breath,
            wrist: 0.12 + 0.35 * degrees[15] / 100.0,
        };
        Acting {
            facing: radians[0],
            lean: [radians[1], radians[2]],
            spine: Vec3::new(radians[3] - breath, radians[4], radians[5]),
            arms: [arm(6), arm(10)],
            swing: degrees[14] / 100.0,
            gaze: self.gaze.at(secs),
        }
    }
}
