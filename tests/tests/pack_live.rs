//! Goal: a pack that is published while its frames arrive is at every moment what a viewer can
//! play, and in the end what `touchline pack` makes of the same frames, whatever happens on the
//! way.
//! Method: a process of its own packs what is written to a folder or to its standard input, and
//! tells what it did in lines of JSON; it is killed where it hurts. Whatever is published is
//! verified, held against what was published before, and at the end against an ordinary pack.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may panic as the test itself"
)]

mod folder;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use clap::Parser;
use folder::Folder;
use serde_json::Value;
use touchline::args::{Cli, Command as Asked, VerifyArgs};
use touchline::progress::{Audience, Cancel};
use touchline_pack::{Manifest, Reel};

/// Frames and segments alike: 25 frames a second, 5 of them in a segment.
const OPTIONS: &str = "--frame-rate 25 --segment-secs 0.2 --colour-quality exact";
/// Names the variable that holds what the packing process is to do.
const LINE: &str = "TOUCHLINE_TEST_PACK_LINE";
/// Nothing here takes so long; a test that waits for nothing must end.
const PATIENCE: Duration = Duration::from_secs(120);

/// The packing process: this test is started once more, for this alone.
#[test]
#[ignore = "started by the other tests as a process of its own"]
fn packing_process() {
    let line = std::env::var(LINE).unwrap();
    // `%` stands for a space inside a word.
    let words = line.split_whitespace().map(|word| word.replace('%', " "));
    let Asked::Pack(args) = Cli::try_parse_from(words).unwrap().command else {
        unreachable!()
    };
    let packed = touchline::pack::pack(&args, &Cancel::default(), Audience::Machine);
    let end = match packed {
        Ok(packed) => serde_json::json!({ "event": "result", "packed": packed }),
        Err(error) => serde_json::json!({ "event": "error", "text": format!("{error:#}") }),
    };
    Audience::Machine.line(&end);
}

/// A process that packs, and what it says.
struct Packer {
    child: Child,
    lines: Receiver<Value>,
}

impl Packer {
    fn start(folder: &Folder, line: &str) -> Self {
        let line = format!("touchline pack --live --threads 1 {OPTIONS} --out @/out {line}");
        let line = line.replace('@', folder.path("").to_str().unwrap());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["packing_process", "--exact", "--ignored", "--nocapture"])
            .env(LINE, line)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let (send, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            // Among them are those of the test harness.
            let texts = out.lines().map_while(Result::ok);
            let values = texts.filter_map(|text| serde_json::from_str(&text).ok());
            values.for_each(|value| drop(send.send(value)));
        });
        Self { child, lines }
    }

    /// What it says next, if it says anything more.
    fn next(&self) -> Option<Value> {
        self.lines.recv_timeout(PATIENCE).ok()
    }

    /// Waits for its next word of a kind, and returns it.
    fn wait_for(&self, event: &str) -> Value {
        loop {
            let value = self.next().unwrap_or_else(|| panic!("no {event} came"));
            if value["event"] == event {
                return value;
            }
            let is_progress = ["published", "warning"].contains(&value["event"].as_str().unwrap());
            assert!(is_progress, "{value} instead of {event}");
        }
    }

    fn wait_for_frames(&self, frame_count: u32) {
        while self.wait_for("published")["frameCount"] != frame_count {}
    }

    fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// Ends it without a word to it.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A grid of points, moved along x.
fn points_ply(frame: u32) -> Vec<u8> {
    let mut text = "ply\nformat ascii 1.0\nelement vertex 216\nproperty float x\n\
        property float y\nproperty float z\nproperty uchar red\nproperty uchar green\n\
        property uchar blue\nend_header\n"
        .to_owned();
    for index in 0..216 {
        let [i, j, k] = [index % 6, index / 6 % 6, index / 36].map(|cell| cell as f32 * 0.05);
        let x = i + frame as f32 * 0.02;
        text += &format!(
            "{x:.3} {j:.3} {k:.3} {} {} 9\n",
            index % 200,
            frame * 3 % 256
        );
    }
    text.into_bytes()
}

/// A tetrahedron that rises, as binary rows.
fn mesh_ply(frame: u32) -> Vec<u8> {
    let mut bytes = b"ply\nformat binary_little_endian 1.0\nelement vertex 4\nproperty float x\n\
        property float y\nproperty float z\nproperty float s\nproperty float t\n\
        element face 4\nproperty list uchar int vertex_indices\nend_header\n"
        .to_vec();
    let y = frame as f32 * 0.03;
    for corner in [
        [0.0, y, 0.0, 0.0, 0.0],
        [1.0, y, 0.0, 1.0, 0.0],
        [0.0, y, 1.0, 0.0, 1.0],
        [0.0, y + 1.0, 0.0, 1.0, 1.0],
    ] {
        bytes.extend(corner.into_iter().flat_map(f32::to_le_bytes));
    }
    for face in [[0_u32, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]] {
        bytes.push(3);
        bytes.extend(face.into_iter().flat_map(u32::to_le_bytes));
    }
    bytes
}

