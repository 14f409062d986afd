//! What is held and what is under way: segments, frames, fetches, jobs, and their bytes.
//!
//! The layers of a points track are fetched as streams of their own and shown as one: their frames
//! are those of layer 0, each made with as many layers as were here.
//! The renditions of a mesh track are taken for layers too, the coarsest for layer 0; only that
//! each of them does without the others ([`Buffer::read_by`]).
//!
//! Always true: `held_bytes` and `pending_bytes` are the sums over what the maps hold.

use std::ops::Range;
use std::sync::Arc;

use touchline_pack::{Manifest, SegmentEntry, Stream, Track};
use touchline_scene::{Extent, Seconds, SortedMap, SortedSet};

use crate::average::Average;
use crate::event::{JobId, RequestId, Shown, StreamKey, StreamKind};
use crate::retry::Attempts;
use crate::sight::Sight;
use crate::throughput::Throughput;

/// Bytes that the GPU needs for a frame beside its points, vertices and pixels.
const FRAME_OVERHEAD_BYTES: u64 = 4096;
/// Half of what is known of decoding is younger than so many frames.
const DECODE_HALF_LIFE_FRAMES: f64 = 8.0;
/// What was too slow is tried again after so long: browsers make code faster while it runs.
const DECODE_KNOWN: Seconds = Seconds(20.0);
/// Layers of a track that are played at most: each is a level of an octree or more, and more
/// levels than this are finer than any camera sees.
const LAYER_COUNT_MAX: usize = 16;

/// Everything the player knows to be held or on its way.
#[derive(Debug)]
pub(crate) struct Buffer {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) streams: Vec<StreamBuffer>,
    /// For each track of the manifest the streams that it is shown with, as indices in `streams`:
    /// neither refinements nor textures that another takes the place of.
    pub(crate) tracks: Vec<Vec<usize>>,
    pub(crate) fetches: SortedMap<RequestId, SegmentRef>,
    pub(crate) jobs: SortedMap<JobId, Job>,
    pub(crate) held_bytes: u64,
    pub(crate) pending_bytes: u64,
    pub(crate) lost_segment_count: u32,
    pub(crate) throughput: Throughput,
    /// The highest layer that decoders keep up with, as of the last plan.
    pub(crate) layer_decodable: usize,
    next_id: u64,
}

/// Names a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SegmentRef {
    /// Index in `Buffer::streams`.
    pub(crate) stream: usize,
    /// Index in the stream's segments.
    pub(crate) segment: u32,
}

/// One stream's segments and frames.
#[derive(Debug)]
pub(crate) struct StreamBuffer {
    pub(crate) key: StreamKey,
    /// The stream that holds its frames, as an index: itself unless it is a refinement.
    pub(crate) base: usize,
    /// Place among its track's layers or renditions, coarsest first; they follow each other. 0 for
    /// what stands alone.
    pub(crate) layer: usize,
    /// How many layers its frames can have: at least 1; 0 for refinements.
    pub(crate) layer_count: usize,
    /// Frames build on earlier ones: a segment is decoded by one job at a time.
    pub(crate) is_sequential: bool,
    /// No frame is larger on the GPU, made with this and all lower layers, as far as the manifest
    /// is right.
    pub(crate) frame_bytes_max: u64,
    /// What is not here is absent.
    pub(crate) segments: SortedMap<u32, Slot>,
    pub(crate) attempts: SortedMap<u32, Attempts>,
    /// Frames on the GPU; none of a refinement.
    pub(crate) frames: SortedMap<u32, HeldFrame>,
    /// Frames that will never come; of a refinement, those that do without it.
    pub(crate) lost_frames: SortedSet<u32>,
    /// Nothing of it can be decoded here.
    pub(crate) is_stopped: bool,
    /// Compressed bytes of one of its frames, on average.
    pub(crate) bytes_per_frame: f64,
    /// Seconds that decoders work on a frame made with this and all lower layers.
    decode_secs: Average,
    /// When one was last made.
    decoded_at: Seconds,
    /// Points of such a frame at most.
    element_count: u32,
    /// Where the points of the last one were.
    extent: Option<Extent>,
    /// How many of its track's layers are worth having where it is seen from.
    pub(crate) layers_needed: usize,
    seen_bytes: u64,
    seen_count: u64,
}

/// A segment that is not absent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Slot {
    Fetching(RequestId),
    /// Its bytes are held, so many.
    Held(u64),
    Lost,
}

