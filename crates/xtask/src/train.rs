//! `cargo xtask train`: the learnt trees of the points codec, made again from the captures.

use std::fs;

use anyhow::{Context, Result};

use crate::paths;
use crate::tools::{self, say};

/// Part of the format, FORMAT.md 5.4.
const TREES: &str = "crates/codec/src/points/shape.bin";

/// Learns the trees and says whether they are what they were.
///
/// # Errors
/// If there are no captures, or one of them cannot be read.
pub(crate) fn train() -> Result<()> {
    let captures = paths::captures()
        .context("there are no captures to learn from: name their folder in TOUCHLINE_DATA")?;
    let path = paths::in_root(TREES);
    let before = fs::read(&path).with_context(|| format!("cannot read ({TREES})"))?;
    say("Learning from the captures; takes minutes");
    let example = [
        "run",
        "--release",
        "--package",
        "touchline-codec",
        "--features",
        "encode",
        "--example",
        "train",
        "--",
    ];
    tools::run(tools::cargo(&example).arg(captures).arg(&path))?;
    let is_same = fs::read(&path).is_ok_and(|after| after == before);
    say(if is_same {
        "The trees are what they were"
    } else {
        "The trees are new: packs of points made before can no longer be read"
    });
    Ok(())
}
