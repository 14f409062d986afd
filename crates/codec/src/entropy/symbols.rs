//! Symbols of adaptive alphabets, for range asymmetric numeral systems (rANS).
//!
//! Follows FORMAT.md 5.1.
//! A codec is written once: the writing side codes the symbol it is given, the reading side
//! ignores it and returns the one it read.
//!
//! Source: Duda, "Asymmetric numeral systems", arXiv:1311.2540.

/// Bits of a frequency: all of a model's add up to `1 << SCALE_BITS`.
pub(super) const SCALE_BITS: u32 = 15;
/// The whole of a model.
pub(super) const SCALE: u32 = 1 << SCALE_BITS;
/// The state stays in `STATE_MIN..STATE_MIN << 32`.
pub(super) const STATE_MIN: u64 = 1 << 31;

/// Writes or reads symbols.
pub(crate) trait SymbolCoder {
    /// Whether this side writes: what it is given then means something.
    const IS_WRITER: bool;

    /// One of 16 symbols; the model learns it.
    fn nibble<const RATE: u32>(&mut self, model: &mut Alphabet<RATE>, wanted: u8) -> u8;
    /// Yes or no; the model learns it.
    fn flag(&mut self, model: &mut Flag, wanted: bool) -> bool;
    /// A number of up to 15 bits, each value as likely as the others.
    fn raw(&mut self, bit_count: u32, wanted: u32) -> u32;
    /// What the two nibbles just coded were coded from, for a coder that learns from it.
    #[inline]
    fn note(&mut self, _surroundings: u64, _mask: u8) {}
    /// A reader that has run out of bytes: what it returns now means nothing.
    fn is_past_end(&self) -> bool;
}

/// The least frequency of each of the 16 symbols.
const NIBBLE_FLOOR: i16 = 3;
/// What is left to learn beside the floors.
const NIBBLE_TOTAL: i16 = (SCALE - 16 * NIBBLE_FLOOR as u32) as i16;

/// How likely each of 16 symbols is, learnt from those before.
pub(crate) type Nibble = Alphabet<5>;
/// The same, and learns more slowly, so that it forgets less.
pub(crate) type SlowNibble = Alphabet<RATE_MAX>;

/// The slowest rate: 16 bits hold the largest distance with its rounding.
const RATE_MAX: u32 = 6;

/// A model of 16 symbols. Its distance to what came shrinks with each symbol by `RATE`, as a power
/// of two.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub(crate) struct Alphabet<const RATE: u32> {
    /// Where each symbol starts: rises from 0 by [`NIBBLE_FLOOR`] at least.
    starts: [i16; 16],
}

impl<const RATE: u32> Default for Alphabet<RATE> {
    /// All as likely as one another.
    fn default() -> Self {
        Self::from_weights(&[1; 16])
    }
}

impl<const RATE: u32> Alphabet<RATE> {
    /// In proportion to `weights`, of which one at least is above zero; each below 2^16.
    pub(crate) fn from_weights(weights: &[u32; 16]) -> Self {
        let sum: u32 = weights.iter().sum();
        let mut before = 0;
        let starts = std::array::from_fn(|symbol| {
            let start = u64::from(before) * NIBBLE_TOTAL as u64 / u64::from(sum);
            before += weights[symbol];
            start as i16 + FLOORS[symbol]
        });
        Self { starts }
    }

    /// Where `symbol` starts and how frequent it is.
    #[inline]
    pub(super) fn span(&self, symbol: usize) -> (u32, u32) {
        let start = self.starts[symbol % 16] as u32;
        // The last one ends where the first starts again.
        let end = self.starts[(symbol + 1) % 16] as u32;
        (start, end.wrapping_sub(start) % SCALE)
    }

    /// Learns the symbol that `slot`, below [`SCALE`], lies in; returns it, where it started and
    /// how frequent it was.
    #[inline]
    pub(super) fn learn_slot(&mut self, slot: i16) -> (usize, u32, u32) {
        const { assert!(RATE <= RATE_MAX) };
        let (symbol, learnt) = learnt::<RATE>(&self.starts, slot);
        let (start, frequency) = self.span(symbol);
        self.starts = learnt;
        (symbol, start, frequency)
    }
}

/// What the floors of the symbols before each add up to.
const FLOORS: [i16; 16] = {
    let mut floors = [0; 16];
    let mut symbol = 1;
    while symbol < 16 {
        floors[symbol] = floors[symbol - 1] + NIBBLE_FLOOR;
        symbol += 1;
    }
    floors
};

