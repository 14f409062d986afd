//! `cargo xtask demo`: from a fresh clone to the moving picture.

use anyhow::Result;

use crate::build::{self, Profile};
use crate::setup::{self, Need};
use crate::tools::{self, say};

/// Builds the demo page and serves it until Ctrl-C.
///
/// # Errors
/// If something cannot be installed or built, or the port is taken.
pub(crate) fn demo(port: u16) -> Result<()> {
    setup::setup(Need::Build)?;
    build::page(Profile::Release)?;
    say("Building the server");
    build::native("touchline-cli", &[])?;
    say("The demo is ready: open the address below in a browser with WebGPU; Ctrl-C ends it");
    let port = port.to_string();
    tools::run(tools::touchline("debug").args(["serve", "target/site", "--port", &port]))
}
