//! The ball: its flight, and its panels.
//!
//! Gravity, drag and the Magnus force in the air, a soft net, bounces and rolling on grass,
//! integrated in steps of a millisecond.

use std::collections::HashMap;

use glam::{Quat, Vec3};

use crate::kit::linear;
use crate::steps::{BALL_AT_START, BALL_RADIUS, STRIKE_SECS};
use crate::surface::Mesh;

/// The integrator's step, seconds.
const STEP_SECS: f32 = 0.001;
/// The goal line, metres: a penalty is taken from 11 m.
pub(crate) const GOAL_LINE_Z: f32 = -11.0;
/// Where the ball's middle crosses the goal line: just inside the top corner.
const TARGET: Vec3 = Vec3::new(3.02, 2.04, GOAL_LINE_Z);
/// How long it flies to the goal line, seconds: about 75 km/h off the boot.
const FLIGHT_SECS: f32 = 0.60;
/// The spin off the inside of a left boot, radians a second.
const SPIN: Vec3 = Vec3::new(10.0, -42.0, 5.0);
/// Drag over mass, 1/m: half of air's density times area times a coefficient of 0.25 over 0.43 kg.
const DRAG: f32 = 0.0133;
/// Side force a radian a second of spin, likewise.
const MAGNUS: f32 = 0.0068;
const GRAVITY: Vec3 = Vec3::new(0.0, -9.81, 0.0);
/// The icosphere's edges a side: 1442 vertices.
const SPLIT: u32 = 12;

/// The ball at one instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BallPose {
    /// Its middle in the stage, metres.
    pub(crate) middle: Vec3,
    /// Stage from ball.
    pub(crate) rotation: Quat,
}

/// Depth of the goal at a height, metres: the net slopes from the roof's rear bar to the ground.
pub(crate) fn net_depth(height: f32) -> f32 {
    2.0 - 0.9 * (height / 2.44).clamp(0.0, 1.0)
}

/// Where the ball is at each of `frame_count` instants `frame_secs` apart.
pub(crate) fn flight(frame_count: u32, frame_secs: f32) -> Vec<BallPose> {
    let mut launch = (TARGET - BALL_AT_START) / FLIGHT_SECS - GRAVITY * (FLIGHT_SECS * 0.5);
    // Aims again by what the last shot missed.
    for _ in 0..12 {
        let mut ball = Flying::new(launch);
        for _ in 0..(FLIGHT_SECS / STEP_SECS) as usize {
            ball.fly();
        }
        launch += (TARGET - ball.middle) / FLIGHT_SECS;
    }
    let mut ball = Flying::new(launch);
    let mut steps_done = 0;
    (0..frame_count)
        .map(|frame| {
            let since = frame as f32 * frame_secs - STRIKE_SECS;
            while (steps_done as f32 + 0.5) * STEP_SECS < since {
                ball.step();
                steps_done += 1;
            }
            BallPose {
                middle: ball.middle,
                rotation: ball.rotation,
            }
        })
        .collect()
}

#[derive(Clone, Copy, Debug)]
struct Flying {
    middle: Vec3,
    speed: Vec3,
    spin: Vec3,
    rotation: Quat,
}

impl Flying {
    fn new(speed: Vec3) -> Self {
        Self {
            middle: BALL_AT_START,
            speed,
            spin: SPIN,
            rotation: Quat::from_rotation_x(0.5) * Quat::from_rotation_z(0.3),
        }
    }

    fn fly(&mut self) {
        let air = -self.speed * (self.speed.length() * DRAG) + self.spin.cross(self.speed) * MAGNUS;
        self.speed += (GRAVITY + air) * STEP_SECS;
        self.middle += self.speed * STEP_SECS;
        self.rotation = (Quat::from_scaled_axis(self.spin * STEP_SECS) * self.rotation).normalize();
    }

    fn step(&mut self) {
        self.fly();
        self.meet_net();
        if self.middle.y < BALL_RADIUS {
            self.meet_ground();
        }
    }

    /// The net gives a little and takes nearly all of the speed.
    fn meet_net(&mut self) {
        let back = GOAL_LINE_Z - net_depth(self.middle.y) + BALL_RADIUS;
        let deep = back - self.middle.z;
        if deep > 0.0 {
            let push = (5200.0 * deep - 150.0 * self.speed.z.min(0.0)).min(3000.0);
            self.speed.z += push * STEP_SECS;
            self.speed.z = self.speed.z.min(1.1);
            let rub = 1.0 - 18.0 * STEP_SECS;
            self.speed.x *= rub;
            self.speed.y *= rub;
            self.spin *= 1.0 - 20.0 * STEP_SECS;
        }
        let side = 3.66 - BALL_RADIUS;
        if self.middle.z < GOAL_LINE_Z && self.middle.x.abs() > side {
            self.middle.x = self.middle.x.clamp(-side, side);
            self.speed.x *= -0.15;
        }
    }

