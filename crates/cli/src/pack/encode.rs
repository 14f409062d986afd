//! The second pass: encodes tracks into segments, in parallel over segments.
//!
//! Every chunk is decoded again before it is written: what a player could not read never
//! leaves the packer.

use anyhow::{Context, Result, bail};
use rayon::prelude::*;
use touchline_codec::mesh::{self, MeshOptions};
use touchline_codec::points::{self, PointsOptions};
use touchline_codec::{Decode, Limits};
use touchline_pack::{CodecId, Kind, SegmentEntry, SegmentWriter, Sha256, Stream};
use touchline_scene::Frame;

use super::texture;
use super::track::Track;
use super::write::Aside;
use crate::args::{ColourQuality, PackArgs};
use crate::progress::{Audience, Cancel, Progress};

/// Which of a track's streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Points,
    Mesh,
    Texture,
}

impl Part {
    /// Its name in URLs.
    fn name(self) -> &'static str {
        match self {
            Self::Points => "points",
            Self::Mesh => "mesh",
            Self::Texture => "texture",
        }
    }
}

/// What all threads share.
struct Work<'a> {
    colour_quality: ColourQuality,
    aside: &'a Aside,
    cancel: &'a Cancel,
    progress: Progress,
}

/// One segment to be made.
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
    entry: SegmentEntry,
    element_count_max: u32,
    triangle_count_max: u32,
}

/// Encodes all tracks and writes their segments aside.
pub(crate) fn tracks(
    tracks: &[Track],
    args: &PackArgs,
    aside: &Aside,
    cancel: &Cancel,
    audience: Audience,
) -> Result<Vec<touchline_pack::Track>> {
    let frames_per_segment = (args.segment_secs * args.frame_rate.as_f64()).round() as u32;
    let jobs = jobs(
        tracks,
        frames_per_segment.clamp(1, touchline_pack::FRAME_COUNT_MAX),
    );
    let frame_count = jobs.iter().map(|job| u64::from(job.frame_count)).sum();
    let work = Work {
        colour_quality: args.colour_quality,
        aside,
        cancel,
        progress: audience.stage("packing", frame_count, "frames"),
    };
    let made = jobs
        .into_par_iter()
        .map(|job| run(job, &tracks[job.track_index], &work))
        .collect::<Result<Vec<_>>>()?;
    Ok(assemble(tracks, made))
}

