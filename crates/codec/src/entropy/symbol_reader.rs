//! The reading half of the symbol coder.

use super::symbols::{Alphabet, Flag, SCALE, SCALE_BITS, STATE_MIN, SymbolCoder};
use crate::DecodeError;

/// Reads symbols from bytes that [`super::SymbolWriter`] made.
///
/// Past the end it reads zeros and remembers it, so that hot loops check once in a while.
pub(crate) struct SymbolReader<'a> {
    bytes: &'a [u8],
    position: usize,
    /// The one that the next symbol comes from, and the one after it.
    states: [u64; 2],
    /// Where the bytes end that no even bits were taken from yet.
    end: usize,
    /// Even bits at hand, the next one lowest.
    bits: u64,
    bit_count: u32,
}

impl<'a> SymbolReader<'a> {
    /// At the start of a whole stream.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut reader = Self {
            bytes,
            position: 0,
            states: [0; 2],
            end: bytes.len(),
            bits: 0,
            bit_count: 0,
        };
        reader.states = std::array::from_fn(|_| {
            let low = reader.word();
            reader.word() << 32 | low
        });
        reader
    }

    /// Checks that the stream ends here: the writer leaves no byte over, and no remainder.
    pub(crate) fn finish(self, section: &'static str) -> Result<(), DecodeError> {
        let is_at_end = self.position == self.end && self.bits == 0;
        if is_at_end && self.states == [STATE_MIN; 2] {
            Ok(())
        } else {
            Err(DecodeError::malformed(
                section,
                "the payload ends with its last symbol",
            ))
        }
    }

    #[inline]
    fn word(&mut self) -> u64 {
        let word = self.bytes.get(self.position..self.position + 4);
        self.position += 4;
        word.and_then(|word| word.try_into().ok())
            .map_or(0, |word| u32::from_le_bytes(word).into())
    }

    #[inline]
    fn slot(&self) -> u32 {
        self.states[0] as u32 & (SCALE - 1)
    }

    /// Takes out the symbol that the slot lies in.
    #[inline]
    fn take(&mut self, start: u32, frequency: u32) {
        let offset = u64::from(self.slot() - start);
        // A hostile state may be anything; an honest one stays below 2^63.
        let scaled = u64::from(frequency).wrapping_mul(self.states[0] >> SCALE_BITS);
        let mut state = scaled.wrapping_add(offset);
        if state < STATE_MIN {
            state = state << 32 | self.word();
        }
        self.states = [self.states[1], state];
    }
}

impl SymbolCoder for SymbolReader<'_> {
    const IS_WRITER: bool = false;

    #[inline]
    fn nibble<const RATE: u32>(&mut self, model: &mut Alphabet<RATE>, _: u8) -> u8 {
        let (symbol, start, frequency) = model.learn_slot(self.slot() as i16);
        self.take(start, frequency);
        symbol as u8
    }

    #[inline]
    fn flag(&mut self, model: &mut Flag, _: bool) -> bool {
        let frequency = model.frequency();
        let flag = self.slot() < frequency;
        if flag {
            self.take(0, frequency);
        } else {
            self.take(frequency, SCALE - frequency);
        }
        model.learn(flag);
        flag
    }

    #[inline]
    fn raw(&mut self, bit_count: u32, _: u32) -> u32 {
        if self.bit_count < bit_count {
            self.end = self.end.saturating_sub(4);
            let word = self.bytes.get(self.end..self.end + 4);
            let word = word.and_then(|word| word.try_into().ok());
            self.bits |= u64::from(word.map_or(0, u32::from_le_bytes)) << self.bit_count;
            self.bit_count += 32;
        }
        let value = self.bits as u32 & ((1 << bit_count) - 1);
        self.bits >>= bit_count;
        self.bit_count -= bit_count;
        value
    }

    #[inline]
    fn is_past_end(&self) -> bool {
        self.position > self.end
    }
}
