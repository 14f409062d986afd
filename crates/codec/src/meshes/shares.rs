//! How much of each part's motion a vertex takes over.
//!
//! Follows FORMAT.md 6.7. Four vertices are worked on at a time.

use glam::{Vec3A, Vec4};

use super::parts::COUNT_MAX;
use crate::lanes::Lanes;

/// With fewer parts than this each vertex moves with one alone.
const BLENDED_COUNT_MIN: usize = 4;
/// Parts that a vertex moves with.
const SHARE_COUNT: usize = 3;
/// The bits of a distance that give way to the part's number.
const PART_BITS: i32 = COUNT_MAX as i32 - 1;

/// The parts that a vertex moves with, and how much with each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shares {
    pub(super) parts: [u8; SHARE_COUNT],
    pub(super) weights: [f32; SHARE_COUNT],
}

/// Those of each place among parts with these middles, of which there is one at least.
pub(super) fn divide(places: &[Vec3A], middles: &[Vec3A]) -> Vec<Shares> {
    let mut shares = Vec::with_capacity(places.len());
    let (fours, rest) = places.as_chunks();
    for &four in fours {
        shares.extend(of_four(four, middles));
    }
    let mut last = [Vec3A::ZERO; 4];
    last[..rest.len()].copy_from_slice(rest);
    shares.extend(&of_four(last, middles)[..rest.len()]);
    shares
}

/// Of the nearest parts, less the farther they are, and nothing of the one behind them.
#[inline]
fn of_four(places: [Vec3A; 4], middles: &[Vec3A]) -> [Shares; 4] {
    let nearest = nearest(places, middles);
    let parts = nearest.map(|nearest| nearest.and(Lanes::splat(PART_BITS)).to_array());
    let weights = if middles.len() < BLENDED_COUNT_MIN {
        [Vec4::ONE, Vec4::ZERO, Vec4::ZERO]
    } else {
        let [a, b, c, far] = nearest.map(squares);
        let weights = [a, b, c].map(|near| {
            let square = near / far;
            let nearness = Vec4::ONE - square.map(f32::sqrt);
            nearness * nearness / (square + 0.0025) + 1e-6
        });
        let [a, b, c] = weights;
        let sum = a + b + c;
        weights.map(|weight| weight / sum)
    };
    let weights = weights.map(|weight| weight.to_array());
    std::array::from_fn(|lane| Shares {
        parts: [0, 1, 2].map(|share| parts[share][lane] as u8),
        weights: [0, 1, 2].map(|share| weights[share][lane]),
    })
}

/// The squared distances to the nearest parts of each place, nearest first, with the part's number
/// in the lowest bits: the bits of numbers that are not negative rise as these do.
#[inline]
fn nearest(places: [Vec3A; 4], middles: &[Vec3A]) -> [Lanes; SHARE_COUNT + 1] {
    let axis = |axis: usize| Vec4::from_array(places.map(|place| place[axis]));
    let [x, y, z] = [axis(0), axis(1), axis(2)];
    let mut nearest = [Lanes::splat(i32::MAX & !PART_BITS); SHARE_COUNT + 1];
    for (part, middle) in (0..).zip(middles) {
        let (x, y, z) = (x - middle.x, y - middle.y, z - middle.z);
        let squares = bits(x * x + y * y + z * z);
        let mut farther = squares
            .and(Lanes::splat(!PART_BITS))
            .plus(Lanes::splat(part));
        for near in &mut nearest {
            let nearer = near.min(farther);
            farther = near.max(farther);
            *near = nearer;
        }
    }
    nearest
}

#[inline]
fn bits(numbers: Vec4) -> Lanes {
    Lanes::new(numbers.to_array().map(|number| number.to_bits() as i32))
}

#[inline]
fn squares(bits: Lanes) -> Vec4 {
    Vec4::from_array(bits.to_array().map(|bits| f32::from_bits(bits as u32)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One place, one part after the other.
    fn plain(place: Vec3A, middles: &[Vec3A]) -> Shares {
        let square = |(part, &middle): (usize, &Vec3A)| {
            let away = place - middle;
            let square = away.x * away.x + away.y * away.y + away.z * away.z;
            (f32::from_bits(square.to_bits() & !63 | part as u32), part)
        };
        let mut nearest: Vec<(f32, usize)> = middles.iter().enumerate().map(square).collect();
        nearest.sort_by(|a, b| a.0.total_cmp(&b.0));
        if nearest.len() < 4 {
            return Shares {
                parts: [0, 1, 2].map(|i| nearest.get(i).map_or(0, |near| near.1 as u8)),
                weights: [1.0, 0.0, 0.0],
            };
        }
        let weights = [0, 1, 2].map(|i| {
            let square = nearest[i].0 / nearest[3].0;
            let nearness = 1.0 - square.sqrt();
            nearness * nearness / (square + 0.0025) + 1e-6
        });
        Shares {
            parts: [0, 1, 2].map(|i| nearest[i].1 as u8),
            weights: weights.map(|weight| weight / (weights[0] + weights[1] + weights[2])),
        }
    }

    proptest! {
        #[test]
        fn four_at_a_time_are_as_one(
            places in prop::collection::vec([-9i16..9, -9i16..9, -999i16..999], 0..30),
            middles in prop::collection::vec([-9i16..9, -9i16..9, -999i16..999], 1..=COUNT_MAX),
        ) {
            let place = |at: &[i16; 3]| Vec3A::from_array(at.map(f32::from));
            let places: Vec<Vec3A> = places.iter().map(place).collect();
            let middles: Vec<Vec3A> = middles.iter().map(place).collect();
            let shares = divide(&places, &middles);
            prop_assert_eq!(shares.len(), places.len());
            for (shares, place) in shares.iter().zip(places) {
                let plain = plain(place, &middles);
                prop_assert_eq!(shares.weights, plain.weights);
                let count = middles.len().min(SHARE_COUNT);
                prop_assert_eq!(&shares.parts[..count], &plain.parts[..count]);
            }
        }
    }
}
