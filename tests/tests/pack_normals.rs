//! Goal: the normals of a capture come through a pack as they were, from every kind of file, in
//! every rendition and over frames that are numbered anew; where they are missing, that is said.
//! Method: hard-edged boxes that turn from frame to frame are written as files, packed and decoded;
//! every corner must face as its side of the box does in that frame.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may panic as the test itself"
)]

mod folder;

use glam::{Mat3, Quat, Vec3};
use serde_json::json;
use touchline::args::VerifyArgs;
use touchline::open::Opened;
use touchline::progress::{Audience, Cancel};
use touchline_codec::Limits;
use touchline_pack::{Segment, Shading, Stream};
use touchline_scene::{Frame, MeshFrame, normal_from_octahedral};
use touchline_tests::gltf::GltfWriter;

use folder::Folder;

/// How well a stored normal keeps its direction: the octahedron's steps are a degree at most, and
/// one more for a frame time that is rounded.
const COSINE_MIN: f32 = 0.9994;
/// Squares along an edge of the box: enough for coarser renditions.
const CELL_COUNT: u32 = 24;
const FRAME_COUNT: u32 = 4;

/// All frames of a stream of the first track, and which of them are keys.
fn decoded(opened: &Opened, stream: &Stream) -> Vec<(MeshFrame, bool)> {
    let limits = Limits {
        element_count_max: stream.element_count_max,
        triangle_count_max: stream.triangle_count_max,
    };
    let mut frames = Vec::new();
    for entry in &stream.segments {
        let bytes = opened.read(entry).unwrap();
        let mut decoder = touchline_codec::decoder(stream.codec.0).unwrap();
        for frame in &Segment::parse(&bytes).unwrap().frames {
            let chunk = &bytes[frame.bytes.clone()];
            let Frame::Mesh(mesh) = decoder.decode(&[chunk], None, &limits).unwrap() else {
                panic!("a mesh")
            };
            frames.push((mesh.clone(), frame.is_key));
        }
    }
    frames
}

/// How the box is turned in a frame.
fn turn(frame: u32) -> Quat {
    Quat::from_axis_angle(Vec3::new(2.0, 3.0, 6.0) / 7.0, frame as f32 * 0.15)
}

/// A box of 1 m, side by side: places, the sides' normals, texture coordinates and triangles.
struct Cube {
    positions: Vec<Vec3>,
    normals: Vec<Vec3>,
    texture: Vec<[f32; 2]>,
    triangles: Vec<[u32; 3]>,
}

impl Cube {
    fn new(turn: Quat) -> Self {
        let mut cube = Self {
            positions: Vec::new(),
            normals: Vec::new(),
            texture: Vec::new(),
            triangles: Vec::new(),
        };
        for side in 0..6_u32 {
            let away = if side % 2 == 0 { 1.0 } else { -1.0 };
            let axes = [Vec3::X, Vec3::Y, Vec3::Z, Vec3::X];
            let [out, along] = [0, 1].map(|axis| axes[side as usize / 2 + axis] * away);
            let first = cube.positions.len() as u32;
            for index in 0..(CELL_COUNT + 1) * (CELL_COUNT + 1) {
                let [column, row] = [index % (CELL_COUNT + 1), index / (CELL_COUNT + 1)];
                let [u, v] = [column, row].map(|step| step as f32 / CELL_COUNT as f32);
                let across = out.cross(along);
                let at = (out + along * (2.0 * u - 1.0) + across * (2.0 * v - 1.0)) * 0.5;
                cube.positions.push(turn * at);
                cube.normals.push(turn * out);
                cube.texture.push([(u + side as f32) / 6.0, v]);
                if row < CELL_COUNT && column < CELL_COUNT {
                    let a = first + index;
                    let [b, c, d] = [a + 1, a + CELL_COUNT + 1, a + CELL_COUNT + 2];
                    cube.triangles.extend([[a, b, c], [c, b, d]]);
                }
            }
        }
        cube
    }

    /// As a PLY file, its vertices and triangles from others on.
    fn ply(&self, first: usize, names: &str) -> String {
        let count = self.positions.len();
        let mut text = format!("ply\nformat ascii 1.0\nelement vertex {count}\n");
        for name in names.split_whitespace() {
            text += &format!("property float {name}\n");
        }
        let face_count = self.triangles.len();
        text += &format!(
            "element face {face_count}\nproperty list uchar uint vertex_indices\nend_header\n"
        );
        for index in 0..count {
            let index = (index + first) % count;
            let ([x, y, z], [nx, ny, nz]) = (
                self.positions[index].to_array(),
                self.normals[index].to_array(),
            );
            let [s, t] = self.texture[index];
            text += &format!("{x} {y} {z} {nx} {ny} {nz} {s} {t}\n");
        }
        for index in 0..face_count {
            let corners = self.triangles[(index + first) % face_count];
            let [a, b, c] = corners.map(|corner| (corner as usize + count - first) % count);
            text += &format!("3 {a} {b} {c}\n");
        }
        text
    }

