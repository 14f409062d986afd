//! Signed numbers as adaptive bits: how many binary digits, the sign, then the digits.

use super::{Chance, Coder};

/// Binary digits of the largest magnitude: the parallelogram of three 16-bit numbers needs 18.
const DIGITS_MAX: usize = 18;

/// How many binary digits a magnitude has; 0 for 0.
pub(crate) fn length_of(value: i32) -> usize {
    (u32::BITS - value.unsigned_abs().leading_zeros()) as usize
}

/// Models for signed numbers below `1 << 18` in magnitude, in a number of surroundings.
pub(crate) struct Numbers {
    /// One unary digit each: is the length greater than this?
    lengths: Vec<[Chance; DIGITS_MAX]>,
    /// The digit after the leading one, by length.
    seconds: Vec<[Chance; DIGITS_MAX + 1]>,
}

impl Numbers {
    /// Has learnt nothing yet.
    pub(crate) fn new(surrounding_count: usize) -> Self {
        Self {
            lengths: vec![[Chance::EVEN; DIGITS_MAX]; surrounding_count],
            seconds: vec![[Chance::EVEN; DIGITS_MAX + 1]; surrounding_count],
        }
    }

    /// One number, in a surrounding below the count given to [`Numbers::new`].
    #[inline]
    pub(crate) fn code(&mut self, coder: &mut impl Coder, surrounding: usize, value: i32) -> i32 {
        let wanted = length_of(value);
        let mut length = 0;
        for (digit, chance) in self.lengths[surrounding].iter_mut().enumerate() {
            if !coder.bit(chance, wanted > digit) {
                break;
            }
            length = digit + 1;
        }
        if length == 0 {
            return 0;
        }
        let is_negative = coder.even_bit(value < 0);
        let magnitude = value.unsigned_abs();
        let mut coded = 1;
        for place in (0..length - 1).rev() {
            let digit = magnitude >> place & 1 != 0;
            let digit = if place + 2 == length {
                coder.bit(&mut self.seconds[surrounding][length], digit)
            } else {
                coder.even_bit(digit)
            };
            coded = coded << 1 | i32::from(digit);
        }
        if is_negative { -coded } else { coded }
    }
}
