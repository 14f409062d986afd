//! When a failed fetch is tried again, and when its segment is given up.
//!
//! Always true: the same seed and history give the same delays.

use touchline_scene::Seconds;

use crate::event::{FailReason, Problem};

/// Delay after the first failure; it doubles with each further one.
const DELAY_FIRST: Seconds = Seconds(0.5);
/// The longest delay while there is hope that this is a hiccup.
const DELAY_MAX: Seconds = Seconds(8.0);
/// Delay once the network is known to be gone: cheap enough to go on for ever.
const DELAY_EXHAUSTED: Seconds = Seconds(30.0);
/// What a server may ask for at most; more is a mistake or malice.
const RETRY_AFTER_MAX: Seconds = Seconds(120.0);
/// Failures of one segment before the fan is told.
const FAIL_COUNT_MAX: u32 = 6;
/// Arrivals of one segment with wrong bytes before it is given up: the copy in a cache may be
/// bad once, twice means that it is bad at the source.
const CORRUPT_COUNT_MAX: u32 = 2;

/// What one segment has gone through.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Attempts {
    fail_count: u32,
    corrupt_count: u32,
    first_fail_at: Seconds,
    /// Not tried before this.
    pub(crate) retry_at: Seconds,
}

/// What becomes of a segment whose fetch failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Tried again at `Attempts::retry_at`, quietly.
    Again,
    /// Tried again, and the fan should know that it takes long.
    AgainLoudly,
    /// Given up.
    Lost,
}

/// What a verdict rests on beside the attempts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances {
    /// The instant of the failure.
    pub(crate) now: Seconds,
    /// When anything at all last arrived.
    pub(crate) last_arrival_at: Option<Seconds>,
    /// Spreads the delays of many viewers and segments.
    pub(crate) salt: u64,
}

impl Attempts {
    /// Notes a failure and decides.
    pub(crate) fn fail(&mut self, reason: FailReason, around: Circumstances) -> Verdict {
        if self.fail_count == 0 {
            self.first_fail_at = around.now;
        }
        self.fail_count += 1;
        let mut asked = Seconds(0.0);
        match reason {
            FailReason::Truncated | FailReason::HashMismatch | FailReason::Malformed => {
                self.corrupt_count += 1;
                if self.corrupt_count >= CORRUPT_COUNT_MAX {
                    return Verdict::Lost;
                }
            }
            FailReason::Http {
                status,
                retry_after,
            } => {
                let is_passing = status >= 500 || matches!(status, 408 | 425 | 429);
                if !is_passing {
                    return Verdict::Lost;
                }
                asked = retry_after.unwrap_or_default();
            }
            FailReason::Offline | FailReason::Timeout | FailReason::Unsigned => {}
        }
        let is_exhausted = self.fail_count >= FAIL_COUNT_MAX;
        // Others came through meanwhile: it is this segment, not the network.
        if is_exhausted && around.last_arrival_at > Some(self.first_fail_at) {
            return Verdict::Lost;
        }
        let delay = self
            .delay(around.salt)
            .0
            .max(asked.0.min(RETRY_AFTER_MAX.0));
        self.retry_at = around.now + Seconds(delay);
        if self.fail_count == FAIL_COUNT_MAX {
            Verdict::AgainLoudly
        } else {
            Verdict::Again
        }
    }

    /// Notes that the segment arrived. That it was corrupt once is remembered: its next arrival may
    /// be damaged in the same way.
    pub(crate) fn succeed(&mut self) {
        self.fail_count = 0;
        self.retry_at = Seconds(0.0);
    }

    /// The time to wait after the latest failure: up to a quarter less than the plain delay.
    fn delay(&self, salt: u64) -> Seconds {
        let plain = if self.fail_count >= FAIL_COUNT_MAX {
            DELAY_EXHAUSTED
        } else {
            let doubled = DELAY_FIRST * f64::from(1u32 << (self.fail_count - 1).min(16));
            Seconds(doubled.0.min(DELAY_MAX.0))
        };
        let share = (mix(salt ^ u64::from(self.fail_count)) >> 32) as f64 / 4_294_967_296.0;
        plain * (1.0 - 0.25 * share)
    }
}

/// The number that support desks know a failure by.
pub(crate) fn code_of(reason: FailReason) -> u16 {
    match reason {
        FailReason::Offline => Problem::OFFLINE,
        FailReason::Timeout => Problem::TIMEOUT,
        FailReason::Http { status, .. } => Problem::HTTP + status.min(999),
        FailReason::Unsigned => Problem::UNSIGNED,
        FailReason::Truncated => Problem::TRUNCATED,
        FailReason::HashMismatch => Problem::HASH_MISMATCH,
        FailReason::Malformed => Problem::CORRUPT,
    }
}

/// Spreads the bits of a number. Source: Steele et al., `SplitMix64`, OOPSLA 2014.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: FailReason = FailReason::Http {
        status: 503,
        retry_after: Some(Seconds(20.0)),
    };

    fn at(now: f64) -> Circumstances {
        Circumstances {
            now: Seconds(now),
            last_arrival_at: None,
            salt: 7,
        }
    }

    #[test]
    fn delays_double_up_to_a_limit() {
        let mut attempts = Attempts::default();
        for (index, plain) in [0.5, 1.0, 2.0, 4.0, 8.0].into_iter().enumerate() {
            let verdict = attempts.fail(FailReason::Timeout, at(100.0));
            assert_eq!(verdict, Verdict::Again, "failure {index}");
            let delay = attempts.retry_at.0 - 100.0;
            assert!(
                (0.75 * plain..=plain).contains(&delay),
                "{delay} for {plain}"
            );
        }
        assert_eq!(
            attempts.fail(FailReason::Timeout, at(100.0)),
            Verdict::AgainLoudly
        );
        assert_eq!(
            attempts.fail(FailReason::Timeout, at(100.0)),
            Verdict::Again
        );
    }

    #[test]
    fn the_server_is_heeded() {
        let mut attempts = Attempts::default();
        assert_eq!(attempts.fail(BUSY, at(1.0)), Verdict::Again);
        assert_eq!(attempts.retry_at, Seconds(21.0));
    }

    #[test]
    fn what_cannot_be_cured_is_given_up() {
        for status in [400, 401, 403, 404, 410] {
            let gone = FailReason::Http {
                status,
                retry_after: None,
            };
            assert_eq!(
                Attempts::default().fail(gone, at(0.0)),
                Verdict::Lost,
                "{status}"
            );
        }
        let mut attempts = Attempts::default();
        assert_eq!(
            attempts.fail(FailReason::HashMismatch, at(0.0)),
            Verdict::Again
        );
        assert_eq!(attempts.fail(FailReason::Truncated, at(0.0)), Verdict::Lost);
    }

    #[test]
    fn one_bad_segment_among_good_ones_is_given_up() {
        let mut attempts = Attempts::default();
        let around = |now| Circumstances {
            last_arrival_at: Some(Seconds(9.0)),
            ..at(now)
        };
        for _ in 1..FAIL_COUNT_MAX {
            assert_eq!(
                attempts.fail(FailReason::Offline, around(8.0)),
                Verdict::Again
            );
        }
        assert_eq!(
            attempts.fail(FailReason::Offline, around(10.0)),
            Verdict::Lost
        );
    }
}
