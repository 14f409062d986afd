//! A network and decoders that exist only as numbers, and the driver that a player sees of them.
//!
//! Always true: the same numbers give the same run, on any machine.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use touchline_pack::{Manifest, SegmentEntry, Stream};
use touchline_player::{
    Action, Command, Config, Event, FailReason, JobId, Mode, Notice, PlayState, Player, Recovery,
    RequestId, Shown, StreamKey, StreamKind,
};
use touchline_scene::{Extent, Seconds};

use crate::random::Random;

/// How finely time is cut.
pub const STEP_SECS: f64 = 0.002;
/// Frames of a simulated mesh with one topology: some runs end within a segment, some with it.
pub const RUN_FRAME_COUNT: u32 = 20;
/// A display at 60 Hz.
const REFRESH_SECS: f64 = 1.0 / 60.0;
/// So long another instant than the clock's may stand unnoticed: the player's own grace, and two
/// refreshes.
const WRONG_SECS_MAX: f64 = 0.1 + 2.0 * REFRESH_SECS;

/// A network.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// Bits a second, shared evenly by the requests under way, in millions.
    pub rate_mbps: f64,
    /// The same for each second of a run, in place of it; after the last it begins again.
    pub trace: &'static [f64],
    /// From a request to its first byte.
    pub latency_secs: f64,
    /// How much longer that may take; another for each request.
    pub jitter_secs: f64,
    /// Segments whose index is a multiple of it come from a cache, at once; 0 for none.
    pub cached_every: u32,
    /// When nothing moves at all.
    pub stalls: &'static [Stall],
    /// What goes wrong with all streams but refinements and videos.
    pub faults: &'static [Fault],
    /// What goes wrong with refinements.
    pub refinement_faults: &'static [Fault],
    /// What goes wrong with video textures.
    pub video_faults: &'static [Fault],
}

impl Network {
    /// A good line at home.
    pub const FIBRE: Self = Self {
        rate_mbps: 100.0,
        trace: &[],
        latency_secs: 0.02,
        jitter_secs: 0.0,
        cached_every: 0,
        stalls: &[],
        faults: &[],
        refinement_faults: &[],
        video_faults: &[],
    };
    /// A phone at home.
    pub const WIFI: Self = Self {
        rate_mbps: 30.0,
        latency_secs: 0.05,
        ..Self::FIBRE
    };
    /// A phone in a full stadium.
    pub const STADIUM: Self = Self {
        rate_mbps: 12.0,
        latency_secs: 0.2,
        ..Self::FIBRE
    };
}

impl Network {
    /// Bytes a second at an instant.
    fn bytes_per_second(&self, at_secs: f64) -> f64 {
        let is_stalled =
            |stall: &Stall| (stall.at_secs..stall.at_secs + stall.for_secs).contains(&at_secs);
        if self.stalls.iter().any(is_stalled) {
            return 0.0;
        }
        let second = at_secs as usize % self.trace.len().max(1);
        let rate_mbps = self.trace.get(second).unwrap_or(&self.rate_mbps);
        rate_mbps * 1e6 / 8.0
    }

    /// Bytes that can have come until an instant, if they were asked for at once.
    pub fn bytes_until(&self, at_secs: f64) -> f64 {
        let step_count = ((at_secs - self.latency_secs).max(0.0) / STEP_SECS) as u32;
        let instants = (0..step_count).map(|step| self.latency_secs + f64::from(step) * STEP_SECS);
        instants
            .map(|at_secs| self.bytes_per_second(at_secs) * STEP_SECS)
            .sum()
    }
}

/// A time in which no byte comes.
#[derive(Clone, Copy, Debug)]
pub struct Stall {
    /// From the start of the run.
    pub at_secs: f64,
    /// How long.
    pub for_secs: f64,
}

