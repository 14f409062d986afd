//! `touchline verify`: every byte of a pack is read, hashed, parsed and decoded, points also from
//! fewer layers.

use std::fmt;
use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use glam::Vec3;
use rayon::prelude::*;
use serde::Serialize;
use touchline_codec::Limits;
use touchline_pack::{Manifest, Segment, SegmentEntry, Stream, Track};
use touchline_scene::{Bounds, Frame, PointChunk};

use crate::args::VerifyArgs;
use crate::inspect::Bytes;
use crate::open::Opened;
use crate::pack::texture::{self, Image};
use crate::progress::{Audience, Cancel, Progress};
use crate::video::VideoCodec;

/// Characters up to the profile, `avc1.64` and `av01.0.`: beyond them a level follows.
const PROFILE_LEN: usize = 7;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// What is wrong and where; empty for a sound pack.
    pub problems: Vec<String>,
    /// Segments that were read.
    pub segment_count: u64,
    /// Frames that were decoded.
    pub frame_count: u64,
    /// Bytes that were checked.
    pub bytes: u64,
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "wrong: {problem}")?;
        }
        let verdict = match self.problems.len() {
            0 => "sound".to_owned(),
            1 => "1 problem".to_owned(),
            count => format!("{count} problems"),
        };
        let (frames, segments) = (self.frame_count, self.segment_count);
        let size = Bytes(self.bytes);
        writeln!(
            f,
            "{verdict}: {frames} frames in {segments} segments checked, {size}"
        )
    }
}

/// What is decoded together: a segment, of points in all its layers, coarsest first.
struct Job<'a> {
    track: &'a Track,
    parts: Vec<Part<'a>>,
}

/// One segment to check.
#[derive(Clone, Copy)]
struct Part<'a> {
    stream: &'a Stream,
    entry: &'a SegmentEntry,
}

/// A segment that is as the manifest says.
struct Held<'a> {
    part: Part<'a>,
    bytes: Vec<u8>,
    segment: Segment,
}

/// Checks the pack that `args` name.
///
/// # Errors
/// If it is no pack at all, its manifest breaks a rule, or `cancel` was called; whatever is
/// wrong behind the manifest is in the result's `problems`.
pub fn verify(args: &VerifyArgs, cancel: &Cancel, audience: Audience) -> Result<Verification> {
    let opened = Opened::open(&args.pack)?;
    let jobs = jobs(&opened.manifest);
    let segment_count = jobs.iter().map(|job| job.parts.len() as u64).sum();
    let progress = audience.stage("verifying", segment_count, "segments");
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(args.threads.unwrap_or(0))
        .build()
        .context("no threads can be started")?;
    let checked = pool.install(|| {
        let each = jobs.par_iter().map(|job| {
            cancel.check()?;
            Ok(job.check(&opened, &progress))
        });
        each.collect::<Result<Vec<_>>>()
    })?;
    let mut problems = checked.concat();
    problems.extend(layout_problems(&opened)?);
    problems.extend(poster_problem(&opened));
    Ok(Verification {
        problems,
        segment_count,
        frame_count: jobs.iter().map(Job::frame_count).sum(),
        bytes: opened.manifest_bytes + jobs.iter().map(Job::size).sum::<u64>(),
    })
}

fn jobs(manifest: &Manifest) -> Vec<Job<'_>> {
    let mut jobs = Vec::new();
    for track in &manifest.tracks {
        // Checked with the manifest: layers are cut alike.
        let first_layer = track
            .layers
            .first()
            .map_or(&[][..], |layer| &layer.segments);
        let in_layers = (0..first_layer.len()).map(|place| {
            let layers = track.layers.iter();
            let parts = layers.map(|stream| Part::new(stream, &stream.segments[place]));
            parts.collect()
        });
        let others = track.renditions.iter().chain(&track.textures);
        let alone = others.flat_map(|stream| {
            let entries = stream.segments.iter();
            entries.map(|entry| vec![Part::new(stream, entry)])
        });
        let parts = in_layers.chain(alone);
        jobs.extend(parts.map(|parts| Job { track, parts }));
    }
    jobs
}

