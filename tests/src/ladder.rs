//! What holds for every way from coarse to fine: layers of points and renditions of a mesh.

use touchline_player::{
    Command, Config, Event, FailReason, Notice, PlayState, Problem, Recovery, Shown,
};
use touchline_scene::Seconds;

use crate::fan::command_of;
use crate::network::{Decoders, Driver, Fault, FaultKind, Network};
use crate::replay::Replay;

/// A ladder of three rungs.
#[derive(Clone, Copy, Debug)]
pub struct Ladder {
    /// The track that has it, first of its replay unless that has alternatives.
    pub track: &'static str,
    /// On which it is, from 1 for the coarsest on.
    pub rung_of: fn(&Shown) -> u8,
}

/// The finest.
pub const TOP: u8 = 3;

/// One thing that a fan does: which, a number in it as [`command_of`] has it, and for how many
/// seconds.
pub type Whim = (u32, f64, f64);

/// A driver with the usual budget and decoders.
pub fn driver(replay: Replay, network: Network) -> Driver {
    let config = Config::default();
    Driver::new(config, replay.manifest(), network, Decoders::default())
}

/// What is on screen of the athlete, who is the first track.
pub fn athlete_on_screen(driver: &Driver) -> Option<Shown> {
    let shown = driver.player.shown();
    shown.iter().copied().find(|shown| shown.track == 0)
}

impl Ladder {
    /// The athlete's; 0 while there is none on screen.
    pub fn rung(self, driver: &Driver) -> u8 {
        athlete_on_screen(driver).map_or(0, |shown| (self.rung_of)(&shown))
    }

    /// Plays to the end. Share of the time, from `after_secs` on, on each rung.
    ///
    /// # Panics
    /// If it does not come to the end.
    pub fn shares(self, driver: &mut Driver, after_secs: f64) -> [f64; 4] {
        let (mut counts, mut total) = ([0.0; 4], 0.0);
        driver.send(Event::Command(Command::Play));
        while driver.player.state() != PlayState::Ended && driver.now_secs < 60.0 {
            driver.step();
            if driver.player.position().0 > after_secs {
                counts[usize::from(self.rung(driver))] += 1.0;
                total += 1.0;
            }
        }
        assert_eq!(driver.player.state(), PlayState::Ended);
        counts.map(|count| count / total)
    }

    /// Wherever the fan goes, the finest is there within `wait_secs`.
    ///
    /// # Panics
    /// If not.
    pub fn check_window(self, name: &str, replay: Replay, wait_secs: f64) {
        let mut driver = driver(replay, Network::FIBRE);
        driver.run_for(4.0);
        assert_eq!(self.rung(&driver), TOP, "{name}: at the start");
        let end = f64::from(replay.frame_count) / 25.0;
        for (index, share) in [0.5, 0.95, 0.45, 0.1, 0.52].into_iter().enumerate() {
            driver.send(Event::Command(Command::Seek(Seconds(end * share))));
            driver.run_for(wait_secs);
            assert_eq!(self.rung(&driver), TOP, "{name}: seek {index}");
        }
        for _ in 0..20 {
            driver.send(Event::Command(Command::StepFrames(-1)));
            driver.run_for(0.3);
        }
        driver.run_for(1.0);
        assert_eq!(self.rung(&driver), TOP, "{name}: stepping back");
        assert!(driver.used_bytes_max <= Config::default().budget_bytes);
    }

    /// A picture that stands climbs to the top and never down.
    ///
    /// # Panics
    /// If not.
    pub fn check_climb(self, replay: Replay) {
        let mut driver = driver(replay, Network::STADIUM);
        driver.run_for(0.6);
        for target in [0.0, 8.0, 3.2] {
            driver.send(Event::Command(Command::Seek(Seconds(target))));
            driver.step();
            let mut seen = vec![0];
            for _ in 0..4000 {
                driver.step();
                let shown = athlete_on_screen(&driver);
                assert!(shown.is_some(), "never blank");
                if shown.is_some_and(|shown| shown.frame == (target * 25.0) as u32) {
                    seen.push(self.rung(&driver));
                }
            }
            seen.dedup();
            assert!(seen.is_sorted(), "finer, then coarser: {seen:?}");
            assert_eq!(seen.last(), Some(&TOP), "{target}: {seen:?}");
        }
    }

    /// A replay of which not all frames can be held on the top plays on, higher than at the bottom.
    ///
    /// # Panics
    /// If not.
    pub fn check_heavy(self, replay: Replay) {
        let mut driver = driver(replay, Network::FIBRE);
        let shares = self.shares(&mut driver, 2.0);
        assert_eq!(driver.player.stats().stall_count, 0);
        assert!(shares[2] + shares[3] > 0.5, "{shares:?}");
        assert!(driver.used_bytes_max <= Config::default().budget_bytes);
    }

