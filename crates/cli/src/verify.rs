//! `touchline verify`: every byte of a pack is read, hashed, parsed and decoded.

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
use crate::pack::texture;
use crate::progress::{Audience, Cancel, Progress};

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

/// One segment to check.
struct Job<'a> {
    track: &'a Track,
    stream: &'a Stream,
    entry: &'a SegmentEntry,
}

/// Checks the pack that `args` name.
///
/// # Errors
/// If it is no pack at all, its manifest breaks a rule, or `cancel` was called; whatever is
/// wrong behind the manifest is in the result's `problems`.
pub fn verify(args: &VerifyArgs, cancel: &Cancel, audience: Audience) -> Result<Verification> {
    let opened = Opened::open(&args.pack)?;
    let jobs = jobs(&opened.manifest);
    let progress = audience.stage("verifying", jobs.len() as u64, "segments");
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
    let mut problems: Vec<String> = checked.into_iter().flatten().collect();
    problems.extend(layout_problems(&opened)?);
    problems.extend(poster_problem(&opened));
    let sum = |of: &dyn Fn(&Job<'_>) -> u64| jobs.iter().map(of).sum();
    Ok(Verification {
        problems,
        segment_count: jobs.len() as u64,
        frame_count: sum(&|job| u64::from(job.entry.frame_count)),
        bytes: opened.manifest_bytes + sum(&|job| job.entry.size),
    })
}

fn jobs(manifest: &Manifest) -> Vec<Job<'_>> {
    let mut jobs = Vec::new();
    for track in &manifest.tracks {
        for stream in track.streams() {
            let entries = stream.segments.iter();
            jobs.extend(entries.map(|entry| Job {
                track,
                stream,
                entry,
            }));
        }
    }
    jobs
}

impl Job<'_> {
    /// What is wrong with the segment, if anything.
    fn check(&self, opened: &Opened, progress: &Progress) -> Option<String> {
        let result = self.check_bytes(opened);
        progress.step();
        let entry = self.entry;
        let frames = entry.first_frame..entry.first_frame + entry.frame_count;
        let place = format!(
            "track \"{}\", {} stream, segment of frames {} to {}",
            self.track.id,
            self.stream.codec,
            frames.start,
            frames.end - 1,
        );
        result.err().map(|error| format!("{place}: {error:#}"))
    }

    fn check_bytes(&self, opened: &Opened) -> Result<()> {
        let entry = self.entry;
        let bytes = opened.read(entry)?;
        entry.sha256.check(&bytes)?;
        let segment = Segment::parse(&bytes)?;
        let (codec, promised) = (segment.codec, self.stream.codec);
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
        if texture::format_of(self.stream.codec).is_some() {
            self.check_images(&segment, &bytes)
        } else {
            self.check_frames(&segment, &bytes, opened)
        }
    }

    fn check_images(&self, segment: &Segment, bytes: &[u8]) -> Result<()> {
        for (index, frame) in (self.entry.first_frame..).zip(&segment.frames) {
            let chunk = &bytes[frame.bytes.clone()];
            let context = || format!("frame {index}");
            if chunk.is_empty() {
                ensure!(!frame.is_key, "frame {index}: an empty chunk is no key");
                continue;
            }
            ensure!(frame.is_key, "frame {index}: an image is a key");
            let shape = texture::shape_of(chunk).with_context(context)?;
            let (stream, codec) = (self.stream, self.stream.codec);
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

    fn check_frames(&self, segment: &Segment, bytes: &[u8], opened: &Opened) -> Result<()> {
        let limits = Limits {
            element_count_max: self.stream.element_count_max,
            triangle_count_max: self.stream.triangle_count_max,
        };
        let mut decoder = touchline_codec::decoder(self.stream.codec.0)?;
        for (index, frame) in (self.entry.first_frame..).zip(&segment.frames) {
            let chunk = &bytes[frame.bytes.clone()];
            let decoded = decoder.decode(&[chunk], None, &limits);
            let decoded = decoded.with_context(|| format!("frame {index}"))?;
            check_frame(&decoded, frame.is_key).with_context(|| format!("frame {index}"))?;
            if !self.track.is_static {
                let (bounds, step) = frame_bounds(&decoded);
                // A cell for the grid, and a thousandth for floats on their way.
                let slack = step + bounds.size().max_element().max(0.0) * 1e-3;
                let all = opened.manifest.bounds;
                let is_inside =
                    bounds.lo.cmpge(all.lo - slack).all() && bounds.hi.cmple(all.hi + slack).all();
                ensure!(
                    is_inside,
                    "frame {index}: it leaves the manifest's `bounds`"
                );
            }
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
            (bounds, step)
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
        texture::survey(&path)
    });
    found
        .err()
        .map(|error| format!("poster \"{url}\": {error:#}"))
}
