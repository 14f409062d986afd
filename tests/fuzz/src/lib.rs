//! What any bytes may do to the readers of what comes over the network: be refused, or end in
//! something sound and small.
//!
//! One judge a fuzz target. It panics where a reader breaks a promise, and says whether the input
//! was taken as good.
//! `tests/findings.rs` includes this file: every finding is judged anew by each `cargo test`,
//! without a fuzzer.

mod heap;
mod input;
mod seeds;

use std::path::Path;

use touchline_codec::{Decode, DecodeError, Limits, MESH, POINTS};
use touchline_pack::{Header, Manifest, Segment, SegmentWriter, Stream, Track};
use touchline_scene::{Frame, MeshFrame, PointChunk, PointsFrame};

pub use heap::CountingHeap;
pub use seeds::{TARGETS, Target};

/// Twice what the vectors need: small, so that many inputs are tried.
const LIMITS: Limits = Limits {
    element_count_max: 4096,
    triangle_count_max: 4096,
};

/// What judging one input may ask for in memory: far more than the models of an entropy coder and
/// some 100 bytes an element need, far less than what a header can promise.
const MEMORY_BYTES_MAX: i64 = 16 << 20;

/// Bricks that are decoded of one frame at most.
const BRICK_COUNT_MAX: u32 = 16;

/// The environment variable with the folder that [`write_seeds`] fills.
const SEEDS_VARIABLE: &str = "TOUCHLINE_FUZZ_SEEDS";

/// Writes a target's seeds where the fuzzer, about to start, will look for them.
///
/// # Panics
/// If it cannot; without the variable it does nothing.
pub fn write_seeds(target: Target) {
    let Some(folder) = std::env::var_os(SEEDS_VARIABLE) else {
        return;
    };
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors");
    for (index, seed) in target.seeds(&vectors).iter().enumerate() {
        let path = Path::new(&folder).join(format!("seed-{index}"));
        std::fs::write(&path, seed).unwrap_or_else(|error| panic!("{error} ({path:?})"));
    }
}

/// Judges an input of `target`.
///
/// # Panics
/// If a reader breaks a promise.
pub fn judge(target: Target, bytes: &[u8]) -> bool {
    let (is_good, peak_bytes) = heap::peak_bytes_of(|| match target {
        Target::Points => points(bytes),
        Target::Mesh => mesh(bytes),
        Target::Container => container(bytes),
    });
    assert!(
        peak_bytes <= MEMORY_BYTES_MAX,
        "{} bytes made a reader ask for {peak_bytes} bytes of memory",
        bytes.len()
    );
    is_good
}

/// The layers of a frame of points, each brick of it, and with fewer layers.
fn points(bytes: &[u8]) -> bool {
    let layers = input::split(bytes);
    let whole = points_frame(&layers, None);
    let brick_count = touchline_codec::brick_count(POINTS, layers[0]);
    if let Ok(brick_count) = brick_count {
        assert!(brick_count > 0, "a frame has no bricks");
        let beyond = points_frame(&layers, Some(brick_count));
        assert!(
            beyond.is_err(),
            "there is a brick {brick_count} of {brick_count}"
        );
    }
    let bricks: Vec<_> = (0..brick_count.unwrap_or(1).min(BRICK_COUNT_MAX))
        .map(|brick| points_frame(&layers, Some(brick)))
        .collect();
    let Ok(whole) = whole else {
        return false;
    };
    let brick_count = good(brick_count, "the count of a good frame's bricks");
    if brick_count <= BRICK_COUNT_MAX {
        let bricks = bricks
            .into_iter()
            .map(|brick| good(brick, "a good frame's brick"));
        assert!(joined(bricks) == whole, "the bricks are not the frame");
    }
    let mut point_count = 0;
    for layer_count in 1..layers.len() {
        let coarse = points_frame(&layers[..layer_count], None);
        let coarse = good(coarse, "a good frame with fewer layers");
        assert!(
            coarse.points.len() >= point_count,
            "a layer takes points away"
        );
        point_count = coarse.points.len();
    }
    assert!(
        whole.points.len() >= point_count,
        "a layer takes points away"
    );
    true
}

/// Decodes and checks what the decoder of points lets through.
fn points_frame(layers: &[&[u8]], brick: Option<u32>) -> Result<PointsFrame, DecodeError> {
    match decoder(POINTS).decode(layers, brick, &LIMITS)? {
        Frame::Points(frame) => {
            check_points(frame);
            Ok(frame.clone())
        }
        Frame::Mesh(_) => panic!("points became a mesh"),
    }
}

