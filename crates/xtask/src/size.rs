//! `cargo xtask size`: what browsers fetch, against its budgets.
//!
//! Counted as shipped, in `target/www/lib`: a module's glue is in its worker's script, so those
//! scripts count with their modules, and once more with the element.

use std::fs;
use std::io::Write;

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::paths;
use crate::report::Report;

/// Files that are fetched for one thing, and how large they may be together.
struct Part {
    name: &'static str,
    what: &'static str,
    files: &'static [&'static str],
    brotli_bytes_max: usize,
}

/// Where the published library is built.
const LIBRARY: &str = "target/www/lib";

/// The engine and decoder budgets are a fan's first second on a slow phone network; what peers
/// weigh is in hundreds of kB to tens of MB.
const PARTS: [Part; 3] = [
    Part {
        name: "engine",
        what: "engine wasm and glue",
        files: &["engine.wasm", "engine-worker.js"],
        brotli_bytes_max: 150_000,
    },
    Part {
        name: "decoder",
        what: "decoder wasm and glue",
        files: &["decoder.wasm", "decode-worker.js"],
        brotli_bytes_max: 60_000,
    },
    Part {
        name: "element",
        what: "element and worker scripts",
        files: &["touchline.js", "engine-worker.js", "decode-worker.js"],
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
    for name in part.files {
        let path = paths::in_root(LIBRARY).join(name);
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
