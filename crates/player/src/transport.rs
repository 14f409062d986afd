//! The fan's own transport: play, pause, seek, step, speed, direction, loop, in and out points.
//!
//! Always true: the position lies in `0..=duration`.

use std::ops::Range;

use touchline_scene::{FrameRate, Held, Seconds, wrapped};

use crate::run::Run;

/// The slowest speed: a quarter of a second of action lasts five.
const RATE_MIN: f64 = 0.05;
/// The fastest speed.
const RATE_MAX: f64 = 2.0;

/// Where the replay is and how it moves.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    pub(crate) frame_rate: FrameRate,
    pub(crate) frame_count: u32,
    pub(crate) position: Seconds,
    pub(crate) rate: f64,
    pub(crate) is_playing: bool,
    pub(crate) is_looping: bool,
    /// The frames between the in and the out point, both included; none for the whole replay.
    pub(crate) points: Option<Range<u32>>,
    /// The replay still grows: its end so far is none.
    pub(crate) is_open: bool,
    /// Ran into an end and stands there.
    pub(crate) is_ended: bool,
}

/// Where the transport would be after some time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) position: Seconds,
    /// Passed an end and started over.
    pub(crate) is_wrapped: bool,
    /// Reached an end.
    pub(crate) is_end: bool,
}

impl Transport {
    /// At the start, paused.
    pub(crate) fn new(frame_rate: FrameRate, frame_count: u32) -> Self {
        Self {
            frame_rate,
            frame_count,
            position: Seconds(0.0),
            rate: 1.0,
            is_playing: false,
            is_looping: false,
            points: None,
            is_open: false,
            is_ended: false,
        }
    }

    pub(crate) fn duration(&self) -> Seconds {
        self.frame_rate.start_of(self.frame_count)
    }

    /// Gets a later end; what stands at the former one stays on its frame.
    pub(crate) fn grow(&mut self, frame_count: u32, is_open: bool) {
        let (last, is_at_end) = (self.frame_count, self.position >= self.duration());
        self.frame_count = frame_count;
        self.is_open = is_open;
        if is_at_end && !self.is_playing {
            self.position = self.last_of(last);
        }
    }

    /// Whether it waits for frames that are not made yet.
    pub(crate) fn is_at_edge(&self) -> bool {
        let is_there = self.position >= self.duration() && self.rate > 0.0;
        // An out point there is an end that was asked for.
        let has_out_point = self
            .points
            .as_ref()
            .is_some_and(|points| points.end >= self.frame_count);
        self.is_open && !self.is_looping && !has_out_point && is_there
    }

    /// The frame at `position`.
    pub(crate) fn frame_at(&self, position: Seconds) -> u32 {
        self.frame_rate.frame_at(position, self.frame_count)
    }

    /// 1 forwards, -1 backwards.
    pub(crate) fn direction(&self) -> i32 {
        if self.rate < 0.0 { -1 } else { 1 }
    }

    /// The frames that the clock passes from here.
    pub(crate) fn run(&self) -> Run {
        let points = self.stretch();
        Run {
            frame: self.frame_at(self.position),
            direction: self.direction(),
            frame_count: self.frame_count,
            first: points.start,
            end: points.end,
            is_looping: self.is_looping,
        }
    }

    /// The frames that are played over and over.
    fn stretch(&self) -> Range<u32> {
        self.points.clone().unwrap_or(0..self.frame_count)
    }

    /// Sets the in and out point, or lets go of them.
    pub(crate) fn set_points(&mut self, points: Option<(Seconds, Seconds)>) {
        let points = points.filter(|(first, last)| first <= last);
        let frames = points.map(|(first, last)| self.frame_at(first)..self.frame_at(last) + 1);
        self.points = frames.filter(|_| self.frame_count > 0);
        self.is_ended = false;
    }

    /// Runs; from the other end if it has run into one.
    pub(crate) fn play(&mut self) {
        if self.is_ended {
            let stretch = self.stretch();
            self.seek(match self.direction() {
                ..0 => self.last_of(stretch.end),
                0.. => self.frame_rate.start_of(stretch.start),
            });
        }
        self.is_playing = true;
    }

    /// The last instant before frame `end`; after the last frame that is the replay's end.
    fn last_of(&self, end: u32) -> Seconds {
        if end >= self.frame_count {
            return self.duration();
        }
        // Clear of the next frame whatever is rounded.
        self.frame_rate.start_of(end) - Seconds(0.1 / self.frame_rate.as_f64())
    }

