//! Goal: the published JSON Schemas are the manifest and the reel that the code reads and writes.
//! Method: derive them anew and compare with the files (`BLESS=1` writes them); hold real ones,
//! and ones that must not pass, against them with an independent validator. Rules that no schema
//! can say are the code's alone, what may change in an open manifest among them.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may panic as the test itself"
)]

use std::path::PathBuf;

use serde_json::{Value, json};
use touchline_pack::{Manifest, Reel, Sha256};

#[test]
fn the_published_schemas_are_current() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates/pack");
    for (name, schema) in [
        ("manifest.schema.json", touchline_pack::schema()),
        ("reel.schema.json", touchline_pack::reel_schema()),
    ] {
        let path = folder.join(name);
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let published = std::fs::read_to_string(&path).unwrap_or_default();
        let is_current = published == text;
        assert!(is_current, "{name} is out of date: BLESS=1 writes it anew");
    }
}

/// A manifest with every field.
fn full() -> Value {
    let viewpoint = json!({ "target": [0, 1, 0], "yawRadians": 0.5, "pitchRadians": 0.1,
        "distanceMetres": 8, "fovYRadians": 0.7 });
    let camera = json!({
        "pose": { "position": [0, 5, 20], "orientation": [0, 0, 0, 1] },
        "lens": { "fovYRadians": 0.4 },
    });
    let layer = |index: u32| {
        json!({ "codec": "oct2", "elementCountMax": 9 + index, "triangleCountMax": 0,
            "width": 0, "height": 0, "segments": [{ "firstFrame": 0, "frameCount": 2,
                "url": format!("a/points-layer{index}-0000-00000000.seg"), "offset": 0,
                "size": 40, "sha256": Sha256::of(b"").to_string() }] })
    };
    json!({
        "format": "touchline", "version": 1, "critical": [], "id": "final", "title": "Final",
        "frameRate": { "numerator": 30000, "denominator": 1001 }, "frameCount": 2,
        "isOpen": true, "startUnixMs": 1771097400500.5, "startMediaSecs": 12.5,
        "bounds": { "lo": [-1, 0, -1], "hi": [1, 2, 1] },
        "stage": { "surface": "pitch", "groundMetres": 0 },
        "tracks": [{ "id": "a", "title": "A", "kind": "points", "role": "subject",
            "isStatic": false, "alternative": "a", "shading": "baked",
            "layers": [layer(0), layer(1)] }],
        "presets": [{ "id": "front", "title": "Front", "viewpoint": viewpoint }],
        "cameras": [{ "id": "main", "title": "Main", "keys": [{ "frame": 0, "camera": camera }] }],
        "poster": "poster.jpg", "credits": [{ "name": "Us", "text": "all" }],
    })
}

/// Whether the code and the schema both take it; they must agree.
fn check(name: &str, manifest: &Value, is_good: bool) {
    let validator = jsonschema::validator_for(&touchline_pack::schema()).unwrap();
    let read = Manifest::parse(&serde_json::to_vec(manifest).unwrap());
    assert_eq!(read.is_ok(), is_good, "{name}: {read:?}");
    let errors: Vec<String> = validator
        .iter_errors(manifest)
        .map(|e| e.to_string())
        .collect();
    assert_eq!(errors.is_empty(), is_good, "{name}: {errors:?}");
}

#[test]
fn good_manifests_pass() {
    let full = full();
    check("full", &full, true);
    let written = Manifest::parse(&serde_json::to_vec(&full).unwrap())
        .unwrap()
        .to_json();
    check("written", &serde_json::from_slice(&written).unwrap(), true);
    let mut newer = full;
    newer["later"] = json!({ "unknown": true });
    check("with an unknown field", &newer, true);
}

#[test]
fn other_shapes_do_not_pass() {
    let cases: [(&str, &str, Value); 8] = [
        ("no frame rate", "/frameRate", Value::Null),
        ("a rate of zero", "/frameRate/numerator", json!(0)),
        ("half a frame", "/frameCount", json!(1.5)),
        ("two coordinates", "/bounds/lo", json!([0, 0])),
        ("an unknown surface", "/stage/surface", json!("lava")),
        ("an unknown kind", "/tracks/0/kind", json!("cube")),
        ("a long codec", "/tracks/0/layers/0/codec", json!("octree")),
        (
            "a short hash",
            "/tracks/0/layers/0/segments/0/sha256",
            json!("ba78"),
        ),
    ];
    for (name, place, value) in cases {
        let mut manifest = full();
        *manifest.pointer_mut(place).unwrap() = value;
        check(name, &manifest, false);
    }
}

