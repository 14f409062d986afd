//! The colours of a node's children: a prediction from around the node, and what it misses.
//!
//! Follows FORMAT.md 5.5.
//! Every node has the mean colour of its children. The children are predicted from the node and
//! its neighbours, so that their mean is the node's colour; what is missing goes through a Haar
//! transform, is quantised, and mostly is nothing.
//! Predictions use decoded colours, so that errors do not add up along the way. They are made of
//! red, green and blue, which need no conversion then; what is missing is luma and chroma.

use super::haar;
use super::level::{Colour, Kept, children};
use super::slices::{ACTIVITY_SHIFT, Around, with_weight};
use crate::entropy::{Flag, Nibble, SymbolCoder};
use crate::lanes::{Lanes, Lanes16};

/// Bits behind the point of a colour: sixteen of them added up are 16 bits.
pub(super) const FRACTION_BITS: u32 = 3;
/// The largest red, green or blue.
const COLOUR_MAX: i16 = 255 << FRACTION_BITS;
/// How much happened in a group of children, at most.
pub(super) const ACTIVITY_MAX: u32 = 31;

/// How finely differences are kept, in 8ths of a colour's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Steps([i32; 3]);

impl Steps {
    /// From the codes for luma and chroma: four bits of mantissa under an exponent.
    pub(super) fn from_codes([luma, chroma]: [u8; 2]) -> Self {
        let step = |code: u8| i32::from(16 + (code & 15)) << (code >> 4) >> 4;
        Self([step(luma), step(chroma), step(chroma)])
    }

    /// The code of the step next to `step`, in 8ths.
    #[cfg(feature = "encode")]
    pub(super) fn code_near(step: f64) -> u8 {
        let distance = |code: u8| {
            let Self([of_code, ..]) = Self::from_codes([code; 2]);
            (f64::from(of_code) / step).ln().abs()
        };
        (0..=u8::MAX)
            .min_by(|&a, &b| distance(a).total_cmp(&distance(b)))
            .unwrap_or(0)
    }

    /// A difference in red, green and blue.
    #[inline]
    fn dequantised(self, levels: [i32; 3]) -> Lanes {
        let held = |value: i32| value.clamp(-VALUE_MAX, VALUE_MAX);
        let value = |lane: usize| held(held(levels[lane]) * self.0[lane]);
        let [luma, orange, green] = [value(0), value(1), value(2)];
        let red_blue = 2 * luma - green;
        let rgb = [red_blue + orange, 2 * luma + green, red_blue - orange];
        let [r, g, b] = rgb.map(|twice| held(twice >> 1));
        Lanes::new([r, g, b, 0])
    }

    /// With less than half a step of rounding up: zeros are cheap.
    #[cfg(feature = "encode")]
    fn quantised(self, difference: Lanes) -> [i32; 3] {
        let [r, g, b, _] = difference.to_array();
        let values = [(r + 2 * g + b) / 4, r - b, g - (r + b) / 2];
        std::array::from_fn(|i| {
            let level = (values[i].abs() * 100 + self.0[i] * 38) / (self.0[i] * 100);
            level * values[i].signum()
        })
    }
}

/// Wide enough for any honest difference; more could overflow on the way through the transform.
const VALUE_MAX: i32 = i16::MAX as i32;

/// 32768 / n, for up to eight children; for one child as near as 16 bits come.
const RECIPROCALS: [i16; 9] = [0, 32767, 16384, 10923, 8192, 6554, 5461, 4681, 4096];

/// The children's bits in a mask, of those at the lower z and at the upper, by x and y.
const CHILD_BITS: [[i16; 8]; 4] = {
    let mut bits = [[0; 8]; 4];
    let mut index = 0;
    while index < 32 {
        bits[index / 8][index % 8] = 1 << (index / 8 + index % 8 / 4 * 4);
        index += 1;
    }
    bits
};

/// The colours of a node's children: as predicted, then as decoded.
pub(super) struct Family {
    /// By x and y: the one at the lower z, then the one at the upper, or the other way round.
    pairs: [Lanes16; 4],
    is_swapped: bool,
    /// How much happens around the node, 0 to 5.
    activity_around: usize,
    /// How much the prediction missed, 0 to [`ACTIVITY_MAX`].
    pub(super) activity: i16,
}

