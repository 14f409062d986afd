//! Curves through keys: what the athlete's acting is written in.
//!
//! A [`Curve`] never overshoots its keys (monotone cubic, Fritsch and Carlson 1980) and is then
//! smoothed by a binomial window, which makes it twice differentiable. A [`Path`] is a clamped
//! cubic spline, at rest at both ends, for limbs that sweep through points.

use glam::Vec3;

/// Distance between the taps of the smoothing window, seconds: its deviation is 24 ms, half a
/// frame, so keys stay crisp and no joint jerks.
const TAP_SECS: f32 = 0.02;
/// Binomial weights of the smoothing window.
const TAPS: [f32; 7] = [
    1.0 / 64.0,
    6.0 / 64.0,
    15.0 / 64.0,
    20.0 / 64.0,
    15.0 / 64.0,
    6.0 / 64.0,
    1.0 / 64.0,
];

/// A number that changes with time.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    keys: Vec<(f32, f32)>,
    slopes: Vec<f32>,
}

impl Curve {
    /// Through `keys`, time in seconds first, in order of time; at least one.
    pub(crate) fn new(keys: impl IntoIterator<Item = (f32, f32)>) -> Self {
        let keys: Vec<_> = keys.into_iter().collect();
        assert!(!keys.is_empty(), "a curve needs a key");
        assert!(keys.windows(2).all(|w| w[0].0 < w[1].0), "keys in order");
        let steps: Vec<f32> = keys
            .windows(2)
            .map(|w| (w[1].1 - w[0].1) / (w[1].0 - w[0].0))
            .collect();
        let slopes = (0..keys.len())
            .map(
                |i| match (i.checked_sub(1).map(|i| steps[i]), steps.get(i)) {
                    (Some(a), Some(&b)) if a * b > 0.0 => 2.0 * a * b / (a + b),
                    _ => 0.0,
                },
            )
            .collect();
        Self { keys, slopes }
    }

    /// The value at `secs`; the first or last key's beyond the ends.
    pub(crate) fn at(&self, secs: f32) -> f32 {
        TAPS.iter()
            .enumerate()
            .map(|(i, weight)| weight * self.sharp(secs + (i as f32 - 3.0) * TAP_SECS))
            .sum()
    }

    /// The curve before smoothing.
    fn sharp(&self, secs: f32) -> f32 {
        let next = self.keys.partition_point(|key| key.0 <= secs);
        if next == 0 {
            return self.keys[0].1;
        }
        let Some(&(t1, v1)) = self.keys.get(next) else {
            return self.keys[next - 1].1;
        };
        let (t0, v0) = self.keys[next - 1];
        let (h, u) = (t1 - t0, (secs - t0) / (t1 - t0));
        let (u2, u3) = (u * u, u * u * u);
        v0 * (2.0 * u3 - 3.0 * u2 + 1.0)
            + v1 * (3.0 * u2 - 2.0 * u3)
            + h * self.slopes[next - 1] * (u3 - 2.0 * u2 + u)
            + h * self.slopes[next] * (u3 - u2)
    }
}

/// A point that changes with time.
#[derive(Clone, Debug)]
pub(crate) struct Curve3([Curve; 3]);

impl Curve3 {
    /// Through `keys`, as [`Curve::new`].
    pub(crate) fn new(keys: &[(f32, Vec3)]) -> Self {
        Self([0, 1, 2].map(|axis| Curve::new(keys.iter().map(|key| (key.0, key.1[axis])))))
    }

    /// The point at `secs`.
    pub(crate) fn at(&self, secs: f32) -> Vec3 {
        let [x, y, z] = &self.0;
        Vec3::new(x.at(secs), y.at(secs), z.at(secs))
    }
}

/// A twice differentiable sweep through points, at rest at both ends.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    keys: Vec<(f32, Vec3)>,
    slopes: Vec<Vec3>,
}

impl Path {
    /// Through `keys`, time in seconds first, in order of time; at least two.
    pub(crate) fn new(keys: Vec<(f32, Vec3)>) -> Self {
        assert!(keys.len() >= 2, "a path needs two ends");
        let n = keys.len();
        // Thomas algorithm on the inner slopes; the outer ones are zero.
        let (mut ratio, mut slopes) = (vec![0.0; n], vec![Vec3::ZERO; n]);
        for i in 1..n - 1 {
            let (before, after) = (keys[i].0 - keys[i - 1].0, keys[i + 1].0 - keys[i].0);
            let rise = ((keys[i].1 - keys[i - 1].1) / before * after
                + (keys[i + 1].1 - keys[i].1) / after * before)
                * 3.0;
            let pivot = 2.0 * (before + after) - after * ratio[i - 1];
            ratio[i] = before / pivot;
            slopes[i] = (rise - slopes[i - 1] * after) / pivot;
        }
        for i in (1..n - 1).rev() {
            let next = slopes[i + 1];
            slopes[i] -= next * ratio[i];
        }
        Self { keys, slopes }
    }

    /// The point at `secs`; an end's beyond the ends.
    pub(crate) fn at(&self, secs: f32) -> Vec3 {
        let next = self.keys.partition_point(|key| key.0 <= secs);
        if next == 0 {
            return self.keys[0].1;
        }
        let Some(&(t1, v1)) = self.keys.get(next) else {
            return self.keys[next - 1].1;
        };
        let (t0, v0) = self.keys[next - 1];
        let (h, u) = (t1 - t0, (secs - t0) / (t1 - t0));
        let (u2, u3) = (u * u, u * u * u);
        v0 * (2.0 * u3 - 3.0 * u2 + 1.0)
            + v1 * (3.0 * u2 - 2.0 * u3)
            + self.slopes[next - 1] * (h * (u3 - 2.0 * u2 + u))
            + self.slopes[next] * (h * (u3 - u2))
    }
}

/// 0 below 0, 1 above 1, smooth between, to the second derivative.
pub(crate) fn ease(share: f32) -> f32 {
    let u = share.clamp(0.0, 1.0);
    u * u * u * (u * (6.0 * u - 15.0) + 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_stays_between_its_keys() {
        let curve = Curve::new([(0.0, 1.0), (1.0, 1.0), (1.1, 5.0), (3.0, 4.0)]);
        for i in -10..50 {
            let value = curve.at(i as f32 * 0.1);
            assert!((1.0..=5.0).contains(&value), "{value}");
        }
    }

    #[test]
    fn a_path_is_smooth_and_hits_its_keys() {
        let keys = vec![
            (0.0, Vec3::ZERO),
            (0.3, Vec3::new(1.0, 2.0, 0.0)),
            (0.5, Vec3::new(0.0, 2.0, 3.0)),
            (1.0, Vec3::ONE),
        ];
        let path = Path::new(keys.clone());
        for (secs, point) in keys {
            assert!((path.at(secs) - point).length() < 1e-5);
        }
        let bend = |t: f32| (path.at(t - 1e-2) + path.at(t + 1e-2) - path.at(t) * 2.0) / 1e-4;
        assert!((bend(0.291) - bend(0.309)).length() < 0.2 * bend(0.3).length());
    }
}
