//! Writes the demo's scene as capture files.

use std::path::PathBuf;

use clap::Parser;
use touchline_demo::{Options, generate};

/// Writes the demo's scene as capture files that `touchline pack` reads.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Folder to write into.
    out_dir: PathBuf,
    /// Points in a frame, about.
    #[arg(long, default_value_t = Options::default().point_count)]
    points: u32,
    /// Frames of the 8 s action.
    #[arg(long, default_value_t = Options::default().frame_count)]
    frames: u32,
    /// Colours the crowd.
    #[arg(long, default_value_t = Options::default().seed)]
    seed: u32,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    generate(
        &arguments.out_dir,
        &Options {
            point_count: arguments.points,
            frame_count: arguments.frames,
            seed: arguments.seed,
        },
    )
}
