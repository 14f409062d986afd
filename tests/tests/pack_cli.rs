//! Goal: `touchline pack` makes sound packs of good input, and of bad input nothing but a clear
//! error.
//! Method: small captures made here are packed in-process, in both layouts, then verified and
//! looked into and drawn; each way to damage them is a row of a table that says what the error
//! must name.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may panic as the test itself"
)]

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use glam::Vec3;
use touchline::args::{Cli, Command, VerifyArgs};
use touchline::error::{BadInput, Cancelled};
use touchline::open::Opened;
use touchline::pack::Packed;
use touchline::progress::{Audience, Cancel};
use touchline_pack::{Kind, Segment, Stream};

/// A folder with captures, gone when dropped.
struct Capture(tempfile::TempDir);

impl Capture {
    /// Three frames of points, three of a textured mesh, a venue.
    fn new() -> Self {
        let capture = Self(tempfile::tempdir().unwrap());
        for index in 0..3 {
            capture.write(
                &format!("points/f_{index:02}.ply"),
                points_ply(index as f32 * 0.1),
            );
            capture.write(&format!("mesh/m_{index}.ply"), mesh_ply(index as f32 * 0.1));
            capture.image(&format!("mesh/t_{index}.png"), 8, index as u8 * 40);
        }
        capture.write("venue.obj", "v -5 0 -5\nv 5 0 -5\nv 0 0 5\nf 1 3 2\n");
        capture
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn image(&self, name: &str, side: u32, grey: u8) {
        let image = image::RgbImage::from_pixel(side, side, image::Rgb([grey, 90, 30]));
        image.save(self.path(name)).unwrap();
    }

    fn pack(&self, line: &str) -> anyhow::Result<Packed> {
        self.pack_until(line, &Cancel::default())
    }

    /// Packs as a command line says; `@` stands for the capture's folder.
    fn pack_until(&self, line: &str, cancel: &Cancel) -> anyhow::Result<Packed> {
        let line = line.replace('@', self.0.path().to_str().unwrap());
        let words = ["touchline", "pack"]
            .into_iter()
            .chain(line.split_whitespace());
        let Command::Pack(args) = Cli::try_parse_from(words)?.command else {
            unreachable!()
        };
        touchline::pack::pack(&args, cancel, Audience::Nobody)
    }

    fn open(&self, name: &str) -> Opened {
        Opened::open(&self.path(name)).unwrap()
    }

    fn problems(&self, name: &str) -> Vec<String> {
        let args = VerifyArgs {
            pack: self.path(name),
            threads: Some(1),
            json: false,
        };
        let verified = touchline::verify::verify(&args, &Cancel::default(), Audience::Nobody);
        verified.unwrap().problems
    }

    /// All files and folders, so that nothing can be left behind unseen.
    fn listing(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, all: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, all);
                }
                all.push(path);
            }
        }
        let mut all = Vec::new();
        walk(self.0.path(), &mut all);
        all.sort();
        all
    }
}

const POINT_HEADER: &str = "property float x\nproperty float y\nproperty float z\n\
    property uchar red\nproperty uchar green\nproperty uchar blue\n";

/// A 5 cm grid of 1000 points, moved along x.
fn points_ply(x: f32) -> String {
    let mut text =
        format!("ply\nformat ascii 1.0\nelement vertex 1000\n{POINT_HEADER}end_header\n");
    for index in 0..1000 {
        let [i, j, k] = [index % 10, index / 10 % 10, index / 100];
        let at = Vec3::new(i as f32, j as f32, k as f32) * 0.05;
        text += &format!("{} {} {} {} {} 50\n", at.x + x, at.y, at.z, i * 20, j * 20);
    }
    text
}

const MESH_HEADER: &str = "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\n\
    property float y\nproperty float z\nproperty float s\nproperty float t\nelement face 4\n\
    property list uchar int vertex_indices\nend_header\n";

/// A tetrahedron with texture coordinates.
fn mesh_ply(y: f32) -> String {
    let [low, high] = [y, y + 1.0];
    format!(
        "{MESH_HEADER}0 {low} 0 0 0\n1 {low} 0 1 0\n0 {low} 1 0 1\n0 {high} 0 1 1\n\
         3 0 2 1\n3 0 1 3\n3 1 2 3\n3 2 0 3\n"
    )
}

