//! Where a subject darkens the ground: under what of it is lowest.

use glam::{FloatExt, Vec3};
use touchline_scene::{Held, Lattice, PackedVertex, PointChunk};

use crate::Shadow;

/// How far above its lowest part a subject still touches the ground with its shadow, metres: to
/// the knee, so that a raised foot does not pull the shadow away.
const SHADOW_REACH_METRES: f32 = 0.5;

impl Shadow {
    /// Of a decoded point cloud; `None` if it has no points.
    pub fn under_points(chunks: &[PointChunk]) -> Option<Self> {
        let lowest = chunks
            .iter()
            .map(|chunk| chunk.origin[1])
            .reduce(f32::min)?;
        let low = chunks
            .iter()
            .filter(|chunk| chunk.origin[1] < lowest + SHADOW_REACH_METRES);
        shadow(low.map(|chunk| {
            (
                chunk.bounds().center().with_y(lowest),
                chunk.point_count as f32,
            )
        }))
    }

    /// Of a decoded mesh; `None` if it has no vertices.
    pub fn under_vertices(lattice: Lattice, vertices: &[PackedVertex]) -> Option<Self> {
        let lowest = vertices.iter().map(|vertex| vertex.position[1]).min()?;
        let reach = lowest.saturating_add((SHADOW_REACH_METRES / lattice.step_metres) as u16);
        let low = vertices.iter().filter(|vertex| vertex.position[1] < reach);
        let place = |vertex: &PackedVertex| {
            let [x, _, z] = vertex.position;
            let cell = Vec3::new(f32::from(x), f32::from(lowest), f32::from(z));
            Vec3::from(lattice.origin) + cell * lattice.step_metres
        };
        shadow(low.map(|vertex| (place(vertex), 1.0)))
    }

    /// Between two instants, `phase` from 0 to 1.
    pub fn mixed(self, next: Self, phase: f32) -> Self {
        Self {
            center: self.center.lerp(next.center, phase),
            radius_metres: self.radius_metres.lerp(next.radius_metres, phase),
        }
    }
}

/// The shadow of weighted places: in their middle, as wide as they spread.
fn shadow(places: impl Iterator<Item = (Vec3, f32)> + Clone) -> Option<Shadow> {
    let weight: f32 = places.clone().map(|(_, weight)| weight).sum();
    if weight <= 0.0 {
        return None;
    }
    let center = places
        .clone()
        .map(|(place, weight)| place * weight)
        .sum::<Vec3>()
        / weight;
    let spread = places.map(|(place, weight)| place.distance_squared(center) * weight);
    // Evenly filled, a disc's points lie 0.71 of its radius from the middle, as a mean square.
    let radius_metres = ((spread.sum::<f32>() / weight).sqrt() * 1.4).held(0.1, 1.0);
    Some(Shadow {
        center,
        radius_metres,
    })
}
