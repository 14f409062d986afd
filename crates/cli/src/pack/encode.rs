//! The second pass: encodes tracks into segments, in parallel over segments.
//!
//! Every frame is decoded again before it is written, points also from fewer layers: what a
//! player could not read never leaves the packer.

use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use rayon::prelude::*;
use touchline_codec::meshes::{self, Mesh, MeshOptions};
use touchline_codec::points::{self, ColourSteps, PointsOptions};
use touchline_codec::{Decode, Limits, MESH, POINTS};
use touchline_pack::{CodecId, Kind, SegmentEntry, SegmentWriter, Sha256, Stream};
use touchline_scene::Frame;

use super::renditions::{self, Plan, Reducer};
use super::texture::{self, Image, TextureForm, TexturePlan};
use super::track::Track;
use crate::args::{ColourQuality, PackArgs};
use crate::progress::{Audience, Cancel, Progress};
use crate::video::VideoCodec;

/// Which of a track's streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Points,
    Mesh,
    Video,
    Images,
}

impl From<&TextureForm> for Part {
    fn from(form: &TextureForm) -> Self {
        match form {
            TextureForm::Video(_) => Self::Video,
            TextureForm::Images => Self::Images,
        }
    }
}

impl Part {
    /// Its name in URLs; `layer` is that of points, a mesh's rendition, or 0.
    fn name(self, layer: usize) -> String {
        match self {
            Self::Points => format!("points-layer{layer}"),
            Self::Mesh if layer > 0 => format!("mesh-rendition{layer}"),
            Self::Mesh => "mesh".to_owned(),
            Self::Video => "video".to_owned(),
            Self::Images => "texture".to_owned(),
        }
    }
}

/// Takes a segment's URL and bytes.
pub(crate) type Write<'a> = dyn Fn(&str, &[u8]) -> Result<()> + Sync + 'a;

/// What becomes of each track.
pub(crate) struct Plans {
    pub(crate) renditions: Vec<Plan>,
    pub(crate) textures: Vec<TexturePlan>,
}

/// What all threads share.
struct Work<'a> {
    points: PointsOptions,
    plans: &'a Plans,
    write: &'a Write<'a>,
    cancel: &'a Cancel,
    progress: Progress,
}

/// A segment to be made: of points one in each layer, of a mesh one in each rendition.
#[derive(Clone, Copy, Debug)]
struct Job {
    track_index: usize,
    part: Part,
    segment_index: u32,
    first_frame: u32,
    frame_count: u32,
}

/// One segment made.
#[derive(Debug)]
struct Made {
    job: Job,
    /// Which of the streams of its part: a layer or a rendition.
    layer: usize,
    codec: CodecId,
    entry: SegmentEntry,
    element_count_max: u32,
    triangle_count_max: u32,
    /// Of a video.
    codec_string: Option<String>,
}

impl Plans {
    /// Plans what becomes of all tracks.
    pub(crate) fn of(
        tracks: &[Track],
        args: &PackArgs,
        cancel: &Cancel,
        audience: Audience,
    ) -> Result<Self> {
        Ok(Self {
            textures: texture::plan(tracks, args, audience)?,
            renditions: renditions::plan(tracks, args.renditions, cancel, audience)?,
        })
    }
}

/// How many frames a segment has.
pub(crate) fn frames_per_segment(args: &PackArgs) -> u32 {
    let count = (args.segment_secs * args.frame_rate.as_f64()).round() as u32;
    count.clamp(1, touchline_pack::FRAME_COUNT_MAX)
}

/// Encodes all tracks; what `plans` has of each is in their order.
pub(crate) fn tracks(
    tracks: &[Track],
    plans: &Plans,
    args: &PackArgs,
    write: &Write<'_>,
    cancel: &Cancel,
    audience: Audience,
) -> Result<Vec<touchline_pack::Track>> {
    let jobs = jobs(tracks, &plans.textures, frames_per_segment(args));
    let frame_count = jobs.iter().map(|job| u64::from(job.frame_count)).sum();
    let work = Work {
        points: points_options(args),
        plans,
        write,
        cancel,
        progress: audience.stage("packing", frame_count, "frames"),
    };
    let made = jobs
        .into_par_iter()
        .map(|job| run(job, &tracks[job.track_index], &work))
        .collect::<Result<Vec<_>>>()?;
    let made = made.into_iter().flatten();
    Ok(assemble(tracks, &plans.textures, made))
}