/// Puts a file in its place as a careful writer does.
fn arrive(folder: &Folder, name: &str, bytes: &[u8]) {
    folder.write("aside", bytes);
    let path = folder.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::rename(folder.path("aside"), path).unwrap();
}

fn arrive_points(folder: &Folder, frames: impl IntoIterator<Item = u32>) {
    for frame in frames {
        arrive(folder, &format!("in/f_{frame:03}.ply"), &points_ply(frame));
    }
}

/// What viewers see now; it must be sound.
fn published(folder: &Folder) -> Manifest {
    let args = VerifyArgs {
        pack: folder.path("out"),
        threads: Some(1),
        json: false,
    };
    let verified = touchline::verify::verify(&args, &Cancel::default(), Audience::Nobody).unwrap();
    assert_eq!(verified.problems, [""; 0]);
    manifest(folder, "out")
}

fn manifest(folder: &Folder, name: &str) -> Manifest {
    Manifest::parse(&fs::read(folder.path(name).join("manifest.json")).unwrap()).unwrap()
}

/// The pack has ended and is what an ordinary pack of `line` is.
fn check_end(folder: &Folder, line: &str) {
    let made = published(folder);
    assert!(!made.is_open);
    let line = format!("touchline pack --threads 1 {OPTIONS} --out @/whole {line}");
    let line = line.replace('@', folder.path("").to_str().unwrap());
    let Asked::Pack(args) = Cli::try_parse_from(line.split_whitespace())
        .unwrap()
        .command
    else {
        unreachable!()
    };
    touchline::pack::pack(&args, &Cancel::default(), Audience::Nobody).unwrap();
    let whole = manifest(folder, "whole");
    assert_eq!(made.tracks, whole.tracks);
    assert_eq!(made.frame_count, whole.frame_count);
    assert_eq!(made.bounds, whole.bounds);
    // Nothing is left beside it.
    assert_eq!(
        names_in(&folder.path("out")),
        names_in(&folder.path("whole"))
    );
}

/// All files in a folder and below, relative to it.
fn names_in(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let below = names_in(&path);
            names.extend(below.into_iter().map(|inner| format!("{name}/{inner}")));
        } else {
            names.push(name);
        }
    }
    names.sort();
    names
}

#[test]
fn segments_are_published_while_frames_arrive() {
    let folder = Folder::new("");
    fs::create_dir(folder.path("in")).unwrap();
    let packer = Packer::start(&folder, "@/in --end-file @/in/done --settle-secs 0.02");
    let mut last: Option<Manifest> = None;
    for segment in 0..3 {
        // Any order will do, from the second segment on: the lowest number is the first frame.
        let mut frames: Vec<u32> = (segment * 5..segment * 5 + 5).collect();
        if segment > 0 {
            frames.reverse();
        }
        arrive_points(&folder, frames);
        packer.wait_for_frames(segment * 5 + 5);
        let next = published(&folder);
        assert!(next.is_open);
        assert_eq!(next.frame_count, segment * 5 + 5);
        if let Some(last) = &last {
            last.check_growth(&next).unwrap();
        }
        last = Some(next);
    }
    arrive_points(&folder, 15..17);
    arrive(&folder, "in/done", b"");
    let result = packer.wait_for("result");
    assert_eq!(result["packed"]["frameCount"], 17);
    last.unwrap().check_growth(&published(&folder)).unwrap();
    check_end(&folder, "@/in");
}

#[test]
fn a_frame_that_is_half_written_is_waited_for() {
    let folder = Folder::new("");
    arrive_points(&folder, 0..7);
    let half = |frame, share: usize| {
        let bytes = points_ply(frame);
        fs::write(
            folder.path(&format!("in/f_{frame:03}.ply")),
            &bytes[..bytes.len() / share],
        )
        .unwrap();
    };
    half(7, 2);
    arrive_points(&folder, 8..10);
    let packer = Packer::start(&folder, "@/in --settle-secs 0.02 --frames 10");
    packer.wait_for_frames(5);
    let warning = packer.wait_for("warning")["text"].to_string();
    for word in ["ends early", "f_007.ply", "waiting"] {
        assert!(warning.contains(word), "{warning}");
    }
    half(7, 3);
    let warning = packer.wait_for("warning")["text"].to_string();
    assert!(warning.contains("ends early"), "{warning}");
    assert_eq!(published(&folder).frame_count, 5);
    half(7, 1);
    packer.wait_for("result");
    check_end(&folder, "@/in");
}

