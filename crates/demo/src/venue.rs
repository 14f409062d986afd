//! The venue around the pitch's near end: lines, goal, corner flags, boards.
//!
//! The goal line lies at z = -11 and the penalty spot on the origin, as the Laws of the Game
//! measure them. The ground itself is drawn by the renderer.

use std::f32::consts::TAU;

use glam::Vec3;

use crate::ball::{GOAL_LINE_Z, net_depth};
use crate::build::Builder;
use crate::kit::linear;
use crate::letters::strokes;
use crate::stands;

/// Lines stand this far off the grass, so that they do not flicker, metres.
const LINE_METRES: f32 = 0.004;
/// Lines are this wide, metres.
const LINE_WIDTH: f32 = 0.12;
/// Half the pitch's width, metres.
const HALF_PITCH: f32 = 34.0;
/// Half the goal's width and its height, inside the posts, metres.
const HALF_GOAL: f32 = 3.66;
const GOAL_HEIGHT: f32 = 2.44;
/// Half the goalposts' thickness, metres.
const POST: f32 = 0.06;
/// Side of the net's meshes, metres.
const NET_METRES: f32 = 0.15;
/// The boards behind the goal line, metres.
const BOARDS_Z: f32 = GOAL_LINE_Z - 5.0;
const BOARD_HEIGHT: f32 = 0.92;

/// The whole venue.
pub(crate) fn venue(seed: u32) -> Builder {
    let mut venue = Builder::default();
    lines(&mut venue);
    goal(&mut venue);
    corner_flags(&mut venue);
    boards(&mut venue);
    stands::stands(&mut venue, seed);
    venue
}

fn lines(venue: &mut Builder) {
    let white = linear(0xee_f2_ee);
    let mut line = |x0: f32, z0: f32, x1: f32, z1: f32| {
        let at = |x, z| Vec3::new(x, LINE_METRES, z);
        venue.strip(at(x0, z0), at(x1, z1), LINE_WIDTH, Vec3::Y, white);
    };
    let far = 42.0;
    line(-HALF_PITCH, GOAL_LINE_Z, HALF_PITCH, GOAL_LINE_Z);
    for side in [-1.0, 1.0] {
        line(side * HALF_PITCH, GOAL_LINE_Z, side * HALF_PITCH, far);
        line(side * 20.16, GOAL_LINE_Z, side * 20.16, GOAL_LINE_Z + 16.5);
        line(side * 9.16, GOAL_LINE_Z, side * 9.16, GOAL_LINE_Z + 5.5);
    }
    line(-20.16, GOAL_LINE_Z + 16.5, 20.16, GOAL_LINE_Z + 16.5);
    line(-9.16, GOAL_LINE_Z + 5.5, 9.16, GOAL_LINE_Z + 5.5);
    line(-HALF_PITCH, far - 0.5, HALF_PITCH, far - 0.5);
    // The arc: 9.15 m around the spot, outside the penalty area.
    let reach = (5.5f32 / 9.15).acos();
    let arc = |share: f32| {
        let angle = (share * 2.0 - 1.0) * reach;
        (9.15 * angle.sin(), 9.15 * angle.cos())
    };
    for index in 0..24 {
        let ((x0, z0), (x1, z1)) = (arc(index as f32 / 24.0), arc((index + 1) as f32 / 24.0));
        line(x0, z0, x1, z1);
    }
    for index in 0..12 {
        let edge = |index: i32| {
            let angle = index as f32 / 12.0 * TAU;
            Vec3::new(angle.sin() * 0.11, LINE_METRES * 0.5, angle.cos() * 0.11)
        };
        let middle = Vec3::Y * (LINE_METRES * 0.5);
        venue.quad([middle, edge(index), edge(index + 1), middle], white);
    }
}

fn goal(venue: &mut Builder) {
    let white = linear(0xf6_f7_f8);
    let (post, bar) = (HALF_GOAL + POST, GOAL_HEIGHT + POST);
    let front = GOAL_LINE_Z - POST;
    for side in [-1.0, 1.0] {
        let foot = Vec3::new(side * post, 0.0, front);
        venue.tube(foot, foot.with_y(bar + POST), POST, 12, white);
        let roof = Vec3::new(side * post, bar, front);
        let rear = roof - Vec3::Z * net_depth(GOAL_HEIGHT);
        venue.tube(roof, rear, 0.025, 6, white);
        venue.tube(
            rear,
            Vec3::new(side * post, 0.0, front - net_depth(0.0)),
            0.025,
            6,
            white,
        );
    }
    venue.tube(
        Vec3::new(-post, bar, front),
        Vec3::new(post, bar, front),
        POST,
        12,
        white,
    );
    net(venue);
}

