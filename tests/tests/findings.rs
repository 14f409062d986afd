//! Goal: what fuzzing has found once stays mended, and the fuzzer starts from good inputs.
//! Method: judge every file of `fuzz/findings/TARGET` and every seed as the fuzz targets do.
//!
//! A finding is the fuzzer's crash file, moved there and named after what was wrong.

use std::fs;
use std::path::{Path, PathBuf};

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, dead_code, reason = "a library of its own, included")]
mod fuzz;

use fuzz::{CountingHeap, TARGETS, Target};

#[global_allocator]
static HEAP: CountingHeap = CountingHeap;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn no_finding_comes_back() {
    for target in TARGETS {
        let findings = folder("fuzz/findings").join(target.name());
        // A target without findings has no folder.
        let Ok(findings) = fs::read_dir(findings) else {
            continue;
        };
        for path in findings.map(|entry| entry.expect("a readable folder").path()) {
            println!("judging {}", path.display());
            fuzz::judge(target, &fs::read(&path).expect("a readable file"));
        }
    }
}

#[test]
fn seeds_are_good() {
    for target in TARGETS {
        let seeds = target.seeds(&folder("vectors"));
        assert!(!seeds.is_empty(), "{target:?} has no seeds");
        for (index, seed) in seeds.iter().enumerate() {
            assert!(fuzz::judge(target, seed), "{target:?}, seed {index}");
        }
    }
}

#[test]
fn damaged_seeds_break_nothing() {
    for target in TARGETS {
        for seed in target.seeds(&folder("vectors")) {
            for at in 0..seed.len() {
                let mut damaged = seed.clone();
                damaged[at] ^= 0xFF;
                fuzz::judge(target, &damaged);
                fuzz::judge(target, &seed[..at]);
            }
        }
    }
}

#[test]
fn every_target_is_run() {
    let manifest = fs::read_to_string(folder("fuzz/Cargo.toml")).expect("the fuzzer's manifest");
    let names: Vec<_> = manifest
        .split("[[bin]]\nname = \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(names, TARGETS.map(Target::name));
}
