//! One track on its way into a pack, its files known to be sound.

use std::path::Path;

use anyhow::Result;
use glam::Vec3;
use touchline_codec::{meshes::Mesh, points::PointCloud};
use touchline_pack::{Kind, Role};
use touchline_scene::Bounds;

use super::geometry::Space;
use super::source::Source;
use super::texture::{Image, TextureShape};
use crate::args::{NormalsArg, TrackArg};
use crate::error::BadInput;

/// How far a texture coordinate may lie outside the image, from rounding in export.
const TEXTURE_SLACK: f32 = 1e-3;
/// What a surface without any colour looks like: clay.
const GREY: [u8; 3] = [184, 180, 174];

/// A track whose files have all been read once.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) arg: TrackArg,
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) role: Role,
    pub(crate) is_static: bool,
    pub(crate) source: Source,
    pub(crate) textures: Option<(Vec<Image>, TextureShape)>,
    /// Whether its texture changes from frame to frame.
    pub(crate) has_texture_sequence: bool,
    /// Around all its frames.
    pub(crate) bounds: Bounds,
    /// Where the grid of points begins, and how far it reaches where it has most layers: `bounds`,
    /// or those of the first frames while others are still to come.
    pub(crate) grid: Bounds,
    /// How many frames, and how many segments, of it are in the pack before these.
    pub(crate) before: Before,
    /// Edge of a cell for points, of a lattice step for meshes, metres.
    pub(crate) step_metres: f32,
    pub(crate) space: Space,
    /// Of each frame; see [`super::runs::topology_of`].
    pub(crate) topologies: Vec<u64>,
}

/// What of a track was packed earlier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Before {
    pub(crate) frame_count: u32,
    pub(crate) segment_count: u32,
}

impl Track {
    /// How many frames it has.
    pub(crate) fn frame_count(&self) -> u32 {
        self.source.frame_count() as u32
    }

    /// Levels of an octree over the grid of a points track; at least 1.
    pub(crate) fn level_count(&self) -> u8 {
        let cells = self.grid.size().max_element() / self.step_metres + 1.0;
        // Exact: a grid has at most 65536 cells on a side.
        cells.max(2.0).log2().ceil() as u8
    }

    /// Frame `index` of a points track, on the track's grid.
    pub(crate) fn cloud(&self, index: usize) -> Result<PointCloud> {
        let geometry = self.source.read(index, self.space)?;
        let step = self.step_metres;
        // Every frame counts on the same grid, so that what stands still stays in its cells.
        let corner = self.grid.lo - 0.5 * step;
        let cell_in_track = |at: Vec3| ((at - corner) / step).floor();
        let first_cell = cell_in_track(geometry.bounds().lo);
        let cells = geometry.positions.iter().map(|&at| {
            let cell = cell_in_track(at) - first_cell;
            [cell.x as u16, cell.y as u16, cell.z as u16]
        });
        let colours = if geometry.colours.is_empty() {
            vec![GREY; geometry.positions.len()]
        } else {
            geometry
                .colours
                .iter()
                .map(|&[r, g, b, _]| [r, g, b])
                .collect()
        };
        Ok(PointCloud {
            origin: corner + first_cell * step,
            step_metres: step,
            cells: cells.collect(),
            colours,
        })
    }

    /// Frame `index` of a mesh track.
    pub(crate) fn mesh(&self, index: usize) -> Result<Mesh> {
        let geometry = self.source.read(index, self.space)?;
        let (texture, colours) = if self.textures.is_some() {
            (
                texture_inside(geometry.texture, self.source.path(index))?,
                Vec::new(),
            )
        } else if geometry.colours.is_empty() {
            let [r, g, b] = GREY;
            (Vec::new(), vec![[r, g, b, 255]; geometry.positions.len()])
        } else {
            (Vec::new(), geometry.colours)
        };
        Ok(Mesh {
            positions: geometry.positions,
            indices: geometry.indices,
            texture,
            colours,
            normals: match self.arg.normals {
                NormalsArg::Coded => geometry.normals,
                NormalsArg::Derived => Vec::new(),
            },
        })
    }
}

/// Holds texture coordinates to the image; refuses those that mean another place.
fn texture_inside(mut texture: Vec<[f32; 2]>, file: &Path) -> Result<Vec<[f32; 2]>> {
    for (index, uv) in texture.iter_mut().enumerate() {
        let inside = uv.map(|axis| axis.clamp(0.0, 1.0));
        if (0..2).any(|axis| (uv[axis] - inside[axis]).abs() > TEXTURE_SLACK) {
            let what = format!(
                "the texture coordinate {} {} is outside 0 to 1",
                uv[0], uv[1]
            );
            let remedy = "bake repeated textures into an atlas, or say `texture=none`";
            return Err(BadInput::new(file, what, remedy)
                .at(format!("vertex {index}"))
                .into());
        }
        *uv = inside;
    }
    Ok(texture)
}