/// Something that goes wrong with one segment of every stream.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Index of the segment.
    pub segment: u32,
    /// In how many first attempts of each stream.
    pub attempt_count: u32,
    /// What happens.
    pub kind: FaultKind,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub enum FaultKind {
    /// The fetch fails.
    Fetch(FailReason),
    /// The decoder refuses the segment's first frame, made with this layer as its finest.
    Decode(Recovery),
}

/// Decode workers.
#[derive(Clone, Copy, Debug)]
pub struct Decoders {
    /// How many work side by side.
    pub count: usize,
    /// For one frame of any stream, and again for each layer beyond the first; of a rendition as
    /// much less as it has fewer vertices.
    pub frame_secs: f64,
}

impl Decoders {
    /// Seconds for one frame made with so many layers.
    fn secs_of(&self, manifest: &Manifest, key: StreamKey, layer_count: u8) -> f64 {
        let share = match key.kind {
            StreamKind::Rendition(_) => {
                let finest = &manifest.tracks[usize::from(key.track)].renditions[0];
                let element_count = stream_of(manifest, key).element_count_max;
                f64::from(element_count) / f64::from(finest.element_count_max)
            }
            StreamKind::Layer(_) | StreamKind::Texture(_) => f64::from(layer_count),
        };
        self.frame_secs * share
    }
}

impl Default for Decoders {
    fn default() -> Self {
        Self {
            count: 2,
            frame_secs: 0.012,
        }
    }
}

#[derive(Debug)]
struct Transfer {
    stream: StreamKey,
    segment: u32,
    starts_at: f64,
    bytes_left: f64,
}

#[derive(Debug)]
struct Work {
    stream: StreamKey,
    segment: u32,
    frames: VecDeque<u32>,
    next_at: f64,
    frame_secs: f64,
    layer_count: u8,
    refusal: Option<Recovery>,
}

/// A player, driven as a page would, and what was seen of it.
#[derive(Debug)]
pub struct Driver {
    /// The player under test.
    pub player: Player,
    /// Seconds since the start of the run.
    pub now_secs: f64,
    /// Everything it told the page, and when.
    pub notices: Vec<(f64, Notice)>,
    /// The most bytes that were held or on their way at once.
    pub used_bytes_max: u64,
    /// Bytes asked for, all requests together.
    pub fetched_bytes: u64,
    /// Bytes that came, of requests that were stopped too.
    pub received_bytes: f64,
    /// Segments that were in a picture.
    pub used: BTreeSet<(StreamKey, u32)>,
    /// Requests begun.
    pub fetch_count: u32,
    /// What they were for, in order.
    pub fetched: Vec<(StreamKey, u32)>,
    manifest: Arc<Manifest>,
    network: Network,
    decoders: Decoders,
    transfers: BTreeMap<RequestId, Transfer>,
    works: BTreeMap<JobId, Work>,
    segments: BTreeSet<(StreamKey, u32)>,
    /// Layers that each frame was made with.
    frames: BTreeMap<(StreamKey, u32), u8>,
    attempts: BTreeMap<(StreamKey, u32), u32>,
    refusals: BTreeMap<(StreamKey, u32), u32>,
    events: Vec<Event>,
    tick_at: f64,
    /// Since when the picture is not that of the clock's instant.
    wrong_since: Option<f64>,
}

impl Driver {
    /// Opens `manifest` in a new player.
    pub fn new(config: Config, manifest: Manifest, network: Network, decoders: Decoders) -> Self {
        let manifest = Arc::new(manifest);
        let config = Config {
            decoder_count: decoders.count,
            ..config
        };
        Self {
            player: Player::new(config),
            now_secs: 0.0,
            notices: Vec::new(),
            used_bytes_max: 0,
            fetched_bytes: 0,
            received_bytes: 0.0,
            used: BTreeSet::new(),
            fetch_count: 0,
            fetched: Vec::new(),
            network,
            decoders,
            transfers: BTreeMap::new(),
            works: BTreeMap::new(),
            segments: BTreeSet::new(),
            frames: BTreeMap::new(),
            attempts: BTreeMap::new(),
            refusals: BTreeMap::new(),
            events: vec![Event::Opened(Arc::clone(&manifest))],
            manifest,
            tick_at: 0.0,
            wrong_since: None,
        }
    }

