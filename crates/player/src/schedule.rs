//! Decides what to fetch, decode and let go of.
//!
//! All that is held, under way or wished for is put in one list, most urgent first; what fits into
//! the budget from its start is the target.
//! What lies outside of it makes room for what is missing in it, so nothing is dropped that would
//! be wanted again at once.
//!
//! Always true: bytes held and under way stay within the budget, except for the pieces of the
//! clock's own instant ([`Rank::NOW`]) beside what is on screen.

use touchline_scene::{Seconds, SortedSet, sorted};

use crate::buffer::{Buffer, SegmentRef, Slot};
use crate::config::Config;
use crate::event::{Action, JobId, RequestId};
use crate::rank::{Focus, Rank};

/// Share of the budget that decoded frames may take before segments ahead do without.
const DECODED_SHARE: f64 = 0.75;
/// Frames so near the clock count as urgent whatever their share.
const NEAR: Rank = Rank(3);

/// What planning led to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// There was more to do than one tick may ask for.
    pub(crate) is_truncated: bool,
    /// The clock's own instant needs more than the budget.
    pub(crate) is_over_budget: bool,
    /// When the next retry is due.
    pub(crate) retry_at: Option<Seconds>,
}

/// A segment or a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Segment(SegmentRef),
    Frame { stream: usize, frame: u32 },
}

/// An item of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wish {
    rank: Rank,
    item: Item,
    bytes: u64,
    /// Held or under way.
    is_present: bool,
}

/// Something that can be let go of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ballast {
    Frame { stream: usize, frame: u32 },
    Segment(SegmentRef),
    Fetch(RequestId),
    Job(JobId),
}

struct Planner<'a> {
    config: &'a Config,
    buffer: &'a mut Buffer,
    focus: Focus<'a>,
    now: Seconds,
    actions: &'a mut Vec<Action>,
    action_count_max: usize,
    targets: SortedSet<Item>,
    /// Least urgent last.
    ballast: Vec<(bool, Rank, Ballast)>,
    outcome: Outcome,
}

/// Adds what must be done to `actions`, up to `action_count_max` of them.
pub(crate) fn plan(
    config: &Config,
    buffer: &mut Buffer,
    focus: Focus<'_>,
    now: Seconds,
    (actions, action_count_max): (&mut Vec<Action>, usize),
) -> Outcome {
    let mut planner = Planner {
        config,
        buffer,
        focus,
        now,
        actions,
        action_count_max,
        targets: SortedSet::default(),
        ballast: Vec::new(),
        outcome: Outcome::default(),
    };
    let wishes = planner.wishes();
    planner.choose_targets(&wishes);
    planner.list_ballast();
    planner.make_room(0, Rank::NOW);
    if !focus.is_hidden {
        planner.begin(&wishes);
    }
    planner.outcome
}

