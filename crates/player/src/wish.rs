//! What is held, under way or worth having, and how urgently.
//!
//! A frame made with several layers is two wishes: its coarsest form, as urgent as the frame
//! itself, and the rest of its bytes, which come after everything that is coarse.
//! So a replay is first there in full, then gets finer, nearest first.

use touchline_scene::{Seconds, sorted};

use crate::buffer::{Buffer, Job, SegmentRef, Slot, StreamBuffer};
use crate::config::Config;
use crate::rank::{Focus, Rank};

/// Share of the budget that decoded frames may take before segments ahead do without.
const DECODED_SHARE: f64 = 0.75;
/// Share of the budget beyond which even coarse things wait for the refinement of nearer ones.
const COARSE_SHARE: f64 = 0.25;
/// Frames so near the clock count as urgent whatever their share.
pub(crate) const NEAR: Rank = Rank(3);

/// So far ahead of a clock that runs, a rendition that the network keeps up with needs no coarser
/// one before it.
const SPARED_AHEAD: Seconds = Seconds(3.0);

/// Of the decoders' time so much may go into what is played; as much less leaves room for what is
/// made anew, and for the page.
const DECODING_SHARE: f64 = 0.9;
/// A layer more is begun with only if it leaves so much room: else it would come and go.
const DECODING_SHARE_AT_FIRST: f64 = 0.7;

/// A segment or a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Item {
    Segment(SegmentRef),
    /// Made with all layers up to that of the stream.
    Frame {
        stream: usize,
        frame: u32,
    },
}

/// An item of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wish {
    pub(crate) rank: Rank,
    pub(crate) item: Item,
    pub(crate) bytes: u64,
    /// Held or under way.
    pub(crate) is_present: bool,
}

/// All that wishing rests on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wisher<'a> {
    pub(crate) config: &'a Config,
    pub(crate) buffer: &'a Buffer,
    pub(crate) focus: Focus<'a>,
    pub(crate) now: Seconds,
    /// The highest layer that the network brings as fast as the clock needs it, with all below.
    pub(crate) layer_sustained: usize,
}

fn sorted_if(is_changed: bool, wishes: Vec<Wish>) -> Vec<Wish> {
    if is_changed { sorted(wishes) } else { wishes }
}

