// item: what holds for one track's frame in one picture. Declarations only.
//
// Twin: crates/render/src/layout.rs.

struct Item {
    opacity: f32, // 0 to 1.
    is_lit: u32, // 1 where the stage's light falls on it.
    phase: f32, // How far a mesh has come to its next frame, 0 to 1.
    spare: f32,
    next_origin_in_stage: vec3f, // Of the next frame's lattice.
    next_step_metres: f32,
}

// The grid that packed positions lie on: a chunk of points, or a mesh's lattice.
struct Grid {
    origin_in_stage: vec3f,
    step_metres: f32,
    spacing_metres: f32, // Between neighbouring points; 0 for a mesh.
    point_count: u32, // Of the chunk; 0 for a mesh.
    spare: vec2f,
}

@group(1) @binding(0) var<uniform> item: Item;
@group(2) @binding(0) var<uniform> grid: Grid;