/// Puts a word in the place of another in a file of the capture.
fn spoil(capture: &Capture, name: &str, from: &str, to: &str) {
    let text = fs::read_to_string(capture.path(name)).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    capture.write(name, text.replacen(from, to, 1));
}

/// A way to damage the capture, what is packed then, and what the error must name.
struct Bad {
    name: &'static str,
    damage: fn(&Capture),
    line: &'static str,
    expected: &'static [&'static str],
}

const POINTS: &str = "@/points --out @/out";
const MESH: &str = "@/mesh --out @/out.touchline";

const BAD: &[Bad] = &[
    Bad {
        name: "no such folder",
        damage: |_| {},
        line: "@/nowhere --out @/out",
        expected: &["no such file", "correct the path", "nowhere"],
    },
    Bad {
        name: "an empty folder",
        damage: |capture| fs::create_dir(capture.path("empty")).unwrap(),
        line: "@/empty --out @/out",
        expected: &["no PLY, OBJ or glTF", "empty"],
    },
    Bad {
        name: "an empty file",
        damage: |capture| capture.write("points/f_01.ply", ""),
        line: POINTS,
        expected: &["is empty", "export", "f_01.ply"],
    },
    Bad {
        name: "a truncated file",
        damage: |capture| {
            let text = points_ply(0.0);
            capture.write("points/f_01.ply", &text[..text.len() / 2]);
        },
        line: POINTS,
        expected: &["ends early", "vertex ", "again", "f_01.ply"],
    },
    Bad {
        name: "another kind of file",
        damage: |capture| capture.write("points/f_02.ply", b"\x89PNG\r\n\x1a\n"),
        line: POINTS,
        expected: &["no PLY file", "f_02.ply"],
    },
    Bad {
        name: "a position that is no number",
        damage: |capture| spoil(capture, "points/f_00.ply", "0.05 0 0", "nan 0 0"),
        line: POINTS,
        expected: &["not finite", "vertex 1;", "remove", "f_00.ply"],
    },
    Bad {
        name: "a position beyond all units",
        damage: |capture| spoil(capture, "points/f_00.ply", "0.05 0 0", "1e20 0 0"),
        line: POINTS,
        expected: &["too far away", "vertex 1;", "remove", "f_00.ply"],
    },
    Bad {
        name: "no points",
        damage: |capture| {
            let none =
                format!("ply\nformat ascii 1.0\nelement vertex 0\n{POINT_HEADER}end_header\n");
            capture.write("points/f_00.ply", none);
        },
        line: POINTS,
        expected: &["no points", "f_00.ply"],
    },
    Bad {
        name: "a frame gap",
        damage: |capture| fs::remove_file(capture.path("points/f_01.ply")).unwrap(),
        line: POINTS,
        expected: &["frame 1 is missing", "add the missing file", "f_01.ply"],
    },
    Bad {
        name: "integers without a grid",
        damage: |capture| {
            let text = "ply\nformat ascii 1.0\nelement vertex 1\nproperty ushort x\n\
                        property ushort y\nproperty ushort z\nend_header\n1 2 3\n";
            capture.write("points/f_00.ply", text);
        },
        line: POINTS,
        expected: &["integers", "comment voxel_metres", "f_00.ply"],
    },
    Bad {
        name: "colours in some frames only",
        damage: |capture| {
            let text = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\n\
                        property float y\nproperty float z\nend_header\n1 2 3\n";
            capture.write("points/f_02.ply", text);
        },
        line: POINTS,
        expected: &["some frames", "colours", "f_02.ply"],
    },
    Bad {
        name: "too fine a grid",
        damage: |_| {},
        line: "@/points --voxel-metres 0.000001 --out @/out",
        expected: &["65536", "--voxel-metres", "f_00.ply"],
    },
    Bad {
        name: "points among meshes",
        damage: |capture| capture.write("mesh/m_1.ply", points_ply(0.0)),
        line: MESH,
        expected: &["no faces", "m_1.ply"],
    },
    Bad {
        name: "a corner that does not exist",
        damage: |capture| spoil(capture, "mesh/m_1.ply", "3 2 0 3", "3 2 0 4"),
        line: MESH,
        expected: &["vertex 4", "4 vertices", "triangle 3", "m_1.ply"],
    },
    Bad {
        name: "a missing texture",
        damage: |capture| fs::remove_file(capture.path("mesh/t_2.png")).unwrap(),
        line: MESH,
        expected: &["no texture", "number 2", "texture=none", "m_2.ply"],
    },
    Bad {
        name: "a texture of another size",
        damage: |capture| capture.image("mesh/t_1.png", 16, 0),
        line: MESH,
        expected: &["16 x 16", "8 x 8", "t_1.png"],
    },
    Bad {
        name: "a damaged texture",
        damage: |capture| {
            let bytes = fs::read(capture.path("mesh/t_1.png")).unwrap();
            capture.write("mesh/t_1.png", &bytes[..bytes.len() / 2]);
        },
        line: MESH,
        expected: &["cannot be decoded", "t_1.png"],
    },
    Bad {
        name: "a texture without coordinates",
        damage: |capture| {
            for index in 0..3 {
                let plain = mesh_ply(0.0)
                    .replace("float s", "float a")
                    .replace("float t", "float b");
                capture.write(&format!("mesh/m_{index}.ply"), plain);
            }
        },
        line: MESH,
        expected: &["no texture coordinates", "m_0.ply"],
    },
    Bad {
        name: "a texture coordinate outside the image",
        damage: |capture| spoil(capture, "mesh/m_1.ply", " 0 1 0\n", " 0 1.5 0\n"),
        line: MESH,
        expected: &["outside 0 to 1", "vertex 1", "m_1.ply"],
    },
    Bad {
        name: "an OBJ line that cannot be read",
        damage: |capture| spoil(capture, "venue.obj", "v 5 0 -5", "v 5 o -5"),
        line: "@/venue.obj --out @/out",
        expected: &["line 2", "venue.obj"],
    },
    Bad {
        name: "tracks of other lengths",
        damage: |capture| fs::remove_file(capture.path("mesh/m_2.ply")).unwrap(),
        line: "@/points @/mesh --out @/out",
        expected: &["3 frames", "has 2", "static=true"],
    },
    Bad {
        name: "two tracks of one name",
        damage: |_| {},
        line: "--track id=a,path=@/points --track id=a,path=@/mesh --out @/out",
        expected: &["two tracks", "\"a\"", "id="],
    },
    Bad {
        name: "a misspelt scene",
        damage: |capture| capture.write("scene.json", "{\n  \"titel\": \"A\"\n}"),
        line: "@/points --scene @/scene.json --out @/out",
        expected: &["titel", "line 2", "scene.json"],
    },
    Bad {
        name: "something in the way",
        damage: |capture| capture.write("out/notes.txt", "mine"),
        line: POINTS,
        expected: &["already", "--force"],
    },
    Bad {
        name: "something in the way that is no pack",
        damage: |capture| capture.write("out/notes.txt", "mine"),
        line: "@/points --out @/out --force",
        expected: &["no pack", "--out"],
    },
    Bad {
        name: "nothing to pack",
        damage: |_| {},
        line: "--out @/out",
        expected: &["nothing to pack", "--track"],
    },
];

