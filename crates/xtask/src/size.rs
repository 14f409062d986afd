//! `cargo xtask size`: what browsers fetch, against its budgets.
//!
//! Counted on the safe side: the modules' glue is counted as wasm-bindgen wrote it, not minified,
//! and again inside the worker scripts that the bundler put it into.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::build;
use crate::paths;
use crate::report::Report;

/// Files that are fetched for one thing, and how large they may be together.
struct Part {
    name: &'static str,
    what: &'static str,
    files: fn() -> Result<Vec<PathBuf>>,
    brotli_bytes_max: usize,
}

/// The engine and decoder budgets are a fan's first second on a slow phone network; what peers
/// weigh is in hundreds of kB to tens of MB.
const PARTS: [Part; 3] = [
    Part {
        name: "engine",
        what: "engine wasm and glue",
        files: || Ok(module_files("engine")),
        brotli_bytes_max: 150_000,
    },
    Part {
        name: "decoder",
        what: "decoder wasm and glue",
        files: || Ok(module_files("decoder")),
        brotli_bytes_max: 60_000,
    },
    Part {
        name: "element",
        what: "element and worker scripts",
        files: library_scripts,
        brotli_bytes_max: 30_000,
    },
];

/// Sizes of one part, each file compressed by itself, as servers do.
#[derive(Default)]
struct Size {
    raw_bytes: usize,
    gzip_bytes: usize,
    brotli_bytes: usize,
}

/// Prints the sizes.
///
/// # Errors
/// If a part is over its budget or has not been built.
pub(crate) fn check() -> Result<()> {
    println!(
        "{:28} {:>9} {:>9} {:>9} {:>9}",
        "", "raw", "gzip", "brotli", "budget"
    );
    let mut too_large = Vec::new();
    for part in &PARTS {
        let size = measure(part)?;
        println!(
            "{:28} {:>9} {:>9} {:>9} {:>9}",
            part.what, size.raw_bytes, size.gzip_bytes, size.brotli_bytes, part.brotli_bytes_max
        );
        if size.brotli_bytes > part.brotli_bytes_max {
            too_large.push(part.what);
        }
    }
    ensure!(
        too_large.is_empty(),
        "over budget: {}",
        too_large.join(", ")
    );
    Ok(())
}

/// Notes the sizes in a report.
///
/// # Errors
/// If a part has not been built.
pub(crate) fn measure_into(report: &mut Report) -> Result<()> {
    for part in &PARTS {
        let size = measure(part)?;
        report.note(
            format!("size.{}_raw_bytes", part.name),
            size.raw_bytes as f64,
        );
        report.note(
            format!("size.{}_gzip_bytes", part.name),
            size.gzip_bytes as f64,
        );
        report.note(
            format!("size.{}_brotli_bytes", part.name),
            size.brotli_bytes as f64,
        );
    }
    Ok(())
}

fn measure(part: &Part) -> Result<Size> {
    let mut sum = Size::default();
    for path in (part.files)()? {
        let bytes = fs::read(&path).with_context(|| {
            format!(
                "run `cargo xtask build` first ({} is missing)",
                path.display()
            )
        })?;
        sum.raw_bytes += bytes.len();
        sum.gzip_bytes += gzip_bytes(&bytes)?;
        sum.brotli_bytes += brotli_bytes(&bytes)?;
    }
    Ok(sum)
}

fn module_files(name: &str) -> Vec<PathBuf> {
    let module = build::MODULES.iter().find(|module| module.name == name);
    module.map_or_else(Vec::new, |module| vec![module.wasm(), module.glue()])
}

/// All scripts of the library that a page loads.
fn library_scripts() -> Result<Vec<PathBuf>> {
    let mut scripts = Vec::new();
    scripts_below(&paths::in_root("target/www/lib"), &mut scripts)?;
    scripts.sort();
    ensure!(
        !scripts.is_empty(),
        "no scripts in target/www/lib: run `cargo xtask build` first"
    );
    Ok(scripts)
}

fn scripts_below(folder: &Path, scripts: &mut Vec<PathBuf>) -> Result<()> {
    let entries = folder
        .read_dir()
        .with_context(|| format!("run `cargo xtask build` first ({})", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            scripts_below(&path, scripts)?;
        } else if path.extension().is_some_and(|extension| extension == "js") {
            scripts.push(path);
        }
    }
    Ok(())
}

fn gzip_bytes(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

/// At the highest quality, as files that never change are compressed: once.
fn brotli_bytes(bytes: &[u8]) -> Result<usize> {
    let mut compressed = Vec::new();
    let options = brotli::enc::BrotliEncoderParams::default();
    let mut input = bytes;
    brotli::BrotliCompress(&mut input, &mut compressed, &options)?;
    Ok(compressed.len())
}
