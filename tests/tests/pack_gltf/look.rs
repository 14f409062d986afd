//! What triangles look like: textures, and colours where there are none.

use serde_json::json;
use touchline::open::Opened;
use touchline_pack::Segment;

use super::{BLUE, CORNER, RED, decoded, fine_folder_with, png, textured, textured_inside};

/// The bytes of the first image of the first track.
fn stored_image(opened: &Opened) -> Vec<u8> {
    let entry = &opened.manifest.tracks[0].textures[0].segments[0];
    let bytes = opened.read(entry).unwrap();
    let segment = Segment::parse(&bytes).unwrap();
    bytes[segment.frames[0].bytes.clone()].to_vec()
}

#[test]
fn the_texture_comes_along() {
    let image = png(RED, BLUE);
    let folder = fine_folder_with(&textured_inside(&image));
    let check = |opened: &Opened| {
        assert_eq!(stored_image(opened), image);
        let [u, v] = decoded(opened)[0].attribute([1.0, 0.0, 0.0]).texture;
        let off = |axis: u16, wanted: f32| (f32::from(axis) / 65535.0 - wanted).abs();
        assert!(off(u, 0.75) < 0.01 && off(v, 0.5) < 0.01, "{u} {v}");
    };
    check(&folder.pack("@/a.glb").unwrap());
    // All in files beside it, one of them with a space in its name.
    folder.write("a b.png", &image);
    let (text, buffer) = textured(|_| json!({ "uri": "a%20b.png" })).text("a.bin");
    folder.write("b.gltf", text);
    folder.write("a.bin", &buffer);
    check(&folder.pack("@/b.gltf").unwrap());
    // All in the text.
    let uri = |bytes: &[u8]| {
        let escaped = bytes.iter().map(|byte| format!("%{byte:02x}"));
        format!(
            "data:application/octet-stream,{}",
            escaped.collect::<String>()
        )
    };
    let writer = textured(|_| json!({ "uri": uri(&image) }));
    let (_, buffer) = writer.text("");
    folder.write("b.gltf", writer.text(&uri(&buffer)).0);
    check(&folder.pack("@/b.gltf").unwrap());
    // From elsewhere.
    folder.write("a.glb", textured_inside(&png(BLUE, BLUE)).glb());
    folder.write("other.png", &image);
    check(
        &folder
            .pack("--track path=@/a.glb,texture=@/other.png")
            .unwrap(),
    );
}

#[test]
fn a_texture_may_be_moved_and_tinted() {
    let mut writer = textured_inside(&png([255, 255, 255], [0, 0, 0]));
    let surface = &mut writer.json["materials"][0]["pbrMetallicRoughness"];
    // Half of the light is more than half of the byte.
    surface["baseColorFactor"] = json!([0.5, 1.0, 0.0, 1.0]);
    let transform = json!({
        "rotation": std::f32::consts::FRAC_PI_2, "scale": [0.5, 0.5], "offset": [0.25, 0.75],
    });
    surface["baseColorTexture"]["extensions"] = json!({ "KHR_texture_transform": transform });
    let name = json!(["KHR_texture_transform"]);
    (
        writer.json["extensionsUsed"],
        writer.json["extensionsRequired"],
    ) = (name.clone(), name);
    let folder = fine_folder_with(&writer);
    let opened = folder.pack("@/a.glb").unwrap();
    // (0.75, 0.5) is halved, then turned counter-clockwise, where v points down: (u, v) to
    // (v, -u).
    let [u, v] = decoded(&opened)[0].attribute([1.0, 0.0, 0.0]).texture;
    let off = |axis: u16, wanted: f32| (f32::from(axis) / 65535.0 - wanted).abs();
    assert!(off(u, 0.5) < 0.01 && off(v, 0.375) < 0.01, "{u} {v}");
    let image = image::load_from_memory(&stored_image(&opened))
        .unwrap()
        .into_rgb8();
    assert_eq!(image.get_pixel(0, 0).0, [188, 255, 0]);
    assert_eq!(image.get_pixel(7, 0).0, [0, 0, 0]);
}

#[test]
fn without_a_texture_vertices_have_colours() {
    let mut writer = textured_inside(&png(RED, BLUE));
    let colours = writer.floats("VEC3", &[1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 1.0, 1.0]);
    let primitive = &mut writer.json["meshes"][0]["primitives"][0];
    primitive["attributes"]["COLOR_0"] = json!(colours);
    let folder = fine_folder_with(&writer);
    let frame = &decoded(&folder.pack("--track path=@/a.glb,texture=none").unwrap())[0];
    // Red to the left, blue to the right; half of the light is 188 of 255.
    for (at, colour) in [
        (CORNER[0], [255, 0, 0]),
        (CORNER[1], [0, 0, 188]),
        (CORNER[2], [188, 0, 0]),
    ] {
        assert_eq!(frame.attribute(at).colour[..3], colour, "{at:?}");
    }
    // A plain material.
    let surface = &mut writer.json["materials"][0]["pbrMetallicRoughness"];
    *surface = json!({ "baseColorFactor": [0.0, 0.5, 1.0, 0.2] });
    // Alpha counts where the material says so.
    for (mode, alpha) in [("OPAQUE", 255), ("BLEND", 51)] {
        writer.json["materials"][0]["alphaMode"] = json!(mode);
        let folder = fine_folder_with(&writer);
        let frame = &decoded(&folder.pack("@/a.glb").unwrap())[0];
        assert_eq!(frame.attribute(CORNER[2]).colour, [0, 188, 255, alpha]);
    }
}