#[test]
fn layers_and_renditions_that_do_not_fit_are_refused() {
    let segments = |frame_counts: [u32; 2]| {
        let mut halves = json!([full()["tracks"][0]["layers"][0]["segments"][0], null]);
        halves[1] = halves[0].clone();
        halves[0]["frameCount"] = json!(frame_counts[0]);
        halves[1]["frameCount"] = json!(frame_counts[1]);
        halves[1]["firstFrame"] = json!(frame_counts[0]);
        halves
    };
    let cases = [
        ("codec", json!("oct9"), "one codec"),
        ("elementCountMax", json!(8), "does not fall"),
        ("segments", segments([1, 1]), "cut at the same frames"),
        ("segments", segments([2, 2]), "cut at the same frames"),
    ];
    for (field, value, expected) in cases {
        let mut manifest = full();
        manifest["tracks"][0]["layers"][1][field] = value;
        let error = Manifest::parse(&serde_json::to_vec(&manifest).unwrap()).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(expected), "{field}: {message}");
    }
    let mut manifest = full();
    let layer = manifest["tracks"][0]["layers"][0].clone();
    let mut other = layer.clone();
    other["segments"] = segments([1, 1]);
    let track = &mut manifest["tracks"][0];
    track["kind"] = json!("mesh");
    track["layers"] = json!([]);
    track["renditions"] = json!([layer, layer]);
    check("renditions cut alike", &manifest, true);
    manifest["tracks"][0]["renditions"][1] = other;
    let error = Manifest::parse(&serde_json::to_vec(&manifest).unwrap()).unwrap_err();
    assert!(error.to_string().contains("cut at the same frames"));
    let mut alike = full();
    for layer in [0, 1] {
        alike["tracks"][0]["layers"][layer]["segments"] = segments([1, 1]);
    }
    check("two segments", &alike, true);
}

#[test]
fn only_video_textures_have_a_codec_string() {
    let texture = |codec: &str, codec_string: Value| {
        let mut texture = full()["tracks"][0]["layers"][0].clone();
        let fields = json!({ "codec": codec, "width": 8, "height": 8, "elementCountMax": 0,
            "codecString": codec_string });
        texture
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        texture
    };
    let with = |rendition: &Value, texture: &Value| {
        let mut manifest = full();
        let track = &mut manifest["tracks"][0];
        track["kind"] = json!("mesh");
        track["layers"] = json!([]);
        track["renditions"] = json!([rendition]);
        track["textures"] = json!([texture]);
        manifest
    };
    let mesh = full()["tracks"][0]["layers"][0].clone();
    let name = json!("avc1.640028");
    for (codec, codec_string, is_good) in [
        ("h264", name.clone(), true),
        ("av1_", name.clone(), true),
        ("new!", name.clone(), true),
        ("jpeg", Value::Null, true),
        ("jpeg", name.clone(), false),
        ("png_", name.clone(), false),
        ("webp", name.clone(), false),
        ("h264", json!(""), false),
        ("h264", json!("a".repeat(64)), true),
        ("h264", json!("a".repeat(65)), false),
        ("h264", json!("\u{e9}"), false),
    ] {
        let texture = texture(codec, codec_string);
        check(&texture.to_string(), &with(&mesh, &texture), is_good);
    }
    let mut named = mesh;
    named["codecString"] = name.clone();
    let image = texture("jpeg", Value::Null);
    check("a named rendition", &with(&named, &image), false);
    let mut layered = full();
    layered["tracks"][0]["layers"][1]["codecString"] = name;
    check("a named layer", &layered, false);
    let error = Manifest::parse(&serde_json::to_vec(&layered).unwrap()).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("video textures alone"), "{message}");
}

/// A way to change a manifest, and what the error must name; nothing where it may change so.
struct Change {
    change: fn(&mut Value),
    expected: Option<&'static str>,
}

/// Two frames more, in a segment of their own in each layer.
fn grow(manifest: &mut Value) {
    manifest["frameCount"] = json!(4);
    for layer in [0, 1] {
        let segments = &mut manifest["tracks"][0]["layers"][layer]["segments"];
        let mut next = segments[0].clone();
        next["firstFrame"] = json!(2);
        segments.as_array_mut().unwrap().push(next);
    }
}

