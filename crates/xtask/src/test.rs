//! `cargo xtask test`: every check and test, cheapest first, to the first failure.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::build::{self, Profile};
use crate::fuzz;
use crate::setup::{self, Need};
use crate::size;
use crate::tools::{self, listen, run};

/// How many tests ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    passed_count: u32,
    failed_count: u32,
}

/// One check.
struct Step {
    name: &'static str,
    /// What to do when it fails.
    advice: &'static str,
    /// Needs neither a browser nor a built page.
    is_quick: bool,
    run: fn() -> Result<Tally>,
}

const STEPS: [Step; 15] = [
    Step {
        name: "setup",
        advice: "do what the line above says",
        is_quick: true,
        run: || check(setup::setup(Need::Test)),
    },
    Step {
        name: "rustfmt",
        advice: "run `cargo fmt --all`, for the fuzz targets `cargo fmt` in their folder",
        is_quick: true,
        run: || check(rustfmt()),
    },
    Step {
        name: "clippy, native",
        advice: "mend what clippy names; every exception needs a reason",
        is_quick: true,
        run: || clippy(&["--workspace", "--all-targets"]),
    },
    Step {
        name: "clippy, WebAssembly",
        advice: "mend what clippy names; every exception needs a reason",
        is_quick: true,
        run: || {
            let packages = [
                "--package",
                "touchline-web",
                "--package",
                "touchline-decoder",
            ];
            let target = ["--all-targets", "--target", "wasm32-unknown-unknown"];
            clippy(&[packages.as_slice(), target.as_slice()].concat())
        },
    },
    Step {
        name: "TypeScript types",
        advice: "mend what tsc names",
        is_quick: true,
        run: || {
            check(run(tools::command("npm").args([
                "run",
                "--silent",
                "typecheck",
            ])))
        },
    },
    Step {
        name: "TypeScript units",
        advice: "run `npm test` for this alone",
        is_quick: true,
        run: || tests(vitest(&["--dir", "www"]), vitest_tally),
    },
    Step {
        name: "Rust documentation",
        advice: "mend the links that rustdoc names",
        is_quick: true,
        run: || {
            let mut doc = tools::cargo(&["doc", "--workspace", "--no-deps", "--quiet"]);
            check(run(doc.env("RUSTDOCFLAGS", "-D warnings")))
        },
    },
    Step {
        name: "Rust tests",
        advice: "run `cargo test -p PACKAGE NAME` for one; `cargo xtask bless` if what is \
                 compared with was meant to change",
        is_quick: true,
        run: || {
            let mut cargo = tools::cargo(&["test", "--workspace"]);
            tools::with_software_gpu(&mut cargo);
            tests(cargo, libtest_tally)
        },
    },
    Step {
        name: "fuzzing",
        advice: "do with the input as said; `cargo xtask fuzz TARGET` runs one target",
        is_quick: false,
        run: || check(fuzz::fuzz(None, FUZZ_SECONDS)),
    },
    Step {
        name: "build of the page",
        advice: "run `cargo xtask build` for this alone",
        is_quick: false,
        run: || check(build::page(Profile::Release)),
    },
    Step {
        name: "size budgets",
        advice: "find what grew (`cargo xtask size`) and make it smaller",
        is_quick: false,
        run: || check(size::check()),
    },
    Step {
        name: "WebAssembly tests, Chromium",
        advice: "the panic is above; `wasm-pack test --headless --chrome crates/web` is one of them",
        is_quick: false,
        run: || wasm_tests("--chrome"),
    },
    Step {
        name: "WebAssembly tests, Firefox",
        advice: "the panic is above; `wasm-pack test --headless --firefox crates/web` is one of them",
        is_quick: false,
        run: || wasm_tests("--firefox"),
    },
    Step {
        name: "page tests, Chromium",
        advice: "pictures of failures are in target/browser-tests; tests/browser/README.md says \
                 how to run one test",
        is_quick: false,
        run: || page_tests("chromium"),
    },
    Step {
        name: "page tests, Firefox",
        advice: "pictures of failures are in target/browser-tests; tests/browser/README.md says \
                 how to run one test",
        is_quick: false,
        run: || page_tests("firefox"),
    },
];

/// How long each of the three fuzz targets runs: a minute together.
const FUZZ_SECONDS: u32 = 20;

/// Crates with tests that run inside a browser.
const WASM_TEST_CRATES: [&str; 2] = ["crates/decoder", "crates/web"];

/// Runs all steps, or the quick ones.
///
/// # Errors
/// At the first step that fails. The last line on the standard output is always
/// `N passed, N failed`, counting tests; a check that fails counts as one.
pub(crate) fn test(is_quick: bool) -> Result<()> {
    let steps: Vec<_> = STEPS
        .iter()
        .filter(|step| step.is_quick || !is_quick)
        .collect();
    let mut sum = Tally::default();
    let mut lines = Vec::new();
    let mut failure = None;
    for (index, step) in steps.iter().enumerate() {
        println!("\n== {} of {}: {}", index + 1, steps.len(), step.name);
        let began = Instant::now();
        let result = (step.run)();
        let tally = result.as_ref().copied().unwrap_or(FAILED_CHECK);
        sum.passed_count += tally.passed_count;
        sum.failed_count += tally.failed_count;
        lines.push(line(step.name, began.elapsed(), tally));
        let is_failed = tally.failed_count > 0;
        if is_failed {
            let error = result.err().map(|error| format!("{error:#}"));
            failure = Some((step, error.unwrap_or_else(|| "tests failed".to_owned())));
            break;
        }
    }
    println!("\n{}\n", lines.join("\n"));
    if let Some((step, error)) = &failure {
        println!("{}: {error}\nWhat to do: {}\n", step.name, step.advice);
    }
    println!("{} passed, {} failed", sum.passed_count, sum.failed_count);
    ensure!(failure.is_none(), "not everything passes");
    Ok(())
}

