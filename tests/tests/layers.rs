//! Goal: a replay in layers is there as soon as its coarsest layer is, and gets as fine as it can.
//! Method: as in `playback.rs`, with points in three layers.

use proptest::prelude::*;
use touchline_player::{
    Command, Config, Event, FailReason, Notice, PlayState, Problem, Recovery, Shown, StreamKey,
    StreamKind,
};
use touchline_scene::Seconds;
use touchline_tests::fan::command_of;
use touchline_tests::network::{Decoders, Driver, Fault, FaultKind, Network};
use touchline_tests::replay::{Refinement, Replay};

/// One athlete at 6.4 Mbit/s: 0.8, 1.6 and 4 in the layers.
fn athlete() -> Replay {
    Replay {
        frame_bytes: 4_000,
        element_count: 10_000,
        refinements: &[
            Refinement {
                frame_bytes: 8_000,
                element_count: 60_000,
            },
            Refinement {
                frame_bytes: 20_000,
                element_count: 300_000,
            },
        ],
        ..Replay::default()
    }
}

/// A whole team: a decoded frame takes 48 MB, a fourth of the budget; 60 Mbit/s.
fn team() -> Replay {
    Replay {
        frame_bytes: 40_000,
        element_count: 400_000,
        refinements: &[
            Refinement {
                frame_bytes: 80_000,
                element_count: 1_600_000,
            },
            Refinement {
                frame_bytes: 180_000,
                element_count: 6_000_000,
            },
        ],
        ..athlete()
    }
}

/// Ten minutes: the coarsest layer alone fills the budget when all of it has been played.
fn long() -> Replay {
    Replay {
        frame_count: 15_000,
        frame_bytes: 16_000,
        ..athlete()
    }
}

fn driver(replay: Replay, network: Network) -> Driver {
    let config = Config::default();
    Driver::new(config, replay.manifest(), network, Decoders::default())
}

/// What is on screen of the points.
fn points(driver: &Driver) -> Option<Shown> {
    let shown = driver.player.shown();
    shown.iter().copied().find(|shown| shown.track == 0)
}

fn layer_count(driver: &Driver) -> u8 {
    points(driver).map_or(0, |shown| shown.layer_count)
}

/// Share of the time, from `after_secs` on, in which each number of layers is on screen.
fn shares(driver: &mut Driver, after_secs: f64) -> [f64; 4] {
    let (mut counts, mut total) = ([0.0; 4], 0.0);
    driver.send(Event::Command(Command::Play));
    while driver.player.state() != PlayState::Ended && driver.now_secs < 60.0 {
        driver.step();
        if driver.player.position().0 > after_secs {
            counts[usize::from(layer_count(driver))] += 1.0;
            total += 1.0;
        }
    }
    assert_eq!(driver.player.state(), PlayState::Ended);
    counts.map(|count| count / total)
}

#[test]
fn every_layer_is_reached_within_the_default_window() {
    for (name, replay) in [("athlete", athlete()), ("team", team()), ("long", long())] {
        let mut driver = driver(replay, Network::FIBRE);
        driver.run_for(4.0);
        assert_eq!(layer_count(&driver), 3, "{name}: at the start");
        let end = f64::from(replay.frame_count) / 25.0;
        for (index, share) in [0.5, 0.95, 0.45, 0.1, 0.52].into_iter().enumerate() {
            driver.send(Event::Command(Command::Seek(Seconds(end * share))));
            driver.run_for(5.0);
            assert_eq!(layer_count(&driver), 3, "{name}: seek {index}");
        }
        for _ in 0..20 {
            driver.send(Event::Command(Command::StepFrames(-1)));
            driver.run_for(0.3);
        }
        driver.run_for(1.0);
        assert_eq!(layer_count(&driver), 3, "{name}: stepping back");
        assert!(driver.used_bytes_max <= Config::default().budget_bytes);
    }
}