const CHANGES: &[Change] = &[
    Change {
        change: |_| {},
        expected: None,
    },
    Change {
        change: grow,
        expected: None,
    },
    Change {
        change: |next| next["isOpen"] = json!(false),
        expected: None,
    },
    Change {
        change: |next| {
            grow(next);
            next.as_object_mut().unwrap().remove("isOpen");
            next["bounds"]["hi"] = json!([9, 2, 1]);
            for layer in [0, 1] {
                next["tracks"][0]["layers"][layer]["elementCountMax"] = json!(99);
            }
        },
        expected: None,
    },
    Change {
        change: |next| next["bounds"]["hi"] = json!([0.5, 9, 9]),
        expected: Some("`bounds`"),
    },
    Change {
        change: |next| next["tracks"][0]["layers"][0]["elementCountMax"] = json!(8),
        expected: Some("do not fall (track \"a\")"),
    },
    Change {
        change: |next| {
            grow(next);
            next["tracks"][0]["layers"][1]["segments"][0]["size"] = json!(41);
        },
        expected: Some("segments that are there stay (track \"a\")"),
    },
    Change {
        change: |next| next["startUnixMs"] = json!(1771097400501.0),
        expected: Some("nothing else changes"),
    },
    Change {
        change: |next| next["tracks"][0]["layers"] = json!([next["tracks"][0]["layers"][0]]),
        expected: Some("nothing else changes"),
    },
    Change {
        change: |next| {
            let mut other = next["tracks"][0].clone();
            other["id"] = json!("b");
            next["tracks"].as_array_mut().unwrap().push(other);
        },
        expected: Some("nothing else changes"),
    },
];

#[test]
fn open_manifests_grow_by_the_rules() {
    let parse = |value: &Value| Manifest::parse(&serde_json::to_vec(value).unwrap()).unwrap();
    let open = parse(&full());
    for (index, Change { change, expected }) in CHANGES.iter().enumerate() {
        let mut next = full();
        change(&mut next);
        let next = parse(&next);
        let grown = open.check_growth(&next);
        match (grown, expected) {
            (Ok(()), None) => {}
            (Err(error), Some(expected)) => {
                assert!(error.to_string().contains(expected), "{index}: {error}");
            }
            (other, _) => panic!("change {index}: {other:?}"),
        }
    }
    let mut grown = full();
    grow(&mut grown);
    let grown = parse(&grown);
    let shrunk = grown.check_growth(&open).unwrap_err().to_string();
    assert!(shrunk.contains("`frameCount` does not fall"), "{shrunk}");
    let mut closed = full();
    closed["isOpen"] = json!(false);
    let closed = parse(&closed);
    assert!(closed.check_growth(&closed).is_ok());
    let again = closed.check_growth(&open).unwrap_err().to_string();
    assert!(again.contains("not open"), "{again}");
}

#[test]
fn reels_are_held_against_code_and_schema() {
    let full = json!({ "format": "touchline-reel", "version": 1, "id": "final", "title": "Final",
        "isOpen": true, "replays": [{ "id": "goal-1", "title": "1:0", "src": "goal-1/manifest.json",
            "startUnixMs": 1771097400500.5, "durationSecs": 8, "poster": "goal-1/poster.jpg" }] });
    let validator = jsonschema::validator_for(&touchline_pack::reel_schema()).unwrap();
    let check = |reel: &Value, is_good: bool| {
        let read = Reel::parse(&serde_json::to_vec(reel).unwrap());
        assert_eq!(read.is_ok(), is_good, "{reel}: {read:?}");
        assert_eq!(validator.is_valid(reel), is_good, "{reel}");
        read
    };
    let written = check(&full, true).unwrap().to_json();
    check(&serde_json::from_slice(&written).unwrap(), true).unwrap();
    check(
        &json!({ "format": "touchline-reel", "version": 1, "later": 1 }),
        true,
    )
    .unwrap();
    for (place, value) in [
        ("/version", json!("1")),
        ("/replays", json!({})),
        ("/replays/0/src", Value::Null),
        ("/replays/0/durationSecs", json!("8")),
    ] {
        let mut reel = full.clone();
        *reel.pointer_mut(place).unwrap() = value;
        check(&reel, false).unwrap_err();
    }
    for (place, value, expected) in [
        ("/format", json!("touchline"), "touchline-reel"),
        ("/version", json!(2), "newer player: reel version 2"),
        ("/replays/0/src", json!(""), "`src` is not empty"),
        ("/replays/0/durationSecs", json!(-1), "at least 0"),
        (
            "/replays",
            json!([full["replays"][0], full["replays"][0]]),
            "unique",
        ),
    ] {
        let mut reel = full.clone();
        *reel.pointer_mut(place).unwrap() = value;
        let error = Reel::parse(&serde_json::to_vec(&reel).unwrap()).unwrap_err();
        assert!(error.to_string().contains(expected), "{place}: {error}");
    }
    let mut reel = Reel::parse(&serde_json::to_vec(&full).unwrap()).unwrap();
    let mut longer = reel.replays[0].clone();
    longer.duration_secs = 9.0;
    reel.put(longer.clone());
    assert_eq!(reel.replays, [longer.clone()]);
    longer.id = "goal-2".into();
    reel.put(longer);
    assert_eq!(reel.replays.len(), 2);
}
