// points: draws each point of a chunk as a round splat that meets its neighbours.
//
// One instance per point, four vertices each. Before: backdrop. After: nothing.
// Joined after common/frame, item and colour. Twin: crates/render/src/twin/points.rs.

// Discs on a square grid leave no gap from half its diagonal, 0.707 spacings, on.
const RADIUS_PER_SPACING: f32 = 0.72;
// A square this far to each side of its centre always holds the middle of a pixel.
const RADIUS_PX_MIN: f32 = 0.55;
// Smaller splats are drawn square: rounding them only opens holes.
const ROUND_RADIUS_PX_MIN: f32 = 1.4;

struct Splat {
    @builtin(position) in_clip: vec4f,
    @location(0) @interpolate(flat) colour: vec3f,
    @location(1) @interpolate(flat) radius_px: f32,
    @location(2) from_center: vec2f, // 1 is the radius.
}

fn cell_from_packed(packed: u32) -> vec3f {
    return vec3f(vec3u(packed, packed >> 10u, packed >> 20u) & vec3u(1023u));
}

@vertex
fn project_point(
    @builtin(vertex_index) corner: u32,
    @location(0) packed: u32,
    @location(1) colour: vec4f,
) -> Splat {
    let point_in_stage =
        grid.origin_in_stage + (cell_from_packed(packed) + 0.5) * grid.step_metres;
    let center_in_clip = frame.clip_from_stage * vec4f(point_in_stage, 1.0);
    let depth_metres = max(center_in_clip.w, 1e-6); // Behind the eye: clipped by its depth.
    let radius_metres = RADIUS_PER_SPACING * grid.spacing_metres;
    let radius_px = max(radius_metres * frame.focal_px / depth_metres, RADIUS_PX_MIN);

    let from_center = vec2f(vec2u(corner, corner >> 1u) & vec2u(1u)) * 2.0 - 1.0;
    let offset_in_clip = from_center * radius_px * 2.0 / frame.size_px * depth_metres;
    return Splat(
        center_in_clip + vec4f(offset_in_clip, 0.0, 0.0),
        target_from_srgb(colour.rgb),
        radius_px,
        from_center,
    );
}

@fragment
fn fill_splat(splat: Splat) -> @location(0) vec4f {
    var coverage = 1.0;
    if splat.radius_px > ROUND_RADIUS_PX_MIN {
        // A ramp one pixel wide across the rim.
        coverage = saturate((1.0 - length(splat.from_center)) * splat.radius_px + 0.5);
    }
    if IS_MULTISAMPLED { return vec4f(splat.colour, coverage * item.opacity); }
    if coverage < 0.5 || item.opacity <= dither(splat.in_clip.xy) { discard; }
    return vec4f(splat.colour, 1.0);
}