fn jobs(tracks: &[Track], frames_per_segment: u32) -> Vec<Job> {
    let mut jobs = Vec::new();
    for (track_index, track) in tracks.iter().enumerate() {
        let geometry = match track.kind {
            Kind::Points => Part::Points,
            Kind::Mesh => Part::Mesh,
        };
        let texture = track.textures.as_ref().map(|_| Part::Texture);
        for part in [geometry].into_iter().chain(texture) {
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

fn run(job: Job, track: &Track, work: &Work<'_>) -> Result<Made> {
    let mut segment = Encoding::new(job, track, work.colour_quality)?;
    for index in job.first_frame..job.first_frame + job.frame_count {
        work.cancel.check()?;
        segment.push(track, index as usize).with_context(|| {
            let file = &track.frames.files[index as usize];
            format!(
                "frame {index} of track \"{}\" ({})",
                track.id,
                file.display()
            )
        })?;
        work.progress.step();
    }
    let bytes = segment.writer.finish();
    let sha256 = Sha256::of(&bytes);
    let hash = &sha256.to_string()[..8];
    // The hash in the name lets caches keep the file for ever.
    let url = format!(
        "{}/{}-{:04}-{hash}.seg",
        track.id,
        job.part.name(),
        job.segment_index
    );
    work.aside.write(&url, &bytes)?;
    Ok(Made {
        job,
        entry: SegmentEntry {
            first_frame: job.first_frame,
            frame_count: job.frame_count,
            url: Some(url),
            offset: 0,
            size: bytes.len() as u64,
            sha256,
        },
        element_count_max: segment.element_count_max,
        triangle_count_max: segment.triangle_count_max,
    })
}

/// A segment while its frames come in.
struct Encoding {
    writer: SegmentWriter,
    payload: Payload,
    element_count_max: u32,
    triangle_count_max: u32,
}

/// How the frames of a segment become chunks.
enum Payload {
    Points(PointsOptions, Box<dyn Decode>),
    Mesh(Box<mesh::Encoder>, Box<dyn Decode>),
    Texture { last: Vec<u8> },
}

impl Encoding {
    fn new(job: Job, track: &Track, quality: ColourQuality) -> Result<Self> {
        let (codec, payload) = match (job.part, &track.textures) {
            (Part::Texture, Some((_, shape))) => {
                (shape.codec, Payload::Texture { last: Vec::new() })
            }
            (Part::Texture, None) => bail!("track \"{}\" has no textures", track.id),
            (Part::Points, _) => {
                let check = touchline_codec::decoder(touchline_codec::POINTS)?;
                (
                    CodecId(touchline_codec::POINTS),
                    Payload::Points(points_options(quality), check),
                )
            }
            (Part::Mesh, _) => {
                let check = touchline_codec::decoder(touchline_codec::MESH)?;
                let options = MeshOptions {
                    step_metres: track.step_metres,
                    ..MeshOptions::default()
                };
                let encoder = Box::new(mesh::Encoder::new(options));
                (
                    CodecId(touchline_codec::MESH),
                    Payload::Mesh(encoder, check),
                )
            }
        };
        Ok(Self {
            writer: SegmentWriter::new(codec, job.first_frame),
            payload,
            element_count_max: 0,
            triangle_count_max: 0,
        })
    }

    /// Encodes frame `index` of the track.
    fn push(&mut self, track: &Track, index: usize) -> Result<()> {
        match &mut self.payload {
            Payload::Points(options, check) => {
                let chunk = points::encode(&track.cloud(index)?, options);
                let frame = check.decode(&chunk, &LIMITS).context(UNREADABLE)?;
                self.writer.push(&chunk, true);
                self.count(&frame);
            }
            Payload::Mesh(encoder, check) => {
                let encoded = encoder.encode(&track.mesh(index)?);
                let frame = check.decode(&encoded.bytes, &LIMITS).context(UNREADABLE)?;
                self.writer.push(&encoded.bytes, encoded.is_key);
                self.count(&frame);
            }
            Payload::Texture { last } => {
                let Some((files, _)) = &track.textures else {
                    return Ok(());
                };
                let image = texture::read(&files[index])?;
                if image == *last {
                    // Shown on: nothing new, and nothing to start at.
                    self.writer.push(&[], false);
                } else {
                    self.writer.push(&image, true);
                    *last = image;
                }
            }
        }
        Ok(())
    }

    /// Grows the largest counts.
    fn count(&mut self, frame: &Frame) {
        let (elements, triangles) = frame_counts(frame);
        self.element_count_max = self.element_count_max.max(elements);
        self.triangle_count_max = self.triangle_count_max.max(triangles);
    }
}

/// The codec's steps behind a name.
fn points_options(quality: ColourQuality) -> PointsOptions {
    let (luma_step, chroma_step) = match quality {
        ColourQuality::Exact => (1, 1),
        ColourQuality::High => (4, 8),
        ColourQuality::Standard => return PointsOptions::default(),
        ColourQuality::Low => (16, 32),
    };
    PointsOptions {
        luma_step,
        chroma_step,
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
fn assemble(tracks: &[Track], made: Vec<Made>) -> Vec<touchline_pack::Track> {
    let mut out: Vec<touchline_pack::Track> = tracks.iter().map(manifest_track).collect();
    // Jobs keep their order, so a stream's segments come in order of frames.
    for Made {
        job,
        entry,
        element_count_max,
        triangle_count_max,
    } in made
    {
        let track = &mut out[job.track_index];
        let streams = match job.part {
            Part::Points => &mut track.layers,
            Part::Mesh => &mut track.renditions,
            Part::Texture => &mut track.textures,
        };
        let Some(stream) = streams.first_mut() else {
            continue;
        };
        stream.element_count_max = stream.element_count_max.max(element_count_max);
        stream.triangle_count_max = stream.triangle_count_max.max(triangle_count_max);
        stream.segments.push(entry);
    }
    out
}

/// A track of the manifest with its streams, and no segments yet.
fn manifest_track(track: &Track) -> touchline_pack::Track {
    let stream = |codec| Stream {
        codec,
        element_count_max: 0,
        triangle_count_max: 0,
        width: 0,
        height: 0,
        segments: Vec::new(),
    };
    let (layers, renditions) = match track.kind {
        Kind::Points => (vec![stream(CodecId(touchline_codec::POINTS))], Vec::new()),
        Kind::Mesh => (Vec::new(), vec![stream(CodecId(touchline_codec::MESH))]),
    };
    let textures = track.textures.as_ref().map(|(_, shape)| Stream {
        width: shape.width,
        height: shape.height,
        ..stream(shape.codec)
    });
    touchline_pack::Track {
        id: track.id.clone(),
        title: track.arg.title.clone(),
        kind: track.kind,
        role: track.role,
        is_static: track.is_static,
        alternative: track.arg.alternative.clone(),
        shading: track.arg.shading,
        layers,
        renditions,
        textures: textures.into_iter().collect(),
    }
}