/// Finds the symbol of a slot, and moves all starts towards what would have made it certain.
#[cfg(not(target_arch = "wasm32"))]
#[inline]
fn learnt<const RATE: u32>(starts: &[i16; 16], slot: i16) -> (usize, [i16; 16]) {
    let count = starts.iter().filter(|&&start| start <= slot).count();
    let moved = |symbol: usize| {
        let start = starts[symbol];
        let target = FLOORS[symbol] + if start <= slot { 0 } else { NIBBLE_TOTAL };
        start + ((target - start + (1 << (RATE - 1))) >> RATE)
    };
    (count - 1, std::array::from_fn(moved))
}

/// The same, eight at a time.
#[cfg(target_arch = "wasm32")]
#[inline]
fn learnt<const RATE: u32>(starts: &[i16; 16], slot: i16) -> (usize, [i16; 16]) {
    use core::arch::wasm32 as arch;
    let slot = arch::i16x8_splat(slot);
    let [lower, upper]: [arch::v128; 2] = bytemuck::cast(*starts);
    let [lower_floors, upper_floors]: [arch::v128; 2] = bytemuck::cast(FLOORS);
    // Targets with the half of a rounding.
    let half = arch::i16x8_splat(1 << (RATE - 1));
    let total = arch::i16x8_splat(NIBBLE_TOTAL);
    let lower_beyond = arch::i16x8_gt(lower, slot);
    let upper_beyond = arch::i16x8_gt(upper, slot);
    let moved = |start, floors, is_beyond| {
        let target = arch::i16x8_add(arch::v128_and(total, is_beyond), floors);
        let distance = arch::i16x8_add(arch::i16x8_sub(target, start), half);
        arch::i16x8_add(start, arch::i16x8_shr(distance, RATE))
    };
    let learnt = [
        moved(lower, lower_floors, lower_beyond),
        moved(upper, upper_floors, upper_beyond),
    ];
    let beyond = arch::i8x16_narrow_i16x8(lower_beyond, upper_beyond);
    // One more bit, for when no symbol is beyond.
    let beyond = u32::from(arch::i8x16_bitmask(beyond)) | 1 << 16;
    (beyond.trailing_zeros() as usize - 1, bytemuck::cast(learnt))
}

/// How much a flag's distance to what came shrinks each time, as a power of two.
const FLAG_RATE: u32 = 5;

/// How likely a yes is, learnt from the flags before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flag {
    /// 0 to 65535 for never to always.
    chance: u16,
}

impl Default for Flag {
    /// As likely as not.
    fn default() -> Self {
        Self { chance: 1 << 15 }
    }
}

impl Flag {
    /// How frequent a yes is, of [`SCALE`]; a yes starts at 0. Neither side is ever zero.
    #[inline]
    pub(super) fn frequency(self) -> u32 {
        let chance = u32::from(self.chance);
        // 64 to SCALE - 64.
        (chance - (chance >> 8) + 128) >> 1
    }

    #[inline]
    pub(super) fn learn(&mut self, flag: bool) {
        if flag {
            self.chance += (u16::MAX - self.chance) >> FLAG_RATE;
        } else {
            self.chance -= self.chance >> FLAG_RATE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every slot belongs to one symbol, and every symbol has slots.
    fn check<const RATE: u32>(model: &Alphabet<RATE>) {
        let mut next = 0;
        for symbol in 0..16 {
            let (start, frequency) = model.span(symbol);
            assert_eq!(start, next);
            assert!(frequency >= NIBBLE_FLOOR as u32);
            next = start + frequency;
        }
        assert_eq!(next, SCALE);
    }

    /// So it stays, whatever it learns.
    fn check_learning<const RATE: u32>(mut model: Alphabet<RATE>, slots: &[i16]) {
        check(&model);
        for &slot in slots {
            let spans: Vec<_> = (0..16).map(|symbol| model.span(symbol)).collect();
            let (symbol, start, frequency) = model.learn_slot(slot);
            assert_eq!((start, frequency), spans[symbol]);
            assert!((start..start + frequency).contains(&(slot as u32)));
            check(&model);
        }
    }

    proptest! {
        #[test]
        fn a_model_stays_whole(
            weights in prop::array::uniform16(0u32..65536),
            slots in prop::collection::vec(0i16..=i16::MAX, 0..2000),
        ) {
            prop_assume!(weights.iter().any(|&weight| weight > 0));
            check_learning(Nibble::from_weights(&weights), &slots);
            check_learning(SlowNibble::from_weights(&weights), &slots);
        }
    }

    #[test]
    fn a_model_turns_from_one_end_to_the_other() {
        let slots = [[i16::MAX; 3000], [0; 3000], [i16::MAX; 3000]].concat();
        check_learning(Nibble::default(), &slots);
        check_learning(SlowNibble::default(), &slots);
    }

    #[test]
    fn a_flag_is_never_sure() {
        for flag in [false, true] {
            let mut model = Flag::default();
            for _ in 0..10_000 {
                model.learn(flag);
            }
            assert!((1..SCALE).contains(&model.frequency()));
        }
    }
}
