// mesh: draws a mesh with its texture or its vertex colours, as they are or lit by the stage.
//
// Before: backdrop. After: nothing.
// Joined after common/frame, item and colour. Twin: crates/render/src/twin/mesh.rs.

// Floodlights over the near left, in linear light; a person facing them comes out at about 1.
const KEY_TOWARDS: vec3f = vec3f(-0.4558, 0.7293, 0.5105); // Unit length.
const KEY_LIGHT: vec3f = vec3f(0.66, 0.64, 0.60);
const SKY_LIGHT: vec3f = vec3f(0.40, 0.43, 0.50);
const GROUND_LIGHT: vec3f = vec3f(0.17, 0.19, 0.16);
// How far light creeps around: floodlights stand on more than one mast.
const WRAP: f32 = 0.35;

@group(3) @binding(0) var colour_texture: texture_2d<f32>;
@group(3) @binding(1) var colour_sampler: sampler;

struct Corner {
    @builtin(position) in_clip: vec4f,
    @location(0) normal: vec3f,
    @location(1) texture: vec2f,
    @location(2) colour: vec3f, // Linear.
}

// Twin: scene::normal_from_octahedral.
fn normal_from_octahedral(packed: u32) -> vec3f {
    let bytes = vec2f(vec2i(vec2u(packed << 24u, packed << 16u)) >> vec2u(24u));
    let flat_normal = bytes / 127.0;
    let y = 1.0 - abs(flat_normal.x) - abs(flat_normal.y);
    let below = max(-y, 0.0);
    let signs = select(vec2f(-1.0), vec2f(1.0), flat_normal >= vec2f(0.0));
    let unfolded = flat_normal - signs * below;
    return normalize(vec3f(unfolded.x, y, unfolded.y));
}

fn mixed_normal(now: vec3f, next: vec3f) -> vec3f {
    let mixed = mix(now, next, item.phase);
    let is_sure = dot(mixed, mixed) > 1e-6; // Opposite ones leave no direction between them.
    return normalize(select(now, mixed, is_sure));
}

fn light_on(normal: vec3f) -> vec3f {
    let around = mix(GROUND_LIGHT, SKY_LIGHT, normal.y * 0.5 + 0.5);
    let key = saturate((dot(normal, KEY_TOWARDS) + WRAP) / (1.0 + WRAP));
    return around + KEY_LIGHT * key;
}

@vertex
fn project_vertex(
    @location(0) packed: vec4u, // x y z on the lattice, and the normal's two bytes.
    @location(1) texture: vec2f,
    @location(2) colour: vec4f,
    @location(3) next: vec4u, // As packed, in the next frame; packed itself without one.
) -> Corner {
    let now_in_stage = grid.origin_in_stage + vec3f(packed.xyz) * grid.step_metres;
    let next_in_stage = item.next_origin_in_stage + vec3f(next.xyz) * item.next_step_metres;
    let vertex_in_stage = mix(now_in_stage, next_in_stage, item.phase);
    return Corner(
        frame.clip_from_stage * vec4f(vertex_in_stage, 1.0),
        mixed_normal(normal_from_octahedral(packed.w), normal_from_octahedral(next.w)),
        texture,
        linear_from_srgb(colour.rgb),
    );
}

@fragment
fn fill_triangle(corner: Corner, @builtin(front_facing) is_front: bool) -> @location(0) vec4f {
    // The texture's format decodes sRGB; without a texture it is one white texel.
    let texel = textureSample(colour_texture, colour_sampler, corner.texture).rgb;
    var linear = texel * corner.colour;
    if item.is_lit == 1u {
        let normal = normalize(corner.normal);
        linear *= light_on(select(-normal, normal, is_front)); // Captures have holes.
    }
    let colour = target_from_linear(linear);
    if IS_MULTISAMPLED { return vec4f(colour, item.opacity); }
    if item.opacity <= dither(corner.in_clip.xy) { discard; }
    return vec4f(colour, 1.0);
}
