//! The player's core: what to fetch, decode, keep and show, and from where it is seen.
//!
//! No I/O, no time of its own, no GPU: [`Player::tick`] is told the time and what happened, and
//! says what must be done.
//! So a network is a table of numbers in a test (`tests/playback.rs`).
//!
//! Always true: the same times and events give the same actions; every frame in
//! [`Player::shown`] is on the GPU until an [`Action::DropFrame`] lets it go.
#![forbid(unsafe_code)]

mod average;
mod buffer;
mod camera;
mod clock;
mod config;
mod event;
mod pack;
mod picture;
mod rank;
mod retry;
mod run;
mod schedule;
mod sight;
mod status;
mod throughput;
mod transport;
mod wish;

use std::collections::VecDeque;
use std::sync::Arc;

use glam::Vec2;
use touchline_pack::Manifest;
use touchline_scene::{FrameRate, Held, Seconds, Viewpoint};

pub use config::Config;
pub use event::{
    Action, Command, Event, FailReason, Gesture, JobId, Mode, Notice, PlayState, Problem, Recovery,
    RequestId, Shown, Stats, StreamKey, StreamKind, SyncSource, SyncState, VideoSample,
};

use buffer::Buffer;
use camera::{Camera, GLIDE};
use clock::FollowClock;
use pack::Pack;
use picture::Wanted;
use rank::Focus;
use run::Run;
use schedule::{Outcome, plan};
use sight::Sight;
use status::{Stall, Told};
use transport::Transport;

/// Actions in one tick at most; the rest follows in the next.
pub const ACTION_COUNT_MAX: usize = 256;

/// The longest time that the clock runs in one tick: after a hiccup it does not jump further.
const ELAPSED_MAX: Seconds = Seconds(0.25);
/// After so long without a tick the machine was asleep, and nothing ran.
const ASLEEP: Seconds = Seconds(1.0);

/// Decides what is fetched, decoded, kept and shown; does nothing itself.
///
/// Segments and frames belong to the driver, which reports them and lets go of them when told.
/// All their bytes, and those on their way, stay within [`Config::budget_bytes`].
/// If one instant alone (the segments and frames of the clock's frame and of the static tracks,
/// beside what is on screen) needs more, it is fetched all the same, everything else is let go of,
/// and [`Problem::OVER_BUDGET`] says so once: a slow replay is better than none.
#[derive(Debug)]
pub struct Player {
    config: Config,
    now: Option<Seconds>,
    mode: Mode,
    is_hidden: bool,
    /// Width and height of the picture, pixels.
    picture_px: Option<Vec2>,
    clock: FollowClock,
    /// What the video showed last, for a pack that is opened later.
    video: Option<VideoSample>,
    transport: Transport,
    pack: Option<Pack>,
    /// The clock's frame.
    frame: u32,
    /// The video's place in the replay; may lie outside of it.
    followed: Option<Seconds>,
    stall: Option<Stall>,
    /// Since when the picture is not the clock's.
    lag_since: Option<Seconds>,
    /// A seek's picture is not there yet.
    is_seeking: bool,
    has_played: bool,
    has_failed: bool,
    stall_count: u32,
    next_id: u64,
    /// Waits for room in a tick's actions.
    queue: VecDeque<Action>,
    told: Told,
    outcome: Outcome,
    /// What the last plan was for.
    planned: Option<(Run, u32, bool)>,
    phase: f32,
}

