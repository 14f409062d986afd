// colour: the way between sRGB, linear light and the target. Declarations only.
//
// Source: IEC 61966-2-1, sRGB. Twin: crates/render/src/twin/colour.rs.

override IS_TARGET_SRGB: bool = true; // The target encodes what it is given.
override IS_MULTISAMPLED: bool = true; // Alpha becomes coverage.

fn linear_from_srgb(srgb: vec3f) -> vec3f {
    let low = srgb / 12.92;
    let high = pow((srgb + 0.055) / 1.055, vec3f(2.4));
    return select(high, low, srgb <= vec3f(0.04045));
}

fn srgb_from_linear(linear: vec3f) -> vec3f {
    let held = clamp(linear, vec3f(0.0), vec3f(1.0));
    let low = held * 12.92;
    let high = 1.055 * pow(held, vec3f(1.0 / 2.4)) - 0.055;
    return select(high, low, held <= vec3f(0.0031308));
}

fn target_from_srgb(srgb: vec3f) -> vec3f {
    if IS_TARGET_SRGB { return linear_from_srgb(srgb); }
    return srgb;
}

fn target_from_linear(linear: vec3f) -> vec3f {
    if IS_TARGET_SRGB { return linear; }
    return srgb_from_linear(linear);
}

// Even noise from 0 to 1 for each pixel, without clumps.
// Source: Jimenez, "Next generation post processing in Call of Duty", SIGGRAPH 2014.
fn dither(position_px: vec2f) -> f32 {
    return fract(52.9829189 * fract(dot(position_px, vec2f(0.06711056, 0.00583715))));
}
