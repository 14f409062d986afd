//! Seconds and frames, and the way between them.

use serde::{Deserialize, Serialize};

/// A span or an instant in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub f64);

impl Seconds {
    /// From milliseconds, the browser's unit.
    pub fn from_millis(millis: f64) -> Self {
        Self(millis / 1000.0)
    }

    /// In milliseconds, the browser's unit.
    pub fn as_millis(self) -> f64 {
        self.0 * 1000.0
    }
}

impl std::ops::Add for Seconds {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Sub for Seconds {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::ops::Mul<f64> for Seconds {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self(self.0 * factor)
    }
}

/// Frames a second as a fraction, so that 30000/1001 is exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameRate {
    /// Frames in `denominator` seconds; at least 1.
    pub numerator: u32,
    /// Seconds; at least 1.
    pub denominator: u32,
}

/// How far before its start a frame is already taken, in frames: clocks are rounded on their
/// way through JavaScript, and an instant a microsecond short of a frame means that frame.
const FRAME_SLACK: f64 = 1e-3;

impl FrameRate {
    /// A whole number of frames a second.
    pub fn whole(frames_per_second: u32) -> Self {
        Self {
            numerator: frames_per_second,
            denominator: 1,
        }
    }

    /// Frames a second.
    pub fn as_f64(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }

    /// When frame `index` starts.
    pub fn start_of(self, index: u32) -> Seconds {
        Seconds(f64::from(index) * f64::from(self.denominator) / f64::from(self.numerator))
    }

    /// The frame shown at `instant`, held to `0..frame_count`. 0 where there are no frames.
    pub fn frame_at(self, instant: Seconds, frame_count: u32) -> u32 {
        let index = (instant.0 * self.as_f64() + FRAME_SLACK).floor();
        // The cast saturates, so instants before the start and NaN become frame 0.
        (index as u32).min(frame_count.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_frame_starts_at_itself(
            index in 0u32..1_000_000,
            numerator in 1u32..120_000,
            denominator in 1u32..1002,
        ) {
            let rate = FrameRate { numerator, denominator };
            prop_assert_eq!(rate.frame_at(rate.start_of(index), u32::MAX), index);
        }
    }

    #[test]
    fn instants_outside_are_held() {
        let rate = FrameRate::whole(25);
        assert_eq!(rate.frame_at(Seconds(-1.0), 10), 0);
        assert_eq!(rate.frame_at(Seconds(f64::NAN), 10), 0);
        assert_eq!(rate.frame_at(Seconds(0.079), 10), 1);
        assert_eq!(rate.frame_at(Seconds(99.0), 10), 9);
        assert_eq!(rate.frame_at(Seconds(99.0), 0), 0);
    }
}
