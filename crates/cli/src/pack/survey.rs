//! The first pass: every frame and image of a track is read once, so that whatever is wrong with
//! it is said before a byte is written.
//!
//! Of a track that still grows, the first frames decide what all others must be like.

use std::path::Path;

use anyhow::{Result, bail};
use glam::Vec3;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use touchline_pack::{Kind, Role};
use touchline_scene::{Bounds, FrameRate};

use super::geometry::{Geometry, Space};
use super::runs;
use super::source::Source;
use super::texture::{Image, TextureShape};
use super::track::{Before, Track};
use crate::args::{NormalsArg, PackArgs, TrackArg};
use crate::error::BadInput;
use crate::progress::{Audience, Cancel};

/// Steps on each axis of a mesh at most: the codec takes a coarser one for a larger mesh.
const LATTICE_STEPS: f32 = 65535.0;
/// Cells on each axis of a points track at most.
const GRID_CELLS: f32 = 65536.0;
/// A track whose frames have been found and not yet read.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) arg: TrackArg,
    pub(crate) id: String,
    pub(crate) source: Source,
    pub(crate) textures: Option<Vec<Image>>,
}

/// What the first frames of a track decide for all that come later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Decided {
    pub(crate) kind: Kind,
    pub(crate) has_colour: bool,
    pub(crate) voxel_metres: Option<f32>,
    pub(crate) step_metres: f32,
    /// Around the first frames.
    pub(crate) grid: Bounds,
    pub(crate) texture: Option<TextureShape>,
}

/// What was found in a track's files, and what was decided before.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    /// Of each frame.
    pub(crate) surveys: Vec<Survey>,
    /// Of its images, all alike.
    pub(crate) texture: Option<TextureShape>,
    pub(crate) has_texture_sequence: bool,
    /// By frames that are packed already.
    pub(crate) decided: Option<&'a Decided>,
    pub(crate) before: Before,
}

/// What one frame was found to hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Survey {
    bounds: Bounds,
    is_mesh: bool,
    has_colour: bool,
    has_texture: bool,
    has_normals: bool,
    /// A vertex of which the normal is none.
    odd_normal: Option<usize>,
    voxel_metres: Option<f32>,
    /// See [`runs::topology_of`].
    topology: u64,
}

impl Found {
    /// Finds the frames of a track.
    pub(crate) fn find(arg: TrackArg, frame_rate: FrameRate) -> Result<Self> {
        let source = Source::find(&arg, frame_rate)?;
        let id = match &arg.id {
            Some(id) => id.clone(),
            None => default_id(source.path(0), source.file_count()),
        };
        check_id(&id)?;
        let textures = match arg.kind {
            Some(Kind::Points) => None,
            _ => source.textures(&arg.texture)?,
        };
        Ok(Self {
            arg,
            id,
            source,
            textures,
        })
    }

    /// Frames and images that [`Found::survey`] reads.
    pub(crate) fn step_count(&self) -> u64 {
        (self.source.frame_count() + self.images().len()) as u64
    }

    /// Its images, but one if it is the texture of all frames.
    fn images(&self) -> &[Image] {
        match self.textures.as_deref() {
            Some([first, rest @ ..]) if rest.iter().all(|image| image == first) => {
                std::slice::from_ref(first)
            }
            images => images.unwrap_or_default(),
        }
    }

    /// Reads every frame and image once; `step` is called after each.
    pub(crate) fn survey(
        self,
        args: &PackArgs,
        cancel: &Cancel,
        audience: Audience,
        step: impl Fn() + Sync,
    ) -> Result<Track> {
        let space = self.space(args);
        let surveys = (0..self.source.frame_count())
            .into_par_iter()
            .map(|index| {
                cancel.check()?;
                let survey = Survey::of(&self.source.read(index, space)?);
                step();
                Ok(survey)
            })
            .collect::<Result<Vec<_>>>()?;
        let texture = match self.kind(&surveys, None)? {
            Kind::Mesh => self.survey_textures(cancel, &step)?,
            Kind::Points => None,
        };
        let findings = Findings {
            surveys,
            texture,
            has_texture_sequence: self.images().len() > 1,
            decided: None,
            before: Before::default(),
        };
        self.judge(findings, args, audience)
    }

    /// How its files lie in the stage.
    pub(crate) fn space(&self, args: &PackArgs) -> Space {
        Space {
            up: args.up,
            unit: args.unit,
            is_v_up: self.arg.is_v_up,
        }
    }