    /// Opens another manifest in the same player: both sides forget what they had.
    pub fn open(&mut self, manifest: Manifest) {
        self.manifest = Arc::new(manifest);
        self.transfers.clear();
        self.works.clear();
        self.segments.clear();
        self.frames.clear();
        self.attempts.clear();
        self.refusals.clear();
        self.notices.clear();
        self.fetched.clear();
        self.used.clear();
        self.events.clear();
        self.send(Event::Opened(Arc::clone(&self.manifest)));
    }

    /// Hands over a later version of the open manifest: nothing is forgotten.
    pub fn grow(&mut self, manifest: Manifest) {
        self.manifest = Arc::new(manifest);
        self.send(Event::Grown(Arc::clone(&self.manifest)));
    }

    /// Adds an event to the next tick.
    pub fn send(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Adds what the fan or the page wants to the next tick.
    pub fn command(&mut self, command: Command) {
        self.send(Event::Command(command));
    }

    /// The GPU device is lost, and with it every frame and job.
    pub fn lose_device(&mut self) {
        self.frames.clear();
        self.works.clear();
        self.events
            .retain(|event| !matches!(event, Event::FrameReady { .. } | Event::JobDone { .. }));
        self.events.push(Event::FramesLost);
    }

    /// Goes one step on: network, decoders, and the player if it needs a tick.
    ///
    /// # Panics
    /// If the player breaks a rule that every run must keep.
    pub fn step(&mut self) {
        self.now_secs += STEP_SECS;
        self.move_bytes();
        self.move_decoders();
        let is_refresh = self.now_secs >= self.tick_at && self.player.is_moving();
        let is_woken = self
            .player
            .wake_at()
            .is_some_and(|at| at.0 <= self.now_secs);
        if is_refresh || is_woken || !self.events.is_empty() {
            if self.now_secs >= self.tick_at {
                self.tick_at = self.now_secs + REFRESH_SECS;
            }
            self.tick();
        }
    }

    /// Goes on for some time.
    pub fn run_for(&mut self, secs: f64) {
        let until = self.now_secs + secs;
        while self.now_secs < until {
            self.step();
        }
    }

    fn tick(&mut self) {
        let events = std::mem::take(&mut self.events);
        let actions = self.player.tick(Seconds(self.now_secs), &events);
        assert!(actions.len() <= touchline_player::ACTION_COUNT_MAX);
        for action in actions {
            self.perform(action);
        }
        let stats = self.player.stats();
        assert_eq!(stats.fetch_count, self.transfers.len());
        assert_eq!(stats.job_count, self.works.len());
        self.used_bytes_max = self
            .used_bytes_max
            .max(stats.held_bytes + stats.pending_bytes);
        self.check_names();
        self.check_instant();
        for shown in self.player.shown() {
            for key in self.keys_of(shown) {
                let segment = stream_of(&self.manifest, key).segment_at(shown.frame);
                if let Some(segment) = segment {
                    let layers = 0..shown.layer_count;
                    let used = layers.map(|layer| (key.with_layer(layer), segment as u32));
                    self.used.extend(used);
                }
                let texture_count = self.manifest.tracks[usize::from(shown.track)]
                    .textures
                    .len();
                let alternatives = 0..texture_count as u8;
                let resident = match key.kind {
                    StreamKind::Texture(_) => alternatives
                        .map(|index| StreamKey {
                            kind: StreamKind::Texture(index),
                            ..key
                        })
                        .find_map(|key| self.frames.get(&(key, shown.frame))),
                    _ => self.frames.get(&(key, shown.frame)),
                };
                assert!(resident.is_some(), "{key:?} of {shown:?} is not there");
                if !matches!(key.kind, StreamKind::Texture(_)) {
                    assert_eq!(resident, Some(&shown.layer_count), "{key:?} of {shown:?}");
                    self.check_next(key, shown);
                }
            }
        }
    }

    /// Where the player says that all is well, the fan's own transport shows the clock's instant.
    fn check_instant(&mut self) {
        let player = &self.player;
        let is_well = matches!(
            player.state(),
            PlayState::Playing | PlayState::Paused | PlayState::Ready | PlayState::Ended
        );
        let is_moving = |shown: &&Shown| !self.manifest.tracks[usize::from(shown.track)].is_static;
        let mut moving = player.shown().iter().filter(is_moving);
        let is_right = moving.any(|shown| shown.frame == player.frame());
        // What failed for good is passed over.
        let is_complete = player.stats().lost_segment_count == 0
            && self.refusals.values().all(|&count| count == 0);
        if is_right || !is_well || !is_complete || player.mode() == Mode::Follow {
            self.wrong_since = None;
            return;
        }
        let since = *self.wrong_since.get_or_insert(self.now_secs);
        assert!(
            self.now_secs - since <= WRONG_SECS_MAX,
            "{:?} at frame {} shows {:?}",
            player.state(),
            player.frame(),
            player.shown()
        );
    }

    /// A finer rendition of a frame takes the place of the coarser one.
    fn check_names(&self) {
        let is_mesh = |key: &&(StreamKey, u32)| matches!(key.0.kind, StreamKind::Rendition(_));
        let frames = self.frames.keys().filter(is_mesh);
        let mut names: Vec<_> = frames.map(|(key, frame)| (key.track, *frame)).collect();
        names.sort_unstable();
        let is_once = names.windows(2).all(|pair| pair[0] != pair[1]);
        assert!(is_once, "two renditions of one frame");
    }

    /// What is mixed can be mixed, and only where the clock is the fan's own and runs.
    fn check_next(&self, key: StreamKey, shown: &Shown) {
        let Some(next) = shown.next else { return };
        assert_eq!(next.abs_diff(shown.frame), 1, "{shown:?}");
        assert!(self.frames.contains_key(&(key, next)), "{shown:?}");
        let topology = topology_of(key, shown.frame);
        assert!(topology.is_some(), "{key:?} is mixed");
        assert_eq!(topology, topology_of(key, next), "{shown:?}");
        assert_eq!(self.player.mode(), Mode::Replay);
        assert_eq!(self.player.state(), PlayState::Playing);
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Fetch {
                request,
                stream,
                segment,
            } => self.begin_fetch(request, stream, segment),
            Action::Abort { request } => {
                assert!(
                    self.transfers.remove(&request).is_some(),
                    "{request:?} is over"
                );
            }
            Action::Decode {
                job,
                stream,
                layer_count,
                segment,
                first,
                count,
            } => self.begin_work(job, (stream, segment), layer_count, (first, count)),
            Action::CancelDecode { job } => {
                assert!(self.works.remove(&job).is_some(), "{job:?} is over");
            }
            Action::DropSegment { stream, segment } => {
                let was_held = self.segments.remove(&(stream, segment));
                assert!(was_held, "{stream:?} segment {segment} is not held");
            }
            Action::DropFrame { stream, frame } => {
                let was_held = self.frames.remove(&(stream, frame));
                assert!(was_held.is_some(), "{stream:?} frame {frame} is not held");
            }
            Action::Notify(notice) => self.notices.push((self.now_secs, notice)),
        }
    }

