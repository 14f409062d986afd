//! Runs of frames: those that follow each other and show the same surface, moved.
//!
//! Studios track a surface through time, and many number its vertices anew in each file: the codec
//! finds them again.
//!
//! Always true: what is a run depends on the track alone, not on segments or threads.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use anyhow::Result;
use rayon::prelude::*;
use touchline_codec::meshes::Mesh;

use super::geometry::Geometry;
use super::track::Track;
use crate::progress::{Cancel, Progress};

/// What tells a frame's topology from another's: its indices and texture coordinates, in order.
pub(super) fn topology_of(geometry: &Geometry) -> u64 {
    let mut hasher = DefaultHasher::new();
    geometry.indices.hash(&mut hasher);
    geometry.positions.len().hash(&mut hasher);
    for uv in &geometry.texture {
        uv.map(f32::to_bits).hash(&mut hasher);
    }
    hasher.finish()
}

/// How many frames of a track [`find`] compares with others.
pub(super) fn compared_count(track: &Track) -> u64 {
    let topologies = &track.topologies;
    let is_constant = topologies.windows(2).all(|pair| pair[0] == pair[1]);
    // Vertices in another order are told apart by texture coordinates only.
    if is_constant || track.textures.is_none() {
        0
    } else {
        topologies.len() as u64 - 1
    }
}

/// For each frame of a mesh the first of its run; a step of progress for each that is compared.
pub(super) fn find(track: &Track, cancel: &Cancel, progress: &Progress) -> Result<Vec<usize>> {
    let topologies = &track.topologies;
    if compared_count(track) == 0 {
        return runs(topologies.len(), |start, mut next| {
            Ok(next.find(|&index| topologies[index] != topologies[start]))
        });
    }
    runs(topologies.len(), |start, next| {
        let first = track.mesh(start)?;
        let is_alike = |index| {
            cancel.check()?;
            Ok(mesh_as(track, (start, &first), index)?.is_some())
        };
        let alike = next.clone().into_par_iter().map(is_alike);
        let alike = alike.collect::<Result<Vec<bool>>>()?;
        let other = next.clone().zip(alike).find(|&(_, is_alike)| !is_alike);
        let other = other.map(|(index, _)| index);
        (next.start..other.map_or(next.end, |other| other + 1)).for_each(|_| progress.step());
        Ok(other)
    })
}

/// `first_unlike` finds the first frame in a range that is not like another frame.
fn runs(
    frame_count: usize,
    first_unlike: impl Fn(usize, Range<usize>) -> Result<Option<usize>>,
) -> Result<Vec<usize>> {
    let mut starts = vec![0; frame_count.min(1)];
    // As many more as were alike so far: in parallel, and yet few in vain where none are.
    let mut ahead_count = 1;
    while starts.len() < frame_count {
        let start = starts[starts.len() - 1];
        let next = starts.len()..frame_count.min(starts.len() + ahead_count);
        let other = first_unlike(start, next.clone())?;
        starts.resize(other.unwrap_or(next.end), start);
        starts.extend(other);
        ahead_count = other.map_or(2 * ahead_count, |_| 1);
    }
    Ok(starts)
}

/// Frame `index` of a track, its vertices and triangles in the order of frame `start`, which is
/// `first`; nothing if it is not the same surface.
pub(super) fn mesh_as(
    track: &Track,
    (start, first): (usize, &Mesh),
    index: usize,
) -> Result<Option<Mesh>> {
    let mesh = track.mesh(index)?;
    if track.topologies[index] == track.topologies[start] {
        return Ok(Some(mesh)); // Its colours may differ.
    }
    let pose = first.pose_in(&mesh, track.step_metres);
    Ok(pose.map(|pose| Mesh {
        positions: pose.positions,
        normals: pose.normals,
        ..first.clone()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_begin_where_the_topology_changes() {
        for (topologies, expected) in [
            (&[7, 7, 3, 3, 7][..], &[0, 0, 2, 2, 4][..]),
            (&[1, 2, 3], &[0, 1, 2]),
            (&[1, 1, 1, 1, 1, 2, 2, 1], &[0, 0, 0, 0, 0, 5, 5, 7]),
            (&[4; 9], &[0; 9]),
            (&[], &[]),
        ] {
            let found = runs(topologies.len(), |start, mut next| {
                Ok(next.find(|&index| topologies[index] != topologies[start]))
            });
            assert_eq!(found.unwrap(), expected);
        }
    }
}