#[test]
fn the_coarsest_layer_of_the_window_comes_before_any_other() {
    let mut driver = driver(athlete(), Network::STADIUM);
    driver.run_for(8.0);
    let is_finer = |(stream, _): &(StreamKey, u32)| matches!(stream.kind, StreamKind::Layer(1..));
    let coarse = driver.fetched.iter().position(is_finer);
    // 21 segments and the venue.
    assert_eq!(coarse, Some(22));
    let finer = driver.fetched[22..].iter();
    let finer: Vec<_> = finer.map(|(stream, at)| (*at, stream.kind)).collect();
    assert!(finer.is_sorted(), "nearest first, coarser first: {finer:?}");
}

#[test]
fn the_first_picture_waits_for_the_coarsest_layer_only() {
    let plain = Replay {
        refinements: &[],
        ..athlete()
    };
    let picture_secs = |replay| {
        let mut driver = driver(replay, Network::STADIUM);
        while points(&driver).is_none() {
            driver.step();
        }
        driver.now_secs
    };
    assert_eq!(picture_secs(athlete()), picture_secs(plain));
}

#[test]
fn a_picture_that_stands_only_gets_finer() {
    let mut driver = driver(athlete(), Network::STADIUM);
    driver.run_for(0.6);
    for target in [0.0, 8.0, 3.2] {
        driver.send(Event::Command(Command::Seek(Seconds(target))));
        driver.step();
        let (mut seen, mut last) = (Vec::new(), 0);
        for _ in 0..4000 {
            driver.step();
            let shown = points(&driver).expect("never blank");
            if shown.frame == (target * 25.0) as u32 {
                assert!(shown.layer_count >= last, "finer, then coarser");
                last = shown.layer_count;
                seen.push(last);
            }
        }
        seen.dedup();
        assert_eq!(last, 3, "{target}: {seen:?}");
    }
}

#[test]
fn playing_is_as_fine_as_the_network_allows() {
    for (name, rate_mbps, is_met) in [
        (
            "all",
            30.0,
            (|shares| shares[3] > 0.98) as fn([f64; 4]) -> bool,
        ),
        // Enough for two layers, and a little more.
        ("two", 3.0, |shares| shares[2] + shares[3] > 0.9),
        ("one", 1.1, |shares| shares[0] == 0.0),
    ] {
        let network = Network {
            rate_mbps,
            ..Network::WIFI
        };
        let replay = Replay {
            frame_count: 1000,
            has_venue: false,
            ..athlete()
        };
        let mut driver = driver(replay, network);
        let shares = shares(&mut driver, 12.0);
        assert!(is_met(shares), "{name}: {shares:?}");
        assert_eq!(driver.player.stats().stall_count, 0, "{name}");
    }
}

#[test]
fn a_replay_too_heavy_to_be_held_fine_plays_on() {
    let mut driver = driver(team(), Network::FIBRE);
    let shares = shares(&mut driver, 2.0);
    assert_eq!(driver.player.stats().stall_count, 0);
    assert!(shares[2] + shares[3] > 0.5, "{shares:?}");
    assert!(driver.used_bytes_max <= Config::default().budget_bytes);
}

#[test]
fn slow_decoders_make_it_coarse_and_never_late() {
    let decoders = Decoders {
        count: 2,
        // 25 frames a second of one layer take half of both; of three, half as much again as
        // there is.
        frame_secs: 0.04,
    };
    let config = Config::default();
    let mut driver = Driver::new(config, athlete().manifest(), Network::FIBRE, decoders);
    let shares = shares(&mut driver, 0.0);
    assert_eq!(driver.player.stats().stall_count, 0);
    assert!(shares[2] + shares[3] > 0.2, "{shares:?}");
}

