//! Signed numbers: a nibble that learns says about how large, even bits say the rest.
//!
//! Follows FORMAT.md 6.1.

use super::{Alphabet, Nibble, SymbolCoder};

/// The least magnitude of each size: the first are magnitudes themselves, then there are two
/// sizes to a power of two, as the digit behind the leading one is worth learning.
const LEAST: [u32; 16] = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128, 256, 512];
/// Even bits that say which magnitude of its size a number has, and that it is negative.
const BIT_COUNTS: [u32; 15] = [0, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 7, 8, 9];
/// The size of all that is larger.
const LARGE: u8 = 15;
/// Digits behind the leading one of `magnitude - 511`, at most.
const DIGITS_MAX: u32 = 26;
/// Bits that the coder takes at once.
const AT_ONCE: u32 = 13;

/// About how large a number is: 0 for 0, at most 15.
#[inline]
pub(crate) fn size_of(value: i32) -> u8 {
    let magnitude = value.unsigned_abs();
    LEAST[1..]
        .iter()
        .filter(|&&least| least <= magnitude)
        .count() as u8
}

/// One number, below 2^27 in magnitude, and its size.
#[inline]
pub(crate) fn code_number<const RATE: u32>(
    coder: &mut impl SymbolCoder,
    model: &mut Alphabet<RATE>,
    wanted: i32,
) -> (i32, u8) {
    let size = coder.nibble(model, size_of(wanted));
    (code_rest(coder, size, wanted), size)
}

/// A number as [`code_number`] codes it, where few are: so that its code, which is large, is there
/// once.
#[inline(never)]
pub(crate) fn code_rare_number(
    coder: &mut impl SymbolCoder,
    model: &mut Nibble,
    wanted: i32,
) -> i32 {
    code_number(coder, model, wanted).0
}

/// A number of known size.
#[inline(always)]
fn code_rest(coder: &mut impl SymbolCoder, size: u8, wanted: i32) -> i32 {
    let (magnitude, is_negative) = (wanted.unsigned_abs(), u32::from(wanted < 0));
    if size >= LARGE {
        return code_large(coder, magnitude, is_negative);
    }
    let (least, bit_count) = (LEAST[usize::from(size)], BIT_COUNTS[usize::from(size)]);
    // Nothing of a zero: it has no bits.
    let rest = magnitude.wrapping_sub(least) << 1 | is_negative;
    let rest = coder.raw(bit_count, rest);
    signed(least + (rest >> 1), rest & 1)
}

/// What numbers of these sizes have behind them, one after the other.
#[inline]
pub(crate) fn code_rests<const COUNT: usize>(
    coder: &mut impl SymbolCoder,
    sizes: [u8; COUNT],
    wanted: [i32; COUNT],
) -> [i32; COUNT] {
    std::array::from_fn(|index| code_rest(coder, sizes[index], wanted[index]))
}

#[cold]
fn code_large(coder: &mut impl SymbolCoder, magnitude: u32, is_negative: u32) -> i32 {
    let least = LEAST[usize::from(LARGE)];
    // From 1 on, so that it has a leading digit, which needs not be sent.
    let above = magnitude.saturating_sub(least) + 1;
    let digit_count = coder.raw(5, above.ilog2()).min(DIGITS_MAX);
    let low_count = digit_count.min(AT_ONCE);
    let digits = above & ((1 << digit_count) - 1);
    let low = coder.raw(low_count, digits & ((1 << low_count) - 1));
    let high = coder.raw(digit_count - low_count, digits >> low_count);
    let above = 1 << digit_count | high << low_count | low;
    signed(least + above - 1, coder.raw(1, is_negative))
}

#[inline]
fn signed(magnitude: u32, is_negative: u32) -> i32 {
    let sign = (is_negative as i32).wrapping_neg();
    (magnitude as i32 ^ sign) - sign
}

#[cfg(all(test, feature = "encode"))]
mod tests {
    use super::super::{Nibble, SymbolReader, SymbolWriter};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(
            values in prop::collection::vec((0u32..27, any::<i32>()), 0..300),
        ) {
            let numbers = values.iter().map(|&(bits, value)| value >> (31 - bits));
            let values: Vec<i32> = numbers.collect();
            let mut writer = SymbolWriter::default();
            let mut model = Nibble::default();
            for &value in &values {
                code_number(&mut writer, &mut model, value);
            }
            let bytes = writer.finish();
            let mut reader = SymbolReader::new(&bytes);
            let mut model = Nibble::default();
            for &value in &values {
                prop_assert_eq!(code_number(&mut reader, &mut model, 0), (value, size_of(value)));
            }
            prop_assert!(reader.finish("6.1").is_ok());
        }
    }

    #[test]
    fn sizes_are_what_they_say() {
        for size in 0..LARGE {
            let least = LEAST[usize::from(size)];
            let most = LEAST[usize::from(size) + 1] - 1;
            assert_eq!(
                (size_of(least as i32), size_of(-(most as i32))),
                (size, size)
            );
            let signs = u32::from(size > 0);
            assert_eq!(
                most - least + 1,
                1 << (BIT_COUNTS[usize::from(size)] - signs)
            );
        }
    }
}
