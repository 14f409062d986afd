//! Other programs: how they are found, called and listened to.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::paths;

/// Says what happens next, in plain words.
pub(crate) fn say(what: &str) {
    println!("\n== {what}");
}

/// A command that runs in the repository's top folder and finds the tools of `setup` first.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(paths::root())
        .env("PATH", search_path());
    command
}

/// `cargo` with these arguments.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = command(cargo);
    command.args(arguments);
    command
}

/// A program of an npm package.
pub(crate) fn from_npm(program: &str) -> Command {
    command(paths::in_root("node_modules/.bin").join(program))
}

/// The project's own `touchline`, built by [`crate::build::native`].
pub(crate) fn touchline(profile_folder: &str) -> Command {
    command(native_program(profile_folder, "touchline"))
}

/// A native program that Cargo has built.
pub(crate) fn native_program(profile_folder: &str, name: &str) -> PathBuf {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    paths::cargo_target().join(profile_folder).join(file)
}

/// Runs to the end, with output and errors on the terminal.
///
/// # Errors
/// If the program is not there or reports failure; the error holds its command line.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| not_started(command))?;
    if !status.success() {
        bail!("{status} ({})", command_line(command));
    }
    Ok(())
}

/// Runs to the end and returns what it wrote to its standard output.
///
/// # Errors
/// As [`run`].
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| not_started(command))?;
    if !output.status.success() {
        bail!("{} ({})", output.status, command_line(command));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What a program said, and how it ended.
pub(crate) struct Heard {
    /// All of what was listened to.
    pub(crate) output: String,
    /// It reported success.
    pub(crate) is_success: bool,
}

/// Runs to the end with its standard output on the terminal and in the answer.
///
/// # Errors
/// If the program is not there.
pub(crate) fn listen(command: &mut Command) -> Result<Heard> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| not_started(command))?;
    let output = pass_on(child.stdout.take(), std::io::stdout())?;
    Ok(Heard {
        output,
        is_success: child.wait()?.success(),
    })
}

/// As [`listen`], with its standard error.
///
/// # Errors
/// If the program is not there.
pub(crate) fn listen_to_errors(command: &mut Command) -> Result<Heard> {
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| not_started(command))?;
    let output = pass_on(child.stderr.take(), std::io::stderr())?;
    Ok(Heard {
        output,
        is_success: child.wait()?.success(),
    })
}

/// Writes each line as it comes, and returns all.
fn pass_on(from: Option<impl Read>, mut to: impl Write) -> Result<String> {
    let mut heard = String::new();
    for line in from
        .into_iter()
        .flat_map(|from| BufReader::new(from).split(b'\n'))
    {
        let line = String::from_utf8_lossy(&line?).into_owned();
        writeln!(to, "{line}")?;
        heard.push_str(&line);
        heard.push('\n');
    }
    Ok(heard)
}

/// Where a program is, looked for as [`command`] does.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let file = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&search_path())
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file())
}

/// Where `setup` puts the tools that Cargo builds.
pub(crate) fn tools_folder() -> PathBuf {
    paths::in_root("target/tools")
}

/// Lavapipe's driver file, which makes Vulkan run on any processor.
pub(crate) fn lavapipe() -> Option<PathBuf> {
    let folders = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
    folders
        .iter()
        .filter_map(|folder| Path::new(folder).read_dir().ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("lvp_icd") && name.ends_with(".json")
        })
}

/// Points a command at lavapipe unless the caller chose a Vulkan driver: pictures are compared
/// with ones that it drew.
pub(crate) fn with_software_gpu(command: &mut Command) -> &mut Command {
    match (env::var_os("VK_ICD_FILENAMES"), lavapipe()) {
        (None, Some(driver)) => command.env("VK_ICD_FILENAMES", driver),
        _ => command,
    }
}

fn search_path() -> OsString {
    let given = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(tools_folder().join("bin")).chain(env::split_paths(&given));
    env::join_paths(folders).unwrap_or(given)
}

fn not_started(command: &Command) -> String {
    format!("cannot start `{}`: is it installed?", command_line(command))
}

fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
