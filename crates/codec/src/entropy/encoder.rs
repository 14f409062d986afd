//! The writing half of the range coder.
//!
//! Source: the carry handling of the LZMA SDK's range encoder (public domain).

use super::{CHANCE_BITS, Chance, Coder, RANGE_MIN};

/// Writes bits into bytes.
pub(crate) struct RangeEncoder {
    bytes: Vec<u8>,
    range: u32,
    /// 32 bits and a carry.
    low: u64,
    /// The last byte that a carry may still change; 0xFF bytes behind it wait too.
    held: u8,
    held_count: u64,
}

impl RangeEncoder {
    /// Nothing written yet.
    pub(crate) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            range: u32::MAX,
            low: 0,
            held: 0,
            held_count: 1,
        }
    }

    /// The stream's bytes.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        for _ in 0..5 {
            self.push();
        }
        // The byte held at the start: the first carry never reaches it, so it is always zero.
        self.bytes.remove(0);
        self.bytes
    }

    fn push(&mut self) {
        if self.low < 0xFF00_0000 || self.low >= 1 << 32 {
            let carry = (self.low >> 32) as u8;
            self.bytes.push(self.held.wrapping_add(carry));
            for _ in 1..self.held_count {
                self.bytes.push(0xFF_u8.wrapping_add(carry));
            }
            self.held = (self.low >> 24) as u8;
            self.held_count = 0;
        }
        self.held_count += 1;
        self.low = (self.low & 0x00FF_FFFF) << 8;
    }

    fn narrow(&mut self, bound: u32, bit: bool) {
        if bit {
            self.range = bound;
        } else {
            self.low += u64::from(bound);
            self.range -= bound;
        }
        while self.range < RANGE_MIN {
            self.range <<= 8;
            self.push();
        }
    }
}

impl Coder for RangeEncoder {
    fn bit(&mut self, chance: &mut Chance, bit: bool) -> bool {
        self.narrow((self.range >> CHANCE_BITS) * chance.of_one(), bit);
        chance.learn(bit);
        bit
    }

    fn even_bit(&mut self, bit: bool) -> bool {
        self.narrow(self.range >> 1, bit);
        bit
    }

    fn is_past_end(&self) -> bool {
        false
    }
}