impl Player {
    /// A player with nothing open.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            now: None,
            mode: Mode::default(),
            is_hidden: false,
            picture_px: None,
            clock: FollowClock::default(),
            video: None,
            transport: Transport::new(FrameRate::whole(1), 0),
            pack: None,
            frame: 0,
            followed: None,
            stall: None,
            lag_since: None,
            is_seeking: false,
            has_played: false,
            has_failed: false,
            stall_count: 0,
            next_id: 0,
            queue: VecDeque::new(),
            told: Told::default(),
            outcome: Outcome::default(),
            planned: None,
            phase: 0.0,
        }
    }

    /// Moves to `now` and says what must be done, most urgent first.
    ///
    /// `now` is when what is drawn after this tick will be seen, in any monotonic time base that
    /// [`VideoSample::presented_at`] shares; an instant before the last one counts as the last one.
    /// At most [`ACTION_COUNT_MAX`] actions, so a burst of events cannot flood the driver; it does
    /// them all before it reports anything further.
    pub fn tick(&mut self, now: Seconds, events: &[Event]) -> Vec<Action> {
        // A tick for an event may come between two that look ahead to the display's refresh.
        let now = Seconds(self.now.map_or(now.0, |last| now.0.max(last.0)));
        let elapsed = self.now.map_or(0.0, |last| (now - last).0);
        let is_awake = elapsed <= ASLEEP.0 && !self.is_hidden;
        let elapsed = Seconds(if is_awake {
            elapsed.min(ELAPSED_MAX.0)
        } else {
            0.0
        });
        self.now = Some(now);
        for event in events {
            self.absorb(event, now);
        }
        self.advance(now, elapsed);
        self.report(now);
        let mut actions = Vec::new();
        while actions.len() < ACTION_COUNT_MAX
            && let Some(action) = self.queue.pop_front()
        {
            actions.push(action);
        }
        self.schedule(now, !events.is_empty(), &mut actions);
        // Only now: what was let go of is not mixed in.
        self.mix();
        actions
    }

    fn absorb(&mut self, event: &Event, now: Seconds) {
        match event {
            Event::Opened(manifest) => return self.open(manifest),
            Event::Grown(manifest) => return self.grow(manifest, now),
            Event::Command(command) => return self.obey(command, now),
            Event::Hidden(is_hidden) => self.is_hidden = *is_hidden,
            &Event::Resized { width, height } => {
                let is_empty = width == 0 || height == 0;
                self.picture_px = (!is_empty).then(|| Vec2::new(width as f32, height as f32));
            }
            Event::VideoGone => {
                self.video = None;
                self.clock.forget();
            }
            Event::Video(sample) => {
                self.video = Some(*sample);
                if let Some(pack) = &self.pack {
                    self.clock.sample(*sample, pack.manifest());
                }
            }
            _ => {}
        }
        let Some(pack) = &mut self.pack else { return };
        let (action, notice) = match *event {
            Event::SegmentArrived {
                request,
                size_bytes,
            } => {
                pack.segment_arrived(request, size_bytes, now);
                (None, None)
            }
            Event::SegmentFailed { request, reason } => {
                (None, pack.segment_failed(request, reason, now))
            }
            Event::FrameReady {
                stream,
                frame,
                size_bytes,
                topology,
                decode,
                extent,
            } => {
                pack.buffer.decoded((stream, frame), (decode, extent), now);
                let held = (size_bytes, topology);
                (pack.frame_ready(stream, frame, held), None)
            }
            Event::JobDone { job } => (None, pack.job_done(job)),
            Event::JobFailed { job, recovery } => pack.job_failed(job, recovery, now),
            Event::FramesLost => {
                pack.buffer.lose_frames();
                pack.picture = picture::Picture::default();
                (None, None)
            }
            Event::Gesture(gesture) => {
                pack.camera.absorb(gesture);
                (None, None)
            }
            _ => (None, None),
        };
        self.queue.extend(action);
        self.queue.extend(notice.map(Action::Notify));
    }

    fn open(&mut self, manifest: &Arc<Manifest>) {
        // Play before the first pack means autoplay; a pack that replaces another starts paused.
        let is_playing = self.pack.is_none() && self.transport.is_playing;
        self.transport = Transport {
            is_playing,
            rate: self.transport.rate,
            is_looping: self.transport.is_looping,
            is_open: manifest.is_open,
            ..Transport::new(manifest.frame_rate, manifest.frame_count)
        };
        let mut buffer = Buffer::new(Arc::clone(manifest), self.next_id);
        if let Some(old) = &mut self.pack {
            buffer.go_on_from(&mut old.buffer);
        }
        let camera = Camera::new(manifest, self.config.is_motion_reduced);
        self.pack = Some(Pack::new(buffer, camera, self.config.seed));
        self.clock.forget();
        if let Some(sample) = self.video {
            self.clock.sample(sample, manifest);
        }
        self.queue.clear();
        self.frame = 0;
        self.stall = None;
        self.lag_since = None;
        self.is_seeking = false;
        self.has_played = false;
        self.has_failed = false;
        self.stall_count = 0;
    }

    fn grow(&mut self, next: &Arc<Manifest>, now: Seconds) {
        let Some(pack) = &mut self.pack else { return };
        if pack.manifest().check_growth(next).is_err() {
            let problem = Problem {
                code: Problem::CHANGED,
                is_fatal: false,
                stream: None,
                segment: None,
            };
            let notice = Notice::Problem(problem);
            return self.queue.push_back(Action::Notify(notice));
        }
        pack.buffer.grow(next);
        pack.camera.grow(next);
        if self.transport.is_at_edge() {
            self.stall = Some(Stall::by_command(now));
        }
        self.transport.grow(next.frame_count, next.is_open);
    }

    fn obey(&mut self, command: &Command, now: Seconds) {
        match *command {
            Command::SetMode(mode) => self.set_mode(mode, now),
            Command::BackToLive => self.set_mode(Mode::Follow, now),
            Command::Play => {
                self.set_mode(Mode::Replay, now);
                self.transport.play();
                self.stall = Some(Stall::by_command(now));
            }
            Command::Pause => {
                self.set_mode(Mode::Replay, now);
                self.transport.pause();
                self.stall = None;
            }
            Command::Seek(position) => {
                self.set_mode(Mode::Replay, now);
                self.transport.seek(position);
                self.sought(now);
            }
            Command::StepFrames(count) => {
                self.set_mode(Mode::Replay, now);
                self.transport.step_frames(count);
                self.sought(now);
            }
            Command::SetRate(rate) => {
                self.set_mode(Mode::Replay, now);
                self.transport.set_rate(rate);
            }
            Command::SetLoop(is_looping) => self.transport.is_looping = is_looping,
            Command::SetPoints(points) => self.transport.set_points(points),
            Command::SetSyncOffset(offset) if offset.0.is_finite() => self.clock.offset = offset,
            Command::SetSyncOffset(_) => {}
            Command::SetMotionReduced(is_motion_reduced) => {
                self.config.is_motion_reduced = is_motion_reduced;
                if let Some(pack) = &mut self.pack {
                    pack.camera.is_motion_reduced = is_motion_reduced;
                }
            }
            Command::SelectTrack(ref id) => {
                if let Some(pack) = &mut self.pack {
                    pack.select(id);
                }
            }
            Command::GoToPreset(ref id) => {
                if let Some(pack) = &mut self.pack {
                    let manifest = Arc::clone(pack.manifest());
                    let preset = manifest.presets.iter().find(|preset| preset.id == *id);
                    if let Some(preset) = preset {
                        pack.camera.go_to(&preset.viewpoint, GLIDE);
                    }
                }
            }
            Command::SetViewpoint { viewpoint, ease } => {
                if let Some(pack) = &mut self.pack {
                    pack.camera.go_to(&viewpoint, ease);
                }
            }
            Command::RetryNow => {
                self.has_failed = false;
                if let Some(pack) = &mut self.pack {
                    pack.retry_now();
                }
            }
        }
    }

    /// Changes whose clock leads. Into replay it takes over what is on screen, running or not.
    fn set_mode(&mut self, mode: Mode, now: Seconds) {
        if mode == self.mode {
            return;
        }
        self.mode = mode;
        self.stall = None;
        self.lag_since = None;
        self.is_seeking = false;
        if mode == Mode::Replay {
            let on_screen = self.pack.as_ref().and_then(|pack| pack.picture.frame);
            let frame = on_screen.unwrap_or(self.frame);
            self.transport.rate = 1.0;
            self.transport
                .seek(self.transport.frame_rate.start_of(frame));
            self.transport.is_playing = self.clock.speed_at(now) != 0.0;
        }
        self.queue
            .push_back(Action::Notify(Notice::ModeChanged(mode)));
    }

    fn sought(&mut self, now: Seconds) {
        self.is_seeking = true;
        let is_playing = self.transport.is_playing;
        self.stall = is_playing.then(|| Stall::by_command(now));
    }

    /// Moves clock, picture and camera on.
    fn advance(&mut self, now: Seconds, elapsed: Seconds) {
        let frame_count = self.transport.frame_count;
        match self.mode {
            Mode::Replay => {
                self.run_transport(now, elapsed);
                self.followed = None;
                self.frame = self.transport.frame_at(self.transport.position);
            }
            Mode::Follow => {
                self.followed = self.clock.position_at(now);
                self.has_played |= self.clock.speed_at(now) != 0.0;
                if let Some(position) = self.followed {
                    let seen = position + self.clock.slack();
                    self.frame = self.transport.frame_rate.frame_at(seen, frame_count);
                }
            }
        }
        let wanted = Wanted {
            frame: self.frame,
            direction: self.picture_direction(now),
        };
        let Some(pack) = &mut self.pack else { return };
        pack.camera.advance(elapsed);
        let tracks = |pack: &Pack| -> Vec<u16> {
            let shown = pack.picture.shown.iter();
            shown.map(|shown| shown.track).collect()
        };
        let before = tracks(pack);
        pack.picture.update(&pack.buffer, &pack.selected, wanted);
        if !before.is_empty() && tracks(pack) != before {
            self.queue.push_back(Action::Notify(Notice::TracksChanged));
        }
    }

    /// Runs the fan's transport, up to the first frame that is not here yet.
    fn run_transport(&mut self, now: Seconds, elapsed: Seconds) {
        let Some(pack) = &self.pack else { return };
        if !self.transport.is_playing || self.has_failed {
            return;
        }
        if self.transport.is_at_edge() {
            self.stall.get_or_insert_with(|| Stall::by_command(now));
            return;
        }
        if let Some(stall) = self.stall {
            if !stall.is_over(now, pack, &self.transport) {
                return;
            }
            self.stall = None;
            self.has_played = true;
            return;
        }
        let step = self.transport.after(elapsed);
        let frame = self.transport.frame_at(step.position);
        if step.is_wrapped {
            self.queue.push_back(Action::Notify(Notice::Looped));
        }
        if pack.is_showable(frame) {
            self.transport.go(step);
        } else {
            self.transport.hold_at(frame);
            self.stall = Some(Stall::by_surprise(now));
        }
    }

    /// In slow motion leads each mesh on screen over to its next frame; else it is shown as it is.
    fn mix(&mut self) {
        let phase = self.phase_of_clock();
        let run = self.run();
        self.phase = 0.0;
        let Some(pack) = &mut self.pack else { return };
        // Else the picture would fall back from it when the clock waits for it.
        let is_next_here = run.next().is_some_and(|next| pack.is_showable(next));
        let phase = phase.filter(|_| is_next_here && pack.picture.frame == Some(self.frame));
        for shown in &mut pack.picture.shown {
            shown.next = phase.and_then(|_| pack.buffer.next_of(shown, run.direction));
            if shown.next.is_some() {
                self.phase = phase.unwrap_or(0.0);
            }
        }
    }

    /// How far the clock has come from its frame to the next, in slow motion of its own.
    fn phase_of_clock(&self) -> Option<f32> {
        let Transport {
            is_playing, rate, ..
        } = self.transport;
        let is_running = is_playing && self.stall.is_none() && !self.has_failed;
        if self.mode != Mode::Replay || !is_running || rate.abs() >= 1.0 {
            return None;
        }
        let start = self.transport.frame_rate.start_of(self.frame);
        let into = (self.transport.position - start).0 * self.transport.frame_rate.as_f64();
        let phase = if rate < 0.0 { 1.0 - into } else { into };
        Some(phase.held(0.0, 1.0) as f32)
    }

    /// Which way the picture may lag behind the clock; 0 if it must be the clock's own.
    fn picture_direction(&self, now: Seconds) -> i32 {
        match self.mode {
            Mode::Replay if self.transport.is_playing => self.transport.direction(),
            Mode::Replay => 0,
            Mode::Follow => match self.clock.speed_at(now) {
                speed if speed < 0.0 => -1,
                speed if speed > 0.0 => 1,
                _ => 0,
            },
        }
    }

    /// Frames that the clock passes in a second; 0 while it stands.
    fn frames_per_second(&self, now: Seconds) -> f64 {
        let speed = match self.mode {
            Mode::Replay if self.transport.is_playing => self.transport.rate,
            Mode::Replay => 0.0,
            Mode::Follow => self.clock.speed_at(now),
        };
        self.transport.frame_rate.as_f64() * speed.abs()
    }

    /// The frames that the clock passes from now on.
    fn run(&self) -> Run {
        match self.mode {
            Mode::Replay => self.transport.run(),
            Mode::Follow => Run {
                frame: self.frame,
                direction: 1,
                frame_count: self.transport.frame_count,
                first: 0,
                end: self.transport.frame_count,
                is_looping: false,
            },
        }
    }

    /// Plans anew if anything changed since the last plan.
    fn schedule(&mut self, now: Seconds, has_events: bool, actions: &mut Vec<Action>) {
        let (run, frames_per_second) = (self.run(), self.frames_per_second(now));
        let Some(pack) = &mut self.pack else { return };
        let focus = Focus {
            run,
            frames_per_second,
            selected: &pack.selected,
            picture: &pack.picture,
            is_hidden: self.is_hidden,
        };
        let key = (focus.run, focus.lead_count(), self.is_hidden);
        let sight = self.picture_px.map(|picture_px| Sight {
            viewpoint: pack.camera.viewpoint(),
            picture_px,
        });
        let has_events = pack.buffer.look(sight) || has_events;
        let is_due = self.outcome.retry_at.is_some_and(|at| at <= now);
        let is_fresh = self.planned == Some(key) && !self.outcome.is_truncated;
        if self.has_failed || (is_fresh && !has_events && !is_due) {
            return;
        }
        let room = (actions, ACTION_COUNT_MAX);
        self.outcome = plan(&self.config, &mut pack.buffer, focus, now, room);
        self.planned = Some(key);
        self.judge_outcome();
    }

    /// Where the clock is, from the start of the replay, held to its duration.
    pub fn position(&self) -> Seconds {
        match (self.mode, self.followed) {
            (Mode::Replay, _) => self.transport.position,
            (Mode::Follow, Some(followed)) => {
                Seconds(followed.0.held(0.0, self.transport.duration().0))
            }
            (Mode::Follow, None) => self.transport.frame_rate.start_of(self.frame),
        }
    }

    /// How long the replay is.
    pub fn duration(&self) -> Seconds {
        self.transport.duration()
    }

    /// The frame the clock is at.
    pub fn frame(&self) -> u32 {
        self.frame
    }

    /// What to draw now, in order of tracks; valid until the next tick's [`Action::DropFrame`]s.
    pub fn shown(&self) -> &[Shown] {
        self.pack.as_ref().map_or(&[], |pack| &pack.picture.shown)
    }

    /// How far what is shown has come to what it turns into, 0 to 1; 0 where nothing does.
    pub fn phase(&self) -> f32 {
        self.phase
    }

    /// From where it is seen now.
    pub fn viewpoint(&self) -> Viewpoint {
        match &self.pack {
            Some(pack) => pack.camera.viewpoint(),
            None => camera::NOWHERE,
        }
    }

    /// Whose clock leads.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Replay speed; negative runs backwards.
    pub fn rate(&self) -> f64 {
        self.transport.rate
    }

    /// Whether the replay starts over at its end.
    pub fn is_looping(&self) -> bool {
        self.transport.is_looping
    }

    /// Where the frames of the in and the out point start; none for the whole replay.
    pub fn points(&self) -> Option<[Seconds; 2]> {
        let points = self.transport.points.as_ref()?;
        let frames = [points.start, points.end - 1];
        Some(frames.map(|frame| self.transport.frame_rate.start_of(frame)))
    }

    /// The tracks chosen to be shown, by their indices in the manifest, in order.
    pub fn selected_tracks(&self) -> &[u16] {
        self.pack.as_ref().map_or(&[], |pack| &pack.selected)
    }
}
