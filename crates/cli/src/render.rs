//! `touchline render`: frames of a pack to PNG files, with the player's own renderer.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use glam::UVec2;
use serde::Serialize;
use touchline_codec::{Decode, Limits};
use touchline_pack::{Manifest, Role, Segment, Shading, Stream, Surface, Track};
use touchline_render::{
    Background, Gpu, Item, MeshHandle, PointsHandle, Renderer, Shadow, Snapshot, Stage,
    TextureHandle, TopologyHandle, View,
};
use touchline_scene::{Camera, Frame};

use crate::args::RenderArgs;
use crate::open::Opened;
use crate::pack::texture;
use crate::progress::{Audience, Cancel};

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
    let mut actors = tracks
        .into_iter()
        .map(Actor::new)
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
            burn_frame_code(&mut rgba, size_px, index)?;
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
    if let Some(viewpoint) = &args.viewpoint {
        return Ok(viewpoint.0.camera());
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
    Ok(preset.viewpoint.camera())
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

/// A track with its frame on the GPU.
struct Actor<'a> {
    track: &'a Track,
    geometry: Reader<'a>,
    decoder: Box<dyn Decode>,
    texture: Option<Reader<'a>>,
    /// The frame that is on the GPU.
    shown: Option<u32>,
    topology: Option<TopologyHandle>,
    body: Option<Body>,
    image: Option<TextureHandle>,
    shadow: Option<Shadow>,
}

enum Body {
    Points(PointsHandle),
    Mesh(MeshHandle),
}

impl<'a> Actor<'a> {
    fn new(track: &'a Track) -> Result<Self> {
        // Checked with the manifest: a track has a layer or a rendition.
        let stream = track.layers.first().or(track.renditions.first());
        let stream = stream.with_context(|| format!("track \"{}\" has no streams", track.id))?;
        Ok(Self {
            track,
            geometry: Reader::new(stream),
            decoder: touchline_codec::decoder(stream.codec.0)?,
            texture: track.textures.first().map(Reader::new),
            shown: None,
            topology: None,
            body: None,
            image: None,
            shadow: None,
        })
    }

    /// Puts frame `pack_frame` of the pack on the GPU.
    fn move_to(&mut self, pack_frame: u32, opened: &Opened, renderer: &mut Renderer) -> Result<()> {
        let index = if self.track.is_static { 0 } else { pack_frame };
        if self.shown == Some(index) {
            return Ok(());
        }
        self.decode_to(index, opened, renderer)
            .and_then(|()| self.texture_to(index, opened, renderer))
            .with_context(|| format!("frame {index} of track \"{}\"", self.track.id))?;
        self.shown = Some(index);
        Ok(())
    }

    fn decode_to(&mut self, index: u32, opened: &Opened, renderer: &mut Renderer) -> Result<()> {
        let stream = self.geometry.stream;
        let limits = Limits {
            element_count_max: stream.element_count_max,
            triangle_count_max: stream.triangle_count_max,
        };
        let shown = self.shown;
        let segment = self.geometry.segment_of(index, opened)?;
        let follows = index > 0 && shown == Some(index - 1) && index > segment.first_frame();
        let first = if follows {
            index
        } else {
            segment.key_before(index)
        };
        if !follows {
            self.decoder.reset();
        }
        for at in first..=index {
            match self.decoder.decode(segment.chunk(at), &limits)? {
                Frame::Points(points) => {
                    let handle = renderer.upload_points(&points.chunks, &points.points)?;
                    self.body = Some(Body::Points(handle));
                    self.shadow = Shadow::under_points(&points.chunks);
                }
                Frame::Mesh(mesh) => {
                    if let Some(new) = &mesh.topology {
                        let handle = renderer.upload_topology(&new.indices, &new.attributes)?;
                        self.topology = Some(handle);
                    }
                    if at < index {
                        continue;
                    }
                    let topology = self.topology.as_ref().context("the run has no start")?;
                    let handle = renderer.upload_mesh(topology, mesh.lattice, &mesh.vertices)?;
                    self.body = Some(Body::Mesh(handle));
                    self.shadow = Shadow::under_vertices(mesh.lattice, &mesh.vertices);
                }
            }
        }
        Ok(())
    }

    fn texture_to(&mut self, index: u32, opened: &Opened, renderer: &mut Renderer) -> Result<()> {
        let Some(reader) = &mut self.texture else {
            return Ok(());
        };
        let segment = reader.segment_of(index, opened)?;
        let key = segment.key_before(index);
        if self.image.is_some()
            && self
                .shown
                .is_some_and(|shown| key <= shown && shown < index)
        {
            return Ok(()); // The image that is there is shown on.
        }
        let format = texture::format_of(reader.stream.codec);
        let format = format.with_context(|| format!("no decoder for {}", reader.stream.codec))?;
        let segment = reader.segment_of(index, opened)?;
        let image = image::load_from_memory_with_format(segment.chunk(key), format)?.to_rgba8();
        let handle = match self.image.take() {
            Some(handle) if handle.size_px() == UVec2::from(image.dimensions()) => handle,
            _ => renderer.create_texture(image.width(), image.height())?,
        };
        renderer.write_rgba(&handle, image.as_raw())?;
        self.image = Some(handle);
        Ok(())
    }

