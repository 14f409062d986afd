//! Twin of `shaders/common/colour.wgsl`.
//!
//! Source: IEC 61966-2-1, sRGB.

use glam::Vec3;

/// Linear light, 0 to 1, from sRGB, 0 to 1.
pub fn linear_from_srgb(srgb: Vec3) -> Vec3 {
    let low = srgb / 12.92;
    let high = ((srgb + 0.055) / 1.055).powf(2.4);
    Vec3::select(srgb.cmple(Vec3::splat(0.04045)), low, high)
}

/// sRGB, 0 to 1, from linear light; what is outside is held to 0 and 1.
pub fn srgb_from_linear(linear: Vec3) -> Vec3 {
    let held = linear.clamp(Vec3::ZERO, Vec3::ONE);
    let low = held * 12.92;
    let high = 1.055 * held.powf(1.0 / 2.4) - 0.055;
    Vec3::select(held.cmple(Vec3::splat(0.0031308)), low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives() {
        for byte in 0..=255u8 {
            let srgb = Vec3::splat(f32::from(byte) / 255.0);
            let back = srgb_from_linear(linear_from_srgb(srgb));
            assert_eq!((back.x * 255.0).round() as u8, byte);
        }
        let middle = linear_from_srgb(Vec3::splat(0.5)).x;
        assert!((middle - 0.214).abs() < 1e-3, "{middle}");
    }
}