fn jobs(tracks: &[Track], textures: &[TexturePlan], frames_per_segment: u32) -> Vec<Job> {
    let mut jobs = Vec::new();
    for (track_index, track) in tracks.iter().enumerate() {
        let geometry = match track.kind {
            Kind::Points => Part::Points,
            Kind::Mesh => Part::Mesh,
        };
        let textures = textures[track_index].iter().map(Part::from);
        for part in [geometry].into_iter().chain(textures) {
            let starts = (0..track.frame_count()).step_by(frames_per_segment as usize);
            for (segment_index, first_frame) in (0..).zip(starts) {
                jobs.push(Job {
                    track_index,
                    part,
                    segment_index,
                    first_frame,
                    frame_count: frames_per_segment.min(track.frame_count() - first_frame),
                });
            }
        }
    }
    jobs
}

/// Makes a segment of each layer, coarsest first, or of each rendition, finest first.
fn run(job: Job, track: &Track, work: &Work<'_>) -> Result<Vec<Made>> {
    let mut codec_string = None;
    let (codec, layers) = match (job.part, &track.textures) {
        (Part::Points, _) => (CodecId(POINTS), code_points(job, track, work)?),
        (Part::Mesh, _) => (CodecId(MESH), code_mesh(job, track, work)?),
        (Part::Images, Some((images, shape))) => {
            (shape.codec, vec![code_images(job, track, images, work)?])
        }
        (Part::Video, Some((images, shape))) => {
            let size = [shape.width, shape.height];
            let (codec, chunks, name) = code_video(job, track, images, size, work)?;
            codec_string = Some(name);
            (codec.id(), vec![chunks])
        }
        (Part::Images | Part::Video, None) => bail!("track \"{}\" has no textures", track.id),
    };
    let layers = layers.iter().enumerate();
    layers
        .map(|(layer, chunks)| {
            let made = write_segment(job, layer, codec, chunks, track, work)?;
            let codec_string = codec_string.clone();
            Ok(Made {
                codec_string,
                ..made
            })
        })
        .collect()
}

fn write_segment(
    job: Job,
    layer: usize,
    codec: CodecId,
    chunks: &[Chunk],
    track: &Track,
    work: &Work<'_>,
) -> Result<Made> {
    let first_frame = track.before.frame_count + job.first_frame;
    let mut segment = SegmentWriter::new(codec, first_frame);
    for chunk in chunks {
        segment.push(&chunk.bytes, chunk.is_key);
    }
    let bytes = segment.finish();
    let sha256 = Sha256::of(&bytes);
    let hash = &sha256.to_string()[..8];
    // The hash in the name lets caches keep the file for ever.
    let (id, part) = (&track.id, job.part.name(layer));
    let index = track.before.segment_count + job.segment_index;
    let url = format!("{id}/{part}-{index:04}-{hash}.seg");
    (work.write)(&url, &bytes)?;
    let largest = |of: fn(&Chunk) -> u32| chunks.iter().map(of).max().unwrap_or(0);
    Ok(Made {
        job,
        layer,
        codec,
        entry: SegmentEntry {
            first_frame,
            frame_count: job.frame_count,
            url: Some(url),
            offset: 0,
            size: bytes.len() as u64,
            sha256,
        },
        element_count_max: largest(|chunk| chunk.element_count),
        triangle_count_max: largest(|chunk| chunk.triangle_count),
        codec_string: None,
    })
}

/// One frame, encoded; of points one layer of it, of a mesh one rendition.
struct Chunk {
    bytes: Vec<u8>,
    is_key: bool,
    /// Of the frame as decoded up to this layer.
    element_count: u32,
    triangle_count: u32,
}

impl Chunk {
    /// The chunk of the last of `layers`, decoded with those before it to see that it can be.
    fn checked(layers: &[&[u8]], is_key: bool, decoder: &mut dyn Decode) -> Result<Self> {
        let frame = decoder.decode(layers, None, &LIMITS);
        let (element_count, triangle_count) = frame_counts(frame.context(UNREADABLE)?);
        Ok(Self {
            bytes: layers.last().copied().unwrap_or_default().to_vec(),
            is_key,
            element_count,
            triangle_count,
        })
    }
}

impl Job {
    /// Its frames, as indices in the track.
    fn frames(self) -> Range<usize> {
        self.first_frame as usize..(self.first_frame + self.frame_count) as usize
    }
}

impl Work<'_> {
    /// Encodes one frame, unless the work was stopped; errors name the frame.
    fn frame<T>(
        &self,
        track: &Track,
        index: usize,
        encode: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        self.cancel.check()?;
        let encoded = encode().with_context(|| {
            let file = track.source.path(index).display();
            let index = track.before.frame_count as usize + index;
            format!("frame {index} of track \"{}\" ({file})", track.id)
        })?;
        self.progress.step();
        Ok(encoded)
    }
}