    /// What is lost above the lowest rung costs detail and nothing else.
    ///
    /// # Panics
    /// If it costs more.
    pub fn check_lost(self, replay: Replay) {
        let gone = FailReason::Http {
            status: 404,
            retry_after: None,
        };
        for (kind, attempt_count, is_lost) in [
            (FaultKind::Fetch(gone), u32::MAX, true),
            (FaultKind::Fetch(FailReason::HashMismatch), 1, false),
            (FaultKind::Decode(Recovery::FetchAgain), 1, false),
            (FaultKind::Decode(Recovery::FetchAgain), 9, true),
            (FaultKind::Decode(Recovery::SkipToNextKey), 9, true),
            (FaultKind::Decode(Recovery::Stop), 9, true),
        ] {
            let fault = Fault {
                segment: 10,
                attempt_count,
                kind,
            };
            let network = Network {
                refinement_faults: vec![fault].leak(),
                ..Network::FIBRE
            };
            let mut driver = driver(replay, network);
            let is_stopped = matches!(kind, FaultKind::Decode(Recovery::Stop));
            // The first frame of the segment, then elsewhere.
            for (secs, is_coarse) in [(4.8, is_lost), (7.0, is_stopped)] {
                driver.send(Event::Command(Command::Seek(Seconds(secs))));
                driver.run_for(5.0);
                let shown = athlete_on_screen(&driver).map(|shown| shown.frame);
                assert_eq!(shown, Some((secs * 25.0) as u32), "{kind:?}");
                let expected = if is_coarse { 1 } else { TOP };
                assert_eq!(self.rung(&driver), expected, "{kind:?} at {secs}");
            }
            driver.send(Event::Command(Command::Seek(Seconds(0.0))));
            let shares = self.shares(&mut driver, 0.0);
            assert_eq!(shares[0], 0.0, "{kind:?}");
            assert_eq!(driver.player.stats().stall_count, 0, "{kind:?}");
            let is_fatal = |&(_, notice): &(f64, Notice)| {
                matches!(notice, Notice::Problem(Problem { is_fatal: true, .. }))
            };
            assert!(!driver.notices.iter().any(is_fatal));
        }
    }

    /// In a loop and after a lost device nothing is fetched again; returns how much was fetched.
    ///
    /// # Panics
    /// If it was.
    pub fn check_fetched_once(self, replay: Replay) -> usize {
        let replay = Replay {
            frame_count: 100,
            ..replay
        };
        let mut driver = driver(replay, Network::WIFI);
        driver.send(Event::Command(Command::SetLoop(true)));
        driver.send(Event::Command(Command::Play));
        driver.run_for(20.0);
        assert_eq!(driver.player.stats().stall_count, 0);
        driver.send(Event::Command(Command::Pause));
        driver.lose_device();
        driver.run_for(2.0);
        let mut fetched = driver.fetched.clone();
        fetched.sort_unstable();
        fetched.dedup();
        assert_eq!(fetched.len(), driver.fetched.len(), "{:?}", driver.fetched);
        assert_eq!(self.rung(&driver), TOP);
        fetched.len()
    }

    /// Whatever the fan does, bytes stay within the budget, the driver checks every action, and a
    /// picture that stands becomes as fine as it can.
    ///
    /// # Panics
    /// If not.
    pub fn check_whims(self, replay: Replay, budget_mib: u64, rate_mbps: f64, whims: &[Whim]) {
        let replay = Replay {
            has_alternative: true,
            texture_side: 256,
            ..replay
        };
        let budget_bytes = budget_mib << 20;
        let config = Config {
            budget_bytes,
            ..Config::default()
        };
        let network = Network {
            rate_mbps,
            ..Network::WIFI
        };
        let manifest = replay.manifest();
        let place = manifest
            .tracks
            .iter()
            .position(|track| track.id == self.track);
        let mut driver = Driver::new(config, manifest, network, Decoders::default());
        for &(what, number, secs) in whims {
            driver.send(Event::Command(command_of(what, number)));
            driver.run_for(secs);
        }
        assert!(driver.used_bytes_max <= budget_bytes);
        driver.send(Event::Command(Command::SelectTrack(self.track.into())));
        driver.send(Event::Command(Command::Pause));
        driver.run_for(12.0);
        let shown = driver.player.shown();
        let shown = shown
            .iter()
            .find(|shown| Some(usize::from(shown.track)) == place);
        assert_eq!(shown.map(self.rung_of), Some(TOP));
        assert!(driver.used_bytes_max <= budget_bytes);
    }
}
