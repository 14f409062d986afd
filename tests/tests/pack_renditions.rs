//! Goal: a mesh is packed in renditions, each sound by itself, with fewer triangles, near the
//! captured surface, and of constant topology where the capture is.
//! Method: pack a ring that moves and one that stands, then verify, look into, decode and draw it.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may panic as the test itself"
)]

use std::fs;
use std::path::Path;

use clap::Parser;
use glam::Vec3;
use touchline::args::{Cli, Command, VerifyArgs};
use touchline::open::Opened;
use touchline::progress::{Audience, Cancel};
use touchline_codec::Limits;
use touchline_pack::{Segment, Stream};
use touchline_scene::{Frame, MeshFrame};

const AROUND: u32 = 120;
const ACROSS: u32 = 60;
/// From the middle of the ring to the middle of its tube, and to its surface from there, metres.
const RADII: (f32, f32) = (0.7, 0.25);
const FRAME_COUNT: u32 = 6;

/// A ring of 14,400 triangles that stands `lift` metres high, as an OBJ file.
fn ring(lift: f32) -> String {
    let mut text = String::new();
    let (radius, tube) = RADII;
    for index in 0..AROUND * ACROSS {
        let [u, v] = [(index / ACROSS, AROUND), (index % ACROSS, ACROSS)]
            .map(|(step, count)| step as f32 / count as f32 * std::f32::consts::TAU);
        let out = radius + tube * v.cos();
        let [x, y, z] = [out * u.cos(), lift + tube * v.sin(), out * u.sin()];
        text += &format!("v {x} {y} {z}\n");
    }
    let corner = |u: u32, v: u32| u % AROUND * ACROSS + v % ACROSS + 1;
    for u in 0..AROUND {
        for v in 0..ACROSS {
            let [a, b, c, d] =
                [(u, v), (u + 1, v), (u, v + 1), (u + 1, v + 1)].map(|(u, v)| corner(u, v));
            text += &format!("f {a} {c} {b}\nf {b} {c} {d}\n");
        }
    }
    text
}

/// How far a place lies off the ring's surface.
fn off_surface(at: Vec3, lift: f32) -> f32 {
    let (radius, tube) = RADII;
    let out = Vec3::new(at.x, 0.0, at.z).length() - radius;
    (out.hypot(at.y - lift) - tube).abs()
}

fn lift(frame: u32) -> f32 {
    0.5 + frame as f32 * 0.05
}

/// Packs the moving ring and the standing one into `out` beside them.
fn pack(folder: &Path, options: &str) -> anyhow::Result<Opened> {
    fs::create_dir_all(folder.join("ring"))?;
    for frame in 0..FRAME_COUNT {
        fs::write(folder.join(format!("ring/{frame}.obj")), ring(lift(frame)))?;
    }
    fs::write(folder.join("venue.obj"), ring(0.0))?;
    fs::write(
        folder.join("flag.obj"),
        "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n",
    )?;
    let at = folder.display();
    let line = format!(
        "touchline pack --track id=ring,path={at}/ring --track \
         id=venue,path={at}/venue.obj,role=venue --track id=flag,path={at}/flag.obj,static=true \
         --frame-rate 25 --segment-secs 0.12 --force --out {at}/out {options}"
    );
    let Command::Pack(args) = Cli::try_parse_from(line.split_whitespace())?.command else {
        unreachable!()
    };
    touchline::pack::pack(&args, &Cancel::default(), Audience::Nobody)?;
    Opened::open(&folder.join("out"))
}

/// All frames of a stream, and which are keys.
fn decoded(opened: &Opened, stream: &Stream) -> Vec<(MeshFrame, bool)> {
    let mut frames = Vec::new();
    let limits = Limits {
        element_count_max: stream.element_count_max,
        triangle_count_max: stream.triangle_count_max,
    };
    for entry in &stream.segments {
        let bytes = opened.read(entry).unwrap();
        let segment = Segment::parse(&bytes).unwrap();
        let mut decoder = touchline_codec::decoder(stream.codec.0).unwrap();
        for frame in &segment.frames {
            let chunk = &bytes[frame.bytes.clone()];
            let Frame::Mesh(mesh) = decoder.decode(&[chunk], None, &limits).unwrap() else {
                panic!("a mesh")
            };
            frames.push((mesh.clone(), frame.is_key));
        }
    }
    frames
}

