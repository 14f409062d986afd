//! Goal: meshes come back as they were, within half a step, whatever their topology.
//! Method: every vertex of a source has its own colour, so that it is known again; then triangles
//! are compared whatever their order, and each position with its own.

use std::collections::HashMap;
use std::f32::consts::TAU;

use glam::Vec3;
use proptest::prelude::*;
use touchline_scene::normal_from_octahedral;

use super::*;

const LIMITS: Limits = Limits {
    element_count_max: 10_000,
    triangle_count_max: 20_000,
};

fn decoded(decoder: &mut Decoder, chunk: &[u8]) -> MeshFrame {
    match decoder.decode(&[chunk], None, &LIMITS) {
        Ok(Frame::Mesh(frame)) => frame.clone(),
        other => panic!("{other:?}"),
    }
}

type Colour = [u8; 4];

/// Triangles by their corners' colours, each from its least corner on; sorted.
fn shape(indices: &[u32], colour: impl Fn(u32) -> Colour) -> Vec<[Colour; 3]> {
    let mut triangles: Vec<_> = indices
        .chunks_exact(3)
        .filter(|at| at[0] != at[1] && at[1] != at[2] && at[2] != at[0])
        .map(|at| {
            let [a, b, c] = [0, 1, 2].map(|corner| colour(at[corner]));
            [a, b, c].min([b, c, a]).min([c, a, b])
        })
        .collect();
    triangles.sort_unstable();
    triangles
}

/// Checks that a frame is its source; `step_metres` is that of the quantiser.
fn check(frame: &MeshFrame, topology: &MeshTopology, source: &Mesh, step_metres: f32) {
    assert_eq!(
        shape(&topology.indices, |vertex| topology.attributes
            [vertex as usize]
            .colour),
        shape(&source.indices, |vertex| source.colours[vertex as usize]),
    );
    let by_colour: HashMap<Colour, usize> = (0..source.positions.len())
        .map(|vertex| (source.colours[vertex], vertex))
        .collect();
    for (vertex, attribute) in frame.vertices.iter().zip(&topology.attributes) {
        let source_vertex = by_colour[&attribute.colour];
        let place = Vec3::from(vertex.position.map(f32::from));
        let position = Vec3::from(frame.lattice.origin) + place * frame.lattice.step_metres;
        let error = (position - source.positions[source_vertex])
            .abs()
            .max_element();
        // And what binary32 leaves out so far from the middle of the stage.
        assert!(error <= step_metres * 0.501, "off by {error} m");
        if let Some(texture) = source.texture.get(source_vertex) {
            for (kept, texture) in attribute.texture.iter().zip(texture) {
                let error = (f32::from(*kept) / 65535.0 - texture).abs();
                assert!(error <= 0.5 / 2047.0 + 1e-5, "texture off by {error}");
            }
        }
    }
}

/// A sphere with a seam: its first and last meridian lie at the same place.
fn sphere(turned: f32, center: Vec3) -> Mesh {
    let (columns, rows) = (24_u32, 12_u32);
    let mut mesh = Mesh::default();
    for row in 0..=rows {
        for column in 0..=columns {
            let [u, v] = [column as f32 / columns as f32, row as f32 / rows as f32];
            let (sin, cos) = ((u * TAU).rem_euclid(TAU) + turned).sin_cos();
            let (ring, height) = (v * TAU / 2.0).sin_cos();
            let at = match column {
                _ if column == columns => mesh.positions[(row * (columns + 1)) as usize],
                _ => center + Vec3::new(ring * sin, height, ring * cos),
            };
            mesh.positions.push(at);
            mesh.texture.push([u, v]);
            mesh.colours
                .push([row as u8 * 9, column as u8 * 3, 77, 255]);
        }
    }
    for row in 0..rows {
        for column in 0..columns {
            let a = row * (columns + 1) + column;
            let [b, c, d] = [a + 1, a + columns + 1, a + columns + 2];
            mesh.indices.extend_from_slice(&[a, c, b, b, c, d]);
        }
    }
    mesh
}

#[test]
fn a_run_stays_within_half_a_step() {
    let mut encoder = Encoder::new(MeshOptions::default());
    let mut decoder = Decoder::default();
    let mut topology = None;
    for frame_index in 0..8 {
        let turned = frame_index as f32 * 0.05;
        let center = Vec3::new(turned * 3.0, 1.0, -2.0);
        let mesh = sphere(turned, center);
        let encoded = encoder.encode(&mesh);
        assert_eq!(encoded.is_key, frame_index == 0);
        let frame = decoded(&mut decoder, &encoded.bytes);
        let topology = topology.get_or_insert_with(|| frame.topology.clone().unwrap());
        check(&frame, topology, &mesh, 0.0012);
        for vertex in &frame.vertices {
            let place = Vec3::from(vertex.position.map(f32::from));
            let position = Vec3::from(frame.lattice.origin) + place * frame.lattice.step_metres;
            let outwards = (position - center).normalize();
            assert!(normal_from_octahedral(vertex.normal).dot(outwards) > 0.99);
        }
    }
}

