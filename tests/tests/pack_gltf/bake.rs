//! Where triangles are: nodes, skins, morph targets, curves, clips.

use std::f32::consts::FRAC_1_SQRT_2;
use std::fs;

use serde_json::json;
use touchline_tests::gltf::GltfWriter;

use super::{CORNER, Triangle, check, corner, decoded, fine_folder_with, moved, one_corner};

/// A quarter turn about z.
const QUARTER: [f32; 4] = [0.0, 0.0, FRAC_1_SQRT_2, FRAC_1_SQRT_2];

#[test]
fn nodes_hang_from_nodes() {
    let mut writer = GltfWriter::default();
    let mesh = writer.mesh(&CORNER);
    writer.push("nodes", json!({ "mesh": mesh, "translation": [1, 0, 0] }));
    let matrix = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 5, 1];
    writer.push("nodes", json!({ "mesh": mesh, "matrix": matrix }));
    let turned = json!({
        "children": [0, 1], "translation": [0, 1, 0], "rotation": QUARTER, "scale": [2, 2, 2],
    });
    writer.push("nodes", turned);
    let folder = fine_folder_with(&writer);
    let opened = folder.pack("@/a.glb").unwrap();
    assert!(opened.manifest.tracks[0].is_static, "nothing moves it");
    // Moved, then doubled, then (x, y) to (-y, x), then lifted.
    let expected = [
        [[0.0, 3.0, 0.0], [0.0, 5.0, 0.0], [-2.0, 3.0, 0.0]],
        [[0.0, 1.0, 10.0], [0.0, 3.0, 10.0], [-2.0, 1.0, 10.0]],
    ];
    decoded(&opened)[0].check(&expected, "hanging");
    // Whatever the rest of the input is in.
    let opened = folder.pack("@/a.glb --up z --unit cm").unwrap();
    decoded(&opened)[0].check(&expected, "hanging");
}

#[test]
fn numbers_may_be_small_and_apart() {
    let mut writer = one_corner();
    // One of four bytes is room; the least byte is -1 as the one above it.
    let view = writer.view(&[0, 0, 0, 9, 127, 0, 0, 9, 0, 128, 0]);
    writer.json["bufferViews"][view]["byteStride"] = json!(4);
    let accessor = &mut writer.json["accessors"][0];
    accessor["bufferView"] = json!(view);
    (accessor["componentType"], accessor["normalized"]) = (json!(5120), json!(true));
    writer.json["extensionsRequired"] = json!(["KHR_mesh_quantization"]);
    let small = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]];
    check(&writer, 30, &[&[small]]);
}

#[test]
fn a_mirror_turns_triangles() {
    let mut writer = GltfWriter::default();
    let mesh = writer.mesh(&CORNER);
    writer.push("nodes", json!({ "mesh": mesh, "scale": [-1, 1, 1] }));
    check(
        &writer,
        30,
        &[&[[[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]]]],
    );
}

#[test]
fn strips_and_fans_are_triangles() {
    let square = [
        [0.0, 0.0, 0.0],
        [1.0, 0.0, 0.0],
        [0.0, 1.0, 0.0],
        [1.0, 1.0, 0.0],
    ];
    for (mode, expected) in [
        (5, [CORNER, [square[1], square[3], square[2]]]),
        (6, [CORNER, [square[0], square[2], square[3]]]),
    ] {
        let mut writer = GltfWriter::default();
        let mesh = writer.mesh(&square);
        writer.json["meshes"][mesh]["primitives"][0]["mode"] = json!(mode);
        writer.push("nodes", json!({ "mesh": mesh }));
        check(&writer, 30, &[&expected]);
    }
}

#[test]
fn translations_follow_their_curves() {
    let far = [2.0, 0.0, 0.0];
    let between = moved(&[0.0, 1.0], "LINEAR", &[[0.0; 3], far]);
    let half = corner([1.0, 0.0, 0.0]);
    check(&between, 2, &[&[CORNER], &[half], &[corner(far)]]);
    let stepped = moved(&[0.0, 1.0], "STEP", &[[0.0; 3], far]);
    check(&stepped, 2, &[&[CORNER], &[CORNER], &[corner(far)]]);
    // Before the first key all stands still.
    let late = moved(&[0.5, 1.0], "LINEAR", &[far, [0.0; 3]]);
    check(&late, 2, &[&[corner(far)], &[corner(far)], &[CORNER]]);
    // Tangent in, value, tangent out; tangents count for each of the 2 s between the keys, so
    // half-way y is 2 s * 4 m/s * 1/8 and z is 2 s * 8 m/s * -1/8.
    let spline = [
        [9.0, 9.0, 9.0],
        [0.0; 3],
        [0.0, 4.0, 0.0],
        [0.0, 0.0, 8.0],
        far,
        [9.0, 9.0, 9.0],
    ];
    let spline = moved(&[0.0, 2.0], "CUBICSPLINE", &spline);
    check(
        &spline,
        1,
        &[&[CORNER], &[corner([1.0, 1.0, -2.0])], &[corner(far)]],
    );
}

