//! The player's core: what to fetch, decode, keep and show, and from where it is seen.
#![forbid(unsafe_code)]

mod config;
mod event;

use touchline_scene::{Seconds, Viewpoint};

pub use config::Config;
pub use event::{
    Action, Command, Event, FailReason, Gesture, JobId, Mode, Notice, PlayState, Problem, Recovery,
    RequestId, Shown, Stats, StreamKey, StreamKind, SyncSource, SyncState, VideoSample,
};

/// Actions in one tick at most; the rest follows in the next.
pub const ACTION_COUNT_MAX: usize = 256;

/// Decides; does nothing itself.
#[derive(Debug)]
pub struct Player {
    config: Config,
}

impl Player {
    /// A player with nothing open.
    pub fn new(config: Config) -> Self {
        Self { config }
    }

    /// Moves to `now` and says what must be done, most urgent first.
    pub fn tick(&mut self, _now: Seconds, _events: &[Event]) -> Vec<Action> {
        Vec::with_capacity(self.config.fetch_count_max)
    }

    /// Where the clock is, from the start of the replay.
    pub fn position(&self) -> Seconds {
        Seconds(0.0)
    }

    /// The frame the clock is at.
    pub fn frame(&self) -> u32 {
        0
    }

    /// What to draw now.
    pub fn shown(&self) -> &[Shown] {
        &[]
    }

    /// From where it is seen now.
    pub fn viewpoint(&self) -> Viewpoint {
        Viewpoint {
            target: glam::Vec3::ZERO,
            yaw_radians: 0.0,
            pitch_radians: 0.0,
            distance_metres: 1.0,
            fov_y_radians: 0.7,
        }
    }

    /// What the player does.
    pub fn state(&self) -> PlayState {
        PlayState::Empty
    }

    /// Whose clock leads.
    pub fn mode(&self) -> Mode {
        Mode::Replay
    }

    /// Replay speed; negative runs backwards.
    pub fn rate(&self) -> f64 {
        1.0
    }

    /// Whether the replay starts over at its end.
    pub fn is_looping(&self) -> bool {
        false
    }

    /// Whether the next animation frame needs a tick: the clock runs or the camera glides.
    pub fn is_moving(&self) -> bool {
        false
    }

    /// When a tick is needed although nothing happens.
    pub fn wake_at(&self) -> Option<Seconds> {
        None
    }

    /// The chosen tracks: static ones, those without alternatives, and one of each alternative.
    pub fn selected_tracks(&self) -> Vec<u16> {
        Vec::new()
    }

    /// Figures for the page and the support desk.
    pub fn stats(&self) -> Stats {
        Stats::default()
    }
}