#[test]
fn a_frame_unlike_the_others_is_waited_for_once_viewers_watch() {
    let folder = Folder::new("");
    arrive_points(&folder, 0..10);
    let plain = String::from_utf8(points_ply(6)).unwrap();
    let plain = plain.replace("uchar red", "uchar r");
    arrive(&folder, "in/f_006.ply", plain.as_bytes());
    let packer = Packer::start(&folder, "@/in --settle-secs 0.02 --frames 10");
    packer.wait_for_frames(5);
    let warning = packer.wait_for("warning")["text"].to_string();
    for word in ["some have not", "f_006.ply", "waiting"] {
        assert!(warning.contains(word), "{warning}");
    }
    arrive_points(&folder, [6]);
    packer.wait_for("result");
    check_end(&folder, "@/in");
}

#[test]
fn what_was_killed_goes_on_where_it_was() {
    let folder = Folder::new("");
    fs::create_dir(folder.path("in")).unwrap();
    let line = "@/in --settle-secs 0.01 --frames 42";
    let mut last: Option<Manifest> = None;
    let mut arrived = 0;
    // Killed after so many milliseconds more than it took to say something: before, while and
    // after it writes.
    for (round, millis) in [0, 1, 2, 4, 7, 11, 16, 22].into_iter().enumerate() {
        let packer = Packer::start(&folder, line);
        let more = arrived + 5;
        arrive_points(&folder, arrived..more);
        arrived = more;
        if round % 2 == 0 {
            packer.wait_for("published");
        }
        std::thread::sleep(Duration::from_millis(millis));
        packer.kill();
        if !folder.path("out/manifest.json").exists() {
            continue;
        }
        let next = published(&folder);
        if let Some(last) = &last {
            last.check_growth(&next).unwrap();
        }
        last = Some(next);
    }
    // What no manifest names, as if it had been killed in the middle of a segment.
    folder.write("out/f/points-layer0-0007-00000000.seg", b"half");
    folder.write("out/f/.touchline-aside-xyz", b"half");
    arrive_points(&folder, arrived..42);
    let packer = Packer::start(&folder, line);
    packer.wait_for("result");
    last.unwrap().check_growth(&published(&folder)).unwrap();
    check_end(&folder, "@/in");
}

#[test]
fn frames_that_are_published_may_go() {
    let folder = Folder::new("");
    arrive_points(&folder, 3..10);
    let line = "@/in --settle-secs 0.01 --bounds -1%0%-1%1%2%1";
    let packer = Packer::start(&folder, line);
    packer.wait_for_frames(5);
    packer.kill();
    for frame in 3..8 {
        fs::remove_file(folder.path(&format!("in/f_{frame:03}.ply"))).unwrap();
    }
    // One before the first is too late; it must not be taken for the next.
    arrive_points(&folder, [1]);
    let packer = Packer::start(&folder, &format!("{line} --idle-secs 0"));
    let warning = packer.wait_for("warning")["text"].to_string();
    assert!(warning.contains("after the first frame"), "{warning}");
    packer.wait_for("result");
    let made = published(&folder);
    assert_eq!(made.frame_count, 7);
    assert_eq!(made.bounds.lo.x, -1.0);
    assert_eq!(made.bounds.hi.y, 2.0);
}

#[test]
fn what_leaves_the_first_box_is_shown_too() {
    let folder = Folder::new("");
    arrive_points(&folder, 0..5);
    for (frame, far) in [(5, 50), (6, 100), (7, 200), (8, 300), (9, 400)] {
        arrive(&folder, &format!("in/f_{frame:03}.ply"), &points_ply(far));
    }
    let packer = Packer::start(&folder, "@/in --settle-secs 0.02");
    packer.wait_for_frames(5);
    let first = published(&folder);
    packer.wait_for_frames(10);
    let grown = published(&folder);
    first.check_growth(&grown).unwrap();
    assert!(grown.bounds.hi.x > first.bounds.hi.x + 5.0);
    packer.kill();
    Packer::start(&folder, "@/in --settle-secs 0.02 --idle-secs 0").wait_for("result");
    check_end(&folder, "@/in");
}

