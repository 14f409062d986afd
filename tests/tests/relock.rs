//! Goal: whatever happens to the host's video, the replay goes with it again a quarter of a second
//! after the video's next frame at the latest, and keeps going.
//! Method: a video of 25 frames a second on a display of 60 Hz, told of as `www/src/video-clock.ts`
//! does, that is sent elsewhere, runs dry, changes its rate, and whose dates jump.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use touchline_player::{Command, Event, Mode, SyncState, VideoSample};
use touchline_scene::Seconds;
use touchline_tests::ladder::{athlete_on_screen, driver};
use touchline_tests::network::Network;
use touchline_tests::replay::Replay;

const FRAME_SECS: f64 = 1.0 / 25.0;
const REFRESH_SECS: f64 = 1.0 / 60.0;
/// Programme time of the replay's start, milliseconds.
const START_UNIX_MS: f64 = 1e9;
/// From the video's next frame until the replay goes with it.
const RELOCK_SECS_MAX: f64 = 0.25;

/// What happens to a video that runs.
#[derive(Clone, Copy, Debug)]
enum Upset {
    /// It is sent to this media time.
    Seek(f64),
    /// It has nothing to play for so long, seconds.
    Stall(f64),
    /// It runs at another rate.
    Rate(f64),
    /// Its dates go on so much later, seconds.
    Jump(f64),
    /// Its frames cannot be seen for so long, seconds: in another tab, on another screen.
    Unseen(f64),
}

/// The host's video.
struct Video {
    media_secs: f64,
    rate: f64,
    dates_later_secs: f64,
    /// Nothing new is shown before.
    stands_until: f64,
    /// Only its own clock is told of before, four times a second.
    unseen_until: f64,
    updated_at: f64,
    is_seeking: bool,
    shown: Option<u32>,
}

impl Video {
    fn frame(&self) -> u32 {
        (self.media_secs / FRAME_SECS + 1e-6) as u32
    }

    fn sample(&self, media_secs: f64, now: f64) -> VideoSample {
        let unix_secs = media_secs + self.dates_later_secs;
        VideoSample {
            media: Seconds(media_secs),
            unix_ms: Some((START_UNIX_MS + unix_secs * 1000.0).round()),
            presented_at: Seconds(now),
            rate: self.rate,
            is_paused: now < self.stands_until && !self.is_seeking,
            is_seeking: self.is_seeking,
        }
    }

    /// What the page says when it happens.
    fn suffer(&mut self, upset: Upset, now: f64) -> VideoSample {
        match upset {
            Upset::Seek(to) => {
                self.media_secs = to;
                self.is_seeking = true;
                self.stands_until = now + 0.12;
                self.shown = None;
            }
            Upset::Stall(secs) => {
                self.stands_until = now + secs;
            }
            Upset::Rate(rate) => self.rate = rate,
            Upset::Jump(secs) => self.dates_later_secs += secs,
            Upset::Unseen(secs) => self.unseen_until = now + secs,
        }
        // Between frames, where only the element's own clock is known.
        self.sample(self.media_secs, now)
    }

    /// A refresh of the display: what the page says of it.
    fn refresh(&mut self, now: f64) -> Vec<VideoSample> {
        let mut said = Vec::new();
        if now < self.stands_until {
            return said;
        }
        if std::mem::take(&mut self.is_seeking) {
            said.push(self.sample(self.media_secs, now));
        } else {
            self.media_secs += REFRESH_SECS * self.rate;
        }
        if now < self.unseen_until {
            if now >= self.updated_at + 0.25 {
                self.updated_at = now;
                said.push(self.sample(self.media_secs, now));
            }
        } else if self.shown != Some(self.frame()) {
            self.shown = Some(self.frame());
            said.push(self.sample(f64::from(self.frame()) * FRAME_SECS, now));
        }
        said
    }

    /// The frame of the replay that belongs to what is on show.
    fn replay_frame(&self) -> f64 {
        let unseen = (self.unseen_until > 0.0).then(|| self.frame());
        f64::from(unseen.or(self.shown).unwrap_or(0)) + (self.dates_later_secs / FRAME_SECS).round()
    }
}

/// Has the video suffer, and judges how the replay follows.
fn check(before: &[Upset], upset: Upset) {
    let mut driver = driver(Replay::default(), Network::FIBRE);
    driver.send(Event::Command(Command::SetMode(Mode::Follow)));
    driver.run_for(2.0);
    let mut video = Video {
        media_secs: 0.0,
        rate: 1.0,
        dates_later_secs: 0.0,
        stands_until: 0.0,
        unseen_until: 0.0,
        updated_at: 0.0,
        is_seeking: false,
        shown: None,
    };
    let (mut next_refresh, start) = (driver.now_secs, driver.now_secs);
    let mut due: Vec<(f64, Upset)> = before.iter().map(|&upset| (start + 1.0, upset)).collect();
    due.push((start + 2.0, upset));
    let (mut seen_at, mut agreed_since) = (None, None);
    while driver.now_secs < start + 4.5 {
        let now = driver.now_secs;
        for (_, upset) in due.extract_if(.., |&mut (at, _)| at <= now) {
            let sample = video.suffer(upset, now);
            driver.send(Event::Video(sample));
        }
        while next_refresh <= now {
            let said = video.refresh(next_refresh);
            let is_new = due.is_empty() && !said.is_empty();
            seen_at = seen_at.or_else(|| is_new.then_some(next_refresh));
            for sample in said {
                driver.send(Event::Video(sample));
            }
            next_refresh += REFRESH_SECS;
        }
        driver.step();
        let shown = athlete_on_screen(&driver);
        let error = (f64::from(shown.unwrap().frame) - video.replay_frame()).abs();
        if seen_at.is_some() {
            let is_agreed = error <= video.rate.max(1.0);
            agreed_since = is_agreed.then(|| agreed_since.unwrap_or(now));
        }
    }
    assert_eq!(driver.player.sync().0, SyncState::Locked, "{upset:?}");
    let took = agreed_since.unwrap() - seen_at.unwrap();
    assert!(
        took <= RELOCK_SECS_MAX,
        "{upset:?} after {before:?}: {took} s"
    );
}

#[test]
fn seeks_are_followed() {
    for to in [0.0, 0.5, 2.1, 2.5, 4.0, 7.0] {
        check(&[], Upset::Seek(to));
    }
}

#[test]
fn stalls_are_ridden_out() {
    for secs in [0.1, 0.4, 1.0] {
        check(&[], Upset::Stall(secs));
    }
}

#[test]
fn another_rate_is_followed() {
    for (before, after) in [(1.0, 0.5), (0.5, 2.0), (2.0, 1.0), (1.0, 1.5)] {
        check(&[Upset::Rate(before)], Upset::Rate(after));
    }
}

#[test]
fn dates_that_jump_are_followed() {
    for secs in [-1.5, -0.2, 0.08, 0.12, 0.4, 0.6, 3.0] {
        check(&[], Upset::Jump(secs));
    }
}

#[test]
fn a_video_out_of_sight_is_followed_by_its_own_clock() {
    for secs in [0.6, 1.5] {
        check(&[], Upset::Unseen(secs));
    }
}