/// Where a child stands in the pairs of a family.
#[inline]
fn slot(child: u8, is_swapped: bool) -> usize {
    usize::from((child & 3) << 1 | child >> 2 & 1) ^ usize::from(is_swapped)
}

/// Predicts the children of `mask`.
///
/// Each is the mean of the node and the neighbours that the child is next to: the node counts 4,
/// a neighbour across a face 3, across an edge 1, and the node again for those that are not there.
#[inline]
pub(super) fn predict(own: Colour, around: &Around, is_swapped: bool, mask: u8) -> Family {
    let own = Lanes16::twice(with_weight(own));
    let three = Lanes16::splat(3);
    let [left, right] = around.x;
    let [back, front] = around.y;
    let base = own.times(Lanes16::splat(4)).plus(around.z.times(three));
    let by_x = [
        base.plus(left.times(three)).plus(around.xz[0]),
        base.plus(right.times(three)).plus(around.xz[1]),
    ];
    let by_y = [
        back.times(three).plus(around.yz[0]),
        front.times(three).plus(around.yz[1]),
    ];
    let mut pairs: [Lanes16; 4] = std::array::from_fn(|xy| {
        let weighted = by_x[xy & 1].plus(by_y[xy >> 1]).plus(around.xy[xy]);
        let weight = weighted
            .lasts()
            .and(Lanes16::splat((1 << ACTIVITY_SHIFT) - 1));
        let missing = Lanes16::splat(16).minus(weight);
        let sum = weighted.plus(own.times(missing));
        sum.plus(Lanes16::splat(8)).shifted(4)
    });
    correct(&mut pairs, own, is_swapped, mask);
    let faces = own.plus(own).plus(left).plus(right).plus(back).plus(front);
    let faces = faces.plus(around.z);
    let total = i32::from(faces.lane::<3>()) + i32::from(around.z.lane::<7>());
    Family {
        pairs,
        is_swapped,
        activity_around: activity_class(
            total >> ACTIVITY_SHIFT,
            total & ((1 << ACTIVITY_SHIFT) - 1),
        ),
        activity: 0,
    }
}

/// Adds the same to all pairs, so that the mean of the children of `mask` is their node's colour.
#[inline]
fn correct(pairs: &mut [Lanes16; 4], own: Lanes16, is_swapped: bool, mask: u8) {
    let in_pairs = if is_swapped {
        mask.rotate_left(4)
    } else {
        mask
    };
    let in_pairs = Lanes16::splat(in_pairs.into());
    let sum = pairs
        .iter()
        .zip(CHILD_BITS)
        .map(|(pair, bits)| {
            let bits = Lanes16::new(bits);
            pair.and(in_pairs.and(bits).same(bits))
        })
        .fold(Lanes16::splat(0), Lanes16::plus);
    let sum = sum.plus(sum.halves_swapped());
    let reciprocal = RECIPROCALS[mask.count_ones() as usize % RECIPROCALS.len()];
    let correction = own.minus(sum.shared(Lanes16::splat(reciprocal)));
    for pair in pairs {
        *pair = pair.plus(correction);
    }
}

impl Family {
    /// The children as a coarser layer has them: what is missing is that layer's error.
    ///
    /// There are two at least.
    pub(super) fn coarse(own: Colour, mask: u8, siblings: &[Kept]) -> Self {
        let mut slots = [[0; 4]; 8];
        for (child, sibling) in children(mask).zip(siblings) {
            slots[slot(child, false) % 8] = sibling.colour;
        }
        let mut pairs = bytemuck::cast::<_, [[i16; 8]; 4]>(slots).map(Lanes16::new);
        correct(&mut pairs, Lanes16::twice(own), false, mask);
        Self {
            pairs,
            is_swapped: false,
            activity_around: activity_class(own[3].into(), 1),
            activity: 0,
        }
    }

