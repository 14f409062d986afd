//! Texture coordinates and colours, predicted from the parents of each vertex.
//!
//! Follows FORMAT.md 6.6.

use glam::{Vec2, Vec3A};
use touchline_scene::PackedAttribute;

use super::residuals::Residuals;
use super::topology::{NO_VERTEX, Parents, Topology};
use super::{KeyHeader, dot, whole};
use crate::DecodeError;
use crate::entropy::SymbolCoder;

/// What the writing side wants to be kept; each empty, or one a vertex.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// In steps of the key's texture bits.
    pub(super) texture: Vec<[i32; 2]>,
    pub(super) colours: Vec<[i32; 4]>,
}

/// Codes what the key says is there.
///
/// `wanted`: the attributes, for the writing side; nothing for the reading one.
pub(super) fn code(
    coder: &mut impl SymbolCoder,
    topology: &Topology,
    places: &[Vec3A],
    key: &KeyHeader,
    wanted: Option<&Wanted>,
) -> Result<Vec<PackedAttribute>, DecodeError> {
    let white = PackedAttribute {
        texture: [0; 2],
        colour: [255; 4],
    };
    let mut attributes = vec![white; topology.points.len()];
    if key.texture_bits > 0 {
        let largest = (1 << key.texture_bits) - 1;
        let wanted = wanted.map_or(&[][..], |wanted| &wanted.texture);
        let mut is_left = false;
        let projected = |values: &[[i32; 2]], vertex: usize, parents: Parents| {
            let flat = projected(values, places, vertex, parents, &mut is_left);
            flat.clamp(Vec2::ZERO, Vec2::splat(largest as f32))
                .to_array()
                .map(whole)
        };
        let texture = code_values(coder, topology, largest, wanted, projected)?;
        for (attribute, texture) in attributes.iter_mut().zip(texture) {
            attribute.texture = texture.map(|axis| to_16_bits(axis as u32, largest as u32));
        }
    }
    if key.has_colours {
        let wanted = wanted.map_or(&[][..], |wanted| &wanted.colours);
        let mean = |values: &[[i32; 4]], _: usize, [a, b, _]: Parents| {
            let [a, b] = [a, b].map(|parent| values[parent as usize]);
            std::array::from_fn(|part| (a[part] + b[part]) / 2)
        };
        let colours = code_values(coder, topology, 255, wanted, mean)?;
        for (attribute, colour) in attributes.iter_mut().zip(colours) {
            attribute.colour = colour.map(|channel| channel as u8);
        }
    }
    Ok(attributes)
}

/// Texture coordinates of a vertex as if the triangle that it makes with `a` and `b` were laid
/// flat into the image beside that of `c`, with the angles that it has in space.
///
/// `is_left`: whether the latest `c` was on the left of `a` to `b`; without one it is like that.
fn projected(
    values: &[[i32; 2]],
    places: &[Vec3A],
    vertex: usize,
    [a, b, c]: Parents,
    is_left: &mut bool,
) -> Vec2 {
    let value = |parent: u32| {
        let [u, v] = values[parent as usize];
        Vec2::new(u as f32, v as f32)
    };
    let (from, to) = (places[a as usize], places[b as usize]);
    let (edge, offset) = (to - from, places[vertex] - from);
    let length_squared = dot(edge, edge);
    let (start, axis) = (value(a), value(b) - value(a));
    if length_squared == 0.0 || axis == Vec2::ZERO {
        return start;
    }
    // Along the edge, and away from it, in lengths of the edge.
    let along = dot(offset, edge) / length_squared;
    let away_squared = dot(offset, offset) / length_squared - along * along;
    let away = if away_squared > 0.0 {
        away_squared.sqrt()
    } else {
        0.0
    };
    if c != NO_VERTEX {
        let apex = value(c) - start;
        *is_left = axis.x * apex.y - axis.y * apex.x >= 0.0;
    }
    // On the other side than the triangle before.
    let side = if *is_left { -away } else { away };
    start + axis * along + Vec2::new(-axis.y, axis.x) * side
}

/// `value` of `largest`, both at most 16 bits, as a share of 65535, rounded to the nearest.
fn to_16_bits(value: u32, largest: u32) -> u16 {
    ((value * 65535 + largest / 2) / largest) as u16
}

/// Codes one value a vertex, each part of it 0 to `largest`.
fn code_values<const PARTS: usize>(
    coder: &mut impl SymbolCoder,
    topology: &Topology,
    largest: i32,
    wanted: &[[i32; PARTS]],
    mut predict: impl FnMut(&[[i32; PARTS]], usize, Parents) -> [i32; PARTS],
) -> Result<Vec<[i32; PARTS]>, DecodeError> {
    let mut residuals = Residuals::<PARTS>::new(topology.points.len());
    let mut values = vec![[0; PARTS]; topology.points.len()];
    for (vertex, &parents) in topology.sides.iter().enumerate() {
        let predicted = match parents[0] as usize == vertex {
            true => [0; PARTS],
            false => predict(&values, vertex, parents),
        };
        let wanted = wanted.get(vertex).copied().unwrap_or(predicted);
        let wanted = std::array::from_fn(|part| wanted[part] - predicted[part]);
        let residual = residuals.code(coder, (vertex, parents), wanted);
        let value = std::array::from_fn(|part| predicted[part].wrapping_add(residual[part]));
        if value.iter().any(|part| !(0..=largest).contains(part)) {
            return Err(DecodeError::malformed(
                "6.6",
                "every attribute is in its range",
            ));
        }
        values[vertex] = value;
    }
    Ok(values)
}