    /// As an OBJ file, its corners naming places and normals apart.
    fn obj(&self) -> String {
        let mut text = String::new();
        for at in &self.positions {
            text += &format!("v {} {} {}\n", at.x, at.y, at.z);
        }
        for normal in &self.normals {
            text += &format!("vn {} {} {}\n", normal.x, normal.y, normal.z);
        }
        for corners in &self.triangles {
            let [a, b, c] = corners.map(|corner| format!("{0}//{0}", corner + 1));
            text += &format!("f {a} {b} {c}\n");
        }
        text
    }
}

const PLY_NAMES: &str = "x y z nx ny nz s t";

/// Checks that each vertex on a side of the box, and away from its edges, faces as that side does;
/// and that on the edges vertices face every way that meets there.
fn check(frame: &MeshFrame, turn: Quat, name: &str) {
    let mut sides = [0; 6];
    for vertex in &frame.vertices {
        let steps = Vec3::from(vertex.position.map(f32::from));
        let at = Vec3::from(frame.lattice.origin) + steps * frame.lattice.step_metres;
        let at = turn.inverse() * at;
        let normal = turn.inverse() * normal_from_octahedral(vertex.normal);
        let axis = normal.abs().max_position();
        assert!(normal.abs()[axis] > COSINE_MIN, "{name}: {normal} at {at}");
        let out = at[axis] * normal[axis].signum();
        assert!((out - 0.5).abs() < 0.01, "{name}: {normal} at {at}");
        sides[2 * axis + usize::from(normal[axis] > 0.0)] += 1;
    }
    assert!(sides.iter().all(|&count| count >= 4), "{name}: {sides:?}");
}

/// Checks all frames of all renditions, and what is told of them.
fn check_pack(folder: &Folder, opened: &Opened) {
    let track = &opened.manifest.tracks[0];
    assert_eq!(track.shading, Shading::Lit);
    assert!(track.renditions.len() > 1);
    for (rendition, stream) in track.renditions.iter().enumerate() {
        let frames = decoded(opened, stream);
        assert_eq!(frames.len(), FRAME_COUNT as usize);
        for (index, (frame, is_key)) in (0..).zip(&frames) {
            let name = format!("rendition {rendition}, frame {index}");
            assert_eq!(*is_key, index == 0, "{name}");
            check(frame, turn(index), &name);
        }
    }
    let inspection = touchline::inspect::inspect(&folder.path("out")).unwrap();
    let mut streams = inspection.tracks[0].streams.iter();
    assert!(streams.all(|stream| stream.rendition.is_none() || stream.normals == Some("coded")));
    let args = VerifyArgs {
        pack: folder.path("out"),
        threads: Some(1),
        json: false,
    };
    let verified = touchline::verify::verify(&args, &Cancel::default(), Audience::Nobody);
    assert_eq!(verified.unwrap().problems, [""; 0]);
}

#[test]
fn ply_normals_come_along() {
    let folder = Folder::new("--frame-rate 10");
    for frame in 0..FRAME_COUNT {
        let text = Cube::new(turn(frame)).ply(0, PLY_NAMES);
        folder.write(&format!("box/{frame}.ply"), text);
    }
    let opened = folder.pack("--track path=@/box,normals=coded").unwrap();
    check_pack(&folder, &opened);
}

#[test]
fn ply_normals_come_along_when_vertices_are_numbered_anew() {
    let folder = Folder::new("--frame-rate 10");
    for frame in 0..FRAME_COUNT {
        let text = Cube::new(turn(frame)).ply(frame as usize * 501, PLY_NAMES);
        folder.write(&format!("box/{frame}.ply"), text);
    }
    let image = image::RgbImage::from_pixel(64, 64, image::Rgb([90, 120, 30]));
    image.save(folder.path("texture.png")).unwrap();
    let line = "--track path=@/box,texture=@/texture.png,normals=coded";
    check_pack(&folder, &folder.pack(line).unwrap());
}

#[test]
fn obj_normals_come_along() {
    let folder = Folder::new("--frame-rate 10");
    for frame in 0..FRAME_COUNT {
        let cube = Cube::new(turn(frame));
        folder.write(&format!("box/{frame}.obj"), cube.obj());
    }
    let opened = folder.pack("--track path=@/box,normals=coded").unwrap();
    check_pack(&folder, &opened);
}