    /// What the next level keeps of each child; the activity is the family's.
    #[inline]
    pub(super) fn kept(&self) -> impl Fn(u8) -> Colour + use<> {
        let pairs = self.pairs.map(|pair| pair.clamp(0, COLOUR_MAX).to_array());
        let slots: [Colour; 8] = bytemuck::cast(pairs);
        let (activity, is_swapped) = (self.activity, self.is_swapped);
        move |child| {
            let [r, g, b, _] = slots[slot(child, is_swapped) % 8];
            [r, g, b, activity]
        }
    }

    /// Each child's red, green, blue as sRGB and a zero.
    #[inline]
    pub(super) fn rgbs(&self) -> impl Fn(u8) -> [u8; 4] + use<> {
        let [a, b, c, d] = self.pairs.map(whole);
        let slots = [a.to_u8(b), c.to_u8(d)];
        let is_swapped = self.is_swapped;
        move |child| {
            let slot = slot(child, is_swapped);
            slots[slot / 4 % 2][slot % 4]
        }
    }

    /// Adds decoded differences to the prediction.
    #[inline]
    fn add(&mut self, values: &[Lanes; 8]) {
        let mut slots = [[0; 4]; 8];
        for (child, value) in (0..8).zip(values) {
            slots[slot(child, self.is_swapped) % 8] = value.to_i16();
        }
        let values = bytemuck::cast::<_, [[i16; 8]; 4]>(slots);
        for (pair, values) in self.pairs.iter_mut().zip(values) {
            *pair = pair.plus_held(Lanes16::new(values));
        }
    }
}

/// Whole units of a colour; lane 3 is zero.
#[inline]
pub(super) fn whole(colours: Lanes16) -> Lanes16 {
    let half = Lanes16::splat(1 << (FRACTION_BITS - 1));
    let colour_lanes = Lanes16::twice([-1, -1, -1, 0]);
    colours
        .plus_held(half)
        .shifted(FRACTION_BITS)
        .and(colour_lanes)
}

/// A colour's red, green, blue as sRGB and a zero.
#[inline]
pub(super) fn rgb(colour: Colour) -> [u8; 4] {
    let whole = whole(Lanes16::twice(colour));
    whole.to_u8(whole)[0]
}

/// The mean activity `sum / weight`, in quarters, as one of six classes.
#[inline]
fn activity_class(sum: i32, weight: i32) -> usize {
    let bounds = [
        (sum, 1),
        (5 * sum, 6),
        (5 * sum, 16),
        (5 * sum, 32),
        (sum, 12),
    ];
    let classes = bounds.into_iter().enumerate();
    classes
        .map(|(i, (sum, bound))| {
            let bound = if i == 0 { 1 } else { bound * weight };
            usize::from(sum >= bound)
        })
        .sum()
}

/// The models of one level's colours.
#[derive(Default)]
pub(super) struct Colours {
    has_detail: [[[Flag; 2]; 4]; 6],
    luma: [[Nibble; 4]; 4],
    chroma: [[Nibble; 2]; 4],
}

impl Colours {
    /// Adds to the prediction what it misses, for a node of `mask` with two children at least.
    ///
    /// `own_activity`: of the family that the node comes from. `wanted`: the children's colours,
    /// for the writing side.
    #[inline]
    pub(super) fn code<C: SymbolCoder>(
        &mut self,
        coder: &mut C,
        steps: Steps,
        (mask, own_activity): (u8, i16),
        family: &mut Family,
        wanted: &[Colour],
    ) {
        let own_class = usize::from(own_activity > 0)
            + usize::from(own_activity > 1)
            + usize::from(own_activity > 3);
        let is_many = usize::from(mask.count_ones() > 3);
        let has_detail = &mut self.has_detail[family.activity_around % 6][own_class][is_many];
        let levels = levels(steps, mask, family, wanted);
        if coder.flag(has_detail, levels != [[0; 3]; 8]) {
            self.code_detail(coder, steps, mask, &levels, family);
        }
    }