#[test]
fn each_has_a_third_of_the_triangles_and_lies_near_the_surface() {
    let folder = tempfile::tempdir().unwrap();
    let opened = pack(folder.path(), "").unwrap();
    let track = opened.manifest.track("ring").unwrap();
    let triangle_counts: Vec<u32> = track
        .renditions
        .iter()
        .map(|stream| stream.triangle_count_max)
        .collect();
    let [full, third, tenth] = triangle_counts[..] else {
        panic!("{triangle_counts:?}")
    };
    assert_eq!(full, 2 * AROUND * ACROSS);
    assert!(third.abs_diff(full / 3) < full / 30, "{triangle_counts:?}");
    assert!(tenth.abs_diff(full / 10) < full / 50, "{triangle_counts:?}");
    let sizes: Vec<u64> = track.renditions.iter().map(Stream::size).collect();
    assert!(
        sizes.is_sorted_by(|finer, coarser| finer > coarser),
        "{sizes:?}"
    );
    // Of the middles of triangles: the ring's own are flat too.
    for (stream, error_max) in track.renditions.iter().zip([0.002, 0.01, 0.025]) {
        let mut indices = Vec::new();
        for (frame, (mesh, _)) in (0..).zip(decoded(&opened, stream)) {
            let place = |vertex: &touchline_scene::PackedVertex| {
                let steps = Vec3::from(vertex.position.map(f32::from));
                Vec3::from(mesh.lattice.origin) + steps * mesh.lattice.step_metres
            };
            let places: Vec<Vec3> = mesh.vertices.iter().map(place).collect();
            if let Some(topology) = mesh.topology {
                indices = topology.indices;
            }
            let middles = indices.chunks_exact(3).map(|triangle| {
                let corners = triangle.iter().map(|&index| places[index as usize]);
                corners.sum::<Vec3>() / 3.0
            });
            let worst = middles
                .map(|at| off_surface(at, lift(frame)))
                .fold(0.0, f32::max);
            assert!(worst < error_max, "frame {frame}: {worst} m");
        }
    }
}

#[test]
fn topology_is_constant_over_frames_and_segments() {
    let folder = tempfile::tempdir().unwrap();
    let opened = pack(folder.path(), "").unwrap();
    let track = opened.manifest.track("ring").unwrap();
    for (rendition, stream) in track.renditions.iter().enumerate() {
        assert_eq!(stream.segments.len(), 2);
        let frames = decoded(&opened, stream);
        let is_key: Vec<bool> = frames.iter().map(|(_, is_key)| *is_key).collect();
        let expected = [true, false, false, true, false, false];
        assert_eq!(is_key, expected, "rendition {rendition}");
        // A player mixes frames across segments only then.
        assert_eq!(frames[0].0.topology, frames[3].0.topology);
    }
}

#[test]
fn without_runs_of_frames_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("turned")).unwrap();
    for frame in 0..3 {
        let text = ring(lift(frame));
        let (vertices, faces): (Vec<&str>, Vec<&str>) =
            text.lines().partition(|line| line.starts_with('v'));
        // The same triangles, beginning elsewhere in each file.
        let start = frame as usize * 500;
        let faces = faces[start..].iter().chain(&faces[..start]);
        let lines: Vec<&str> = vertices.iter().chain(faces).copied().collect();
        let path = folder.path().join(format!("turned/{frame}.obj"));
        fs::write(path, lines.join("\n")).unwrap();
    }
    let at = folder.path().display();
    let line = format!("touchline pack {at}/turned --out {at}/out");
    let Command::Pack(args) = Cli::parse_from(line.split_whitespace()).command else {
        unreachable!()
    };
    touchline::pack::pack(&args, &Cancel::default(), Audience::Nobody).unwrap();
    let opened = Opened::open(&folder.path().join("out")).unwrap();
    assert_eq!(opened.manifest.tracks[0].renditions.len(), 1);
}

/// A sphere of 14,400 triangles with a texture, `lift` metres high, as a PLY file whose vertices
/// and triangles begin at others in each frame.
fn renumbered_sphere(frame: u32) -> String {
    let mut vertices = Vec::new();
    let mut faces = Vec::new();
    let count = (AROUND + 1) * (ACROSS + 1);
    let first = frame * 1003 % count;
    for index in 0..count {
        let index = (index + first) % count;
        let [u, v] = [
            (index % (AROUND + 1), AROUND),
            (index / (AROUND + 1), ACROSS),
        ]
        .map(|(step, count)| step as f32 / count as f32);
        // Both ends of the texture at the very same place.
        let (yaw, pitch) = (u.fract() * std::f32::consts::TAU, v * std::f32::consts::PI);
        let [x, y, z] = [
            pitch.sin() * yaw.sin(),
            pitch.cos(),
            pitch.sin() * yaw.cos(),
        ];
        vertices.push(format!("{x} {} {z} {u} {v}", y + lift(frame)));
    }
    for row in 0..ACROSS {
        for column in 0..AROUND {
            let corner = row * (AROUND + 1) + column;
            let [a, b, c, d] =
                [0, 1, AROUND + 1, AROUND + 2].map(|step| (corner + step + count - first) % count);
            faces.extend([format!("3 {c} {b} {a}"), format!("3 {b} {c} {d}")]);
        }
    }
    let turn = frame as usize * 777 % faces.len();
    faces.rotate_left(turn);
    format!(
        "ply\nformat ascii 1.0\nelement vertex {count}\n\
         property float x\nproperty float y\nproperty float z\n\
         property float s\nproperty float t\n\
         element face {}\nproperty list uchar uint vertex_indices\nend_header\n{}\n{}\n",
        faces.len(),
        vertices.join("\n"),
        faces.join("\n"),
    )
}