impl Job<'_> {
    fn frame_count(&self) -> u64 {
        let entry = self.parts.first().map(|part| part.entry);
        entry.map_or(0, |entry| entry.frame_count.into())
    }

    fn size(&self) -> u64 {
        self.parts.iter().map(|part| part.entry.size).sum()
    }

    /// What is wrong with the segments.
    fn check(&self, opened: &Opened, progress: &Progress) -> Vec<String> {
        let mut problems = Vec::new();
        let mut held = Vec::new();
        // A frame is decoded from all layers up to one, so what follows a broken one is only read.
        let mut is_whole = true;
        for (layer, part) in self.parts.iter().enumerate() {
            let checked = part.read(opened).and_then(|segment| {
                held.push(segment);
                if is_whole {
                    self.check_decoding(&held, opened)
                } else {
                    Ok(())
                }
            });
            if let Err(error) = checked {
                problems.push(self.problem(layer, &error));
                is_whole = false;
            }
            progress.step();
        }
        problems
    }

    fn problem(&self, layer: usize, error: &anyhow::Error) -> String {
        let Part { stream, entry } = self.parts[layer];
        let (track, codec) = (&self.track.id, stream.codec);
        let (first, last) = (entry.first_frame, entry.first_frame + entry.frame_count - 1);
        let of_many = match self.parts.len() {
            1 => String::new(),
            _ => format!(", layer {layer}"),
        };
        format!(
            "track \"{track}\", {codec} stream{of_many}, segment of frames {first} to {last}: \
             {error:#}"
        )
    }

    /// Decodes what the last of `layers` adds to those before it.
    fn check_decoding(&self, layers: &[Held<'_>], opened: &Opened) -> Result<()> {
        let Some(last) = layers.last() else {
            return Ok(());
        };
        if texture::format_of(last.part.stream.codec).is_some() {
            last.check_images()
        } else if let Some(codec) = VideoCodec::of(last.part.stream.codec) {
            last.check_video(codec)
        } else {
            self.check_frames(layers, last, opened)
        }
    }

    fn check_frames(&self, layers: &[Held<'_>], last: &Held<'_>, opened: &Opened) -> Result<()> {
        let stream = last.part.stream;
        let limits = Limits {
            element_count_max: stream.element_count_max,
            triangle_count_max: stream.triangle_count_max,
        };
        let is_finest = layers.len() == self.parts.len();
        let mut decoder = touchline_codec::decoder(stream.codec.0)?;
        for (place, frame) in last.segment.frames.iter().enumerate() {
            let index = last.part.entry.first_frame as usize + place;
            let context = || format!("frame {index}");
            let chunks: Vec<&[u8]> = layers.iter().map(|layer| layer.chunk(place)).collect();
            let decoded = decoder.decode(&chunks, None, &limits);
            let decoded = decoded.with_context(context)?;
            check_frame(decoded, frame.is_key).with_context(context)?;
            if is_finest && !self.track.is_static {
                check_bounds(decoded, opened.manifest.bounds).with_context(context)?;
            }
        }
        Ok(())
    }
}

impl<'a> Part<'a> {
    fn new(stream: &'a Stream, entry: &'a SegmentEntry) -> Self {
        Self { stream, entry }
    }

    /// Reads the segment and holds it against the manifest.
    fn read(self, opened: &Opened) -> Result<Held<'a>> {
        let Self { stream, entry } = self;
        let bytes = opened.read(entry)?;
        entry.sha256.check(&bytes)?;
        let segment = Segment::parse(&bytes)?;
        let (codec, promised) = (segment.codec, stream.codec);
        ensure!(
            codec == promised,
            "its codec is {codec}, the manifest says {promised}"
        );
        let (first, promised) = (segment.first_frame, entry.first_frame);
        ensure!(
            first == promised,
            "it starts at frame {first}, the manifest says {promised}"
        );
        let (count, promised) = (segment.frames.len(), entry.frame_count);
        ensure!(
            count == promised as usize,
            "it has {count} frames, the manifest says {promised}"
        );
        Ok(Held {
            part: self,
            bytes,
            segment,
        })
    }
}

impl Held<'_> {
    fn chunk(&self, place: usize) -> &[u8] {
        &self.bytes[self.segment.frames[place].bytes.clone()]
    }

    /// A video's chunks are one picture each, and keys where they say so; only a browser or
    /// ffmpeg could tell more.
    fn check_video(&self, codec: VideoCodec) -> Result<()> {
        let promised = self.part.stream.codec_string.as_deref();
        let promised = promised.context("the stream has no `codecString`")?;
        for (index, frame) in (self.part.entry.first_frame..).zip(&self.segment.frames) {
            let info = codec.read(&self.bytes[frame.bytes.clone()]);
            let info = info.with_context(|| format!("frame {index}"))?;
            let wrong = match info.is_key {
                true => "is a key and is not marked as one",
                false => "is marked as a key and is none",
            };
            ensure!(info.is_key == frame.is_key, "frame {index}: it {wrong}");
            if let Some(found) = info.codec_string {
                // Of the same profile, a level's number is the higher the more it asks.
                let profile = |text: &str| text.get(..PROFILE_LEN).map(str::to_owned);
                let is_promised =
                    found.as_str() <= promised && profile(&found) == profile(promised);
                ensure!(
                    is_promised,
                    "frame {index}: it is {found}, the manifest says {promised}"
                );
            }
        }
        Ok(())
    }

    fn check_images(&self) -> Result<()> {
        for (index, frame) in (self.part.entry.first_frame..).zip(&self.segment.frames) {
            let chunk = &self.bytes[frame.bytes.clone()];
            let context = || format!("frame {index}");
            if chunk.is_empty() {
                ensure!(!frame.is_key, "frame {index}: an empty chunk is no key");
                continue;
            }
            ensure!(frame.is_key, "frame {index}: an image is a key");
            let shape = texture::shape_of(chunk).with_context(context)?;
            let (stream, codec) = (self.part.stream, self.part.stream.codec);
            ensure!(
                shape.codec == codec,
                "frame {index}: it is {}, not {codec}",
                shape.codec
            );
            let fits = (shape.width, shape.height) == (stream.width, stream.height);
            let (width, height) = (shape.width, shape.height);
            ensure!(
                fits,
                "frame {index}: it is {width} x {height}, not as the manifest says"
            );
        }
        Ok(())
    }
}