const FAILED_CHECK: Tally = Tally {
    passed_count: 0,
    failed_count: 1,
};

fn line(name: &str, taken: Duration, tally: Tally) -> String {
    let verdict = if tally.failed_count > 0 {
        "FAILED"
    } else {
        "ok"
    };
    let tests = match tally.passed_count + tally.failed_count {
        0 => String::new(),
        count => format!("{count} tests"),
    };
    let line = format!(
        "{verdict:6}  {name:28} {:7.1} s  {tests}",
        taken.as_secs_f64()
    );
    line.trim_end().to_owned()
}

/// A step that has no tests to count.
fn check(result: Result<()>) -> Result<Tally> {
    result.map(|()| Tally::default())
}

/// The fuzz targets are a workspace of their own.
fn rustfmt() -> Result<()> {
    run(&mut tools::cargo(&["fmt", "--all", "--check"]))?;
    let targets = ["--manifest-path", "tests/fuzz/Cargo.toml"];
    run(tools::cargo(&["fmt", "--check"]).args(targets))
}

fn clippy(arguments: &[&str]) -> Result<Tally> {
    let mut clippy = tools::cargo(&["clippy", "--quiet"]);
    check(run(clippy
        .args(arguments)
        .args(["--", "--deny", "warnings"])))
}

/// Runs tests and counts them; fails where the program failed without naming a failed test.
fn tests(mut command: std::process::Command, tally: fn(&str) -> Tally) -> Result<Tally> {
    let heard = listen(&mut command)?;
    let tally = tally(&heard.output);
    if !heard.is_success && tally.failed_count == 0 {
        bail!("the tests could not be run to their end; the reason is above");
    }
    ensure!(tally != Tally::default(), "no test was run");
    Ok(tally)
}

fn vitest(arguments: &[&str]) -> std::process::Command {
    let mut vitest = tools::from_npm("vitest");
    vitest.arg("run").args(arguments).env("NO_COLOR", "1");
    vitest
}

fn wasm_tests(browser: &str) -> Result<Tally> {
    let mut sum = Tally::default();
    for folder in WASM_TEST_CRATES {
        let mut wasm_pack = tools::command("wasm-pack");
        wasm_pack.args([
            "test",
            "--mode",
            "no-install",
            "--headless",
            browser,
            folder,
        ]);
        let tally = tests(wasm_pack, libtest_tally)?;
        sum.passed_count += tally.passed_count;
        sum.failed_count += tally.failed_count;
    }
    Ok(sum)
}

fn page_tests(browser: &str) -> Result<Tally> {
    build::native("touchline-cli", &[])?;
    build::native("touchline-demo", &[])?;
    let config = [
        "--config",
        "tests/browser/vitest.config.ts",
        "--project",
        browser,
    ];
    let mut vitest = vitest(&config);
    tools::with_software_gpu(&mut vitest);
    vitest.env("TOUCHLINE", tools::native_program("debug", "touchline"));
    vitest.env(
        "TOUCHLINE_DEMO",
        tools::native_program("debug", "touchline-demo"),
    );
    tests(vitest, vitest_tally)
}

/// Sums lines such as `test result: ok. 12 passed; 0 failed; 1 ignored`.
fn libtest_tally(output: &str) -> Tally {
    let results = output
        .lines()
        .filter(|line| line.starts_with("test result: "));
    results.fold(Tally::default(), |sum, line| Tally {
        passed_count: sum.passed_count + count_before(line, "passed"),
        failed_count: sum.failed_count + count_before(line, "failed"),
    })
}

/// Reads the line such as `Tests  1 failed | 11 passed (12)`.
fn vitest_tally(output: &str) -> Tally {
    let mut lines = output.lines().map(str::trim_start);
    let line = lines
        .find(|line| line.starts_with("Tests  "))
        .unwrap_or_default();
    Tally {
        passed_count: count_before(line, "passed"),
        failed_count: count_before(line, "failed"),
    }
}

/// The number before a word; 0 if the word is not there.
fn count_before(line: &str, word: &str) -> u32 {
    let words: Vec<_> = line
        .split([' ', ';', ','])
        .filter(|word| !word.is_empty())
        .collect();
    let pair = words.windows(2).find(|pair| pair[1] == word);
    pair.and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests_of_counting {
    use super::*;

    #[test]
    fn results_are_counted() {
        let cargo = "test result: ok. 12 passed; 0 failed; 1 ignored\n\
                     test result: FAILED. 3 passed; 2 failed; 0 ignored";
        let vitest = " Test Files  1 failed | 2 passed (3)\n      Tests  1 failed | 11 passed (12)";
        for (tally, passed_count, failed_count) in [
            (libtest_tally(cargo), 15, 2),
            (vitest_tally(vitest), 11, 1),
            (vitest_tally("      Tests  4 passed | 1 skipped (5)"), 4, 0),
            (libtest_tally("error: it does not compile"), 0, 0),
        ] {
            assert_eq!(
                tally,
                Tally {
                    passed_count,
                    failed_count
                }
            );
        }
    }
}
