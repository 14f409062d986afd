//! `cargo xtask setup`: brings a machine that has Rust and Node to where everything builds.
//!
//! Each step looks first and does nothing where nothing is missing, so it can always be run.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::paths;
use crate::tools::{self, say};

/// The release of wasm-pack that the tests were written with.
const WASM_PACK_VERSION: &str = "0.15.1";

/// The release of geckodriver that the tests were written with. Debian packages none for Firefox.
const GECKODRIVER_VERSION: &str = "0.37.1";

/// The release of cargo-fuzz that the targets were written with.
const CARGO_FUZZ_VERSION: &str = "0.13.2";

/// What for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Building the page and serving it: Rust and npm packages only.
    Build,
    /// Building, testing and fuzzing: browsers and a software GPU too.
    Test,
    /// Fuzzing: a C++ compiler too, for libFuzzer.
    Fuzz,
    /// Making the demo's media: a software GPU and ffmpeg.
    Assets,
    /// All of these.
    All,
}

impl Need {
    fn includes_test(self) -> bool {
        matches!(self, Self::Test | Self::All)
    }

    fn includes_fuzz(self) -> bool {
        self == Self::Fuzz || self.includes_test()
    }

    fn includes_assets(self) -> bool {
        matches!(self, Self::Assets | Self::All)
    }
}

/// Something that the operating system's package manager brings.
struct SystemPackage {
    name: &'static str,
    is_needed: fn(Need) -> bool,
    is_there: fn() -> bool,
}

const SYSTEM_PACKAGES: [SystemPackage; 6] = [
    SystemPackage {
        name: "chromium",
        is_needed: Need::includes_test,
        is_there: || tools::find("chromium").is_some(),
    },
    SystemPackage {
        name: "chromium-driver",
        is_needed: Need::includes_test,
        is_there: || tools::find("chromedriver").is_some(),
    },
    SystemPackage {
        name: "firefox-esr",
        is_needed: Need::includes_test,
        is_there: || tools::find("firefox-esr").is_some(),
    },
    SystemPackage {
        name: "mesa-vulkan-drivers",
        is_needed: |need| need.includes_test() || need.includes_assets(),
        is_there: || tools::lavapipe().is_some(),
    },
    SystemPackage {
        // The packer's mesh simplification and the fuzzer are C++.
        name: "g++",
        is_needed: |_| true,
        is_there: || tools::find("c++").is_some(),
    },
    SystemPackage {
        name: "ffmpeg",
        is_needed: Need::includes_assets,
        is_there: || tools::find("ffmpeg").is_some() && tools::find("ffprobe").is_some(),
    },
];

/// Installs what is missing for `need`.
///
/// # Errors
/// If something cannot be installed; the error says what to type.
pub(crate) fn setup(need: Need) -> Result<()> {
    system_packages(need)?;
    if need.includes_fuzz() {
        cargo_tool("cargo-fuzz", "cargo-fuzz", CARGO_FUZZ_VERSION)?;
    }
    if matches!(need, Need::Assets | Need::Fuzz) {
        return Ok(());
    }
    wasm_target()?;
    wasm_bindgen()?;
    if need.includes_test() {
        cargo_tool("wasm-pack", "wasm-pack", WASM_PACK_VERSION)?;
        cargo_tool("geckodriver", "geckodriver", GECKODRIVER_VERSION)?;
    }
    npm_packages()
}

fn system_packages(need: Need) -> Result<()> {
    let missing: Vec<_> = SYSTEM_PACKAGES
        .iter()
        .filter(|package| (package.is_needed)(need) && !(package.is_there)())
        .map(|package| package.name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let install = format!(
        "apt-get install --yes --no-install-recommends {}",
        missing.join(" ")
    );
    if tools::find("apt-get").is_none() {
        bail!(
            "missing programs, by their Debian names: {}",
            missing.join(" ")
        );
    }
    if !is_root() {
        bail!("Debian packages are missing; type:\n\n    sudo {install}\n\nand try again");
    }
    say(&format!(
        "Installing Debian packages: {}",
        missing.join(", ")
    ));
    let words: Vec<_> = install.split(' ').skip(1).collect();
    tools::run(tools::command("apt-get").args(["update", "--quiet"]))?;
    tools::run(
        tools::command("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(words),
    )
}

/// Whether packages can be installed without another's password.
fn is_root() -> bool {
    let user = tools::output(tools::command("id").arg("-u"));
    user.is_ok_and(|user| user.trim() == "0")
}

fn wasm_target() -> Result<()> {
    let target = "wasm32-unknown-unknown";
    let rustc = ["--print", "target-libdir", "--target", target];
    let folder = tools::output(tools::command("rustc").args(rustc))?;
    if Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    say("Adding the WebAssembly target to Rust");
    tools::run(tools::command("rustup").args(["target", "add", target])).context(
        "Rust's standard library for WebAssembly is missing; rustup, https://rustup.rs, brings it",
    )
}

fn wasm_bindgen() -> Result<()> {
    let lock = fs::read_to_string(paths::in_root("Cargo.lock")).context("reading Cargo.lock")?;
    let version = locked_version(&lock, "wasm-bindgen")
        .context("Cargo.lock has no wasm-bindgen: run `cargo generate-lockfile`")?;
    cargo_tool("wasm-bindgen", "wasm-bindgen-cli", version)
}

/// Installs a program from the registry unless that very version is there.
fn cargo_tool(program: &str, package: &str, version: &str) -> Result<()> {
    let path = tools::tools_folder().join("bin").join(program);
    if path.is_file() {
        let found = tools::output(tools::command(&path).arg("--version"))?;
        let mut words = found.lines().next().unwrap_or_default().split_whitespace();
        if words.any(|word| word == version) {
            return Ok(());
        }
    }
    say(&format!(
        "Installing {package} {version} into target/tools, once; takes minutes"
    ));
    // Not `--locked`: the lock file that wasm-bindgen-cli 0.2.130 was published with names a
    // version of a dependency that has been yanked since. Once that is mended, `--locked` is
    // the better choice.
    let mut install = tools::cargo(&["install", "--quiet", "--force", package]);
    install.args(["--version", version, "--root"]);
    install.arg(tools::tools_folder());
    // They run for seconds and are built for minutes: what they share is built once, and quickly.
    install.env("CARGO_TARGET_DIR", tools::tools_folder().join("build"));
    install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
    install.env("CARGO_PROFILE_RELEASE_LTO", "off");
    install.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    tools::run(&mut install)
}

/// The version of a package in a `Cargo.lock`.
fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    let version = lines.nth(1)?.strip_prefix("version = \"")?;
    version.strip_suffix('"')
}

fn npm_packages() -> Result<()> {
    let modified = |path: &str| fs::metadata(paths::in_root(path)).and_then(|file| file.modified());
    // npm writes the second file at the end of each installation.
    let wanted = modified("package-lock.json").context("looking at package-lock.json")?;
    let installed = modified("node_modules/.package-lock.json");
    if installed.is_ok_and(|installed| installed >= wanted) {
        return Ok(());
    }
    say("Installing npm packages into node_modules");
    tools::run(tools::command("npm").arg("ci")).context("Node 20.19 or newer is needed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_lock_file() {
        let lock = "[[package]]\nname = \"a-b\"\nversion = \"1.2.3\"\nsource = \"x\"\n\n\
                    [[package]]\nname = \"a\"\nversion = \"0.2.0\"\n";
        assert_eq!(locked_version(lock, "a"), Some("0.2.0"));
        assert_eq!(locked_version(lock, "a-b"), Some("1.2.3"));
        assert_eq!(locked_version(lock, "b"), None);
    }
}
