//! A Haar transform over the children that a node has.
//!
//! Follows FORMAT.md 5.5.
//! Neighbours along x, then y, then z become a weighted sum and a difference, so that the
//! transform is orthonormal; a child without a neighbour moves up as it is.

/// Bits behind the point of the transform's factors.
const FACTOR_BITS: u32 = 14;

/// `round_down(sqrt(a / (a + b)))` for weights of 1 to 4, in `1 / (1 << FACTOR_BITS)`.
const FACTORS: [[i64; 5]; 5] = {
    let mut factors = [[0; 5]; 5];
    let mut a = 1;
    while a < 5 {
        let mut b = 1;
        while b < 5 {
            let square = ((a as u64) << (2 * FACTOR_BITS)) / (a + b) as u64;
            factors[a][b] = square.isqrt() as i64;
            b += 1;
        }
        a += 1;
    }
    factors
};

/// One turn of two values into sum and difference; a weight of 0: `lower` is empty, `upper` moves.
#[derive(Clone, Copy, Default)]
struct Turn {
    lower: usize,
    upper: usize,
    lower_weight: usize,
    upper_weight: usize,
}

/// The turns for one mask.
pub(super) struct Plan {
    turns: [Turn; 12],
    turn_count: usize,
    /// Where differences stand, ascending; the sum stands in 0.
    differences: u8,
}

impl Plan {
    /// For the children of `mask`.
    pub(super) fn new(mask: u8) -> Self {
        let mut weights: [usize; 8] = std::array::from_fn(|child| usize::from(mask >> child & 1));
        let mut plan = Self {
            turns: [Turn::default(); 12],
            turn_count: 0,
            differences: 0,
        };
        for axis in 0..3 {
            let step = 1 << axis;
            for lower in (0..8).step_by(2 * step) {
                let upper = lower + step;
                let turn = Turn {
                    lower,
                    upper,
                    lower_weight: weights[lower],
                    upper_weight: weights[upper],
                };
                if turn.upper_weight == 0 {
                    continue;
                }
                if turn.lower_weight > 0 {
                    plan.differences |= 1 << upper;
                }
                weights[lower] += weights[upper];
                weights[upper] = 0;
                plan.turns[plan.turn_count] = turn;
                plan.turn_count += 1;
            }
        }
        plan
    }

    /// Where differences stand, ascending.
    pub(super) fn differences(&self) -> impl Iterator<Item = usize> + use<> {
        let differences = self.differences;
        (1..8).filter(move |slot| differences >> slot & 1 != 0)
    }

    /// Children to sum and differences, in place.
    #[cfg(feature = "encode")]
    pub(super) fn forward(&self, values: &mut [[i64; 3]; 8]) {
        for turn in &self.turns[..self.turn_count] {
            let (low, high) = (values[turn.lower], values[turn.upper]);
            if turn.lower_weight == 0 {
                values.swap(turn.lower, turn.upper);
                continue;
            }
            let a = FACTORS[turn.lower_weight][turn.upper_weight];
            let b = FACTORS[turn.upper_weight][turn.lower_weight];
            values[turn.lower] = std::array::from_fn(|i| rounded(a * low[i] + b * high[i]));
            values[turn.upper] = std::array::from_fn(|i| rounded(a * high[i] - b * low[i]));
        }
    }

    /// Sum and differences to children, in place.
    pub(super) fn backward(&self, values: &mut [[i64; 3]; 8]) {
        for turn in self.turns[..self.turn_count].iter().rev() {
            let (sum, difference) = (values[turn.lower], values[turn.upper]);
            if turn.lower_weight == 0 {
                values.swap(turn.lower, turn.upper);
                continue;
            }
            let a = FACTORS[turn.lower_weight][turn.upper_weight];
            let b = FACTORS[turn.upper_weight][turn.lower_weight];
            values[turn.lower] = std::array::from_fn(|i| rounded(a * sum[i] - b * difference[i]));
            values[turn.upper] = std::array::from_fn(|i| rounded(b * sum[i] + a * difference[i]));
        }
    }
}

fn rounded(product: i64) -> i64 {
    (product + (1 << (FACTOR_BITS - 1))) >> FACTOR_BITS
}

#[cfg(all(test, feature = "encode"))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn there_and_back(mask in 1u8..=255, seeds in prop::array::uniform8(-16320i64..16320)) {
            let mut values: [[i64; 3]; 8] = std::array::from_fn(|child| {
                if mask >> child & 1 != 0 { [seeds[child], -seeds[child], 7] } else { [0; 3] }
            });
            let before = values;
            let energy = |values: &[[i64; 3]; 8]| values.iter().map(|v| v[0] * v[0]).sum::<i64>();
            let plan = Plan::new(mask);
            plan.forward(&mut values);
            prop_assert_eq!(plan.differences().count() as u32, mask.count_ones() - 1);
            // Orthonormal, up to rounding.
            let (was, is) = (energy(&before) as f64, energy(&values) as f64);
            prop_assert!((was.sqrt() - is.sqrt()).abs() <= 8.0 + was.sqrt() * 1e-3);
            plan.backward(&mut values);
            for (value, wanted) in values.iter().zip(&before) {
                prop_assert!((value[0] - wanted[0]).abs() <= 8);
            }
        }
    }
}
