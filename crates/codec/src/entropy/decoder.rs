//! The reading half of the range coder.

use super::{CHANCE_BITS, Chance, Coder, RANGE_MIN};
use crate::DecodeError;

/// Reads bits from bytes that [`super::Coder`]'s writing half made.
///
/// Past the end it reads zeros and remembers it, so that hot loops check once a symbol.
pub(crate) struct RangeDecoder<'a> {
    bytes: &'a [u8],
    position: usize,
    range: u32,
    code: u32,
}

impl<'a> RangeDecoder<'a> {
    /// At the start of a whole stream.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = Self {
            bytes,
            position: 0,
            range: u32::MAX,
            code: 0,
        };
        for _ in 0..4 {
            decoder.pull();
        }
        decoder
    }

    /// Checks that the stream ends here: the writer leaves no byte over, and no remainder.
    pub(crate) fn finish(self, section: &'static str) -> Result<(), DecodeError> {
        if self.position == self.bytes.len() && self.code == 0 {
            Ok(())
        } else {
            Err(DecodeError::malformed(
                section,
                "the payload ends with its last symbol",
            ))
        }
    }

    fn pull(&mut self) {
        let byte = self.bytes.get(self.position).copied().unwrap_or(0);
        self.position += 1;
        self.code = self.code << 8 | u32::from(byte);
    }

    fn widen(&mut self) {
        while self.range < RANGE_MIN {
            self.range <<= 8;
            self.pull();
        }
    }
}

impl Coder for RangeDecoder<'_> {
    #[inline]
    fn bit(&mut self, chance: &mut Chance, _: bool) -> bool {
        let bound = (self.range >> CHANCE_BITS) * chance.of_one();
        let bit = self.code < bound;
        if bit {
            self.range = bound;
        } else {
            self.code -= bound;
            self.range -= bound;
        }
        chance.learn(bit);
        self.widen();
        bit
    }

    #[inline]
    fn even_bit(&mut self, _: bool) -> bool {
        let bound = self.range >> 1;
        let bit = self.code < bound;
        if bit {
            self.range = bound;
        } else {
            self.code -= bound;
            self.range -= bound;
        }
        self.widen();
        bit
    }

    #[inline]
    fn is_past_end(&self) -> bool {
        self.position > self.bytes.len()
    }
}