    /// Stands.
    pub(crate) fn pause(&mut self) {
        self.is_playing = false;
    }

    /// Goes to `position`, held to the replay. NaN is ignored.
    pub(crate) fn seek(&mut self, position: Seconds) {
        if !position.0.is_nan() {
            self.position = Seconds(position.0.held(0.0, self.duration().0));
            self.is_ended = false;
        }
    }

    /// Pauses and goes `count` frames on, or back.
    pub(crate) fn step_frames(&mut self, count: i32) {
        self.pause();
        let frame = self.frame_at(self.position).saturating_add_signed(count);
        self.seek(
            self.frame_rate
                .start_of(frame.min(self.frame_count.saturating_sub(1))),
        );
    }

    /// Sets speed and direction; 0 and NaN are ignored.
    pub(crate) fn set_rate(&mut self, rate: f64) {
        if rate != 0.0 && !rate.is_nan() {
            let turned = (rate < 0.0) != (self.rate < 0.0);
            self.rate = rate.abs().held(RATE_MIN, RATE_MAX).copysign(rate);
            self.is_ended &= !turned;
        }
    }

    /// Where it would be after `elapsed`, if nothing holds it.
    pub(crate) fn after(&self, elapsed: Seconds) -> Step {
        let wanted = self.position + elapsed * self.rate;
        let frame = self.frame_at(self.position);
        let Range { start, end } = self.stretch();
        let (first, after) = (
            self.frame_rate.start_of(start),
            self.frame_rate.start_of(end),
        );
        // From outside of the stretch the replay's own ends hold.
        let (turn, beyond) = if self.rate < 0.0 {
            let turn = if frame < start { Seconds(0.0) } else { first };
            (turn, (wanted < turn).then(|| wanted - turn))
        } else {
            let turn = if frame < end { after } else { self.duration() };
            // As rounding may have it, in the next frame and yet before its start.
            let is_past = wanted >= turn || (frame < end && end <= self.frame_at(wanted));
            (turn, is_past.then(|| Seconds((wanted - turn).0.max(0.0))))
        };
        let is_past = beyond.is_some();
        let position = match (beyond, self.is_looping) {
            (None, _) => wanted,
            (Some(beyond), true) => {
                let into = wrapped(beyond.0, (after - first).0);
                Seconds((first.0 + into).min(self.last_of(end).0))
            }
            (Some(_), false) if self.rate >= 0.0 && frame < end => self.last_of(end),
            (Some(_), false) => turn,
        };
        Step {
            position,
            is_wrapped: is_past && self.is_looping,
            is_end: is_past && !self.is_looping,
        }
    }

    /// Goes where [`Transport::after`] said.
    pub(crate) fn go(&mut self, step: Step) {
        self.position = step.position;
        if step.is_end && !self.is_at_edge() {
            self.is_playing = false;
            self.is_ended = true;
        }
    }