/// A frame on the GPU.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeldFrame {
    pub(crate) bytes: u64,
    /// How many of the track's layers it was made with; at least 1.
    pub(crate) layer_count: usize,
    /// What tells which others of its stream it can be mixed with, if any.
    topology: Option<u32>,
}

/// A decode job under way.
#[derive(Debug)]
pub(crate) struct Job {
    /// Its segment of the coarsest layer.
    pub(crate) at: SegmentRef,
    /// How many of the track's layers it reads; at least 1.
    pub(crate) layer_count: usize,
    /// Frames of the track not handed over yet.
    pub(crate) remaining: SortedSet<u32>,
    /// Bytes reserved for each of them.
    pub(crate) frame_bytes: u64,
}

/// Whether a track can show a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// All its streams are on the GPU.
    Complete,
    /// Some stream will never have it.
    Lost,
    /// It may still come.
    Missing,
}

impl Buffer {
    /// Nothing held. Ids start at `next_id`, so that those of an earlier pack stay unused.
    pub(crate) fn new(manifest: Arc<Manifest>, next_id: u64) -> Self {
        let mut streams = Vec::new();
        let mut tracks = Vec::new();
        for (index, track) in manifest.tracks.iter().enumerate() {
            let start = streams.len();
            for (kind, layer) in stream_kinds(track) {
                let track = index as u16;
                let key = StreamKey { track, kind };
                if let Some(stream) = key.stream_in(&manifest) {
                    let base = streams.len() - layer;
                    streams.push(StreamBuffer::new(key, base, layer, stream));
                }
            }
            let mut shown: Vec<usize> = Vec::new();
            for index in start..streams.len() {
                let StreamBuffer { base, layer, .. } = streams[index];
                streams[base].layer_count = layer + 1;
                let is_spare = matches!(streams[index].key.kind, StreamKind::Texture(1..));
                shown.extend((base == index && !is_spare).then_some(index));
            }
            tracks.push(shown);
        }
        Self {
            manifest,
            streams,
            tracks,
            fetches: SortedMap::default(),
            jobs: SortedMap::default(),
            held_bytes: 0,
            pending_bytes: 0,
            lost_segment_count: 0,
            throughput: Throughput::default(),
            layer_decodable: LAYER_COUNT_MAX,
            next_id,
        }
    }

    /// Goes on with a later version of the manifest, which has all that the former had.
    pub(crate) fn grow(&mut self, manifest: &Arc<Manifest>) {
        self.manifest = Arc::clone(manifest);
        for stream in &mut self.streams {
            if let Some(found) = stream.key.stream_in(manifest) {
                stream.frame_bytes_max = frame_bytes_max(stream.key.kind, found);
                stream.bytes_per_frame = bytes_per_frame(found);
            }
        }
    }

    /// Takes note that nothing of a stream can be decoded here; says whether its track has another
    /// that does instead.
    pub(crate) fn stop(&mut self, stream: usize) -> bool {
        self.streams[stream].is_stopped = true;
        self.choose_textures();
        let StreamKey { track, kind } = self.streams[stream].key;
        let mut shown = self.tracks[usize::from(track)].iter();
        let is_good = |&index: &usize| {
            let StreamBuffer {
                key, is_stopped, ..
            } = self.streams[index];
            key.kind.is_texture() && !is_stopped
        };
        kind.is_texture() && shown.any(is_good)
    }

    /// Shows each track with the first of its textures that can be decoded, else with the last.
    pub(crate) fn choose_textures(&mut self) {
        for shown in &mut self.tracks {
            let is_texture = |index: &&mut usize| self.streams[**index].key.kind.is_texture();
            let Some(place) = shown.iter_mut().find(is_texture) else {
                continue;
            };
            let track = self.streams[*place].key.track;
            for (index, stream) in self.streams.iter().enumerate() {
                if stream.key.track == track && stream.key.kind.is_texture() {
                    *place = index;
                    if !stream.is_stopped {
                        break;
                    }
                }
            }
        }
    }

    /// Whether its track is shown with a stream: no other texture takes its place.
    pub(crate) fn is_played(&self, stream: usize) -> bool {
        let StreamBuffer { key, base, .. } = &self.streams[stream];
        self.tracks[usize::from(key.track)].contains(base)
    }

