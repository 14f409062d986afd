//! The colours of a node's children: a prediction from around the node, and what it misses.
//!
//! Follows FORMAT.md 5.5.
//! Every node has the mean colour of its children. The children are predicted from the node and
//! its neighbours, so that their mean is the node's colour; what is missing goes through a Haar
//! transform, is quantised, and mostly is nothing.
//! Predictions use decoded colours, so that errors do not add up along the way.

use super::haar::Plan;
use super::level::{Colour, children};
use super::slices::{ACTIVITY_SHIFT, Around};
use crate::entropy::{Flag, Nibble, SymbolCoder};
use crate::lanes::Lanes;

/// Bits behind the point of a colour.
pub(super) const FRACTION_BITS: u32 = 6;
/// The largest luma, and the largest magnitude of a chroma difference.
const COLOUR_MAX: i32 = 255 << FRACTION_BITS;
/// How much happened in a group of children, at most.
pub(super) const ACTIVITY_MAX: u32 = 31;

/// How finely differences are kept, in 64ths of a colour's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Steps([i64; 3]);

impl Steps {
    /// From the codes for luma and chroma: four bits of mantissa under an exponent.
    pub(super) fn from_codes([luma, chroma]: [u8; 2]) -> Self {
        let step = |code: u8| i64::from(16 + (code & 15)) << (code >> 4) >> 4;
        Self([step(luma), step(chroma), step(chroma)])
    }

    /// The code of the step next to `step`, in 64ths.
    #[cfg(feature = "encode")]
    pub(super) fn code_near(step: f64) -> u8 {
        let distance = |code: u8| {
            let Self([of_code, ..]) = Self::from_codes([code; 2]);
            (of_code as f64 / step).ln().abs()
        };
        (0..=u8::MAX)
            .min_by(|&a, &b| distance(a).total_cmp(&distance(b)))
            .unwrap_or(0)
    }

    fn dequantised(self, levels: [i32; 3]) -> [i64; 3] {
        std::array::from_fn(|i| i64::from(levels[i]) * self.0[i])
    }

    /// With less than half a step of rounding up: zeros are cheap.
    #[cfg(feature = "encode")]
    fn quantised(self, values: [i64; 3]) -> [i32; 3] {
        std::array::from_fn(|i| {
            let level = (values[i].abs() * 100 + self.0[i] * 38) / (self.0[i] * 100);
            level as i32 * values[i].signum() as i32
        })
    }
}

/// 65536 / n; as many as a count's bits can name.
const RECIPROCALS: [i32; 1 << ACTIVITY_SHIFT] = {
    let mut reciprocals = [0; 1 << ACTIVITY_SHIFT];
    let mut n = 1;
    while n < reciprocals.len() {
        reciprocals[n] = (65536 + n as i32 / 2) / n as i32;
        n += 1;
    }
    reciprocals
};

/// `sum` divided by `count`, 1 to 31, in its first three lanes, rounded to the nearest.
#[inline]
fn mean(sum: Lanes, count: usize) -> Lanes {
    let reciprocal = RECIPROCALS[count & (RECIPROCALS.len() - 1)];
    // The first three lanes stay below 255 << 22; the last one means nothing.
    let scaled = sum.times(Lanes::splat(reciprocal));
    scaled.plus(Lanes::splat(1 << 15)).shifted(16)
}

/// The colours of a node's children: as predicted, then as decoded.
pub(super) struct Family {
    /// By child, in the first three lanes; only those that the node has.
    children: [Lanes; 8],
    /// To be added to each, so that the mean of the predictions is the node's colour.
    correction: Lanes,
    /// How much happens around the node, 0 to 5.
    activity_around: usize,
    /// How much the prediction missed, 0 to [`ACTIVITY_MAX`].
    pub(super) activity: i16,
}

