//! The athlete's bones: an adult of 1.82 m, posed by a few controls.
//!
//! Bone space: arms and legs hang along -y, the spine stands along +y, +z is forward and +x the
//! athlete's left. A bone's transform puts its joint and its bone space into the stage.

use std::f32::consts::PI;

use glam::{EulerRot, Mat3, Quat, Vec3};

/// Hip to knee, metres.
pub(crate) const THIGH: f32 = 0.435;
/// Knee to ankle, metres.
pub(crate) const SHIN: f32 = 0.425;
/// Shoulder to elbow, metres.
pub(crate) const UPPER_ARM: f32 = 0.295;
/// Elbow to wrist, metres.
pub(crate) const FOREARM: f32 = 0.262;
/// Ankle above the ground in boots, metres.
pub(crate) const ANKLE: f32 = 0.093;
/// The joint of the toes in the foot's space, metres.
pub(crate) const TOE_JOINT: Vec3 = Vec3::new(0.0, -0.068, 0.125);
/// Where the heel meets the ground in the foot's space, metres.
pub(crate) const HEEL: Vec3 = Vec3::new(0.0, -ANKLE, -0.055);
/// The left hip in the pelvis's space, metres.
pub(crate) const HIP: Vec3 = Vec3::new(0.092, 0.0, 0.0);
/// The longest a leg is stretched: not quite straight, so that the knee keeps its plane.
pub(crate) const LEG_MAX: f32 = (THIGH + SHIN) * 0.9985;
/// The shortest a leg folds.
const LEG_MIN: f32 = 0.24;
/// How many bones there are.
pub(crate) const BONE_COUNT: usize = 21;

/// Left or right, the athlete's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The side of +x in bone space.
    Left,
    /// The side of -x in bone space.
    Right,
}

impl Side {
    /// Both, left first.
    pub(crate) const BOTH: [Self; 2] = [Self::Left, Self::Right];

    /// 0 or 1.
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// 1 on the left, -1 on the right: what mirrors an x or an angle.
    pub(crate) fn sign(self) -> f32 {
        match self {
            Self::Left => 1.0,
            Self::Right => -1.0,
        }
    }
}

/// The name of a bone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bone {
    Pelvis,
    Abdomen,
    Chest,
    Neck,
    Head,
    Clavicle(Side),
    UpperArm(Side),
    Forearm(Side),
    Hand(Side),
    Thigh(Side),
    Shin(Side),
    Foot(Side),
    Toes(Side),
}

impl Bone {
    /// Its place in a pose.
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Pelvis => 0,
            Self::Abdomen => 1,
            Self::Chest => 2,
            Self::Neck => 3,
            Self::Head => 4,
            Self::Clavicle(side) => 5 + 8 * side.index(),
            Self::UpperArm(side) => 6 + 8 * side.index(),
            Self::Forearm(side) => 7 + 8 * side.index(),
            Self::Hand(side) => 8 + 8 * side.index(),
            Self::Thigh(side) => 9 + 8 * side.index(),
            Self::Shin(side) => 10 + 8 * side.index(),
            Self::Foot(side) => 11 + 8 * side.index(),
            Self::Toes(side) => 12 + 8 * side.index(),
        }
    }
}

/// A bone's place in the stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Placed {
    /// Stage from bone.
    pub(crate) rotation: Quat,
    /// The joint in the stage, metres.
    pub(crate) joint: Vec3,
}

impl Placed {
    /// Moves a point from the bone's space to the stage.
    pub(crate) fn point(&self, point_in_bone: Vec3) -> Vec3 {
        self.joint + self.rotation * point_in_bone
    }

    /// The bone that hangs on this one at `joint_in_bone`, turned by `turn`.
    fn child(&self, joint_in_bone: Vec3, turn: Quat) -> Self {
        Self {
            rotation: (self.rotation * turn).normalize(),
            joint: self.point(joint_in_bone),
        }
    }
}

/// Where every bone is.
#[derive(Clone, Debug)]
pub(crate) struct Pose(pub(crate) [Placed; BONE_COUNT]);

impl Pose {
    /// Where a bone is.
    pub(crate) fn of(&self, bone: Bone) -> &Placed {
        &self.0[bone.index()]
    }
}

/// How an arm is held; all zero hangs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Arm {
    /// Forward and up, radians.
    pub(crate) raise: f32,
    /// Away from the body, radians.
    pub(crate) spread: f32,
    /// Turns the forearm inwards about the upper arm, radians.
    pub(crate) turn: f32,
    /// Bends the elbow, radians.
    pub(crate) elbow: f32,
    /// Lifts the shoulder, radians.
    pub(crate) shrug: f32,
    /// Bends the wrist towards the palm, radians.
    pub(crate) wrist: f32,
}

/// Where a foot is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FootAim {
    /// The ankle in the stage, metres.
    pub(crate) ankle: Vec3,
    /// Stage from foot.
    pub(crate) rotation: Quat,
    /// Bends the toes up, radians.
    pub(crate) toes: f32,
}

/// All that poses the athlete.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Controls {
    /// The middle between the hips in the stage, metres.
    pub(crate) pelvis: Vec3,
    /// Stage from pelvis.
    pub(crate) pelvis_rotation: Quat,
    /// Bend of the whole spine: forward, to the left, to the right side, radians.
    pub(crate) spine: Vec3,
    /// Bend of neck and head, likewise.
    pub(crate) head: Vec3,
    /// Left and right.
    pub(crate) arms: [Arm; 2],
    /// Left and right.
    pub(crate) feet: [FootAim; 2],
    /// Where the knees point, in the stage; left and right.
    pub(crate) knees: [Vec3; 2],
}

