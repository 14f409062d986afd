//! Goal: a glTF file is baked as glTF 2.0 says, and a bad one is refused by name.
//! Method: small files written here are packed and decoded again; each triangle must be where it
//! was computed by hand, and turn the way it should. Rows of a table damage a file and say what
//! the error must name; then every number and every length is damaged, and nothing may panic.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may panic as the test itself"
)]

mod bad;
mod bake;
#[path = "../folder/mod.rs"]
mod folder;
mod look;

use glam::Vec3;
use serde_json::{Value, json};
use touchline::open::Opened;
use touchline_codec::Limits;
use touchline_pack::{Segment, Stream};
use touchline_scene::{Frame, PackedAttribute};
use touchline_tests::gltf::GltfWriter;

use folder::Folder;

/// Farther off than the lattice makes a corner, metres.
const CORNER_ERROR_MAX: f32 = 0.0002;
/// What makes the lattice so fine.
const FINE: &str = "--position-error-mm 0.05 --renditions 1";

fn fine_folder() -> Folder {
    Folder::new(FINE)
}

/// With the file `a.glb` in it.
fn fine_folder_with(writer: &GltfWriter) -> Folder {
    let folder = fine_folder();
    folder.write("a.glb", writer.glb());
    folder
}

type Triangle = [[f32; 3]; 3];

/// A mesh as decoded.
struct Baked {
    triangles: Vec<[Vec3; 3]>,
    attributes: Vec<PackedAttribute>,
    places: Vec<Vec3>,
    is_key: bool,
}

impl Baked {
    /// Whether it has these triangles and no others, in any order, seen from the same side.
    fn check(&self, expected: &[Triangle], name: &str) {
        assert_eq!(self.triangles.len(), expected.len(), "{name}: triangles");
        for corners in expected {
            let [a, b, c] = corners.map(Vec3::from);
            let is_it = |found: &[Vec3; 3]| {
                let turns = [[a, b, c], [b, c, a], [c, a, b]];
                turns.iter().any(|turn| {
                    let mut pairs = turn.iter().zip(found);
                    pairs.all(|(&wanted, &corner)| wanted.distance(corner) < CORNER_ERROR_MAX)
                })
            };
            let found = &self.triangles;
            assert!(
                found.iter().any(is_it),
                "{name}: no {corners:?} in {found:?}"
            );
        }
    }

    /// What the vertex at a place keeps.
    fn attribute(&self, at: [f32; 3]) -> PackedAttribute {
        let distance = |vertex: &usize| self.places[*vertex].distance(at.into());
        let nearest = (0..self.places.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)));
        self.attributes[nearest.unwrap()]
    }
}

/// All frames of the first track's mesh.
fn decoded(opened: &Opened) -> Vec<Baked> {
    let stream: &Stream = &opened.manifest.tracks[0].renditions[0];
    let limits = Limits {
        element_count_max: stream.element_count_max,
        triangle_count_max: stream.triangle_count_max,
    };
    let mut frames = Vec::new();
    let mut topology = None;
    for entry in &stream.segments {
        let bytes = opened.read(entry).unwrap();
        let segment = Segment::parse(&bytes).unwrap();
        let mut decoder = touchline_codec::decoder(stream.codec.0).unwrap();
        for frame in &segment.frames {
            let chunk = &bytes[frame.bytes.clone()];
            let Frame::Mesh(mesh) = decoder.decode(&[chunk], None, &limits).unwrap() else {
                panic!("a mesh")
            };
            topology = mesh.topology.clone().or(topology);
            let places = mesh.vertices.iter().map(|vertex| {
                let steps = Vec3::from(vertex.position.map(f32::from));
                Vec3::from(mesh.lattice.origin) + steps * mesh.lattice.step_metres
            });
            let places: Vec<Vec3> = places.collect();
            let topology = topology.clone().unwrap();
            let corners = topology.indices.chunks_exact(3);
            frames.push(Baked {
                triangles: corners
                    .map(|at| [at[0], at[1], at[2]].map(|index| places[index as usize]))
                    .collect(),
                attributes: topology.attributes,
                places,
                is_key: frame.is_key,
            });
        }
    }
    frames
}

/// Packs at a frame rate and compares every frame.
fn check(writer: &GltfWriter, frame_rate: u32, expected: &[&[Triangle]]) {
    let folder = fine_folder_with(writer);
    let opened = folder
        .pack(&format!("--frame-rate {frame_rate} @/a.glb"))
        .unwrap();
    let frames = decoded(&opened);
    assert_eq!(frames.len(), expected.len(), "frames");
    for (index, (frame, expected)) in frames.iter().zip(expected).enumerate() {
        frame.check(expected, &format!("frame {index}"));
    }
}

/// A right angle at the origin, moved.
fn corner(by: [f32; 3]) -> Triangle {
    CORNER.map(|at| (Vec3::from(at) + Vec3::from(by)).to_array())
}

const CORNER: Triangle = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
/// One node that shows the corner.
fn one_corner() -> GltfWriter {
    let mut writer = GltfWriter::default();
    let mesh = writer.mesh(&CORNER);
    writer.push("nodes", json!({ "mesh": mesh }));
    writer
}

/// One node that moves along its translation's curve.
fn moved(times: &[f32], interpolation: &str, values: &[[f32; 3]]) -> GltfWriter {
    let mut writer = one_corner();
    let values = ("VEC3", values.as_flattened());
    writer.animate("move", (0, "translation"), (times, interpolation), values);
    writer
}

const RED: [u8; 3] = [255, 0, 0];
const BLUE: [u8; 3] = [0, 0, 255];

/// A PNG of one colour in each half, left and right.
fn png(left: [u8; 3], right: [u8; 3]) -> Vec<u8> {
    let image = image::RgbImage::from_fn(8, 8, |x, _| image::Rgb(if x < 4 { left } else { right }));
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A corner with texture coordinates and a material; `image` is how the file says it.
fn textured(image: impl FnOnce(&mut GltfWriter) -> Value) -> GltfWriter {
    let mut writer = one_corner();
    let uvs = writer.floats("VEC2", &[0.25, 0.5, 0.75, 0.5, 0.25, 1.0]);
    let primitive = &mut writer.json["meshes"][0]["primitives"][0];
    primitive["attributes"]["TEXCOORD_0"] = json!(uvs);
    primitive["material"] = json!(0);
    let image = image(&mut writer);
    let source = writer.push("images", image);
    writer.push("textures", json!({ "source": source }));
    let surface = json!({ "baseColorTexture": { "index": 0 } });
    writer.push(
        "materials",
        json!({ "name": "skin", "pbrMetallicRoughness": surface }),
    );
    writer
}

fn textured_inside(bytes: &[u8]) -> GltfWriter {
    textured(|writer| {
        let view = writer.view(bytes);
        json!({ "bufferView": view, "mimeType": "image/png" })
    })
}