    fn meet_ground(&mut self) {
        self.middle.y = BALL_RADIUS;
        let rolling = Vec3::Y.cross(self.speed) / BALL_RADIUS;
        if self.speed.y < -0.45 {
            self.speed = Vec3::new(
                self.speed.x * 0.85,
                -0.52 * self.speed.y,
                self.speed.z * 0.85,
            );
            self.spin = self.spin.lerp(rolling, 0.6);
        } else {
            let along = self.speed.with_y(0.0);
            let slower = (along.length() - 0.55 * STEP_SECS).max(0.0);
            self.speed = along.normalize_or_zero() * slower;
            self.spin = Vec3::Y.cross(self.speed) / BALL_RADIUS;
        }
    }
}

/// The ball's surface around the origin, and the colour of each vertex, linear.
pub(crate) fn mesh() -> (Mesh, Vec<Vec3>) {
    let (corners, faces) = icosahedron();
    let mut mesh = Mesh::default();
    let mut known = HashMap::new();
    for face in &faces {
        let mut vertex = |i: u32, j: u32| {
            let k = SPLIT - i - j;
            let place = (corners[face[0]] * k as f32
                + corners[face[1]] * i as f32
                + corners[face[2]] * j as f32)
                .normalize();
            let key = (place * 4096.0).round().as_ivec3();
            *known.entry(key).or_insert_with(|| {
                mesh.positions.push(place * BALL_RADIUS);
                mesh.positions.len() as u32 - 1
            })
        };
        let mut triangles = Vec::new();
        for i in 0..SPLIT {
            for j in 0..SPLIT - i {
                triangles.push([vertex(i, j), vertex(i + 1, j), vertex(i, j + 1)]);
                if i + j + 1 < SPLIT {
                    triangles.push([vertex(i + 1, j), vertex(i + 1, j + 1), vertex(i, j + 1)]);
                }
            }
        }
        mesh.triangles.extend(triangles);
    }
    let panels = panels(&corners, &faces);
    let colours = mesh
        .positions
        .iter()
        .map(|position| panel_colour(&panels, position.normalize()))
        .collect();
    (mesh, colours)
}

/// Directions and distances of a truncated icosahedron's faces: 12 pentagons, then 20 hexagons.
fn panels(corners: &[Vec3], faces: &[[usize; 3]]) -> Vec<(Vec3, f32)> {
    // In edge lengths, from the middle to a pentagon and to a hexagon.
    let pentagons = corners.iter().map(|corner| (*corner, 2.327_44));
    let hexagons = faces.iter().map(|face| {
        let sum: Vec3 = face.iter().map(|&index| corners[index]).sum();
        (sum.normalize(), 2.267_28)
    });
    pentagons.chain(hexagons).collect()
}

fn panel_colour(panels: &[(Vec3, f32)], direction: Vec3) -> Vec3 {
    let (mut first, mut second, mut panel) = (f32::MIN, f32::MIN, 0);
    for (index, (normal, distance)) in panels.iter().enumerate() {
        let height = direction.dot(*normal) / distance;
        if height > first {
            (second, first, panel) = (first, height, index);
        } else if height > second {
            second = height;
        }
    }
    let is_seam = first - second < 0.004;
    match panel {
        0..12 => linear(0x1a_2a_6c),
        _ if is_seam => linear(0xb9_bd_c4),
        _ => linear(0xf4_f5_f6),
    }
}

/// The corners on the unit sphere, and the faces seen anticlockwise from outside.
fn icosahedron() -> (Vec<Vec3>, Vec<[usize; 3]>) {
    let golden = (1.0 + 5f32.sqrt()) * 0.5;
    let corners: Vec<Vec3> = [
        [-1.0, golden, 0.0],
        [1.0, golden, 0.0],
        [-1.0, -golden, 0.0],
        [1.0, -golden, 0.0],
        [0.0, -1.0, golden],
        [0.0, 1.0, golden],
        [0.0, -1.0, -golden],
        [0.0, 1.0, -golden],
        [golden, 0.0, -1.0],
        [golden, 0.0, 1.0],
        [-golden, 0.0, -1.0],
        [-golden, 0.0, 1.0],
    ]
    .map(|corner| Vec3::from_array(corner).normalize())
    .to_vec();
    #[rustfmt::skip]
    let faces = vec![
        [0, 11, 5], [0, 5, 1], [0, 1, 7], [0, 7, 10], [0, 10, 11],
        [1, 5, 9], [5, 11, 4], [11, 10, 2], [10, 7, 6], [7, 1, 8],
        [3, 9, 4], [3, 4, 2], [3, 2, 6], [3, 6, 8], [3, 8, 9],
        [4, 9, 5], [2, 4, 11], [6, 2, 10], [8, 6, 7], [9, 8, 1],
    ];
    (corners, faces)
}