#[test]
fn bad_input_is_named_and_nothing_is_written() {
    for bad in BAD {
        let capture = Capture::new();
        (bad.damage)(&capture);
        let before = capture.listing();
        let Err(error) = capture.pack(bad.line) else {
            panic!("{}: was packed", bad.name)
        };
        let message = format!("{error:#}");
        for expected in bad.expected {
            assert!(
                message.contains(expected),
                "{}: no \"{expected}\" in: {message}",
                bad.name
            );
        }
        assert_eq!(capture.listing(), before, "{}: something is left", bad.name);
    }
}

#[test]
fn an_error_can_be_read_by_machines() {
    let capture = Capture::new();
    spoil(&capture, "points/f_00.ply", "0.05 0 0", "inf 0 0");
    let error = capture.pack(POINTS).unwrap_err();
    let bad = error.downcast_ref::<BadInput>().unwrap();
    assert!(bad.path.ends_with("points/f_00.ply"));
    assert_eq!(bad.place.as_deref(), Some("vertex 1"));
}

/// Everything in one pack.
const ALL: &str = "--frame-rate 25 --segment-secs 0.08 --start 2026-02-14T19:30:00.5Z --title All \
    --track id=cloud,path=@/points,alternative=a --track id=body,path=@/mesh,alternative=a \
    --track path=@/venue.obj,role=venue,shading=lit";

