//! Goal: meshes come back as they were, within half a step, whatever their topology.
//! Method: compare decoded frames with their sources as sorted triangles, so that order is free.

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

/// The mesh's triangles, each from its least corner on, with texture and colours; sorted.
fn shape(mesh: &Mesh, step_metres: f32) -> Vec<[[i64; 9]; 3]> {
    let corner = |&index: &u32| {
        let index = index as usize;
        let place = (mesh.positions[index] / step_metres).round().as_i64vec3();
        let [u, v] = mesh.texture.get(index).map_or([0; 2], |texture| {
            texture.map(|axis| (axis * 4095.0).round() as i64)
        });
        let colour = mesh.colours.get(index).copied().unwrap_or([255; 4]);
        let [r, g, b, a] = colour.map(i64::from);
        [place.x, place.y, place.z, u, v, r, g, b, a]
    };
    let mut triangles: Vec<_> = mesh
        .indices
        .chunks_exact(3)
        .filter(|at| at[0] != at[1] && at[1] != at[2] && at[2] != at[0])
        .map(|at| {
            let [a, b, c] = [corner(&at[0]), corner(&at[1]), corner(&at[2])];
            [a, b, c].min([b, c, a]).min([c, a, b])
        })
        .collect();
    triangles.sort_unstable();
    triangles
}

/// A decoded frame as a mesh again.
fn as_mesh(frame: &MeshFrame, topology: &MeshTopology) -> Mesh {
    let lattice = frame.lattice;
    Mesh {
        positions: frame
            .vertices
            .iter()
            .map(|vertex| {
                let place = Vec3::from(vertex.position.map(f32::from));
                Vec3::from(lattice.origin) + place * lattice.step_metres
            })
            .collect(),
        indices: topology.indices.clone(),
        texture: topology
            .attributes
            .iter()
            .map(|at| at.texture.map(|axis| f32::from(axis) / 65535.0))
            .collect(),
        colours: topology.attributes.iter().map(|at| at.colour).collect(),
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
        let back = as_mesh(&frame, topology);
        assert_eq!(shape(&back, 0.001), shape(&mesh, 0.001));
        for (vertex, position) in frame.vertices.iter().zip(&back.positions) {
            let outwards = (*position - center).normalize();
            assert!(normal_from_octahedral(vertex.normal).dot(outwards) > 0.99);
        }
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
    assert_eq!(frame.lattice.step_metres, 0.004);
    let back = as_mesh(&frame, frame.topology.as_ref().unwrap());
    assert_eq!(shape(&back, 0.004), shape(&mesh, 0.004));
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
        let mut back = as_mesh(&frame, frame.topology.as_ref().unwrap());
        back.texture.clear();
        prop_assert_eq!(shape(&back, 0.001), shape(&mesh, 0.001));
    }
}