impl Wisher<'_> {
    /// All that is held, under way or worth having, most urgent first.
    pub(crate) fn wishes(&self) -> Vec<Wish> {
        let mut wishes = Vec::new();
        for (stream, buffer) in self.buffer.streams.iter().enumerate() {
            if buffer.base == stream {
                self.wish_frames(stream, &mut wishes);
            }
            self.wish_segments(stream, &mut wishes);
        }
        let mut wishes = sorted(wishes);
        let coarse_max = (self.config.budget_bytes as f64 * COARSE_SHARE) as u64;
        let mut coarse = 0;
        let mut is_changed = false;
        for wish in &mut wishes {
            coarse += wish.bytes;
            if coarse > coarse_max && wish.rank > NEAR && !wish.rank.is_refined() {
                wish.rank = wish.rank.refined();
                is_changed = true;
            }
        }
        // Most packs fit: nothing has another place.
        let mut wishes = sorted_if(is_changed, wishes);
        let decoded_max = self.decoded_max();
        let mut decoded = 0;
        let mut is_changed = false;
        for wish in &mut wishes {
            if matches!(wish.item, Item::Frame { .. }) {
                decoded += wish.bytes;
                if decoded > decoded_max && wish.rank > NEAR {
                    wish.rank = wish.rank.spare();
                    is_changed = true;
                }
            }
        }
        sorted_if(is_changed, wishes)
    }

    /// The highest layer that can be fetched as fast as the clock needs it, with all below, at so
    /// many bytes a second.
    pub(crate) fn layer_within(&self, rate: f64) -> usize {
        let cost = |layer: usize| -> f64 {
            let streams = self.buffer.streams.iter().enumerate();
            let is_needed = |&(index, stream): &(usize, &StreamBuffer)| {
                let is_alternative = stream.is_alternative() && 0 < stream.layer;
                let is_wanted = stream.layer == layer || (stream.layer < layer && !is_alternative);
                is_wanted && self.is_selected(index) && !self.is_static(index)
            };
            let needed = streams.filter(is_needed);
            let bytes: f64 = needed.map(|(_, stream)| stream.bytes_per_frame).sum();
            bytes * self.focus.frames_per_second
        };
        let layers = self.buffer.streams.iter().map(|stream| stream.layer);
        let highest = layers.max().unwrap_or(0);
        let fitting = (1..=highest).take_while(|&layer| cost(layer) <= rate);
        fitting.last().unwrap_or(0)
    }

    /// The highest layer that can be decoded as fast as the clock needs it.
    ///
    /// All can that do not have to be decoded again and again: what stands, and a short loop.
    pub(crate) fn layer_decodable(&self) -> usize {
        let highest = self.buffer.streams.iter().map(|stream| stream.layer).max();
        let highest = highest.unwrap_or(0);
        if self
            .focus
            .run
            .is_loop_within(self.config.decoded_ahead_count)
        {
            return highest;
        }
        let last = self.buffer.layer_decodable;
        let is_light = |&layer: &usize| {
            let share = if layer > last {
                DECODING_SHARE_AT_FIRST
            } else {
                DECODING_SHARE
            };
            self.decoding_share(layer) <= share
        };
        (1..=highest).take_while(is_light).last().unwrap_or(0)
    }

    /// The share of the decoders' time that it takes to play all tracks with their layers to
    /// `layer`, or of one decoder's for a track that only one can work on.
    fn decoding_share(&self, layer: usize) -> f64 {
        let streams = self.buffer.streams.iter().enumerate();
        let is_base = |&(index, stream): &(usize, &StreamBuffer)| {
            stream.base == index && self.is_selected(index) && !self.is_static(index)
        };
        let mut all = 0.0;
        let mut most = 0.0f64;
        for (index, stream) in streams.filter(is_base) {
            let layer_count = stream.layer_count.min(layer + 1);
            let secs = self.buffer.decode_secs(index, layer_count, self.now);
            let secs = secs * self.focus.frames_per_second;
            all += secs;
            if stream.is_sequential {
                most = most.max(secs);
            }
        }
        most.max(all / self.config.decoder_count.max(1) as f64)
    }

    /// How many layers are worth having: can be told from fewer, and, where the clock runs,
    /// decoders keep up with.
    fn layers_wanted(&self, stream: usize) -> usize {
        let base = self.buffer.streams[stream].base;
        let needed = self.buffer.streams[base].layers_needed;
        match self.is_running(stream) {
            true => needed.min(self.buffer.layer_decodable + 1),
            false => needed,
        }
    }

    fn wish_frames(&self, base: usize, wishes: &mut Vec<Wish>) {
        let buffer = &self.buffer.streams[base];
        for (&frame, held) in buffer.frames.iter() {
            let bytes = held.bytes;
            self.wish_whole(base, frame, held.layer_count, (bytes, true), wishes);
        }
        let jobs = self.buffer.jobs.values();
        for job in jobs.filter(|job| job.at.stream == base) {
            for &frame in job.remaining.iter() {
                let present = (job.frame_bytes, true);
                if self.is_refining(job, frame) {
                    self.wish_frame(base + job.layer_count - 1, frame, present, wishes);
                } else {
                    self.wish_whole(base, frame, job.layer_count, present, wishes);
                }
            }
        }
        if !self.is_selected(base) {
            return;
        }
        for distance in 0..=self.config.decoded_ahead_count {
            let Some(frame) = self.ahead(base, distance) else {
                break;
            };
            self.wish_missing(base, frame, distance, wishes);
        }
    }

    /// Wishes for a frame that is not here, or not with as many layers as it could be.
    fn wish_missing(&self, base: usize, frame: u32, distance: u32, wishes: &mut Vec<Wish>) {
        let buffer = self.buffer;
        if buffer.has_job(base, frame) {
            return;
        }
        let here = self.affordable(base, frame);
        let least = buffer.layers_least(base, frame);
        let held = buffer.layers_held(base, frame);
        let is_worth_refining = self.is_static(base) || distance >= self.focus.refinable_ahead();
        // Of a refinement what is reserved for it: it waits until so much can be had.
        let wanted = |layer_count: usize| {
            let finest = &buffer.streams[base + layer_count - 1];
            let bytes = match layer_count {
                1 => finest.frame_bytes_typical(),
                _ => finest.frame_bytes_max,
            };
            (bytes, false)
        };
        if held == 0 {
            // What the clock waits for is made from as little as possible.
            let is_urgent = distance == 0 || !is_worth_refining;
            let layer_count = if is_urgent { least } else { here.max(least) };
            if least > 0 {
                self.wish_whole(base, frame, layer_count, wanted(layer_count), wishes);
            }
        } else if here > held && is_worth_refining {
            self.wish_frame(base + here - 1, frame, wanted(here), wishes);
        }
    }

    /// The most layers that a frame can be made with now; while the clock runs, with which all
    /// frames that it passes before a finer one could be there can be held.
    fn affordable(&self, base: usize, frame: u32) -> usize {
        let layer_count = self.buffer.layers_here(base, frame);
        let is_running = self.is_running(base);
        let held_count = u64::from(self.focus.lead_count()) + 1;
        let fits = |layer_count: &usize| {
            let finest = &self.buffer.streams[base + layer_count - 1];
            self.buffer.can_make(base, frame, *layer_count)
                && *layer_count <= self.layers_wanted(base)
                && finest.frame_bytes_max.saturating_mul(held_count) <= self.decoded_max()
        };
        let fewer = || (2..=layer_count).rev().find(fits);
        if is_running {
            let least = || self.buffer.layers_least(base, frame).min(layer_count);
            fewer().unwrap_or_else(least)
        } else {
            layer_count.min(self.layers_wanted(base))
        }
    }

    fn decoded_max(&self) -> u64 {
        (self.config.budget_bytes as f64 * DECODED_SHARE) as u64
    }

    /// Wishes for a frame in its coarsest form, and for what its other layers add; that is as
    /// urgent where it cannot be made with fewer.
    fn wish_whole(
        &self,
        base: usize,
        frame: u32,
        layer_count: usize,
        (bytes, is_present): (u64, bool),
        wishes: &mut Vec<Wish>,
    ) {
        let coarse_bytes = self.buffer.streams[base].frame_bytes_typical().min(bytes);
        if layer_count <= 1 {
            return self.wish_frame(base, frame, (bytes, is_present), wishes);
        }
        self.wish_frame(base, frame, (coarse_bytes, is_present), wishes);
        let finest = base + layer_count - 1;
        let more_bytes = bytes - coarse_bytes;
        let is_least = self.buffer.layers_least(base, frame) >= layer_count;
        wishes.push(Wish {
            rank: self.rank_of_frame(if is_least { base } else { finest }, frame, is_present),
            item: Item::Frame {
                stream: finest,
                frame,
            },
            bytes: more_bytes,
            is_present,
        });
    }

    fn wish_frame(
        &self,
        stream: usize,
        frame: u32,
        (bytes, is_present): (u64, bool),
        wishes: &mut Vec<Wish>,
    ) {
        wishes.push(Wish {
            rank: self.rank_of_frame(stream, frame, is_present),
            item: Item::Frame { stream, frame },
            bytes,
            is_present,
        });
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
        // What refines only frames that are shown before it can come is left out.
        let is_late = buffer.layer > 0 && !self.is_static(stream);
        let mut distance = if is_late {
            self.focus.refinable_ahead()
        } else {
            0
        };
        let mut first = None;
        while distance <= horizon {
            let frame = self.ahead(stream, distance);
            let segment = frame.and_then(|frame| self.buffer.segment_at(stream, frame));
            let at = segment.map(|segment| SegmentRef { stream, segment });
            let found = at.and_then(|at| Some((at, self.buffer.entry(at)?)));
            let Some((at, entry)) = found else { break };
            if first == Some(at) {
                break; // Round the loop, back in the segment that it began in the middle of.
            }
            first = first.or(Some(at));
            let frames = entry.first_frame..entry.first_frame + entry.frame_count;
            let is_needed = !self.is_spared(at, distance)
                && frames.clone().any(|frame| self.is_layer_needed(at, frame));
            if is_needed && !buffer.segments.contains_key(&at.segment) {
                wish(at.segment, entry.size, false);
            }
            distance += self.focus.run.count_within(&frames, distance);
        }
    }

    /// Whether a coarsest rendition need not come: a finer one is here, or the network brings it
    /// long before it is shown.
    fn is_spared(&self, at: SegmentRef, distance: u32) -> bool {
        let buffer = &self.buffer.streams[at.stream];
        let layer_count = buffer.layer_count.min(self.layers_wanted(at.stream));
        let track = &self.buffer.streams[at.stream..at.stream + layer_count];
        if !buffer.is_alternative() || track.len() < 2 {
            return false;
        }
        let slot = |finer: &StreamBuffer| finer.segments.get(&at.segment).copied();
        let finer = || track[1..].iter().filter(|finer| !finer.is_stopped);
        let is_here = finer().any(|finer| matches!(slot(finer), Some(Slot::Held(_))));
        let is_lost = finer().all(|finer| slot(finer) == Some(Slot::Lost));
        let is_far = f64::from(distance) > SPARED_AHEAD.0 * self.focus.frames_per_second;
        let is_running = self.is_running(at.stream);
        let is_expected = self.layer_sustained > 0 && is_running && is_far && !is_lost;
        is_here || is_expected
    }

    /// Whether a frame can still be made with more layers, and this one is among them.
    fn is_layer_needed(&self, at: SegmentRef, frame: u32) -> bool {
        let StreamBuffer { base, layer, .. } = self.buffer.streams[at.stream];
        let hoped = self.buffer.layers_hoped(base, frame);
        let hoped = hoped.min(self.layers_wanted(base));
        let held = self.buffer.layers_held(base, frame);
        if !self.buffer.streams[at.stream].is_alternative() {
            return layer < hoped && held < hoped;
        }
        // What lies between the coarsest and the finest is for a clock that may not wait for the
        // finest, where that is not here nor on its way.
        let finer = &self.buffer.streams[at.stream + 1..(base + hoped).max(at.stream + 1)];
        let slots = finer.iter().map(|finer| finer.segments.get(&at.segment));
        let mut slots = slots.flatten();
        let has_finer = slots.any(|slot| *slot != Slot::Lost);
        let is_running = self.is_running(base);
        let is_end = layer == 0 || layer + 1 == hoped;
        layer >= held
            && (is_end
                || (is_running && layer < hoped && !has_finer && layer >= self.layer_sustained))
    }

    /// Whether a job makes a frame anew that is on the GPU already.
    pub(crate) fn is_refining(&self, job: &Job, frame: u32) -> bool {
        let base = &self.buffer.streams[job.at.stream];
        job.layer_count > 1 && base.frames.contains_key(&frame)
    }

    /// Rank of a frame made with all layers up to that of `stream`.
    pub(crate) fn rank_of_frame(&self, stream: usize, frame: u32, is_present: bool) -> Rank {
        let found = &self.buffer.streams[stream];
        // From the coarsest rendition to any other it is one step.
        let layer = found.layer.min(if found.is_alternative() {
            1
        } else {
            usize::MAX
        });
        let rank = if self.is_static(stream) {
            self.focus.rank_of_layer(Rank::NOW, layer)
        } else {
            let rank = self.focus.rank(frame);
            let is_worth =
                Focus::is_in_window(rank, self.config) || self.focus.is_in_wake(frame, self.config);
            // What is refined already counts as nearer than it is: at the edge of the budget it
            // would be given up, and made again a moment later.
            let is_refined = layer > 0 && is_present;
            let nearer = if is_refined {
                Rank(rank.0.div_ceil(2))
            } else {
                rank
            };
            let rank = self.focus.rank_of_layer(nearer, layer);
            if is_worth { rank } else { rank.spare() }
        };
        self.selected_rank(stream, rank)
    }

    pub(crate) fn rank_of_segment(&self, at: SegmentRef) -> Rank {
        let rank = match self.buffer.entry(at) {
            _ if self.is_static(at.stream) => Rank::NOW,
            Some(entry) => self.focus.rank_of_run(entry.first_frame, entry.frame_count),
            None => Rank(u32::MAX),
        };
        let layer = self.buffer.streams[at.stream].layer;
        let rank = self.focus.rank_of_bytes(rank, layer, self.layer_sustained);
        self.selected_rank(at.stream, rank)
    }

    /// How long until the clock is in the middle of a segment, or of what it passes of it; 0 if it
    /// is past that.
    pub(crate) fn until_middle(&self, at: SegmentRef) -> Option<Seconds> {
        let entry = self.buffer.entry(at)?;
        let middle = entry.first_frame + entry.frame_count / 2;
        let run = self.focus.run;
        let inside = || run.distance_to(middle.clamp(run.first, run.end - 1));
        let distance = run.distance_to(middle).or_else(inside).unwrap_or(0);
        let is_running = self.is_running(at.stream);
        is_running.then(|| Seconds(f64::from(distance) / self.focus.frames_per_second))
    }

    fn selected_rank(&self, stream: usize, rank: Rank) -> Rank {
        if self.is_selected(stream) {
            rank
        } else {
            rank.unselected()
        }
    }

    /// Whether an item is a frame that is seen now.
    pub(crate) fn is_on_screen(&self, item: Item) -> bool {
        let Item::Frame { stream, frame } = item else {
            return false;
        };
        let track = self.buffer.streams[stream].key.track;
        let shown = self.focus.picture.of(track);
        shown.is_some_and(|shown| shown.frame == frame)
    }

    /// The stream's frame `distance` ahead of the clock, if there is one.
    fn ahead(&self, stream: usize, distance: u32) -> Option<u32> {
        if self.is_static(stream) {
            (distance == 0).then_some(0)
        } else {
            self.focus.run.ahead(distance)
        }
    }

    fn is_selected(&self, stream: usize) -> bool {
        let track = self.buffer.streams[stream].key.track;
        self.focus.selected.contains(&track) && self.buffer.is_played(stream)
    }

    /// Whether the clock passes the stream's frames.
    fn is_running(&self, stream: usize) -> bool {
        self.focus.frames_per_second > 0.0 && !self.is_static(stream)
    }

    pub(crate) fn is_static(&self, stream: usize) -> bool {
        let track = usize::from(self.buffer.streams[stream].key.track);
        self.buffer.manifest.tracks[track].is_static
    }
}