#[test]
fn normals_are_left_out_when_nobody_asks() {
    let mut encoder = Encoder::new(MeshOptions::default());
    let [mut full, mut bare] = [Decoder::default(), Decoder::default()];
    bare.set_normals(false);
    for turned in [0.0, 0.05, 0.1] {
        let chunk = encoder.encode(&sphere(turned, Vec3::ZERO)).bytes;
        let mut full = decoded(&mut full, &chunk);
        assert!(full.vertices.iter().any(|vertex| vertex.normal != [0; 2]));
        for vertex in &mut full.vertices {
            vertex.normal = [0; 2];
        }
        assert_eq!(decoded(&mut bare, &chunk), full);
    }
}

#[test]
fn a_new_topology_a_far_jump_and_a_reset_make_keys() {
    let mut encoder = Encoder::new(MeshOptions::default());
    let near = sphere(0.0, Vec3::ZERO);
    assert!(encoder.encode(&near).is_key);
    assert!(!encoder.encode(&near).is_key);
    assert!(encoder.encode(&sphere(0.0, Vec3::X * 100.0)).is_key);
    let mut other = near.clone();
    other.indices.truncate(300);
    assert!(encoder.encode(&other).is_key);
    assert!(!encoder.encode(&other).is_key);
    encoder.reset();
    assert!(encoder.encode(&other).is_key);
}

#[test]
fn a_mesh_too_large_gets_a_coarser_step() {
    let mut mesh = sphere(0.0, Vec3::ZERO);
    for position in &mut mesh.positions {
        *position *= 100.0;
    }
    let chunk = Encoder::new(MeshOptions::default()).encode(&mesh).bytes;
    let frame = decoded(&mut Decoder::default(), &chunk);
    // 200 m, and 65535 units on the lattice.
    assert_eq!(frame.lattice.step_metres, 0.0048);
    check(&frame, frame.topology.as_ref().unwrap(), &mesh, 0.0048);
}

/// The same mesh with its vertices, its triangles and the corners of those in another order.
fn shuffled(mesh: &Mesh, seed: u32) -> Mesh {
    let count = mesh.positions.len();
    let mut order: Vec<usize> = (0..count).collect();
    let key = |index: usize| (index as u32 + seed).wrapping_mul(0x9E37_79B1);
    order.sort_by_key(|&vertex| key(vertex));
    let mut numbers = vec![0; count];
    for (number, &vertex) in (0..).zip(&order) {
        numbers[vertex] = number;
    }
    let mut triangles: Vec<[u32; 3]> = mesh
        .indices
        .chunks_exact(3)
        .map(|at| [at[1], at[2], at[0]].map(|vertex| numbers[vertex as usize]))
        .collect();
    triangles.sort_by_key(|corners| key(corners[0] as usize));
    Mesh {
        positions: order.iter().map(|&vertex| mesh.positions[vertex]).collect(),
        indices: triangles.into_flattened(),
        texture: order.iter().map(|&vertex| mesh.texture[vertex]).collect(),
        colours: order.iter().map(|&vertex| mesh.colours[vertex]).collect(),
    }
}

#[test]
fn a_surface_is_known_again_in_another_order() {
    let mut encoder = Encoder::new(MeshOptions::default());
    let mut decoder = Decoder::default();
    let mut topology = None;
    for frame_index in 0..4 {
        let turned = frame_index as f32 * 0.05;
        let mesh = shuffled(&sphere(turned, Vec3::ZERO), frame_index);
        let encoded = encoder.encode(&mesh);
        assert_eq!(encoded.is_key, frame_index == 0);
        let frame = decoded(&mut decoder, &encoded.bytes);
        let topology = topology.get_or_insert_with(|| frame.topology.clone().unwrap());
        check(&frame, topology, &mesh, 0.0012);
    }
    let mut holed = shuffled(&sphere(0.0, Vec3::ZERO), 9);
    holed.indices.truncate(holed.indices.len() - 3);
    assert!(encoder.encode(&holed).is_key, "a triangle is missing");
}

