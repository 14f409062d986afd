//! The fan's own transport: play, pause, seek, step, speed, direction and loop.
//!
//! Always true: the position lies in `0..=duration`.

use touchline_scene::{FrameRate, Held, Seconds, wrapped};

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
            is_ended: false,
        }
    }

    pub(crate) fn duration(&self) -> Seconds {
        self.frame_rate.start_of(self.frame_count)
    }

    /// The frame at `position`.
    pub(crate) fn frame_at(&self, position: Seconds) -> u32 {
        self.frame_rate.frame_at(position, self.frame_count)
    }

    /// 1 forwards, -1 backwards.
    pub(crate) fn direction(&self) -> i32 {
        if self.rate < 0.0 { -1 } else { 1 }
    }

    /// Runs; from the other end if it has run into one.
    pub(crate) fn play(&mut self) {
        if self.is_ended {
            self.seek(if self.rate < 0.0 {
                self.duration()
            } else {
                Seconds(0.0)
            });
        }
        self.is_playing = true;
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
        let duration = self.duration();
        let is_past = if self.rate < 0.0 {
            wanted.0 < 0.0
        } else {
            wanted >= duration
        };
        let position = match (is_past, self.is_looping) {
            (false, _) => wanted,
            (true, true) => Seconds(wrapped(wanted.0, duration.0)),
            (true, false) => Seconds(wanted.0.held(0.0, duration.0)),
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
        if step.is_end {
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