#[test]
fn a_lost_refinement_costs_detail_and_nothing_else() {
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
        let refinement_faults: &[Fault] = vec![Fault {
            segment: 10,
            attempt_count,
            kind,
        }]
        .leak();
        let network = Network {
            refinement_faults,
            ..Network::FIBRE
        };
        let mut driver = driver(athlete(), network);
        // The first frame of the segment.
        driver.send(Event::Command(Command::Seek(Seconds(4.8))));
        driver.run_for(5.0);
        let expected = if is_lost { 1 } else { 3 };
        assert_eq!(layer_count(&driver), expected, "{kind:?} {attempt_count}");
        let is_stopped = matches!(kind, FaultKind::Decode(Recovery::Stop));
        driver.send(Event::Command(Command::Seek(Seconds(7.0))));
        driver.run_for(2.0);
        let expected = if is_stopped { 1 } else { 3 };
        assert_eq!(layer_count(&driver), expected, "{kind:?}: elsewhere");
        driver.send(Event::Command(Command::Seek(Seconds(0.0))));
        let shares = shares(&mut driver, 0.0);
        assert_eq!(shares[0], 0.0);
        assert_eq!(driver.player.stats().stall_count, 0, "{kind:?}");
        let is_fatal = |&(_, notice): &(f64, Notice)| {
            matches!(notice, Notice::Problem(Problem { is_fatal: true, .. }))
        };
        assert!(!driver.notices.iter().any(is_fatal));
    }
}

#[test]
fn layers_are_fetched_once() {
    let replay = Replay {
        frame_count: 100,
        ..athlete()
    };
    let mut driver = driver(replay, Network::WIFI);
    driver.send(Event::Command(Command::SetLoop(true)));
    driver.send(Event::Command(Command::Play));
    driver.run_for(20.0);
    // 9 segments of 12 frames in 3 layers, and the venue.
    assert_eq!(driver.fetch_count, 28);
    assert_eq!(driver.player.stats().stall_count, 0);
    driver.send(Event::Command(Command::Pause));
    driver.lose_device();
    driver.run_for(2.0);
    assert_eq!((driver.fetch_count, layer_count(&driver)), (28, 3));
}

#[test]
fn a_loop_from_within_a_segment_fetches_it_once() {
    let replay = Replay {
        frame_count: 60, // All within what is fetched ahead.
        ..athlete()
    };
    let mut driver = driver(replay, Network::WIFI);
    driver.send(Event::Command(Command::Pause));
    driver.send(Event::Command(Command::SetLoop(true)));
    driver.send(Event::Command(Command::Seek(Seconds(1.2))));
    driver.run_for(5.0);
    // 5 segments of 12 frames in 3 layers, and the venue.
    assert_eq!((driver.fetch_count, layer_count(&driver)), (16, 3));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever the fan does, on whatever network and budget: bytes stay within it, the driver
    /// checks every action, and a picture that stands becomes as fine as it can.
    #[test]
    fn the_budget_holds_and_the_end_is_fine(
        budget_mib in 24u64..120,
        rate_mbps in 20.0f64..200.0,
        commands in prop::collection::vec((0u32..8, 0.0f64..10.0, 0.0f64..0.6), 1..30),
    ) {
        let replay = Replay { has_alternative: true, texture_side: 256, ..athlete() };
        let budget_bytes = budget_mib << 20;
        let config = Config { budget_bytes, ..Config::default() };
        let network = Network { rate_mbps, ..Network::WIFI };
        let mut driver = Driver::new(config, replay.manifest(), network, Decoders::default());
        for (what, number, secs) in commands {
            driver.send(Event::Command(command_of(what, number)));
            driver.run_for(secs);
        }
        prop_assert!(driver.used_bytes_max <= budget_bytes);
        driver.send(Event::Command(Command::SelectTrack("points".into())));
        driver.send(Event::Command(Command::Pause));
        driver.run_for(12.0);
        prop_assert_eq!(layer_count(&driver), 3);
        prop_assert!(driver.used_bytes_max <= budget_bytes);
    }
}
