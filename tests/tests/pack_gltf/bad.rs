//! What is refused: each damage says what the error must name; others must not panic.

use serde_json::{Value, json};
use touchline::error::BadInput;
use touchline_tests::gltf::GltfWriter;

use super::bake::{morphed, strip};
use super::{BLUE, Folder, RED, fine_folder, fine_folder_with, png, textured_inside};

/// What becomes of a textured corner that moves, and what the error must name.
struct Bad {
    name: &'static str,
    damage: fn(&mut GltfWriter),
    expected: &'static [&'static str],
}

const BAD: &[Bad] = &[
    Bad {
        name: "an old file",
        damage: |writer| writer.json["asset"]["version"] = json!("1.0"),
        expected: &["glTF 1.0", "glTF 2.0"],
    },
    Bad {
        name: "compressed geometry",
        damage: |writer| {
            writer.json["extensionsRequired"] = json!(["KHR_draco_mesh_compression"]);
        },
        expected: &["KHR_draco_mesh_compression", "export it without"],
    },
    Bad {
        name: "textures of a kind that needs an extension",
        damage: |writer| {
            writer.json["textures"] = json!([{}]);
            writer.json["extensionsRequired"] = json!(["KHR_texture_basisu"]);
        },
        expected: &["KHR_texture_basisu"],
    },
    Bad {
        name: "materials with textures of their own",
        damage: |writer| {
            let image = writer.json["images"][0].clone();
            writer.push("images", image);
            writer.push("textures", json!({ "source": 1 }));
            let surface = json!({ "baseColorTexture": { "index": 1 } });
            let hair = json!({ "name": "hair", "pbrMetallicRoughness": surface });
            writer.push("materials", hair);
            let mut primitive = writer.json["meshes"][0]["primitives"][0].clone();
            primitive["material"] = json!(1);
            let primitives = writer.json["meshes"][0]["primitives"].as_array_mut();
            primitives.unwrap().push(primitive);
        },
        expected: &["hair, skin", "bake", "texture=none"],
    },
    Bad {
        name: "an image elsewhere",
        damage: |writer| writer.json["images"][0] = json!({ "uri": "https://a.example/a.png" }),
        expected: &["https://a.example/a.png", "beside"],
    },
    Bad {
        name: "an image that is not there",
        damage: |writer| writer.json["images"][0] = json!({ "uri": "lost.png" }),
        expected: &["a.glb", "lost.png", "put it there"],
    },
    Bad {
        name: "an image that is none",
        damage: |writer| {
            let view = writer.view(b"no image at all");
            writer.json["images"][0]["bufferView"] = json!(view);
        },
        expected: &["no JPEG, PNG or WebP", "a.glb"],
    },
    Bad {
        name: "a node below itself",
        damage: |writer| writer.json["nodes"][0]["children"] = json!([0]),
        expected: &["own ancestor", "a.glb"],
    },
    Bad {
        name: "a node below two",
        damage: |writer| {
            writer.push("nodes", json!({ "children": [0] }));
            writer.push("nodes", json!({ "children": [0] }));
        },
        expected: &["node 0 has two parents"],
    },
    Bad {
        name: "no surface",
        damage: |writer| writer.json["meshes"][0]["primitives"][0]["mode"] = json!(1),
        expected: &["no triangles", "meshes"],
    },
    Bad {
        name: "an accessor outside its bytes",
        damage: |writer| writer.json["accessors"][0]["count"] = json!(4000),
        expected: &["accessor lies outside bufferView 0"],
    },
    Bad {
        name: "an accessor of another shape",
        damage: |writer| writer.json["accessors"][0]["type"] = json!("VEC2"),
        expected: &["accessor 0", "2 numbers for 3"],
    },
    Bad {
        name: "an accessor that is not there",
        damage: |writer| {
            writer.json["meshes"][0]["primitives"][0]["attributes"]["POSITION"] = json!(99);
        },
        expected: &["accessor 99"],
    },
    Bad {
        name: "attributes that do not match",
        damage: |writer| writer.json["accessors"][1]["count"] = json!(2),
        expected: &["as many rows", "vertices"],
    },
    Bad {
        name: "texture coordinates outside the image",
        damage: |writer| {
            let transform = json!({ "KHR_texture_transform": { "scale": [3, 3] } });
            let surface = &mut writer.json["materials"][0]["pbrMetallicRoughness"];
            surface["baseColorTexture"]["extensions"] = transform;
        },
        expected: &["outside 0 to 1", "texture=none"],
    },
    Bad {
        name: "a node out of this world",
        damage: |writer| writer.json["nodes"][0]["scale"] = json!([1e20, 1, 1]),
        expected: &["too far away", "vertex 1", "a.glb"],
    },
    Bad {
        name: "keys out of order",
        damage: |writer| {
            let times = writer.floats("SCALAR", &[1.0, 0.0]);
            writer.json["animations"][0]["samplers"][0]["input"] = json!(times);
        },
        expected: &["not in order"],
    },
    Bad {
        name: "a key too few",
        damage: |writer| {
            let times = writer.floats("SCALAR", &[0.0, 0.5, 1.0]);
            writer.json["animations"][0]["samplers"][0]["input"] = json!(times);
        },
        expected: &["2 values for 3 keys"],
    },
    Bad {
        name: "a clip of days",
        damage: |writer| {
            let times = writer.floats("SCALAR", &[0.0, 1e6]);
            writer.json["animations"][0]["samplers"][0]["input"] = json!(times);
        },
        expected: &["1000000 s", "hour"],
    },
];