#[test]
fn several_tracks_with_images_and_a_venue_grow_together() {
    let folder = Folder::new("");
    folder.write("venue.obj", "v -5 0 -5\nv 5 0 -5\nv 0 0 5\nf 1 3 2\n");
    let tracks = "--track id=body,path=@/mesh,texture=@/images/*.png,alternative=a \
        --track id=stage,path=@/venue.obj,role=venue --track id=cloud,path=@/in,alternative=a \
        --textures images";
    let line = format!("{tracks} --settle-secs 0.02");
    for name in ["mesh", "images", "in"] {
        fs::create_dir(folder.path(name)).unwrap();
    }
    let packer = Packer::start(&folder, &line);
    for frame in 0..12 {
        let image = image::RgbImage::from_pixel(8, 8, image::Rgb([frame as u8 * 20, 90, 30]));
        image.save(folder.path("aside.png")).unwrap();
        let name = format!("images/t_{frame:02}.png");
        fs::rename(folder.path("aside.png"), folder.path(&name)).unwrap();
        arrive(&folder, &format!("mesh/m_{frame:02}.ply"), &mesh_ply(frame));
        // The cloud ends a frame too early.
        if frame < 11 {
            arrive_points(&folder, [frame]);
        }
    }
    packer.wait_for_frames(10);
    let ids: Vec<String> = published(&folder)
        .tracks
        .iter()
        .map(|track| track.id.clone())
        .collect();
    assert_eq!(ids, ["body", "stage", "cloud"]);
    packer.kill();
    let packer = Packer::start(&folder, &format!("{line} --idle-secs 0.2"));
    let error = packer.wait_for("error")["text"].to_string();
    for word in ["12 and 11 frames", "--frames", "same command again"] {
        assert!(error.contains(word), "{error}");
    }
    assert!(published(&folder).is_open);
    arrive_points(&folder, [11]);
    Packer::start(&folder, &format!("{line} --idle-secs 0")).wait_for("result");
    check_end(&folder, tracks);
}

#[test]
fn the_standard_input_is_published_and_gone_through_again() {
    let folder = Folder::new("");
    let tracks = "--track id=cloud,path=@/in";
    arrive_points(&folder, 0..13);
    let line = "--track id=cloud,path=-";
    let mut packer = Packer::start(&folder, line);
    let mut stdin = packer.stdin();
    for frame in 0..8 {
        stdin.write_all(&points_ply(frame)).unwrap();
    }
    packer.wait_for_frames(5);
    let first = published(&folder);
    assert!(first.is_open);
    packer.kill();
    let mut packer = Packer::start(&folder, line);
    let mut stdin = packer.stdin();
    for frame in 0..13 {
        stdin.write_all(&points_ply(frame)).unwrap();
    }
    drop(stdin);
    packer.wait_for("result");
    first.check_growth(&published(&folder)).unwrap();
    check_end(&folder, tracks);
}

#[test]
fn a_stream_that_breaks_off_ends_nothing() {
    let folder = Folder::new("");
    let line = "--track id=body,path=-,texture=none,kind=mesh";
    for (bytes, word) in [
        (mesh_ply(5)[..300].to_vec(), "ends early"),
        (b"garbage\n".to_vec(), "header"),
    ] {
        let mut packer = Packer::start(&folder, line);
        let mut stdin = packer.stdin();
        for frame in 0..5 {
            stdin.write_all(&mesh_ply(frame)).unwrap();
        }
        stdin.write_all(&bytes).unwrap();
        drop(stdin);
        let error = packer.wait_for("error")["text"].to_string();
        assert!(error.contains(word) && error.contains("frame 5"), "{error}");
    }
    let mut packer = Packer::start(&folder, line);
    let mut stdin = packer.stdin();
    for frame in 0..6 {
        stdin.write_all(&mesh_ply(frame)).unwrap();
        arrive(&folder, &format!("mesh/m_{frame}.ply"), &mesh_ply(frame));
    }
    drop(stdin);
    packer.wait_for("result");
    check_end(&folder, "--track id=body,path=@/mesh,texture=none");
}

#[test]
fn a_gap_is_named_and_keeps_the_pack_open() {
    let folder = Folder::new("");
    arrive_points(&folder, [0, 1, 2, 3, 4, 5, 7, 8]);
    let line = "@/in --settle-secs 0.01";
    let packer = Packer::start(&folder, &format!("{line} --idle-secs 0"));
    let error = packer.wait_for("error")["text"].to_string();
    for word in ["missing", "up to 8", "f_006.ply", "same command again"] {
        assert!(error.contains(word), "{error}");
    }
    assert!(published(&folder).is_open);
    arrive_points(&folder, [6]);
    Packer::start(&folder, &format!("{line} --idle-secs 0")).wait_for("result");
    check_end(&folder, "@/in");
}

