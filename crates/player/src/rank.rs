//! How urgently each part of the replay is needed: one number, 0 for what the clock is at.
//!
//! Ahead of the clock the rank is the distance in frames; behind it is worth less, for a fan who
//! steps back; refinements come after everything that is coarse; what nobody asked for comes last.

use touchline_scene::Seconds;

use crate::config::Config;
use crate::picture::Picture;
use crate::run::Run;

/// What the clock and the fan are at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Focus<'a> {
    /// The frames that it passes.
    pub(crate) run: Run,
    /// That it passes in a second; 0 while it stands.
    pub(crate) frames_per_second: f64,
    /// Tracks to show.
    pub(crate) selected: &'a [u16],
    /// On screen: not to be dropped.
    pub(crate) picture: &'a Picture,
    /// Out of sight: nothing new is begun.
    pub(crate) is_hidden: bool,
}

/// How urgently something is needed, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(pub(crate) u32);

/// A frame that the clock does not come to is worth as much as one that is so many times as far
/// ahead: most fans go on, few step back.
const BEHIND_FACTOR: u32 = 4;
/// From the decision to refine a frame to its being on screen: the decoder may be busy, and takes
/// its time.
const REFINE_LEAD: Seconds = Seconds(0.25);
/// While the clock runs, a refinement on top of another is worth as much as that one so many frames
/// farther on: a picture that is a little better throughout beats one that comes and goes.
const LAYER_DISTANCE: u32 = 50;

/// While the clock runs, the coarsest layer comes before all others so far ahead: longer than most
/// networks are away.
const COARSE_AHEAD: Seconds = Seconds(10.0);
/// While the clock runs, a layer that the network cannot keep up with waits until so much of those
/// below is there: they give more for their bytes.
const LAYER_AHEAD: Seconds = Seconds(10.0);

impl Rank {
    /// What the clock is at, and what never moves.
    pub(crate) const NOW: Self = Self(0);
    /// Makes finer what can be shown without.
    const REFINEMENT: u32 = 1 << 23;
    /// Decoded beyond the window: can be decoded again, so it goes before any segment does.
    const SPARE: u32 = 1 << 24;
    /// Of a track that is not selected.
    const UNSELECTED: u32 = 1 << 25;

    /// Of what waits until all that is coarse is there.
    pub(crate) fn refined(self) -> Self {
        Self(self.0.saturating_add(Self::REFINEMENT))
    }

    /// Whether it waits until all that is coarse is there.
    pub(crate) fn is_refined(self) -> bool {
        self.0 >= Self::REFINEMENT
    }

    /// Of a frame kept only while there is room.
    pub(crate) fn spare(self) -> Self {
        Self(self.0.saturating_add(Self::SPARE))
    }

    /// Of a track that another one replaces.
    pub(crate) fn unselected(self) -> Self {
        Self(self.0.saturating_add(Self::UNSELECTED))
    }
}

impl Focus<'_> {
    /// Frames that the clock passes before a refinement that is begun now can be on screen; 0
    /// while it stands.
    pub(crate) fn lead_count(&self) -> u32 {
        (REFINE_LEAD.0 * self.frames_per_second).ceil() as u32
    }

    /// How far ahead the first frame is that can be refined before it is shown; in a short loop
    /// any can, for the next time.
    pub(crate) fn refinable_ahead(&self) -> u32 {
        let lead_count = self.lead_count();
        if self.run.is_loop_within(lead_count) {
            0
        } else {
            lead_count
        }
    }

    /// Rank of a frame by its distance from the clock alone.
    pub(crate) fn rank(&self, frame: u32) -> Rank {
        let beside = frame.abs_diff(self.run.frame).saturating_mul(BEHIND_FACTOR);
        let ahead = self.run.distance_to(frame);
        Rank(ahead.map_or(beside, |ahead| ahead.min(beside)))
    }

    /// Rank of a stretch of frames: that of its most urgent one.
    pub(crate) fn rank_of_run(&self, first: u32, count: u32) -> Rank {
        let last = first + count.saturating_sub(1);
        if (first..=last).contains(&self.run.frame) {
            return Rank::NOW;
        }
        self.rank(first).min(self.rank(last))
    }

    /// Rank of a track's layer where that of its coarsest is `rank`.
    pub(crate) fn rank_of_layer(&self, rank: Rank, layer: usize) -> Rank {
        let Some(below) = layer.checked_sub(1) else {
            return rank;
        };
        let is_running = self.frames_per_second > 0.0;
        let farther = LAYER_DISTANCE * below as u32 * u32::from(is_running);
        Rank(rank.0.saturating_add(farther)).refined()
    }

    /// Rank of a segment of a track's layer where that of its coarsest is `rank`; the network
    /// keeps up with the layers to `sustained`.
    pub(crate) fn rank_of_bytes(&self, rank: Rank, layer: usize, sustained: usize) -> Rank {
        if self.frames_per_second == 0.0 {
            return self.rank_of_layer(rank, layer);
        }
        let is_near = f64::from(rank.0) <= COARSE_AHEAD.0 * self.frames_per_second;
        if layer == 0 {
            return if is_near { rank } else { rank.refined() };
        }
        let steps = layer.saturating_sub(sustained) as f64;
        let farther = LAYER_AHEAD.0 * self.frames_per_second * steps;
        Rank(rank.0.saturating_add(farther as u32)).refined()
    }

    /// Whether a frame of this rank is worth being decoded and kept.
    pub(crate) fn is_in_window(rank: Rank, config: &Config) -> bool {
        rank.0 <= config.decoded_ahead_count
    }

    /// Whether a resident frame is behind the clock and yet worth keeping.
    pub(crate) fn is_in_wake(&self, frame: u32, config: &Config) -> bool {
        let behind = match self.run.direction {
            ..0 => frame.checked_sub(self.run.frame),
            0.. => self.run.frame.checked_sub(frame),
        };
        behind.is_some_and(|behind| (1..=config.decoded_behind_count).contains(&behind))
    }
}
