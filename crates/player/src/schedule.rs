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
use crate::wish::{Item, NEAR, Wish, Wisher};

/// Segments so near the clock may stop a refinement on its way: two seconds at 25 a second.
const FETCH_URGENT: Rank = Rank(50);

/// Bytes under way at most, as the time that they take: enough that the line is never idle while a
/// request travels, little enough that what is urgent waits for little.
const PIPELINE: Seconds = Seconds(0.2);
/// From a segment's arrival to its first frame's being on screen.
const DECODE_LEAD: Seconds = Seconds(0.25);

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
    layer_sustained: usize,
    /// Bytes a second that the network brings.
    rate: f64,
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
    let rate = buffer.throughput.rate(now);
    let mut planner = Planner {
        config,
        buffer,
        focus,
        now,
        actions,
        action_count_max,
        targets: SortedSet::default(),
        layer_sustained: 0,
        rate,
        ballast: Vec::new(),
        outcome: Outcome::default(),
    };
    planner.buffer.layer_decodable = planner.wisher().layer_decodable();
    planner.layer_sustained = planner.wisher().layer_within(rate);
    let wishes = planner.wisher().wishes();
    planner.choose_targets(&wishes);
    planner.list_ballast();
    planner.make_room(0, Rank::NOW);
    if !focus.is_hidden {
        planner.begin(&wishes);
    }
    planner.outcome
}

