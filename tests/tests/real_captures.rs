//! Goal: real captures survive packing: nothing is lost, moved or discoloured beyond what the
//! options allow.
//! Method: pack the captures, verify, decode every frame and compare with the files, which are
//! read here by other code than the packer's; of an animated file, with what is known of it. The
//! captures are not part of the repository: they are looked for in `TOUCHLINE_DATA`, else beside
//! the checkout; without them nothing is tested and the test says so.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may panic as the test itself"
)]

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Parser;
use glam::{IVec3, Vec3};
use touchline::args::{Cli, Command, VerifyArgs};
use touchline::open::Opened;
use touchline::progress::{Audience, Cancel};
use touchline_codec::Limits;
use touchline_pack::{Segment, Stream};
use touchline_scene::{Frame, MeshFrame, MeshTopology, PackedAttribute, PointsFrame};

/// The folder of a capture, if it is on this machine.
fn capture(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TOUCHLINE_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let folder = root.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!(
        "SKIPPED: no capture at {}: set TOUCHLINE_DATA",
        folder.display()
    );
    None
}

/// Packs into a folder that is gone with the first result; verifies.
fn packed(track: &str, options: &str) -> (tempfile::TempDir, Opened) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("pack.touchline");
    let mut words = vec![
        "touchline",
        "pack",
        "--track",
        track,
        "--out",
        out.to_str().unwrap(),
    ];
    words.extend(options.split_whitespace());
    let Command::Pack(args) = Cli::parse_from(words).command else {
        unreachable!()
    };
    touchline::pack::pack(&args, &Cancel::default(), Audience::Nobody).unwrap();
    let verify = VerifyArgs {
        pack: out.clone(),
        threads: None,
        json: false,
    };
    let verified = touchline::verify::verify(&verify, &Cancel::default(), Audience::Nobody);
    assert_eq!(verified.unwrap().problems, Vec::<String>::new());
    let opened = Opened::open(&out).unwrap();
    (folder, opened)
}

/// Decodes all frames of a stream, or of layers, in order.
fn decoded(opened: &Opened, layers: &[Stream], mut show: impl FnMut(usize, &Frame)) {
    let finest = layers.last().unwrap();
    let limits = Limits {
        element_count_max: finest.element_count_max,
        triangle_count_max: finest.triangle_count_max,
    };
    let mut index = 0;
    for place in 0..finest.segments.len() {
        let read = |layer: &Stream| {
            let bytes = opened.read(&layer.segments[place]).unwrap();
            (Segment::parse(&bytes).unwrap(), bytes)
        };
        let segments: Vec<(Segment, Vec<u8>)> = layers.iter().map(read).collect();
        let mut decoder = touchline_codec::decoder(finest.codec.0).unwrap();
        for frame in 0..segments[0].0.frames.len() {
            let chunks = segments
                .iter()
                .map(|(segment, bytes)| &bytes[segment.frames[frame].bytes.clone()]);
            let chunks: Vec<&[u8]> = chunks.collect();
            show(index, decoder.decode(&chunks, None, &limits).unwrap());
            index += 1;
        }
    }
}

/// The rows of a binary little-endian PLY file, behind its header.
fn rows(path: &std::path::Path) -> (String, Vec<u8>) {
    let bytes = std::fs::read(path).unwrap();
    let end = b"end_header\n";
    let at = bytes
        .windows(end.len())
        .position(|window| window == end)
        .unwrap()
        + end.len();
    (
        String::from_utf8(bytes[..at].to_vec()).unwrap(),
        bytes[at..].to_vec(),
    )
}

fn count_of(header: &str, element: &str) -> usize {
    let line = header
        .lines()
        .find_map(|line| line.strip_prefix(&format!("element {element} ")));
    line.unwrap().parse().unwrap()
}

const VOXEL_METRES: f32 = 0.0036;
const OFFSET: Vec3 = Vec3::new(-0.9216, 0.0, -0.9216);

