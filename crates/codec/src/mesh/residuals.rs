//! What predictions leave over, in surroundings that say how well they did nearby.
//!
//! Follows FORMAT.md 6.4.

use crate::entropy::{Coder, Numbers, length_of};

/// Lengths of residuals around, told apart up to this.
const LENGTH_MAX: usize = 9;

/// Models for the residuals of values of so many parts, one value a vertex.
pub(super) struct Residuals<const PARTS: usize> {
    numbers: Numbers,
    /// Binary digits of each vertex's largest residual.
    lengths: Vec<u8>,
}

impl<const PARTS: usize> Residuals<PARTS> {
    /// For vertices in order.
    pub(super) fn new(vertex_count: usize) -> Self {
        Self {
            numbers: Numbers::new(PARTS * (LENGTH_MAX + 1)),
            lengths: Vec::with_capacity(vertex_count),
        }
    }

    /// The next vertex's residual, in the surroundings that its parents `a` and `b` make.
    pub(super) fn code(
        &mut self,
        coder: &mut impl Coder,
        [a, b, _]: [u32; 3],
        wanted: [i32; PARTS],
    ) -> [i32; PARTS] {
        let around = [a, b].map(|vertex| self.lengths.get(vertex as usize).copied());
        let around = around.into_iter().flatten().map(usize::from).max();
        let around = around.unwrap_or(LENGTH_MAX).min(LENGTH_MAX);
        let coded = std::array::from_fn(|part| {
            let surrounding = part * (LENGTH_MAX + 1) + around;
            self.numbers.code(coder, surrounding, wanted[part])
        });
        let length = coded.map(length_of).into_iter().max().unwrap_or(0);
        self.lengths.push(length as u8);
        coded
    }

    /// The next vertex is coded elsewhere, as `earlier` was predicted.
    pub(super) fn repeat(&mut self, earlier: usize) {
        self.lengths.push(self.lengths[earlier]);
    }
}
