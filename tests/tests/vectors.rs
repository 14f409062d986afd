//! Goal: what was once packed decodes to the same bytes for ever.
//! Method: committed chunks beside the GPU-ready bytes that they decode to, FORMAT.md 8;
//! `BLESS=1` makes both anew, which is right only when the format's version changes.
#![expect(
    clippy::expect_used,
    reason = "a test's helpers may panic as the test itself"
)]

use std::f32::consts::PI;
use std::fs;
use std::path::PathBuf;

use glam::Vec3;
use touchline_codec::meshes::{self, Mesh, MeshOptions};
use touchline_codec::points::{self, PointCloud, PointsOptions};
use touchline_codec::{Limits, MESH, POINTS};
use touchline_scene::{Frame, MeshFrame, PointsFrame};

const LIMITS: Limits = Limits {
    element_count_max: 10_000,
    triangle_count_max: 10_000,
};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("vectors")
        .join(name)
}

/// The buffers of a frame one after the other, in the order of FORMAT.md 7.
fn gpu_bytes(frame: &Frame) -> Vec<u8> {
    match frame {
        Frame::Points(PointsFrame { chunks, points }) => {
            [bytes_of(chunks), bytes_of(points)].concat()
        }
        Frame::Mesh(MeshFrame {
            topology,
            lattice,
            vertices,
        }) => {
            let mut bytes = [bytes_of(&[*lattice]), bytes_of(vertices)].concat();
            if let Some(topology) = topology {
                bytes.extend(bytes_of(&topology.indices));
                bytes.extend(bytes_of(&topology.attributes));
            }
            bytes
        }
    }
}

fn bytes_of<T: bytemuck::NoUninit>(records: &[T]) -> Vec<u8> {
    bytemuck::cast_slice(records).to_vec()
}

/// Decodes frames in order, each up to each of its layers, and compares with committed bytes.
///
/// `frames` has the name of a chunk and of what it decodes to, for each layer of each frame.
fn check(codec: [u8; 4], frames: &[&[&str]], made: impl FnOnce() -> Vec<Vec<Vec<u8>>>) {
    let extension = String::from_utf8_lossy(&codec).into_owned();
    let chunk_path = |name: &str| path(&format!("{name}.{extension}"));
    let is_blessed = std::env::var_os("BLESS").is_some();
    if is_blessed {
        for (names, layers) in frames.iter().zip(made()) {
            assert_eq!(names.len(), layers.len(), "a name for each layer");
            for (name, chunk) in names.iter().zip(layers) {
                fs::write(chunk_path(name), chunk).expect("a writable folder");
            }
        }
    }
    let mut decoder = touchline_codec::decoder(codec).expect("a known codec");
    for names in frames {
        let read = |name: &&str| fs::read(chunk_path(name)).expect("a committed chunk");
        let layers: Vec<Vec<u8>> = names.iter().map(read).collect();
        let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
        for (layer, name) in names.iter().enumerate() {
            let frame = decoder.decode(&layers[..=layer], None, &LIMITS);
            let frame = frame.expect("a good chunk");
            let decoded_path = path(&format!("{name}.decoded"));
            if is_blessed {
                fs::write(&decoded_path, gpu_bytes(frame)).expect("a writable folder");
            }
            let wanted = fs::read(&decoded_path).expect("committed bytes");
            assert!(gpu_bytes(frame) == wanted, "{name} decodes to other bytes");
        }
    }
}

#[test]
fn points_decode_as_ever() {
    let layers: &[&str] = &["points-layer0", "points-layer1", "points-layer2"];
    check(POINTS, &[layers], || {
        vec![points::encode(&cloud(), &PointsOptions::default())]
    });
}

#[test]
fn a_run_of_meshes_decodes_as_ever() {
    let run = |columns, rows| {
        let mut encoder = meshes::Encoder::new(MeshOptions::default());
        [0.0, 0.1].map(|turned| vec![encoder.encode(&globe(turned, columns, rows)).bytes])
    };
    check(MESH, &[&["mesh-key"], &["mesh-next"]], || run(12, 8).into());
    // With parts.
    let names: &[&[&str]] = &[&["mesh-parts-key"], &["mesh-parts-next"]];
    check(MESH, names, || run(48, 38).into());
}