#[test]
fn loot_keeps_every_voxel_and_its_colours() {
    let Some(folder) = capture("loot/vox9") else {
        return;
    };
    let track = format!("path={}/loot_000[1-4].ply", folder.display());
    let (_gone, opened) = packed(&track, "--frame-rate 30 --segment-secs 0.1");
    let mut frame_count = 0;
    decoded(
        &opened,
        &opened.manifest.tracks[0].layers,
        |index, frame| {
            let Frame::Points(frame) = frame else {
                panic!("frame {index} is no points")
            };
            let (header, rows) = rows(&folder.join(format!("loot_{:04}.ply", index + 1)));
            let source: HashMap<IVec3, [u8; 3]> = rows
                .chunks_exact(9)
                .map(|row| {
                    let axis = |at: usize| i32::from(u16::from_le_bytes([row[at], row[at + 1]]));
                    (
                        IVec3::new(axis(0), axis(2), axis(4)),
                        [row[6], row[7], row[8]],
                    )
                })
                .collect();
            assert_eq!(source.len(), count_of(&header, "vertex"));
            check_points(index, frame, &source);
            frame_count += 1;
        },
    );
    assert_eq!(frame_count, 4);
}

fn check_points(index: usize, frame: &PointsFrame, source: &HashMap<IVec3, [u8; 3]>) {
    assert_eq!(frame.points.len(), source.len(), "frame {index}");
    let mut square_sum = 0.0;
    for chunk in &frame.chunks {
        let first = chunk.first_point as usize;
        for point in &frame.points[first..first + chunk.point_count as usize] {
            let cell = Vec3::from(point.cell().map(|axis| axis as f32)) + 0.5;
            let at = Vec3::from(chunk.origin) + cell * chunk.step_metres;
            let in_voxels = (at - OFFSET) / VOXEL_METRES - 0.5;
            let voxel = in_voxels.round();
            let error = (in_voxels - voxel).abs().max_element();
            assert!(
                error < 0.01,
                "frame {index}: a point lies {error} voxels beside its place"
            );
            let wanted = source.get(&voxel.as_ivec3());
            let wanted = wanted.unwrap_or_else(|| panic!("frame {index}: nothing was at {voxel}"));
            square_sum += square_error(
                luma(*wanted),
                luma([point.colour[0], point.colour[1], point.colour[2]]),
            );
        }
    }
    let psnr = 10.0 * (255.0 * 255.0 * source.len() as f64 / square_sum).log10();
    println!(
        "Loot frame {index}: {} points, luma {psnr:.1} dB",
        source.len()
    );
    // The codec's default promises about 40 dB; JPEG of the same look has 36.
    assert!(psnr > 36.0, "frame {index}: luma is {psnr:.1} dB");
}