#[test]
fn rotations_go_the_shorter_way_around() {
    let mut writer = one_corner();
    // The same half turn as [0, 0, 1, 0] from the other side; half of it is a quarter.
    let [x, y, z, w] = QUARTER;
    let keys = [[0.0, 0.0, 0.0, 1.0], [-x, -y, -z, -w]];
    writer.animate(
        "turn",
        (0, "rotation"),
        (&[0.0, 1.0], "LINEAR"),
        ("VEC4", keys.as_flattened()),
    );
    let (sin, cos) = std::f32::consts::FRAC_PI_4.sin_cos();
    let eighth = [[0.0; 3], [cos, sin, 0.0], [-sin, cos, 0.0]];
    let quarter = [[0.0; 3], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]];
    check(&writer, 2, &[&[CORNER], &[eighth], &[quarter]]);
}

/// A strip 2 m high whose upper end hangs on a joint that turns, in as many sets of bonds.
pub(super) fn strip(sets: &[([u8; 16], [f32; 16])]) -> GltfWriter {
    let mut writer = GltfWriter::default();
    let mesh = writer.mesh(&[
        [1.0, 0.0, 0.0],
        [1.0, 1.0, 0.0],
        [1.0, 2.0, 0.0],
        [-1.0, 0.0, 0.0],
    ]);
    let primitive = &mut writer.json["meshes"][mesh]["primitives"][0];
    primitive["mode"] = json!(5);
    for (set, (joints, weights)) in sets.iter().enumerate() {
        let joints = writer.bytes("VEC4", joints);
        let weights = writer.floats("VEC4", weights);
        let attributes = &mut writer.json["meshes"][mesh]["primitives"][0]["attributes"];
        attributes[format!("JOINTS_{set}")] = json!(joints);
        attributes[format!("WEIGHTS_{set}")] = json!(weights);
    }
    let mut to_joints = [0.0; 32];
    for diagonal in 0..8 {
        to_joints[diagonal / 4 * 16 + diagonal % 4 * 5] = 1.0;
    }
    to_joints[16 + 13] = -1.0; // The upper joint is 1 m up.
    let matrices = writer.floats("MAT4", &to_joints);
    writer.push(
        "skins",
        json!({ "joints": [1, 2], "inverseBindMatrices": matrices }),
    );
    // Where the mesh's own node is does not count.
    writer.push(
        "nodes",
        json!({ "mesh": mesh, "skin": 0, "translation": [7, 7, 7] }),
    );
    writer.push("nodes", json!({ "children": [2] }));
    writer.push("nodes", json!({ "translation": [0, 1, 0] }));
    let half_turn = [[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0]];
    writer.animate(
        "bend",
        (2, "rotation"),
        (&[0.0, 1.0], "LINEAR"),
        ("VEC4", half_turn.as_flattened()),
    );
    writer
}

#[test]
fn skins_bend_between_their_joints() {
    // The middle vertex hangs on both, the last on the lower one.
    let joints = [0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    let weights = |both: [f32; 2]| {
        let mut weights = [0.0; 16];
        (weights[0], weights[8], weights[12]) = (1.0, 1.0, 1.0);
        [weights[4], weights[5]] = both;
        weights
    };
    let at_rest = [
        [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 2.0, 0.0]],
        [[1.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [1.0, 2.0, 0.0]],
    ];
    // A quarter turn about (0, 1) takes (1, 2) to (-1, 2), and (1, 1) to (0, 2), of which half.
    let bent = [
        [[1.0, 0.0, 0.0], [0.5, 1.5, 0.0], [-1.0, 2.0, 0.0]],
        [[0.5, 1.5, 0.0], [-1.0, 0.0, 0.0], [-1.0, 2.0, 0.0]],
    ];
    // A half turn takes (1, 2) to (-1, 0), and (1, 1) to (-1, 1), of which half.
    let over = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]],
        [[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]],
    ];
    let expected: [&[Triangle]; 3] = [&at_rest, &bent, &over];
    check(&strip(&[(joints, weights([0.5, 0.5]))]), 2, &expected);
    // Weights that do not quite add up are made to.
    check(&strip(&[(joints, weights([0.45, 0.45]))]), 2, &expected);
    let (mut second, mut first) = ([0.0; 16], weights([0.5, 0.0]));
    second[6] = 0.5;
    let mut upper = [0; 16];
    upper[6] = 1;
    check(&strip(&[(joints, first), (upper, second)]), 2, &expected);
    // A vertex on no joint goes with its first; joints without weight may be any.
    first[0] = 0.0;
    let mut wild = joints;
    wild[2] = 200;
    check(&strip(&[(wild, first), (upper, second)]), 2, &expected);
}

