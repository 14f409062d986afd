//! Texture coordinates of simplified meshes.
//!
//! A chart is a part of the surface that lies in one piece in the texture; the vertices at its
//! border are its own.

use std::collections::HashMap;

use glam::Vec2;
use touchline_codec::meshes::Mesh;

/// Vertices of a border that became one edge, at most; where there are more the edge is no part
/// of it.
const SKIPPED_COUNT_MAX: usize = 1000;

/// A directed edge that one triangle has and no other has the other way round, and the third
/// vertex of that triangle.
type BorderEdge = ([u32; 2], u32);

/// Texture coordinates of the vertices of `mesh`, for `indices` that are fewer than its own.
///
/// Where the border of a chart had a dent and is straight now, triangles would show what lies
/// beside the chart, most often black: there the border moves inwards, past the dent.
pub(super) fn texture_for(mesh: &Mesh, indices: &[u32]) -> Vec<[f32; 2]> {
    let texture: Vec<Vec2> = mesh.texture.iter().copied().map(Vec2::from).collect();
    if texture.is_empty() {
        return Vec::new();
    }
    let next: HashMap<u32, u32> = borders(&mesh.indices)
        .map(|([from, to], _)| (from, to))
        .collect();
    let at = |vertex: u32| texture[vertex as usize];
    let mut moved = texture.clone();
    for ([from, to], third) in borders(indices) {
        let along = (at(to) - at(from)).normalize_or_zero();
        let inwards = along.perp() * along.perp_dot(at(third) - at(from)).signum();
        let skipped = std::iter::successors(next.get(&from), |vertex| next.get(vertex));
        let mut skipped = skipped.take(SKIPPED_COUNT_MAX);
        let mut dent = 0.0_f32;
        let reaches_end = skipped.any(|&vertex| {
            dent = dent.max(inwards.dot(at(vertex) - at(from)));
            vertex == to
        });
        for vertex in [from, to].into_iter().filter(|_| reaches_end) {
            let moved = &mut moved[vertex as usize];
            // The edge before may have moved it already.
            let missing = dent - inwards.dot(*moved - at(vertex));
            *moved += inwards * missing.max(0.0);
        }
    }
    let inside = |place: Vec2| place.clamp(Vec2::ZERO, Vec2::ONE).to_array();
    moved.into_iter().map(inside).collect()
}

/// All edges at the borders of charts, in the order of triangles.
fn borders(indices: &[u32]) -> impl Iterator<Item = BorderEdge> {
    let turned = |corners: &[u32]| {
        let [a, b, c] = [corners[0], corners[1], corners[2]];
        [([a, b], c), ([b, c], a), ([c, a], b)]
    };
    let edges = indices.chunks_exact(3).flat_map(turned);
    let mut counts: HashMap<[u32; 2], u32> = HashMap::new();
    for (edge, _) in edges.clone() {
        *counts.entry(edge).or_default() += 1;
    }
    edges.filter(move |([from, to], _)| !counts.contains_key(&[*to, *from]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_border_moves_past_the_dent_that_it_lost() {
        // A square whose lower side has a dent at vertex 1 and a bump at 2, before its end at 3.
        let texture = vec![
            [0.1, 0.1],
            [0.3, 0.2],
            [0.6, 0.05],
            [0.9, 0.1],
            [0.9, 0.9],
            [0.1, 0.9],
        ];
        let indices = vec![0, 1, 5, 1, 4, 5, 1, 2, 4, 2, 3, 4];
        let mesh = Mesh {
            texture: texture.clone(),
            indices,
            ..Mesh::default()
        };
        let close = |found: &[[f32; 2]], expected: &[[f32; 2]]| {
            let pairs = found.iter().flatten().zip(expected.iter().flatten());
            pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-6)
        };
        assert!(texture_for(&mesh, &mesh.indices) == texture, "all is there");
        let mut expected = texture.clone();
        expected[0][1] = 0.2;
        expected[3][1] = 0.2;
        let found = texture_for(&mesh, &[0, 3, 4, 0, 4, 5]);
        assert!(close(&found, &expected), "{found:?}");
        // Mirrored, as half of a body may be.
        let mirror = |texture: &[[f32; 2]]| -> Vec<[f32; 2]> {
            texture.iter().map(|&[u, v]| [1.0 - u, v]).collect()
        };
        let mirrored = Mesh {
            texture: mirror(&texture),
            ..mesh
        };
        let found = texture_for(&mirrored, &[0, 3, 4, 0, 4, 5]);
        assert!(close(&found, &mirror(&expected)), "{found:?}");
    }
}
