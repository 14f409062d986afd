//! `cargo xtask build`: crates to WebAssembly, TypeScript to the library and the demo site.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::imports;
use crate::paths;
use crate::tools::{self, say};

const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// A module that browsers fetch.
struct Module {
    /// Names its folder in `target/wasm`.
    name: &'static str,
    /// The crate's library: names its files, `LIBRARY.js` and `LIBRARY_bg.wasm`.
    library: &'static str,
    /// What wasm-opt optimises for.
    level: &'static str,
}

/// All modules that browsers fetch. The decoder is small and runs hot; the engine is the reverse,
/// and what -Os and -Oz save of it before compression costs more after it (3 kB of brotli).
const MODULES: [Module; 2] = [
    Module {
        name: "engine",
        library: "touchline_web",
        level: "-O1",
    },
    Module {
        name: "decoder",
        library: "touchline_decoder",
        level: "-O3",
    },
];

/// What every browser with WebGPU has; `.cargo/config.toml` tells rustc the same.
const WASM_FEATURES: [&str; 7] = [
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// How much the compiler works.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build.
    Debug,
    /// As browsers get it.
    Release,
}

impl Profile {
    /// From the command line's flag.
    pub(crate) fn from_debug(is_debug: bool) -> Self {
        if is_debug { Self::Debug } else { Self::Release }
    }

    fn cargo_name(self) -> &'static str {
        match self {
            Self::Debug => "dev",
            Self::Release => "web",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "web",
        }
    }
}

impl Module {
    /// The module itself.
    fn wasm(&self) -> PathBuf {
        self.folder().join(format!("{}_bg.wasm", self.library))
    }

    /// The JavaScript around it.
    fn glue(&self) -> PathBuf {
        self.folder().join(format!("{}.js", self.library))
    }

    fn folder(&self) -> PathBuf {
        paths::in_root("target/wasm").join(self.name)
    }
}

/// Builds all that a browser needs, into `target/wasm`, `target/www/lib` and `target/site`.
///
/// # Errors
/// If a step fails; its output is on the terminal.
pub(crate) fn page(profile: Profile) -> Result<()> {
    say("Building the engine and the decoder for WebAssembly");
    let flags = format!(
        "target.{WASM_TARGET}.rustflags=['--remap-path-prefix={}/=']",
        paths::crate_sources().display()
    );
    // No page needs to know where this machine keeps its crates.
    tools::run(tools::cargo(&["build", "--target", WASM_TARGET]).args([
        "--config",
        &flags,
        "--profile",
        profile.cargo_name(),
        "--package",
        "touchline-web",
        "--package",
        "touchline-decoder",
    ]))?;
    for module in &MODULES {
        bind(module, profile)?;
    }
    say("Bundling the element, the workers and the demo page");
    tools::run(tools::command("npm").args(["run", "--silent", "build"]))?;
    tools::run(tools::command("npm").args(["run", "--silent", "build:demo"]))
}

/// Builds a native program of a package.
///
/// # Errors
/// If it does not compile.
pub(crate) fn native(package: &str, arguments: &[&str]) -> Result<()> {
    tools::run(tools::cargo(&["build", "--package", package]).args(arguments))
}

/// Makes a module's JavaScript glue, and optimises the module unless debugging.
fn bind(module: &Module, profile: Profile) -> Result<()> {
    let compiled = paths::cargo_target()
        .join(WASM_TARGET)
        .join(profile.folder())
        .join(format!("{}.wasm", module.library));
    let mut bindgen = tools::command("wasm-bindgen");
    // The page says where the module is; a path in the glue would make bundlers ship it twice.
    bindgen.args(["--target", "web", "--omit-default-module-path", "--out-dir"]);
    tools::run(bindgen.arg(module.folder()).arg(compiled))?;
    imports::shorten(&module.wasm(), &module.glue())?;
    if profile == Profile::Release {
        optimise(&module.wasm(), module.level)?;
    }
    Ok(())
}

fn optimise(wasm: &Path, level: &str) -> Result<()> {
    // Written aside: an interrupted run must not leave half a module under the good name.
    let aside = wasm.with_extension("opt");
    let mut wasm_opt = tools::from_npm("wasm-opt");
    wasm_opt.arg(level).args(WASM_FEATURES);
    wasm_opt.args(["--strip-producers", "--strip-target-features", "--output"]);
    tools::run(wasm_opt.arg(&aside).arg(wasm))?;
    fs::rename(&aside, wasm).with_context(|| format!("cannot replace {}", wasm.display()))
}
