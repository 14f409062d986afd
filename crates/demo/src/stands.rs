//! Stands with seats and a crowd, roofs and floodlights.

use glam::Vec3;

use crate::build::Builder;
use crate::kit::linear;

/// A step's depth and rise, metres.
const ROW_DEPTH: f32 = 0.95;
const ROW_RISE: f32 = 0.52;
/// Between two seats, metres.
const SEAT_METRES: f32 = 0.80;
/// What the crowd wears: mostly the club's colours.
const SHIRTS: [u32; 10] = [
    0x1b_38_a0, 0x1b_38_a0, 0x27_4d_c4, 0xf0_f1_f3, 0xff_5f_52, 0xe8_54_48, 0x2b_2f_3c, 0xd9_b4_4a,
    0x6f_84_9c, 0x3d_7a_55,
];
const SKINS: [u32; 5] = [0xf0_c8_a8, 0xd8_a4_80, 0xb0_78_56, 0x80_52_3a, 0x5c_3a_28];

/// One straight stand.
struct Stand {
    /// The middle of its front edge, metres.
    front: Vec3,
    /// Away from the pitch.
    back: Vec3,
    half_width: f32,
    rows: u32,
    /// Share of the seats that are taken, 0 to 1.
    taken: f32,
}

/// Numbers that look random, the same for the same seed.
struct Dice(u32);

impl Dice {
    /// From 0 up to 1.
    fn roll(&mut self) -> f32 {
        // PCG, O'Neill 2014.
        self.0 = self.0.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        let word = ((self.0 >> ((self.0 >> 28) + 4)) ^ self.0).wrapping_mul(277_803_737);
        (((word >> 22) ^ word) >> 8) as f32 / 16_777_216.0
    }

    /// One of `colours`, linear.
    fn pick(&mut self, colours: &[u32]) -> Vec3 {
        let index = (self.roll() * colours.len() as f32) as usize;
        linear(colours[index.min(colours.len() - 1)])
    }
}

/// The stands behind the goal and along both sides, and the masts.
pub(crate) fn stands(venue: &mut Builder, seed: u32) {
    let mut dice = Dice(seed.wrapping_mul(2_654_435_769));
    let behind = Stand {
        front: Vec3::new(0.0, 1.1, -21.0),
        back: Vec3::NEG_Z,
        half_width: 33.0,
        rows: 13,
        taken: 0.88,
    };
    stand(venue, &mut dice, &behind);
    for side in [-1.0, 1.0] {
        let along = Stand {
            front: Vec3::new(side * 42.5, 1.1, 6.0),
            back: Vec3::X * side,
            half_width: 27.0,
            rows: 9,
            taken: 0.62,
        };
        stand(venue, &mut dice, &along);
        mast(venue, Vec3::new(side * 40.0, 0.0, -27.0), side);
    }
}

fn stand(venue: &mut Builder, dice: &mut Dice, stand: &Stand) {
    let right = Vec3::Y.cross(-stand.back).normalize();
    let half = right * stand.half_width;
    let concrete = linear(0x8f_95_9e);
    let foot = stand.front.with_y(0.0);
    // The parapet.
    venue.quad(
        [
            foot - half,
            foot + half,
            stand.front + half,
            stand.front - half,
        ],
        linear(0x27_33_55),
    );
    for row in 0..stand.rows {
        let step =
            stand.front + stand.back * (row as f32 * ROW_DEPTH) + Vec3::Y * (row as f32 * ROW_RISE);
        let rear = step + stand.back * ROW_DEPTH;
        let rise = Vec3::Y * ROW_RISE;
        venue.quad(
            [step - half, step + half, rear + half, rear - half],
            concrete,
        );
        venue.quad(
            [
                rear - half,
                rear + half,
                rear + rise + half,
                rear + rise - half,
            ],
            concrete * 0.6,
        );
        seats(
            venue,
            dice,
            stand,
            step + stand.back * (0.55 * ROW_DEPTH),
            right,
        );
    }
    roof(venue, stand, half);
}

