//! Goal: a sequence of images becomes a video that shows each of them at its own index, with the
//! images behind it; without ffmpeg the images remain, and that is said.
//! Method: small captures with images of one colour each are packed in-process, verified, looked
//! into and drawn; what the video shows is held against what the images show.
//!
//! Where there is no ffmpeg with the encoder that a test needs, it says so and ends.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may panic as the test itself"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Stdio};

use clap::Parser;
use image::RgbImage;
use touchline::args::{Cli, Command, VerifyArgs};
use touchline::error::Cancelled;
use touchline::open::Opened;
use touchline::progress::{Audience, Cancel};
use touchline_pack::{CodecId, Segment, Stream};

const FRAME_COUNT: usize = 7;
/// Odd, so that the video is larger by a row and a column.
const SIZE: [u32; 2] = [71, 65];
/// Three segments, the last shorter.
const PACK: &str = "--frame-rate 25 --segment-secs 0.12";

/// A colour of each frame that no other is near.
fn colour_of(frame: usize) -> [u8; 3] {
    let on = |bit: usize| if (frame + 1) >> bit & 1 == 1 { 210 } else { 40 };
    [on(0), on(1), on(2)]
}

/// A folder with a textured square of seven frames.
fn capture() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let header = "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float y\n\
        property float z\nproperty float s\nproperty float t\nelement face 2\n\
        property list uchar int vertex_indices\nend_header\n";
    let body = "-1 0 0 0 1\n1 0 0 1 1\n1 2 0 1 0\n-1 2 0 0 0\n3 0 1 2\n3 0 2 3\n";
    let mesh = folder.path().join("mesh");
    fs::create_dir(&mesh).unwrap();
    for frame in 0..FRAME_COUNT {
        fs::write(
            mesh.join(format!("m_{frame}.ply")),
            format!("{header}{body}"),
        )
        .unwrap();
        let image = RgbImage::from_pixel(SIZE[0], SIZE[1], image::Rgb(colour_of(frame)));
        image.save(mesh.join(format!("t_{frame}.png"))).unwrap();
    }
    folder
}

/// Packs `line` into `NAME` of a capture's folder; `@` stands for that folder.
fn pack(folder: &Path, name: &str, line: &str, cancel: &Cancel) -> anyhow::Result<PathBuf> {
    let line = format!("touchline pack {PACK} {line} --out @/{name}");
    let line = line.replace('@', folder.to_str().unwrap());
    let Command::Pack(args) = Cli::try_parse_from(line.split_whitespace())?.command else {
        unreachable!()
    };
    let packed = touchline::pack::pack(&args, cancel, Audience::Nobody)?;
    Ok(packed.out)
}

fn textures(pack: &Path) -> Vec<Stream> {
    let opened = Opened::open(pack).unwrap();
    opened.manifest.tracks[0].textures.clone()
}

fn problems(pack: &Path) -> Vec<String> {
    let args = VerifyArgs {
        pack: pack.to_owned(),
        threads: Some(1),
        json: false,
    };
    let verified = touchline::verify::verify(&args, &Cancel::default(), Audience::Nobody);
    verified.unwrap().problems
}

/// The middle of the square, drawn natively.
fn drawn(pack: &Path, frame: usize) -> [u8; 3] {
    let (pack, out) = (pack.display(), pack.with_extension(format!("{frame}.png")));
    let viewpoint = "target=0 1 0,yaw=0,pitch=0,distance=3,fov=40";
    let line = format!(
        "touchline render {pack} --frame {frame} --size 64x64 --out {} --viewpoint",
        out.display()
    );
    let words = line.split_whitespace().chain([viewpoint]);
    let Command::Render(args) = Cli::parse_from(words).command else {
        unreachable!()
    };
    touchline::render::render(&args, &Cancel::default(), Audience::Nobody).unwrap();
    image::open(out).unwrap().to_rgb8().get_pixel(32, 32).0
}

/// Whether ffmpeg has an encoder; says so if not.
fn has_encoder(name: &str) -> bool {
    let output = Program::new("ffmpeg")
        .args(["-hide_banner", "-encoders"])
        .output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let has_it = text.is_ok_and(|text| text.split_whitespace().any(|word| word == name));
    if !has_it {
        eprintln!("skipped: there is no ffmpeg with {name} on the path");
    }
    has_it
}

