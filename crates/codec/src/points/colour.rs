//! The colours of the leaves, each predicted from the coloured neighbours below it.
//!
//! Follows FORMAT.md 5.4.
//! The prediction uses decoded colours, so that errors do not add up along the way.

use super::octree::{Tree, children};
use crate::DecodeError;
use crate::entropy::{Chance, Coder, Numbers, length_of};

/// How finely colours are kept: 1 is exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) luma: u8,
    pub(super) chroma: u8,
}

/// A colour as luma, orange, green: YCoCg-R, whose integers come back exactly.
type Ycc = [i16; 3];

/// How restless the residuals around are, in as many surroundings as pay.
const RESTLESSNESS_MAX: usize = 6;

fn ycc_from_rgb(rgb: [u8; 3]) -> Ycc {
    let [r, g, b] = rgb.map(i16::from);
    let orange = r - b;
    let middle = b + (orange >> 1);
    let green = g - middle;
    [middle + (green >> 1), orange, green]
}

fn rgb_from_ycc([luma, orange, green]: Ycc) -> [u8; 3] {
    let middle = luma - (green >> 1);
    let b = middle - (orange >> 1);
    // The casts are exact: clamped to a byte first.
    [b + orange, green + middle, b].map(|channel| channel.clamp(0, 255) as u8)
}

/// The models of the colours.
struct Models {
    /// Is the prediction right on all three? By restlessness.
    is_exact: [Chance; RESTLESSNESS_MAX + 1],
    luma: Numbers,
    /// By the length of the luma residual, up to 3.
    orange: Numbers,
    /// By the length of the orange residual and whether luma has one.
    green: Numbers,
}

impl Models {
    /// The three residuals, in steps.
    #[inline]
    fn code(&mut self, coder: &mut impl Coder, around: usize, wanted: [i32; 3]) -> [i32; 3] {
        if coder.bit(&mut self.is_exact[around], wanted == [0; 3]) {
            return [0; 3];
        }
        let luma = self.luma.code(coder, around, wanted[0]);
        let orange = self.orange.code(coder, length_of(luma).min(3), wanted[1]);
        let surrounding = length_of(orange).min(3) + if luma == 0 { 0 } else { 4 };
        [luma, orange, self.green.code(coder, surrounding, wanted[2])]
    }
}

/// Codes one colour a leaf and returns them as they are decoded.
///
/// `wanted`: the colours, for the writing side; empty for the reading one.
pub(super) fn code(
    coder: &mut impl Coder,
    tree: &Tree,
    steps: Steps,
    wanted: &[[u8; 3]],
) -> Result<Vec<[u8; 3]>, DecodeError> {
    let mut models = Models {
        is_exact: [Chance::EVEN; RESTLESSNESS_MAX + 1],
        luma: Numbers::new(RESTLESSNESS_MAX + 1),
        orange: Numbers::new(4),
        green: Numbers::new(8),
    };
    let steps = [steps.luma, steps.chroma, steps.chroma].map(i32::from);
    let mut decoded: Vec<Leaf> = Vec::with_capacity(tree.leaves.len());
    let mut colours = Vec::with_capacity(tree.leaves.len());
    for (node, &mask) in tree.parents.masks.iter().enumerate() {
        for child in children(mask) {
            let (predicted, around) = predict(tree, &decoded, node, child);
            let residuals = wanted.get(decoded.len()).map_or([0; 3], |&rgb| {
                let ycc = ycc_from_rgb(rgb);
                std::array::from_fn(|i| rounded(i32::from(ycc[i]) - predicted[i], steps[i]))
            });
            let residuals = models.code(coder, around, residuals);
            let ycc = std::array::from_fn(|i| {
                // Within 16 bits, however hostile: luma is a byte, the others differences of two.
                let value = predicted[i] + residuals[i] * steps[i];
                value.clamp(if i == 0 { 0 } else { -255 }, 255) as i16
            });
            decoded.push(Leaf {
                ycc,
                restlessness: residuals.map(|r| length_of(r) as u8).iter().sum(),
            });
            colours.push(rgb_from_ycc(ycc));
        }
        if coder.is_past_end() {
            return Err(DecodeError::malformed("5.4", "every point has a colour"));
        }
    }
    Ok(colours)
}

/// A decoded leaf.
#[derive(Clone, Copy)]
struct Leaf {
    ycc: Ycc,
    /// Binary digits of its residuals.
    restlessness: u8,
}

impl Leaf {
    /// Stands before the first leaf.
    const GREY: Self = Self {
        ycc: [128, 0, 0],
        restlessness: 0,
    };
}

/// The mean of the leaf's neighbours at -x, -y and -z, all decoded already; where there are none,
/// the leaf before. And how restless they were.
#[inline]
fn predict(tree: &Tree, decoded: &[Leaf], node: usize, child: u8) -> ([i32; 3], usize) {
    let parents = &tree.parents;
    let mut around = [Leaf::GREY; 3];
    let mut count = 0;
    for axis in 0..3 {
        let is_inside = child >> axis & 1 != 0;
        let holder = if is_inside {
            node as u32
        } else {
            parents.neighbours[node][axis]
        };
        let index = parents.child_index(holder, child ^ 1 << axis);
        if let Some(&leaf) = index.and_then(|index| decoded.get(index as usize)) {
            around[count] = leaf;
            count += 1;
        }
    }
    if count == 0 {
        around[0] = decoded.last().copied().unwrap_or(Leaf::GREY);
        count = 1;
    }
    let mean = |of: fn(&Leaf) -> i32| mean(around[..count].iter().map(of).sum(), count);
    let predicted = [
        mean(|leaf| leaf.ycc[0].into()),
        mean(|leaf| leaf.ycc[1].into()),
        mean(|leaf| leaf.ycc[2].into()),
    ];
    let restlessness = mean(|leaf| leaf.restlessness.into()) as usize;
    (predicted, restlessness.min(RESTLESSNESS_MAX))
}

/// `sum / count` for a count of 1 to 3, rounded to the nearest.
fn mean(sum: i32, count: usize) -> i32 {
    match count {
        1 => sum,
        2 => (sum + 1) >> 1,
        _ => (sum + 1).div_euclid(3),
    }
}

/// `value / step` rounded to the nearest, halves towards zero.
fn rounded(value: i32, step: i32) -> i32 {
    (value.abs() + (step - 1) / 2) / step * value.signum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn colours_survive_the_transform(rgb in any::<[u8; 3]>()) {
            prop_assert_eq!(rgb_from_ycc(ycc_from_rgb(rgb)), rgb);
        }

        #[test]
        fn rounding_is_off_by_half_a_step_at_most(value in -600i32..600, step in 1i32..64) {
            prop_assert!((rounded(value, step) * step - value).abs() * 2 <= step);
        }
    }
}