#[test]
fn both_layouts_hold_the_same() {
    let capture = Capture::new();
    capture.pack(&format!("{ALL} --out @/folder")).unwrap();
    capture
        .pack(&format!("{ALL} --out @/single.touchline"))
        .unwrap();
    for name in ["folder", "folder/manifest.json", "single.touchline"] {
        assert_eq!(capture.problems(name), Vec::<String>::new(), "{name}");
    }
    let (folder, single) = (capture.open("folder"), capture.open("single.touchline"));
    assert!(single.is_single() && !folder.is_single());
    let manifest = &folder.manifest;
    assert_eq!((manifest.frame_count, manifest.id.as_str()), (3, "all"));
    assert_eq!(manifest.start_unix_ms, Some(1_771_097_400_500.0));
    assert_eq!(manifest.presets.len(), 1);
    assert!(manifest.track("venue").unwrap().is_static);
    for (left, right) in manifest.tracks.iter().zip(&single.manifest.tracks) {
        for (left, right) in left.streams().zip(right.streams()) {
            assert_eq!(left.segments.len(), right.segments.len());
            for (in_folder, in_single) in left.segments.iter().zip(&right.segments) {
                let bytes = folder.read(in_folder).unwrap();
                assert_eq!(bytes, single.read(in_single).unwrap());
                let url = in_folder.url.as_ref().unwrap();
                assert!(url.contains(&in_folder.sha256.to_string()[..8]), "{url}");
                assert_eq!(in_single.url, None);
            }
        }
    }
    let finest = manifest.track("cloud").unwrap().layers.last().unwrap();
    assert_eq!((finest.element_count_max, finest.segments.len()), (1000, 2));
    assert_eq!(
        manifest.track("body").unwrap().renditions[0].triangle_count_max,
        4
    );
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let capture = Capture::new();
    for name in ["one", "two"] {
        let threads = if name == "one" { 1 } else { 4 };
        let line = format!("{ALL} --id x --threads {threads} --out @/{name}.touchline");
        capture.pack(&line).unwrap();
    }
    let read = |name: &str| fs::read(capture.path(name)).unwrap();
    assert_eq!(read("one.touchline"), read("two.touchline"));
}

#[test]
fn layers_have_files_of_their_own_and_all_that_is_there_is_told() {
    let capture = Capture::new();
    for layers in [1, 2, 16] {
        capture
            .pack(&format!("{ALL} --layers {layers} --force --out @/out"))
            .unwrap();
        assert_eq!(capture.problems("out"), Vec::<String>::new());
        let opened = capture.open("out");
        let cloud = opened.manifest.track("cloud").unwrap();
        assert!(cloud.layers.len() <= layers);
        for (layer, stream) in cloud.layers.iter().enumerate() {
            for (place, entry) in stream.segments.iter().enumerate() {
                let url = entry.url.as_ref().unwrap();
                let start = format!("cloud/points-layer{layer}-{place:04}-");
                assert!(url.starts_with(&start), "{url}");
            }
        }
        let told = touchline::inspect::inspect(&capture.path("out")).unwrap();
        let rows = &told.tracks[0].streams;
        assert_eq!(rows.len(), cloud.layers.len());
        let shares: f64 = rows.iter().map(|row| row.share).sum();
        assert!((shares - 1.0).abs() < 1e-9, "{shares}");
        let bits: f64 = rows.iter().map(|row| row.bits_per_element).sum();
        let bytes: u64 = cloud.layers.iter().map(Stream::size).sum();
        assert!((bits - bytes as f64 * 8.0 / 3000.0).abs() < 1e-9, "{bits}");
        let finest = rows.last().unwrap();
        assert_eq!(finest.element_count_max, 1000);
        assert_eq!(finest.layer, Some(rows.len() - 1));
        assert_eq!(told.tracks[1].streams[0].layer, None);
    }
    for layers in ["0", "17", "x"] {
        let line = format!("{POINTS} --layers {layers}");
        assert!(capture.pack(&line).is_err(), "{layers}");
    }
}

#[test]
fn fewer_layers_draw_another_picture_and_more_the_same() {
    let capture = Capture::new();
    capture.pack(POINTS).unwrap();
    let draw = |layers: usize| {
        let name = format!("{layers}.png");
        let [pack, out] = ["out", &name].map(|name| capture.path(name).display().to_string());
        let line = format!("touchline render {pack} --size 64x64 --layers {layers} --out {out}");
        let Command::Render(args) = Cli::parse_from(line.split_whitespace()).command else {
            unreachable!()
        };
        touchline::render::render(&args, &Cancel::default(), Audience::Nobody).unwrap();
        fs::read(out).unwrap()
    };
    let layer_count = capture.open("out").manifest.tracks[0].layers.len();
    let whole = draw(layer_count);
    assert!(draw(layer_count + 1) == whole);
    for fewer in 1..layer_count {
        assert!(draw(fewer) != whole, "{fewer} layers");
    }
}

