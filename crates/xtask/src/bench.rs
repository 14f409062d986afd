//! `cargo xtask bench`: figures of ours and of peers, taken in the same run.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::build::{self, Profile};
use crate::paths;
use crate::report::Report;
use crate::setup::{self, Need};
use crate::size;
use crate::tools::{self, say};

/// A capture to pack and decode.
struct Sample {
    /// In the names of its figures.
    name: &'static str,
    /// `points` or `mesh`.
    kind: &'static str,
    /// Its folder: among the captures, or where the demo's generator wrote.
    folder: &'static str,
    /// Frames a second.
    frame_rate: &'static str,
    /// Each frame stands for itself, as if its topology were new.
    is_all_keys: bool,
}

const CAPTURED: [Sample; 5] = [
    Sample {
        name: "loot_vox10",
        kind: "points",
        folder: "loot/vox10",
        frame_rate: "30",
        is_all_keys: false,
    },
    Sample {
        name: "loot_vox9",
        kind: "points",
        folder: "loot/vox9",
        frame_rate: "30",
        is_all_keys: false,
    },
    Sample {
        name: "liam",
        kind: "mesh",
        folder: "liam",
        frame_rate: "25",
        is_all_keys: false,
    },
    Sample {
        name: "liam_keys",
        kind: "mesh",
        folder: "liam",
        frame_rate: "25",
        is_all_keys: true,
    },
    Sample {
        name: "kick",
        kind: "mesh",
        folder: "kick",
        frame_rate: "30",
        is_all_keys: false,
    },
];

const GENERATED: [Sample; 2] = [
    Sample {
        name: "demo",
        kind: "points",
        folder: "athlete-points",
        frame_rate: "25",
        is_all_keys: false,
    },
    Sample {
        name: "demo",
        kind: "mesh",
        folder: "athlete-mesh",
        frame_rate: "25",
        is_all_keys: false,
    },
];

const BROWSERS: [&str; 2] = ["chromium", "firefox"];

/// Names of the report that nothing here measures, and why.
const UNMEASURED: [(&str, &str); 3] = [
    ("size.fallback_*", "there is no fallback build"),
    ("draw.*", "not measured yet"),
    (
        "main_thread.long_tasks.firefox",
        "Firefox does not tell of long tasks",
    ),
];

/// Measures what one of `tests/bench`'s files of pages does, in both browsers; the report of the
/// whole stays as it is.
///
/// # Errors
/// If something does not build, or a page cannot be measured.
pub(crate) fn bench_pages(file: &str) -> Result<()> {
    setup::setup(Need::Test)?;
    build::page(Profile::Release)?;
    build::native("touchline-cli", &["--release"])?;
    build::native("touchline-demo", &["--release"])?;
    std::fs::create_dir_all(paths::in_root("target/bench"))?;
    let mut report = Report::default();
    for browser in BROWSERS {
        say(&format!("Measuring {file} in {browser}"));
        measure_pages(browser, Some(file), &mut report)?;
    }
    println!("\n{}", report.table());
    Ok(())
}

/// Measures everything that can be measured here, prints a table and writes
/// `target/bench/report.json`.
///
/// A measurement that fails costs its own figures: they are absent, and the table says why.
///
/// # Errors
/// If something does not build, or the report cannot be written.
pub(crate) fn bench(with_browsers: bool) -> Result<()> {
    setup::setup(if with_browsers {
        Need::Test
    } else {
        Need::Build
    })?;
    build::page(Profile::Release)?;
    say("Building the packer and the demo's generator");
    build::native("touchline-cli", &["--release"])?;
    build::native("touchline-demo", &["--release"])?;
    let folder = paths::fresh_folder("target/bench")?;
    let mut report = Report::default();
    for (what, why) in UNMEASURED {
        report.miss(what, why);
    }
    size::measure_into(&mut report)?;
    for (captures, sample) in samples(&folder, &mut report)? {
        let Sample { name, kind, .. } = sample;
        say(&format!("Measuring {kind} of {name}"));
        if let Err(error) = measure_codec(&captures, &sample, &folder, &mut report) {
            report.miss(format!("{kind}.{name}"), format!("{error:#}"));
        }
    }
    say("Simulating fans on slow and fast networks");
    if let Err(error) = measure_player(&mut report) {
        report.miss("player", format!("{error:#}"));
    }
    for browser in BROWSERS {
        if !with_browsers {
            report.miss(browser, "left out, as asked");
            continue;
        }
        say(&format!("Measuring pages in {browser}"));
        if let Err(error) = measure_pages(browser, None, &mut report) {
            report.miss(browser, format!("{error:#}"));
        }
    }
    let path = folder.join("report.json");
    report.write(&path)?;
    println!("\n{}\nwritten to {}", report.table(), path.display());
    Ok(())
}