#[test]
fn coded_normals_decode_as_ever() {
    let run = |columns: u8, rows| {
        let mut encoder = meshes::Encoder::new(MeshOptions::default());
        let frame = |turned| creased(globe(turned, columns, rows), columns.into());
        [0.0, 0.1].map(|turned| vec![encoder.encode(&frame(turned)).bytes])
    };
    let names: &[&[&str]] = &[&["mesh-normals-key"], &["mesh-normals-next"]];
    check(MESH, names, || run(12, 8).into());
    // With parts enough to be blended.
    let names: &[&[&str]] = &[&["mesh-normals-parts-key"], &["mesh-normals-parts-next"]];
    check(MESH, names, || run(48, 38).into());
}

/// A hollow ball on a grid, coloured by place, with a few strays.
fn cloud() -> PointCloud {
    let mut cloud = PointCloud {
        origin: Vec3::new(-0.5, 0.0, 2.0),
        step_metres: 0.02,
        ..PointCloud::default()
    };
    let mut push = |cell: [u16; 3]| {
        cloud.cells.push(cell);
        cloud.colours.push(cell.map(|axis| (axis * 11 % 256) as u8));
    };
    for index in 0..9 * 9 * 9 * 8 {
        let cell = [index % 18, index / 18 % 18, index / 324].map(|axis| axis as u16);
        let from_center = Vec3::from(cell.map(f32::from)) - 8.5;
        if (7.5..8.5).contains(&from_center.length()) {
            push(cell);
        }
    }
    push([900, 3, 3]);
    push([901, 3, 3]);
    cloud
}

/// A globe with a texture seam, turned and lifted.
fn globe(turned: f32, columns: u8, rows: u8) -> Mesh {
    let mut mesh = Mesh::default();
    for row in 0..=rows {
        for column in 0..=columns {
            let (u, v) = (
                f32::from(column) / f32::from(columns),
                f32::from(row) / f32::from(rows),
            );
            // Both ends of a row are one place.
            let angle = f32::from(column % columns) / f32::from(columns) * 2.0 * PI;
            let (sin, cos) = (angle + turned).sin_cos();
            let (ring, height) = (v * PI).sin_cos();
            mesh.positions
                .push(Vec3::new(ring * sin, height + turned, ring * cos) * 0.3);
            mesh.texture.push([u, v]);
            mesh.colours.push([row * 6, column * 5, 128, 255]);
        }
    }
    let (columns, rows) = (u32::from(columns), u32::from(rows));
    for row in 0..rows {
        for column in 0..columns {
            let a = row * (columns + 1) + column;
            let [b, c, d] = [a + 1, a + columns + 1, a + columns + 2];
            mesh.indices.extend_from_slice(&[a, c, b, b, c, d]);
        }
    }
    mesh
}

/// A globe of so many columns with normals and a crease: below its equator they all lean down, and
/// above it up.
fn creased(mut globe: Mesh, column_count: u32) -> Mesh {
    let row = column_count + 1;
    let vertex_count = globe.positions.len() as u32;
    // The first that lies on the equator, and what is doubled of it.
    let equator = vertex_count / row / 2 * row;
    for vertex in equator..equator + row {
        let from = vertex as usize;
        globe.positions.push(globe.positions[from]);
        globe.texture.push(globe.texture[from]);
        globe.colours.push(globe.colours[from]);
    }
    for triangle in globe.indices.chunks_exact_mut(3) {
        if triangle.iter().any(|&vertex| vertex < equator) {
            continue;
        }
        for vertex in triangle {
            if *vertex < equator + row {
                *vertex += vertex_count - equator;
            }
        }
    }
    let middle = globe.positions[0].midpoint(globe.positions[vertex_count as usize - 1]);
    let normal = |(vertex, &at): (u32, &Vec3)| {
        let lean = if vertex < equator + row { 0.15 } else { -0.15 };
        (at - middle).normalize() + Vec3::Y * lean
    };
    globe.normals = (0..).zip(&globe.positions).map(normal).collect();
    globe
}

#[test]
fn the_format_names_the_learnt_trees() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let trees = fs::read(root.join("crates/codec/src/points/shape.bin")).expect("the trees");
    let format = fs::read_to_string(root.join("crates/pack/FORMAT.md")).expect("the format");
    let hash = touchline_pack::Sha256::of(&trees).to_string();
    assert!(format.contains(&hash) && format.contains(&format!("{} bytes", trees.len())));
}
