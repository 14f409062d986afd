//! Fuzz target `container`: [`touchline_fuzz`] says what is judged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use touchline_fuzz::{CountingHeap, Target, judge, write_seeds};

#[global_allocator]
static HEAP: CountingHeap = CountingHeap;

fuzz_target!(init: write_seeds(Target::Container), |bytes: &[u8]| {
    judge(Target::Container, bytes);
});
