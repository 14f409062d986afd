//! The athlete's body and kit as round shapes, each in its bone's space.
//!
//! Muscles are ellipsoids, limbs are round cones; loose cloth is a wider shell, cut off at its
//! hem. Written for the left side and mirrored. Metres.

use glam::Vec3;

use crate::skeleton::{Bone, Side};

/// What a part of the surface is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Material {
    /// Bare skin of arms and head.
    Skin,
    /// Bare skin of the legs above, sock below.
    Leg,
    /// Shirt on the trunk.
    Shirt,
    /// Shirt on an arm.
    Sleeve,
    /// The shirt's collar.
    Collar,
    /// Shorts.
    Shorts,
    /// Boots.
    Boot,
    /// Soles and studs.
    Sole,
    /// Hair.
    Hair,
}

/// A round shape.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// A cone with round ends.
    Cone {
        /// Middle of one end.
        a: Vec3,
        /// Middle of the other end.
        b: Vec3,
        /// Radius at `a`.
        ra: f32,
        /// Radius at `b`.
        rb: f32,
    },
    /// An ellipsoid along the bone's axes.
    Ellipsoid {
        /// Its middle.
        centre: Vec3,
        /// Its half axes.
        radii: Vec3,
    },
}

/// Parts that blend with each other before the whole is joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Region {
    /// Pelvis to shoulders.
    Trunk,
    /// Neck and head.
    Head,
    /// An arm.
    Arm(Side),
    /// A leg.
    Leg(Side),
}

impl Region {
    /// How many there are.
    pub(crate) const COUNT: usize = 6;
    /// How widely each joins the others, by index, metres.
    pub(crate) const JOIN: [f32; Self::COUNT] = [0.0, 0.018, 0.045, 0.045, 0.022, 0.022];

    /// Its place in a list.
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Trunk => 0,
            Self::Head => 1,
            Self::Arm(side) => 2 + side.index(),
            Self::Leg(side) => 4 + side.index(),
        }
    }
}

/// One shape of the body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// What it moves with.
    pub(crate) bone: Bone,
    /// What it blends with.
    pub(crate) region: Region,
    /// What it is made of.
    pub(crate) material: Material,
    /// Its shape.
    pub(crate) form: Form,
    /// Stretches the shape along the bone's axes.
    pub(crate) squash: Vec3,
    /// How widely it blends into its region.
    pub(crate) blend: f32,
    /// Kept where `normal . point >= offset`.
    pub(crate) cut: Option<(Vec3, f32)>,
    /// Takes away instead of adding.
    pub(crate) is_hollow: bool,
}

impl Part {
    fn squashed(self, x: f32, y: f32, z: f32) -> Self {
        let squash = Vec3::new(x, y, z);
        Self { squash, ..self }
    }

    fn blended(self, blend: f32) -> Self {
        Self { blend, ..self }
    }

    fn cut(self, normal: Vec3, offset: f32) -> Self {
        let cut = Some((normal, offset));
        Self { cut, ..self }
    }

    fn hollow(self) -> Self {
        let is_hollow = true;
        Self { is_hollow, ..self }
    }
}

/// A box of building bricks: one bone, one material.
#[derive(Clone, Copy)]
struct Brick {
    bone: Bone,
    region: Region,
    material: Material,
    sign: f32,
}

impl Brick {
    fn new(bone: Bone, region: Region, material: Material) -> Self {
        let sign = match bone {
            Bone::Clavicle(side)
            | Bone::UpperArm(side)
            | Bone::Forearm(side)
            | Bone::Hand(side)
            | Bone::Thigh(side)
            | Bone::Shin(side)
            | Bone::Foot(side)
            | Bone::Toes(side) => side.sign(),
            Bone::Pelvis | Bone::Abdomen | Bone::Chest | Bone::Neck | Bone::Head => 1.0,
        };
        Self {
            bone,
            region,
            material,
            sign,
        }
    }

    fn mirrored(self) -> Self {
        let sign = -self.sign;
        Self { sign, ..self }
    }

    fn made(self, form: Form) -> Part {
        Part {
            bone: self.bone,
            region: self.region,
            material: self.material,
            form,
            squash: Vec3::ONE,
            blend: 0.02,
            cut: None,
            is_hollow: false,
        }
    }

