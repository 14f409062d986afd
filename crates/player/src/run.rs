//! The frames that the clock passes from where it is: to an end, or round a loop.
//!
//! A loop lies between the in and the out point.
//! From outside of it the clock runs into it, or, past it, to the end of the replay and then into
//! it.
//!
//! Backwards is forwards in a mirror: what is said here of the way ahead is said in the mirror's
//! numbers.

use std::ops::Range;

/// Where the clock is and what it runs over. Frames lie in `0..frame_count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The clock's frame.
    pub(crate) frame: u32,
    /// 1 or -1.
    pub(crate) direction: i32,
    /// Of the replay.
    pub(crate) frame_count: u32,
    /// The frame of the in point.
    pub(crate) first: u32,
    /// The frame after that of the out point; more than `first` unless the replay is empty.
    pub(crate) end: u32,
    /// The clock starts over at the out point.
    pub(crate) is_looping: bool,
}

impl Run {
    /// The frame that the clock is at when it has passed so many; none if it never passes as many,
    /// or has been at all of the loop by then.
    pub(crate) fn ahead(&self, distance: u32) -> Option<u32> {
        let way = self.way();
        let straight = way.start.checked_add(distance)?;
        let frame = match straight.checked_sub(way.turn) {
            None => straight,
            Some(beyond) if beyond < way.again.len() as u32 => way.again.start + beyond,
            Some(_) => return None,
        };
        Some(self.mirrored(frame))
    }

    /// How many frames the clock passes before it is at `frame`; none if it never is.
    pub(crate) fn distance_to(&self, frame: u32) -> Option<u32> {
        if frame >= self.frame_count {
            return None;
        }
        let frame = self.mirrored(frame);
        let way = self.way();
        if (way.start..way.turn).contains(&frame) {
            Some(frame - way.start)
        } else if way.again.contains(&frame) {
            Some(way.turn - way.start + frame - way.again.start)
        } else {
            None
        }
    }

    /// How many frames in a row the clock passes of those in `frames`, beginning with the one
    /// `distance` ahead; at least 1.
    pub(crate) fn count_within(&self, frames: &Range<u32>, distance: u32) -> u32 {
        let way = self.way();
        let Some(frame) = self.ahead(distance) else {
            return 1;
        };
        let frames_end = match self.direction {
            ..0 => self.frame_count - frames.start,
            0.. => frames.end,
        };
        let is_straight = distance < way.turn - way.start;
        let stretch_end = if is_straight { way.turn } else { way.again.end };
        let end = frames_end.min(stretch_end);
        end.saturating_sub(self.mirrored(frame)).max(1)
    }

    /// The frame that follows the clock's own without a jump.
    pub(crate) fn next(&self) -> Option<u32> {
        let next = self.frame.checked_add_signed(self.direction);
        self.ahead(1).filter(|&ahead| next == Some(ahead))
    }

    /// Whether the clock passes what it is at again, within `distance` frames.
    pub(crate) fn is_loop_within(&self, distance: u32) -> bool {
        self.is_looping && self.end - self.first <= distance
    }

    fn way(&self) -> Way {
        let count = self.frame_count;
        let (first, end) = match self.direction {
            ..0 => (count - self.end, count - self.first),
            0.. => (self.first, self.end),
        };
        let start = self.mirrored(self.frame);
        let turn = if start < end { end } else { count };
        let again_end = match (self.is_looping, start < end) {
            (false, _) => first,
            (true, true) => start.max(first),
            (true, false) => end,
        };
        Way {
            start,
            turn,
            again: first..again_end,
        }
    }

    fn mirrored(&self, frame: u32) -> u32 {
        match self.direction {
            ..0 => self.frame_count.saturating_sub(1 + frame),
            0.. => frame,
        }
    }
}

/// The frames ahead in the mirror: first those in `start..turn`, then those in `again`.
struct Way {
    start: u32,
    turn: u32,
    again: Range<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(frame: u32, direction: i32, loops: Range<u32>) -> Run {
        Run {
            frame,
            direction,
            frame_count: 10,
            first: loops.start,
            end: loops.end,
            is_looping: true,
        }
    }

    fn frames(run: Run) -> Vec<u32> {
        (0..).map_while(|distance| run.ahead(distance)).collect()
    }

    #[test]
    fn a_clock_passes_each_frame_once() {
        let straight = Run {
            is_looping: false,
            ..run(7, 1, 0..10)
        };
        assert_eq!(frames(straight), [7, 8, 9]);
        let straight = Run {
            direction: -1,
            ..straight
        };
        assert_eq!(frames(straight), [7, 6, 5, 4, 3, 2, 1, 0]);
        assert_eq!(frames(run(7, 1, 0..10)), [7, 8, 9, 0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(frames(run(4, 1, 3..6)), [4, 5, 3]);
        assert_eq!(frames(run(4, -1, 3..6)), [4, 3, 5]);
        assert_eq!(frames(run(1, 1, 3..6)), [1, 2, 3, 4, 5]);
        assert_eq!(frames(run(8, 1, 3..6)), [8, 9, 3, 4, 5]);
        assert_eq!(frames(run(1, -1, 3..6)), [1, 0, 5, 4, 3]);
    }

    #[test]
    fn what_follows_without_a_jump_is_next() {
        assert_eq!(run(4, 1, 3..6).next(), Some(5));
        assert_eq!(run(5, 1, 3..6).next(), None);
        assert_eq!(run(3, -1, 3..6).next(), None);
        assert_eq!(run(9, 1, 0..10).next(), None);
    }

    proptest! {
        #[test]
        fn distances_are_those_of_the_way(
            frame in 0u32..10, is_back: bool, first in 0u32..10, length in 1u32..10,
            is_looping: bool, start in 0u32..10, count in 1u32..5,
        ) {
            let run = Run {
                is_looping,
                ..run(frame, if is_back { -1 } else { 1 }, first..(first + length).min(10))
            };
            let way = frames(run);
            prop_assert_eq!(way[0], frame);
            for frame in 0..10 {
                let found = way.iter().position(|&passed| passed == frame);
                prop_assert_eq!(run.distance_to(frame), found.map(|found| found as u32));
            }
            let segment = start..(start + count).min(10);
            for (distance, frame) in way.iter().enumerate() {
                if segment.contains(frame) {
                    let within = run.count_within(&segment, distance as u32) as usize;
                    let passed = &way[distance..distance + within];
                    prop_assert!(passed.iter().all(|frame| segment.contains(frame)));
                    let after = way.get(distance + within);
                    let follows = passed[within - 1].checked_add_signed(run.direction);
                    let is_jump = after.is_some_and(|&after| follows != Some(after));
                    prop_assert!(is_jump || after.is_none_or(|after| !segment.contains(after)));
                }
            }
        }
    }
}