#[test]
fn another_pack_or_packer_is_refused() {
    let folder = Folder::new("");
    arrive_points(&folder, 0..5);
    let line = "@/in --settle-secs 0.01";
    let packer = Packer::start(&folder, line);
    packer.wait_for_frames(5);
    let refused = |line: &str| {
        let error = Packer::start(&folder, line).wait_for("error");
        error["text"].as_str().unwrap().to_owned()
    };
    assert!(refused(line).contains("another `touchline pack --live`"));
    packer.kill();
    let before = names_in(&folder.path("out"));
    for (other, option) in [
        ("@/in --settle-secs 0.01 --layers 2", "--layers"),
        ("@/in --settle-secs 0.01 --title Goal", "--title"),
        ("--track path=@/in,role=ball", "--track"),
        ("@/in --bounds 0%0%0%1%1%1", "--bounds"),
    ] {
        let error = refused(other);
        assert!(
            error.contains("other options") && error.contains(option),
            "{error}"
        );
    }
    assert_eq!(names_in(&folder.path("out")), before);
    // When it ends is no part of what it is.
    Packer::start(&folder, "@/in --settle-secs 0 --frames 5").wait_for("result");
    let error = refused(line);
    assert!(error.contains("something is there already"), "{error}");
    assert_eq!(names_in(&folder.path("out")).len(), before.len() - 2);
}

#[test]
fn what_cannot_grow_is_refused() {
    let folder = Folder::new("");
    arrive_points(&folder, 0..2);
    folder.write("a/x_1.ply", points_ply(0));
    folder.write("a/y_2.ply", points_ply(0));
    folder.write("mesh/m_0.ply", mesh_ply(0));
    let mixed = folder.refused("@/a"); // Nor is it an ordinary pack.
    assert!(mixed.contains("two sequences are mixed"), "{mixed}");
    for (line, expected) in [
        ("@/nowhere", &["no such folder", "make it first"][..]),
        ("@/in/f_000.ply", &["no sequence that grows", "static=true"]),
        ("@/a", &["two sequences are mixed", "pattern"]),
        (
            "@/mesh",
            &["texture coordinates", "texture=PATTERN", "m_0.ply"],
        ),
        (
            "--track path=@/in/f_000.ply,static=true",
            &["no track can grow"],
        ),
        ("--track path=-,texture=@/in", &["brings no images"]),
        ("- -", &["`-` once"]),
        (
            "@/in --reel @/elsewhere/reel.json",
            &["not below the folder of its reel"],
        ),
        ("@/in --settle-secs 0 --segment-secs 1 --layers 0", &[]),
    ] {
        if expected.is_empty() {
            assert!(Cli::try_parse_from(format!("touchline pack {line}").split(' ')).is_err());
            continue;
        }
        let line = format!("{line} --idle-secs 0 --settle-secs 0");
        let error = Packer::start(&folder, &line).wait_for("error")["text"].to_string();
        for word in expected {
            assert!(error.contains(word), "{line}: {error}");
        }
        assert!(!folder.path("out").exists(), "{line}");
    }
}

#[test]
fn a_reel_lists_packs_and_follows_them() {
    let folder = Folder::new("");
    arrive_points(&folder, 0..5);
    let reel = || Reel::parse(&fs::read(folder.path("reel.json")).unwrap()).unwrap();
    let line = "@/in --settle-secs 0.01 --reel @/reel.json --start 2026-02-14T19:30:00.5Z \
        --title Goal";
    let packer = Packer::start(&folder, line);
    packer.wait_for_frames(5);
    let [entry] = &reel().replays[..] else {
        panic!("{:?}", reel())
    };
    assert_eq!(
        (entry.id.as_str(), entry.src.as_str()),
        ("goal", "out/manifest.json")
    );
    assert_eq!(entry.start_unix_ms, Some(1_771_097_400_500.0));
    assert_eq!(entry.duration_secs, 0.2);
    packer.kill();
    arrive_points(&folder, 5..8);
    Packer::start(&folder, &format!("{line} --idle-secs 0")).wait_for("result");
    assert_eq!(reel().replays[0].duration_secs, 0.32);
    assert!(reel().is_open);
    // An ordinary pack is listed too.
    folder.pack("@/in --reel @/reel.json --id other").unwrap();
    let ids: Vec<String> = reel().replays.into_iter().map(|replay| replay.id).collect();
    assert_eq!(ids, ["goal", "other"]);
}