    /// Holds what was found in its files against each other, and decides what they become.
    pub(crate) fn judge(
        self,
        findings: Findings<'_>,
        args: &PackArgs,
        audience: Audience,
    ) -> Result<Track> {
        let Findings {
            surveys, decided, ..
        } = findings;
        let kind = self.kind(&surveys, decided)?;
        let shape = findings.texture.filter(|_| kind == Kind::Mesh);
        let textures = self.textures.clone().zip(shape);
        self.check_alike(&surveys, shape, decided)?;
        if self.arg.normals == NormalsArg::Coded {
            self.check_normals(kind, &surveys)?;
        }
        let bounds = surveys
            .iter()
            .fold(Bounds::EMPTY, |all, one| all.union(one.bounds));
        let role = self.arg.role.unwrap_or(Role::Subject);
        let is_static = self.is_static(role)?;
        let (grid, step_metres) = match decided {
            Some(decided) => (decided.grid, decided.step_metres),
            None => {
                self.warn_of_loss(textures.is_some() || surveys[0].has_colour, audience);
                let step_metres = match kind {
                    Kind::Points => self.points_step(&surveys[0], bounds, args)?,
                    Kind::Mesh => self.mesh_step(bounds, args, audience),
                };
                (bounds, step_metres)
            }
        };
        if kind == Kind::Points {
            self.check_spans(&surveys, step_metres)?;
        }
        Ok(Track {
            space: self.space(args),
            arg: self.arg,
            id: self.id,
            kind,
            role,
            is_static,
            source: self.source,
            textures,
            has_texture_sequence: findings.has_texture_sequence,
            bounds,
            grid,
            before: findings.before,
            step_metres,
            topologies: surveys.iter().map(|survey| survey.topology).collect(),
        })
    }

    fn warn_of_loss(&self, has_colour: bool, audience: Audience) {
        let (id, path) = (&self.id, &self.arg.path);
        if let Some(loss) = self.source.loss() {
            audience.warn(&format!("track \"{id}\": {loss} ({path})"));
        }
        if !has_colour {
            let text = "has neither colours nor textures: it becomes grey";
            audience.warn(&format!("track \"{id}\" {text} ({path})"));
        }
    }

    /// Points or mesh: as asked, else as the first frame is.
    fn kind(&self, surveys: &[Survey], decided: Option<&Decided>) -> Result<Kind> {
        let first = match (decided, surveys[0].is_mesh) {
            (Some(decided), _) => decided.kind,
            (None, true) => Kind::Mesh,
            (None, false) => Kind::Points,
        };
        let kind = self.arg.kind.unwrap_or(first);
        let stray = surveys.iter().position(|survey| match kind {
            Kind::Mesh => !survey.is_mesh,
            // Vertices of a mesh can be shown as points if that was asked for.
            Kind::Points => survey.is_mesh && self.arg.kind.is_none(),
        });
        let Some(stray) = stray else { return Ok(kind) };
        let what = match kind {
            Kind::Mesh => "this frame has no faces, but its track is a mesh",
            Kind::Points => "this frame has faces, but its track is points",
        };
        let remedy = "export this frame again, or say `kind=points` to use vertices only";
        Err(BadInput::new(self.source.path(stray), what, remedy).into())
    }

    /// All frames of a track must have what its first has.
    fn check_alike(
        &self,
        surveys: &[Survey],
        texture: Option<TextureShape>,
        decided: Option<&Decided>,
    ) -> Result<()> {
        let (has_colour, voxel_metres) = match decided {
            Some(decided) => (decided.has_colour, decided.voxel_metres),
            None => (surveys[0].has_colour, surveys[0].voxel_metres),
        };
        if let (Some(decided), Some(images)) = (decided, &self.textures)
            && let (Some(shape), Some(first)) = (texture, decided.texture)
        {
            self.check_shape(&images[0], shape, first)?;
        }
        for (index, survey) in surveys.iter().enumerate() {
            let file = self.source.path(index);
            let wrong = |what: &str| BadInput::new(file, what, "export this frame again");
            if texture.is_some() && !survey.has_texture {
                let what = "there is an image for this frame, but it has no texture coordinates";
                let remedy = "export them (s t), or say `texture=none`";
                return Err(BadInput::new(file, what, remedy).into());
            }
            if survey.has_colour != has_colour {
                return Err(
                    wrong("some frames of the track have colours and some have not").into(),
                );
            }
            if survey.voxel_metres != voxel_metres {
                return Err(wrong("`voxel_metres` is another than in the first frame").into());
            }
        }
        Ok(())
    }