    fn begin_fetch(&mut self, request: RequestId, stream: StreamKey, segment: u32) {
        let is_asked =
            |transfer: &Transfer| (transfer.stream, transfer.segment) == (stream, segment);
        let is_here = self.segments.contains(&(stream, segment));
        assert!(
            !is_here && !self.transfers.values().any(is_asked),
            "{stream:?} segment {segment} is fetched twice"
        );
        let size = self.entry(stream, segment).size;
        self.fetched_bytes += size;
        self.fetch_count += 1;
        self.fetched.push((stream, segment));
        let Network {
            latency_secs,
            jitter_secs,
            cached_every,
            ..
        } = self.network;
        let is_cached = cached_every > 0 && segment.is_multiple_of(cached_every);
        let jitter_secs = jitter_secs * Random::new(request.0).uniform();
        let latency_secs = if is_cached {
            0.0
        } else {
            latency_secs + jitter_secs
        };
        let transfer = Transfer {
            stream,
            segment,
            starts_at: self.now_secs + latency_secs,
            bytes_left: if is_cached { 0.0 } else { size as f64 },
        };
        self.transfers.insert(request, transfer);
    }

    fn begin_work(
        &mut self,
        job: JobId,
        at: (StreamKey, u32),
        layer_count: u8,
        (first, count): (u32, u32),
    ) {
        for layer in 0..layer_count {
            let at = (at.0.with_layer(layer), at.1);
            assert!(self.segments.contains(&at), "{at:?} is not held");
        }
        assert!(self.works.len() < self.decoders.count, "no decoder is free");
        let is_sequential = matches!(at.0.kind, StreamKind::Rendition(_))
            || stream_of(&self.manifest, at.0).is_video();
        let is_same = |work: &Work| (work.stream, work.segment) == at;
        assert!(
            !is_sequential || !self.works.values().any(is_same),
            "{at:?} is decoded twice at once"
        );
        let entry = self.entry(at.0, at.1);
        assert!(
            first + count <= entry.frame_count,
            "beyond the segment's end"
        );
        let start = entry.first_frame + first;
        let finest = (at.0.with_layer(layer_count - 1), at.1);
        let faults = self.faults_of(finest.0);
        let refused = self.refusals.entry(finest).or_default();
        let refusal = faults.iter().find_map(|fault| match fault.kind {
            FaultKind::Decode(recovery)
                if fault.segment == at.1 && first == 0 && *refused < fault.attempt_count =>
            {
                Some(recovery)
            }
            FaultKind::Decode(_) | FaultKind::Fetch(_) => None,
        });
        *refused += u32::from(refusal.is_some());
        let frame_secs = self.decoders.secs_of(&self.manifest, at.0, layer_count);
        let work = Work {
            stream: at.0,
            segment: at.1,
            frames: (start..start + count).collect(),
            next_at: self.now_secs + frame_secs,
            frame_secs,
            layer_count,
            refusal,
        };
        self.works.insert(job, work);
    }

