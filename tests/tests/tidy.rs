//! Goal: the rules of the house that no compiler keeps.
//! Method: read the workspace's manifests and sources as text; every breach is listed at once.
#![expect(
    clippy::expect_used,
    reason = "a test's helpers may panic as the test itself"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lines of a file at most; half of it is the aim.
const FILE_LINE_COUNT_MAX: usize = 800;
/// Lines of a function at most.
const FUNCTION_LINE_COUNT_MAX: usize = 70;
/// Characters of a line at most.
const LINE_CHAR_COUNT_MAX: usize = 100;
/// Bytes of a file at most, so that a clone stays quick.
const FILE_BYTES_MAX: u64 = 2 << 20;

/// What each package may use of the others.
const MAY_USE: &[(&str, &[&str])] = &[
    ("cli", &["codec", "pack", "render", "scene"]),
    ("codec", &["scene"]),
    ("decoder", &["codec", "scene"]),
    ("demo", &["scene"]),
    ("pack", &["scene"]),
    ("player", &["pack", "scene"]),
    ("render", &["scene"]),
    ("scene", &[]),
    (
        "tests",
        &["cli", "codec", "pack", "player", "render", "scene"],
    ),
    (
        "web",
        &["codec", "decoder", "pack", "player", "render", "scene"],
    ),
    ("xtask", &[]),
];

/// Who may name a dependency of weight.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("js-sys", &["decoder", "web"]),
    ("naga", &["render", "tests"]),
    ("wasm-bindgen", &["decoder", "web"]),
    ("wasm-bindgen-futures", &["decoder", "web"]),
    ("web-sys", &["decoder", "web"]),
    ("wgpu", &["render", "web"]),
];

#[test]
fn packages_use_only_what_the_design_allows() {
    let mut breaches = Vec::new();
    let packages = packages();
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    for (package, dependencies) in &packages {
        let Some(may_use) = allowed.get(package.as_str()) else {
            breaches.push(format!("{package} is not in the design"));
            continue;
        };
        for dependency in dependencies {
            let inner = dependency.strip_prefix("touchline-");
            if inner.is_some_and(|inner| !may_use.contains(&inner)) {
                breaches.push(format!("{package} may not use {dependency}"));
            }
        }
    }
    for &(dependency, users) in MAY_NAME {
        for (package, dependencies) in &packages {
            if dependencies.contains(dependency) && !users.contains(&package.as_str()) {
                breaches.push(format!("{package} may not name {dependency}"));
            }
        }
    }
    expect_none(&breaches);
}

#[test]
fn sources_are_short() {
    let mut breaches = Vec::new();
    for (path, text) in sources(&["rs", "wgsl", "ts"]) {
        let line_count = text.lines().count();
        if line_count > FILE_LINE_COUNT_MAX {
            breaches.push(format!("{path} has {line_count} lines"));
        }
        for (index, line) in text.lines().enumerate() {
            let char_count = line.chars().count();
            if char_count > LINE_CHAR_COUNT_MAX && !has_long_literal(line) {
                breaches.push(format!("{path}:{} has {char_count} characters", index + 1));
            }
        }
        for (line, line_count) in functions(&text) {
            if line_count > FUNCTION_LINE_COUNT_MAX {
                breaches.push(format!(
                    "{path}:{line} has a function of {line_count} lines"
                ));
            }
        }
    }
    expect_none(&breaches);
}

#[test]
fn sources_say_what_they_are_for() {
    let mut breaches = Vec::new();
    for (path, text) in sources(&["rs", "wgsl", "ts"]) {
        let starts: &[&str] = if path.ends_with(".rs") {
            &["//! "]
        } else {
            &["// ", "/**", "/// <reference"]
        };
        if !starts.iter().any(|start| text.starts_with(start)) {
            breaches.push(format!("{path} has no header"));
        }
    }
    expect_none(&breaches);
}