impl Planner<'_> {
    fn wisher(&self) -> Wisher<'_> {
        Wisher {
            config: self.config,
            buffer: self.buffer,
            focus: self.focus,
            now: self.now,
            layer_sustained: self.layer_sustained,
        }
    }

    /// Takes from the start of the list what fits into the budget.
    fn choose_targets(&mut self, wishes: &[Wish]) {
        let mut bytes = 0;
        for wish in wishes {
            bytes += wish.bytes;
            let is_seen = wish.is_present && self.wisher().is_on_screen(wish.item);
            let is_certain = wish.rank == Rank::NOW || is_seen;
            if bytes <= self.config.budget_bytes || is_certain {
                self.targets.insert(wish.item);
            }
        }
    }

    /// Lists what can be let go of, targets before the rest and each by urgency: it is taken from
    /// the end.
    fn list_ballast(&mut self) {
        let wisher = self.wisher();
        let mut ballast = Vec::new();
        for (stream, buffer) in self.buffer.streams.iter().enumerate() {
            for (&frame, held) in buffer.frames.iter() {
                let item = Item::Frame { stream, frame };
                if !wisher.is_on_screen(item) {
                    let rank = wisher.rank_of_frame(stream, frame, true);
                    let finest = stream + held.layer_count - 1;
                    let is_surplus = !self.is_target(finest, frame);
                    ballast.push((is_surplus, rank, Ballast::Frame { stream, frame }));
                }
            }
            for (&segment, slot) in buffer.segments.iter() {
                let at = SegmentRef { stream, segment };
                let is_surplus = !self.targets.contains(&Item::Segment(at));
                let thing = match *slot {
                    // A decoder reads it.
                    Slot::Held(_) if self.buffer.is_read(at) => continue,
                    Slot::Held(_) => Ballast::Segment(at),
                    Slot::Fetching(request) => Ballast::Fetch(request),
                    Slot::Lost => continue,
                };
                ballast.push((is_surplus, wisher.rank_of_segment(at), thing));
            }
        }
        for (&id, job) in self.buffer.jobs.iter() {
            let finest = |frame| match wisher.is_refining(job, frame) {
                true => job.at.stream + job.layer_count - 1,
                false => job.at.stream,
            };
            let frames = || job.remaining.iter().copied();
            let ranks = frames().map(|frame| wisher.rank_of_frame(finest(frame), frame, true));
            let rank = ranks.min().unwrap_or(Rank(u32::MAX));
            let is_surplus = !frames().any(|frame| self.is_target(finest(frame), frame));
            ballast.push((is_surplus, rank, Ballast::Job(id)));
        }
        self.ballast = sorted(ballast);
    }

    /// Begins what is missing of the target, most urgent first.
    fn begin(&mut self, wishes: &[Wish]) {
        let mut can_fetch = true;
        let mut can_decode = true;
        let mut is_awaited = self.is_awaited();
        let mut queued = self.buffer.throughput.outstanding(self.now);
        for wish in wishes.iter().filter(|wish| !wish.is_present) {
            if self.is_full() {
                return;
            }
            if !self.targets.contains(&wish.item) {
                continue;
            }
            match wish.item {
                Item::Segment(at) if is_awaited && !self.is_of_clock(at) => {}
                Item::Segment(at) if can_fetch => {
                    queued += wish.bytes as f64;
                    if self.is_too_late(at, Seconds(queued / self.rate)) {
                        queued -= wish.bytes as f64;
                    } else {
                        can_fetch = self.fetch(at, *wish);
                        is_awaited = self.is_awaited();
                    }
                }
                Item::Frame { stream, frame } if can_decode => {
                    can_decode = self.decode(stream, frame, wish.rank);
                }
                Item::Segment(_) | Item::Frame { .. } => {}
            }
        }
    }

    /// Whether what the clock's own instant is first seen with is on its way: the line is its own,
    /// so that it comes soonest, but not for long, for it may never come.
    /// A clock that is to run needs the next segments as soon.
    fn is_awaited(&mut self) -> bool {
        if self.focus.frames_per_second > 0.0 {
            return false;
        }
        let fetches = self.buffer.fetches.iter();
        let awaited = fetches.filter(|&(_, &at)| self.is_of_clock(at));
        let ages = awaited.filter_map(|(&id, _)| self.buffer.throughput.age(id, self.now));
        let youngest = ages.min_by(|a, b| a.0.total_cmp(&b.0));
        let Some(age) = youngest.filter(|age| age.0 < PIPELINE.0) else {
            return false;
        };
        self.wake_at(self.now + PIPELINE - age);
        true
    }

    fn is_of_clock(&self, at: SegmentRef) -> bool {
        let wisher = self.wisher();
        wisher.rank_of_segment(at) == Rank::NOW && !wisher.is_static(at.stream)
    }

    /// Whether a refinement that arrives after a while would refine less than half of its frames;
    /// in a loop that is over by then it comes for the next time.
    fn is_too_late(&self, at: SegmentRef, arrives_in: Seconds) -> bool {
        let is_refinement = self.buffer.streams[at.stream].layer > 0;
        let shown_in = arrives_in * 1.2 + DECODE_LEAD;
        let frame_count = (shown_in.0 * self.focus.frames_per_second) as u32;
        let until = self.wisher().until_middle(at);
        let is_late = is_refinement && until.is_some_and(|until| shown_in > until);
        is_late && !self.focus.run.is_loop_within(frame_count)
    }

    /// Begins a fetch unless it must wait for its retry; false if no other can begin either.
    fn fetch(&mut self, at: SegmentRef, wish: Wish) -> bool {
        let attempts = self.buffer.streams[at.stream].attempts.get(&at.segment);
        if let Some(retry_at) = attempts.map(|attempts| attempts.retry_at)
            && retry_at > self.now
        {
            self.wake_at(retry_at);
            return true;
        }
        let outstanding = self.buffer.throughput.outstanding(self.now) / self.rate;
        let is_busy = !self.buffer.fetches.is_empty() && outstanding > PIPELINE.0;
        let is_full = self.buffer.fetches.len() >= self.config.fetch_count_max.max(1);
        if (is_busy || is_full)
            && !self.free_a_slot(wish.rank, FETCH_URGENT, |thing| {
                matches!(thing, Ballast::Fetch(_))
            })
        {
            if !is_full {
                self.wake_at(self.now + Seconds(outstanding - PIPELINE.0));
            }
            return false;
        }
        if !self.make_room(wish.bytes, wish.rank) {
            return false;
        }
        let request = self.buffer.start_fetch(at, self.now);
        self.actions.push(Action::Fetch {
            request,
            stream: self.buffer.streams[at.stream].key,
            segment: at.segment,
        });
        true
    }

    /// Plans anew at an instant, if nothing happens before.
    fn wake_at(&mut self, at: Seconds) {
        let earliest = self.outcome.retry_at.filter(|&earliest| earliest < at);
        self.outcome.retry_at = earliest.or(Some(at));
    }

    /// Begins a job at `frame`, made with the layers up to that of `stream` or fewer, if its
    /// segments are here; false if no other can begin either.
    fn decode(&mut self, stream: usize, frame: u32, rank: Rank) -> bool {
        let base = self.buffer.streams[stream].base;
        let Some(segment) = self.buffer.segment_at(base, frame) else {
            return true;
        };
        let at = SegmentRef {
            stream: base,
            segment,
        };
        let layer_count = self.layers_for(base, frame);
        if layer_count == 0 {
            return true;
        }
        let read = self.buffer.read_by(base, layer_count);
        let first_read = SegmentRef {
            stream: read.start,
            segment,
        };
        if self.buffer.streams[base].is_sequential && self.buffer.is_read(first_read) {
            return true;
        }
        if self.buffer.jobs.len() >= self.config.decoder_count.max(1)
            && !self.free_a_slot(rank, NEAR, |thing| matches!(thing, Ballast::Job(_)))
        {
            return false;
        }
        let frame_bytes = self.buffer.streams[base + layer_count - 1].frame_bytes_max;
        let mut frames = self.run_from(at, frame, layer_count);
        if rank == Rank::NOW && self.focus.frames_per_second == 0.0 {
            // The other tracks' frames of this instant come before this track's next ones.
            frames.truncate(1);
        }
        while frames.len() > 1 && !self.has_room(frame_bytes * frames.len() as u64) {
            frames.pop();
        }
        if !self.make_room(frame_bytes * frames.len() as u64, rank) {
            return false;
        }
        let first = frames.iter().copied().min().unwrap_or(frame);
        let count = frames.len() as u32;
        let segment_start = self.buffer.entry(at).map_or(0, |entry| entry.first_frame);
        // Its segments are being read from now on.
        self.ballast.retain(|&(_, _, thing)| match thing {
            Ballast::Segment(held) => held.segment != segment || !read.contains(&held.stream),
            _ => true,
        });
        let frames = first..first + count;
        let job = self.buffer.start_job(at, layer_count, frames);
        self.actions.push(Action::Decode {
            job,
            stream: self.buffer.name_of(base, layer_count),
            layer_count: read.len() as u8,
            segment,
            first: first - segment_start,
            count,
        });
        true
    }

    /// How many layers a frame is to be made with now; 0 if it is not to be made.
    fn layers_for(&self, base: usize, frame: u32) -> usize {
        if self.buffer.has_job(base, frame) {
            return 0;
        }
        let here = self.buffer.layers_here(base, frame);
        let held = self.buffer.layers_held(base, frame);
        let mut layer_counts = (held + 1..=here).rev();
        let wanted = layer_counts.find(|&count| {
            self.is_target(base + count - 1, frame) && self.buffer.can_make(base, frame, count)
        });
        wanted.unwrap_or(0)
    }

    fn is_target(&self, stream: usize, frame: u32) -> bool {
        self.targets.contains(&Item::Frame { stream, frame })
    }

    /// Frames from `frame` on in the clock's direction, in one segment, that are to be made with
    /// as many layers.
    fn run_from(&self, at: SegmentRef, frame: u32, layer_count: usize) -> Vec<u32> {
        let mut frames = vec![frame];
        let Some(entry) = self.buffer.entry(at) else {
            return frames;
        };
        let segment_frames = entry.first_frame..entry.first_frame + entry.frame_count;
        // A layer more costs about as much as a frame more.
        let read_count = self.buffer.read_by(at.stream, layer_count).len();
        let count_max = self.config.job_frame_count_max as usize / read_count;
        let mut next = frame;
        while frames.len() < count_max.max(1) {
            let Some(after) = next.checked_add_signed(self.focus.run.direction) else {
                break;
            };
            let is_alike =
                segment_frames.contains(&after) && self.layers_for(at.stream, after) == layer_count;
            if !is_alike {
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
    /// instant, if it is far from it, or, for what is as near as `urgent`, if it refines.
    fn free_a_slot(&mut self, rank: Rank, urgent: Rank, is_kind: impl Fn(Ballast) -> bool) -> bool {
        let far = Rank(2 * self.config.decoded_ahead_count);
        let is_free = |found: Rank| {
            (rank == Rank::NOW && found > far) || (rank <= urgent && found.is_refined())
        };
        let found = self
            .ballast
            .iter()
            .rposition(|&(is_surplus, found, thing)| {
                is_kind(thing) && (is_surplus || is_free(found))
            });
        let Some(index) = found else { return false };
        let (_, _, thing) = self.ballast.remove(index);
        self.let_go(thing);
        true
    }

    fn let_go(&mut self, thing: Ballast) {
        let action = match thing {
            Ballast::Frame { stream, frame } => {
                let layer_count = self.buffer.layers_held(stream, frame);
                self.buffer.drop_frame(stream, frame);
                let stream = self.buffer.name_of(stream, layer_count);
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
                self.buffer.end_fetch(request, self.now);
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
                frames.get(&frame).map_or(0, |frame| frame.bytes)
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
                let job = buffer.jobs.get(&job);
                job.map_or(0, |job| job.frame_bytes * job.remaining.len() as u64)
            }
        }
    }

    /// Keeps a place for the actions that follow one thing let go of.
    fn is_full(&mut self) -> bool {
        let is_full = self.actions.len() + 2 > self.action_count_max;
        self.outcome.is_truncated |= is_full;
        is_full
    }
}