/// Predicts the children of `mask`, two at least.
///
/// Each is the mean of the node and the neighbours that the child is next to, so far as they are
/// there: the node counts 4, a neighbour across a face 3, across an edge 1.
#[inline]
pub(super) fn predict(own: Colour, around: &Around, mask: u8) -> Family {
    let [luma, orange, green, activity] = own;
    let own = Lanes::from_i16([luma, orange, green, 1 + (activity << ACTIVITY_SHIFT)]);
    let [fx, fy, fz] = &around.faces;
    let three = Lanes::splat(3);
    let own_four = own.times(Lanes::splat(4));
    let xy = |x: usize, y: usize| {
        let faces = fx[x].plus(fy[y]).times(three);
        own_four.plus(faces).plus(around.xy[x | y << 1])
    };
    let by_xy = [xy(0, 0), xy(1, 0), xy(0, 1), xy(1, 1)];
    let z_faces = [fz[0].times(three), fz[1].times(three)];
    let xz = |x: usize, z: usize| around.xz[x | z << 1].plus(z_faces[z]);
    let by_xz = [xz(0, 0), xz(1, 0), xz(0, 1), xz(1, 1)];
    let mut predicted = [Lanes::splat(0); 8];
    let mut sum = Lanes::splat(0);
    for child in children(mask) {
        let child = usize::from(child & 7);
        let (x, y, z) = (child & 1, child & 2, child >> 2);
        let weighted = by_xy[x | y]
            .plus(by_xz[x | z << 1])
            .plus(around.yz[y >> 1 | z << 1]);
        let weight = weighted.lane::<3>() & ((1 << ACTIVITY_SHIFT) - 1);
        predicted[child] = mean(weighted, weight as usize);
        sum = sum.plus(predicted[child]);
    }
    let faces = fx[0]
        .plus(fx[1])
        .plus(fy[0].plus(fy[1]))
        .plus(fz[0].plus(fz[1]));
    let total = faces.plus(own).plus(own).lane::<3>();
    let weight = total & ((1 << ACTIVITY_SHIFT) - 1);
    Family {
        children: predicted,
        correction: own.minus(mean(sum, mask.count_ones() as usize)),
        activity_around: activity_class(total >> ACTIVITY_SHIFT, weight),
        activity: 0,
    }
}

impl Family {
    /// The only child: the mean of one is the one.
    #[inline]
    pub(super) fn only(own: Colour) -> Self {
        Self {
            children: [Lanes::from_i16(own); 8],
            correction: Lanes::splat(0),
            activity_around: 0,
            activity: own[3],
        }
    }

    /// The children as a coarser layer has them: what is missing is that layer's error.
    pub(super) fn coarse(own: Colour, mask: u8, colours: &[Colour]) -> Self {
        let mut family = Self::only([0; 4]);
        let mut sum = Lanes::splat(0);
        for (child, &colour) in children(mask).zip(colours) {
            let colour = Lanes::from_i16(colour);
            family.children[usize::from(child & 7)] = colour;
            sum = sum.plus(colour);
        }
        let mean = mean(sum, mask.count_ones() as usize);
        family.correction = Lanes::from_i16(own).minus(mean);
        family.activity_around = activity_class(own[3].into(), 1);
        family
    }