    fn cone(self, a: [f32; 3], b: [f32; 3], ra: f32, rb: f32) -> Part {
        let mirror = Vec3::new(self.sign, 1.0, 1.0);
        let (a, b) = (Vec3::from_array(a) * mirror, Vec3::from_array(b) * mirror);
        self.made(Form::Cone { a, b, ra, rb })
    }

    fn blob(self, centre: [f32; 3], radii: [f32; 3]) -> Part {
        let mirror = Vec3::new(self.sign, 1.0, 1.0);
        let (centre, radii) = (Vec3::from_array(centre) * mirror, Vec3::from_array(radii));
        self.made(Form::Ellipsoid { centre, radii })
    }
}

/// Every part of the athlete.
pub(crate) fn parts() -> Vec<Part> {
    let mut parts = Vec::new();
    trunk(&mut parts);
    head(&mut parts);
    for side in Side::BOTH {
        arm(&mut parts, side);
        hand(&mut parts, side);
        leg(&mut parts, side);
        boot(&mut parts, side);
    }
    parts
}

fn trunk(parts: &mut Vec<Part>) {
    let shorts = Brick::new(Bone::Pelvis, Region::Trunk, Material::Shorts);
    let hem = Brick::new(Bone::Pelvis, Region::Trunk, Material::Shirt);
    let belly = Brick::new(Bone::Abdomen, Region::Trunk, Material::Shirt);
    let chest = Brick::new(Bone::Chest, Region::Trunk, Material::Shirt);
    let collar = Brick::new(Bone::Chest, Region::Trunk, Material::Collar);
    parts.extend([
        chest
            .blob([0.0, 0.085, -0.004], [0.162, 0.200, 0.112])
            .blended(0.04),
        chest
            .blob([0.0, 0.185, -0.012], [0.165, 0.095, 0.092])
            .blended(0.04),
        belly
            .blob([0.0, 0.055, 0.004], [0.146, 0.175, 0.104])
            .blended(0.05),
        shorts
            .blob([0.0, 0.015, -0.008], [0.168, 0.130, 0.118])
            .blended(0.03),
        hem.cone([0.0, 0.19, 0.0], [0.0, -0.04, -0.010], 0.134, 0.160)
            .squashed(1.15, 1.0, 0.92)
            .cut(Vec3::Y, 0.000)
            .blended(0.035),
        collar
            .blob([0.0, 0.272, -0.006], [0.077, 0.024, 0.071])
            .blended(0.012),
    ]);
    for side in Side::BOTH {
        let mirror = |brick: Brick| match side {
            Side::Left => brick,
            Side::Right => brick.mirrored(),
        };
        let (shorts, chest) = (mirror(shorts), mirror(chest));
        let shoulder = Brick::new(Bone::Clavicle(side), Region::Trunk, Material::Shirt);
        parts.extend([
            shorts
                .blob([0.074, -0.030, -0.062], [0.086, 0.100, 0.074])
                .blended(0.03),
            chest
                .blob([0.074, 0.120, 0.062], [0.082, 0.066, 0.048])
                .blended(0.035),
            chest
                .blob([0.090, 0.100, -0.060], [0.080, 0.120, 0.055])
                .blended(0.04),
            chest
                .cone([0.035, 0.272, -0.028], [0.140, 0.236, -0.022], 0.042, 0.046)
                .blended(0.045),
            shoulder
                .cone(
                    [0.03, -0.012, -0.012],
                    [0.140, -0.012, -0.022],
                    0.050,
                    0.060,
                )
                .blended(0.045),
        ]);
    }
}

