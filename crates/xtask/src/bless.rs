//! `cargo xtask bless`: writes again what tests compare with.

use anyhow::Result;

use crate::tools::{self, say};

/// Runs the tests that keep golden images, generated sources, schemas and vectors, and lets them
/// write instead of compare. What changed must be looked at before it is committed.
///
/// # Errors
/// If something does not compile or cannot be written.
pub(crate) fn bless() -> Result<()> {
    say("Writing golden images, messages.ts, the manifest's schema and vectors again");
    let mut tests = tools::cargo(&["test", "--workspace", "--no-fail-fast"]);
    tests.env("BLESS", "1");
    tools::run(tools::with_software_gpu(&mut tests))?;
    say("What has changed (look at it before committing)");
    tools::run(tools::command("git").args(["status", "--short"]))
}
