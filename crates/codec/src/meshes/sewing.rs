//! Joins a mesh along its seams, where exporters give each side vertices of its own.

use std::collections::{HashMap, HashSet};

use super::Mesh;

/// For each vertex the first one of its place: two vertices are at one place if an edge without
/// a neighbour ends at each and both edges lie at the same positions, one in each direction.
///
/// No triangle has two vertices at one place, even if it has no area.
pub(super) fn places(mesh: &Mesh, triangles: &[[u32; 3]]) -> Vec<u32> {
    let turned = |&[a, b, c]: &[u32; 3]| [[a, b], [b, c], [c, a]];
    let edges: HashSet<[u32; 2]> = triangles.iter().flat_map(turned).collect();
    let position = |vertex: u32| {
        // Zero has two signs.
        let at = mesh.positions[vertex as usize].to_array();
        at.map(|axis| (axis + 0.0).to_bits())
    };
    let mut open: HashMap<[[u32; 3]; 2], Vec<[u32; 2]>> = HashMap::new();
    for &[from, to] in edges
        .iter()
        .filter(|&&[from, to]| !edges.contains(&[to, from]))
    {
        let ends = [position(from), position(to)];
        open.entry(ends).or_default().push([from, to]);
    }
    let mut pairs: Vec<[u32; 2]> = Vec::new();
    for (&[from, to], sides) in &open {
        if let ([[a, b]], Some([[d, c]])) = (&sides[..], open.get(&[to, from]).map(Vec::as_slice)) {
            pairs.extend([[*a, *c], [*b, *d]]);
        }
    }
    pairs.sort_unstable(); // Else the order would be that of the hashes.
    let mut classes = Classes::new(mesh.positions.len(), &edges);
    for [a, b] in pairs {
        classes.join(a, b);
    }
    classes.firsts
}

/// Vertices by place.
struct Classes {
    firsts: Vec<u32>,
    /// The vertices of each place, at its first.
    members: Vec<Vec<u32>>,
    /// Across an edge.
    neighbours: HashMap<u32, Vec<u32>>,
}

impl Classes {
    fn new(vertex_count: usize, edges: &HashSet<[u32; 2]>) -> Self {
        let mut neighbours: HashMap<u32, Vec<u32>> = HashMap::new();
        for &[from, to] in edges {
            neighbours.entry(from).or_default().push(to);
            neighbours.entry(to).or_default().push(from);
        }
        Self {
            firsts: (0..vertex_count as u32).collect(),
            members: (0..vertex_count as u32)
                .map(|vertex| vec![vertex])
                .collect(),
            neighbours,
        }
    }

    /// Makes two places one, unless an edge goes from the one to the other.
    fn join(&mut self, a: u32, b: u32) {
        let [a, b] = [a, b].map(|vertex| self.firsts[vertex as usize]);
        let (first, second) = (a.min(b), a.max(b));
        let is_beside = |vertex: &u32| {
            let neighbours = self.neighbours.get(vertex).into_iter().flatten();
            neighbours
                .into_iter()
                .any(|&at| self.firsts[at as usize] == second)
        };
        if first == second || self.members[first as usize].iter().any(is_beside) {
            return;
        }
        for vertex in std::mem::take(&mut self.members[second as usize]) {
            self.firsts[vertex as usize] = first;
            self.members[first as usize].push(vertex);
        }
    }
}
