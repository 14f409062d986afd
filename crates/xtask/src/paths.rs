//! Where things are.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The repository's top folder.
pub(crate) fn root() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = crate_folder.ancestors().nth(2);
    root.unwrap_or(crate_folder).to_owned()
}

/// A path below the repository's top folder.
pub(crate) fn in_root(path: &str) -> PathBuf {
    root().join(path)
}

/// Where Cargo unpacks crates.
pub(crate) fn crate_sources() -> PathBuf {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    home.unwrap_or_default().join("registry/src")
}

/// Where Cargo builds: `CARGO_TARGET_DIR` if set, else `target`.
///
/// What this tool makes lies in `target` in any case, where the bundler looks for it.
pub(crate) fn cargo_target() -> PathBuf {
    let chosen = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    chosen.map_or_else(|| in_root("target"), |folder| root().join(folder))
}

/// Real captures to test and measure with: `TOUCHLINE_DATA`, else `../shared/data`; none if
/// there is no such folder.
pub(crate) fn captures() -> Option<PathBuf> {
    let chosen = env::var_os("TOUCHLINE_DATA").map(PathBuf::from);
    let folder = chosen.unwrap_or_else(|| in_root("../shared/data"));
    folder.canonicalize().ok().filter(|folder| folder.is_dir())
}

/// Removes a folder if it is there, and makes it anew with its parents.
///
/// # Errors
/// If the file system refuses.
pub(crate) fn fresh_folder(path: &str) -> Result<PathBuf> {
    let folder = in_root(path);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove the folder ({})", folder.display()))?;
    }
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder ({})", folder.display()))?;
    Ok(folder)
}