fn head(parts: &mut Vec<Part>) {
    let neck = Brick::new(Bone::Neck, Region::Head, Material::Skin);
    let skin = Brick::new(Bone::Head, Region::Head, Material::Skin);
    let hair = Brick::new(Bone::Head, Region::Head, Material::Hair);
    parts.extend([
        neck.cone([0.0, -0.04, -0.004], [0.0, 0.115, 0.012], 0.063, 0.056),
        skin.blob([0.0, 0.118, -0.012], [0.075, 0.103, 0.094])
            .blended(0.02),
        skin.blob([0.0, 0.055, 0.034], [0.057, 0.082, 0.062])
            .blended(0.025),
        skin.blob([0.0, -0.004, 0.044], [0.050, 0.036, 0.050])
            .blended(0.022),
        skin.blob([0.0, -0.024, 0.079], [0.021, 0.016, 0.017])
            .blended(0.018),
        skin.cone([-0.034, 0.093, 0.080], [0.034, 0.093, 0.080], 0.013, 0.013)
            .blended(0.016),
        skin.cone([0.0, 0.084, 0.097], [0.0, 0.046, 0.113], 0.0085, 0.0135)
            .blended(0.010),
        skin.cone([-0.011, 0.042, 0.103], [0.011, 0.042, 0.103], 0.008, 0.008)
            .blended(0.006),
        skin.blob([0.0, 0.012, 0.094], [0.025, 0.0105, 0.011])
            .blended(0.006),
        // The hairline runs from the forehead down to the nape.
        hair.blob([0.0, 0.128, -0.020], [0.081, 0.102, 0.098])
            .cut(Vec3::new(0.0, 0.74, -0.672), 0.062)
            .blended(0.004),
        hair.blob([0.0, 0.196, 0.026], [0.052, 0.030, 0.060])
            .blended(0.035),
        hair.blob([0.0, 0.204, -0.026], [0.056, 0.028, 0.062])
            .blended(0.035),
    ]);
    for side in Side::BOTH {
        let skin = match side {
            Side::Left => skin,
            Side::Right => skin.mirrored(),
        };
        parts.extend([
            skin.blob([0.038, 0.050, 0.070], [0.020, 0.018, 0.020])
                .blended(0.02),
            skin.blob([0.031, 0.076, 0.106], [0.016, 0.0105, 0.013])
                .blended(0.012)
                .hollow(),
            skin.blob([0.077, 0.062, -0.006], [0.0085, 0.031, 0.019])
                .blended(0.006),
        ]);
    }
}

fn arm(parts: &mut Vec<Part>, side: Side) {
    let region = Region::Arm(side);
    let sleeve = Brick::new(Bone::UpperArm(side), region, Material::Sleeve);
    let upper = Brick::new(Bone::UpperArm(side), region, Material::Skin);
    let fore = Brick::new(Bone::Forearm(side), region, Material::Skin);
    let sleeve_end = -0.178;
    parts.extend([
        sleeve
            .blob([0.004, -0.045, 0.0], [0.064, 0.088, 0.064])
            .blended(0.03),
        sleeve
            .cone([0.0, -0.01, 0.0], [0.0, -0.20, 0.0], 0.062, 0.066)
            .cut(Vec3::Y, sleeve_end)
            .blended(0.02),
        upper.cone([0.0, -0.06, 0.0], [0.0, -0.29, 0.0], 0.046, 0.038),
        upper
            .blob([0.0, -0.165, 0.014], [0.040, 0.085, 0.038])
            .blended(0.03),
        upper
            .blob([0.0, -0.145, -0.016], [0.042, 0.090, 0.038])
            .blended(0.03),
        fore.cone([0.0, 0.0, -0.002], [0.0, -0.26, 0.0], 0.038, 0.025),
        fore.blob([0.008, -0.075, 0.006], [0.040, 0.085, 0.038])
            .blended(0.03),
    ]);
}

/// A relaxed hand: the palm faces the body, the thumb forward.
fn hand(parts: &mut Vec<Part>, side: Side) {
    let hand = Brick::new(Bone::Hand(side), Region::Arm(side), Material::Skin);
    parts.extend([
        hand.cone([0.0, 0.01, 0.0], [0.0, -0.03, 0.0], 0.024, 0.022)
            .squashed(0.85, 1.0, 1.15),
        hand.blob([0.002, -0.052, 0.0], [0.0185, 0.050, 0.041])
            .blended(0.02),
        hand.cone(
            [-0.008, -0.022, 0.026],
            [-0.016, -0.060, 0.050],
            0.015,
            0.012,
        )
        .blended(0.014),
        hand.cone(
            [-0.016, -0.060, 0.050],
            [-0.026, -0.090, 0.050],
            0.0115,
            0.0095,
        )
        .blended(0.008),
    ]);
    for (z, length) in [
        (0.030, 0.94),
        (0.0105, 1.04),
        (-0.0095, 1.0),
        (-0.028, 0.84),
    ] {
        let knuckle = [0.004, -0.092, z];
        let middle = [-0.010, -0.092 - 0.036 * length, z * 0.96];
        let tip = [-0.038, -0.092 - 0.056 * length, z * 0.90];
        parts.extend([
            hand.cone(knuckle, middle, 0.0112, 0.0100).blended(0.005),
            hand.cone(middle, tip, 0.0100, 0.0084).blended(0.004),
        ]);
    }
}

