//! Follows the host's video: from samples of its frames to the replay's position at any instant.
//!
//! A sample says which media time was on screen when.
//! Screens show a frame at their next refresh, so samples come late by up to one refresh and never
//! early: the filter trusts early samples more than late ones and so finds the video's own beat.
//! Always true: paused, the position is the sample's, exactly.

use touchline_pack::Manifest;
use touchline_scene::{Held, Seconds};

use crate::event::{SyncSource, SyncState, VideoSample};

/// Share of a sample's surprise that is taken over when it comes earlier than foreseen.
const ALPHA_EARLY: f64 = 0.5;
/// The same for one that comes later.
const ALPHA_LATE: f64 = 0.05;
/// Share of a surprise, spread over the time since the last sample, that corrects the speed.
const BETA: f64 = 0.005;
/// The video's clock and ours differ by less than this share; the rest is noise.
const SPEED_ERROR_MAX: f64 = 0.02;
/// A sample farther off than this is not noise: 2 frames at 25 a second.
const GATE: Seconds = Seconds(0.08);
/// A jump so far is a seek even if nobody said so.
const JUMP: Seconds = Seconds(0.5);
/// Samples in a row outside the gate until the video is believed to have jumped.
const OUTLIER_COUNT_MAX: u32 = 2;
/// How long a running video may show no frame before we stop with it.
const EXTRAPOLATE_MAX: Seconds = Seconds(0.5);
/// How long until it counts as lost.
const LOST_AFTER: Seconds = Seconds(3.0);
/// Programme date-times are rounded to milliseconds at both ends, so a frame may seem to be shown
/// this much before its start.
const PROGRAMME_SLACK: Seconds = Seconds(0.002);

/// The host's video as a clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct FollowClock {
    /// Added to every position.
    pub(crate) offset: Seconds,
    track: Option<Track>,
    /// The latest position told while running, so that corrections never run it backwards.
    told: Option<Seconds>,
}

/// What is known of the video's course.
#[derive(Clone, Copy, Debug)]
struct Track {
    sample: VideoSample,
    /// The sample's own position, before offset.
    sampled: Seconds,
    source: SyncSource,
    /// Filtered position at `at`, before offset.
    position: Seconds,
    at: Seconds,
    /// Seconds of replay a second.
    speed: f64,
    outlier_count: u32,
}

impl FollowClock {
    /// Takes in what the video showed.
    pub(crate) fn sample(&mut self, sample: VideoSample, manifest: &Manifest) {
        let (sampled, source) = position_of(&sample, manifest);
        // A clock of dates alone has no media time, and needs none where the replay has a date.
        let times = [sampled.0, sample.presented_at.0, sample.rate];
        if !times.into_iter().all(f64::is_finite) {
            return;
        }
        let fresh = Track {
            sample,
            sampled,
            source,
            position: sampled,
            at: sample.presented_at,
            speed: sample.rate,
            outlier_count: 0,
        };
        let followed = self
            .track
            .filter(|old| continues(&old.sample, &sample) && old.source == source)
            .and_then(|old| old.follow(fresh));
        if followed.is_none() {
            self.told = None;
        }
        self.track = Some(followed.unwrap_or(fresh));
    }

    /// Forgets the video.
    pub(crate) fn forget(&mut self) {
        self.track = None;
        self.told = None;
    }

    /// Where the video is at `now`, from the replay's start; may lie outside the replay.
    pub(crate) fn position_at(&mut self, now: Seconds) -> Option<Seconds> {
        let track = self.track?;
        if !track.is_running() {
            self.told = None;
            return Some(track.sampled + self.offset);
        }
        let position = track.extrapolate(now) + self.offset;
        let told = match self.told {
            // Only small steps back are corrections.
            Some(told) if track.speed > 0.0 && position < told && told < position + GATE => told,
            _ => position,
        };
        self.told = Some(told);
        Some(told)
    }

    /// The position as the latest sample alone has it: what the filter is measured against.
    pub(crate) fn unfiltered_at(&self, now: Seconds) -> Option<Seconds> {
        let track = self.track?;
        let since = if track.is_running() {
            (now - track.sample.presented_at)
                .0
                .held(0.0, EXTRAPOLATE_MAX.0)
        } else {
            0.0
        };
        Some(track.sampled + Seconds(track.sample.rate * since) + self.offset)
    }

    /// How much before its start a frame is already meant.
    pub(crate) fn slack(&self) -> Seconds {
        match self.source() {
            SyncSource::ProgrammeTime => PROGRAMME_SLACK,
            SyncSource::MediaTime | SyncSource::None => Seconds(0.0),
        }
    }

    /// How good the hold on the video is at `now`.
    pub(crate) fn state_at(&self, now: Seconds) -> SyncState {
        match &self.track {
            None => SyncState::Lost,
            Some(track) if track.sample.is_seeking => SyncState::Searching,
            Some(track) if track.sample.is_paused => SyncState::Locked,
            Some(track) => match now - track.sample.presented_at {
                silence if silence > LOST_AFTER => SyncState::Lost,
                silence if silence > EXTRAPOLATE_MAX => SyncState::Searching,
                _ => SyncState::Locked,
            },
        }
    }

    /// When [`FollowClock::state_at`] changes if no sample comes.
    pub(crate) fn wake_at(&self, now: Seconds) -> Option<Seconds> {
        let track = self.track.filter(Track::is_running)?;
        [EXTRAPOLATE_MAX, LOST_AFTER]
            .into_iter()
            // A hair later, so that the state has changed by then.
            .map(|silence| track.sample.presented_at + silence + Seconds(0.001))
            .find(|&at| at > now)
    }

