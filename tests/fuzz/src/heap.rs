//! An allocator that counts, so that a reader which asks for too much memory is caught in the act.
//!
//! A limit of the process would see only memory that is written to; a browser's memory grows
//! with each byte that is asked for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Bytes that this thread has asked for and not given back; below zero if another thread's.
    static HELD_BYTES: Cell<i64> = const { Cell::new(0) };
    /// The most that [`HELD_BYTES`] has been.
    static PEAK_BYTES: Cell<i64> = const { Cell::new(0) };
}

/// Counts what each thread asks the system's allocator for.
pub struct CountingHeap;

// SAFETY: every call goes to the system's allocator as it came; counting neither allocates nor
// panics.
unsafe impl GlobalAlloc for CountingHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: the caller's promise is the callee's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // For a moment both may be there.
        count(size as i64);
        count(-(layout.size() as i64));
        // SAFETY: as above.
        unsafe { System.realloc(place, layout, size) }
    }
}

/// Adds to what is held. Silent at a thread's end, when there is nothing left to count for.
fn count(bytes: i64) {
    let _gone = HELD_BYTES.try_with(|held| {
        held.set(held.get().wrapping_add(bytes));
        let _gone = PEAK_BYTES.try_with(|peak| peak.set(peak.get().max(held.get())));
    });
}

/// Does the work and says how many bytes more than before were held at most.
pub(super) fn peak_bytes_of<T>(work: impl FnOnce() -> T) -> (T, i64) {
    let before = HELD_BYTES.get();
    PEAK_BYTES.set(before);
    let done = work();
    (done, PEAK_BYTES.get().saturating_sub(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_never_written_to_counts() {
        let (size, peak_bytes) = peak_bytes_of(|| Vec::<u64>::with_capacity(1000).capacity());
        assert_eq!(peak_bytes, size as i64 * 8);
        assert_eq!(peak_bytes_of(|| ()).1, 0);
    }
}