/// The net: strips a few millimetres wide, each crossed pair as seen from inside and outside.
fn net(venue: &mut Builder) {
    let thread = linear(0xe4_e8_ee);
    let point = |x: f32, height: f32| Vec3::new(x, height, GOAL_LINE_Z - POST - net_depth(height));
    let mut string = |a: Vec3, b: Vec3, normal: Vec3| venue.strip(a, b, 0.012, normal, thread);
    let columns = (2.0 * HALF_GOAL / NET_METRES) as i32;
    let x_of = |index: i32| -HALF_GOAL + 2.0 * HALF_GOAL * index as f32 / columns as f32;
    let top = Vec3::new(0.0, GOAL_HEIGHT, GOAL_LINE_Z - POST);
    for x in (0..=columns).map(x_of) {
        string(point(x, 0.0), point(x, GOAL_HEIGHT), Vec3::Z);
        string(point(x, GOAL_HEIGHT), top.with_x(x), Vec3::Y);
    }
    let rows = (GOAL_HEIGHT / NET_METRES) as i32;
    for row in 0..=rows {
        let height = GOAL_HEIGHT * row as f32 / rows as f32;
        let ends = [-HALF_GOAL, HALF_GOAL].map(|x| point(x, height));
        string(ends[0], ends[1], Vec3::Z);
        for end in ends {
            string(end, end.with_z(GOAL_LINE_Z - POST), Vec3::X);
        }
    }
    let depths = (net_depth(0.0) / NET_METRES) as i32;
    for index in 1..=depths {
        let depth = net_depth(0.0) * index as f32 / depths as f32;
        let z = GOAL_LINE_Z - POST - depth;
        let is_roof = depth < net_depth(GOAL_HEIGHT);
        let height = if is_roof {
            GOAL_HEIGHT
        } else {
            (net_depth(0.0) - depth) / 0.9 * GOAL_HEIGHT
        };
        if is_roof {
            let left = Vec3::new(-HALF_GOAL, GOAL_HEIGHT, z);
            string(left, left.with_x(HALF_GOAL), Vec3::Y);
        }
        for side in [-HALF_GOAL, HALF_GOAL] {
            let foot = Vec3::new(side, 0.0, z);
            string(foot, foot.with_y(height), Vec3::X);
        }
    }
}

fn corner_flags(venue: &mut Builder) {
    for side in [-1.0, 1.0] {
        let foot = Vec3::new(side * HALF_PITCH, 0.0, GOAL_LINE_Z);
        venue.tube(foot, foot.with_y(1.5), 0.02, 6, linear(0xf4_e8_b0));
        let at = |x: f32, y: f32| foot + Vec3::new(-side * x, y, -0.03 * x);
        let coral = linear(0xff_5f_52);
        venue.quad(
            [at(0.0, 1.10), at(0.42, 1.16), at(0.42, 1.42), at(0.0, 1.48)],
            coral,
        );
    }
}

/// Boards behind the goal and along both sides; the fan reads them from the pitch.
fn boards(venue: &mut Builder) {
    let wide = 6.0;
    let turn = |x: f32, z: f32, right: Vec3| (Vec3::new(x, 0.0, z), right);
    let mut places = Vec::new();
    for index in -5..=5 {
        places.push(turn(index as f32 * wide, BOARDS_Z, Vec3::X));
    }
    for index in 0..8 {
        let z = -7.5 + index as f32 * wide;
        places.push(turn(-HALF_PITCH - 4.0, z, Vec3::NEG_Z));
        places.push(turn(HALF_PITCH + 4.0, z, Vec3::Z));
    }
    for (index, (middle, right)) in places.into_iter().enumerate() {
        let (name, ground, ink) = PANELS[index % PANELS.len()];
        board(
            venue,
            middle,
            right * (wide * 0.5),
            name,
            linear(ground),
            linear(ink),
        );
    }
}

/// What the boards say, and their colours.
const PANELS: [(&str, u32, u32); 4] = [
    ("TOUCHLINE", 0x12_24_6e, 0xff_ff_ff),
    ("SEE IT LIVE", 0xff_5f_52, 0xff_f4_e6),
    ("TOUCHLINE", 0xf2_f4_f7, 0x12_24_6e),
    ("FIRST LIGHT", 0x0f_8f_8a, 0xf4_ff_fb),
];

fn board(venue: &mut Builder, middle: Vec3, half: Vec3, name: &str, ground: Vec3, ink: Vec3) {
    let up = Vec3::Y * BOARD_HEIGHT;
    let front = half.cross(Vec3::Y).normalize();
    let back = middle - front * 0.10;
    let gap = half * 0.995;
    venue.quad(
        [
            middle - gap,
            middle + gap,
            middle + gap + up,
            middle - gap + up,
        ],
        ground,
    );
    venue.quad(
        [back + gap, back - gap, back - gap + up, back + gap + up],
        ground * 0.3,
    );
    venue.quad(
        [
            middle - gap + up,
            middle + gap + up,
            back + gap + up,
            back - gap + up,
        ],
        ground * 0.6,
    );
    let (lines, _) = strokes(name, BOARD_HEIGHT * 0.48);
    let right = half.normalize();
    let at = |p: glam::Vec2| middle + up * 0.5 + right * p.x + Vec3::Y * p.y + front * 0.012;
    for (a, b) in lines {
        // Strokes reach over each other's ends, so that letters have no notches.
        let reach = (b - a).normalize() * 0.03;
        venue.strip(at(a - reach), at(b + reach), 0.075, front, ink);
    }
}
