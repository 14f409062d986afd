//! The colours of the athlete: skin, hair and a made-up club's kit.
//!
//! Patterns are drawn in the rest pose, so they stay where they are sewn.

use glam::{Vec2, Vec3};

use crate::body::{Material, Part};
use crate::letters::is_inked;
use crate::skeleton::{Bone, Side};
use crate::surface::Field;

/// The club's colours and the body's, sRGB.
const NAVY: u32 = 0x14_2f_86;
const ROYAL: u32 = 0x2a_52_c8;
const WHITE: u32 = 0xf1_f2_f4;
const CORAL: u32 = 0xff_5f_52;
const SKIN: u32 = 0xb9_7d_5c;
const SKIN_WARM: u32 = 0xb0_6f_52;
const LIP: u32 = 0x98_54_4a;
const HAIR: u32 = 0x24_1a_17;
const STUBBLE: u32 = 0xa6_70_54;
const EYE_WHITE: u32 = 0xe8_e4_de;
const IRIS: u32 = 0x2c_1c_14;
const BOOT_SOLE: u32 = 0xf4_f1_e8;

/// Linear light from an sRGB colour 0xRRGGBB.
pub(crate) fn linear(srgb: u32) -> Vec3 {
    let channel = |shift: u32| {
        let value = (srgb >> shift & 0xff) as f32 / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    Vec3::new(channel(16), channel(8), channel(0))
}

/// The sRGB bytes of a linear colour.
pub(crate) fn srgb(linear: Vec3) -> [u8; 3] {
    linear.to_array().map(|value| {
        let value = value.clamp(0.0, 1.0);
        let encoded = if value <= 0.003_130_8 {
            value * 12.92
        } else {
            1.055 * value.powf(1.0 / 2.4) - 0.055
        };
        (encoded * 255.0 + 0.5) as u8
    })
}

/// The surface's own colour at a point of the rest pose, linear.
pub(crate) fn albedo(field: &Field, point: Vec3) -> Vec3 {
    let sample = field.at(point);
    let part = field.part(sample.part);
    let in_bone = field.point_in_bone(sample.part, point);
    linear(match part.material {
        Material::Skin => skin(part, in_bone),
        Material::Leg => leg(part, in_bone),
        Material::Shirt => shirt(point),
        Material::Sleeve => sleeve(in_bone),
        Material::Collar => CORAL,
        Material::Shorts => shorts(part, in_bone, point),
        Material::Boot => boot(part, in_bone),
        Material::Sole => BOOT_SOLE,
        Material::Hair => HAIR,
    })
}

fn skin(part: &Part, p: Vec3) -> u32 {
    match part.bone {
        Bone::Head => face(p),
        Bone::Forearm(Side::Left) if (-0.236..-0.205).contains(&p.y) => CORAL,
        Bone::Hand(_) => SKIN_WARM,
        _ => SKIN,
    }
}

/// Eyes, brows, lips, and a shadow of a beard.
fn face(p: Vec3) -> u32 {
    let across = p.x.abs();
    if p.z < 0.02 {
        return SKIN;
    }
    let eye = Vec2::new((across - 0.0305) / 0.0150, (p.y - 0.0755) / 0.0066);
    if p.z > 0.06 && eye.length() < 1.0 {
        let iris = Vec2::new(across - 0.0305, p.y - 0.0762);
        return if iris.length() < 0.0062 {
            IRIS
        } else {
            EYE_WHITE
        };
    }
    let brow = 0.0965 - 4.0 * (across - 0.028).powi(2);
    if (0.013..0.047).contains(&across) && (p.y - brow).abs() < 0.0042 {
        return HAIR;
    }
    if Vec2::new(across / 0.0235, (p.y - 0.0115) / 0.0085).length() < 1.0 {
        return LIP;
    }
    let jaw = 0.030 + 0.25 * (across - 0.03).max(0.0);
    if (-0.05..jaw).contains(&p.y) {
        STUBBLE
    } else {
        SKIN
    }
}

fn leg(part: &Part, p: Vec3) -> u32 {
    match part.bone {
        Bone::Shin(_) if p.y < -0.082 => match p.y {
            y if (-0.117..-0.101).contains(&y) => CORAL,
            y if (-0.148..-0.132).contains(&y) => WHITE,
            _ => NAVY,
        },
        _ => SKIN,
    }
}

/// Deep blue with a coral chest band edged in white, lighter flanks, and a big 10.
fn shirt(p: Vec3) -> u32 {
    let across = p.x;
    if p.z < -0.02 {
        let number = is_inked("10", -across, p.y, 0.0, 1.205, 0.245, 0.040);
        let name = is_inked("VALE", -across, p.y, 0.0, 1.378, 0.050, 0.011);
        if number || name {
            return WHITE;
        }
    } else {
        if is_inked("10", across, p.y, 0.0, 1.150, 0.085, 0.017) {
            return WHITE;
        }
        let crest = Vec3::new(across - 0.082, p.y - 1.365, 0.0);
        if crest.length() < 0.023 {
            return if crest.length() < 0.014 { CORAL } else { WHITE };
        }
        let band = p.y - 1.268 - 0.35 * across;
        if band.abs() < 0.036 {
            return CORAL;
        }
        if band.abs() < 0.046 {
            return WHITE;
        }
    }
    if across.abs() > 0.128 && p.y < 1.30 {
        ROYAL
    } else {
        NAVY
    }
}

fn sleeve(p: Vec3) -> u32 {
    match p.y {
        y if y < -0.160 => CORAL,
        y if y < -0.150 => WHITE,
        _ => NAVY,
    }
}

fn shorts(part: &Part, p: Vec3, point: Vec3) -> u32 {
    if let Bone::Thigh(side) = part.bone {
        let outside = p.x * side.sign();
        if outside > 0.0 && p.z.abs() < 0.018 {
            return NAVY;
        }
        if p.y < -0.243 {
            return CORAL;
        }
        let number = is_inked("10", p.x, p.y, 0.0, -0.165, 0.075, 0.015);
        if side == Side::Left && p.z > 0.0 && number {
            return NAVY;
        }
    } else if point.x.abs() > 0.12 && (p.z + 0.004).abs() < 0.018 {
        return NAVY;
    }
    WHITE
}

fn boot(part: &Part, p: Vec3) -> u32 {
    let foot = matches!(part.bone, Bone::Foot(_));
    let slash = |from: f32| (p.z + p.y * 0.7 - from).abs() < 0.0065;
    match part.bone {
        Bone::Foot(side) if (slash(-0.004) || slash(0.022)) && p.x * side.sign() > 0.015 => WHITE,
        // Laces.
        Bone::Foot(_) if p.x.abs() < 0.012 && p.z > 0.025 && p.y > -0.04 => WHITE,
        _ if foot && p.y > -0.002 => NAVY,
        _ => CORAL,
    }
}

/// How loosely the surface hangs at a point of the rest pose, 0 to 1.
pub(crate) fn looseness(field: &Field, point: Vec3) -> f32 {
    let sample = field.at(point);
    let part = field.part(sample.part);
    let y = field.point_in_bone(sample.part, point).y;
    let towards = |tight: f32, loose: f32| ((y - tight) / (loose - tight)).clamp(0.0, 1.0);
    match (part.material, part.bone) {
        (Material::Shorts, Bone::Thigh(_)) => towards(-0.05, -0.255),
        (Material::Shirt, Bone::Pelvis) => towards(0.19, 0.03) * 0.6,
        (Material::Sleeve, _) => towards(-0.06, -0.178) * 0.8,
        _ => 0.0,
    }
}

/// How far cloth stands off in a fold at a point of the rest pose, metres.
pub(crate) fn fold(field: &Field, point: Vec3) -> f32 {
    let sample = field.at(point);
    let part = field.part(sample.part);
    let p = field.point_in_bone(sample.part, point);
    let around = p.x.atan2(p.z);
    let wave = |x: f32| x.sin() * (0.6 + 0.4 * (x * 0.37 + 1.3).sin());
    match (part.material, part.bone) {
        (Material::Shorts, Bone::Thigh(side)) => {
            let hang = (-p.y / 0.25).clamp(0.0, 1.0);
            0.0045 * hang * wave(around * 6.0 + 5.0 * p.y + side.sign())
        }
        (Material::Shirt, _) => {
            let waist = (1.0 - ((point.y - 1.06) / 0.16).powi(2)).max(0.0);
            let slant = point.y * 62.0 + point.x.abs() * 30.0 + 2.0 * (around * 2.0).sin();
            0.0030 * waist * wave(slant)
        }
        (Material::Sleeve, _) => {
            let hang = ((-p.y - 0.04) / 0.14).clamp(0.0, 1.0);
            0.0026 * hang * wave(around * 4.0 + p.y * 40.0)
        }
        _ => 0.0,
    }
}
