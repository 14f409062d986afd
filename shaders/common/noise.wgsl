// noise: the same speckle on every GPU, from whole numbers. Declarations only.

// A number from 0 to 1 for a cell.
// Source: Jarzynski and Olano, "Hash Functions for GPU Rendering", JCGT 2020 (pcg2d).
fn hash(cell: vec2f) -> f32 {
    var v = vec2u(vec2i(cell)) * 1664525u + 1013904223u;
    v.x += v.y * 1664525u;
    v.y += v.x * 1664525u;
    v ^= v >> vec2u(16u);
    v.x += v.y * 1664525u;
    return f32((v.x ^ (v.x >> 16u)) >> 8u) / 16777216.0;
}

// Smooth noise from 0 to 1 with cells of edge 1.
fn value_noise(place: vec2f) -> f32 {
    let cell = floor(place);
    let inside = place - cell;
    let ease = inside * inside * (3.0 - 2.0 * inside);
    let near = mix(hash(cell), hash(cell + vec2f(1.0, 0.0)), ease.x);
    let far = mix(hash(cell + vec2f(0.0, 1.0)), hash(cell + vec2f(1.0, 1.0)), ease.x);
    return mix(near, far, ease.y);
}
