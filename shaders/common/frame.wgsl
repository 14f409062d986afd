// frame: what holds for everything in one picture. Declarations only.
//
// Twin: crates/render/src/layout.rs.

const SHADOW_COUNT_MAX: u32 = 8u;

struct Frame {
    clip_from_stage: mat4x4f,
    eye_in_stage: vec3f,
    ground_metres: f32,
    // Where a pixel's ray goes: forward + x * right + y * up, x and y from -1 to 1.
    right: vec3f,
    px_radians: f32, // One pixel in the middle of the picture.
    up: vec3f,
    surface: u32, // A SURFACE_ of backdrop.wgsl.
    forward: vec3f,
    shadow_count: u32,
    plain: vec4f, // sRGB; alpha 1 where it takes the sky's place, else 0.
    size_px: vec2f,
    focal_px: f32, // Pixels for one metre at one metre's distance.
    spare: f32,
    shadows: array<vec4f, SHADOW_COUNT_MAX>, // Centre in the stage and radius, metres.
}

@group(0) @binding(0) var<uniform> frame: Frame;
