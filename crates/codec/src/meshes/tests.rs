//! Goal: meshes come back as they were, within half a step, whatever their topology.
//! Method: every vertex of a source has its own colour, so that it is known again; then triangles
//! are compared whatever their order, and each position with its own.

use std::collections::HashMap;
use std::f32::consts::TAU;

use glam::{Quat, Vec3};
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
        if let Some(&normal) = source.normals.get(source_vertex) {
            check_normal(vertex.normal, normal);
        }
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

/// Checks that a normal is what it was, rounded; where the octahedron's edge comes together two
/// pairs mean the same.
fn check_normal(kept: [i8; 2], normal: Vec3) {
    let [kept, rounded] = [kept, octahedral_from_normal(normal.into())].map(normal_from_octahedral);
    assert!(
        kept.abs_diff_eq(rounded, 1e-6),
        "{normal} became {kept}, not {rounded}"
    );
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

/// A box, each of its sides a grid with one normal, turned around an axis; the sides share texture
/// coordinates at their edges, and nothing else.
fn cube(turned: f32, cell_count: u32) -> Mesh {
    let turn = Quat::from_axis_angle(Vec3::new(2.0, 3.0, 6.0) / 7.0, turned);
    let mut mesh = Mesh::default();
    for side in 0..6_u8 {
        let away = if side % 2 == 0 { 1.0 } else { -1.0 };
        let axes = [Vec3::X, Vec3::Y, Vec3::Z, Vec3::X, Vec3::Y];
        let [out, along] = [0, 1].map(|axis| axes[usize::from(side / 2) + axis] * away);
        let first = mesh.positions.len() as u32;
        for row in 0..=cell_count {
            for column in 0..=cell_count {
                let [u, v] = [column, row].map(|index| index as f32 / cell_count as f32);
                let at = (out + along * (2.0 * u - 1.0) + out.cross(along) * (2.0 * v - 1.0)) * 0.5;
                // Every place its own, whichever side comes there.
                let texture = (at + 0.5) * Vec3::new(0.1, 0.3, 0.6);
                mesh.positions.push(turn * at);
                mesh.normals.push(turn * out);
                mesh.texture.push([texture.element_sum(), at.y + 0.5]);
                mesh.colours.push([row as u8, column as u8, side, 255]);
                if row < cell_count && column < cell_count {
                    let a = first + row * (cell_count + 1) + column;
                    let [b, c, d] = [a + 1, a + cell_count + 1, a + cell_count + 2];
                    mesh.indices.extend_from_slice(&[a, b, c, c, b, d]);
                }
            }
        }
    }
    mesh
}

#[test]
fn creases_survive_a_run() {
    // Without parts and with some.
    for cell_count in [1, 24] {
        let mut encoder = Encoder::new(MeshOptions::default());
        let mut decoder = Decoder::default();
        let mut topology = None;
        for frame_index in 0..8 {
            let mesh = cube(frame_index as f32 * 0.08, cell_count);
            let encoded = encoder.encode(&mesh);
            assert_eq!(encoded.is_key, frame_index == 0);
            let frame = decoded(&mut decoder, &encoded.bytes);
            let topology = topology.get_or_insert_with(|| frame.topology.clone().unwrap());
            check(&frame, topology, &mesh, 0.0012);
        }
    }
}

#[test]
fn creases_alone_make_seams() {
    let mesh = Mesh {
        texture: Vec::new(),
        colours: Vec::new(),
        ..cube(0.3, 4)
    };
    let chunk = Encoder::new(MeshOptions::default()).encode(&mesh).bytes;
    let frame = decoded(&mut Decoder::default(), &chunk);
    assert_eq!(frame.vertices.len(), mesh.positions.len());
    let count = |normal| {
        let kept = frame.vertices.iter().map(|vertex| vertex.normal);
        kept.filter(|&kept| kept == normal).count()
    };
    for normal in mesh.normals {
        assert_eq!(count(octahedral_from_normal(normal.into())), 25);
    }
}

#[test]
fn coded_normals_cost_little_where_parts_turn() {
    let sizes = |has_normals: bool| {
        let mut encoder = Encoder::new(MeshOptions::default());
        let chunk = |frame_index| {
            let mut mesh = fine_sphere(frame_index as f32 * 0.02, Vec3::ZERO);
            if has_normals {
                mesh.normals = mesh.positions.clone();
            }
            encoder.encode(&mesh).bytes.len()
        };
        (0..6).map(chunk).collect::<Vec<_>>()
    };
    let (with, without) = (sizes(true), sizes(false));
    let vertex_count = fine_sphere(0.0, Vec3::ZERO).positions.len();
    // As they are they take 16 bits, and a key's are further from what the surface says.
    let bits = (with[5] - without[5]) * 8;
    assert!(
        bits < vertex_count * 4,
        "{bits} bits of {vertex_count} normals"
    );
    let bits = (with[0] - without[0]) * 8;
    assert!(
        bits < vertex_count * 8,
        "{bits} bits of {vertex_count} normals in a key"
    );
}

#[test]
fn coded_normals_that_were_left_out_come_back() {
    let mut encoder = Encoder::new(MeshOptions::default());
    let [mut full, mut bare] = [Decoder::default(), Decoder::default()];
    for frame_index in 0..6 {
        let chunk = encoder.encode(&cube(frame_index as f32 * 0.05, 24)).bytes;
        let mut wanted = decoded(&mut full, &chunk);
        let is_left_out = frame_index % 3 != 2;
        bare.set_normals(!is_left_out);
        if is_left_out {
            assert!(wanted.vertices.iter().any(|vertex| vertex.normal != [0; 2]));
            wanted
                .vertices
                .iter_mut()
                .for_each(|vertex| vertex.normal = [0; 2]);
        }
        assert_eq!(decoded(&mut bare, &chunk), wanted);
    }
}

#[test]
fn normals_that_come_and_go_make_keys() {
    let mut encoder = Encoder::new(MeshOptions::default());
    let with = cube(0.0, 3);
    let without = Mesh {
        normals: Vec::new(),
        ..with.clone()
    };
    for (mesh, is_key) in [
        (&with, true),
        (&without, true),
        (&without, false),
        (&with, true),
    ] {
        assert_eq!(encoder.encode(mesh).is_key, is_key);
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
        colours: order
            .iter()
            .filter_map(|&vertex| mesh.colours.get(vertex).copied())
            .collect(),
        normals: order
            .iter()
            .filter_map(|&vertex| mesh.normals.get(vertex).copied())
            .collect(),
    }
}

#[test]
fn a_surface_is_known_again_in_another_order() {
    let colourless = |turned| Mesh {
        // Nothing but their normals tells the sides of a crease apart.
        colours: Vec::new(),
        ..cube(turned, 5)
    };
    let ball = |turned| sphere(turned, Vec3::ZERO);
    for surface in [
        &ball as &dyn Fn(f32) -> Mesh,
        &|turned| cube(turned, 5),
        &colourless,
    ] {
        let mut encoder = Encoder::new(MeshOptions::default());
        let mut decoder = Decoder::default();
        let mut topology = None;
        for frame_index in 0..4 {
            let turned = frame_index as f32 * 0.05;
            let mesh = shuffled(&surface(turned), frame_index);
            let encoded = encoder.encode(&mesh);
            assert_eq!(encoded.is_key, frame_index == 0);
            let frame = decoded(&mut decoder, &encoded.bytes);
            let topology = topology.get_or_insert_with(|| frame.topology.clone().unwrap());
            if !mesh.colours.is_empty() {
                check(&frame, topology, &mesh, 0.0012);
            }
        }
    }
    let mut encoder = Encoder::new(MeshOptions::default());
    encoder.encode(&sphere(0.0, Vec3::ZERO));
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
            normals: (0..20).map(|i| Vec3::new(place(i), 0.5, place(i + 20)) - 0.4).collect(),
        };
        let chunk = Encoder::new(MeshOptions::default()).encode(&mesh).bytes;
        let frame = decoded(&mut Decoder::default(), &chunk);
        check(&frame, frame.topology.as_ref().unwrap(), &mesh, 0.0012);
    }
}
