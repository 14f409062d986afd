//! The writing half of the symbol coder.

use super::symbols::{Alphabet, Flag, SCALE, SCALE_BITS, STATE_MIN, SymbolCoder};

/// Collects symbols, then writes them last to first: what goes into the state last comes out
/// first.
#[derive(Default)]
pub(crate) struct SymbolWriter {
    /// Start and frequency of each.
    spans: Vec<(u16, u16)>,
    /// Even bits, 32 a word, the first one lowest; those that do not fill a word yet.
    words: Vec<u32>,
    bits: u64,
    bit_count: u32,
}

impl SymbolWriter {
    /// The stream's bytes.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut states = [STATE_MIN; 2];
        let mut words = Vec::new();
        for (index, &(start, frequency)) in self.spans.iter().enumerate().rev() {
            let state = &mut states[index % 2];
            let (start, frequency) = (u64::from(start), u64::from(frequency));
            // The largest state that the symbol may be put into without growing past its range.
            if *state >= ((STATE_MIN >> SCALE_BITS) << 32) * frequency {
                words.push(*state as u32);
                *state >>= 32;
            }
            *state = ((*state / frequency) << SCALE_BITS) + *state % frequency + start;
        }
        let mut bytes: Vec<u8> = states.into_iter().flat_map(u64::to_le_bytes).collect();
        bytes.extend(words.iter().rev().flat_map(|word| word.to_le_bytes()));
        if self.bit_count > 0 {
            bytes.extend((self.bits as u32).to_le_bytes());
        }
        bytes.extend(self.words.iter().rev().flat_map(|word| word.to_le_bytes()));
        bytes
    }

    fn push(&mut self, start: u32, frequency: u32) {
        // Both fit: no model gives one symbol the whole scale.
        self.spans.push((start as u16, frequency as u16));
    }
}

impl SymbolCoder for SymbolWriter {
    const IS_WRITER: bool = true;

    fn nibble<const RATE: u32>(&mut self, model: &mut Alphabet<RATE>, wanted: u8) -> u8 {
        let (start, frequency) = model.span(wanted.into());
        self.push(start, frequency);
        model.learn_slot(start as i16);
        wanted
    }

    fn flag(&mut self, model: &mut Flag, wanted: bool) -> bool {
        let frequency = model.frequency();
        if wanted {
            self.push(0, frequency);
        } else {
            self.push(frequency, SCALE - frequency);
        }
        model.learn(wanted);
        wanted
    }

    fn raw(&mut self, bit_count: u32, wanted: u32) -> u32 {
        self.bits |= u64::from(wanted) << self.bit_count;
        self.bit_count += bit_count;
        if self.bit_count >= 32 {
            self.words.push(self.bits as u32);
            self.bits >>= 32;
            self.bit_count -= 32;
        }
        wanted
    }

    fn is_past_end(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Nibble, SymbolReader};
    use super::*;
    use proptest::prelude::*;

    /// Drives every kind of symbol; the same for both sides.
    fn drive(coder: &mut impl SymbolCoder, values: &[u32]) -> Vec<u32> {
        let mut flag = Flag::default();
        let mut nibbles = [Nibble::default(); 4];
        let mut read = Vec::new();
        for (index, &value) in values.iter().enumerate() {
            let high = coder.nibble(&mut nibbles[index % 4], (value >> 12) as u8 & 15);
            let bit_count = u32::from(high.min(11));
            let middle = coder.raw(bit_count, value >> 1 & ((1 << bit_count) - 1));
            let low = coder.flag(&mut flag, value & 1 != 0);
            read.push(u32::from(high) << 12 | middle << 1 | u32::from(low));
        }
        read
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seeds in prop::collection::vec(any::<u16>(), 0..500)) {
            // Only as many bits as `drive` codes.
            let values: Vec<u32> = seeds
                .iter()
                .map(|&seed| {
                    let bit_count = (u32::from(seed) >> 12).min(11);
                    u32::from(seed) & !0xFFF | u32::from(seed) & ((2 << bit_count) - 1)
                })
                .collect();
            let mut writer = SymbolWriter::default();
            drive(&mut writer, &values);
            let bytes = writer.finish();
            let mut reader = SymbolReader::new(&bytes);
            prop_assert_eq!(drive(&mut reader, &vec![0; values.len()]), values);
            prop_assert!(!reader.is_past_end());
            prop_assert!(reader.finish("5.1").is_ok());

            let mut surplus = bytes.clone();
            surplus.extend([0; 4]);
            let mut reader = SymbolReader::new(&surplus);
            drive(&mut reader, &vec![0; seeds.len()]);
            prop_assert!(reader.finish("5.1").is_err());
        }
    }
}