    fn move_bytes(&mut self) {
        let now = self.now_secs;
        let live = self
            .transfers
            .values()
            .filter(|transfer| transfer.starts_at <= now);
        let bytes = self.network.bytes_per_second(now) * STEP_SECS;
        let share = bytes / live.count().max(1) as f64;
        let mut done = Vec::new();
        for (&request, transfer) in &mut self.transfers {
            if transfer.starts_at <= now {
                self.received_bytes += share.min(transfer.bytes_left);
                transfer.bytes_left -= share;
                if transfer.bytes_left <= 0.0 {
                    done.push(request);
                }
            }
        }
        for request in done {
            if let Some(transfer) = self.transfers.remove(&request) {
                self.end_fetch(request, &transfer);
            }
        }
    }

    fn end_fetch(&mut self, request: RequestId, transfer: &Transfer) {
        let at = (transfer.stream, transfer.segment);
        let faults = self.faults_of(at.0);
        let attempt = self.attempts.entry(at).or_default();
        let failure = faults.iter().find_map(|fault| match fault.kind {
            FaultKind::Fetch(reason) if fault.segment == at.1 && *attempt < fault.attempt_count => {
                Some(reason)
            }
            FaultKind::Fetch(_) | FaultKind::Decode(_) => None,
        });
        *attempt += 1;
        if let Some(reason) = failure {
            self.events.push(Event::SegmentFailed { request, reason });
            return;
        }
        self.segments.insert(at);
        let size_bytes = self.entry(at.0, at.1).size;
        self.events.push(Event::SegmentArrived {
            request,
            size_bytes,
        });
    }

