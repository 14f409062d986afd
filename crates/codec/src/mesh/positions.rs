//! Where vertices are, predicted from neighbours met earlier, and in time.
//!
//! Follows FORMAT.md 6.5 and 6.6.

use super::topology::Topology;
use super::{LATTICE_MAX, Run};
use crate::DecodeError;
use crate::entropy::{Coder, Numbers, length_of};

/// How a vertex's motion since the frame before is predicted from its parents' motions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Motion {
    /// The mean of `a` and `b`: calm where motion is noisy.
    Mean = 0,
    /// `a + b - c`: exact where a part turns.
    Parallelogram = 1,
}

/// Lengths of residuals around, told apart up to this.
const LENGTH_MAX: usize = 9;
/// Surroundings of one residual: three axes, the lengths around.
const SURROUNDING_COUNT: usize = 3 * (LENGTH_MAX + 1);

/// Models for residuals in space.
struct Residuals {
    numbers: Numbers<SURROUNDING_COUNT>,
    /// Binary digits of each vertex's residual: how well it was predicted.
    lengths: Vec<u8>,
}

impl Residuals {
    fn new(vertex_count: usize) -> Self {
        Self {
            numbers: Numbers::new(),
            lengths: Vec::with_capacity(vertex_count),
        }
    }

    /// One residual, in the surroundings that vertices `a` and `b` make.
    fn code(&mut self, coder: &mut impl Coder, [a, b, _]: [u32; 3], wanted: [i32; 3]) -> [i32; 3] {
        let around = [a, b].map(|vertex| self.lengths.get(vertex as usize).copied());
        let around = around.into_iter().flatten().map(usize::from).max();
        let around = around.unwrap_or(LENGTH_MAX).min(LENGTH_MAX);
        let coded = std::array::from_fn(|axis| {
            let surrounding = axis * (LENGTH_MAX + 1) + around;
            self.numbers.code(coder, surrounding, wanted[axis])
        });
        let length = coded.map(length_of).into_iter().max().unwrap_or(0);
        self.lengths.push(length as u8);
        coded
    }
}

/// Codes a key's positions and returns them.
///
/// `wanted`: the positions, for the writing side; empty for the reading one.
pub(super) fn code_key(
    coder: &mut impl Coder,
    topology: &Topology,
    wanted: &[[i32; 3]],
) -> Result<Vec<[i32; 3]>, DecodeError> {
    let vertex_count = topology.parents.len();
    let mut residuals = Residuals::new(vertex_count);
    let mut positions: Vec<[i32; 3]> = Vec::with_capacity(vertex_count);
    for (vertex, &parents) in topology.parents.iter().enumerate() {
        let predicted = match vertex {
            0 => [LATTICE_MAX / 2; 3],
            _ => parallelogram(parents.map(|parent| positions[parent as usize]))
                .map(|axis| axis.clamp(0, LATTICE_MAX)),
        };
        let wanted = wanted.get(vertex).copied().unwrap_or(predicted);
        let residual = residuals.code(coder, parents, sub(wanted, predicted));
        positions.push(checked(
            add(predicted, residual),
            coder.is_past_end(),
            "6.5",
        )?);
    }
    Ok(positions)
}

/// Codes the positions of a frame that is no key and returns them.
///
/// `wanted`: the positions, for the writing side; empty for the reading one.
pub(super) fn code_difference(
    coder: &mut impl Coder,
    run: &Run,
    motion: Motion,
    wanted: &[[i32; 3]],
) -> Result<Vec<[i32; 3]>, DecodeError> {
    let vertex_count = run.positions.len();
    let mut apart = Residuals::new(vertex_count);
    let mut twins = Numbers::<3>::new();
    let mut positions: Vec<[i32; 3]> = Vec::with_capacity(vertex_count);
    for (vertex, &before) in run.positions.iter().enumerate() {
        let twin = run.twins[vertex] as usize;
        let parents = run.topology.parents[vertex];
        let predicted = add(before, predict(run, &positions, motion, vertex));
        let wanted = sub(wanted.get(vertex).copied().unwrap_or(predicted), predicted);
        let residual = if twin < vertex {
            apart.lengths.push(apart.lengths[twin]);
            std::array::from_fn(|axis| twins.code(coder, axis, wanted[axis]))
        } else {
            apart.code(coder, parents, wanted)
        };
        positions.push(checked(
            add(predicted, residual),
            coder.is_past_end(),
            "6.6",
        )?);
    }
    Ok(positions)
}

/// The motion to expect of a vertex, from those decoded before it; within the lattice.
pub(super) fn predict(
    run: &Run,
    positions: &[[i32; 3]],
    motion: Motion,
    vertex: usize,
) -> [i32; 3] {
    if vertex == 0 {
        return [0; 3];
    }
    let moved = |vertex: usize| sub(positions[vertex], run.positions[vertex]);
    let twin = run.twins[vertex] as usize;
    if twin < vertex {
        return moved(twin);
    }
    let [a, b, c] = run.topology.parents[vertex].map(|parent| moved(parent as usize));
    match motion {
        Motion::Mean => std::array::from_fn(|axis| (a[axis] + b[axis]) >> 1),
        Motion::Parallelogram => {
            parallelogram([a, b, c]).map(|axis| axis.clamp(-LATTICE_MAX, LATTICE_MAX))
        }
    }
}

fn checked(
    position: [i32; 3],
    is_past_end: bool,
    section: &'static str,
) -> Result<[i32; 3], DecodeError> {
    if is_past_end
        || position
            .iter()
            .any(|axis| !(0..=LATTICE_MAX).contains(axis))
    {
        return Err(DecodeError::malformed(
            section,
            "every vertex lies on the lattice",
        ));
    }
    Ok(position)
}

/// `a + b - c` on each axis.
fn parallelogram([a, b, c]: [[i32; 3]; 3]) -> [i32; 3] {
    std::array::from_fn(|axis| a[axis] + b[axis] - c[axis])
}

fn add(a: [i32; 3], b: [i32; 3]) -> [i32; 3] {
    std::array::from_fn(|axis| a[axis] + b[axis])
}

fn sub(a: [i32; 3], b: [i32; 3]) -> [i32; 3] {
    std::array::from_fn(|axis| a[axis] - b[axis])
}