/// Every frame of points is a key: they are encoded side by side. Returns the chunks of each
/// layer.
fn code_points(job: Job, track: &Track, work: &Work<'_>) -> Result<Vec<Vec<Chunk>>> {
    let options = PointsOptions {
        layer_count: work.points.layer_count.min(track.level_count()),
        ..work.points
    };
    let encode = |index| {
        work.frame(track, index, || {
            let bytes = points::encode(&track.cloud(index)?, &options);
            let layers: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
            let mut decoder = touchline_codec::decoder(POINTS)?;
            (1..=layers.len())
                .map(|count| Chunk::checked(&layers[..count], true, &mut *decoder))
                .collect()
        })
    };
    let frames = job.frames().into_par_iter().map(encode);
    by_layer(frames.collect::<Result<Vec<_>>>()?)
}

/// Each frame's chunks of all layers or renditions to each one's chunks of all frames.
fn by_layer(frames: Vec<Vec<Chunk>>) -> Result<Vec<Vec<Chunk>>> {
    let layer_count = frames.first().map_or(0, Vec::len);
    let mut layers: Vec<Vec<Chunk>> = (0..layer_count).map(|_| Vec::new()).collect();
    for frame in frames {
        let count = frame.len();
        ensure!(
            count == layer_count,
            "the encoder made {count} layers after {layer_count}"
        );
        for (layer, chunk) in layers.iter_mut().zip(frame) {
            layer.push(chunk);
        }
    }
    Ok(layers)
}

/// A mesh follows from the frames before it, back to the start of the segment. Returns the chunks
/// of each rendition.
fn code_mesh(job: Job, track: &Track, work: &Work<'_>) -> Result<Vec<Vec<Chunk>>> {
    let plan = &work.plans.renditions[job.track_index];
    let mut reducer = Reducer::new(track, plan);
    let coder = |rendition| {
        let encoder = meshes::Encoder::new(MeshOptions {
            step_metres: track.step_metres * renditions::step_factor(rendition),
            ..MeshOptions::default()
        });
        Ok((encoder, touchline_codec::decoder(MESH)?))
    };
    let coders = (0..plan.rendition_count).map(coder);
    let mut coders = coders.collect::<Result<Vec<_>>>()?;
    let encode = |index| {
        work.frame(track, index, || {
            let meshes = reducer.reduce(index)?;
            let chunk =
                |(mesh, (encoder, decoder)): (&Mesh, &mut (meshes::Encoder, Box<dyn Decode>))| {
                    let encoded = encoder.encode(mesh);
                    Chunk::checked(&[&encoded.bytes], encoded.is_key, &mut **decoder)
                };
            meshes.iter().zip(&mut coders).map(chunk).collect()
        })
    };
    by_layer(job.frames().map(encode).collect::<Result<Vec<_>>>()?)
}

/// Images go in as they are; one that is the same as the one before it is not repeated.
fn code_images(job: Job, track: &Track, images: &[Image], work: &Work<'_>) -> Result<Vec<Chunk>> {
    let mut shown = Vec::new();
    let encode = |index| {
        work.frame(track, index, || {
            let image = images[index].read()?;
            let is_key = image != shown;
            let bytes = if is_key { image.clone() } else { Vec::new() };
            shown = image;
            Ok(Chunk {
                bytes,
                is_key,
                element_count: 0,
                triangle_count: 0,
            })
        })
    };
    job.frames().map(encode).collect()
}

/// Images become a video that starts with a key; returns what a decoder must be able to do.
///
/// What was made is read again before it is written.
fn code_video(
    job: Job,
    track: &Track,
    images: &[Image],
    size: [u32; 2],
    work: &Work<'_>,
) -> Result<(VideoCodec, Vec<Chunk>, String)> {
    let mut forms = work.plans.textures[job.track_index].iter();
    let encoding = forms.find_map(|form| match form {
        TextureForm::Video(encoding) => Some(encoding),
        TextureForm::Images => None,
    });
    let encoding = encoding.context("no video was planned")?;
    let first = job.first_frame as usize;
    let bytes = encoding.encode(size, job.frame_count as usize, |index| {
        work.frame(track, first + index, || images[first + index].decode())
    });
    let bytes = bytes.with_context(|| format!("the video texture of track \"{}\"", track.id))?;
    let mut codec_string = None;
    let mut chunks = Vec::new();
    for (index, bytes) in bytes.into_iter().enumerate() {
        let info = encoding.codec().read(&bytes);
        let info = info.context("ffmpeg made what is no video texture")?;
        let is_key = index == 0;
        ensure!(
            info.is_key == is_key,
            "ffmpeg did not make the first picture, and it alone, a key"
        );
        codec_string = codec_string.or(info.codec_string);
        chunks.push(Chunk {
            bytes,
            is_key,
            element_count: 0,
            triangle_count: 0,
        });
    }
    let codec_string = codec_string.context("a segment has no frames")?;
    Ok((encoding.codec(), chunks, codec_string))
}