    /// Whether a frame is on the GPU; of a texture any alternative will do.
    fn is_resident(&self, stream: usize, frame: u32) -> bool {
        let StreamKey { track, kind } = self.streams[stream].key;
        let is_same = |other: StreamKey| {
            other.track == track
                && (other.kind == kind || other.kind.is_texture() && kind.is_texture())
        };
        let mut streams = self.streams.iter();
        streams.any(|other| is_same(other.key) && other.frames.contains_key(&frame))
    }

    /// Held and under way together.
    pub(crate) fn used_bytes(&self) -> u64 {
        self.held_bytes + self.pending_bytes
    }

    /// Takes over from the pack that was open before: no id is used twice, and the network is the
    /// same, though nothing is under way any more.
    pub(crate) fn go_on_from(&mut self, old: &mut Self) {
        self.next_id = old.next_id();
        self.throughput = std::mem::take(&mut old.throughput).idle();
    }

    /// The next unused id.
    fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// The manifest's entries for the segments of a stream.
    pub(crate) fn entries(&self, stream: usize) -> &[SegmentEntry] {
        self.streams[stream]
            .key
            .stream_in(&self.manifest)
            .map_or(&[], |found| &found.segments)
    }

    /// The manifest's entry for a segment.
    pub(crate) fn entry(&self, at: SegmentRef) -> Option<&SegmentEntry> {
        self.entries(at.stream).get(at.segment as usize)
    }

    /// The segment that holds a frame.
    pub(crate) fn segment_at(&self, stream: usize, frame: u32) -> Option<u32> {
        let found = self.streams[stream].key.stream_in(&self.manifest)?;
        found.segment_at(frame).map(|index| index as u32)
    }

    /// The streams that a job reads which makes frames with so many layers; the first of them
    /// names the frames.
    pub(crate) fn read_by(&self, base: usize, layer_count: usize) -> Range<usize> {
        let end = base + layer_count;
        let is_alternative = self.streams[base].is_alternative();
        (if is_alternative { end - 1 } else { base })..end
    }

    /// The most layers that a frame can be made with now; 0 if it cannot be made.
    pub(crate) fn layers_here(&self, base: usize, frame: u32) -> usize {
        most(self.makings(base, frame, false))
    }

    /// The most layers that a frame can be made with if all comes that may still come.
    pub(crate) fn layers_hoped(&self, base: usize, frame: u32) -> usize {
        most(self.makings(base, frame, true))
    }

    /// The fewest layers that a frame can be made with now, or else soonest; 0 if never.
    pub(crate) fn layers_least(&self, base: usize, frame: u32) -> usize {
        let makings = match self.makings(base, frame, false) {
            0 => self.makings(base, frame, true),
            now => now,
        };
        most(makings & makings.wrapping_neg()) // The lowest bit alone.
    }

    /// Whether a frame can be made now with just so many layers.
    pub(crate) fn can_make(&self, base: usize, frame: u32, layer_count: usize) -> bool {
        self.makings(base, frame, false) >> layer_count & 1 == 1
    }

    /// Layers that a frame on the GPU was made with; 0 if it is not there.
    pub(crate) fn layers_held(&self, base: usize, frame: u32) -> usize {
        let frame = self.streams[base].frames.get(&frame);
        frame.map_or(0, |frame| frame.layer_count)
    }

    /// The numbers of layers that a frame can be made with, a bit each, from the segments that are
    /// here or, in hope, from all that are not lost.
    fn makings(&self, base: usize, frame: u32, is_in_hope: bool) -> u32 {
        let Some(segment) = self.segment_at(base, frame) else {
            return 0;
        };
        let layers = &self.streams[base..base + self.streams[base].layer_count];
        let is_usable = |layer: &StreamBuffer| {
            let is_good = match layer.segments.get(&segment) {
                Some(Slot::Held(_)) => true,
                Some(Slot::Lost) => false,
                Some(Slot::Fetching(_)) | None => is_in_hope,
            };
            is_good && !layer.is_stopped && !layer.lost_frames.contains(&frame)
        };
        let bits = layers.iter().map(|layer| u32::from(is_usable(layer)));
        let usable: u32 = bits.zip(1..).map(|(bit, count)| bit << count).sum();
        if self.streams[base].is_alternative() {
            return usable;
        }
        // Of layers none is left out.
        let run = (usable | 1).trailing_ones();
        usable & ((1 << run) - 1)
    }