    /// Goes to where `frame` is entered and waits there.
    pub(crate) fn hold_at(&mut self, frame: u32) {
        let start = self.frame_rate.start_of(frame);
        // Backwards a frame is entered from its end; a tenth short of it stays clear of the next.
        let into = if self.rate < 0.0 {
            0.9 / self.frame_rate.as_f64()
        } else {
            0.0
        };
        self.position = Seconds((start.0 + into).min(self.duration().0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ten_seconds() -> Transport {
        Transport::new(FrameRate::whole(25), 250)
    }

    proptest! {
        #[test]
        fn the_position_stays_inside(
            start in -5.0f64..15.0, rate in -3.0f64..3.0, is_looping: bool,
            steps in prop::collection::vec(0.0f64..0.3, 0..200),
        ) {
            let mut transport = Transport { is_looping, ..ten_seconds() };
            transport.seek(Seconds(start));
            transport.set_rate(rate);
            transport.play();
            for elapsed in steps {
                if transport.is_playing {
                    transport.go(transport.after(Seconds(elapsed)));
                }
                prop_assert!((0.0..=10.0).contains(&transport.position.0));
                prop_assert!(!is_looping || transport.is_playing);
            }
        }
    }

    #[test]
    fn an_end_stops_and_play_starts_over() {
        let mut transport = ten_seconds();
        transport.seek(Seconds(9.9));
        transport.play();
        transport.go(transport.after(Seconds(0.2)));
        assert!(transport.is_ended && !transport.is_playing);
        assert_eq!(transport.frame_at(transport.position), 249);
        transport.play();
        assert_eq!(transport.position, Seconds(0.0));
        transport.set_rate(-1.0);
        transport.go(transport.after(Seconds(0.2)));
        assert!(transport.is_ended);
        transport.play();
        assert_eq!(transport.position, Seconds(10.0));
    }

    /// The frames at each tenth of a second of `count`.
    fn watch(transport: &mut Transport, count: u32) -> Vec<u32> {
        transport.play();
        let instants = (0..count).map(|_| {
            transport.go(transport.after(Seconds(0.1)));
            transport.frame_at(transport.position)
        });
        instants.collect()
    }

    fn from_2_to_4() -> Transport {
        let mut transport = ten_seconds();
        transport.set_points(Some((Seconds(2.0), Seconds(4.0))));
        assert_eq!(transport.points, Some(50..101));
        transport
    }

    #[test]
    fn between_the_points_is_an_end_of_its_own() {
        for (rate, from, last) in [(1.0, 3.9, 100), (-1.0, 2.1, 50)] {
            let mut transport = from_2_to_4();
            transport.set_rate(rate);
            transport.seek(Seconds(from));
            assert_eq!(watch(&mut transport, 3).last(), Some(&last), "rate {rate}");
            assert!(transport.is_ended && !transport.is_playing);
            transport.play();
            let first = if rate < 0.0 { 100 } else { 50 };
            assert_eq!(transport.frame_at(transport.position), first);
        }
    }

    #[test]
    fn a_loop_stays_between_the_points() {
        for rate in [1.0, -1.0, 2.0, 0.05] {
            let mut transport = from_2_to_4();
            transport.is_looping = true;
            transport.set_rate(rate);
            transport.seek(Seconds(3.0));
            let frames = watch(&mut transport, 500);
            assert!(
                frames.iter().all(|frame| (50..101).contains(frame)),
                "rate {rate}"
            );
            assert!(transport.is_playing);
        }
    }

    #[test]
    fn from_outside_the_clock_runs_in_or_to_the_end() {
        let mut transport = from_2_to_4();
        transport.is_looping = true;
        transport.seek(Seconds(1.0));
        let frames = watch(&mut transport, 100);
        assert!(frames[..9].is_sorted() && frames[9..].iter().all(|&frame| frame >= 50));
        transport.seek(Seconds(9.0));
        let frames = watch(&mut transport, 100);
        assert!(frames[..9].is_sorted() && frames[8] > 240);
        assert!(frames[10..].iter().all(|frame| (50..101).contains(frame)));
    }

    #[test]
    fn points_the_wrong_way_round_are_none() {
        let mut transport = from_2_to_4();
        transport.set_points(Some((Seconds(4.0), Seconds(2.0))));
        assert_eq!(transport.points, None);
        transport.set_points(Some((Seconds(f64::NAN), Seconds(2.0))));
        assert_eq!(transport.points, None);
        transport.set_points(Some((Seconds(3.0), Seconds(f64::INFINITY))));
        assert_eq!(transport.points, Some(75..250));
    }

    #[test]
    fn a_frame_held_is_the_frame_shown() {
        for rate in [1.0, -1.0, 0.05] {
            let mut transport = ten_seconds();
            transport.set_rate(rate);
            for frame in 0..250 {
                transport.hold_at(frame);
                assert_eq!(transport.frame_at(transport.position), frame, "rate {rate}");
            }
        }
    }

    #[test]
    fn steps_are_exact_and_held() {
        let mut transport = Transport::new(
            FrameRate {
                numerator: 30000,
                denominator: 1001,
            },
            300,
        );
        for frame in 1..300 {
            transport.step_frames(1);
            assert_eq!(transport.frame_at(transport.position), frame);
        }
        transport.step_frames(5);
        assert_eq!(transport.frame_at(transport.position), 299);
        transport.step_frames(i32::MIN);
        assert_eq!(transport.frame_at(transport.position), 0);
    }

    #[test]
    fn speeds_are_held() {
        let mut transport = ten_seconds();
        for (wanted, got) in [
            (9.0, 2.0),
            (0.001, 0.05),
            (-9.0, -2.0),
            (0.0, -2.0),
            (f64::NAN, -2.0),
        ] {
            transport.set_rate(wanted);
            assert_eq!(transport.rate, got);
        }
    }
}
