//! `touchline render`: frames of a pack to PNG files, with the player's own renderer.

mod actor;
mod code;

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use glam::UVec2;
use serde::Serialize;
use touchline_pack::{Manifest, Role, Surface, Track};
use touchline_render::{Background, Gpu, Item, Renderer, Shadow, Snapshot, Stage, View};
use touchline_scene::Camera;

use crate::args::RenderArgs;
use crate::open::Opened;
use crate::progress::{Audience, Cancel};
use actor::{Actor, Detail};

/// What was drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rendered {
    /// Pictures written.
    pub picture_count: u32,
    /// The graphics device that drew them.
    pub device: String,
}

/// Draws as `args` say.
///
/// # Errors
/// If the pack is damaged, a name in `args` is not in it, no graphics device is there, a picture
/// cannot be written, or `cancel` was called.
pub fn render(args: &RenderArgs, cancel: &Cancel, audience: Audience) -> Result<Rendered> {
    let opened = Opened::open(&args.pack)?;
    let manifest = &opened.manifest;
    let gpu = pollster::block_on(Gpu::headless())?;
    let size_px = UVec2::from(args.size);
    let fits = size_px.max_element() <= gpu.size_px_max();
    ensure!(
        fits,
        "this graphics device draws at most {} pixels a side",
        gpu.size_px_max()
    );
    let snapshot = Snapshot::new(&gpu, size_px);
    let mut renderer = Renderer::new(&gpu, Snapshot::FORMAT);
    let tracks = chosen_tracks(manifest, &args.tracks)?;
    let detail = Detail {
        layer_count_max: args.layers.map_or(usize::MAX, usize::from),
        rendition: args.rendition,
    };
    let mut actors = tracks
        .into_iter()
        .map(|track| Actor::new(track, detail))
        .collect::<Result<Vec<_>>>()?;
    let frames = match (&args.frames_dir, &args.out) {
        (Some(_), _) => 0..manifest.frame_count,
        (None, _) => {
            let count = manifest.frame_count;
            ensure!(
                args.frame < count,
                "there is no frame {}: there are {count}",
                args.frame
            );
            args.frame..args.frame + 1
        }
    };
    if let Some(folder) = &args.frames_dir {
        std::fs::create_dir_all(folder).with_context(|| format!("({})", folder.display()))?;
    }
    let progress = audience.stage("drawing", frames.len() as u64, "frames");
    for index in frames.clone() {
        cancel.check()?;
        let camera = camera(manifest, args, index)?;
        for actor in &mut actors {
            actor.move_to(index, &opened, &mut renderer)?;
        }
        let mut rgba = draw(manifest, camera, &actors, &snapshot, &mut renderer)?;
        if args.frame_code {
            code::burn(&mut rgba, size_px, index)?;
        }
        if let Some(folder) = &args.frames_dir {
            save(
                &folder.join(format!("frame_{index:05}.png")),
                &rgba,
                size_px,
            )?;
        } else if let Some(out) = &args.out {
            save(out, &rgba, size_px)?;
        }
        progress.step();
    }
    Ok(Rendered {
        picture_count: frames.len() as u32,
        device: gpu.adapter.get_info().name,
    })
}

/// The tracks asked for, or all but the later ones of each alternative.
fn chosen_tracks<'a>(manifest: &'a Manifest, ids: &[String]) -> Result<Vec<&'a Track>> {
    if !ids.is_empty() {
        let by_id = |id: &String| {
            let names = || names(manifest.tracks.iter().map(|track| &track.id));
            manifest
                .track(id)
                .with_context(|| format!("no track \"{id}\": there are {}", names()))
        };
        return ids.iter().map(by_id).collect();
    }
    let is_first = |(index, track): &(usize, &Track)| {
        let earlier = &manifest.tracks[..*index];
        let shares = |other: &Track| other.alternative == track.alternative;
        track.alternative.is_none() || !earlier.iter().any(shares)
    };
    let shown = manifest.tracks.iter().enumerate().filter(is_first);
    Ok(shown.map(|(_, track)| track).collect())
}

/// Where frame `index` is looked at from.
fn camera(manifest: &Manifest, args: &RenderArgs, index: u32) -> Result<Camera> {
    let [width, height] = args.size;
    let aspect = width as f32 / height as f32;
    if let Some(viewpoint) = &args.viewpoint {
        return Ok(viewpoint.0.camera().widened_for(aspect));
    }
    if let Some(id) = &args.camera {
        let found = manifest.cameras.iter().find(|camera| camera.id == *id);
        let names = || names(manifest.cameras.iter().map(|camera| &camera.id));
        let camera = found.and_then(|camera| camera.camera_at(index as f32));
        return camera.with_context(|| format!("no camera \"{id}\": there are {}", names()));
    }
    let preset = match &args.preset {
        Some(id) => manifest.presets.iter().find(|preset| preset.id == *id),
        None => manifest.presets.first(),
    };
    let names = || names(manifest.presets.iter().map(|preset| &preset.id));
    let preset = preset.with_context(|| match &args.preset {
        Some(id) => format!("no preset \"{id}\": there are {}", names()),
        None => "the pack has no presets: say `--viewpoint` or `--camera`".to_owned(),
    })?;
    Ok(preset.viewpoint.camera().widened_for(aspect))
}

fn names<'a>(ids: impl Iterator<Item = &'a String>) -> String {
    let ids: Vec<&str> = ids.map(String::as_str).collect();
    if ids.is_empty() {
        "none".to_owned()
    } else {
        ids.join(", ")
    }
}

fn draw(
    manifest: &Manifest,
    camera: Camera,
    actors: &[Actor<'_>],
    snapshot: &Snapshot,
    renderer: &mut Renderer,
) -> Result<Vec<u8>> {
    let items: Vec<Item<'_>> = actors.iter().filter_map(Actor::item).collect();
    let casts = |actor: &&Actor<'_>| actor.track.role != Role::Venue;
    let shadows: Vec<Shadow> = actors
        .iter()
        .filter(casts)
        .filter_map(|actor| actor.shadow)
        .collect();
    let view = View {
        camera,
        stage: stage(manifest),
        background: Background::Sky,
        shadows: &shadows,
    };
    Ok(snapshot.render_rgba(renderer, &view, &items)?)
}

fn stage(manifest: &Manifest) -> Stage {
    let surface = match manifest.stage.surface {
        Surface::Studio => touchline_render::Surface::Studio,
        Surface::Pitch => touchline_render::Surface::Pitch,
        Surface::Track => touchline_render::Surface::Track,
        Surface::Ice => touchline_render::Surface::Ice,
        Surface::Snow => touchline_render::Surface::Snow,
        Surface::Court => touchline_render::Surface::Court,
        Surface::None => touchline_render::Surface::None,
    };
    Stage {
        surface,
        ground_metres: manifest.stage.ground_metres,
    }
}

fn save(path: &Path, rgba: &[u8], size_px: UVec2) -> Result<()> {
    let is_png = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
    if !is_png {
        bail!("pictures are PNG files: name it .png ({})", path.display());
    }
    // Opaque, so the fourth byte would only confuse.
    let rgb: Vec<u8> = rgba
        .chunks_exact(4)
        .flat_map(|pixel| &pixel[..3])
        .copied()
        .collect();
    image::save_buffer(path, &rgb, size_px.x, size_px.y, image::ColorType::Rgb8)
        .with_context(|| format!("the picture cannot be written ({})", path.display()))
}
