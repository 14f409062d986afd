//! What the player says about itself: state, stalls, notices and figures.

use touchline_scene::Seconds;

use crate::Player;
use crate::event::{Action, Mode, Notice, PlayState, Problem, Stats, SyncSource, SyncState};
use crate::pack::Pack;
use crate::transport::Transport;

/// How long the picture may stand unnoticed.
const GRACE: Seconds = Seconds(0.1);
/// How far, in follow, the picture may lag behind the video and still count as playing.
const LAG_MAX: Seconds = Seconds(0.25);
/// Decoded ahead before the clock starts after a command or a long stall.
const RESUME_DECODED: Seconds = Seconds(0.2);
/// Fetched ahead before the clock starts after a command or a long stall.
const RESUME_FETCHED: Seconds = Seconds(0.75);
/// With nothing left to decode, the clock starts after this although less is here.
const RESUME_AFTER: Seconds = Seconds(0.5);

/// The fan's transport wants to run and cannot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stall {
    since: Seconds,
    /// A play or seek began it; nobody is surprised.
    is_by_command: bool,
    is_counted: bool,
}

impl Stall {
    /// Something was asked for that may not be here yet.
    pub(crate) fn by_command(since: Seconds) -> Self {
        Self {
            since,
            is_by_command: true,
            is_counted: false,
        }
    }

    /// The clock ran into a frame that is not here.
    pub(crate) fn by_surprise(since: Seconds) -> Self {
        Self {
            is_by_command: false,
            ..Self::by_command(since)
        }
    }

    /// Whether the clock may run: at once after a hiccup, else with enough ahead not to stand
    /// again soon.
    pub(crate) fn is_over(&self, now: Seconds, pack: &Pack, transport: &Transport) -> bool {
        let frame = transport.frame_at(transport.position);
        if !pack.is_showable(frame) {
            return false;
        }
        let waited = now - self.since;
        let is_hiccup = !self.is_by_command && waited < GRACE;
        let is_idle = !pack.buffer.has_job_for_new() && waited >= RESUME_AFTER;
        is_hiccup || is_idle || has_enough_ahead(pack, transport)
    }
}

fn has_enough_ahead(pack: &Pack, transport: &Transport) -> bool {
    let rate = transport.frame_rate.as_f64() * transport.rate.abs();
    let run = transport.run();
    let frames_ahead = |span: Seconds| {
        let count = (span.0 * rate).ceil() as u32;
        (0..=count).map_while(move |distance| run.ahead(distance))
    };
    frames_ahead(RESUME_DECODED).all(|frame| pack.is_showable(frame))
        && frames_ahead(RESUME_FETCHED).all(|frame| pack.is_fetched(frame))
}

/// What the page was told last.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    state: PlayState,
    sync: (SyncState, SyncSource),
}

impl Player {
    /// Notes what changed and queues the notices.
    pub(crate) fn report(&mut self, now: Seconds) {
        let is_lagging = self.is_lagging();
        self.lag_since = is_lagging.then(|| self.lag_since.unwrap_or(now));
        let is_late = self.lag_since.is_some_and(|since| now - since >= GRACE);
        if let Some(stall) = &mut self.stall
            && is_late
            && !stall.is_by_command
            && !stall.is_counted
        {
            stall.is_counted = true;
            self.stall_count += 1;
        }
        if self.is_seeking && self.has_exact_picture() {
            self.is_seeking = false;
            self.queue.push_back(Action::Notify(Notice::Seeked));
        }
        let sync = match self.mode {
            Mode::Follow => (self.clock.state_at(now), self.clock.source()),
            Mode::Replay => (SyncState::Lost, SyncSource::None),
        };
        if sync != self.told.sync {
            let (state, source) = sync;
            let notice = Notice::SyncChanged { state, source };
            self.queue.push_back(Action::Notify(notice));
        }
        let state = self.state_at(now, is_late);
        if state != self.told.state {
            self.queue
                .push_back(Action::Notify(Notice::StateChanged(state)));
        }
        self.told = Told { state, sync };
    }

    /// After a plan: tells of a budget too small and of a pack that cannot be shown at all.
    pub(crate) fn judge_outcome(&mut self) {
        let Some(pack) = &mut self.pack else { return };
        let mut problem = Problem {
            code: Problem::OVER_BUDGET,
            is_fatal: false,
            stream: None,
            segment: None,
        };
        if self.outcome.is_over_budget && !pack.is_over_budget {
            pack.is_over_budget = true;
            self.queue
                .push_back(Action::Notify(Notice::Problem(problem)));
        }
        if self.outcome.retry_at.is_none() && !self.is_hidden && pack.is_hopeless() {
            self.has_failed = true;
            problem.code = pack.last_problem_code;
            problem.is_fatal = true;
            self.queue
                .push_back(Action::Notify(Notice::Problem(problem)));
        }
    }

