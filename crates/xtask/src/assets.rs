//! `cargo xtask demo-assets`: the demo's replay, its broadcast and its poster, made from nothing.
//!
//! The results are committed, so that the demo itself needs neither ffmpeg nor a GPU driver.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;

use crate::build;
use crate::paths;
use crate::setup::{self, Need};
use crate::tools::{self, say};
use crate::video::Video;

const MEDIA: &str = "www/public/media";
const FRAME_RATE: u32 = 25;
/// Programme date-time of frame 0, in the pack and in the stream.
const START: &str = "2026-02-14T19:30:00Z";
/// Points of the athlete: as many as fit beside everything else.
const POINT_COUNT: &str = "66000";
/// A clone and a first visit stay quick.
const MEDIA_BYTES_MAX: u64 = 8_000_000;

/// What is in the pack. The points come first: they are what a fan sees at the start.
const TRACKS: [&str; 4] = [
    "id=athlete-points,title=Points,path=athlete-points/,role=subject,alternative=athlete",
    "id=athlete-mesh,title=Mesh,path=athlete-mesh/,role=subject,alternative=athlete,shading=lit",
    "id=ball,title=Ball,path=ball-mesh/,role=ball,shading=lit",
    "id=venue,title=Stadium,path=venue-mesh/,role=venue,static=true,shading=lit",
];

/// Makes all media of the demo page again.
///
/// # Errors
/// If a tool fails, the video is not in time, or the media are larger than they may be.
pub(crate) fn make() -> Result<()> {
    setup::setup(Need::Assets)?;
    let capture = paths::fresh_folder("target/demo-capture")?;
    let frames = paths::fresh_folder("target/demo-frames")?;
    let media = paths::fresh_folder(MEDIA)?;
    let folder = media.join("video");
    fs::create_dir(&folder)?;

    say("Building the generator and the packer");
    build::native("touchline-demo", &["--release"])?;
    build::native("touchline-cli", &["--release"])?;
    say("Making the athlete, the ball and the stadium");
    let generator = tools::native_program("release", "touchline-demo");
    let points = ["--points", POINT_COUNT];
    tools::run(tools::command(generator).arg(&capture).args(points))?;
    say("Packing the replay");
    let pack = media.join("penalty");
    make_pack(&capture, &pack)?;
    say("Drawing the broadcast");
    draw_frames(&pack, &frames)?;
    say("Encoding the broadcast");
    let video = Video {
        frames: &frames,
        frame_rate: FRAME_RATE,
        start: START.parse::<Timestamp>()?,
        folder: &folder,
    };
    video.make()?;
    make_poster(&pack, &media.join("poster.jpg"))?;
    check_size(&media)
}

fn make_pack(capture: &Path, pack: &Path) -> Result<()> {
    let mut touchline = tools::touchline("release");
    touchline
        .current_dir(capture)
        .arg("pack")
        .arg("--out")
        .arg(pack);
    touchline.args(["--frame-rate", &FRAME_RATE.to_string(), "--start", START]);
    touchline.args(["--scene", "scene.json"]);
    // Shown on phones and laptops, where half of it could not be told from this.
    touchline.args(["--position-error-mm", "1"]);
    for track in TRACKS {
        touchline.args(["--track", track]);
    }
    tools::run(&mut touchline)
}

fn draw_frames(pack: &Path, frames: &Path) -> Result<()> {
    let mut touchline = tools::touchline("release");
    touchline
        .arg("render")
        .arg(pack)
        .args(["--camera", "broadcast", "--size", "1280x720"]);
    // The mesh is what a broadcast camera would see: no gaps however near it comes.
    touchline.args([
        "--track",
        "athlete-mesh",
        "--track",
        "ball",
        "--track",
        "venue",
    ]);
    touchline
        .arg("--frame-code")
        .arg("--frames-dir")
        .arg(frames);
    tools::run(tools::with_software_gpu(&mut touchline))
}

/// The pack's first preset, as the fan will see it.
fn make_poster(pack: &Path, poster: &Path) -> Result<()> {
    let picture = paths::in_root("target/demo-poster.png");
    let mut touchline = tools::touchline("release");
    touchline
        .arg("render")
        .arg(pack)
        .args(["--frame", "0", "--size", "1280x720", "--out"]);
    tools::run(tools::with_software_gpu(touchline.arg(&picture)))?;
    let mut ffmpeg = tools::command("ffmpeg");
    ffmpeg
        .args(["-hide_banner", "-loglevel", "error", "-y", "-i"])
        .arg(picture);
    tools::run(ffmpeg.args(["-q:v", "6", "-bitexact"]).arg(poster))
}

fn check_size(media: &Path) -> Result<()> {
    let mut sum_bytes = 0;
    let mut folders = vec![media.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut folder_bytes = 0;
        for entry in folder.read_dir().context("listing the media")? {
            let entry = entry?;
            if entry.metadata()?.is_dir() {
                folders.push(entry.path());
            } else {
                folder_bytes += entry.metadata()?.len();
            }
        }
        println!("{folder_bytes:>9} {}", folder.display());
        sum_bytes += folder_bytes;
    }
    println!("{sum_bytes:>9} of {MEDIA_BYTES_MAX} bytes");
    ensure!(
        sum_bytes <= MEDIA_BYTES_MAX,
        "the media are larger than they may be"
    );
    Ok(())
}