    fn item(&self) -> Option<Item<'_>> {
        Some(match self.body.as_ref()? {
            Body::Points(frame) => Item::Points {
                frame,
                opacity: 1.0,
            },
            Body::Mesh(frame) => Item::Mesh {
                frame,
                texture: self.image.as_ref(),
                is_lit: self.track.shading == Shading::Lit,
                opacity: 1.0,
            },
        })
    }
}

/// Reads a stream a segment at a time.
struct Reader<'a> {
    stream: &'a Stream,
    held: Option<Held>,
}

/// A segment in memory.
struct Held {
    place: usize,
    bytes: Vec<u8>,
    segment: Segment,
}

impl<'a> Reader<'a> {
    fn new(stream: &'a Stream) -> Self {
        Self { stream, held: None }
    }

    /// The segment that holds frame `index`.
    fn segment_of(&mut self, index: u32, opened: &Opened) -> Result<&Held> {
        let place = self
            .stream
            .segment_at(index)
            .context("no segment holds it")?;
        let held = match self.held.take() {
            Some(held) if held.place == place => held,
            _ => {
                let entry = &self.stream.segments[place];
                let bytes = opened.read(entry)?;
                entry.sha256.check(&bytes)?;
                let segment = Segment::parse(&bytes)?;
                let fits = segment.first_frame == entry.first_frame
                    && segment.frames.len() == entry.frame_count as usize;
                ensure!(fits, "the segment has other frames than the manifest says");
                Held {
                    place,
                    bytes,
                    segment,
                }
            }
        };
        Ok(self.held.insert(held))
    }
}

impl Held {
    fn first_frame(&self) -> u32 {
        self.segment.first_frame
    }

    /// The key to start at for frame `index` of the track.
    fn key_before(&self, index: u32) -> u32 {
        let within = (index - self.first_frame()) as usize;
        self.first_frame() + self.segment.key_before(within) as u32
    }

    fn chunk(&self, index: u32) -> &[u8] {
        let frame = &self.segment.frames[(index - self.first_frame()) as usize];
        &self.bytes[frame.bytes.clone()]
    }
}

/// Cells of a frame code: white, black, 13 bits of the frame's index, even parity.
const CODE_CELL_COUNT: u32 = 16;
/// Bits of the frame's index.
const CODE_BIT_COUNT: u32 = 13;

/// Burns the frame's index into the top left corner, to be read from a video's pixels.
///
/// One row of 16 square cells: white, black, then the index's 13 bits, most significant first,
/// white for 1, and a last one that makes the number of ones even.
fn burn_frame_code(rgba: &mut [u8], size_px: UVec2, index: u32) -> Result<()> {
    ensure!(
        index < 1 << CODE_BIT_COUNT,
        "a frame code counts to 8191, this is frame {index}"
    );
    let cell_px = (size_px.x / 80 / 2 * 2).max(8);
    let fits = cell_px * CODE_CELL_COUNT <= size_px.x && cell_px <= size_px.y;
    ensure!(
        fits,
        "the picture is too small for a frame code: 128 pixels wide is the least"
    );
    for y in 0..cell_px {
        for x in 0..cell_px * CODE_CELL_COUNT {
            let value = if code_cell(index, x / cell_px) {
                255
            } else {
                0
            };
            let at = ((y * size_px.x + x) * 4) as usize;
            rgba[at..at + 3].fill(value);
        }
    }
    Ok(())
}

/// Whether a cell of the code is white.
fn code_cell(index: u32, cell: u32) -> bool {
    match cell {
        0 => true,
        1 => false,
        15 => index.count_ones() % 2 == 1,
        _ => index >> (CODE_BIT_COUNT + 1 - cell) & 1 == 1,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_index() {
        for index in [0, 1, 77, 4096, 8191] {
            let cells: Vec<bool> = (0..16).map(|cell| code_cell(index, cell)).collect();
            assert_eq!(cells[..2], [true, false]);
            let read = cells[2..15]
                .iter()
                .fold(0, |read, &bit| read << 1 | u32::from(bit));
            assert_eq!(read, index);
            assert_eq!(cells[2..].iter().filter(|&&bit| bit).count() % 2, 0);
        }
        let mut rgba = vec![7; 320 * 180 * 4];
        burn_frame_code(&mut rgba, UVec2::new(320, 180), 5).unwrap();
        assert_eq!(rgba[..3], [255; 3]);
        assert_eq!(rgba[8 * 4..8 * 4 + 3], [0; 3]);
        assert!(burn_frame_code(&mut rgba, UVec2::new(100, 100), 5).is_err());
        assert!(burn_frame_code(&mut rgba, UVec2::new(320, 180), 8192).is_err());
    }
}