    fn move_decoders(&mut self) {
        let mut done = Vec::new();
        for (&job, work) in &mut self.works {
            if work.next_at > self.now_secs {
                continue;
            }
            if let Some(recovery) = work.refusal {
                self.events.push(Event::JobFailed { job, recovery });
                done.push(job);
                continue;
            }
            work.next_at += work.frame_secs;
            if let Some(frame) = work.frames.pop_front() {
                let stream = work.stream;
                self.frames.insert((stream, frame), work.layer_count);
                let finest = stream.with_layer(work.layer_count - 1);
                self.events.push(Event::FrameReady {
                    stream,
                    frame,
                    size_bytes: frame_bytes(&self.manifest, finest),
                    topology: topology_of(stream, frame),
                    decode: Seconds(work.frame_secs),
                    extent: extent_of(&self.manifest, finest),
                });
            }
            if work.frames.is_empty() {
                self.events.push(Event::JobDone { job });
                done.push(job);
            }
        }
        for job in done {
            self.works.remove(&job);
        }
    }

    fn faults_of(&self, key: StreamKey) -> &'static [Fault] {
        let renditions = &self.manifest.tracks[usize::from(key.track)].renditions;
        match key.kind {
            _ if stream_of(&self.manifest, key).is_video() => self.network.video_faults,
            StreamKind::Layer(1..) => self.network.refinement_faults,
            StreamKind::Rendition(index) if usize::from(index) + 1 < renditions.len() => {
                self.network.refinement_faults
            }
            _ => self.network.faults,
        }
    }

    /// Bytes of a segment.
    pub fn size_of(&self, (key, segment): (StreamKey, u32)) -> u64 {
        self.entry(key, segment).size
    }

    fn entry(&self, key: StreamKey, segment: u32) -> &SegmentEntry {
        &stream_of(&self.manifest, key).segments[segment as usize]
    }

    fn keys_of(&self, shown: &Shown) -> Vec<StreamKey> {
        let track = shown.track;
        let found = &self.manifest.tracks[usize::from(track)];
        let kinds = [
            (!found.layers.is_empty(), StreamKind::Layer(0)),
            (
                !found.renditions.is_empty(),
                StreamKind::Rendition(shown.rendition),
            ),
            (!found.textures.is_empty(), StreamKind::Texture(0)),
        ];
        let kinds = kinds.into_iter().filter(|&(exists, _)| exists);
        kinds.map(|(_, kind)| StreamKey { track, kind }).collect()
    }
}

fn stream_of(manifest: &Manifest, key: StreamKey) -> &Stream {
    let Some(stream) = key.stream_in(manifest) else {
        panic!("{key:?} is no stream of the manifest");
    };
    stream
}

/// Of a simulated mesh: another for each [`RUN_FRAME_COUNT`] frames.
fn topology_of(stream: StreamKey, frame: u32) -> Option<u32> {
    match stream.kind {
        StreamKind::Rendition(rendition) => {
            Some(frame / RUN_FRAME_COUNT * 256 + u32::from(rendition))
        }
        StreamKind::Layer(_) | StreamKind::Texture(_) => None,
    }
}

/// Of a simulated athlete: points evenly on 2 square metres of skin.
fn extent_of(manifest: &Manifest, finest: StreamKey) -> Option<Extent> {
    let element_count = stream_of(manifest, finest).element_count_max;
    matches!(finest.kind, StreamKind::Layer(_)).then(|| Extent {
        bounds: manifest.bounds,
        spacing_metres: (2.0 / element_count as f32).sqrt(),
    })
}

/// What a decoded frame takes on the simulated GPU, made with all layers up to this stream's.
pub fn frame_bytes(manifest: &Manifest, key: StreamKey) -> u64 {
    let stream = stream_of(manifest, key);
    let body = u64::from(stream.element_count_max) * 8;
    body + u64::from(stream.width) * u64::from(stream.height) * 16 / 3
}