    fn has_exact_picture(&self) -> bool {
        let shown = self.pack.as_ref().and_then(|pack| pack.picture.frame);
        shown == Some(self.frame)
    }

    fn is_lagging(&self) -> bool {
        let Some(pack) = &self.pack else { return false };
        let Some(shown) = pack.picture.frame else {
            return true;
        };
        match (self.mode, self.now) {
            (Mode::Follow, Some(now)) if self.clock.speed_at(now) != 0.0 => {
                let lag_count = f64::from(self.frame.abs_diff(shown));
                lag_count > LAG_MAX.0 * self.transport.frame_rate.as_f64()
            }
            _ => self.stall.is_some() || shown != self.frame,
        }
    }

    fn state_at(&self, now: Seconds, is_late: bool) -> PlayState {
        let Some(pack) = &self.pack else {
            return PlayState::Empty;
        };
        if self.has_failed {
            return PlayState::Failed;
        }
        if pack.picture.frame.is_none() {
            return PlayState::Loading;
        }
        let is_running = match self.mode {
            Mode::Replay => self.transport.is_playing,
            Mode::Follow => self.clock.speed_at(now) != 0.0,
        };
        match (is_late, is_running) {
            (true, _) => PlayState::Waiting,
            (false, true) => PlayState::Playing,
            (false, false) if self.mode == Mode::Replay && self.transport.is_ended => {
                PlayState::Ended
            }
            (false, false) if self.mode == Mode::Replay && !self.has_played => PlayState::Ready,
            (false, false) => PlayState::Paused,
        }
    }

    /// What the player does.
    pub fn state(&self) -> PlayState {
        self.told.state
    }

    /// How well the video is followed, and by what; [`SyncState::Lost`] in replay.
    pub fn sync(&self) -> (SyncState, SyncSource) {
        self.told.sync
    }

    /// Whether the next animation frame needs a tick: the clock runs or the camera glides.
    pub fn is_moving(&self) -> bool {
        let (Some(pack), Some(now)) = (&self.pack, self.now) else {
            return false;
        };
        let is_running = match self.mode {
            Mode::Replay => self.transport.is_playing && self.stall.is_none() && !self.has_failed,
            Mode::Follow => self.clock.speed_at(now) != 0.0,
        };
        !self.is_hidden && (is_running || pack.camera.is_moving())
    }

    /// When a tick is needed although nothing happens; may lie in the past: then at once.
    pub fn wake_at(&self) -> Option<Seconds> {
        let now = self.now.filter(|_| !self.is_hidden)?;
        // Much has been left undone, or a notice came up after the last tick's actions.
        let is_pending = self.outcome.is_truncated || !self.queue.is_empty();
        let pending = is_pending.then_some(now);
        let grace = self.lag_since.map(|since| since + GRACE);
        let resume = self.stall.map(|stall| stall.since + RESUME_AFTER);
        let clock = self
            .clock
            .wake_at(now)
            .filter(|_| self.mode == Mode::Follow);
        let later = [grace, resume, clock, self.outcome.retry_at];
        let later = later.into_iter().flatten().filter(|&at| at > now);
        later.chain(pending).min_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// Figures for the page and the support desk.
    pub fn stats(&self) -> Stats {
        let Some(pack) = &self.pack else {
            return Stats::default();
        };
        let buffer = &pack.buffer;
        let duration = self.transport.duration();
        let followed = self.followed.map(|position| position + self.clock.slack());
        Stats {
            buffered: pack.buffered(),
            held_bytes: buffer.held_bytes,
            pending_bytes: buffer.pending_bytes,
            fetch_count: buffer.fetches.len(),
            job_count: buffer.jobs.len(),
            sync_error: self.sync_error(pack),
            is_before_start: followed.is_some_and(|position| position.0 < 0.0),
            is_after_end: followed.is_some_and(|position| position >= duration),
            lost_segment_count: buffer.lost_segment_count,
            stall_count: self.stall_count,
            layer_needed: pack.layer_needed(),
        }
    }

    /// The picture's instant minus that of the video's frame on screen.
    fn sync_error(&self, pack: &Pack) -> Option<Seconds> {
        let now = self.now.filter(|_| self.mode == Mode::Follow)?;
        if self.clock.state_at(now) != SyncState::Locked {
            return None;
        }
        let video = self.clock.unfiltered_at(now)? + self.clock.slack();
        let rate = self.transport.frame_rate;
        let on_video = rate.frame_at(video, self.transport.frame_count);
        Some(rate.start_of(pack.picture.frame?) - rate.start_of(on_video))
    }
}
