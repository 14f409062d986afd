//! What the host decides about a player before it starts.

use touchline_scene::Seconds;

/// Limits and habits of a player.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Bytes held at most: compressed, decoded and on the GPU, and what is under way to become so.
    ///
    /// One instant of the replay is held even if it alone needs more; see [`crate::Player`].
    pub budget_bytes: u64,
    /// Requests under way at most; at least 1.
    pub fetch_count_max: usize,
    /// Decode jobs under way at most: one for each decode worker; at least 1.
    pub decoder_count: usize,
    /// Frames in one decode job at most; at least 1, fewer where they have several layers. Small,
    /// so that a seek waits for little.
    pub job_frame_count_max: u32,
    /// Frames kept decoded ahead of the clock, where the budget allows.
    pub decoded_ahead_count: u32,
    /// Frames kept decoded behind the clock for stepping and scrubbing, where the budget allows.
    pub decoded_behind_count: u32,
    /// How far ahead of the clock segments are fetched, where the budget allows.
    pub fetch_ahead: Seconds,
    /// Spreads retries; any value will do, and the same value gives the same actions.
    pub seed: u64,
    /// The fan asked for less motion: the camera jumps instead of gliding.
    pub is_motion_reduced: bool,
}

impl Default for Config {
    /// For a phone.
    fn default() -> Self {
        Self {
            // A tab on a 4 GB phone is killed somewhere above 300 MB.
            budget_bytes: 192 << 20,
            // A browser opens 6 connections to a host; two are left to the host's video.
            fetch_count_max: 4,
            decoder_count: 2,
            job_frame_count_max: 8,
            // Half a second at 50 frames a second.
            decoded_ahead_count: 25,
            decoded_behind_count: 8,
            fetch_ahead: Seconds(30.0),
            seed: 0,
            is_motion_reduced: false,
        }
    }
}