/// A glTF file of the box at rest.
fn gltf_box() -> (GltfWriter, usize) {
    let cube = Cube::new(Quat::IDENTITY);
    let mut writer = GltfWriter::default();
    let flat = |vectors: &[Vec3]| -> Vec<f32> { vectors.iter().flat_map(Vec3::to_array).collect() };
    let positions = writer.floats("VEC3", &flat(&cube.positions));
    let normals = writer.floats("VEC3", &flat(&cube.normals));
    let bytes = cube.triangles.as_flattened().iter();
    let bytes: Vec<u8> = bytes.flat_map(|index| index.to_le_bytes()).collect();
    let view = writer.view(&bytes);
    let count = cube.triangles.len() * 3;
    let indices = json!({
        "bufferView": view, "componentType": 5125, "count": count, "type": "SCALAR",
    });
    let indices = writer.push("accessors", indices);
    let primitive = json!({
        "attributes": { "POSITION": positions, "NORMAL": normals }, "indices": indices,
    });
    writer.push("meshes", json!({ "primitives": [primitive] }));
    (writer, cube.positions.len())
}

/// Turns a node as the box is.
fn animate(writer: &mut GltfWriter, node: usize) {
    let times: Vec<f32> = (0..FRAME_COUNT).map(|frame| frame as f32 * 0.1).collect();
    let turns = (0..FRAME_COUNT).flat_map(|frame| turn(frame).to_array());
    let turns: Vec<f32> = turns.collect();
    writer.animate(
        "turn",
        (node, "rotation"),
        (&times, "LINEAR"),
        ("VEC4", &turns),
    );
}

#[test]
fn gltf_normals_turn_with_their_nodes_and_joints() {
    let folder = Folder::new("--frame-rate 10");
    let (mut writer, _) = gltf_box();
    writer.push("nodes", json!({ "mesh": 0 }));
    animate(&mut writer, 0);
    folder.write("node.glb", writer.glb());
    let opened = folder
        .pack("--track path=@/node.glb,normals=coded")
        .unwrap();
    check_pack(&folder, &opened);

    let (mut writer, vertex_count) = gltf_box();
    let joints = vec![0.0; 4 * vertex_count];
    let weights = [1.0, 0.0, 0.0, 0.0].repeat(vertex_count);
    let view = writer.view(&vec![0_u8; joints.len()]);
    let joints = json!({
        "bufferView": view, "componentType": 5121, "count": vertex_count, "type": "VEC4",
    });
    let joints = writer.push("accessors", joints);
    let weights = writer.floats("VEC4", &weights);
    let attributes = &mut writer.json["meshes"][0]["primitives"][0]["attributes"];
    attributes["JOINTS_0"] = json!(joints);
    attributes["WEIGHTS_0"] = json!(weights);
    writer.push("skins", json!({ "joints": [1] }));
    writer.push("nodes", json!({ "mesh": 0, "skin": 0 }));
    writer.push("nodes", json!({}));
    animate(&mut writer, 1);
    folder.write("skin.glb", writer.glb());
    let opened = folder
        .pack("--track path=@/skin.glb,normals=coded")
        .unwrap();
    check_pack(&folder, &opened);
}

/// Three corners whose normals all lean by 45 degrees.
fn leaning() -> GltfWriter {
    let mut writer = GltfWriter::default();
    let corners = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
    let mesh = writer.mesh(&corners);
    let leaning = [0.0, 0.5f32.sqrt(), 0.5f32.sqrt()].repeat(3);
    let normals = writer.floats("VEC3", &leaning);
    let attributes = &mut writer.json["meshes"][0]["primitives"][0]["attributes"];
    attributes["NORMAL"] = json!(normals);
    writer.push("nodes", json!({ "mesh": mesh }));
    writer
}

/// Checks that all normals of the only frame of a file face so.
fn check_facing(writer: &GltfWriter, expected: Vec3) {
    let folder = Folder::new("--frame-rate 10");
    folder.write("a.glb", writer.glb());
    let opened = folder.pack("--track path=@/a.glb,normals=coded").unwrap();
    let frames = decoded(&opened, &opened.manifest.tracks[0].renditions[0]);
    for vertex in &frames[0].0.vertices {
        let normal = normal_from_octahedral(vertex.normal);
        assert!(
            normal.dot(expected) > COSINE_MIN,
            "{normal}, not {expected}"
        );
    }
}