    /// What maps the video to the replay.
    pub(crate) fn source(&self) -> SyncSource {
        self.track.map_or(SyncSource::None, |track| track.source)
    }

    /// Seconds of replay a second at `now`; 0 while the video stands.
    pub(crate) fn speed_at(&self, now: Seconds) -> f64 {
        match self.track {
            Some(track) if track.is_running() && self.state_at(now) == SyncState::Locked => {
                track.sample.rate
            }
            _ => 0.0,
        }
    }
}

impl Track {
    fn is_running(&self) -> bool {
        !self.sample.is_paused && !self.sample.is_seeking
    }

    fn extrapolate(&self, now: Seconds) -> Seconds {
        // A frame announced for soon means that the one before it is on screen.
        let since = (now - self.at)
            .0
            .held(-EXTRAPOLATE_MAX.0, EXTRAPOLATE_MAX.0);
        self.position + Seconds(self.speed * since)
    }

    /// Carries the filter on to a `fresh` sample; `None` if the video jumped.
    fn follow(self, fresh: Self) -> Option<Self> {
        let elapsed = fresh.at - self.at;
        if elapsed.0 <= 0.0 {
            // The same frame reported again.
            return (fresh.sampled == self.sampled).then_some(self);
        }
        let foreseen = self.position + Seconds(self.speed * elapsed.0);
        let surprise = fresh.sampled - foreseen;
        if surprise.0.abs() > JUMP.0 {
            return None;
        }
        if surprise.0.abs() > GATE.0 {
            let outlier_count = self.outlier_count + 1;
            return (outlier_count < OUTLIER_COUNT_MAX).then_some(Self {
                outlier_count,
                ..self
            });
        }
        let alpha = if surprise.0 > 0.0 {
            ALPHA_EARLY
        } else {
            ALPHA_LATE
        };
        let nominal = fresh.sample.rate;
        let error_max = (nominal * SPEED_ERROR_MAX).abs();
        let error = self.speed + BETA * surprise.0 / elapsed.0 - nominal;
        Some(Self {
            position: foreseen + surprise * alpha,
            speed: nominal + error.held(-error_max, error_max),
            ..fresh
        })
    }
}

/// Whether the video ran on from one sample to the other as far as it says itself.
fn continues(old: &VideoSample, new: &VideoSample) -> bool {
    let runs = |sample: &VideoSample| !sample.is_paused && !sample.is_seeking;
    runs(old) && runs(new) && old.rate == new.rate
}

/// Where in the replay a sample is, and by what it was found.
fn position_of(sample: &VideoSample, manifest: &Manifest) -> (Seconds, SyncSource) {
    match (sample.unix_ms, manifest.start_unix_ms) {
        (Some(unix_ms), Some(start_unix_ms)) => (
            Seconds::from_millis(unix_ms - start_unix_ms),
            SyncSource::ProgrammeTime,
        ),
        _ => {
            let start = Seconds(manifest.start_media_secs.unwrap_or(0.0));
            (sample.media - start, SyncSource::MediaTime)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sample of a clock that needs no manifest: its position is its media time.
    fn track(media: f64, presented_at: f64) -> Track {
        let sample = VideoSample {
            media: Seconds(media),
            unix_ms: None,
            presented_at: Seconds(presented_at),
            rate: 1.0,
            is_paused: false,
            is_seeking: false,
        };
        Track {
            sample,
            sampled: sample.media,
            source: SyncSource::MediaTime,
            position: sample.media,
            at: sample.presented_at,
            speed: 1.0,
            outlier_count: 0,
        }
    }

    #[test]
    fn late_samples_hardly_pull_and_early_ones_do() {
        let late = track(0.0, 0.0).follow(track(0.04, 0.056)).unwrap();
        assert!((late.position - Seconds(0.056)).0.abs() < 0.001);
        let early = track(0.0, 0.0).follow(track(0.056, 0.04)).unwrap();
        assert!((early.position - Seconds(0.048)).0.abs() < 0.001);
    }

    #[test]
    fn one_outlier_is_ignored_and_two_are_believed() {
        let once = track(0.0, 0.0).follow(track(0.24, 0.04)).unwrap();
        assert_eq!(once.position, Seconds(0.0));
        assert_eq!(once.outlier_count, 1);
        assert!(once.follow(track(0.28, 0.08)).is_none());
        let back = once.follow(track(0.08, 0.08)).unwrap();
        assert_eq!(back.outlier_count, 0);
    }

    #[test]
    fn a_jump_is_believed_at_once() {
        assert!(track(0.0, 0.0).follow(track(5.0, 0.04)).is_none());
        assert!(track(5.0, 0.0).follow(track(0.0, 0.04)).is_none());
    }

    #[test]
    fn a_silent_video_is_waited_for_and_then_lost() {
        let mut clock = FollowClock {
            track: Some(track(1.0, 10.0)),
            ..FollowClock::default()
        };
        for (now, state, position) in [
            (10.2, SyncState::Locked, 1.2),
            (11.0, SyncState::Searching, 1.5),
            (14.0, SyncState::Lost, 1.5),
        ] {
            assert_eq!(clock.state_at(Seconds(now)), state);
            let told = clock.position_at(Seconds(now)).unwrap();
            assert!((told.0 - position).abs() < 1e-9, "at {now}");
        }
        assert_eq!(clock.wake_at(Seconds(10.0)), Some(Seconds(10.501)));
        assert_eq!(clock.wake_at(Seconds(14.0)), None);
    }
}
