//! Where a track's frames come from: files of one frame each, a glTF file in motion, or a stream.

use std::path::{Path, PathBuf};

use anyhow::Result;
use touchline_scene::FrameRate;

use super::geometry::{self, Geometry, Space};
use super::gltf::Model;
use super::input::{self, Sequence};
use super::texture::Image;
use crate::args::{ClipArg, TextureArg, TrackArg, Unit, Up};
use crate::error::BadInput;

/// The frames of one track.
#[derive(Debug)]
pub(crate) enum Source {
    Files(Sequence),
    Model(Box<Model>),
    /// Frames that a stream brought, as it had them, and what errors call each; at least one.
    Held(Vec<(PathBuf, Geometry)>),
}

impl Source {
    /// Finds the frames of a track; a glTF file is read for that.
    pub(crate) fn find(arg: &TrackArg, frame_rate: FrameRate) -> Result<Self> {
        let files = input::frames(&arg.path)?;
        let first = &files.files[0];
        if input::is_model(first) {
            let model = Model::open(first, arg, frame_rate)?;
            return Ok(Self::Model(Box::new(model)));
        }
        if arg.clip != ClipArg::Only {
            let what = "`clip` chooses a motion of a glTF file, and this is none";
            return Err(BadInput::new(first, what, "leave it out").into());
        }
        Ok(Self::Files(files))
    }

    /// How many files hold its frames.
    pub(crate) fn file_count(&self) -> usize {
        match self {
            Self::Files(files) => files.files.len(),
            Self::Model(_) => 1,
            Self::Held(frames) => frames.len(),
        }
    }

    /// How many frames it has; at least 1.
    pub(crate) fn frame_count(&self) -> usize {
        match self {
            Self::Files(files) => files.files.len(),
            Self::Model(model) => model.frame_count(),
            Self::Held(frames) => frames.len(),
        }
    }

    /// The file that holds frame `index`.
    pub(crate) fn path(&self, index: usize) -> &Path {
        match self {
            Self::Files(files) => &files.files[index],
            Self::Model(model) => model.path(),
            Self::Held(frames) => &frames[index].0,
        }
    }

    /// Reads frame `index` and brings it into the stage; every number in it is checked.
    pub(crate) fn read(&self, index: usize, space: Space) -> Result<Geometry> {
        match self {
            Self::Files(files) => geometry::read(&files.files[index], space),
            Self::Model(model) => {
                // Whatever the rest of the input is: glTF leaves no choice.
                let space = Space {
                    up: Up::Y,
                    unit: Unit::Metres,
                    ..space
                };
                model.frame(index).into_stage(model.path(), space, false)
            }
            Self::Held(frames) => {
                let (name, geometry) = &frames[index];
                geometry.clone().into_stage(name, space, false)
            }
        }
    }

    /// The texture of each frame; [`None`] where the track has none.
    pub(crate) fn textures(&self, wanted: &TextureArg) -> Result<Option<Vec<Image>>> {
        match self {
            Self::Files(files) => input::textures(files, wanted),
            Self::Model(model) => {
                let image = match wanted {
                    TextureArg::At(place) => Some(input::one_texture(place)?),
                    TextureArg::Beside | TextureArg::None => model.image().cloned(),
                };
                Ok(image.map(|image| vec![image; self.frame_count()]))
            }
            Self::Held(_) => Ok(None),
        }
    }

    /// What is left out of its files, in words for the operator.
    pub(crate) fn loss(&self) -> Option<&str> {
        match self {
            Self::Files(_) | Self::Held(_) => None,
            Self::Model(model) => model.loss(),
        }
    }
}