    /// Every frame of a mesh must have the normals that are to be coded.
    fn check_normals(&self, kind: Kind, surveys: &[Survey]) -> Result<()> {
        for (index, survey) in surveys.iter().enumerate() {
            let file = self.source.path(index);
            if kind == Kind::Points {
                let what = "`normals=coded` is for meshes, and this track is points";
                return Err(BadInput::new(file, what, "leave it out").into());
            }
            if !survey.has_normals {
                let what = "this frame has no normals, or not for every vertex";
                let remedy = "export them (nx ny nz in PLY, vn in OBJ, NORMAL in glTF), or leave \
                              out `normals=coded`";
                return Err(BadInput::new(file, what, remedy).into());
            }
            if let Some(vertex) = survey.odd_normal {
                let remedy = "correct the normals where the frames are made";
                return Err(BadInput::new(file, "the normal is not finite", remedy)
                    .at(format!("vertex {vertex}"))
                    .into());
            }
        }
        Ok(())
    }

    fn survey_textures(
        &self,
        cancel: &Cancel,
        step: impl Fn() + Sync,
    ) -> Result<Option<TextureShape>> {
        let Some(images) = &self.textures else {
            return Ok(None);
        };
        let survey = |image: &Image| {
            cancel.check()?;
            let shape = image.survey()?;
            step();
            Ok(shape)
        };
        let shapes = self.images().par_iter().map(survey);
        let shapes = shapes.collect::<Result<Vec<_>>>()?;
        self.same_shape(images, &shapes).map(Some)
    }

    /// The shape of all images of a track.
    pub(crate) fn same_shape(
        &self,
        images: &[Image],
        shapes: &[TextureShape],
    ) -> Result<TextureShape> {
        let first = shapes[0];
        for (image, &shape) in images.iter().zip(shapes) {
            self.check_shape(image, shape, first)?;
        }
        Ok(first)
    }

    fn check_shape(&self, image: &Image, shape: TextureShape, first: TextureShape) -> Result<()> {
        if shape == first {
            return Ok(());
        }
        let what = format!(
            "the texture is {} x {} {}, the first of its track is {} x {} {}",
            shape.width, shape.height, shape.codec, first.width, first.height, first.codec,
        );
        let remedy = "export all textures of a track alike";
        Err(BadInput::new(image.path(), what, remedy).into())
    }

    /// No frame may be wider than a grid can count.
    fn check_spans(&self, surveys: &[Survey], step_metres: f32) -> Result<()> {
        for (index, survey) in surveys.iter().enumerate() {
            let span = survey.bounds.size().max_element();
            if span / step_metres > GRID_CELLS - 2.0 {
                let what = format!(
                    "the frame is {span:.1} m long: more than 65536 cells of {step_metres} m"
                );
                let remedy = "remove stray points, or pack with a larger `--voxel-metres`";
                return Err(BadInput::new(self.source.path(index), what, remedy).into());
            }
        }
        Ok(())
    }

    /// Static as asked, else a venue of one frame or a glTF scene that does not move.
    fn is_static(&self, role: Role) -> Result<bool> {
        let frame_count = self.source.frame_count();
        let is_still = role == Role::Venue || matches!(self.source, Source::Model(_));
        let default = is_still && frame_count == 1;
        let is_static = self.arg.is_static.unwrap_or(default);
        if is_static && frame_count > 1 {
            let (id, path) = (&self.id, &self.arg.path);
            bail!("track \"{id}\" is static but has {frame_count} frames: give one file ({path})");
        }
        Ok(is_static)
    }

    /// The step of a mesh's lattice: off by half of it at most.
    fn mesh_step(&self, bounds: Bounds, args: &PackArgs, audience: Audience) -> f32 {
        let asked = args.position_error_mm;
        let kept = bounds.size().max_element() / LATTICE_STEPS * 500.0;
        if kept > asked {
            let text = format!("is too large for {asked} mm: vertices are kept to {kept:.2} mm");
            audience.warn(&format!("track \"{}\" {text}", self.id));
        }
        asked * 0.002
    }

    /// The edge of a cell for points.
    fn points_step(&self, first: &Survey, bounds: Bounds, args: &PackArgs) -> Result<f32> {
        let file = self.source.path(0);
        let space = self.space(args);
        // One cell of room: the outermost points lie in the middle of cells.
        let finest = bounds.size().max_element() / (GRID_CELLS - 2.0);
        let step = match args.voxel_metres.or(first.voxel_metres) {
            Some(asked) if asked < finest => {
                let what = format!(
                    "the track is {:.1} m long: more than 65536 cells of {asked} m",
                    bounds.size().max_element()
                );
                let remedy = format!("give `--voxel-metres` of {finest:.4} or more");
                return Err(BadInput::new(file, what, remedy).into());
            }
            Some(asked) => asked,
            None => median_spacing(&self.source.read(0, space)?.positions).max(finest),
        };
        // All points in one place have no spacing: any step holds them.
        Ok(if step > 0.0 { step } else { 1e-3 })
    }
}