    /// A child's colour; the last lane means nothing.
    #[inline]
    pub(super) fn child(&self, child: u8) -> Lanes {
        self.children[usize::from(child & 7)].plus(self.correction)
    }
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
        let plan = Plan::new(mask);
        let mut values = [[0; 3]; 8];
        let mut magnitude_sum = 0;
        let mut before = 0;
        for slot in plan.differences() {
            let level = self.code_level(coder, (activity, before), levels[slot]);
            before = (level[0].unsigned_abs() as usize).min(3);
            let magnitudes = level.iter().map(|part| part.unsigned_abs().min(4));
            magnitude_sum += magnitudes.sum::<u32>();
            values[slot] = steps.dequantised(level);
        }
        plan.backward(&mut values);
        for (child, value) in family.children.iter_mut().zip(&values) {
            // Wide enough for any honest value, and far from overflow for the others.
            let [luma, orange, green] = value.map(|lane| lane.clamp(-0x10000, 0x10000) as i32);
            *child = child.plus(Lanes::new([luma, orange, green, 0]));
        }
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
    ) -> [[u8; 3]; 8] {
        let mut rgbs = [[0; 3]; 8];
        let mut before = 0;
        for (index, child) in children(mask).enumerate() {
            let predicted = exact::predicted(family.child(child));
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
    let plan = Plan::new(mask);
    let mut values = [[0; 3]; 8];
    for (child, wanted) in children(mask).zip(wanted) {
        let predicted = family.child(child);
        let predicted = [
            predicted.lane::<0>(),
            predicted.lane::<1>(),
            predicted.lane::<2>(),
        ];
        values[usize::from(child)] =
            std::array::from_fn(|i| i64::from(i32::from(wanted[i]) - predicted[i]));
    }
    plan.forward(&mut values);
    let mut levels = [[0; 3]; 8];
    for slot in plan.differences() {
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
    let [luma, orange, green, _] = wanted;
    let lanes = [luma, orange, green].map(|lane| {
        let above = (i32::from(lane) + COLOUR_MAX) as u32;
        coder.raw(15, above) as i32 - COLOUR_MAX
    });
    kept(Lanes::new([lanes[0], lanes[1], lanes[2], 0]), 0)
}

/// The activity of a family of which a coarser layer had a part.
pub(super) fn joined_activity(coarse: i16, fine: i16) -> i16 {
    (2 * coarse + fine).min(ACTIVITY_MAX as i16)
}

/// A child's colour as the next level keeps it: what 16 bits can hold.
#[inline]
pub(super) fn kept(child: Lanes, activity: i16) -> Colour {
    let [luma, orange, green, _] = child.to_i16();
    let kept = |lane: i16| lane.clamp(-(COLOUR_MAX as i16), COLOUR_MAX as i16);
    [kept(luma), kept(orange), kept(green), activity]
}

/// Red, green, blue as sRGB and a zero, from a decoded colour.
#[inline]
pub(super) fn rgb(child: Lanes) -> [u8; 4] {
    let [luma, orange, green] = [child.lane::<0>(), child.lane::<1>(), child.lane::<2>()];
    // Twice the channels: luma and half of the differences.
    let luma = Lanes::new([2, 2, 2, 0]).times(Lanes::splat(luma));
    let green = Lanes::new([-1, 1, -1, 0]).times(Lanes::splat(green));
    let orange = Lanes::new([1, 0, -1, 0]).times(Lanes::splat(orange));
    let half = Lanes::splat(1 << FRACTION_BITS);
    let twice = luma.plus(green).plus(orange).plus(half);
    twice.shifted(FRACTION_BITS + 1).to_u8()
}

/// The colour of a point, in 64ths.
#[cfg(feature = "encode")]
pub(super) fn from_rgb(rgb: [u8; 3]) -> Colour {
    let [r, g, b] = rgb.map(|channel| i16::from(channel) << FRACTION_BITS);
    [(r + b) / 4 + g / 2, r - b, g - (r + b) / 2, 0]
}

/// Colours kept exactly: luma, orange, green as integers that come back as they were.
///
/// Source: Malvar and Sullivan, "YCoCg-R", JVT-I014, 2003.
mod exact {
    use super::{FRACTION_BITS, Lanes};

    /// The integers.
    #[cfg(feature = "encode")]
    pub(super) fn from_rgb(rgb: [u8; 3]) -> [i32; 3] {
        let [r, g, b] = rgb.map(i32::from);
        let orange = r - b;
        let middle = b + (orange >> 1);
        let green = g - middle;
        [middle + (green >> 1), orange, green]
    }

    /// What a prediction misses; nothing for the reading side.
    #[cfg(feature = "encode")]
    pub(super) fn level(wanted: Option<&[u8; 3]>, predicted: [i32; 3]) -> [i32; 3] {
        wanted.map_or([0; 3], |&rgb| {
            let wanted = from_rgb(rgb);
            std::array::from_fn(|i| wanted[i] - predicted[i])
        })
    }

    #[cfg(not(feature = "encode"))]
    pub(super) fn level(_: Option<&[u8; 3]>, _: [i32; 3]) -> [i32; 3] {
        [0; 3]
    }

    /// The colour again.
    pub(super) fn rgb([luma, orange, green]: [i32; 3]) -> [u8; 3] {
        let middle = luma - (green >> 1);
        let b = middle - (orange >> 1);
        [b + orange, green + middle, b].map(|channel| channel.clamp(0, 255) as u8)
    }

    /// What a colour in 64ths predicts.
    pub(super) fn predicted(colour: Lanes) -> [i32; 3] {
        let half = Lanes::splat(1 << (FRACTION_BITS - 1));
        let whole = colour.plus(half).shifted(FRACTION_BITS);
        [whole.lane::<0>(), whole.lane::<1>(), whole.lane::<2>()]
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
            prop_assert_eq!(rgb(Lanes::from_i16(from_rgb(bytes))), [r, g, b, 0]);
            prop_assert_eq!(exact::rgb(exact::from_rgb(bytes)), bytes);
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