fn leg(parts: &mut Vec<Part>, side: Side) {
    let region = Region::Leg(side);
    let shorts = Brick::new(Bone::Thigh(side), region, Material::Shorts);
    let thigh = Brick::new(Bone::Thigh(side), region, Material::Leg);
    let shin = Brick::new(Bone::Shin(side), region, Material::Leg);
    parts.extend([
        shorts
            .cone(
                [-0.002, -0.05, -0.006],
                [0.004, -0.28, -0.002],
                0.100,
                0.101,
            )
            .squashed(0.97, 1.0, 1.06)
            .cut(Vec3::Y, -0.255)
            .blended(0.02),
        thigh.cone([0.0, -0.05, 0.0], [0.0, -0.43, 0.0], 0.083, 0.050),
        thigh
            .blob([0.008, -0.200, 0.024], [0.074, 0.165, 0.062])
            .blended(0.04),
        thigh
            .blob([0.000, -0.220, -0.028], [0.064, 0.150, 0.052])
            .blended(0.04),
        thigh
            .blob([-0.028, -0.352, 0.022], [0.032, 0.058, 0.032])
            .blended(0.025),
        thigh
            .blob([0.030, -0.335, 0.018], [0.030, 0.070, 0.032])
            .blended(0.025),
        shin.blob([0.0, -0.005, 0.022], [0.043, 0.050, 0.038])
            .blended(0.03),
        shin.cone([0.0, -0.01, -0.004], [0.0, -0.415, -0.004], 0.049, 0.036),
        shin.blob([-0.016, -0.125, -0.032], [0.041, 0.110, 0.040])
            .blended(0.03),
        shin.blob([0.018, -0.115, -0.028], [0.038, 0.105, 0.038])
            .blended(0.03),
        // Shin guard, and the sock's folded top.
        shin.blob([0.0, -0.215, 0.020], [0.037, 0.115, 0.026])
            .blended(0.02),
        shin.cone([0.0, -0.080, -0.012], [0.0, -0.115, -0.014], 0.0605, 0.0605)
            .squashed(1.0, 1.0, 1.12)
            .cut(Vec3::NEG_Y, 0.082)
            .blended(0.012),
    ]);
}

fn boot(parts: &mut Vec<Part>, side: Side) {
    let region = Region::Leg(side);
    let boot = Brick::new(Bone::Foot(side), region, Material::Boot);
    let toes = Brick::new(Bone::Toes(side), region, Material::Boot);
    let sole = Brick::new(Bone::Foot(side), region, Material::Sole);
    let toe_sole = Brick::new(Bone::Toes(side), region, Material::Sole);
    parts.extend([
        boot.cone([0.0, 0.015, -0.008], [0.0, -0.035, -0.014], 0.040, 0.041)
            .blended(0.02),
        boot.blob([0.0, -0.045, -0.024], [0.034, 0.036, 0.040])
            .blended(0.02),
        boot.cone([0.0, -0.018, 0.020], [0.002, -0.046, 0.105], 0.038, 0.030)
            .squashed(1.08, 1.0, 1.0)
            .blended(0.03),
        boot.blob([0.004, -0.052, 0.105], [0.046, 0.028, 0.060])
            .blended(0.025),
        toes.blob([0.003, 0.010, 0.024], [0.043, 0.026, 0.058])
            .blended(0.02),
        sole.blob([0.0, -0.074, -0.022], [0.033, 0.010, 0.043])
            .blended(0.006),
        sole.blob([0.003, -0.074, 0.070], [0.038, 0.009, 0.082])
            .blended(0.006),
        toe_sole
            .blob([0.003, -0.008, 0.018], [0.042, 0.009, 0.055])
            .blended(0.006),
    ]);
    let heel = [
        (-0.018, -0.046),
        (0.018, -0.046),
        (-0.019, -0.006),
        (0.019, -0.006),
    ];
    let front = [
        (-0.028, 0.078),
        (0.031, 0.078),
        (-0.030, 0.112),
        (0.034, 0.112),
    ];
    for (x, z) in heel.into_iter().chain(front) {
        let stud = sole.cone([x, -0.076, z], [x, -0.0865, z], 0.0085, 0.0065);
        parts.push(stud.blended(0.003));
    }
    for (x, z) in [(-0.022, 0.024), (0.024, 0.024)] {
        let stud = toe_sole.cone([x, -0.010, z], [x, -0.0185, z], 0.0085, 0.0065);
        parts.push(stud.blended(0.003));
    }
}