#[test]
fn gltf_normals_of_what_is_stretched_mirrored_and_morphed() {
    check_facing(&leaning(), Vec3::new(0.0, 1.0, 1.0).normalize());
    // A surface that is stretched upwards faces less so.
    for (scale, expected) in [
        ([1.0, 4.0, 1.0], Vec3::new(0.0, 0.25, 1.0)),
        ([3.0, 3.0, -3.0], Vec3::new(0.0, 1.0, -1.0)),
        ([-1.0, 1.0, 2.0], Vec3::new(0.0, 1.0, 0.5)),
        // Flat as a shadow, and it still has a side.
        ([1.0, 0.0, 1.0], Vec3::Y),
    ] {
        let inverse = Mat3::from_diagonal(Vec3::from(scale)).inverse();
        let direct = inverse.transpose() * Vec3::new(0.0, 1.0, 1.0);
        assert!(!direct.is_finite() || direct.normalize().dot(expected.normalize()) > COSINE_MIN);
        let mut writer = leaning();
        writer.json["nodes"][0]["scale"] = json!(scale);
        check_facing(&writer, expected.normalize());
    }
    let mut writer = leaning();
    let by = writer.floats("VEC3", &[4.0, 0.0, 0.0].repeat(3));
    let mesh = &mut writer.json["meshes"][0];
    mesh["primitives"][0]["targets"] = json!([{ "NORMAL": by }]);
    mesh["weights"] = json!([0.25]);
    let expected = Vec3::new(1.0, 0.5f32.sqrt(), 0.5f32.sqrt());
    check_facing(&writer, expected.normalize());
}

#[test]
fn missing_normals_are_named_with_their_file() {
    let folder = Folder::new("--frame-rate 10");
    let cube = Cube::new(Quat::IDENTITY);
    folder.write("box/0.ply", cube.ply(0, PLY_NAMES));
    // The same numbers, told to be others.
    folder.write("box/1.ply", cube.ply(0, "x y z a b c s t"));
    let error = folder.refused("--track path=@/box,normals=coded");
    assert!(
        error.contains("1.ply") && error.contains("no normals"),
        "{error}"
    );
    folder.write(
        "odd/0.ply",
        cube.ply(0, PLY_NAMES).replacen(" 1 0 0 ", " nan 0 0 ", 1),
    );
    let error = folder.refused("--track path=@/odd,normals=coded");
    assert!(
        error.contains("not finite") && error.contains("vertex 0"),
        "{error}"
    );
    // Whoever does not ask for them need not have good ones.
    folder.pack("--track path=@/odd").unwrap();
    folder.write("bare.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n");
    let error = folder.refused("--track path=@/bare.obj,normals=coded");
    assert!(
        error.contains("bare.obj") && error.contains("vn in OBJ"),
        "{error}"
    );
    folder.write(
        "half.obj",
        "v 0 0 0\nv 1 0 0\nv 0 1 0\nvn 0 0 1\nf 1//1 2 3//1\n",
    );
    let error = folder.refused("--track path=@/half.obj,normals=coded");
    assert!(error.contains("half.obj"), "{error}");
    let mut writer = leaning();
    let attributes = &mut writer.json["meshes"][0]["primitives"][0]["attributes"];
    attributes.as_object_mut().unwrap().remove("NORMAL");
    folder.write("bare.glb", writer.glb());
    let error = folder.refused("--track path=@/bare.glb,normals=coded");
    assert!(
        error.contains("bare.glb") && error.contains("NORMAL"),
        "{error}"
    );
    let error = folder.refused("--track path=@/box,kind=points,normals=coded");
    assert!(error.contains("points"), "{error}");
}

#[test]
fn z_is_up_for_normals_too() {
    let folder = Folder::new("--frame-rate 10");
    let upright = Quat::from_rotation_x(std::f32::consts::FRAC_PI_2);
    for frame in 0..FRAME_COUNT {
        let cube = Cube::new(upright * turn(frame));
        folder.write(&format!("box/{frame}.ply"), cube.ply(0, PLY_NAMES));
    }
    let opened = folder
        .pack("--track path=@/box,normals=coded --up z")
        .unwrap();
    check_pack(&folder, &opened);
}

#[test]
fn nobody_gets_normals_unasked() {
    let folder = Folder::new("--frame-rate 10");
    folder.write("box.ply", Cube::new(turn(1)).ply(0, PLY_NAMES));
    let opened = folder.pack("@/box.ply").unwrap();
    assert_eq!(opened.manifest.tracks[0].shading, Shading::Baked);
    let inspection = touchline::inspect::inspect(&folder.path("out")).unwrap();
    assert_eq!(inspection.tracks[0].streams[0].normals, Some("derived"));
}