/// What decoding alone does not see.
fn check_frame(frame: &Frame, is_key: bool) -> Result<()> {
    match frame {
        Frame::Points(points) => {
            let point_count = points.points.len() as u64;
            let of_chunks = points
                .chunks
                .iter()
                .map(|chunk| u64::from(chunk.point_count));
            ensure!(
                of_chunks.sum::<u64>() == point_count,
                "its chunks leave points out"
            );
            ensure!(is_key, "a points frame is a key");
        }
        Frame::Mesh(mesh) => {
            let is_start = mesh.topology.is_some();
            ensure!(
                is_key == is_start,
                "a mesh frame is a key where it brings its topology"
            );
        }
    }
    Ok(())
}

fn check_bounds(frame: &Frame, all: Bounds) -> Result<()> {
    let (bounds, step) = frame_bounds(frame);
    // A cell for the grid, or half a step, and a thousandth for floats on their way.
    let slack = step + bounds.size().max_element().max(0.0) * 1e-3;
    let is_inside = bounds.lo.cmpge(all.lo - slack).all() && bounds.hi.cmple(all.hi + slack).all();
    ensure!(is_inside, "it leaves the manifest's `bounds`");
    Ok(())
}

/// The box around a decoded frame, and the edge of its grid's cells, metres.
fn frame_bounds(frame: &Frame) -> (Bounds, f32) {
    match frame {
        Frame::Points(points) => {
            let boxes = points.chunks.iter().map(PointChunk::bounds);
            let steps = points.chunks.iter().map(|chunk| chunk.step_metres);
            (
                boxes.fold(Bounds::EMPTY, Bounds::union),
                steps.fold(0.0, f32::max),
            )
        }
        Frame::Mesh(mesh) => {
            let (origin, step) = (Vec3::from(mesh.lattice.origin), mesh.lattice.step_metres);
            let mut bounds = Bounds::EMPTY;
            for vertex in &mesh.vertices {
                bounds.include(origin + Vec3::from(vertex.position.map(f32::from)) * step);
            }
            // A vertex lies off by half a step of the quantiser, which has up to 16 of the lattice.
            (bounds, 8.0 * step)
        }
    }
}

/// Bytes of a single file that no segment names, or two do.
fn layout_problems(opened: &Opened) -> Result<Vec<String>> {
    let Some(size) = opened.single_size()? else {
        return Ok(Vec::new());
    };
    let entries = opened.manifest.tracks.iter().flat_map(Track::streams);
    let entries = entries.flat_map(|stream| &stream.segments);
    let mut ranges: Vec<Range<u64>> = entries
        .map(|entry| entry.offset..entry.offset.saturating_add(entry.size))
        .collect();
    ranges.sort_by_key(|range| range.start);
    let mut problems = Vec::new();
    let mut end = 0;
    for range in ranges {
        if range.start != end {
            let what = if range.start > end {
                "no segment has"
            } else {
                "two segments share"
            };
            let (from, to) = (end.min(range.start), end.max(range.start));
            problems.push(format!(
                "{what} the bytes {from} to {to} behind the manifest"
            ));
        }
        end = end.max(range.end);
    }
    let rest = size.saturating_sub(opened.segments_start());
    if rest > end {
        problems.push(format!("{} bytes follow the last segment", rest - end));
    }
    Ok(problems)
}

/// The poster must be there and be an image.
fn poster_problem(opened: &Opened) -> Option<String> {
    let url = opened.manifest.poster.as_ref()?;
    let found = opened.path_of(url).and_then(|path| {
        if !path.is_file() {
            bail!("the file is missing");
        }
        Image::File(path).survey()
    });
    found
        .err()
        .map(|error| format!("poster \"{url}\": {error:#}"))
}
