//! Goal: a mesh is there as soon as its coarsest rendition is, and gets as fine as it can.
//! Method: as in `layers.rs`, with a textured mesh in three renditions.

use proptest::prelude::*;
use touchline_player::{
    Command, Config, Event, FailReason, Notice, PlayState, Problem, Recovery, Shown, StreamKey,
    StreamKind,
};
use touchline_scene::Seconds;
use touchline_tests::fan::command_of;
use touchline_tests::network::{Decoders, Driver, Fault, FaultKind, Network};
use touchline_tests::replay::{Refinement, Replay};

/// One athlete at 8 Mbit/s, beside 4 of texture; 2.4 and 0.8 in the coarser renditions.
fn athlete() -> Replay {
    Replay {
        frame_bytes: 40_000,
        element_count: 60_000,
        texture_side: 64,
        coarser: &[
            Refinement {
                frame_bytes: 12_000,
                element_count: 20_000,
            },
            Refinement {
                frame_bytes: 4_000,
                element_count: 6_000,
            },
        ],
        ..Replay::default()
    }
}

/// A whole team: a decoded frame takes 32 MB, a sixth of the budget.
fn team() -> Replay {
    Replay {
        element_count: 2_000_000,
        coarser: &[
            Refinement {
                frame_bytes: 12_000,
                element_count: 600_000,
            },
            Refinement {
                frame_bytes: 4_000,
                element_count: 200_000,
            },
        ],
        ..athlete()
    }
}

fn driver(replay: Replay, network: Network) -> Driver {
    let config = Config::default();
    Driver::new(config, replay.manifest(), network, Decoders::default())
}

/// What is on screen of the athlete.
fn mesh(driver: &Driver) -> Option<Shown> {
    let shown = driver.player.shown();
    shown.iter().copied().find(|shown| shown.track == 0)
}

fn rendition(driver: &Driver) -> Option<u8> {
    mesh(driver).map(|shown| shown.rendition)
}

fn rendition_of((stream, _): &(StreamKey, u32)) -> Option<u8> {
    match stream.kind {
        StreamKind::Rendition(rendition) => Some(rendition),
        StreamKind::Layer(_) | StreamKind::Texture(_) => None,
    }
}

/// Share of the time, from `after_secs` on, in which each rendition is on screen.
fn shares(driver: &mut Driver, after_secs: f64) -> [f64; 3] {
    let (mut counts, mut total) = ([0.0; 3], 0.0);
    driver.send(Event::Command(Command::Play));
    while driver.player.state() != PlayState::Ended && driver.now_secs < 60.0 {
        driver.step();
        if driver.player.position().0 > after_secs
            && let Some(rendition) = rendition(driver)
        {
            counts[usize::from(rendition)] += 1.0;
            total += 1.0;
        }
    }
    assert_eq!(driver.player.state(), PlayState::Ended);
    counts.map(|count| count / total)
}

#[test]
fn the_finest_is_reached_within_the_default_window() {
    for (name, replay) in [("athlete", athlete()), ("team", team())] {
        let mut driver = driver(replay, Network::FIBRE);
        driver.run_for(4.0);
        assert_eq!(rendition(&driver), Some(0), "{name}: at the start");
        let venue = driver.player.shown()[1];
        assert_eq!((venue.track, venue.rendition), (1, 0), "{name}: the venue");
        for (index, target) in [5.0, 9.5, 4.5, 1.0, 5.2].into_iter().enumerate() {
            driver.send(Event::Command(Command::Seek(Seconds(target))));
            driver.run_for(3.0);
            assert_eq!(rendition(&driver), Some(0), "{name}: seek {index}");
        }
        for _ in 0..20 {
            driver.send(Event::Command(Command::StepFrames(-1)));
            driver.run_for(0.3);
        }
        driver.run_for(1.0);
        assert_eq!(rendition(&driver), Some(0), "{name}: stepping back");
        assert!(driver.used_bytes_max <= Config::default().budget_bytes);
    }
}

#[test]
fn the_coarsest_of_the_window_comes_before_any_other() {
    let mut driver = driver(athlete(), Network::STADIUM);
    driver.run_for(12.0);
    let is_finer = |at: &(StreamKey, u32)| rendition_of(at).is_some_and(|rendition| rendition < 2);
    let coarse = driver.fetched.iter().position(is_finer);
    // 21 segments of the mesh and as many of its texture, and the venue.
    assert_eq!(coarse, Some(43));
    let finer: Vec<_> = driver.fetched[43..].iter().map(rendition_of).collect();
    let is_finest = |found: &Option<u8>| *found == Some(0);
    assert!(
        finer.iter().all(is_finest),
        "a clock that stands waits for the finest: {finer:?}"
    );
    let nearest_first = driver.fetched[43..].is_sorted_by_key(|(_, segment)| *segment);
    assert!(nearest_first && finer.len() > 5);
}

#[test]
fn the_first_picture_waits_for_the_coarsest_only() {
    let plain = Replay {
        frame_bytes: 4_000,
        element_count: 6_000,
        coarser: &[],
        ..athlete()
    };
    let picture_secs = |replay| {
        let mut driver = driver(replay, Network::STADIUM);
        while mesh(&driver).is_none() {
            driver.step();
        }
        driver.now_secs
    };
    // The texture of the plain one has a tenth of the bytes.
    assert!(picture_secs(athlete()) < picture_secs(plain) + 0.2);
    let alone = Replay {
        coarser: &[],
        ..athlete()
    };
    assert!(picture_secs(athlete()) < picture_secs(alone) - 0.2);
}