/// Captures and where they are.
fn samples(folder: &Path, report: &mut Report) -> Result<Vec<(PathBuf, Sample)>> {
    say("Making the demo's capture");
    let generated = folder.join("demo-capture");
    let generator = tools::native_program("release", "touchline-demo");
    // A second of it: rates and sizes are a frame's.
    tools::run(
        tools::command(generator)
            .arg(&generated)
            .args(["--frames", "25"]),
    )?;
    let mut samples: Vec<_> = GENERATED
        .into_iter()
        .map(|sample| (generated.clone(), sample))
        .collect();
    match paths::captures() {
        Some(captures) => {
            samples.extend(
                CAPTURED
                    .into_iter()
                    .map(|sample| (captures.clone(), sample)),
            );
        }
        None => report.miss(
            "real captures",
            "none here; set TOUCHLINE_DATA to their folder",
        ),
    }
    Ok(samples)
}

/// Packs a capture natively, decodes it in WebAssembly under Node, and lets peers do the same.
fn measure_codec(
    captures: &Path,
    sample: &Sample,
    folder: &Path,
    report: &mut Report,
) -> Result<()> {
    let Sample { name, kind, .. } = sample;
    let frames = captures.join(sample.folder);
    ensure!(frames.is_dir(), "no such folder ({})", frames.display());
    let pack = folder.join(format!("{kind}-{name}"));
    let began = Instant::now();
    make_pack(&frames, sample, &pack)?;
    let encode_secs = began.elapsed().as_secs_f64();
    report.note(
        format!("{kind}.{name}.encode_frames_per_s"),
        frames_in(&frames)? as f64 / encode_secs,
    );
    let script = |file: &str| {
        let mut node = tools::command("node");
        node.arg(paths::in_root("tests/bench").join(file));
        node
    };
    let mut ours = script("decode.mjs");
    ours.args([kind, name]).args([&pack, &frames]);
    if *kind == "points" {
        let blank = folder.join(format!("{kind}-{name}-blank"));
        let blank_frames = blank.join("capture");
        tools::run(script("blank.mjs").args([&frames, &blank_frames]))?;
        make_pack(&blank_frames, sample, &blank.join("pack"))?;
        ours.arg(blank.join("pack"));
    }
    report.note_json(&tools::output(&mut ours)?)?;
    let mut peers = script("peers.mjs");
    peers.args([kind, name]).args([&pack, &frames]);
    report.note_json(&tools::output(&mut peers)?)
}

fn make_pack(frames: &Path, sample: &Sample, pack: &Path) -> Result<()> {
    let mut touchline = tools::touchline("release");
    // Geometry is measured here: making videos would take its time.
    touchline.args(["pack", "--textures", "images"]);
    touchline.args(["--frame-rate", sample.frame_rate]);
    if sample.is_all_keys {
        // The shortest: a segment a frame.
        touchline.args(["--segment-secs", "0.05"]);
    }
    tools::run(touchline.arg("--out").arg(pack).arg(frames))
}

fn frames_in(folder: &Path) -> Result<usize> {
    let mut frame_count = 0;
    for entry in folder.read_dir()? {
        let is_frame = entry?
            .path()
            .extension()
            .is_some_and(|extension| extension == "ply");
        frame_count += usize::from(is_frame);
    }
    Ok(frame_count)
}

/// What the player makes of networks that exist only as numbers.
fn measure_player(report: &mut Report) -> Result<()> {
    let words = [
        "run",
        "--quiet",
        "--package",
        "touchline-tests",
        "--bin",
        "simulate",
    ];
    report.note_json(&tools::output(&mut tools::cargo(&words))?)
}

/// What a browser's pages cost and how well they keep step; each figure counts that was written
/// before something failed.
///
/// - `file`: the one of `tests/bench`'s files that is run; all, if none is named.
fn measure_pages(browser: &str, file: Option<&str>, report: &mut Report) -> Result<()> {
    let mut vitest = tools::from_npm("vitest");
    vitest.args([
        "run",
        "--config",
        "tests/bench/vitest.config.ts",
        "--project",
        browser,
    ]);
    vitest.args(file);
    let figures = paths::in_root(&format!("target/bench/page-{browser}.json"));
    if figures.is_file() {
        std::fs::remove_file(&figures)?;
    }
    vitest
        .env("TOUCHLINE", tools::native_program("release", "touchline"))
        .env(
            "TOUCHLINE_DEMO",
            tools::native_program("release", "touchline-demo"),
        )
        .env("TOUCHLINE_FIGURES", &figures);
    let run = tools::run(tools::with_software_gpu(&mut vitest));
    if figures.is_file() {
        report.note_json(&std::fs::read_to_string(figures)?)?;
    }
    run
}
