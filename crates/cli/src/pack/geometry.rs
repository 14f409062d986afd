//! What one captured file says, before it is brought into the stage.

use std::path::Path;

use anyhow::Result;
use glam::Vec3;
use touchline_scene::Bounds;

use super::{obj, ply};
use crate::args::{Unit, Up};
use crate::error::BadInput;

/// A larger file is no frame: 1 million points as text are 60 MB.
const FILE_SIZE_MAX: u64 = 4 << 30;
/// The largest coordinate, in any unit: beyond the Moon, while squares of it are still finite.
const POSITION_MAX: f32 = 1e12;

/// The points or the mesh of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Geometry {
    /// As the file has them, or in the stage after [`Geometry::into_stage`].
    pub(crate) positions: Vec<Vec3>,
    /// sRGB and alpha, one a position; empty if the file has none.
    pub(crate) colours: Vec<[u8; 4]>,
    /// One a position, v down; empty if the file has none.
    pub(crate) texture: Vec<[f32; 2]>,
    /// One a position, outwards, of any length; empty if the file has none.
    pub(crate) normals: Vec<Vec3>,
    /// Three a triangle; empty for points.
    pub(crate) indices: Vec<u32>,
    /// Edge of a cell where the positions lie on a grid, metres.
    pub(crate) voxel_metres: Option<f32>,
}

/// How a file's space lies in the stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Space {
    /// The axis that points up.
    pub(crate) up: Up,
    /// The unit of lengths.
    pub(crate) unit: Unit,
    /// Whether v of texture coordinates grows upwards; the file kind's habit if `None`.
    pub(crate) is_v_up: Option<bool>,
}

/// Reads a file of one frame and brings it into the stage.
pub(crate) fn read(path: &Path, space: Space) -> Result<Geometry> {
    let bytes = read_bytes(path)?;
    if super::input::has_extension(path, &["obj"]) {
        obj::read(path, &bytes)?.into_stage(path, space, true)
    } else {
        ply::read(path, bytes)?.into_stage(path, space, false)
    }
}

/// Reads a file that holds geometry.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let unreadable =
        |error: std::io::Error| BadInput::new(path, error.to_string(), "make the file readable");
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > FILE_SIZE_MAX {
        return Err(BadInput::new(path, "the file is over 4 GiB", "one file is one frame").into());
    }
    if size == 0 {
        return Err(BadInput::new(path, "the file is empty", "export this frame again").into());
    }
    Ok(std::fs::read(path).map_err(unreadable)?)
}

/// Refuses what no frame can have.
fn check(geometry: &Geometry, path: &Path) -> Result<()> {
    if geometry.positions.is_empty() {
        let what = "the frame has no points";
        let remedy = "export this frame again, or leave it and all after it out";
        return Err(BadInput::new(path, what, remedy).into());
    }
    let is_near = |at: &Vec3| at.abs().cmple(Vec3::splat(POSITION_MAX)).all();
    if let Some(index) = geometry.positions.iter().position(|at| !is_near(at)) {
        let at = geometry.positions[index];
        let why = if at.is_finite() {
            "too far away"
        } else {
            "not finite"
        };
        let what = format!("the position {at} is {why}");
        let remedy = "remove the point where the frames are made";
        return Err(BadInput::new(path, what, remedy)
            .at(format!("vertex {index}"))
            .into());
    }
    let is_finite = |uv: &[f32; 2]| uv[0].is_finite() && uv[1].is_finite();
    if let Some(index) = geometry.texture.iter().position(|uv| !is_finite(uv)) {
        let what = "the texture coordinate is not finite";
        let remedy = "correct the texture coordinates where the frames are made";
        return Err(BadInput::new(path, what, remedy)
            .at(format!("vertex {index}"))
            .into());
    }
    let vertex_count = geometry.positions.len();
    let outside = |&index: &u32| index as usize >= vertex_count;
    if let Some(corner) = geometry.indices.iter().position(outside) {
        let index = geometry.indices[corner];
        let what = format!("a corner is vertex {index}, but there are {vertex_count} vertices");
        let remedy = "export this frame again: its faces belong to other vertices";
        return Err(BadInput::new(path, what, remedy)
            .at(format!("triangle {}", corner / 3))
            .into());
    }
    Ok(())
}

impl Geometry {
    /// Moves all into the stage: metres, y up; every number from the file at `path` is checked.
    ///
    /// `is_v_up` is the habit of its kind.
    pub(crate) fn into_stage(mut self, path: &Path, space: Space, is_v_up: bool) -> Result<Self> {
        if space.is_v_up.unwrap_or(is_v_up) {
            for [_, v] in &mut self.texture {
                *v = 1.0 - *v;
            }
        }
        check(&self, path)?;
        // A grid with its own comments is in metres already.
        let scale = if self.voxel_metres.is_some() {
            1.0
        } else {
            space.unit.metres()
        };
        let turned = |vector: Vec3| match space.up {
            Up::Y => vector,
            // A quarter turn about x, so left stays left.
            Up::Z => Vec3::new(vector.x, vector.z, -vector.y),
        };
        for position in &mut self.positions {
            *position = turned(*position) * scale;
        }
        for normal in &mut self.normals {
            *normal = turned(*normal);
        }
        Ok(self)
    }

    /// The box around all positions.
    pub(crate) fn bounds(&self) -> Bounds {
        let mut bounds = Bounds::EMPTY;
        self.positions.iter().for_each(|&at| bounds.include(at));
        bounds
    }

    /// Whether it has faces.
    pub(crate) fn is_mesh(&self) -> bool {
        !self.indices.is_empty()
    }
}
