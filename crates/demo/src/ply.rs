//! Writes capture files: binary little endian PLY.

use std::fs;
use std::path::Path;

use anyhow::Context;
use glam::Vec3;

/// A coloured point on the voxel grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GridPoint {
    /// Voxel indices.
    pub(crate) cell: [u16; 3],
    /// sRGB.
    pub(crate) colour: [u8; 3],
}

/// Where the voxel grid lies: position = (index + 0.5) * voxel + offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Grid {
    /// Side of a voxel, metres.
    pub(crate) voxel_metres: f32,
    /// Corner of voxel 0 0 0, metres.
    pub(crate) offset: Vec3,
}

/// Writes one frame of points.
pub(crate) fn write_points(path: &Path, grid: &Grid, points: &[GridPoint]) -> anyhow::Result<()> {
    let Vec3 { x, y, z } = grid.offset;
    let mut bytes = format!(
        "ply\nformat binary_little_endian 1.0\n\
         comment voxel_metres {}\ncomment offset_metres {x} {y} {z}\n\
         element vertex {}\n\
         property ushort x\nproperty ushort y\nproperty ushort z\n\
         property uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n",
        grid.voxel_metres,
        points.len(),
    )
    .into_bytes();
    for point in points {
        for cell in point.cell {
            bytes.extend(cell.to_le_bytes());
        }
        bytes.extend(point.colour);
    }
    write(path, &bytes)
}

/// Writes one frame of a mesh with a colour for each vertex.
pub(crate) fn write_mesh(
    path: &Path,
    positions: &[Vec3],
    colours: &[[u8; 3]],
    triangles: &[[u32; 3]],
) -> anyhow::Result<()> {
    assert_eq!(positions.len(), colours.len(), "a colour for each vertex");
    let mut bytes = format!(
        "ply\nformat binary_little_endian 1.0\n\
         element vertex {}\n\
         property float x\nproperty float y\nproperty float z\n\
         property uchar red\nproperty uchar green\nproperty uchar blue\n\
         element face {}\nproperty list uchar int vertex_indices\nend_header\n",
        positions.len(),
        triangles.len(),
    )
    .into_bytes();
    for (position, colour) in positions.iter().zip(colours) {
        for axis in position.to_array() {
            bytes.extend(axis.to_le_bytes());
        }
        bytes.extend(colour);
    }
    for triangle in triangles {
        bytes.push(3);
        for index in triangle {
            bytes.extend(index.to_le_bytes());
        }
    }
    write(path, &bytes)
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}