/// A row of seats in one strip, with gaps for the aisles, and who sits on them.
fn seats(venue: &mut Builder, dice: &mut Dice, stand: &Stand, row: Vec3, right: Vec3) {
    let seat = linear(0x1d_3a_8c);
    let count = (2.0 * stand.half_width / SEAT_METRES) as i32;
    let block = 22;
    let place = |index: i32| row + right * ((index as f32 + 0.5) * SEAT_METRES - stand.half_width);
    for first in (0..count).step_by(block) {
        let last = (first + block as i32 - 3).min(count - 1);
        let (a, b) = (place(first) - right * 0.3, place(last) + right * 0.3);
        let (low, high) = (Vec3::Y * 0.38, Vec3::Y * 0.80 + stand.back * 0.12);
        venue.quad([a + low, b + low, b + high, a + high], seat);
    }
    for index in 0..count {
        if index % block as i32 > block as i32 - 3 || dice.roll() > stand.taken {
            continue;
        }
        let lean = right * ((dice.roll() - 0.5) * 0.2);
        fan(venue, dice, place(index) + lean, right, stand.back);
    }
}

/// A body of two faces and a head of one: enough from the pitch.
fn fan(venue: &mut Builder, dice: &mut Dice, seat: Vec3, right: Vec3, back: Vec3) {
    let (shirt, skin) = (dice.pick(&SHIRTS), dice.pick(&SKINS));
    let shade = 0.75 + 0.4 * dice.roll();
    let up = if dice.roll() < 0.35 { 0.38 } else { 0.0 };
    let hips = seat - back * 0.08 + Vec3::Y * (0.36 + up * 0.6);
    let neck = seat - back * 0.02 + Vec3::Y * (1.02 + up);
    let (hip, shoulder) = (right * 0.17, right * 0.235);
    venue.quad(
        [hips - hip, hips + hip, neck + shoulder, neck - shoulder],
        shirt * shade,
    );
    let chin = neck + Vec3::Y * 0.03 - back * 0.03;
    let (jaw, brow) = (right * 0.075, right * 0.10);
    let top = chin + Vec3::Y * 0.27;
    venue.quad(
        [chin - jaw, chin + jaw, top + brow, top - brow],
        skin * shade,
    );
}

fn roof(venue: &mut Builder, stand: &Stand, half: Vec3) {
    let depth = stand.rows as f32 * ROW_DEPTH;
    let top = stand.front + Vec3::Y * (stand.rows as f32 * ROW_RISE);
    let rear = top + stand.back * (depth + 0.4);
    let high = Vec3::Y * 5.2;
    let wall = linear(0x39_43_5c);
    venue.quad(
        [
            rear - half,
            rear + half,
            rear + high + half,
            rear + high - half,
        ],
        wall,
    );
    let edge = top + stand.back * (depth * 0.18) + high + Vec3::Y * 1.0;
    venue.quad(
        [
            rear + high + half,
            rear + high - half,
            edge - half,
            edge + half,
        ],
        linear(0x5a_64_7c),
    );
    let lip = Vec3::Y * 0.7;
    venue.quad(
        [
            edge - half,
            edge + half,
            edge + lip + half,
            edge + lip - half,
        ],
        linear(0xff_5f_52),
    );
    venue.quad(
        [
            edge + lip - half,
            edge + lip + half,
            rear + high + lip + half,
            rear + high + lip - half,
        ],
        linear(0xc4_c9_d2),
    );
}

fn mast(venue: &mut Builder, foot: Vec3, side: f32) {
    let steel = linear(0x9a_a3_b0);
    let head = foot + Vec3::Y * 26.0;
    venue.tube(foot, head, 0.38, 8, steel);
    let towards = Vec3::new(-side, -0.45, 1.0).normalize();
    let right = Vec3::Y.cross(-towards).normalize();
    let up = (-towards).cross(right).normalize() * -1.0;
    let up = if up.y < 0.0 { -up } else { up };
    let face = |x: f32, y: f32, out: f32| head + right * x + up * y + towards * out;
    let panel = |w: f32, h: f32, out: f32| {
        let corner = |x: f32, y: f32| face(x * w, y * h, out);
        [
            corner(1.0, -1.0),
            corner(-1.0, -1.0),
            corner(-1.0, 1.0),
            corner(1.0, 1.0),
        ]
    };
    venue.quad(panel(2.9, 2.0, 0.2), steel * 0.5);
    for row in 0..4 {
        for column in 0..6 {
            let middle = face(column as f32 * 0.9 - 2.25, row as f32 * 0.9 - 1.35, 0.3);
            let corner = |x: f32, y: f32| middle + (right * x + up * y) * 0.34;
            let lamp = [
                corner(1.0, -1.0),
                corner(-1.0, -1.0),
                corner(-1.0, 1.0),
                corner(1.0, 1.0),
            ];
            venue.quad(lamp, linear(0xff_fd_f2) * 1.6);
        }
    }
}
