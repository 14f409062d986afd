//! A Haar transform over the children that a node has.
//!
//! Follows FORMAT.md 5.5.
//! Neighbours along x, then y, then z become a weighted sum and a difference, so that the
//! transform is orthonormal. A child that is not there weighs nothing: its neighbour becomes the
//! sum as it is, and there is no difference.

use crate::lanes::Lanes;

/// Bits behind the point of the transform's factors.
const FACTOR_BITS: u32 = 14;
/// Weights of a sum: no child to four.
const WEIGHT_COUNT: usize = 5;

/// `round_down(sqrt(a / (a + b)))` for weights, in `1 / (1 << FACTOR_BITS)`.
const FACTORS: [[i32; WEIGHT_COUNT]; WEIGHT_COUNT] = {
    let mut factors = [[0; WEIGHT_COUNT]; WEIGHT_COUNT];
    let mut a = 1;
    while a < WEIGHT_COUNT {
        let mut b = 0;
        while b < WEIGHT_COUNT {
            let square = ((a as u64) << (2 * FACTOR_BITS)) / (a + b) as u64;
            factors[a][b] = square.isqrt() as i32;
            b += 1;
        }
        a += 1;
    }
    factors
};

/// Slots that turn into sum and difference, in the order of the forward transform, and the
/// children that each stands for by then.
const TURNS: [Turn; 7] = [
    Turn::new(0, 1, 1),
    Turn::new(2, 3, 1),
    Turn::new(4, 5, 1),
    Turn::new(6, 7, 1),
    Turn::new(0, 2, 3),
    Turn::new(4, 6, 3),
    Turn::new(0, 4, 15),
];

#[derive(Clone, Copy)]
struct Turn {
    lower: usize,
    upper: usize,
    lower_children: u8,
    upper_children: u8,
}

impl Turn {
    const fn new(lower: usize, upper: usize, children: u8) -> Self {
        Self {
            lower,
            upper,
            lower_children: children << lower,
            upper_children: children << upper,
        }
    }

    /// The factors of the lower and the upper slot for the children of `mask`.
    #[inline]
    fn factors(self, mask: u8) -> [i32; 2] {
        let weight = |children: u8| (mask & children).count_ones() as usize % WEIGHT_COUNT;
        let (lower, upper) = (weight(self.lower_children), weight(self.upper_children));
        [FACTORS[lower][upper], FACTORS[upper][lower]]
    }

    fn has_difference(self, mask: u8) -> bool {
        mask & self.lower_children != 0 && mask & self.upper_children != 0
    }
}

/// Where the differences of a mask stand, a bit each; the sum stands in 0.
pub(super) fn differences(mask: u8) -> u8 {
    let turns = TURNS.iter().filter(|turn| turn.has_difference(mask));
    turns.fold(0, |slots, turn| slots | 1 << turn.upper)
}

/// Children to sum and differences, in place.
#[cfg(feature = "encode")]
pub(super) fn forward(values: &mut [Lanes; 8], mask: u8) {
    for turn in TURNS {
        let [p, q] = turn.factors(mask).map(Lanes::splat);
        let (low, high) = (values[turn.lower], values[turn.upper]);
        values[turn.lower] = rounded(p.times(low).plus(q.times(high)));
        values[turn.upper] = rounded(p.times(high).minus(q.times(low)));
    }
}

/// Sum and differences to children, in place.
///
/// Turns keep the sum of squares, so that slots within 16 bits overflow nothing on the way.
#[inline]
pub(super) fn backward(values: &mut [Lanes; 8], mask: u8) {
    for turn in TURNS.iter().rev() {
        let [p, q] = turn.factors(mask).map(Lanes::splat);
        let (sum, difference) = (values[turn.lower], values[turn.upper]);
        values[turn.lower] = rounded(p.times(sum).minus(q.times(difference)));
        values[turn.upper] = rounded(q.times(sum).plus(p.times(difference)));
    }
}

#[inline]
fn rounded(product: Lanes) -> Lanes {
    let half = Lanes::splat(1 << (FACTOR_BITS - 1));
    product.plus(half).shifted(FACTOR_BITS)
}

#[cfg(all(test, feature = "encode"))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn there_and_back(mask in 1u8..=255, seeds in prop::array::uniform8(-16320i32..16320)) {
            let mut values: [Lanes; 8] = std::array::from_fn(|child| {
                let seed = if mask >> child & 1 != 0 { seeds[child] } else { 0 };
                Lanes::new([seed, -seed, 0, 0])
            });
            let plain = |values: &[Lanes; 8]| values.map(|value| value.to_array()[0]);
            let energy = |values: &[Lanes; 8]| {
                plain(values).iter().map(|&v| f64::from(v).powi(2)).sum::<f64>()
            };
            let before = values;
            forward(&mut values, mask);
            prop_assert_eq!(differences(mask).count_ones(), mask.count_ones() - 1);
            for (slot, value) in plain(&values).into_iter().enumerate() {
                prop_assert!(slot == 0 || differences(mask) >> slot & 1 != 0 || value == 0);
            }
            // Orthonormal, up to rounding.
            let (was, is) = (energy(&before), energy(&values));
            prop_assert!((was.sqrt() - is.sqrt()).abs() <= 8.0 + was.sqrt() * 1e-3);
            backward(&mut values, mask);
            for child in 0..8 {
                let off = plain(&values)[child] - plain(&before)[child];
                prop_assert!(mask >> child & 1 == 0 || off.abs() <= 8);
            }
        }
    }
}