    /// A frame as it is on the GPU.
    pub(crate) fn shown(&self, track: u16, frame: u32) -> Shown {
        let body = self.tracks[usize::from(track)].first();
        let layer_count = body.map_or(0, |&body| self.layers_held(body, frame));
        let kind = body.map(|&body| self.name_of(body, layer_count).kind);
        let (layer_count, rendition) = match kind {
            Some(StreamKind::Rendition(rendition)) => (1, rendition),
            _ => (layer_count as u8, 0),
        };
        Shown {
            track,
            frame,
            layer_count,
            rendition,
            next: None,
        }
    }

    /// The stream that names frames made with so many layers.
    pub(crate) fn name_of(&self, base: usize, layer_count: usize) -> StreamKey {
        self.streams[self.read_by(base, layer_count.max(1)).start].key
    }

    /// The frame after `shown` in `direction`, if it is on the GPU and the two can be mixed.
    pub(crate) fn next_of(&self, shown: &Shown, direction: i32) -> Option<u32> {
        let &body = self.tracks[usize::from(shown.track)].first()?;
        let topology = |frame| self.streams[body].frames.get(&frame)?.topology;
        let next = shown.frame.checked_add_signed(direction)?;
        (topology(shown.frame)? == topology(next)?).then_some(next)
    }

    /// Whether `track` can show its frame `frame`.
    pub(crate) fn fit(&self, track: u16, frame: u32) -> Fit {
        let mut fit = Fit::Complete;
        for &index in &self.tracks[usize::from(track)] {
            if self.is_resident(index, frame) {
                continue;
            }
            if self.segment_at(index, frame).is_some() && self.layers_hoped(index, frame) == 0 {
                return Fit::Lost;
            }
            fit = Fit::Missing;
        }
        fit
    }

    /// Notes a fetch.
    pub(crate) fn start_fetch(&mut self, at: SegmentRef, now: Seconds) -> RequestId {
        let request = RequestId(self.next_id());
        let bytes = self.entry(at).map_or(0, |entry| entry.size);
        self.pending_bytes += bytes;
        self.throughput.begin(request, bytes, now);
        self.fetches.insert(request, at);
        let slots = &mut self.streams[at.stream].segments;
        slots.insert(at.segment, Slot::Fetching(request));
        request
    }

    /// Forgets a fetch without result; says which segment it was for.
    pub(crate) fn end_fetch(&mut self, request: RequestId, now: Seconds) -> Option<SegmentRef> {
        self.throughput.end(request, false, now);
        self.forget_fetch(request)
    }

    fn forget_fetch(&mut self, request: RequestId) -> Option<SegmentRef> {
        let at = self.fetches.remove(&request)?;
        self.pending_bytes -= self.entry(at).map_or(0, |entry| entry.size);
        self.streams[at.stream].segments.remove(&at.segment);
        Some(at)
    }

    /// Notes that a fetch ended well; says which segment it was for.
    pub(crate) fn arrived(
        &mut self,
        request: RequestId,
        size_bytes: u64,
        now: Seconds,
    ) -> Option<SegmentRef> {
        self.throughput.end(request, true, now);
        let at = self.forget_fetch(request)?;
        let slots = &mut self.streams[at.stream].segments;
        slots.insert(at.segment, Slot::Held(size_bytes));
        self.held_bytes += size_bytes;
        Some(at)
    }

    /// Gives a segment up.
    pub(crate) fn lose_segment(&mut self, at: SegmentRef) {
        let slots = &mut self.streams[at.stream].segments;
        slots.insert(at.segment, Slot::Lost);
        self.lost_segment_count += 1;
    }

    /// Lets go of a segment's bytes; says whether they were held.
    pub(crate) fn drop_segment(&mut self, at: SegmentRef) -> bool {
        let slots = &mut self.streams[at.stream].segments;
        let Some(&Slot::Held(size_bytes)) = slots.get(&at.segment) else {
            return false;
        };
        slots.remove(&at.segment);
        self.held_bytes -= size_bytes;
        true
    }

    /// Notes a decode job for some frames of the track.
    pub(crate) fn start_job(
        &mut self,
        at: SegmentRef,
        layer_count: usize,
        frames: Range<u32>,
    ) -> JobId {
        let job = JobId(self.next_id());
        let frame_bytes = self.streams[at.stream + layer_count - 1].frame_bytes_max;
        self.pending_bytes += frame_bytes * frames.len() as u64;
        self.jobs.insert(
            job,
            Job {
                at,
                layer_count,
                remaining: frames.collect(),
                frame_bytes,
            },
        );
        job
    }

