//! `cargo xtask`: everything that is done to this project, in one tool.
//!
//! There are no other scripts; what CI runs is `cargo xtask test`.

mod assets;
mod bench;
mod bless;
mod build;
mod demo;
mod fuzz;
mod imports;
mod paths;
mod report;
mod setup;
mod size;
mod test;
mod tools;
mod train;
mod video;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Sets up, builds, shows, tests and measures Touchline.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Installs what building and testing need
    Setup,
    /// Builds the WebAssembly modules, the library and the demo site
    Build {
        /// Faster to build, slower and larger to run
        #[arg(long)]
        debug: bool,
    },
    /// Builds and serves the demo page
    Demo {
        /// Port to listen on; 0 takes a free one
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
    /// Makes the demo's replay and video again, into www/public/media
    DemoAssets,
    /// Runs every check and test
    Test {
        /// Leave out what needs a browser or a built page
        #[arg(long)]
        quick: bool,
    },
    /// Checks the sizes of what browsers fetch against their budgets
    Size,
    /// Measures, beside peers, and writes target/bench/report.json
    Bench {
        /// Leave out what needs a browser
        #[arg(long)]
        no_browsers: bool,
        /// Only one file of pages: page, start or relock
        #[arg(long, conflicts_with = "no_browsers")]
        pages: Option<String>,
    },
    /// Learns the trees of the points codec again from the captures; they are part of the format
    Train,
    /// Looks for bytes that break a reader; stops at the first finding
    Fuzz {
        /// How long for each target
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Only this one: points, mesh or container
        target: Option<String>,
    },
    /// Writes golden images, generated sources and vectors again; look at them before committing
    Bless,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Setup => setup::setup(setup::Need::All),
        Task::Build { debug } => build::page(build::Profile::from_debug(debug)),
        Task::Demo { port } => demo::demo(port),
        Task::DemoAssets => assets::make(),
        Task::Test { quick } => test::test(quick),
        Task::Size => size::check(),
        Task::Bench {
            pages: Some(pages), ..
        } => bench::bench_pages(&pages),
        Task::Bench { no_browsers, .. } => bench::bench(!no_browsers),
        Task::Train => train::train(),
        Task::Fuzz { seconds, target } => fuzz::fuzz(target.as_deref(), seconds),
        Task::Bless => bless::bless(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
