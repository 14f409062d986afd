//! Texture coordinates and colours, predicted from the parents of each vertex.
//!
//! Follows FORMAT.md 6.4.

use touchline_scene::PackedAttribute;

use super::KeyHeader;
use super::residuals::Residuals;
use super::topology::Topology;
use crate::DecodeError;
use crate::entropy::Coder;

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
    coder: &mut impl Coder,
    topology: &Topology,
    key: &KeyHeader,
    wanted: Option<&Wanted>,
) -> Result<Vec<PackedAttribute>, DecodeError> {
    let white = PackedAttribute {
        texture: [0; 2],
        colour: [255; 4],
    };
    let mut attributes = vec![white; topology.parents.len()];
    if key.texture_bits > 0 {
        let largest = (1 << key.texture_bits) - 1;
        let wanted = wanted.map_or(&[][..], |wanted| &wanted.texture);
        let texture = code_values(coder, topology, largest, wanted)?;
        for (attribute, texture) in attributes.iter_mut().zip(texture) {
            attribute.texture = texture.map(|axis| to_16_bits(axis as u32, largest as u32));
        }
    }
    if key.has_colours {
        let wanted = wanted.map_or(&[][..], |wanted| &wanted.colours);
        let colours = code_values(coder, topology, 255, wanted)?;
        for (attribute, colour) in attributes.iter_mut().zip(colours) {
            attribute.colour = colour.map(|channel| channel as u8);
        }
    }
    Ok(attributes)
}

/// `value` of `largest`, both at most 16 bits, as a share of 65535, rounded to the nearest.
fn to_16_bits(value: u32, largest: u32) -> u16 {
    ((value * 65535 + largest / 2) / largest) as u16
}

/// Codes one value a vertex, each part of it 0 to `largest`.
fn code_values<const PARTS: usize>(
    coder: &mut impl Coder,
    topology: &Topology,
    largest: i32,
    wanted: &[[i32; PARTS]],
) -> Result<Vec<[i32; PARTS]>, DecodeError> {
    let mut residuals = Residuals::<PARTS>::new(topology.parents.len());
    let mut values: Vec<[i32; PARTS]> = Vec::with_capacity(topology.parents.len());
    for (vertex, &parents) in topology.parents.iter().enumerate() {
        let predicted: [i32; PARTS] = match vertex {
            0 => [0; PARTS],
            _ => {
                let [a, b, c] = parents.map(|parent| values[parent as usize]);
                std::array::from_fn(|part| (a[part] + b[part] - c[part]).clamp(0, largest))
            }
        };
        let wanted = wanted.get(vertex).copied().unwrap_or(predicted);
        let wanted = std::array::from_fn(|part| wanted[part] - predicted[part]);
        let residual = residuals.code(coder, parents, wanted);
        let value = std::array::from_fn(|part| predicted[part] + residual[part]);
        if coder.is_past_end() || value.iter().any(|part| !(0..=largest).contains(part)) {
            return Err(DecodeError::malformed(
                "6.4",
                "every attribute is in its range",
            ));
        }
        values.push(value);
    }
    Ok(values)
}