/// A turn by pitch (forward), yaw (to the left) and roll (to the right side).
pub(crate) fn turn(bend: Vec3) -> Quat {
    Quat::from_euler(EulerRot::YXZ, bend.y, bend.x, bend.z)
}

/// The pose that `controls` ask for; feet out of reach come as near as the leg goes.
pub(crate) fn pose(controls: &Controls) -> Pose {
    let pelvis = Placed {
        rotation: controls.pelvis_rotation,
        joint: controls.pelvis,
    };
    let mut pose = Pose([pelvis; BONE_COUNT]);
    let half_spine = turn(controls.spine * 0.5);
    let half_head = turn(controls.head * 0.5);
    let abdomen = pelvis.child(Vec3::new(0.0, 0.115, -0.012), half_spine);
    let chest = abdomen.child(Vec3::new(0.0, 0.145, -0.006), half_spine);
    let neck = chest.child(Vec3::new(0.0, 0.283, -0.012), half_head);
    let head = neck.child(Vec3::new(0.0, 0.105, 0.022), half_head);
    pose.0[Bone::Abdomen.index()] = abdomen;
    pose.0[Bone::Chest.index()] = chest;
    pose.0[Bone::Neck.index()] = neck;
    pose.0[Bone::Head.index()] = head;
    for side in Side::BOTH {
        place_arm(&mut pose, side, &controls.arms[side.index()]);
        place_leg(&mut pose, side, controls);
    }
    pose
}

fn place_arm(pose: &mut Pose, side: Side, arm: &Arm) {
    let sign = side.sign();
    let chest = *pose.of(Bone::Chest);
    let clavicle = chest.child(
        Vec3::new(sign * 0.025, 0.238, 0.012),
        Quat::from_rotation_z(sign * arm.shrug),
    );
    let hang = Quat::from_rotation_x(-arm.raise)
        * Quat::from_rotation_z(sign * arm.spread)
        * Quat::from_rotation_y(-sign * arm.turn);
    // The shoulder blade carries the arm: the trunk leads, the shrug does not tilt it.
    let level = Quat::from_rotation_z(-sign * arm.shrug);
    let upper = clavicle.child(Vec3::new(sign * 0.155, 0.0, -0.022), level * hang);
    let forearm = upper.child(
        Vec3::new(0.0, -UPPER_ARM, 0.0),
        Quat::from_rotation_x(-arm.elbow),
    );
    let hand = forearm.child(
        Vec3::new(0.0, -FOREARM, 0.0),
        Quat::from_rotation_z(-sign * arm.wrist),
    );
    pose.0[Bone::Clavicle(side).index()] = clavicle;
    pose.0[Bone::UpperArm(side).index()] = upper;
    pose.0[Bone::Forearm(side).index()] = forearm;
    pose.0[Bone::Hand(side).index()] = hand;
}

/// Two-bone inverse kinematics: the knee lies in the plane of hip, ankle and where it points.
fn place_leg(pose: &mut Pose, side: Side, controls: &Controls) {
    let aim = &controls.feet[side.index()];
    let hip = pose
        .of(Bone::Pelvis)
        .point(HIP * Vec3::new(side.sign(), 1.0, 1.0));
    let reach = aim.ankle - hip;
    let length = reach.length().clamp(LEG_MIN, LEG_MAX);
    let down = reach.normalize_or(Vec3::NEG_Y);
    let forward = controls.knees[side.index()]
        .reject_from(down)
        .normalize_or(Vec3::Z);
    let along = (THIGH * THIGH + length * length - SHIN * SHIN) / (2.0 * length);
    let out = (THIGH * THIGH - along * along).max(0.0).sqrt();
    let knee = hip + down * along + forward * out;
    let ankle = hip + down * length;
    let hinge = forward.cross(down).normalize();
    let upright = |top: Vec3, bottom: Vec3| {
        let y = (top - bottom).normalize();
        let z = hinge.cross(y).normalize();
        Quat::from_mat3(&Mat3::from_cols(y.cross(z), y, z)).normalize()
    };
    let foot = Placed {
        rotation: aim.rotation,
        joint: ankle,
    };
    pose.0[Bone::Thigh(side).index()] = Placed {
        rotation: upright(hip, knee),
        joint: hip,
    };
    pose.0[Bone::Shin(side).index()] = Placed {
        rotation: upright(knee, ankle),
        joint: knee,
    };
    pose.0[Bone::Foot(side).index()] = foot;
    pose.0[Bone::Toes(side).index()] = foot.child(TOE_JOINT, Quat::from_rotation_x(-aim.toes));
}

/// The pose in which the surface is made: upright at the origin, facing +z, limbs apart.
pub(crate) fn rest() -> Pose {
    let arm = Arm {
        spread: 0.27 * PI,
        elbow: 0.12,
        ..Arm::default()
    };
    let foot = |sign: f32| FootAim {
        ankle: Vec3::new(sign * 0.205, ANKLE, 0.0),
        rotation: Quat::from_rotation_y(sign * 0.12),
        toes: 0.0,
    };
    pose(&Controls {
        pelvis: Vec3::new(0.0, 0.944, 0.0),
        pelvis_rotation: Quat::IDENTITY,
        spine: Vec3::ZERO,
        head: Vec3::ZERO,
        arms: [arm; 2],
        feet: [foot(1.0), foot(-1.0)],
        knees: [Vec3::new(0.1, 0.0, 1.0), Vec3::new(-0.1, 0.0, 1.0)],
    })
}