#[test]
fn a_sequence_becomes_a_video_and_images_after_it() {
    if !has_encoder("libx264") {
        return;
    }
    let folder = capture();
    let pack = pack(folder.path(), "out", "@/mesh", &Cancel::default()).unwrap();
    assert_eq!(problems(&pack), Vec::<String>::new());
    let textures = textures(&pack);
    let [video, images] = &textures[..] else {
        panic!("{} textures", textures.len())
    };
    assert_eq!(
        (video.codec, images.codec),
        (CodecId(*b"h264"), CodecId(*b"png_"))
    );
    let codec_string = video.codec_string.as_deref().unwrap();
    assert!(codec_string.starts_with("avc1.64"), "{codec_string}");
    assert_eq!(images.codec_string, None);
    assert_eq!([video.width, video.height], SIZE);
    let opened = Opened::open(&pack).unwrap();
    let mut frame_counts = Vec::new();
    for entry in &video.segments {
        let segment = Segment::parse(&opened.read(entry).unwrap()).unwrap();
        let keys: Vec<usize> = segment
            .frames
            .iter()
            .enumerate()
            .filter_map(|(index, frame)| frame.is_key.then_some(index))
            .collect();
        assert_eq!(keys, [0], "a segment's first frame is its only key");
        frame_counts.push(segment.frames.len());
    }
    assert_eq!(frame_counts, [3, 3, 1]);
    let told = touchline::inspect::inspect(&pack).unwrap();
    let told = told.tracks[0]
        .streams
        .iter()
        .map(|stream| &stream.codec_string);
    assert_eq!(told.flatten().collect::<Vec<_>>(), [codec_string]);
}

#[test]
fn the_video_shows_each_image_at_its_index() {
    for (codec, encoder) in [("h264", "libx264"), ("av1", "libsvtav1")] {
        if !has_encoder(encoder) {
            continue;
        }
        let folder = capture();
        let line = format!("@/mesh --textures video --texture-codec {codec}");
        let video = pack(folder.path(), "video", &line, &Cancel::default()).unwrap();
        assert_eq!(problems(&video), Vec::<String>::new(), "{codec}");
        assert_eq!(textures(&video).len(), 1);
        let line = "@/mesh --textures images";
        let images = pack(folder.path(), "images", line, &Cancel::default()).unwrap();
        let mut seen = BTreeSet::new();
        for frame in 0..FRAME_COUNT {
            let (shown, wanted) = (drawn(&video, frame), drawn(&images, frame));
            // Quantisation and 4:2:0; another frame's colour is 100 away and more.
            let is_near = |axis: usize| shown[axis].abs_diff(wanted[axis]) <= 6;
            assert!(
                (0..3).all(is_near),
                "{codec}, frame {frame}: {shown:?} instead of {wanted:?}"
            );
            seen.insert(wanted);
        }
        assert_eq!(seen.len(), FRAME_COUNT);
    }
}

#[test]
fn the_same_images_give_the_same_bytes() {
    if !has_encoder("libx264") {
        return;
    }
    let folder = capture();
    let read = |threads: usize| {
        let line = format!("@/mesh --id x --threads {threads}");
        let name = format!("{threads}.touchline");
        fs::read(pack(folder.path(), &name, &line, &Cancel::default()).unwrap()).unwrap()
    };
    assert!(read(1) == read(3));
}

#[test]
fn one_image_for_all_frames_stays_an_image() {
    let folder = capture();
    let line = "--track path=@/mesh,texture=@/mesh/t_0.png";
    let pack = pack(folder.path(), "out", line, &Cancel::default()).unwrap();
    let codecs: Vec<CodecId> = textures(&pack).iter().map(|stream| stream.codec).collect();
    assert_eq!(codecs, [CodecId(*b"png_")]);
}

#[test]
fn a_stream_of_another_kind_than_promised_is_noticed() {
    if !has_encoder("libx264") {
        return;
    }
    let folder = capture();
    let pack = pack(folder.path(), "out", "@/mesh", &Cancel::default()).unwrap();
    let manifest = pack.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let promised = textures(&pack)[0].codec_string.clone().unwrap();
    for (other, is_sound) in [
        ("avc1.64ffff", true),
        ("avc1.640001", false),
        ("avc1.42001f", false),
    ] {
        fs::write(&manifest, text.replace(&promised, other)).unwrap();
        let found = problems(&pack);
        assert_eq!(found.is_empty(), is_sound, "{other}: {found:?}");
        assert!(found.iter().all(|text| text.contains(other)), "{found:?}");
    }
}

#[test]
fn stopping_leaves_nothing() {
    let folder = capture();
    let cancel = Cancel::default();
    cancel.cancel();
    let error = pack(folder.path(), "out", "@/mesh", &cancel).unwrap_err();
    assert!(error.downcast_ref::<Cancelled>().is_some(), "{error:#}");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn without_ffmpeg_images_remain() {
    let output = Program::new(std::env::current_exe().unwrap())
        .args(["--exact", "without_a_path", "--ignored", "--nocapture"])
        .env("PATH", "")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

#[test]
#[ignore = "run by `without_ffmpeg_images_remain`, with an empty PATH"]
fn without_a_path() {
    let folder = capture();
    let pack_with = |name, line| pack(folder.path(), name, line, &Cancel::default());
    let codecs = |pack: &Path| -> Vec<CodecId> {
        textures(pack).iter().map(|stream| stream.codec).collect()
    };
    let both = pack_with("both", "@/mesh").unwrap();
    assert_eq!(codecs(&both), [CodecId(*b"png_")]);
    let error = pack_with("video", "@/mesh --textures video").unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.contains("ffmpeg") && text.contains("--textures images"),
        "{text}"
    );
}