    /// The differences of a node that has any.
    fn code_detail(
        &mut self,
        coder: &mut impl SymbolCoder,
        steps: Steps,
        mask: u8,
        levels: &[[i32; 3]; 8],
        family: &mut Family,
    ) {
        let activity = family.activity_around.min(3);
        let mut values = [Lanes::splat(0); 8];
        let mut magnitude_sum = 0;
        let mut before = 0;
        for slot in children(haar::differences(mask)) {
            let slot = usize::from(slot) % 8;
            let level = self.code_level(coder, (activity, before), levels[slot]);
            before = (level[0].unsigned_abs() as usize).min(3);
            let magnitudes = level.iter().map(|part| part.unsigned_abs().min(4));
            magnitude_sum += magnitudes.sum::<u32>();
            values[slot] = steps.dequantised(level);
        }
        haar::backward(&mut values, mask);
        family.add(&values);
        family.activity = (4 * magnitude_sum / mask.count_ones()).min(ACTIVITY_MAX) as i16;
    }

    /// The exact colours of a node's points, by child.
    ///
    /// `wanted`: them, one after the other, for the writing side.
    pub(super) fn code_exact(
        &mut self,
        coder: &mut impl SymbolCoder,
        mask: u8,
        family: &Family,
        wanted: &[[u8; 3]],
    ) -> [[u8; 4]; 8] {
        let predicted = family.rgbs();
        let mut rgbs = [[0; 4]; 8];
        let mut before = 0;
        for (index, child) in children(mask).enumerate() {
            let predicted = exact::from_rgb(predicted(child));
            let level = exact::level(wanted.get(index), predicted);
            let level = self.code_level(coder, (family.activity_around.min(3), before), level);
            before = (level[0].unsigned_abs() as usize).min(3);
            let colour = std::array::from_fn(|i| predicted[i].wrapping_add(level[i]));
            rgbs[usize::from(child & 7)] = exact::rgb(colour);
        }
        rgbs
    }

    /// One difference, in steps: luma, orange, green.
    pub(super) fn code_level(
        &mut self,
        coder: &mut impl SymbolCoder,
        (activity, before): (usize, usize),
        wanted: [i32; 3],
    ) -> [i32; 3] {
        let [luma, orange, green] = wanted;
        let size = luma.unsigned_abs();
        let token = coder.nibble(&mut self.luma[activity][before], size.min(15) as u8);
        let size = escaped(coder, token.into(), 15, size);
        let luma = signed(coder, size, luma < 0);
        let class = luma.unsigned_abs().min(3) as usize;
        let model = &mut self.chroma[class][usize::from(before > 0)];
        let (o, g) = (orange.unsigned_abs(), green.unsigned_abs());
        let token = coder.nibble(model, (o.min(3) | g.min(3) << 2) as u8);
        let o = escaped(coder, (token & 3).into(), 3, o);
        let orange = signed(coder, o, orange < 0);
        let g = escaped(coder, (token >> 2).into(), 3, g);
        [luma, orange, signed(coder, g, green < 0)]
    }
}

/// A size whose token is `escape` at most; what is above follows as it is, after its length.
#[inline]
fn escaped(coder: &mut impl SymbolCoder, token: u32, escape: u32, wanted: u32) -> u32 {
    if token < escape {
        return token;
    }
    // 1 and more, so that it has a leading bit, which needs not be written.
    let above = (wanted.wrapping_sub(escape).wrapping_add(1)).min(0x7FFF);
    let length = coder.raw(4, 31 - (above | 1).leading_zeros());
    let rest = coder.raw(length, above & ((1 << length) - 1));
    escape - 1 + (1 << length | rest)
}

#[inline]
fn signed(coder: &mut impl SymbolCoder, size: u32, is_negative: bool) -> i32 {
    if size > 0 && coder.raw(1, is_negative.into()) != 0 {
        -(size as i32)
    } else {
        size as i32
    }
}