/// A textured corner that moves.
fn sound() -> GltfWriter {
    let mut writer = textured_inside(&png(RED, BLUE));
    let values = ("VEC3", &[0.0, 0.0, 0.0, 1.0, 0.0, 0.0][..]);
    writer.animate("move", (0, "translation"), (&[0.0, 1.0], "LINEAR"), values);
    writer
}

#[test]
fn bad_files_are_refused_by_name() {
    fine_folder_with(&sound()).pack("@/a.glb").unwrap();
    for bad in BAD {
        let mut writer = sound();
        (bad.damage)(&mut writer);
        let error = fine_folder_with(&writer).refused("@/a.glb");
        for expected in bad.expected {
            assert!(
                error.contains(expected),
                "{}: {error} has no {expected}",
                bad.name
            );
        }
    }
}

#[test]
fn files_of_a_kind_are_tracks_each() {
    let folder = fine_folder();
    folder.write("a_1.glb", sound().glb());
    folder.write("a_2.glb", sound().glb());
    let error = folder.refused("@");
    assert!(error.contains("a track of its own"), "{error}");
    let opened = folder.pack("@/a_1.glb @/a_2.glb").unwrap();
    assert_eq!(opened.manifest.tracks.len(), 2);
}

#[test]
fn a_buffer_beside_it_must_be_whole() {
    let folder = fine_folder();
    let (text, buffer) = sound().text("a.bin");
    folder.write("a.gltf", text);
    let error = folder.refused("@/a.gltf");
    assert!(
        error.contains("a.bin") && error.contains("put it there"),
        "{error}"
    );
    folder.write("a.bin", &buffer[1..]);
    let error = folder.refused("@/a.gltf");
    let (size, whole) = (buffer.len() - 1, buffer.len());
    assert!(
        error.contains(&format!("buffer 0 has {size} bytes of {whole}")),
        "{error}"
    );
    folder.write("a.bin", buffer);
    folder.pack("@/a.gltf").unwrap();
}

/// Packs what is damaged: any end is good but a panic, or an error that names no file.
fn survive(folder: &Folder, bytes: &[u8], what: &str) {
    folder.write("a.glb", bytes);
    if let Err(error) = folder.pack("@/a.glb") {
        let is_named = error.downcast_ref::<BadInput>().is_some();
        assert!(is_named, "{what}: {error:#}");
    }
}

#[test]
fn no_prefix_is_taken() {
    let whole = sound().glb();
    let folder = fine_folder();
    for size in (0..whole.len() - 4).step_by(3) {
        folder.write("a.glb", &whole[..size]);
        folder.refused("@/a.glb");
    }
    for at in 0..24 {
        for byte in [0, 1, 255] {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            survive(&folder, &bytes, &format!("byte {at} is {byte}"));
        }
    }
}

#[test]
fn no_number_makes_it_panic() {
    for writer in [sound(), strip(&[([1; 16], [0.25; 16])]), morphed()] {
        let folder = fine_folder();
        let paths = numbers(&writer.json, String::new());
        assert!(paths.len() > 20, "{paths:?}");
        for path in paths {
            for wrong in [
                json!(0),
                json!(3),
                json!(-1),
                json!(4_294_967_295u32),
                json!(u64::MAX),
            ] {
                let mut damaged = writer.clone();
                *damaged.json.pointer_mut(&path).unwrap() = wrong.clone();
                survive(&folder, &damaged.glb(), &format!("{path} is {wrong}"));
            }
        }
    }
}

/// Where in JSON numbers are.
fn numbers(value: &Value, path: String) -> Vec<String> {
    match value {
        Value::Number(_) => vec![path],
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items
                .flat_map(|(index, item)| numbers(item, format!("{path}/{index}")))
                .collect()
        }
        Value::Object(fields) => {
            let fields = fields.iter();
            fields
                .flat_map(|(name, field)| numbers(field, format!("{path}/{name}")))
                .collect()
        }
        _ => Vec::new(),
    }
}