    /// Forgets a job; says what it was for and what it did not hand over.
    pub(crate) fn end_job(&mut self, job: JobId) -> Option<Job> {
        let job = self.jobs.remove(&job)?;
        self.pending_bytes -= job.frame_bytes * job.remaining.len() as u64;
        Some(job)
    }

    /// The job under way that hands over a frame by the name of `key`.
    fn job_of(&self, key: StreamKey, frame: u32) -> Option<JobId> {
        self.jobs.iter().find_map(|(&id, job)| {
            let name = self.name_of(job.at.stream, job.layer_count);
            (name == key && job.remaining.contains(&frame)).then_some(id)
        })
    }

    /// Notes a frame on the GPU; says by whose name what is there of it is to be let go: itself if
    /// nobody asked for it, or the rendition that it takes the place of.
    pub(crate) fn frame_ready(
        &mut self,
        key: StreamKey,
        frame: u32,
        (size_bytes, topology): (u64, Option<u32>),
    ) -> Option<StreamKey> {
        let asked = self.job_of(key, frame);
        let Some(job) = asked.and_then(|id| self.jobs.get_mut(&id)) else {
            return Some(key);
        };
        job.remaining.remove(&frame);
        self.pending_bytes -= job.frame_bytes;
        let (base, layer_count) = (job.at.stream, job.layer_count);
        let finest = &mut self.streams[base + layer_count - 1];
        finest.seen_bytes += size_bytes;
        finest.seen_count += 1;
        let held = HeldFrame {
            bytes: size_bytes,
            layer_count,
            topology,
        };
        let replaced = self.streams[base].frames.insert(frame, held);
        self.held_bytes = self.held_bytes + size_bytes - replaced.map_or(0, |frame| frame.bytes);
        let replaced = replaced.map(|frame| self.name_of(base, frame.layer_count));
        replaced.filter(|&name| name != key)
    }

    /// Notes from where all is seen, if that is known; says whether other layers are needed now.
    pub(crate) fn look(&mut self, sight: Option<Sight>) -> bool {
        let mut has_changed = false;
        for base in 0..self.streams.len() {
            let layers = &self.streams[base..base + self.streams[base].layer_count];
            // That of the finest frames, which are the newest wherever anything is refined.
            let finest = layers.iter().rposition(|layer| layer.extent.is_some());
            let seen = finest.and_then(|finest| Some((layers[finest].extent?, finest + 1)));
            let is_points = matches!(self.streams[base].key.kind, StreamKind::Layer(_));
            let needed = match (sight, seen) {
                (Some(sight), Some((extent, layer_count))) => {
                    let counts: Vec<u32> = layers.iter().map(|layer| layer.element_count).collect();
                    sight.layers_needed(extent, layer_count, &counts)
                }
                // The first frame will tell.
                (Some(_), None) if is_points => 1,
                (_, None) | (None, _) => usize::MAX,
            };
            has_changed |= needed != self.streams[base].layers_needed;
            self.streams[base].layers_needed = needed;
        }
        has_changed
    }

    /// Notes how long decoders worked on a frame of a job under way, and where its points are.
    pub(crate) fn decoded(
        &mut self,
        (key, frame): (StreamKey, u32),
        (decode, extent): (Seconds, Option<Extent>),
        now: Seconds,
    ) {
        if let Some(job) = self.job_of(key, frame).and_then(|id| self.jobs.get(&id)) {
            let finest = &mut self.streams[job.at.stream + job.layer_count - 1];
            finest
                .decode_secs
                .add(decode.0, 1.0, DECODE_HALF_LIFE_FRAMES);
            finest.decoded_at = now;
            finest.extent = extent;
        }
    }

    /// Seconds that decoders work on a frame of a track made with so many layers; 0 where that is
    /// not known, or no longer.
    pub(crate) fn decode_secs(&self, base: usize, layer_count: usize, now: Seconds) -> f64 {
        let finest = &self.streams[base + layer_count - 1];
        let is_fresh = now - finest.decoded_at < DECODE_KNOWN;
        finest.decode_secs.get().filter(|_| is_fresh).unwrap_or(0.0)
    }

    /// Lets go of a frame.
    pub(crate) fn drop_frame(&mut self, stream: usize, frame: u32) {
        let dropped = self.streams[stream].frames.remove(&frame);
        self.held_bytes -= dropped.map_or(0, |frame| frame.bytes);
    }

