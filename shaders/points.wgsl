// points: draws each point of a chunk as a round splat that meets its neighbours.
//
// One instance per 16 points, one triangle each: GPUs fill their lanes from one instance at a
// time, and software ones pay for each. Before: backdrop. After: nothing.
// Joined after common/frame, item and colour. Twin: crates/render/src/twin/points.rs.

// Discs on a square grid leave no gap from half its diagonal, 0.707 spacings, on.
const RADIUS_PER_SPACING: f32 = 0.72;
// A disc this large always holds the middle of a pixel: half a pixel's diagonal.
const RADIUS_PX_MIN: f32 = 0.72;
// Outside the radius, so that the discs themselves stay whole: samples that two neighbours leave
// out are the same ones, and what is behind would shine through.
const RIM_PX: f32 = 0.5;
// Around the unit circle; less work than a quad where splats are as small as pixels.
const POINTS_PER_INSTANCE: u32 = 16u;
const CORNERS = array(vec2f(-1.7320508, -1.0), vec2f(1.7320508, -1.0), vec2f(0.0, 2.0));

struct Splat {
    @builtin(position) in_clip: vec4f,
    @location(0) @interpolate(flat) colour: vec3f,
    @location(1) @interpolate(flat) radius_px: f32,
    @location(2) from_center_px: vec2f,
}

fn cell_from_packed(packed: u32) -> vec3f {
    return vec3f(vec3u(packed, packed >> 10u, packed >> 20u) & vec3u(1023u));
}

// The packed points of an instance: x and y of a vector are one, z and w the next.
struct Packed {
    @location(0) points_0: vec4u,
    @location(1) points_2: vec4u,
    @location(2) points_4: vec4u,
    @location(3) points_6: vec4u,
    @location(4) points_8: vec4u,
    @location(5) points_10: vec4u,
    @location(6) points_12: vec4u,
    @location(7) points_14: vec4u,
}

// Position and colour of a point of an instance.
fn point_of(packed: Packed, index: u32) -> vec2u {
    var pairs = array<vec4u, 8>(
        packed.points_0, packed.points_2, packed.points_4, packed.points_6,
        packed.points_8, packed.points_10, packed.points_12, packed.points_14,
    );
    let pair = pairs[index / 2u];
    return select(pair.xy, pair.zw, index % 2u == 1u);
}

@vertex
fn project_point(
    @builtin(vertex_index) vertex: u32,
    @builtin(instance_index) instance: u32,
    packed: Packed,
) -> Splat {
    let index = vertex / 3u;
    let corner = vertex % 3u;
    if instance * POINTS_PER_INSTANCE + index >= grid.point_count {
        // Beyond the chunk's last point: nowhere.
        return Splat(vec4f(0.0, 0.0, -1.0, 1.0), vec3f(0.0), 0.0, vec2f(0.0));
    }
    let point = point_of(packed, index);
    let colour = unpack4x8unorm(point.y);
    let point_in_stage =
        grid.origin_in_stage + (cell_from_packed(point.x) + 0.5) * grid.step_metres;
    let center_in_clip = frame.clip_from_stage * vec4f(point_in_stage, 1.0);
    let depth_metres = max(center_in_clip.w, 1e-6); // Behind the eye: clipped by its depth.
    let radius_metres = RADIUS_PER_SPACING * grid.spacing_metres;
    let radius_px = max(radius_metres * frame.focal_px / depth_metres, RADIUS_PX_MIN);

    let reach_px = radius_px + select(0.0, RIM_PX, IS_MULTISAMPLED);
    let from_center_px = CORNERS[corner] * reach_px;
    let offset_in_clip = from_center_px * 2.0 / frame.size_px * depth_metres;
    return Splat(
        center_in_clip + vec4f(offset_in_clip, 0.0, 0.0),
        target_from_srgb(colour.rgb),
        radius_px,
        from_center_px,
    );
}

@fragment
fn fill_splat(splat: Splat) -> @location(0) vec4f {
    let beyond_px = length(splat.from_center_px) - splat.radius_px;
    if IS_MULTISAMPLED {
        let coverage = saturate(1.0 - beyond_px / RIM_PX);
        return vec4f(splat.colour, coverage * item.opacity);
    }
    if beyond_px > 0.0 || item.opacity <= dither(splat.in_clip.xy) { discard; }
    return vec4f(splat.colour, 1.0);
}
