//! Entropy coding: for points symbols of adaptive alphabets ([`SymbolCoder`], FORMAT.md 5.1), for
//! meshes adaptive bits ([`Coder`], FORMAT.md 6.1) and numbers made of them.
//!
//! Codecs are written once against one of the two: the encoder writes what it is given, the
//! decoder ignores it and returns what it read. So both sides cannot drift apart.

mod decoder;
#[cfg(feature = "encode")]
mod encoder;
mod number;
mod symbol_reader;
#[cfg(feature = "encode")]
mod symbol_writer;
mod symbols;

pub(crate) use decoder::RangeDecoder;
#[cfg(feature = "encode")]
pub(crate) use encoder::RangeEncoder;
pub(crate) use number::{Numbers, length_of};
pub(crate) use symbol_reader::SymbolReader;
#[cfg(feature = "encode")]
pub(crate) use symbol_writer::SymbolWriter;
pub(crate) use symbols::{Flag, Nibble, SymbolCoder};

/// Below this the range is widened by a byte.
const RANGE_MIN: u32 = 1 << 24;
/// Bits of a chance.
const CHANCE_BITS: u32 = 15;

/// Writes or reads bits.
pub(crate) trait Coder {
    /// One bit with a chance that learns.
    fn bit(&mut self, chance: &mut Chance, bit: bool) -> bool;
    /// One bit that is as likely as not.
    fn even_bit(&mut self, bit: bool) -> bool;
    /// A reader that has run out of bytes: what it returns now means nothing.
    fn is_past_end(&self) -> bool;
}

/// How likely the next bit is one, learnt from the bits before.
///
/// The mean of two memories, a short and a long one, each 16 bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chance {
    short: u16,
    long: u16,
}

impl Chance {
    /// As likely as not.
    pub(crate) const EVEN: Self = Self {
        short: 1 << 15,
        long: 1 << 15,
    };

    /// Always in `1..1 << CHANCE_BITS`: the memories stop short of 0 and 1 by their own shift.
    fn of_one(self) -> u32 {
        (u32::from(self.short) + u32::from(self.long)) >> (17 - CHANCE_BITS)
    }

    fn learn(&mut self, bit: bool) {
        if bit {
            self.short += (u16::MAX - self.short) >> 4;
            self.long += (u16::MAX - self.long) >> 7;
        } else {
            self.short -= self.short >> 4;
            self.long -= self.long >> 7;
        }
    }
}

#[cfg(all(test, feature = "encode"))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Drives every kind of symbol; the same for both sides.
    fn drive(coder: &mut impl Coder, values: &[i32]) -> Vec<i32> {
        let mut flag = Chance::EVEN;
        let mut numbers = Numbers::new(4);
        let mut read = Vec::new();
        for (index, &value) in values.iter().enumerate() {
            let is_odd = coder.bit(&mut flag, value & 1 != 0);
            let is_large = coder.even_bit(value > 100);
            let number = numbers.code(coder, index % 4, value);
            assert!(coder.is_past_end() || is_odd == (number & 1 != 0));
            assert!(coder.is_past_end() || is_large == (number > 100));
            read.push(number);
        }
        read
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(values in prop::collection::vec(-260_000i32..260_000, 0..300)) {
            let mut encoder = RangeEncoder::new();
            drive(&mut encoder, &values);
            let bytes = encoder.finish();
            let mut decoder = RangeDecoder::new(&bytes);
            let read = drive(&mut decoder, &vec![0; values.len()]);
            prop_assert_eq!(read, values);
            prop_assert!(decoder.finish("6.1").is_ok());
        }
    }

    #[test]
    fn carries_run_through() {
        // Long runs of the likely bit, then the unlikely one, push carries through 0xFF bytes.
        let bits: Vec<bool> = (0..200_000u32)
            .map(|i| i.wrapping_mul(i) % 977 == 0)
            .collect();
        let mut encoder = RangeEncoder::new();
        let mut chance = Chance::EVEN;
        for &bit in &bits {
            encoder.bit(&mut chance, bit);
        }
        let bytes = encoder.finish();
        let mut decoder = RangeDecoder::new(&bytes);
        let mut chance = Chance::EVEN;
        assert!(
            bits.iter()
                .all(|&bit| decoder.bit(&mut chance, false) == bit)
        );
        assert!(decoder.finish("6.1").is_ok());
    }

    #[test]
    fn a_stream_ends_where_it_ends() {
        let mut encoder = RangeEncoder::new();
        drive(&mut encoder, &[1, -7, 300, 0, 0, 5]);
        let mut bytes = encoder.finish();
        bytes.push(0);
        let mut decoder = RangeDecoder::new(&bytes);
        drive(&mut decoder, &[0; 6]);
        assert!(decoder.finish("6.1").is_err());
    }
}