fn chunks(opened: &Opened, stream: &Stream) -> Vec<(Vec<u8>, bool)> {
    let mut chunks = Vec::new();
    for entry in &stream.segments {
        let bytes = opened.read(entry).unwrap();
        for frame in Segment::parse(&bytes).unwrap().frames {
            chunks.push((bytes[frame.bytes.clone()].to_vec(), frame.is_key));
        }
    }
    chunks
}

#[test]
fn images_are_stored_as_they_are_and_once() {
    let capture = Capture::new();
    fs::copy(capture.path("mesh/t_0.png"), capture.path("mesh/t_1.png")).unwrap();
    capture
        .pack("@/mesh --textures images --out @/out")
        .unwrap();
    let opened = capture.open("out");
    let texture = &opened.manifest.tracks[0].textures[0];
    assert_eq!((texture.width, texture.height), (8, 8));
    let found = chunks(&opened, texture);
    assert_eq!(
        found[0],
        (fs::read(capture.path("mesh/t_0.png")).unwrap(), true)
    );
    assert_eq!(found[1], (Vec::new(), false));
    assert_eq!(
        found[2],
        (fs::read(capture.path("mesh/t_2.png")).unwrap(), true)
    );
}

#[test]
fn a_run_of_one_topology_has_one_key() {
    let capture = Capture::new();
    spoil(&capture, "mesh/m_2.ply", "3 2 0 3\n", "3 0 1 2\n");
    capture
        .pack("--track path=@/mesh,texture=none --out @/out")
        .unwrap();
    let opened = capture.open("out");
    let keys = chunks(&opened, &opened.manifest.tracks[0].renditions[0]);
    let keys: Vec<bool> = keys.iter().map(|(_, is_key)| *is_key).collect();
    assert_eq!(keys, [true, false, true]);
    assert!(opened.manifest.tracks[0].textures.is_empty());
}

#[test]
fn axes_and_units_are_brought_into_the_stage() {
    let capture = Capture::new();
    capture
        .pack("--track kind=points,path=@/venue.obj --up z --unit cm --out @/out")
        .unwrap();
    let manifest = capture.open("out").manifest;
    assert_eq!(manifest.tracks[0].kind, Kind::Points);
    // The ground of the file is a wall of the stage: its z is up, its y is away.
    let (lo, hi) = (manifest.bounds.lo, manifest.bounds.hi);
    assert!(lo.distance(Vec3::new(-0.05, -0.05, 0.0)) < 1e-6, "{lo}");
    assert!(hi.distance(Vec3::new(0.05, 0.05, 0.0)) < 1e-6, "{hi}");
}

#[test]
fn a_scene_brings_its_viewpoints() {
    let capture = Capture::new();
    let scene = r#"{ "title": "Final", "stage": { "surface": "pitch", "groundMetres": 0.5 },
        "presets": [{ "id": "far", "title": "Far", "viewpoint": { "target": [0, 1, 0],
            "yawRadians": 1, "pitchRadians": 0.1, "distanceMetres": 30, "fovYRadians": 0.5 } }],
        "credits": [{ "name": "Us", "text": "all of it" }] }"#;
    capture.write("scene.json", scene);
    let preset = "--preset id=near,target=0,yaw=0";
    assert!(capture.pack(&format!("{POINTS} {preset}")).is_err());
    capture
        .pack(&format!("{POINTS} --scene @/scene.json"))
        .unwrap();
    let manifest = capture.open("out").manifest;
    assert_eq!(
        (manifest.title.as_str(), manifest.id.as_str()),
        ("Final", "final")
    );
    assert_eq!(manifest.presets[0].id, "far");
    assert_eq!(manifest.stage.ground_metres, 0.5);
}

#[test]
fn a_stopped_pack_leaves_nothing() {
    let capture = Capture::new();
    let before = capture.listing();
    let cancel = Cancel::default();
    cancel.cancel();
    let error = capture.pack_until(POINTS, &cancel).unwrap_err();
    assert!(error.downcast_ref::<Cancelled>().is_some(), "{error:#}");
    assert_eq!(capture.listing(), before);
}