impl Planner<'_> {
    /// All that is held, under way or worth having, most urgent first.
    fn wishes(&self) -> Vec<Wish> {
        let mut wishes = Vec::new();
        for stream in 0..self.buffer.streams.len() {
            self.wish_frames(stream, &mut wishes);
            self.wish_segments(stream, &mut wishes);
        }
        let mut wishes = sorted(wishes);
        let decoded_max = (self.config.budget_bytes as f64 * DECODED_SHARE) as u64;
        let mut decoded = 0;
        for wish in &mut wishes {
            if matches!(wish.item, Item::Frame { .. }) {
                decoded += wish.bytes;
                if decoded > decoded_max && wish.rank > NEAR {
                    wish.rank = wish.rank.spare();
                }
            }
        }
        sorted(wishes)
    }

    fn wish_frames(&self, stream: usize, wishes: &mut Vec<Wish>) {
        let buffer = &self.buffer.streams[stream];
        let frame_count = self.frame_count(stream);
        let mut wish = |frame: u32, bytes: u64, is_present: bool| {
            let rank = self.rank_of_frame(stream, frame);
            let item = Item::Frame { stream, frame };
            wishes.push(Wish {
                rank,
                item,
                bytes,
                is_present,
            });
        };
        for (&frame, &bytes) in buffer.frames.iter() {
            wish(frame, bytes, true);
        }
        for job in self
            .buffer
            .jobs
            .values()
            .filter(|job| job.at.stream == stream)
        {
            for &frame in job.remaining.iter() {
                wish(frame, buffer.frame_bytes_max, true);
            }
        }
        if !self.is_selected(stream) || buffer.is_stopped {
            return;
        }
        for distance in 0..=self.config.decoded_ahead_count {
            let frame = if self.is_static(stream) {
                (distance == 0).then_some(0)
            } else {
                self.focus.ahead(distance, frame_count)
            };
            let Some(frame) = frame else { break };
            let is_absent =
                !buffer.frames.contains_key(&frame) && !buffer.lost_frames.contains(&frame);
            let segment = self.buffer.segment_at(stream, frame);
            let at = segment.map(|segment| SegmentRef { stream, segment });
            if is_absent && at.is_some_and(|at| !self.buffer.has_job(at, Some(frame))) {
                wish(frame, buffer.frame_bytes_typical(), false);
            }
        }
    }

    fn wish_segments(&self, stream: usize, wishes: &mut Vec<Wish>) {
        let buffer = &self.buffer.streams[stream];
        let mut wish = |segment: u32, bytes: u64, is_present: bool| {
            let at = SegmentRef { stream, segment };
            wishes.push(Wish {
                rank: self.rank_of_segment(at),
                item: Item::Segment(at),
                bytes,
                is_present,
            });
        };
        for (&segment, slot) in buffer.segments.iter() {
            match slot {
                Slot::Held(bytes) => wish(segment, *bytes, true),
                Slot::Fetching(_) => {
                    let entry = self.buffer.entry(SegmentRef { stream, segment });
                    wish(segment, entry.map_or(0, |entry| entry.size), true);
                }
                Slot::Lost => {}
            }
        }
        if !self.is_selected(stream) || buffer.is_stopped {
            return;
        }
        let rate = self.buffer.manifest.frame_rate.as_f64();
        let horizon = (self.config.fetch_ahead.0 * rate) as u32;
        let frame_count = self.frame_count(stream);
        let mut distance = 0;
        while distance <= horizon {
            let frame = if self.is_static(stream) {
                (distance == 0).then_some(0)
            } else {
                self.focus.ahead(distance, frame_count)
            };
            let segment = frame.and_then(|frame| self.buffer.segment_at(stream, frame));
            let at = segment.map(|segment| SegmentRef { stream, segment });
            let found = at.and_then(|at| Some((at, self.buffer.entry(at)?)));
            let (Some(frame), Some((at, entry))) = (frame, found) else {
                break;
            };
            let mut frames = entry.first_frame..entry.first_frame + entry.frame_count;
            let is_needed = frames.any(|frame| {
                !buffer.frames.contains_key(&frame) && !buffer.lost_frames.contains(&frame)
            });
            if is_needed && !buffer.segments.contains_key(&at.segment) {
                wish(at.segment, entry.size, false);
            }
            distance += if self.focus.direction < 0 {
                frame - entry.first_frame + 1
            } else {
                entry.first_frame + entry.frame_count - frame
            };
        }
    }

    /// Takes from the start of the list what fits into the budget.
    fn choose_targets(&mut self, wishes: &[Wish]) {
        let mut bytes = 0;
        for wish in wishes {
            bytes += wish.bytes;
            let is_certain = wish.rank == Rank::NOW || self.is_on_screen(wish.item);
            if bytes <= self.config.budget_bytes || is_certain {
                self.targets.insert(wish.item);
            }
        }
    }

    /// Lists what can be let go of, targets before the rest and each by urgency: it is taken from
    /// the end.
    fn list_ballast(&mut self) {
        let mut ballast = Vec::new();
        for (stream, buffer) in self.buffer.streams.iter().enumerate() {
            for &frame in buffer.frames.keys() {
                let item = Item::Frame { stream, frame };
                if !self.is_on_screen(item) {
                    let rank = self.rank_of_frame(stream, frame);
                    let is_surplus = !self.targets.contains(&item);
                    ballast.push((is_surplus, rank, Ballast::Frame { stream, frame }));
                }
            }
            for (&segment, slot) in buffer.segments.iter() {
                let at = SegmentRef { stream, segment };
                let is_surplus = !self.targets.contains(&Item::Segment(at));
                let thing = match *slot {
                    // A decoder reads it.
                    Slot::Held(_) if self.buffer.has_job(at, None) => continue,
                    Slot::Held(_) => Ballast::Segment(at),
                    Slot::Fetching(request) => Ballast::Fetch(request),
                    Slot::Lost => continue,
                };
                ballast.push((is_surplus, self.rank_of_segment(at), thing));
            }
        }
        for (&id, job) in self.buffer.jobs.iter() {
            let stream = job.at.stream;
            let frames = || job.remaining.iter().copied();
            let ranks = frames().map(|frame| self.rank_of_frame(stream, frame));
            let rank = ranks.min().unwrap_or(Rank(u32::MAX));
            let is_surplus =
                !frames().any(|frame| self.targets.contains(&Item::Frame { stream, frame }));
            ballast.push((is_surplus, rank, Ballast::Job(id)));
        }
        self.ballast = sorted(ballast);
    }

    /// Begins what is missing of the target, most urgent first.
    fn begin(&mut self, wishes: &[Wish]) {
        let mut can_fetch = true;
        let mut can_decode = true;
        for wish in wishes.iter().filter(|wish| !wish.is_present) {
            if self.is_full() {
                return;
            }
            if !self.targets.contains(&wish.item) {
                continue;
            }
            match wish.item {
                Item::Segment(at) if can_fetch => can_fetch = self.fetch(at, *wish),
                Item::Frame { stream, frame } if can_decode => {
                    can_decode = self.decode(stream, frame, wish.rank);
                }
                Item::Segment(_) | Item::Frame { .. } => {}
            }
        }
    }

    /// Begins a fetch unless it must wait for its retry; false if no other can begin either.
    fn fetch(&mut self, at: SegmentRef, wish: Wish) -> bool {
        let attempts = self.buffer.streams[at.stream].attempts.get(&at.segment);
        if let Some(retry_at) = attempts.map(|attempts| attempts.retry_at)
            && retry_at > self.now
        {
            let earliest = self
                .outcome
                .retry_at
                .filter(|&earliest| earliest < retry_at);
            self.outcome.retry_at = earliest.or(Some(retry_at));
            return true;
        }
        if self.buffer.fetches.len() >= self.config.fetch_count_max.max(1)
            && !self.free_a_slot(wish.rank, |thing| matches!(thing, Ballast::Fetch(_)))
        {
            return false;
        }
        if !self.make_room(wish.bytes, wish.rank) {
            return false;
        }
        let request = self.buffer.start_fetch(at);
        self.actions.push(Action::Fetch {
            request,
            stream: self.buffer.streams[at.stream].key,
            segment: at.segment,
        });
        true
    }

    /// Begins a job at `frame` if its segment is here; false if no other can begin either.
    fn decode(&mut self, stream: usize, frame: u32, rank: Rank) -> bool {
        let Some(segment) = self.buffer.segment_at(stream, frame) else {
            return true;
        };
        let at = SegmentRef { stream, segment };
        let buffer = &self.buffer.streams[stream];
        let is_held = matches!(buffer.segments.get(&segment), Some(Slot::Held(_)));
        let is_busy = buffer.is_sequential && self.buffer.has_job(at, None);
        if !is_held || is_busy || self.buffer.has_job(at, Some(frame)) {
            return true;
        }
        if self.buffer.jobs.len() >= self.config.decoder_count.max(1)
            && !self.free_a_slot(rank, |thing| matches!(thing, Ballast::Job(_)))
        {
            return false;
        }
        let frame_bytes = self.buffer.streams[stream].frame_bytes_max;
        let mut frames = self.run_from(at, frame);
        while frames.len() > 1 && !self.has_room(frame_bytes * frames.len() as u64) {
            frames.pop();
        }
        if !self.make_room(frame_bytes * frames.len() as u64, rank) {
            return false;
        }
        let first = frames.iter().copied().min().unwrap_or(frame);
        let count = frames.len() as u32;
        let segment_start = self.buffer.entry(at).map_or(0, |entry| entry.first_frame);
        // Its segment is being read from now on.
        self.ballast
            .retain(|&(_, _, thing)| thing != Ballast::Segment(at));
        let job = self.buffer.start_job(at, first, count);
        self.actions.push(Action::Decode {
            job,
            stream: self.buffer.streams[stream].key,
            segment,
            first: first - segment_start,
            count,
        });
        true
    }

    /// Missing frames of the target from `frame` on in the clock's direction, in one segment.
    fn run_from(&self, at: SegmentRef, frame: u32) -> Vec<u32> {
        let mut frames = vec![frame];
        let Some(entry) = self.buffer.entry(at) else {
            return frames;
        };
        let segment_frames = entry.first_frame..entry.first_frame + entry.frame_count;
        let buffer = &self.buffer.streams[at.stream];
        let mut next = frame;
        while frames.len() < self.config.job_frame_count_max.max(1) as usize {
            let Some(after) = next.checked_add_signed(self.focus.direction) else {
                break;
            };
            let item = Item::Frame {
                stream: at.stream,
                frame: after,
            };
            let is_wanted = segment_frames.contains(&after)
                && self.targets.contains(&item)
                && !buffer.frames.contains_key(&after)
                && !self.buffer.has_job(at, Some(after));
            if !is_wanted {
                break;
            }
            frames.push(after);
            next = after;
        }
        frames
    }

    /// Whether `bytes` fit once everything outside the target is gone.
    fn has_room(&self, bytes: u64) -> bool {
        let surplus = self.ballast.iter().filter(|&&(is_surplus, ..)| is_surplus);
        let freed: u64 = surplus.map(|&(_, _, thing)| self.bytes_of(thing)).sum();
        self.buffer.used_bytes() + bytes <= self.config.budget_bytes + freed
    }

    /// Lets go of ballast until `bytes` more fit; false, and nothing done, if they cannot.
    ///
    /// The clock's own instant may push out anything else, and goes over the budget if it must.
    fn make_room(&mut self, bytes: u64, rank: Rank) -> bool {
        if rank != Rank::NOW && !self.has_room(bytes) {
            return false;
        }
        while self.buffer.used_bytes() + bytes > self.config.budget_bytes {
            if self.is_full() {
                return false;
            }
            match self.ballast.pop() {
                Some((_, found, thing)) if found > Rank::NOW => self.let_go(thing),
                _ => {
                    self.outcome.is_over_budget = true;
                    return true;
                }
            }
        }
        true
    }

    /// Stops the least urgent fetch or job if it is not wanted any more, or, for the clock's own
    /// instant, if it is far from it.
    fn free_a_slot(&mut self, rank: Rank, is_kind: impl Fn(Ballast) -> bool) -> bool {
        let far = Rank(2 * self.config.decoded_ahead_count);
        let found = self
            .ballast
            .iter()
            .rposition(|&(is_surplus, found, thing)| {
                is_kind(thing) && (is_surplus || (rank == Rank::NOW && found > far))
            });
        let Some(index) = found else { return false };
        let (_, _, thing) = self.ballast.remove(index);
        self.let_go(thing);
        true
    }

    fn let_go(&mut self, thing: Ballast) {
        let action = match thing {
            Ballast::Frame { stream, frame } => {
                self.buffer.drop_frame(stream, frame);
                let stream = self.buffer.streams[stream].key;
                Action::DropFrame { stream, frame }
            }
            Ballast::Segment(at) => {
                self.buffer.drop_segment(at);
                Action::DropSegment {
                    stream: self.buffer.streams[at.stream].key,
                    segment: at.segment,
                }
            }
            Ballast::Fetch(request) => {
                self.buffer.end_fetch(request);
                Action::Abort { request }
            }
            Ballast::Job(job) => {
                self.buffer.end_job(job);
                Action::CancelDecode { job }
            }
        };
        self.actions.push(action);
    }

    fn bytes_of(&self, thing: Ballast) -> u64 {
        let buffer = &self.buffer;
        match thing {
            Ballast::Frame { stream, frame } => {
                let frames = &buffer.streams[stream].frames;
                frames.get(&frame).copied().unwrap_or(0)
            }
            Ballast::Segment(at) => match buffer.streams[at.stream].segments.get(&at.segment) {
                Some(Slot::Held(bytes)) => *bytes,
                _ => 0,
            },
            Ballast::Fetch(request) => {
                let at = buffer.fetches.get(&request).copied();
                let entry = at.and_then(|at| buffer.entry(at));
                entry.map_or(0, |entry| entry.size)
            }
            Ballast::Job(job) => {
                let stream = |stream: usize| buffer.streams[stream].frame_bytes_max;
                let job = buffer.jobs.get(&job);
                job.map_or(0, |job| stream(job.at.stream) * job.remaining.len() as u64)
            }
        }
    }

    /// Keeps a place for the actions that follow one thing let go of.
    fn is_full(&mut self) -> bool {
        let is_full = self.actions.len() + 2 > self.action_count_max;
        self.outcome.is_truncated |= is_full;
        is_full
    }

    fn rank_of_frame(&self, stream: usize, frame: u32) -> Rank {
        let rank = if self.is_static(stream) {
            Rank::NOW
        } else {
            let rank = self.focus.rank(frame, self.frame_count(stream));
            let is_worth =
                Focus::is_in_window(rank, self.config) || self.focus.is_in_wake(frame, self.config);
            if is_worth { rank } else { rank.spare() }
        };
        self.selected_rank(stream, rank)
    }

    fn rank_of_segment(&self, at: SegmentRef) -> Rank {
        let rank = match self.buffer.entry(at) {
            _ if self.is_static(at.stream) => Rank::NOW,
            Some(entry) => {
                let frame_count = self.frame_count(at.stream);
                self.focus
                    .rank_of_run(entry.first_frame, entry.frame_count, frame_count)
            }
            None => Rank(u32::MAX),
        };
        self.selected_rank(at.stream, rank)
    }

    fn selected_rank(&self, stream: usize, rank: Rank) -> Rank {
        if self.is_selected(stream) {
            rank
        } else {
            rank.unselected()
        }
    }

    fn is_on_screen(&self, item: Item) -> bool {
        let Item::Frame { stream, frame } = item else {
            return false;
        };
        let track = self.buffer.streams[stream].key.track;
        let shown = self.focus.picture.of(track);
        shown.is_some_and(|shown| shown.frame == frame)
    }

    fn is_selected(&self, stream: usize) -> bool {
        let track = self.buffer.streams[stream].key.track;
        self.focus.selected.contains(&track)
    }

    fn is_static(&self, stream: usize) -> bool {
        let track = usize::from(self.buffer.streams[stream].key.track);
        self.buffer.manifest.tracks[track].is_static
    }

    fn frame_count(&self, stream: usize) -> u32 {
        let manifest = &self.buffer.manifest;
        let track = usize::from(self.buffer.streams[stream].key.track);
        manifest.tracks[track].frame_count(manifest.frame_count)
    }
}