#[test]
fn a_surface_numbered_anew_in_each_file_is_one_run() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("sphere")).unwrap();
    for frame in 0..FRAME_COUNT {
        let path = folder.path().join(format!("sphere/{frame}.ply"));
        fs::write(path, renumbered_sphere(frame)).unwrap();
    }
    let image = image::RgbImage::from_pixel(64, 64, image::Rgb([90, 120, 30]));
    image.save(folder.path().join("texture.png")).unwrap();
    let at = folder.path().display();
    let line = format!(
        "touchline pack --track path={at}/sphere,texture={at}/texture.png --frame-rate 25 \
         --segment-secs 0.12 --out {at}/out"
    );
    let Command::Pack(args) = Cli::parse_from(line.split_whitespace()).command else {
        unreachable!()
    };
    touchline::pack::pack(&args, &Cancel::default(), Audience::Nobody).unwrap();
    let opened = Opened::open(&folder.path().join("out")).unwrap();
    let renditions = &opened.manifest.tracks[0].renditions;
    assert_eq!(renditions.len(), 3);
    for (rendition, stream) in renditions.iter().enumerate() {
        let frames = decoded(&opened, stream);
        let is_key: Vec<bool> = frames.iter().map(|(_, is_key)| *is_key).collect();
        let expected = [true, false, false, true, false, false];
        assert_eq!(is_key, expected, "rendition {rendition}");
        assert_eq!(frames[0].0.topology, frames[3].0.topology);
    }
}

#[test]
fn there_are_as_many_as_asked_for_and_no_tiny_ones() {
    let folder = tempfile::tempdir().unwrap();
    for (options, counts) in [
        ("", [3, 3, 1]),
        ("--renditions 1", [1, 1, 1]),
        ("--renditions 2", [2, 2, 1]),
        // The fourth would have fewer than 1,000 triangles.
        ("--renditions 4", [3, 3, 1]),
    ] {
        let opened = pack(folder.path(), options).unwrap();
        let tracks = opened.manifest.tracks.iter();
        let found: Vec<usize> = tracks.map(|track| track.renditions.len()).collect();
        assert_eq!(found, counts, "{options}");
        let args = VerifyArgs {
            pack: folder.path().join("out"),
            threads: Some(1),
            json: false,
        };
        let verified = touchline::verify::verify(&args, &Cancel::default(), Audience::Nobody);
        assert_eq!(verified.unwrap().problems, Vec::<String>::new());
        let told = touchline::inspect::inspect(&args.pack).unwrap();
        let rows = told.tracks[0].streams.iter().map(|row| row.rendition);
        assert!(rows.eq((0..counts[0]).map(Some)));
        let printed = told.to_string();
        let lines = printed.lines().filter(|line| line.contains("ring"));
        assert_eq!(lines.count(), counts[0], "{printed}");
    }
    for options in ["--renditions 0", "--renditions 5"] {
        assert!(pack(folder.path(), options).is_err(), "{options}");
    }
}

#[test]
fn a_coarser_one_draws_nearly_the_same_picture() {
    let folder = tempfile::tempdir().unwrap();
    pack(folder.path(), "").unwrap();
    let at = folder.path().display();
    let draw = |rendition: usize| {
        let line = format!(
            "touchline render {at}/out --track ring --size 160x120 --rendition {rendition} \
             --out {at}/{rendition}.png"
        );
        let Command::Render(args) = Cli::parse_from(line.split_whitespace()).command else {
            unreachable!()
        };
        touchline::render::render(&args, &Cancel::default(), Audience::Nobody).unwrap();
        let picture = image::open(folder.path().join(format!("{rendition}.png")));
        picture.unwrap().to_rgb8().into_raw()
    };
    let finest = draw(0);
    for rendition in [1, 2] {
        let coarser = draw(rendition);
        let pairs = finest.iter().zip(&coarser);
        let sum: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(sum > 0, "rendition {rendition} is another mesh");
        let mean = sum as f64 / finest.len() as f64;
        assert!(mean < 1.0, "rendition {rendition}: {mean}");
    }
    assert!(draw(9) == draw(2), "the coarsest is the last");
}
