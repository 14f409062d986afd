//! What predictions leave over, in surroundings that say how well they did nearby.
//!
//! Follows FORMAT.md 6.5.

use super::topology::Parents;
use crate::entropy::{SlowNibble, SymbolCoder, code_rests, size_of};

/// Sizes of residuals around are told apart up to this; it also stands for none there.
const SIZE_MAX: usize = 15;

/// Models for the residuals of values of so many parts, one value a vertex.
pub(super) struct Residuals<const PARTS: usize> {
    models: [[SlowNibble; SIZE_MAX + 1]; PARTS],
    /// The size of each one's largest residual, as far as it is known.
    sizes: Vec<u8>,
}

impl<const PARTS: usize> Residuals<PARTS> {
    /// For so many points or vertices.
    pub(super) fn new(vertex_count: usize) -> Self {
        Self {
            models: [std::array::from_fn(near); PARTS],
            sizes: vec![SIZE_MAX as u8; vertex_count],
        }
    }

    /// The numbers of `vertex`, in the surroundings that its parents `a` and `b` make.
    #[inline]
    pub(super) fn code(
        &mut self,
        coder: &mut impl SymbolCoder,
        (vertex, [a, b, _]): (usize, Parents),
        wanted: [i32; PARTS],
    ) -> [i32; PARTS] {
        let [a, b] = [a, b].map(|parent| usize::from(self.sizes[parent as usize]));
        let mut around = (a + b).div_ceil(2);
        let mut largest = 0;
        let sizes = std::array::from_fn(|part| {
            let models = &mut self.models[part];
            let size = coder.nibble(&mut models[around % models.len()], size_of(wanted[part]));
            largest = size.max(largest);
            // The parts so far tell as much as the parents.
            around = (around + usize::from(largest)) / 2;
            size
        });
        self.sizes[vertex] = largest;
        code_rests(coder, sizes, wanted)
    }
}

/// A model at first: sizes are likelier the nearer they are to those around.
fn near(around: usize) -> SlowNibble {
    SlowNibble::from_weights(&std::array::from_fn(|size| {
        64 >> (around.abs_diff(size) / 2)
    }))
}
