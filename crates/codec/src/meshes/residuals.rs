//! What predictions leave over, in surroundings that say how well they did nearby.
//!
//! Follows FORMAT.md 6.5.

use super::topology::Parents;
use crate::entropy::{Nibble, SymbolCoder, code_number};

/// Sizes of residuals around are told apart up to this; it also stands for none there.
const SIZE_MAX: usize = 15;

/// Models for the residuals of values of so many parts, one value a vertex.
pub(super) struct Residuals<const PARTS: usize> {
    models: [[Nibble; SIZE_MAX + 1]; PARTS],
    /// The size of each one's largest residual, as far as it is known.
    sizes: Vec<u8>,
}

impl<const PARTS: usize> Residuals<PARTS> {
    /// For so many points or vertices.
    pub(super) fn new(vertex_count: usize) -> Self {
        Self {
            models: [[Nibble::default(); SIZE_MAX + 1]; PARTS],
            sizes: vec![SIZE_MAX as u8; vertex_count],
        }
    }

    /// The residual of `vertex`, in the surroundings that its parents `a` and `b` make.
    ///
    /// `expect`: what a part is likely to be after those before it.
    #[inline]
    pub(super) fn code(
        &mut self,
        coder: &mut impl SymbolCoder,
        (vertex, [a, b, _]): (usize, Parents),
        wanted: [i32; PARTS],
        expect: impl Fn(usize, [i32; PARTS]) -> i32,
    ) -> [i32; PARTS] {
        let [a, b] = [a, b].map(|parent| usize::from(self.sizes[parent as usize]));
        let mut around = (a + b).div_ceil(2);
        let mut largest = 0;
        let mut coded = [0; PARTS];
        for part in 0..PARTS {
            let expected = expect(part, coded);
            let wanted = wanted[part].wrapping_sub(expected);
            let (number, size) = code_number(coder, &mut self.models[part][around], wanted);
            largest = largest.max(size);
            // The parts so far tell as much as the parents.
            around = (around + usize::from(largest)) / 2;
            coded[part] = number.wrapping_add(expected);
        }
        self.sizes[vertex] = largest;
        coded
    }
}