    /// The GPU lost everything; jobs under way are void.
    pub(crate) fn lose_frames(&mut self) {
        let jobs: Vec<JobId> = self.jobs.keys().copied().collect();
        for job in jobs {
            self.end_job(job);
        }
        for stream in &mut self.streams {
            self.held_bytes -= stream.frames.values().map(|frame| frame.bytes).sum::<u64>();
            stream.frames.clear();
        }
    }

    /// Whether a job under way will bring a frame.
    pub(crate) fn has_job(&self, base: usize, frame: u32) -> bool {
        let mut jobs = self.jobs.values();
        jobs.any(|job| job.at.stream == base && job.remaining.contains(&frame))
    }

    /// Whether a job under way reads a segment.
    pub(crate) fn is_read(&self, at: SegmentRef) -> bool {
        self.jobs.values().any(|job| {
            let read = self.read_by(job.at.stream, job.layer_count);
            job.at.segment == at.segment && read.contains(&at.stream)
        })
    }

    /// Whether a job under way will bring a frame where there is none.
    pub(crate) fn has_job_for_new(&self) -> bool {
        self.jobs.values().any(|job| {
            let frames = &self.streams[job.at.stream].frames;
            job.remaining
                .iter()
                .any(|frame| !frames.contains_key(frame))
        })
    }
}

/// The highest number in a set of bits; 0 if it is empty.
fn most(set: u32) -> usize {
    set.checked_ilog2().unwrap_or(0) as usize
}

impl StreamBuffer {
    fn new(key: StreamKey, base: usize, layer: usize, stream: &Stream) -> Self {
        Self {
            key,
            base,
            layer,
            layer_count: 0,
            is_sequential: matches!(key.kind, StreamKind::Rendition(_)) || stream.is_video(),
            frame_bytes_max: frame_bytes_max(key.kind, stream),
            segments: SortedMap::default(),
            attempts: SortedMap::default(),
            frames: SortedMap::default(),
            lost_frames: SortedSet::default(),
            is_stopped: false,
            bytes_per_frame: bytes_per_frame(stream),
            decode_secs: Average::default(),
            decoded_at: Seconds(0.0),
            element_count: stream.element_count_max,
            extent: None,
            layers_needed: usize::MAX,
            seen_bytes: 0,
            seen_count: 0,
        }
    }

    /// Whether it does without the coarser ones of its track.
    pub(crate) fn is_alternative(&self) -> bool {
        matches!(self.key.kind, StreamKind::Rendition(_))
    }

    /// What a frame made with this and all lower layers can be expected to take on the GPU.
    pub(crate) fn frame_bytes_typical(&self) -> u64 {
        let mean = self.seen_bytes.checked_div(self.seen_count);
        mean.unwrap_or(self.frame_bytes_max)
    }
}

fn bytes_per_frame(stream: &Stream) -> f64 {
    let bytes: u64 = stream.segments.iter().map(|entry| entry.size).sum();
    let last = stream.segments.last();
    let frame_count = last.map_or(1, |last| last.first_frame + last.frame_count);
    bytes as f64 / f64::from(frame_count)
}

/// The streams of a track that can be played, each with its place among layers or renditions: its
/// layers, or its renditions and its textures.
fn stream_kinds(track: &Track) -> Vec<(StreamKind, usize)> {
    let count = |streams: &[Stream]| streams.len().min(LAYER_COUNT_MAX) as u8;
    let layers = (0..count(&track.layers)).map(StreamKind::Layer);
    let renditions = (0..count(&track.renditions)).rev();
    let renditions = renditions.map(StreamKind::Rendition);
    let textures = (0..count(&track.textures)).map(StreamKind::Texture);
    // A track has either the one or the other.
    let body = layers.chain(renditions).zip(0..);
    body.chain(textures.map(|texture| (texture, 0))).collect()
}

/// The most bytes a frame takes on the GPU, by FORMAT.md, "GPU-ready frames".
fn frame_bytes_max(kind: StreamKind, stream: &Stream) -> u64 {
    let elements = u64::from(stream.element_count_max);
    let body = match kind {
        // 8 bytes a point; a chunk of 48 bytes for every 16 points is far more than any has.
        StreamKind::Layer(_) => elements * (8 + 3),
        // 8 bytes a vertex, and in a key 8 more and 12 a triangle.
        StreamKind::Rendition(_) => elements * 16 + u64::from(stream.triangle_count_max) * 12,
        // RGBA and its mip levels: a third more.
        StreamKind::Texture(_) => u64::from(stream.width) * u64::from(stream.height) * 16 / 3,
    };
    body + FRAME_OVERHEAD_BYTES
}