#[test]
fn parts_follow_limbs() {
    // Two balls that turn and part: each is a part or more of its own.
    let both = |turned: f32| {
        let mut mesh = fine_sphere(turned, Vec3::new(turned, 0.0, 0.0));
        let other = fine_sphere(-turned, Vec3::new(-turned, 3.0, 0.0));
        let count = mesh.positions.len() as u32;
        mesh.positions.extend(other.positions);
        mesh.indices
            .extend(other.indices.iter().map(|index| index + count));
        mesh
    };
    let mut encoder = Encoder::new(MeshOptions::default());
    let key = encoder.encode(&both(0.0));
    let sizes: Vec<usize> = (1..6)
        .map(|frame_index| {
            let encoded = encoder.encode(&both(frame_index as f32 * 0.02));
            assert!(!encoded.is_key);
            encoded.bytes.len()
        })
        .collect();
    // With the parts' motions; a plain difference takes several bits a vertex.
    let vertex_count = both(0.0).positions.len();
    assert!(
        sizes[4] * 8 < vertex_count * 3 / 2,
        "{sizes:?} for {vertex_count} vertices"
    );
    assert!(key.is_key && key.bytes.len() > sizes[4] * 5);
}

/// A ball of thousands of vertices without texture or colours.
fn fine_sphere(turned: f32, center: Vec3) -> Mesh {
    let (columns, rows) = (80_u32, 40_u32);
    let mut mesh = Mesh::default();
    for row in 0..=rows {
        for column in 0..columns {
            let [u, v] = [column as f32 / columns as f32, row as f32 / rows as f32];
            let (sin, cos) = (u * TAU + turned).sin_cos();
            let (ring, height) = (v * TAU / 2.0).sin_cos();
            mesh.positions
                .push(center + Vec3::new(ring * sin, height, ring * cos));
        }
    }
    for row in 0..rows {
        for column in 0..columns {
            let at = |row: u32, column: u32| row * columns + column % columns;
            let [a, b] = [at(row, column), at(row, column + 1)];
            let [c, d] = [at(row + 1, column), at(row + 1, column + 1)];
            mesh.indices.extend_from_slice(&[a, c, b, b, c, d]);
        }
    }
    mesh
}

#[test]
fn frames_out_of_order_are_refused() {
    let mut encoder = Encoder::new(MeshOptions::default());
    let mesh = sphere(0.0, Vec3::ZERO);
    let chunks: Vec<_> = (0..3).map(|_| encoder.encode(&mesh).bytes).collect();
    let mut decoder = Decoder::default();
    assert!(
        decoder.decode(&[&chunks[1]], None, &LIMITS).is_err(),
        "no key yet"
    );
    decoded(&mut decoder, &chunks[0]);
    assert!(
        decoder.decode(&[&chunks[2]], None, &LIMITS).is_err(),
        "frame 1 is missing"
    );
    assert!(
        decoder.decode(&[&chunks[1]], None, &LIMITS).is_err(),
        "the run is forgotten"
    );
    decoded(&mut decoder, &chunks[0]);
    decoded(&mut decoder, &chunks[1]);
    decoder.reset();
    assert!(
        decoder.decode(&[&chunks[2]], None, &LIMITS).is_err(),
        "after a reset"
    );
}

#[test]
fn nothing_is_a_mesh_too() {
    let chunk = Encoder::new(MeshOptions::default())
        .encode(&Mesh::default())
        .bytes;
    let frame = decoded(&mut Decoder::default(), &chunk);
    assert_eq!(frame.topology, Some(MeshTopology::default()));
    assert_eq!(frame.vertices, []);
}

proptest! {
    /// Any triangles at all: edges shared by many, flipped neighbours, twice the same.
    #[test]
    fn any_topology_comes_back(
        indices in prop::collection::vec(0u32..20, 0..200),
        seed in any::<u32>(),
    ) {
        let count = indices.len() / 3 * 3;
        let place = |i: u32| (seed.wrapping_mul(i * 2 + 1) >> 20) as f32 * 0.001;
        let mesh = Mesh {
            positions: (0..20)
                .map(|i| Vec3::new(place(i), place(i + 20), place(i + 40)))
                .collect(),
            indices: indices[..count].to_vec(),
            texture: Vec::new(),
            colours: (0..20).map(|i| [i * 12, 255 - i, i, 255]).collect(),
        };
        let chunk = Encoder::new(MeshOptions::default()).encode(&mesh).bytes;
        let frame = decoded(&mut Decoder::default(), &chunk);
        check(&frame, frame.topology.as_ref().unwrap(), &mesh, 0.0012);
    }
}