/// What the prediction misses, transformed and quantised, by slot; nothing for the reading side.
#[cfg(feature = "encode")]
fn levels(steps: Steps, mask: u8, family: &Family, wanted: &[Colour]) -> [[i32; 3]; 8] {
    if wanted.is_empty() {
        return [[0; 3]; 8];
    }
    let slots: [Colour; 8] = bytemuck::cast(family.pairs.map(Lanes16::to_array));
    let mut values = [Lanes::splat(0); 8];
    for (child, wanted) in children(mask).zip(wanted) {
        let predicted = slots[slot(child, family.is_swapped)];
        let missed = |lane: usize| i32::from(wanted[lane]) - i32::from(predicted[lane]);
        values[usize::from(child)] = Lanes::new([missed(0), missed(1), missed(2), 0]);
    }
    haar::forward(&mut values, mask);
    let mut levels = [[0; 3]; 8];
    for slot in children(haar::differences(mask)) {
        let slot = usize::from(slot);
        levels[slot] = steps.quantised(values[slot]);
    }
    levels
}

#[cfg(not(feature = "encode"))]
#[inline]
fn levels(_: Steps, _: u8, _: &Family, _: &[Colour]) -> [[i32; 3]; 8] {
    [[0; 3]; 8]
}

/// The colour of a brick's root: it has no other to be predicted from.
pub(super) fn code_root(coder: &mut impl SymbolCoder, wanted: Colour) -> Colour {
    let [r, g, b, _] = wanted;
    let [r, g, b] = [r, g, b].map(|lane| (coder.raw(11, lane as u32) as i16).min(COLOUR_MAX));
    [r, g, b, 0]
}

/// The activity of a family of which a coarser layer had a part.
pub(super) fn joined_activity(coarse: i16, fine: i16) -> i16 {
    (2 * coarse + fine).min(ACTIVITY_MAX as i16)
}

/// The colour of a point, in 8ths.
#[cfg(feature = "encode")]
pub(super) fn from_rgb(rgb: [u8; 3]) -> Colour {
    let [r, g, b] = rgb.map(|channel| i16::from(channel) << FRACTION_BITS);
    [r, g, b, 0]
}

/// Colours kept exactly: luma, orange, green as integers that come back as they were.
///
/// Source: Malvar and Sullivan, "YCoCg-R", JVT-I014, 2003.
mod exact {
    /// The integers.
    pub(super) fn from_rgb([r, g, b, _]: [u8; 4]) -> [i32; 3] {
        let [r, g, b] = [r, g, b].map(i32::from);
        let orange = r - b;
        let middle = b + (orange >> 1);
        let green = g - middle;
        [middle + (green >> 1), orange, green]
    }

    /// What a prediction misses; nothing for the reading side.
    #[cfg(feature = "encode")]
    pub(super) fn level(wanted: Option<&[u8; 3]>, predicted: [i32; 3]) -> [i32; 3] {
        wanted.map_or([0; 3], |&[r, g, b]| {
            let wanted = from_rgb([r, g, b, 0]);
            std::array::from_fn(|i| wanted[i] - predicted[i])
        })
    }

    #[cfg(not(feature = "encode"))]
    pub(super) fn level(_: Option<&[u8; 3]>, _: [i32; 3]) -> [i32; 3] {
        [0; 3]
    }

    /// The colour again, with a zero.
    pub(super) fn rgb([luma, orange, green]: [i32; 3]) -> [u8; 4] {
        let middle = luma - (green >> 1);
        let b = middle - (orange >> 1);
        let [r, g, b] = [b + orange, green + middle, b].map(|lane| lane.clamp(0, 255) as u8);
        [r, g, b, 0]
    }
}

#[cfg(all(test, feature = "encode"))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn colours_survive_the_conversions(bytes in any::<[u8; 3]>()) {
            let [r, g, b] = bytes;
            prop_assert_eq!(rgb(from_rgb(bytes)), [r, g, b, 0]);
            prop_assert_eq!(exact::rgb(exact::from_rgb([r, g, b, 0])), [r, g, b, 0]);
        }
    }

    #[test]
    fn steps_rise_with_their_codes() {
        let Steps(mut before) = Steps::from_codes([0; 2]);
        for code in 1..=u8::MAX {
            let Steps(steps) = Steps::from_codes([code; 2]);
            assert!(steps[0] >= before[0]);
            before = steps;
        }
        assert_eq!(Steps::code_near(64.0), 96);
    }
}