/// The codec's steps behind a name, and its layers.
fn points_options(args: &PackArgs) -> PointsOptions {
    let standard = PointsOptions::default();
    let steps = |luma, chroma| ColourSteps::Coarse { luma, chroma };
    PointsOptions {
        layer_count: args.layers,
        colours: match args.colour_quality {
            ColourQuality::Exact => ColourSteps::Exact,
            ColourQuality::High => steps(8.0, 20.0),
            ColourQuality::Standard => standard.colours,
            ColourQuality::Low => steps(32.0, 80.0),
        },
        ..standard
    }
}

/// What the packer's own decoder may take: whatever the encoder makes.
const LIMITS: Limits = Limits {
    element_count_max: u32::MAX,
    triangle_count_max: u32::MAX,
};
/// The packer's own mistake.
const UNREADABLE: &str = "the encoder made a chunk that its decoder refuses";

/// Points or vertices, and triangles where the frame brings its topology.
fn frame_counts(frame: &Frame) -> (u32, u32) {
    match frame {
        Frame::Points(points) => (points.points.len() as u32, 0),
        Frame::Mesh(mesh) => {
            let corners = mesh
                .topology
                .as_ref()
                .map_or(0, |topology| topology.indices.len());
            (mesh.vertices.len() as u32, (corners / 3) as u32)
        }
    }
}

/// Joins the segments to the manifest's tracks.
fn assemble(
    tracks: &[Track],
    textures: &[TexturePlan],
    made: impl IntoIterator<Item = Made>,
) -> Vec<touchline_pack::Track> {
    let with_textures = tracks.iter().zip(textures);
    let mut out: Vec<touchline_pack::Track> = with_textures
        .map(|(track, textures)| manifest_track(track, textures))
        .collect();
    // Jobs keep their order, so a stream's segments come in order of frames.
    for Made {
        job,
        layer,
        codec,
        entry,
        element_count_max,
        triangle_count_max,
        codec_string,
    } in made
    {
        let track = &mut out[job.track_index];
        let (streams, layer) = match job.part {
            Part::Points => (&mut track.layers, layer),
            Part::Mesh => (&mut track.renditions, layer),
            Part::Video | Part::Images => {
                let forms = &textures[job.track_index];
                let place = forms.iter().position(|form| Part::from(form) == job.part);
                (&mut track.textures, place.unwrap_or(0))
            }
        };
        // A segment's layers come coarsest first, so no stream is passed over.
        if streams.len() == layer {
            streams.push(empty_stream(codec));
        }
        let stream = &mut streams[layer];
        stream.element_count_max = stream.element_count_max.max(element_count_max);
        stream.triangle_count_max = stream.triangle_count_max.max(triangle_count_max);
        // The same but for the level, of which the highest counts: it stands where they differ.
        stream.codec_string = stream.codec_string.take().max(codec_string);
        stream.segments.push(entry);
    }
    out
}

fn empty_stream(codec: CodecId) -> Stream {
    Stream {
        codec,
        element_count_max: 0,
        triangle_count_max: 0,
        width: 0,
        height: 0,
        codec_string: None,
        segments: Vec::new(),
    }
}

/// A track of the manifest, without its geometry yet.
fn manifest_track(track: &Track, textures: &[TextureForm]) -> touchline_pack::Track {
    let textures = textures.iter().zip(track.textures.iter().cycle());
    let textures = textures.map(|(form, (_, shape))| Stream {
        width: shape.width,
        height: shape.height,
        ..empty_stream(match form {
            TextureForm::Video(encoding) => encoding.codec().id(),
            TextureForm::Images => shape.codec,
        })
    });
    touchline_pack::Track {
        id: track.id.clone(),
        title: track.arg.title.clone(),
        kind: track.kind,
        role: track.role,
        is_static: track.is_static,
        alternative: track.arg.alternative.clone(),
        shading: track.arg.shading(),
        layers: Vec::new(),
        renditions: Vec::new(),
        textures: textures.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_sorted_by_layer_and_frames_are_alike() {
        let frame = |bytes: &[u8]| -> Vec<Chunk> {
            let chunk = |&byte: &u8| Chunk {
                bytes: vec![byte],
                is_key: true,
                element_count: 0,
                triangle_count: 0,
            };
            bytes.iter().map(chunk).collect()
        };
        let layers = by_layer(vec![frame(&[1, 2]), frame(&[3, 4]), frame(&[5, 6])]).unwrap();
        let [coarse, fine] = &layers[..] else {
            panic!("{} layers", layers.len())
        };
        assert!(coarse.iter().map(|chunk| chunk.bytes[0]).eq([1, 3, 5]));
        assert!(fine.iter().map(|chunk| chunk.bytes[0]).eq([2, 4, 6]));
        assert!(by_layer(vec![frame(&[1, 2]), frame(&[3])]).is_err());
    }
}