/// A corner with two targets: one moves its last vertex by (0, 0, 2), one all by (0, 4, 0).
pub(super) fn morphed() -> GltfWriter {
    let mut writer = one_corner();
    // Sparse, without any bytes for the vertices that stay.
    let place = writer.view(&[2]);
    let values: Vec<u8> = [0.0f32, 0.0, 2.0]
        .iter()
        .flat_map(|axis| axis.to_le_bytes())
        .collect();
    let values = writer.view(&values);
    let sparse = json!({
        "componentType": 5126, "count": 3, "type": "VEC3",
        "sparse": {
            "count": 1, "indices": { "bufferView": place, "componentType": 5121 },
            "values": { "bufferView": values },
        },
    });
    let last = writer.push("accessors", sparse);
    let all = writer.floats("VEC3", &[0.0, 4.0, 0.0].repeat(3));
    let mesh = &mut writer.json["meshes"][0];
    mesh["primitives"][0]["targets"] = json!([{ "POSITION": last }, { "POSITION": all }]);
    mesh["weights"] = json!([0.0, 0.25]);
    writer
}

#[test]
fn targets_morph_by_their_weights() {
    // At rest the mesh's own weights hold, unless its node has others.
    let mut writer = morphed();
    check(&writer, 30, &[&[corner([0.0, 1.0, 0.0])]]);
    writer.json["nodes"][0]["weights"] = json!([0.5, 0.0]);
    let [a, b, c] = CORNER;
    check(&writer, 30, &[&[[a, b, [c[0], c[1], 1.0]]]]);
    writer.animate(
        "morph",
        (0, "weights"),
        (&[0.0, 1.0], "LINEAR"),
        ("SCALAR", &[0.0, 0.0, 1.0, 0.5]),
    );
    let half = [[0.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 2.0, 1.0]];
    let end = [[0.0, 2.0, 0.0], [1.0, 2.0, 0.0], [0.0, 3.0, 2.0]];
    check(&writer, 2, &[&[CORNER], &[half], &[end]]);
}

#[test]
fn a_clip_has_a_frame_at_its_end_and_one_topology() {
    for (secs, frame_rate, frame_count) in [
        (1.0, 30, 31),
        (0.5, 25, 13),
        (1.066_666_7, 30, 33),
        (0.0, 30, 1),
        (0.8, 25, 21),
    ] {
        let writer = moved(&[0.0, secs], "LINEAR", &[[0.0; 3], [1.0, 0.0, 0.0]]);
        let folder = fine_folder_with(&writer);
        let line = format!("@/a.glb --frame-rate {frame_rate} --segment-secs 2");
        let frames = decoded(&folder.pack(&line).unwrap());
        assert_eq!(frames.len(), frame_count, "{secs} s at {frame_rate}");
        let key_count = frames.iter().filter(|frame| frame.is_key).count();
        assert_eq!(key_count, 1, "{secs} s at {frame_rate}");
    }
}

#[test]
fn a_clip_is_chosen_by_name_or_number() {
    let mut writer = moved(&[0.0], "STEP", &[[1.0, 0.0, 0.0]]);
    let two = ("VEC3", &[2.0, 0.0, 0.0][..]);
    writer.animate("0", (0, "translation"), (&[0.0], "STEP"), two);
    let folder = fine_folder_with(&writer);
    for (clip, x) in [("move", 1.0), ("0", 2.0), ("1", 2.0), ("none", 0.0)] {
        let opened = folder
            .pack(&format!("--track path=@/a.glb,clip={clip}"))
            .unwrap();
        decoded(&opened)[0].check(&[corner([x, 0.0, 0.0])], clip);
    }
    fs::remove_dir_all(folder.path("out")).unwrap();
    for (line, expected) in [
        (
            "@/a.glb",
            "2 clips; choose one by its name or number with `clip=` (it has 0 \"move\", 1 \"0\")",
        ),
        ("--track path=@/a.glb,clip=run", "no clip \"run\""),
        ("--track path=@/a.glb,clip=2", "it has 0 \"move\", 1 \"0\""),
    ] {
        let error = folder.refused(line);
        assert!(error.contains(expected), "{error} has no {expected}");
    }
    let still = fine_folder_with(&one_corner());
    let error = still.refused("--track path=@/a.glb,clip=run");
    assert!(error.contains("it has none"), "{error}");
    still.write("a.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n");
    let error = still.refused("--track path=@/a.obj,clip=run");
    assert!(
        error.contains("`clip`") && error.contains("a.obj"),
        "{error}"
    );
}
