//! Arithmetic whose standard form costs browsers much: the engine counts every kilobyte.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// A number that limits can hold.
pub trait Held {
    /// The nearest number from `lo` to `hi`.
    ///
    /// As `clamp`, which words its limits where they are the wrong way round: what writes numbers
    /// as text is 20 kB of WebAssembly.
    #[must_use]
    fn held(self, lo: Self, hi: Self) -> Self;
}

impl Held for f32 {
    fn held(self, lo: Self, hi: Self) -> Self {
        self.max(lo).min(hi)
    }
}

impl Held for f64 {
    fn held(self, lo: Self, hi: Self) -> Self {
        self.max(lo).min(hi)
    }
}

/// What is left of a number after whole lengths: at least 0, less than `length`, but for rounding.
///
/// As `rem_euclid`, which is exact for any two numbers, in 3 kB of WebAssembly.
#[must_use]
pub fn wrapped(value: f64, length: f64) -> f64 {
    value - (value / length).floor() * length
}

/// Sine and cosine, to binary32's precision for angles within a million turns.
///
/// The same on every machine. The standard library's are exact for 10^38 turns too, in 8 kB.
#[must_use]
pub fn sin_cos(radians: f32) -> (f32, f32) {
    let radians = f64::from(radians);
    let quarters = (radians * FRAC_2_PI).round_ties_even();
    let rest = radians - quarters * FRAC_PI_2;
    // Taylor's series, which these terms end well enough for an eighth of a turn.
    let square = rest * rest;
    let series = |divisors: &[f64]| {
        let terms = divisors.iter().rev();
        terms.fold(1.0, |sum, divisor| 1.0 - square / divisor * sum)
    };
    let sin = (rest * series(&[6.0, 20.0, 42.0, 72.0])) as f32;
    let cos = series(&[2.0, 12.0, 30.0, 56.0, 90.0]) as f32;
    match (quarters as i64).rem_euclid(4) {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

/// Tangent, as [`sin_cos`] has its parts.
#[must_use]
pub fn tan(radians: f32) -> f32 {
    let (sin, cos) = sin_cos(radians);
    sin / cos
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_as_the_standard_library_has_them() {
        for step in -40_000..40_000 {
            let radians = step as f32 * 0.001;
            let (sin, cos) = sin_cos(radians);
            assert!((sin - radians.sin()).abs() < 1.5e-7, "sine of {radians}");
            assert!((cos - radians.cos()).abs() < 1.5e-7, "cosine of {radians}");
        }
        assert!((tan(0.5) - 0.5_f32.tan()).abs() < 1e-6);
        assert_eq!(sin_cos(0.0), (0.0, 1.0));
    }

    #[test]
    fn lengths_wrap() {
        for (value, wanted) in [
            (0.0, 0.0),
            (2.5, 0.5),
            (-0.5, 1.5),
            (-4.0, 0.0),
            (7.75, 1.75),
        ] {
            assert_eq!(wrapped(value, 2.0), wanted, "{value}");
        }
    }

    #[test]
    fn limits_hold() {
        assert_eq!(
            [-2.0, 0.5, 2.0].map(|value| value.held(-1.0, 1.0)),
            [-1.0, 0.5, 1.0]
        );
        assert_eq!(3.0_f32.held(0.0, 1.0), 1.0);
    }
}
