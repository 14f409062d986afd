//! Where vertices are, predicted from neighbours met earlier, and in time.
//!
//! Follows FORMAT.md 6.5 and 6.6.

use super::residuals::Residuals;
use super::topology::Topology;
use super::{LATTICE_MAX, Run};
use crate::DecodeError;
use crate::entropy::{Coder, Numbers};

/// How a vertex's motion since the frame before is predicted from its parents' motions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Motion {
    /// The mean of `a` and `b`: calm where motion is noisy.
    Mean = 0,
    /// `a + b - c`: exact where a part turns.
    Parallelogram = 1,
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
    let mut residuals = Residuals::<3>::new(vertex_count);
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
    let mut apart = Residuals::<3>::new(vertex_count);
    let mut twins = Numbers::new(3);
    let mut positions: Vec<[i32; 3]> = Vec::with_capacity(vertex_count);
    for (vertex, &before) in run.positions.iter().enumerate() {
        let twin = run.twins[vertex] as usize;
        let parents = run.topology.parents[vertex];
        let predicted = add(before, predict(run, &positions, motion, vertex));
        let wanted = sub(wanted.get(vertex).copied().unwrap_or(predicted), predicted);
        let residual = if twin < vertex {
            apart.repeat(twin);
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
