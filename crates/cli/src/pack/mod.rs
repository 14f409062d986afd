//! `touchline pack`: captured frames to a pack.
//!
//! Two passes over the input: the first reads and checks every file, the second encodes, a
//! segment at a time on each thread, so memory does not grow with the length of the replay.
//!
//! Always true: the same input and options give the same bytes.

mod charts;
mod encode;
mod geometry;
mod gltf;
mod input;
mod live;
mod obj;
mod ply;
mod reel;
mod renditions;
mod runs;
mod scene;
mod source;
mod survey;
pub(crate) mod texture;
mod track;
mod write;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use touchline_pack::{FORMAT_NAME, FORMAT_VERSION, Kind, Manifest, Preset, Stage};
use touchline_scene::{Bounds, Viewpoint};

use crate::args::{PackArgs, TrackArg};
use crate::error::BadInput;
use crate::inspect::Bytes;
use crate::progress::{Audience, Cancel};
use scene::Scene;
use survey::Found;
use texture::Image;
use track::Track;
use write::Aside;

use encode::{Plans, Write};

/// What was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Packed {
    /// Where it is.
    pub out: PathBuf,
    /// Of the whole pack.
    pub bytes: u64,
    /// Of each moving track.
    pub frame_count: u32,
    /// How long the replay is.
    pub duration_secs: f64,
    /// How long the packing took.
    pub took_secs: f64,
}

impl fmt::Display for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, secs) = (Bytes(self.bytes), self.duration_secs);
        write!(
            f,
            "{}: {size}, {} frames, {secs:.2} s",
            self.out.display(),
            self.frame_count
        )?;
        writeln!(f, ", made in {:.1} s", self.took_secs)
    }
}

/// Makes a pack as `args` say.
///
/// # Errors
/// [`BadInput`] for a file that cannot be used, [`crate::error::Cancelled`] if `cancel` was
/// called, another for what cannot be written; nothing is written then.
pub fn pack(args: &PackArgs, cancel: &Cancel, audience: Audience) -> Result<Packed> {
    if let Some(reel) = &args.reel {
        reel::check(reel, &args.out)?;
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(args.threads.unwrap_or(0))
        .build()
        .context("no threads can be started")?;
    pool.install(|| match args.live.live {
        true => live::pack(args, cancel, audience),
        false => pack_here(args, cancel, audience),
    })
}

fn pack_here(args: &PackArgs, cancel: &Cancel, audience: Audience) -> Result<Packed> {
    let started = Instant::now();
    let scene = match &args.scene {
        Some(path) => Scene::read(path)?,
        None => Scene::default(),
    };
    write::refuse_to_overwrite(&args.out, args.force)?;
    let tracks = survey(args, cancel, audience)?;
    let aside = Aside::new(&args.out)?;
    let write = |url: &str, bytes: &[u8]| aside.write(url, bytes);
    let frame_count = moving_frame_count(&tracks)?;
    let mut manifest = manifest(args, scene, &tracks, frame_count)?;
    if let Some(poster) = &args.poster {
        manifest.poster = Some(write_poster(poster, &args.out, &write)?);
    }
    let plans = Plans::of(&tracks, args, cancel, audience)?;
    manifest.tracks = encode::tracks(&tracks, &plans, args, &write, cancel, audience)?;
    manifest.check().context("the packer broke its own rules")?;
    cancel.check()?;
    let bytes = aside.finish(&mut manifest)?;
    if let Some(reel) = &args.reel {
        reel::update(reel, &args.out, &manifest)?;
    }
    Ok(Packed {
        out: args.out.clone(),
        bytes,
        frame_count,
        duration_secs: manifest.duration().0,
        took_secs: started.elapsed().as_secs_f64(),
    })
}

/// Finds and reads all input once.
fn survey(args: &PackArgs, cancel: &Cancel, audience: Audience) -> Result<Vec<Track>> {
    let found = track_args(args)?
        .into_iter()
        .map(|arg| Found::find(arg, args.frame_rate))
        .collect::<Result<Vec<_>>>()?;
    refuse_same_ids(found.iter().map(|track| track.id.as_str()))?;
    let step_count = found.iter().map(Found::step_count).sum();
    let progress = audience.stage("reading", step_count, "frames and images");
    found
        .into_iter()
        .map(|track| track.survey(args, cancel, audience, || progress.step()))
        .collect()
}

/// What was asked for of each track.
fn track_args(args: &PackArgs) -> Result<Vec<TrackArg>> {
    input::refuse_unquoted(&args.inputs)?;
    let plain = args.inputs.iter().map(|path| TrackArg {
        path: path.clone(),
        ..TrackArg::default()
    });
    let all: Vec<TrackArg> = plain.chain(args.tracks.iter().cloned()).collect();
    if all.is_empty() {
        bail!("nothing to pack: give FRAMES or `--track path=..`");
    }
    Ok(all)
}

fn refuse_same_ids<'a>(ids: impl Iterator<Item = &'a str> + Clone) -> Result<()> {
    for (index, id) in ids.clone().enumerate() {
        if ids.clone().take(index).any(|earlier| earlier == id) {
            bail!("two tracks are named \"{id}\": give them an `id=` each");
        }
    }
    Ok(())
}

