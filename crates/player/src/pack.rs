//! The open pack: what of it is selected, held and shown, and what becomes of its failures.

use std::sync::Arc;

use touchline_pack::Manifest;
use touchline_scene::{Seconds, sorted};

use crate::buffer::{Buffer, Job, SegmentRef, Slot};
use crate::camera::Camera;
use crate::event::{
    Action, FailReason, JobId, Notice, Problem, Recovery, RequestId, StreamKey, StreamKind,
};
use crate::picture::Picture;
use crate::retry::{Circumstances, Verdict, code_of, mix};

/// The open pack.
#[derive(Debug)]
pub(crate) struct Pack {
    pub(crate) buffer: Buffer,
    pub(crate) picture: Picture,
    pub(crate) camera: Camera,
    /// Tracks to show: those without alternatives and one of each alternative.
    pub(crate) selected: Vec<u16>,
    /// When anything last arrived.
    last_arrival_at: Option<Seconds>,
    /// What went wrong last, in case nothing is left.
    pub(crate) last_problem_code: u16,
    pub(crate) is_over_budget: bool,
    seed: u64,
}

impl Pack {
    pub(crate) fn new(buffer: Buffer, camera: Camera, seed: u64) -> Self {
        let selected = first_selection(&buffer.manifest);
        Self {
            buffer,
            picture: Picture::default(),
            camera,
            selected,
            last_arrival_at: None,
            last_problem_code: Problem::CORRUPT,
            is_over_budget: false,
            seed,
        }
    }

    pub(crate) fn manifest(&self) -> &Arc<Manifest> {
        &self.buffer.manifest
    }

    /// Shows the track named `id` instead of its alternatives.
    pub(crate) fn select(&mut self, id: &str) {
        let tracks = &self.buffer.manifest.tracks;
        let Some(index) = tracks.iter().position(|track| track.id == id) else {
            return;
        };
        let Some(group) = &tracks[index].alternative else {
            return;
        };
        let others = |&other: &u16| {
            let other = tracks[usize::from(other)].alternative.as_ref();
            other != Some(group)
        };
        self.selected.retain(others);
        self.selected.push(index as u16);
        self.selected = sorted(std::mem::take(&mut self.selected));
    }

    /// Whether the selected tracks can all show `frame`, or never will.
    pub(crate) fn is_showable(&self, frame: u32) -> bool {
        Picture::is_showable(&self.buffer, &self.selected, frame)
    }

    /// Whether `frame` needs no more bytes, or will never get them.
    pub(crate) fn is_fetched(&self, frame: u32) -> bool {
        let tracks = self.selected.iter().map(|&track| usize::from(track));
        let moving = tracks.filter(|&track| !self.manifest().tracks[track].is_static);
        moving
            .flat_map(|track| &self.buffer.tracks[track])
            .all(|&index| {
                self.buffer.streams[index].frames.contains_key(&frame)
                    || self.buffer.layers_here(index, frame) > 0
                    || self.buffer.layers_hoped(index, frame) == 0
            })
    }

    /// Whether nothing can ever be shown: all that could be tried was, and nothing came of it.
    pub(crate) fn is_hopeless(&self) -> bool {
        let buffer = &self.buffer;
        let mut streams = (0..).zip(&buffer.streams);
        let has_failed = buffer.lost_segment_count > 0
            || streams.any(|(index, stream)| stream.is_stopped && buffer.is_played(index));
        let is_empty = |&track: &u16| {
            let mut streams = buffer.tracks[usize::from(track)].iter();
            streams.any(|&stream| buffer.streams[stream].frames.is_empty())
        };
        has_failed
            && buffer.fetches.is_empty()
            && buffer.jobs.is_empty()
            && self.picture.shown.is_empty()
            && self.selected.iter().all(is_empty)
    }

    pub(crate) fn segment_arrived(&mut self, request: RequestId, size_bytes: u64, now: Seconds) {
        if let Some(at) = self.buffer.arrived(request, size_bytes, now) {
            self.last_arrival_at = Some(now);
            let attempts = &mut self.buffer.streams[at.stream].attempts;
            if let Some(attempts) = attempts.get_mut(&at.segment) {
                attempts.succeed();
            }
        }
    }

    pub(crate) fn segment_failed(
        &mut self,
        request: RequestId,
        reason: FailReason,
        now: Seconds,
    ) -> Option<Notice> {
        let at = self.buffer.end_fetch(request, now)?;
        self.judge(at, reason, now)
    }

    pub(crate) fn frame_ready(
        &mut self,
        stream: StreamKey,
        frame: u32,
        held: (u64, Option<u32>),
    ) -> Option<Action> {
        let surplus = self.buffer.frame_ready(stream, frame, held);
        surplus.map(|stream| Action::DropFrame { stream, frame })
    }

    /// Takes note that a job is over; frames it owes will not come.
    pub(crate) fn job_done(&mut self, job: JobId) -> Option<Notice> {
        let job = self.buffer.end_job(job)?;
        if job.remaining.is_empty() {
            return None;
        }
        let at = blamed(&job);
        let stream = &mut self.buffer.streams[at.stream];
        stream.lost_frames.extend(job.remaining.iter().copied());
        Some(self.problem(Problem::CORRUPT, at))
    }