#[test]
fn a_picture_that_stands_only_gets_finer() {
    let mut driver = driver(athlete(), Network::STADIUM);
    driver.run_for(0.6);
    for target in [0.0, 8.0, 3.2] {
        driver.send(Event::Command(Command::Seek(Seconds(target))));
        driver.step();
        let (mut seen, mut last) = (Vec::new(), 2);
        for _ in 0..4000 {
            driver.step();
            let shown = mesh(&driver).expect("never blank");
            if shown.frame == (target * 25.0) as u32 {
                assert!(shown.rendition <= last, "finer, then coarser");
                last = shown.rendition;
                seen.push(last);
            }
        }
        seen.dedup();
        assert_eq!(last, 0, "{target}: {seen:?}");
    }
}

#[test]
fn playing_is_as_fine_as_the_network_allows() {
    for (name, rate_mbps, is_met) in [
        (
            "all",
            40.0,
            (|shares| shares[0] > 0.98) as fn([f64; 3]) -> bool,
        ),
        // Enough for the middle one, and a little more.
        ("middle", 4.2, |shares| shares[0] + shares[1] > 0.9),
        ("coarsest", 1.1, |shares| shares[2] > 0.5),
    ] {
        let network = Network {
            rate_mbps,
            ..Network::WIFI
        };
        let mut manifest = Replay {
            frame_count: 1000,
            has_venue: false,
            ..athlete()
        }
        .manifest();
        manifest.tracks[0].textures.clear();
        let config = Config::default();
        let mut driver = Driver::new(config, manifest, network, Decoders::default());
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
    assert!(shares[0] + shares[1] > 0.5, "{shares:?}");
    assert!(driver.used_bytes_max <= Config::default().budget_bytes);
}

#[test]
fn slow_decoders_make_it_coarse_and_never_late() {
    let decoders = Decoders {
        count: 2,
        frame_secs: 0.03,
    };
    let config = Config::default();
    let mut driver = Driver::new(config, athlete().manifest(), Network::FIBRE, decoders);
    shares(&mut driver, 0.0);
    assert_eq!(driver.player.stats().stall_count, 0);
}

#[test]
fn a_lost_rendition_is_done_without() {
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
        let faults: &[Fault] = vec![Fault {
            segment: 10,
            attempt_count,
            kind,
        }]
        .leak();
        let network = Network {
            refinement_faults: faults,
            ..Network::FIBRE
        };
        let mut finer_lost = driver(athlete(), network);
        // The first frame of the segment.
        finer_lost.send(Event::Command(Command::Seek(Seconds(4.8))));
        finer_lost.run_for(5.0);
        if !is_lost {
            assert_eq!(rendition(&finer_lost), Some(0), "{kind:?} {attempt_count}");
        }
        let shown = mesh(&finer_lost).map(|shown| shown.frame);
        assert_eq!(shown, Some(120), "{kind:?}: a coarser one is there");
        finer_lost.send(Event::Command(Command::Seek(Seconds(0.0))));
        shares(&mut finer_lost, 0.0);
        let stats = finer_lost.player.stats();
        assert_eq!(stats.stall_count, 0, "{kind:?}");
        let is_fatal = |&(_, notice): &(f64, Notice)| {
            matches!(notice, Notice::Problem(Problem { is_fatal: true, .. }))
        };
        assert!(!finer_lost.notices.iter().any(is_fatal));
    }
}

#[test]
fn without_its_coarsest_a_finer_one_is_shown() {
    let gone = FailReason::Http {
        status: 404,
        retry_after: None,
    };
    let replay = Replay {
        has_venue: false,
        ..athlete()
    };
    // In every stream but the finer renditions; so this mesh has no texture.
    let network = Network {
        faults: vec![Fault {
            segment: 10,
            attempt_count: u32::MAX,
            kind: FaultKind::Fetch(gone),
        }]
        .leak(),
        ..Network::FIBRE
    };
    let mut manifest = replay.manifest();
    manifest.tracks[0].textures.clear();
    let mut driver = Driver::new(Config::default(), manifest, network, Decoders::default());
    driver.send(Event::Command(Command::Seek(Seconds(4.8))));
    driver.run_for(3.0);
    let shown = mesh(&driver).map(|shown| (shown.frame, shown.rendition));
    assert_eq!(shown, Some((120, 0)));
    driver.send(Event::Command(Command::Seek(Seconds(0.0))));
    shares(&mut driver, 0.0);
    assert_eq!(driver.player.stats().stall_count, 0);
}

#[test]
fn renditions_are_fetched_once() {
    let replay = Replay {
        frame_count: 100,
        ..athlete()
    };
    let mut driver = driver(replay, Network::WIFI);
    driver.send(Event::Command(Command::SetLoop(true)));
    driver.send(Event::Command(Command::Play));
    driver.run_for(20.0);
    let mut fetched = driver.fetched.clone();
    fetched.sort_unstable();
    fetched.dedup();
    assert_eq!(fetched.len(), driver.fetched.len(), "{:?}", driver.fetched);
    assert_eq!(driver.player.stats().stall_count, 0);
    driver.send(Event::Command(Command::Pause));
    driver.lose_device();
    driver.run_for(2.0);
    assert_eq!(driver.fetched.len(), fetched.len());
    assert_eq!(rendition(&driver), Some(0));
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
        driver.send(Event::Command(Command::SelectTrack("mesh".into())));
        driver.send(Event::Command(Command::Pause));
        driver.run_for(12.0);
        let shown = driver.player.shown();
        let mesh = shown.iter().find(|shown| shown.track == 1);
        prop_assert_eq!(mesh.map(|shown| shown.rendition), Some(0));
        prop_assert!(driver.used_bytes_max <= budget_bytes);
    }
}