#[test]
fn force_replaces_a_pack_and_nothing_else() {
    let capture = Capture::new();
    for out in ["out", "out.touchline"] {
        capture.pack(&format!("@/points --out @/{out}")).unwrap();
        assert!(capture.pack(&format!("@/mesh --out @/{out}")).is_err());
        capture
            .pack(&format!("@/mesh --force --out @/{out}"))
            .unwrap();
        assert_eq!(capture.open(out).manifest.tracks[0].kind, Kind::Mesh);
        assert_eq!(capture.problems(out), Vec::<String>::new());
    }
    let hidden = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with('.');
    assert_eq!(
        capture.listing().iter().filter(|path| hidden(path)).count(),
        0
    );
}

#[test]
fn verify_finds_every_changed_byte() {
    let capture = Capture::new();
    capture.pack("@/mesh --out @/out.touchline").unwrap();
    let good = fs::read(capture.path("out.touchline")).unwrap();
    let start = capture.open("out.touchline").segments_start() as usize;
    for at in start..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x40;
        capture.write("bad.touchline", &bad);
        let problems = capture.problems("bad.touchline");
        assert!(
            problems.len() == 1 && problems[0].contains("SHA-256"),
            "{at}: {problems:?}"
        );
    }
    capture.write("short.touchline", &good[..good.len() - 1]);
    assert!(capture.problems("short.touchline")[0].contains("ends 1 bytes before"));
    capture.write("long.touchline", [&good[..], b"x"].concat());
    assert!(capture.problems("long.touchline")[0].contains("1 bytes follow"));
}

#[test]
fn verify_finds_missing_and_foreign_files() {
    let capture = Capture::new();
    capture.pack(&format!("{ALL} --out @/out")).unwrap();
    let manifest = capture.open("out").manifest;
    let url = |track: usize| {
        manifest.tracks[track].streams().next().unwrap().segments[0]
            .url
            .clone()
    };
    fs::remove_file(capture.path("out").join(url(0).unwrap())).unwrap();
    fs::copy(
        capture.path("out").join(url(2).unwrap()),
        capture.path("out").join(url(1).unwrap()),
    )
    .unwrap();
    let problems = capture.problems("out");
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("track \"cloud\"") && problems[0].contains("frames 0 to 1"));
    assert!(problems[1].starts_with("track \"body\""));
}

/// A pack of points with its last layer once more behind it, which no codec makes.
fn with_a_false_layer(capture: &Capture) {
    capture.pack(POINTS).unwrap();
    let mut manifest = capture.open("out").manifest;
    let layers = &mut manifest.tracks[0].layers;
    layers.push(layers.last().unwrap().clone());
    capture.write("out/manifest.json", manifest.to_json());
}

#[test]
fn verify_decodes_every_prefix_of_the_layers() {
    let capture = Capture::new();
    with_a_false_layer(&capture);
    let manifest = capture.open("out").manifest;
    let layers = &manifest.tracks[0].layers;
    let name = format!("layer {}", layers.len() - 1);
    let problems = capture.problems("out");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains(&name), "{problems:?}");

    // What is behind a layer that cannot be read is read all the same, and not decoded.
    let url = layers[0].segments[0].url.as_ref().unwrap();
    capture.write(&format!("out/{url}"), "damaged");
    let problems = capture.problems("out");
    let names: Vec<String> = (0..layers.len())
        .filter(|&layer| layers[layer].segments[0].url.as_ref() == Some(url))
        .map(|layer| format!("layer {layer}"))
        .collect();
    assert_eq!(problems.len(), names.len(), "{problems:?}");
    for (problem, name) in problems.iter().zip(&names) {
        assert!(problem.contains(name), "{problem}");
    }
}

#[test]
fn verify_holds_each_layer_to_its_count() {
    let capture = Capture::new();
    capture.pack(POINTS).unwrap();
    let good = capture.open("out").manifest;
    for layer in 0..good.tracks[0].layers.len() {
        let mut manifest = good.clone();
        // Of the coarser layers too: counts do not fall.
        let layers = &mut manifest.tracks[0].layers[..=layer];
        let less = layers[layer].element_count_max - 1;
        for coarser in layers {
            coarser.element_count_max = coarser.element_count_max.min(less);
        }
        capture.write("out/manifest.json", manifest.to_json());
        let problems = capture.problems("out");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("limit"), "{problems:?}");
    }
}