/// What reaches the GPU stays inside its buffers, and every point inside its chunk's box.
fn check_points(frame: &PointsFrame) {
    assert!(frame.points.len() <= LIMITS.element_count_max as usize);
    let mut rest = &frame.points[..];
    for chunk in &frame.chunks {
        check_chunk(chunk);
        let first_point = frame.points.len() - rest.len();
        assert_eq!(chunk.first_point as usize, first_point, "{chunk:?}");
        assert!(chunk.point_count as usize <= rest.len(), "{chunk:?}");
        let (points, after) = rest.split_at(chunk.point_count as usize);
        rest = after;
        let reach = chunk.size.map(|edge| (edge / chunk.step_metres).round());
        for point in points {
            assert_eq!((point.position >> 30, point.colour[3]), (0, 0), "{point:?}");
            let is_inside = (0..3).all(|axis| (point.cell()[axis] as f32) < reach[axis]);
            assert!(is_inside, "{:?} is outside of {chunk:?}", point.cell());
        }
    }
    assert!(rest.is_empty(), "{} points are in no chunk", rest.len());
}

fn check_chunk(chunk: &PointChunk) {
    let lengths = [chunk.step_metres, chunk.spacing_metres];
    let mut lengths = lengths.iter().chain(&chunk.size);
    assert!(
        lengths.all(|length| *length > 0.0 && length.is_finite()),
        "{chunk:?}"
    );
    assert!(
        chunk.origin.iter().all(|axis| axis.is_finite()),
        "{chunk:?}"
    );
    assert!(chunk.point_count > 0, "{chunk:?}");
    assert_eq!(chunk.spare, [0; 2], "{chunk:?}");
}

/// The frame that bricks are together.
fn joined(bricks: impl Iterator<Item = PointsFrame>) -> PointsFrame {
    let mut whole = PointsFrame::default();
    for brick in bricks {
        let first_point = whole.points.len() as u32;
        whole
            .chunks
            .extend(brick.chunks.into_iter().map(|chunk| PointChunk {
                first_point: chunk.first_point + first_point,
                ..chunk
            }));
        whole.points.extend(brick.points);
    }
    whole
}

/// The chunks of a run of meshes, one after the other.
fn mesh(bytes: &[u8]) -> bool {
    let chunks = input::split(bytes);
    let mut decoder = decoder(MESH);
    let mut is_good = true;
    // Of the run; none after an error.
    let mut vertex_count = None;
    for chunk in &chunks {
        match decoder.decode(&[chunk], None, &LIMITS) {
            Ok(Frame::Mesh(frame)) => vertex_count = Some(check_mesh(frame, vertex_count)),
            Ok(Frame::Points(_)) => panic!("a mesh became points"),
            Err(_) => {
                vertex_count = None;
                is_good = false;
            }
        }
    }
    decoder.reset();
    let two = decoder.decode(&[chunks[0], chunks[0]], None, &LIMITS);
    assert!(two.is_err(), "a mesh of two layers");
    is_good
}

/// What reaches the GPU stays inside its buffers, also those of the run's first frame.
///
/// Returns the vertices of the run.
fn check_mesh(frame: &MeshFrame, run_vertex_count: Option<usize>) -> usize {
    let vertex_count = frame.vertices.len();
    assert!(vertex_count <= LIMITS.element_count_max as usize);
    let lattice = [&frame.lattice.origin[..], &[frame.lattice.step_metres]].concat();
    assert!(
        lattice.iter().all(|number| number.is_finite()),
        "{lattice:?}"
    );
    let Some(topology) = &frame.topology else {
        assert_eq!(
            Some(vertex_count),
            run_vertex_count,
            "a difference to no such frame"
        );
        return vertex_count;
    };
    assert_eq!(topology.attributes.len(), vertex_count);
    assert_eq!(topology.indices.len() % 3, 0);
    assert!(topology.indices.len() / 3 <= LIMITS.triangle_count_max as usize);
    let beyond = topology
        .indices
        .iter()
        .find(|index| **index as usize >= vertex_count);
    assert_eq!(beyond, None, "an index beyond {vertex_count} vertices");
    vertex_count
}

/// A segment, a manifest or a single file of both: whichever the bytes are.
fn container(bytes: &[u8]) -> bool {
    segment(bytes) || manifest(bytes).is_some() || single_file(bytes)
}