#[test]
fn what_is_left_to_do_has_an_owner() {
    // Put together here, so that this file passes its own test.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ];
    let owned = concat!("TO", "DO(");
    let mut breaches = Vec::new();
    for (path, text) in sources(&["rs", "wgsl", "ts", "toml", "html", "css", "js", "mjs"]) {
        for (index, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) && !line.contains(owned) {
                breaches.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    expect_none(&breaches);
}

#[test]
fn every_shader_is_used() {
    let users: String = sources(&["rs"])
        .into_iter()
        .filter(|(path, _)| path.starts_with("crates/render/src"))
        .map(|(_, text)| text)
        .collect();
    let shaders = sources(&["wgsl"]);
    assert!(!shaders.is_empty());
    let unused = shaders.iter().filter_map(|(path, _)| {
        let name = path.strip_prefix("shaders/")?;
        (!users.contains(name)).then(|| format!("{path} is in no module"))
    });
    expect_none(&unused.collect::<Vec<_>>());
}

#[test]
fn no_file_is_heavy() {
    let heavy = files().into_iter().filter_map(|path| {
        let bytes = path.metadata().ok()?.len();
        let is_heavy = bytes > FILE_BYTES_MAX;
        is_heavy.then(|| format!("{} has {bytes} bytes", shown(&path)))
    });
    expect_none(&heavy.collect::<Vec<_>>());
}

#[test]
fn no_machine_is_special() {
    let homes = ["home", "root", "Users", "work", "mnt"].map(|home| format!("/{home}/"));
    let mut breaches = Vec::new();
    let kinds = [
        "rs", "wgsl", "ts", "toml", "json", "md", "html", "css", "js", "mjs", "yml",
    ];
    for (path, text) in sources(&kinds) {
        for (index, line) in text.lines().enumerate() {
            // At the start of a path, not inside of a longer one or of a URL.
            let is_breach = homes.iter().any(|home| {
                let mut places = line.match_indices(home.as_str());
                places.any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    before.is_none_or(|before| " \"'`=(:".contains(before))
                })
            });
            if is_breach {
                breaches.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    expect_none(&breaches);
}

fn expect_none(breaches: &[String]) {
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Packages of the workspace and all their dependencies, also those for tests and targets.
fn packages() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    let name_of = |value: &serde_json::Value| value["name"].as_str().expect("a name").to_owned();
    packages
        .iter()
        .map(|package| {
            let name = name_of(package).replace("touchline-", "");
            let dependencies = package["dependencies"].as_array().expect("a list");
            (name, dependencies.iter().map(name_of).collect())
        })
        .collect()
}

/// Paths from the root and texts of the files with one of these endings.
fn sources(kinds: &[&str]) -> Vec<(String, String)> {
    let is_kind = |path: &PathBuf| {
        let kind = path.extension().and_then(|kind| kind.to_str());
        kind.is_some_and(|kind| kinds.contains(&kind))
    };
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("sources are UTF-8");
        (shown(&path), text)
    };
    files().into_iter().filter(is_kind).map(read).collect()
}

/// Every file that git keeps or would keep.
fn files() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root())
        .output()
        .expect("git runs");
    let names = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let paths = names.split('\0').filter(|name| !name.is_empty());
    let paths = paths.map(|name| root().join(name));
    paths.filter(|path| path.is_file()).collect()
}

fn shown(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap_or(path);
    path.to_string_lossy().replace('\\', "/")
}

/// Whether most of a line is one text, which is better left whole.
fn has_long_literal(line: &str) -> bool {
    let longest = line.split('"').skip(1).step_by(2).map(str::len).max();
    longest.is_some_and(|length| length > LINE_CHAR_COUNT_MAX / 2)
}

/// First lines and lengths of functions: in formatted sources they end at their own indentation.
fn functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let body = line.trim_start();
        let indentation = &line[..line.len() - body.len()];
        let words: Vec<&str> = body.split_whitespace().take(6).collect();
        let is_comment = body.starts_with("//") || body.starts_with('*');
        let is_function = words.contains(&"fn") || words.contains(&"function");
        if is_comment || !is_function {
            continue;
        }
        let close = format!("{indentation}}}");
        let end = lines[start..].iter().position(|line| *line == close);
        let is_declaration = lines[start].ends_with(';');
        if let Some(end) = end.filter(|_| !is_declaration) {
            found.push((start + 1, end + 1));
        }
    }
    found
}