/// The frames that all moving tracks have.
fn moving_frame_count(tracks: &[Track]) -> Result<u32> {
    let mut moving = tracks.iter().filter(|track| !track.is_static);
    let Some(first) = moving.next() else {
        return Ok(1);
    };
    let count = first.frame_count();
    if let Some(other) = moving.find(|track| track.frame_count() != count) {
        bail!(
            "track \"{}\" has {count} frames, \"{}\" has {}: give all tracks the same frames, \
             or say `static=true` for one that does not move ({})",
            first.id,
            other.id,
            other.frame_count(),
            other.arg.path
        );
    }
    Ok(count)
}

/// The manifest without its tracks.
fn manifest(args: &PackArgs, scene: Scene, tracks: &[Track], frame_count: u32) -> Result<Manifest> {
    let around = |wanted: &dyn Fn(&&Track) -> bool| {
        let boxes = tracks.iter().filter(wanted).map(|track| track.bounds);
        boxes.fold(Bounds::EMPTY, Bounds::union)
    };
    let moving = around(&|track| !track.is_static);
    let bounds = if moving.is_empty() {
        around(&|_| true)
    } else {
        let given = args.live.bounds.map_or(Bounds::EMPTY, |given| given.0);
        given.union(moving)
    };
    let title = args.title.clone().or(scene.title).unwrap_or_default();
    let stem = args.out.file_stem().and_then(|stem| stem.to_str());
    let id = args.id.clone().or(scene.id).unwrap_or_else(|| {
        let from_title = slug(&title);
        if from_title.is_empty() {
            slug(stem.unwrap_or("replay"))
        } else {
            from_title
        }
    });
    let asked = args.presets.iter().map(|preset| Preset {
        id: preset.id.clone(),
        title: preset.title.clone(),
        viewpoint: preset.viewpoint,
    });
    let mut presets: Vec<Preset> = asked.chain(scene.presets).collect();
    if presets.is_empty() {
        presets.push(default_preset(bounds));
    }
    for (index, preset) in presets.iter().enumerate() {
        if presets[..index]
            .iter()
            .any(|earlier| earlier.id == preset.id)
        {
            bail!(
                "two presets are named \"{}\": give them other ids",
                preset.id
            );
        }
    }
    Ok(Manifest {
        format: FORMAT_NAME.to_owned(),
        version: FORMAT_VERSION,
        critical: Vec::new(),
        id,
        title,
        frame_rate: args.frame_rate,
        frame_count,
        is_open: false,
        start_unix_ms: args
            .start
            .map(|start| start.as_microsecond() as f64 / 1000.0),
        start_media_secs: scene.start_media_secs,
        bounds,
        stage: scene.stage.unwrap_or_else(|| default_stage(tracks, bounds)),
        tracks: Vec::new(),
        presets,
        cameras: scene.cameras,
        poster: None,
        credits: scene.credits,
    })
}

/// A floor under what stands lowest; none where a venue mesh brings its own.
fn default_stage(tracks: &[Track], bounds: Bounds) -> Stage {
    let is_ground =
        |track: &Track| track.role == touchline_pack::Role::Venue && track.kind == Kind::Mesh;
    Stage {
        surface: if tracks.iter().any(is_ground) {
            touchline_pack::Surface::None
        } else {
            touchline_pack::Surface::Studio
        },
        ground_metres: bounds.lo.y,
    }
}

/// All of `bounds`, seen from a little above the front.
fn default_preset(bounds: Bounds) -> Preset {
    let fov_y_radians = 40f32.to_radians();
    let distance = bounds.radius() / (fov_y_radians * 0.5).sin();
    Preset {
        id: "front".to_owned(),
        title: "Front".to_owned(),
        viewpoint: Viewpoint {
            target: bounds.center(),
            yaw_radians: 0.0,
            pitch_radians: 8f32.to_radians(),
            distance_metres: distance.max(0.1),
            fov_y_radians,
        },
    }
}

/// Copies the poster into the pack, or for a single file beside it; returns its URL.
fn write_poster(poster: &Path, out: &Path, write: &Write<'_>) -> Result<String> {
    let image = Image::File(poster.to_owned());
    image.survey()?;
    let extension = poster.extension().and_then(|extension| extension.to_str());
    let name = match out.file_stem().and_then(|stem| stem.to_str()) {
        Some(stem) if write::is_single(out) => format!("{stem}.poster"),
        _ => "poster".to_owned(),
    };
    let Some(extension) = extension else {
        let what = "the poster's name has no extension, so no server knows its kind";
        return Err(BadInput::new(poster, what, "name it .jpg, .png or .webp").into());
    };
    let url = format!("{name}.{}", extension.to_lowercase());
    write(&url, &image.read()?)?;
    Ok(url)
}

/// Lower-case letters and digits, joined by single dashes.
fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|symbol: char| !symbol.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}