    pub(crate) fn job_failed(
        &mut self,
        job: JobId,
        recovery: Recovery,
        now: Seconds,
    ) -> (Option<Action>, Option<Notice>) {
        match recovery {
            Recovery::SkipToNextKey => (None, self.job_done(job)),
            Recovery::FetchAgain => {
                let Some(job) = self.buffer.end_job(job) else {
                    return (None, None);
                };
                let at = blamed(&job);
                let was_held = self.buffer.drop_segment(at);
                let drop = was_held.then(|| Action::DropSegment {
                    stream: self.buffer.streams[at.stream].key,
                    segment: at.segment,
                });
                (drop, self.judge(at, FailReason::Malformed, now))
            }
            Recovery::Stop => {
                let Some(job) = self.buffer.end_job(job) else {
                    return (None, None);
                };
                let at = blamed(&job);
                let is_replaced = self.buffer.stop(at.stream);
                let problem = (!is_replaced).then(|| self.problem(Problem::UNSUPPORTED, at));
                (None, problem)
            }
        }
    }

    /// Makes everything that waits or was given up eligible again.
    pub(crate) fn retry_now(&mut self) {
        for stream in &mut self.buffer.streams {
            stream.attempts.clear();
            stream.lost_frames.clear();
            stream.is_stopped = false;
            stream.segments.retain(|_, slot| *slot != Slot::Lost);
        }
        self.buffer.choose_textures();
        self.buffer.lost_segment_count = 0;
    }

    /// Decides what becomes of a segment that failed; tells the fan unless it is just tried again.
    fn judge(&mut self, at: SegmentRef, reason: FailReason, now: Seconds) -> Option<Notice> {
        let around = Circumstances {
            now,
            last_arrival_at: self.last_arrival_at,
            salt: mix(self.seed ^ mix((at.stream as u64) << 32 | u64::from(at.segment))),
        };
        let attempts = &mut self.buffer.streams[at.stream].attempts;
        match attempts.get_or_default(at.segment).fail(reason, around) {
            Verdict::Again => None,
            Verdict::AgainLoudly => Some(self.problem(code_of(reason), at)),
            Verdict::Lost => {
                self.buffer.lose_segment(at);
                Some(self.problem(code_of(reason), at))
            }
        }
    }

    fn problem(&mut self, code: u16, at: SegmentRef) -> Notice {
        self.last_problem_code = code;
        Notice::Problem(Problem {
            code,
            is_fatal: false,
            stream: Some(self.buffer.streams[at.stream].key),
            segment: Some(at.segment),
        })
    }

    /// Index of the finest layer worth having, of the selected points track that needs the fewest.
    pub(crate) fn layer_needed(&self) -> Option<u8> {
        let bodies = self.selected.iter();
        let bodies = bodies.filter_map(|&track| self.buffer.tracks[usize::from(track)].first());
        let streams = bodies.map(|&body| &self.buffer.streams[body]);
        let points = streams.filter(|stream| matches!(stream.key.kind, StreamKind::Layer(_)));
        let needed = points.map(|stream| stream.layer_count.min(stream.layers_needed) as u8 - 1);
        needed.min()
    }

    /// Stretches of the replay for which every selected track's bytes or frames are here.
    pub(crate) fn buffered(&self) -> Vec<(Seconds, Seconds)> {
        let buffer = &self.buffer;
        let tracks = self.selected.iter().map(|&track| usize::from(track));
        let moving = tracks.filter(|&track| !buffer.manifest.tracks[track].is_static);
        let runs = moving
            .flat_map(|track| &buffer.tracks[track])
            .map(|&stream| runs_of(buffer, stream))
            .reduce(|a, b| intersection(&a, &b));
        let rate = buffer.manifest.frame_rate;
        let to_seconds = |(start, end)| (rate.start_of(start), rate.start_of(end));
        runs.into_iter().flatten().map(to_seconds).collect()
    }
}

/// The segment that is blamed for a failed job: that of the finest layer it read.
///
/// If another was to blame, the next job without this one will tell, down to the coarsest.
fn blamed(job: &Job) -> SegmentRef {
    SegmentRef {
        stream: job.at.stream + job.layer_count - 1,
        segment: job.at.segment,
    }
}

/// The first of each alternative, and all that has none.
fn first_selection(manifest: &Manifest) -> Vec<u16> {
    let tracks = &manifest.tracks;
    let is_first = |&index: &usize| {
        let alternative = &tracks[index].alternative;
        let is_other = |other: &usize| tracks[*other].alternative == *alternative;
        alternative.is_none() || (0..index).find(is_other).is_none()
    };
    let selected = (0..tracks.len()).filter(is_first);
    selected.map(|index| index as u16).collect()
}

/// Runs of frames of a stream, start and end, whose bytes or pictures are here, in order.
fn runs_of(buffer: &Buffer, stream: usize) -> Vec<(u32, u32)> {
    let held = &buffer.streams[stream];
    // Any rendition will do, and of layers the coarsest.
    let last = if held.is_alternative() {
        held.layer_count
    } else {
        1
    };
    let bodies = buffer.streams[stream..stream + last].iter();
    let segments = bodies.flat_map(|body| body.segments.iter());
    let segments = segments.filter_map(|(&segment, slot)| {
        let entry = buffer.entry(SegmentRef { stream, segment })?;
        let end = entry.first_frame + entry.frame_count;
        matches!(slot, Slot::Held(_)).then_some((entry.first_frame, end))
    });
    let frames = held.frames.keys().map(|&frame| (frame, frame + 1));
    let parts: Vec<(u32, u32)> = sorted(segments.chain(frames).collect());
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for (start, end) in parts {
        match runs.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => runs.push((start, end)),
        }
    }
    runs
}

/// What lies in both lists of runs.
fn intersection(a: &[(u32, u32)], b: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let pairs = a.iter().flat_map(|x| b.iter().map(move |y| (x, y)));
    pairs
        .map(|(x, y)| (x.0.max(y.0), x.1.min(y.1)))
        .filter(|(start, end)| start < end)
        .collect()
}
