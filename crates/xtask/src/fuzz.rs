//! `cargo xtask fuzz`: looks for bytes that break a reader, with libFuzzer.
//!
//! What is promised and judged is in `tests/fuzz`; what is learned between runs in
//! `target/fuzz`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use crate::paths;
use crate::setup::{self, Need};
use crate::tools::{self, say};

/// The mini-workspace of the targets.
const FOLDER: &str = "tests/fuzz";
/// Where its targets are built, and what was learned is kept.
const BUILT: &str = "target/fuzz";

/// Stops a reader that hangs: a good input takes milliseconds.
const INPUT_SECONDS_MAX: u32 = 10;

/// Fuzzes one target, or each of them, for `seconds` seconds.
///
/// # Errors
/// At the first finding; the error says what to do with it.
pub(crate) fn fuzz(only: Option<&str>, seconds: u32) -> Result<()> {
    setup::setup(Need::Fuzz)?;
    for target in targets(only)? {
        say(&format!("Fuzzing {target}, {seconds} s"));
        build_and_run(&target, seconds)?;
    }
    Ok(())
}

/// The targets by their names, as the mini-workspace has them.
fn targets(only: Option<&str>) -> Result<Vec<String>> {
    let list = tools::output(tools::command("cargo-fuzz").args(["list", "--fuzz-dir", FOLDER]))?;
    let all: Vec<_> = list.lines().map(str::to_owned).collect();
    ensure!(!all.is_empty(), "there are no fuzz targets ({FOLDER})");
    let Some(only) = only else {
        return Ok(all);
    };
    ensure!(
        all.iter().any(|target| target == only),
        "the fuzz targets are {} ({only})",
        all.join(", ")
    );
    Ok(vec![only.to_owned()])
}

fn build_and_run(target: &str, seconds: u32) -> Result<()> {
    let corpus = kept_folder(&format!("{BUILT}/corpus/{target}"))?;
    // Written anew by the target itself: it knows what its inputs look like.
    let seeds = paths::fresh_folder(&format!("{BUILT}/seeds/{target}"))?;
    let mut fuzzer = tools::command("cargo-fuzz");
    // Nothing that is fuzzed holds unsafe code, so no sanitizer: inputs take half as long, and
    // stable Rust will do. Arithmetic that overflows panics in any case.
    fuzzer.args(["run", "--fuzz-dir", FOLDER, "--target-dir", BUILT]);
    fuzzer.args(["--sanitizer", "none", target]);
    fuzzer.args([&corpus, &seeds]);
    let findings = paths::in_root(&format!("{FOLDER}/findings/{target}"));
    if findings.is_dir() {
        fuzzer.arg(findings);
    }
    fuzzer.args(["--", "-verbosity=0", "-print_final_stats=1"]);
    fuzzer.arg(format!("-max_total_time={seconds}"));
    fuzzer.arg(format!("-timeout={INPUT_SECONDS_MAX}"));
    fuzzer.env("TOUCHLINE_FUZZ_SEEDS", &seeds);
    fuzzer.env("RUST_BACKTRACE", "1");
    let heard = tools::listen_to_errors(&mut fuzzer)?;
    if heard.is_success {
        return Ok(());
    }
    let finding = finding(&heard.output)
        .with_context(|| format!("fuzzing {target} failed without a finding, see above"))?;
    bail!(
        "fuzzing {target} found something:\n\n{finding}\n\n\
         To keep it as a case, move the input to {FOLDER}/findings/{target}/WHAT_WAS_WRONG; then \
         `cargo test -p touchline-tests --test findings` fails until it is mended."
    )
}

/// What went wrong and where the input lies, from all that the fuzzer said; none if there is no
/// such input.
fn finding(output: &str) -> Option<String> {
    let input = output.lines().find_map(|line| {
        line.split_once("Test unit written to ")
            .map(|(_, path)| path)
    })?;
    // A panic says more than libFuzzer's own summary, which is all there is after a hang.
    let panic = output
        .lines()
        .skip_while(|line| !line.contains(" panicked at "))
        .take_while(|line| *line != "stack backtrace:");
    let mut what: Vec<_> = panic.collect();
    if what.is_empty() {
        what.extend(output.lines().find(|line| line.contains("libFuzzer: ")));
    }
    Some(format!("{}\nInput: {input}", what.join("\n")))
}

/// Makes a folder unless it is there.
fn kept_folder(path: &str) -> Result<PathBuf> {
    let folder = paths::in_root(path);
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder ({})", folder.display()))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_read_from_what_the_fuzzer_says() {
        let input = "artifact_prefix='a/'; Test unit written to a/crash-1\nBase64: AA==";
        let panic = "INFO: -max_len\n\nthread '<unnamed>' (1) panicked at src/lib.rs:7:5:\n\
                     a brick too many\nstack backtrace:\n   0: main\n";
        for (output, wanted) in [
            (
                format!("{panic}{input}"),
                Some(
                    "thread '<unnamed>' (1) panicked at src/lib.rs:7:5:\na brick too many\n\
                     Input: a/crash-1",
                ),
            ),
            (
                format!("==1== ERROR: libFuzzer: timeout after 10 seconds\n{input}"),
                Some("==1== ERROR: libFuzzer: timeout after 10 seconds\nInput: a/crash-1"),
            ),
            ("error: it does not compile".to_owned(), None),
        ] {
            assert_eq!(finding(&output).as_deref(), wanted);
        }
    }
}