/// A segment's chunks lie in it one after the other, and it is written as it was read.
fn segment(bytes: &[u8]) -> bool {
    let Ok(segment) = Segment::parse(bytes) else {
        return false;
    };
    let mut writer = SegmentWriter::new(segment.codec, segment.first_frame);
    for (index, frame) in segment.frames.iter().enumerate() {
        writer.push(&bytes[frame.bytes.clone()], frame.is_key);
        let key = segment.key_before(index);
        assert!(
            key <= index && segment.frames[key].is_key,
            "no key before {index}"
        );
    }
    assert!(writer.finish() == bytes, "written again it is another");
    true
}

/// A manifest that is taken is taken again when it is written, and answers every question.
fn manifest(bytes: &[u8]) -> Option<Manifest> {
    let manifest = Manifest::parse(bytes).ok()?;
    good(
        Manifest::parse(&manifest.to_json()),
        "a good manifest, written again",
    );
    assert!(manifest.duration().0.is_finite());
    for track in &manifest.tracks {
        let frame_count = track.frame_count(manifest.frame_count);
        track
            .streams()
            .for_each(|stream| check_stream(stream, frame_count));
    }
    Some(manifest)
}

/// Every frame of a stream has its segment.
fn check_stream(stream: &Stream, frame_count: u32) {
    let last_frame = frame_count - 1;
    assert_eq!(stream.segment_at(0), Some(0));
    assert_eq!(
        stream.segment_at(last_frame),
        Some(stream.segments.len() - 1)
    );
    assert_eq!(stream.segment_at(frame_count), None);
    assert!(stream.size() > 0);
}

/// Reads a single file from its header to its last segment.
fn single_file(bytes: &[u8]) -> bool {
    let Ok(header) = Header::parse(bytes) else {
        return false;
    };
    let written = header.to_bytes();
    assert!(bytes.starts_with(&written), "written again it is another");
    let Some(manifest) = within(bytes, header.manifest_range()).and_then(manifest) else {
        return false;
    };
    let streams = manifest.tracks.iter().flat_map(Track::streams);
    for entry in streams.flat_map(|stream| &stream.segments) {
        let start = header.segments_start().checked_add(entry.offset);
        let range = start.and_then(|start| Some(start..start.checked_add(entry.size)?));
        let found = range.and_then(|range| within(bytes, range));
        if let Some(found) = found.filter(|found| entry.sha256.check(found).is_ok()) {
            segment(found);
        }
    }
    true
}

fn within(bytes: &[u8], range: std::ops::Range<u64>) -> Option<&[u8]> {
    bytes.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}

fn decoder(codec: [u8; 4]) -> Box<dyn Decode> {
    good(touchline_codec::decoder(codec), "a known codec")
}

/// The value, or a panic that says what was refused and why.
fn good<T, E: std::fmt::Display>(result: Result<T, E>, what: &str) -> T {
    result.unwrap_or_else(|error| panic!("{what} is refused: {error}"))
}

#[cfg(test)]
mod tests {
    use touchline_scene::PackedPoint;

    use super::*;

    /// Two points in a chunk of 3 by 1 by 1 cells.
    fn frame() -> PointsFrame {
        PointsFrame {
            chunks: vec![PointChunk {
                step_metres: 0.5,
                size: [1.5, 0.5, 0.5],
                spacing_metres: 0.5,
                point_count: 2,
                ..PointChunk::default()
            }],
            points: [0, 2].map(|x| PackedPoint::new([x, 0, 0], [9; 3])).to_vec(),
        }
    }

    #[test]
    fn bricks_join_to_a_sound_frame() {
        let whole = joined([frame(), PointsFrame::default(), frame()].into_iter());
        assert_eq!((whole.chunks[1].first_point, whole.points.len()), (2, 4));
        check_points(&whole);
    }

    #[test]
    fn unsound_frames_are_caught() {
        let damages: [fn(&mut PointsFrame); 7] = [
            |frame| frame.points[1].position = 3,
            |frame| frame.points[1].position |= 1 << 30,
            |frame| frame.points.truncate(1),
            |frame| frame.chunks[0].point_count = 1,
            |frame| frame.chunks[0].first_point = 1,
            |frame| frame.chunks[0].origin[2] = f32::NAN,
            |frame| frame.chunks[0].spacing_metres = 0.0,
        ];
        check_points(&frame());
        for (index, damage) in damages.iter().enumerate() {
            let mut damaged = frame();
            damage(&mut damaged);
            let judged = std::panic::catch_unwind(|| check_points(&damaged));
            assert!(judged.is_err(), "damage {index} is not seen");
        }
    }
}
