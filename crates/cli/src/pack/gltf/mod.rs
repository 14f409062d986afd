//! Reads glTF: a scene at rest or in one of its clips, baked to a mesh a frame.
//!
//! The file is read whole once; frame k is the scene at k frame times, its nodes moved, its
//! meshes morphed and bent, all joined to one mesh in metres, y up.
//!
//! Always true: all frames have the same vertices in the same order, and the same triangles
//! unless a part is turned inside out on the way.

mod accessor;
mod clip;
mod document;
mod look;
mod nodes;
mod part;

use std::path::{Path, PathBuf};

use anyhow::Result;
use touchline_pack::Kind;
use touchline_scene::FrameRate;

use super::geometry::Geometry;
use super::texture::Image;
use crate::args::{NormalsArg, TextureArg, TrackArg};
use crate::error::BadInput;
use clip::Clip;
use document::Document;
use look::Look;
use nodes::Nodes;
use part::Part;

/// How far before its end, in frames, a clip may still give its last one: times are rounded.
const END_SLACK_FRAMES: f64 = 0.01;

/// A glTF file at one of its clips.
#[derive(Debug)]
pub(crate) struct Model {
    path: PathBuf,
    nodes: Nodes,
    parts: Vec<Part>,
    clip: Clip,
    look: Look,
    frame_rate: FrameRate,
}

impl Model {
    /// Reads the file at `path` as a track's options say.
    pub(crate) fn open(path: &Path, arg: &TrackArg, frame_rate: FrameRate) -> Result<Self> {
        let document = Document::open(path)?;
        let nodes = Nodes::of(&document)?;
        let parts = part::parts(&document, &nodes.shown, arg.normals == NormalsArg::Coded)?;
        if parts.is_empty() {
            let what = "the scene of this file has no triangles";
            let remedy = "export it with its meshes";
            return Err(BadInput::new(path, what, remedy).into());
        }
        let texture = match arg.kind {
            // Points have a colour each.
            Some(Kind::Points) => &TextureArg::None,
            _ => &arg.texture,
        };
        let look = Look::of(&document, &parts, texture)?;
        Ok(Self {
            path: path.to_owned(),
            clip: Clip::of(&document, &arg.clip)?,
            nodes,
            parts: parts.into_iter().map(|(part, _)| part).collect(),
            look,
            frame_rate,
        })
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A frame at 0 and at each frame time up to the clip's end, which counts.
    pub(crate) fn frame_count(&self) -> usize {
        let frame_times = f64::from(self.clip.duration_secs) * self.frame_rate.as_f64();
        (frame_times.max(0.0) + END_SLACK_FRAMES) as usize + 1
    }

    /// The file's own texture, if it is wanted.
    pub(crate) fn image(&self) -> Option<&Image> {
        self.look.image.as_ref()
    }

    /// What is left out of the file, in words for the operator.
    pub(crate) fn loss(&self) -> Option<&str> {
        self.look.loss.as_deref()
    }

    /// The scene at frame `index`.
    pub(crate) fn frame(&self, index: usize) -> Geometry {
        let secs = index as f64 / self.frame_rate.as_f64();
        let mut locals = self.nodes.rest.clone();
        self.clip.pose(&mut locals, secs as f32);
        let places = self.nodes.place(&locals);
        let mut geometry = Geometry {
            texture: self.look.texture.clone(),
            colours: self.look.colours.clone(),
            ..Geometry::default()
        };
        for part in &self.parts {
            part.pose(&places, &locals, &mut geometry);
        }
        geometry
    }
}