impl Decided {
    /// What a track's frames decided, of which `first` is one.
    pub(crate) fn by(track: &Track, first: &Survey) -> Self {
        Self {
            kind: track.kind,
            has_colour: first.has_colour,
            voxel_metres: first.voxel_metres,
            step_metres: track.step_metres,
            grid: track.grid,
            texture: track.textures.as_ref().map(|(_, shape)| *shape),
        }
    }
}

impl Survey {
    pub(crate) fn of(geometry: &Geometry) -> Self {
        Self {
            bounds: geometry.bounds(),
            is_mesh: geometry.is_mesh(),
            has_colour: !geometry.colours.is_empty(),
            has_texture: !geometry.texture.is_empty(),
            has_normals: !geometry.normals.is_empty(),
            odd_normal: geometry
                .normals
                .iter()
                .position(|normal| !normal.is_finite()),
            voxel_metres: geometry.voxel_metres,
            topology: runs::topology_of(geometry),
        }
    }
}

/// Refuses what cannot be a part of a URL.
pub(crate) fn check_id(id: &str) -> Result<()> {
    let is_plain = |symbol: char| symbol.is_ascii_alphanumeric() || "-_".contains(symbol);
    if id.is_empty() || !id.chars().all(is_plain) {
        bail!("the track id \"{id}\" is not made of letters, digits, - and _: give `id=`");
    }
    Ok(())
}

/// A track's name from its files: the sequence's prefix, or the folder's name.
pub(crate) fn default_id(first: &Path, frame_count: usize) -> String {
    let text = |name: Option<&std::ffi::OsStr>| {
        let name = name.and_then(|name| name.to_str()).unwrap_or_default();
        let plain = |symbol: char| {
            if symbol.is_ascii_alphanumeric() {
                symbol
            } else {
                '-'
            }
        };
        let id: String = name.to_lowercase().chars().map(plain).collect();
        id.trim_matches('-').to_owned()
    };
    let stem = text(first.file_stem());
    if frame_count == 1 {
        return stem;
    }
    let prefix = stem.trim_end_matches(|symbol: char| symbol.is_ascii_digit() || symbol == '-');
    if prefix.is_empty() || prefix == "frame" {
        text(first.parent().and_then(Path::file_name))
    } else {
        prefix.to_owned()
    }
}

/// The median distance from a point to its nearest neighbour elsewhere, metres; 0 for one place.
///
/// Looks from at most [`SPACING_SAMPLES`] points, each at all others.
fn median_spacing(positions: &[Vec3]) -> f32 {
    let stride = positions.len().div_ceil(SPACING_SAMPLES);
    let samples: Vec<Vec3> = positions.iter().copied().step_by(stride).collect();
    let mut spacings: Vec<f32> = samples
        .par_iter()
        .map(|&from| {
            let squares = positions.iter().map(|&to| from.distance_squared(to));
            squares
                .filter(|&square| square > 0.0)
                .fold(f32::INFINITY, f32::min)
                .sqrt()
        })
        .filter(|spacing| spacing.is_finite())
        .collect();
    spacings.sort_by(f32::total_cmp);
    spacings.get(spacings.len() / 2).copied().unwrap_or(0.0)
}

/// Enough for a median within a few percent; 1 million points take 0.3 s.
const SPACING_SAMPLES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spacing_is_the_grids() {
        let grid: Vec<Vec3> = (0..1000)
            .map(|i| Vec3::new((i % 10) as f32, (i / 10 % 10) as f32, (i / 100) as f32) * 0.25)
            .collect();
        assert!((median_spacing(&grid) - 0.25).abs() < 1e-6);
        assert_eq!(median_spacing(&[Vec3::ONE; 5]), 0.0);
    }

    #[test]
    fn ids_come_from_names() {
        assert_eq!(default_id(Path::new("x/loot_0001.ply"), 24), "loot");
        assert_eq!(default_id(Path::new("points/frame_0000.ply"), 24), "points");
        assert_eq!(default_id(Path::new("a/0001.ply"), 2), "a");
        assert_eq!(default_id(Path::new("Big Stadium.obj"), 1), "big-stadium");
    }
}
