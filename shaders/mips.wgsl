// mips: halves a texture into its next mip level.
//
// One full-screen triangle; bilinear sampling in the middle of four texels is their mean.
// Stands alone.

@group(0) @binding(0) var finer_texture: texture_2d<f32>;
@group(0) @binding(1) var finer_sampler: sampler;

struct Corner {
    @builtin(position) in_clip: vec4f,
    @location(0) texture: vec2f,
}

@vertex
fn cover_level(@builtin(vertex_index) corner: u32) -> Corner {
    let texture = vec2f(vec2u(corner << 1u, corner) & vec2u(2u));
    return Corner(vec4f(texture * vec2f(2.0, -2.0) + vec2f(-1.0, 1.0), 0.0, 1.0), texture);
}

@fragment
fn halve(corner: Corner) -> @location(0) vec4f {
    return textureSample(finer_texture, finer_sampler, corner.texture);
}