fn luma(rgb: [u8; 3]) -> f64 {
    let [r, g, b] = rgb.map(f64::from);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn square_error(a: f64, b: f64) -> f64 {
    (a - b) * (a - b)
}

/// `--position-error-mm`, and a little for rounding.
const ERROR_METRES_MAX: f32 = 0.0006 * 1.02;
/// A texel of 1024: texture coordinates are kept to a quarter of one.
const TEXTURE_ERROR_MAX: f32 = 1.0 / 1024.0;

#[test]
fn liam_keeps_shape_and_texture() {
    let Some(folder) = capture("liam") else {
        return;
    };
    let track = format!(
        "path={0}/mesh_0000[0-3].ply,texture={0}/tex_0000[0-3].jpg",
        folder.display()
    );
    let (_gone, opened) = packed(&track, "--frame-rate 25 --segment-secs 0.16");
    let track = &opened.manifest.tracks[0];
    let mut topology = MeshTopology::default();
    decoded(&opened, &track.renditions[..1], |index, frame| {
        let Frame::Mesh(frame) = frame else {
            panic!("frame {index} is no mesh")
        };
        if let Some(new) = &frame.topology {
            topology = new.clone();
        }
        let (header, rows) = rows(&folder.join(format!("mesh_{index:05}.ply")));
        check_mesh(index, &header, &rows, frame, &topology);
    });
    // Behind the video, where there is ffmpeg to make one.
    let mut textures = track.textures.iter();
    let images = textures.find(|stream| !stream.is_video()).unwrap();
    assert_eq!((images.width, images.height), (1024, 1024));
    let bytes = opened.read(&images.segments[0]).unwrap();
    for (index, frame) in Segment::parse(&bytes)
        .unwrap()
        .frames
        .into_iter()
        .enumerate()
    {
        let file = std::fs::read(folder.join(format!("tex_{index:05}.jpg"))).unwrap();
        assert!(bytes[frame.bytes] == file, "texture {index} was changed");
    }
}

fn check_mesh(index: usize, header: &str, rows: &[u8], frame: &MeshFrame, topology: &MeshTopology) {
    let vertex_count = count_of(header, "vertex");
    let (vertices, faces) = rows.split_at(vertex_count * 32);
    let source: Vec<(Vec3, [f32; 2])> = vertices
        .chunks_exact(32)
        .map(|row| {
            let number =
                |at: usize| f32::from_le_bytes(row[4 * at..4 * at + 4].try_into().unwrap());
            (
                Vec3::new(number(0), number(1), number(2)),
                [number(6), number(7)],
            )
        })
        .collect();
    let origin = Vec3::from(frame.lattice.origin);
    let place = |position: [u16; 3]| {
        origin + Vec3::from(position.map(f32::from)) * frame.lattice.step_metres
    };
    let mut near: HashMap<IVec3, Vec<usize>> = HashMap::new();
    for (vertex, packed) in frame.vertices.iter().enumerate() {
        near.entry(cube(place(packed.position)))
            .or_default()
            .push(vertex);
    }
    let is_kept = |&(at, uv): &(Vec3, [f32; 2])| {
        around(cube(at))
            .filter_map(|cube| near.get(&cube))
            .flatten()
            .any(|&vertex| {
                let error = (place(frame.vertices[vertex].position) - at)
                    .abs()
                    .max_element();
                error <= ERROR_METRES_MAX
                    && texture_error(topology.attributes[vertex], uv) < TEXTURE_ERROR_MAX
            })
    };
    let corners: Vec<usize> = faces
        .chunks_exact(13)
        .flat_map(|row| {
            assert_eq!(row[0], 3);
            [1, 5, 9].map(|at| u32::from_le_bytes(row[at..at + 4].try_into().unwrap()) as usize)
        })
        .collect();
    let lost = corners
        .iter()
        .filter(|&&corner| !is_kept(&source[corner]))
        .count();
    assert_eq!(
        lost, 0,
        "frame {index}: {lost} corners are not where they were"
    );
    let degenerate = corners
        .chunks_exact(3)
        .filter(|face| face[0] == face[1] || face[1] == face[2] || face[2] == face[0])
        .count();
    // A run has the triangles of its key; a few too thin to be seen come and go in the files.
    let triangle_count = corners.len() / 3 - degenerate;
    let strays = triangle_count.abs_diff(topology.indices.len() / 3);
    assert!(strays * 1000 <= triangle_count, "frame {index}: {strays}");
    assert_eq!(index == 0, frame.topology.is_some(), "one run");
    println!(
        "Liam frame {index}: {} triangles, all corners kept",
        corners.len() / 3
    );
}

/// The box around the knight in some frames of his run, as another evaluator of glTF finds it.
const KNIGHT: [(usize, [[f32; 3]; 2]); 4] = [
    (0, [[-0.7081, 0.1012, -0.6161], [1.0303, 2.4688, 1.9255]]),
    (5, [[-0.6997, -0.0207, -0.5636], [1.0305, 2.3382, 1.8020]]),
    (11, [[-0.6955, 0.0995, -0.6135], [1.0419, 2.4643, 1.9384]]),
    (24, [[-0.7081, 0.1012, -0.6161], [1.0303, 2.4688, 1.9255]]),
];

#[test]
fn the_knight_runs_upright_with_his_texture() {
    let Some(folder) = capture("characters") else {
        return;
    };
    let file = folder.join("Knight.glb");
    let track = format!("path={},clip=Running_A", file.display());
    let (_gone, opened) = packed(&track, "--frame-rate 30 --segment-secs 1");
    let track = &opened.manifest.tracks[0];
    let (mut indices, mut before) = (Vec::new(), Vec::new());
    let mut frame_count = 0;
    decoded(&opened, &track.renditions[..1], |index, frame| {
        let Frame::Mesh(frame) = frame else {
            panic!("frame {index} is no mesh")
        };
        assert_eq!(index == 0, frame.topology.is_some(), "one run");
        if let Some(topology) = &frame.topology {
            indices = topology.indices.clone();
        }
        let place = |vertex: &touchline_scene::PackedVertex| {
            let steps = Vec3::from(vertex.position.map(f32::from));
            Vec3::from(frame.lattice.origin) + steps * frame.lattice.step_metres
        };
        let places: Vec<Vec3> = frame.vertices.iter().map(place).collect();
        if let Some((_, wanted)) = KNIGHT.iter().find(|(at, _)| *at == index) {
            let low = places.iter().copied().reduce(Vec3::min).unwrap();
            let high = places.iter().copied().reduce(Vec3::max).unwrap();
            for (found, wanted) in [low, high].into_iter().zip(wanted.map(Vec3::from)) {
                let error = (found - wanted).abs().max_element();
                assert!(error < ERROR_METRES_MAX, "frame {index}: {found} {wanted}");
            }
        }
        let volumes = indices.chunks_exact(3).map(|corners| {
            let [a, b, c] = [0, 1, 2].map(|corner| places[corners[corner] as usize]);
            a.dot(b.cross(c)) / 6.0
        });
        // Of him and all he carries; inside out it would be below 0.
        let volume: f32 = volumes.sum();
        assert!(volume > 1.0, "frame {index}: {volume} m3");
        let moved = places.iter().zip(&before);
        let moved: f32 = moved
            .map(|(at, then): (&Vec3, &Vec3)| at.distance(*then))
            .sum();
        let metres = moved / places.len() as f32;
        let is_running = index == 0 || (0.005..0.2).contains(&metres);
        assert!(is_running, "frame {index}: {metres} m");
        before = places;
        frame_count += 1;
    });
    assert_eq!(frame_count, 25, "0.8 s, both ends");
    let bytes = opened.read(&track.textures[0].segments[0]).unwrap();
    let image = &bytes[Segment::parse(&bytes).unwrap().frames[0].bytes.clone()];
    let source = std::fs::read(file).unwrap();
    let is_inside = source.windows(image.len()).any(|window| window == image);
    assert!(is_inside, "the texture was changed");
}

/// The 2 mm cube that holds a place.
fn cube(at: Vec3) -> IVec3 {
    (at / 0.002).floor().as_ivec3()
}

/// A cube and its neighbours.
fn around(cube: IVec3) -> impl Iterator<Item = IVec3> {
    (0..27).map(move |i| cube + IVec3::new(i % 3 - 1, i / 3 % 3 - 1, i / 9 - 1))
}

fn texture_error(attribute: PackedAttribute, uv: [f32; 2]) -> f32 {
    let [u, v] = attribute.texture.map(|axis| f32::from(axis) / 65535.0);
    (u - uv[0]).abs().max((v - uv[1]).abs())
}

#[test]
fn liams_renditions_are_runs_without_holes() {
    let Some(folder) = capture("liam") else {
        return;
    };
    let track = format!(
        "path={0}/mesh_0000[0-7].ply,texture={0}/tex_0000[0-7].jpg",
        folder.display()
    );
    let options = "--frame-rate 25 --segment-secs 0.16 --textures images";
    let (_gone, opened) = packed(&track, options);
    let renditions = &opened.manifest.tracks[0].renditions;
    assert_eq!(renditions.len(), 3);
    for (rendition, stream) in renditions.iter().enumerate() {
        let mut topology = None;
        decoded(&opened, std::slice::from_ref(stream), |index, frame| {
            let Frame::Mesh(frame) = frame else {
                panic!("frame {index} is no mesh")
            };
            assert_eq!(index % 4 == 0, frame.topology.is_some(), "one run");
            let new = frame.topology.as_ref().or(topology.as_ref()).cloned();
            // The captured one is taken as it is: it has a few in some frames.
            if rendition > 0 {
                let open_count = open_side_count(frame, &new.as_ref().unwrap().indices);
                assert_eq!(open_count, 0, "rendition {rendition}, frame {index}");
            }
            topology = new;
        });
    }
}

/// Sides of triangles that are those of no other triangle, by place.
fn open_side_count(frame: &MeshFrame, indices: &[u32]) -> usize {
    let mut sides: HashMap<_, i32> = HashMap::new();
    for triangle in indices.chunks_exact(3) {
        for (from, to) in [(0, 1), (1, 2), (2, 0)] {
            let [from, to] =
                [from, to].map(|corner| frame.vertices[triangle[corner] as usize].position);
            *sides.entry((from, to)).or_default() += 1;
            *sides.entry((to, from)).or_default() -= 1;
        }
    }
    sides.values().filter(|&&surplus| surplus > 0).count()
}
