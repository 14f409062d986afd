//! Tracks on their way through a replay: reads, decodes and uploads the frame that is wanted.

use anyhow::{Context, Result, ensure};
use glam::UVec2;
use image::RgbaImage;
use touchline_codec::{Decode, Limits};
use touchline_pack::{Kind, Segment, Shading, Stream, Track};
use touchline_render::{
    Item, MeshHandle, PointsHandle, Renderer, Shadow, TextureHandle, TopologyHandle,
};
use touchline_scene::Frame;

use crate::open::Opened;
use crate::pack::texture;
use crate::video::{self, VideoCodec};

/// A track with its frame on the GPU.
pub(super) struct Actor<'a> {
    pub(super) track: &'a Track,
    /// The layers of points, coarsest first, or a mesh.
    geometry: Vec<Reader<'a>>,
    decoder: Box<dyn Decode>,
    limits: Limits,
    texture: Option<Reader<'a>>,
    /// The frame that is on the GPU.
    shown: Option<u32>,
    topology: Option<TopologyHandle>,
    body: Option<Body>,
    image: Option<TextureHandle>,
    pub(super) shadow: Option<Shadow>,
}

/// How fine a track is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Detail {
    /// Of points.
    pub(super) layer_count_max: usize,
    /// Of meshes, 0 the finest.
    pub(super) rendition: usize,
}

/// The texture to draw with: images, or a video where there are none, for which ffmpeg is needed.
fn drawable_texture(track: &Track) -> Result<Option<&Stream>> {
    let is_image = |stream: &&Stream| texture::format_of(stream.codec).is_some();
    let is_video = |stream: &&Stream| VideoCodec::of(stream.codec).is_some();
    let textures = || track.textures.iter();
    let found = textures()
        .find(is_image)
        .or_else(|| textures().find(is_video));
    let is_unknown = found.is_none() && !track.textures.is_empty();
    ensure!(
        !is_unknown,
        "no texture of track \"{}\" can be decoded",
        track.id
    );
    Ok(found)
}

enum Body {
    Points(PointsHandle),
    Mesh(MeshHandle),
}

impl<'a> Actor<'a> {
    /// Reads what is needed for so much detail, or as much as there is.
    pub(super) fn new(track: &'a Track, detail: Detail) -> Result<Self> {
        // Checked with the manifest: a track has a layer or a rendition.
        let streams = match track.kind {
            Kind::Points => track.layers.iter().take(detail.layer_count_max),
            Kind::Mesh => {
                let coarsest = track.renditions.len().saturating_sub(1);
                let rendition = detail.rendition.min(coarsest);
                track.renditions[rendition..].iter().take(1)
            }
        };
        let finest = streams.clone().next_back();
        let finest = finest.with_context(|| format!("track \"{}\" has no streams", track.id))?;
        Ok(Self {
            track,
            decoder: touchline_codec::decoder(finest.codec.0)?,
            limits: Limits {
                element_count_max: finest.element_count_max,
                triangle_count_max: finest.triangle_count_max,
            },
            geometry: streams.map(Reader::new).collect(),
            texture: drawable_texture(track)?.map(Reader::new),
            shown: None,
            topology: None,
            body: None,
            image: None,
            shadow: None,
        })
    }

    /// Puts frame `pack_frame` of the pack on the GPU.
    pub(super) fn move_to(
        &mut self,
        pack_frame: u32,
        opened: &Opened,
        renderer: &mut Renderer,
    ) -> Result<()> {
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
        let shown = self.shown;
        let readers = self.geometry.iter_mut();
        let segments = readers.map(|reader| reader.segment_of(index, opened));
        // Layers are cut alike, and a mesh has one segment here.
        let segments = segments.collect::<Result<Vec<&Held>>>()?;
        let segment = segments.first().context("it has no streams")?;
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
            let chunks: Vec<&[u8]> = segments.iter().map(|segment| segment.chunk(at)).collect();
            match self.decoder.decode(&chunks, None, &self.limits)? {
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
            && !reader.stream.is_video()
            && self
                .shown
                .is_some_and(|shown| key <= shown && shown < index)
        {
            return Ok(()); // The image that is there is shown on.
        }
        let stream = reader.stream;
        let segment = reader.segment_of(index, opened)?;
        let image = if let Some(codec) = VideoCodec::of(stream.codec) {
            let chunks: Vec<&[u8]> = (key..=index).map(|at| segment.chunk(at)).collect();
            let rgba = video::decode_last(codec, &chunks, [stream.width, stream.height])?;
            let image = RgbaImage::from_raw(stream.width, stream.height, rgba);
            image.context("the video has another size")?
        } else {
            let format = texture::format_of(stream.codec);
            let format = format.with_context(|| format!("no decoder for {}", stream.codec))?;
            image::load_from_memory_with_format(segment.chunk(key), format)?.to_rgba8()
        };
        let handle = match self.image.take() {
            Some(handle) if handle.size_px() == UVec2::from(image.dimensions()) => handle,
            _ => renderer.create_texture(image.width(), image.height())?,
        };
        renderer.write_rgba(&handle, image.as_raw())?;
        self.image = Some(handle);
        Ok(())
    }

    pub(super) fn item(&self) -> Option<Item<'_>> {
        Some(match self.body.as_ref()? {
            Body::Points(frame) => Item::Points {
                frame,
                opacity: 1.0,
            },
            Body::Mesh(frame) => Item::Mesh {
                frame,
                next: None,
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
