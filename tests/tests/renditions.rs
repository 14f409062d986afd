//! Goal: a mesh is there as soon as its coarsest rendition is, and gets as fine as it can.
//! Method: as in `layers.rs`, with a textured mesh in three renditions.

use proptest::prelude::*;
use touchline_player::{Command, Config, Event, FailReason, StreamKey, StreamKind};
use touchline_scene::Seconds;
use touchline_tests::ladder::{Ladder, TOP, athlete_on_screen, driver};
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

const LADDER: Ladder = Ladder {
    track: "mesh",
    rung_of: |shown| TOP - shown.rendition,
};

fn rendition_of((stream, _): &(StreamKey, u32)) -> Option<u8> {
    match stream.kind {
        StreamKind::Rendition(rendition) => Some(rendition),
        StreamKind::Layer(_) | StreamKind::Texture(_) => None,
    }
}

#[test]
fn the_finest_is_reached_within_the_default_window() {
    for (name, replay) in [("athlete", athlete()), ("team", team())] {
        LADDER.check_window(name, replay, 3.0);
    }
    let mut driver = driver(athlete(), Network::FIBRE);
    driver.run_for(4.0);
    let venue = driver.player.shown()[1];
    assert_eq!((venue.track, venue.rendition), (1, 0));
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
        while athlete_on_screen(&driver).is_none() {
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
    LADDER.check_climb(athlete());
}

#[test]
fn playing_is_as_fine_as_the_network_allows() {
    for (name, rate_mbps, is_met) in [
        (
            "all",
            40.0,
            (|shares| shares[3] > 0.98) as fn([f64; 4]) -> bool,
        ),
        // Enough for the middle one, and a little more.
        ("middle", 4.2, |shares| shares[3] + shares[2] > 0.9),
        ("coarsest", 1.1, |shares| shares[1] > 0.5),
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
        let shares = LADDER.shares(&mut driver, 12.0);
        assert!(is_met(shares), "{name}: {shares:?}");
        assert_eq!(driver.player.stats().stall_count, 0, "{name}");
    }
}

#[test]
fn a_replay_too_heavy_to_be_held_fine_plays_on() {
    LADDER.check_heavy(team());
}

#[test]
fn slow_decoders_make_it_coarse_and_never_late() {
    let decoders = Decoders {
        count: 2,
        frame_secs: 0.03,
    };
    let config = Config::default();
    let mut driver = Driver::new(config, athlete().manifest(), Network::FIBRE, decoders);
    LADDER.shares(&mut driver, 0.0);
    assert_eq!(driver.player.stats().stall_count, 0);
}

#[test]
fn a_lost_rendition_is_done_without() {
    LADDER.check_lost(athlete());
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
    let shown = athlete_on_screen(&driver).map(|shown| (shown.frame, shown.rendition));
    assert_eq!(shown, Some((120, 0)));
    driver.send(Event::Command(Command::Seek(Seconds(0.0))));
    LADDER.shares(&mut driver, 0.0);
    assert_eq!(driver.player.stats().stall_count, 0);
}

#[test]
fn renditions_are_fetched_once() {
    LADDER.check_fetched_once(athlete());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_budget_holds_and_the_end_is_fine(
        budget_mib in 24u64..120,
        rate_mbps in 20.0f64..200.0,
        whims in prop::collection::vec((0u32..8, 0.0f64..10.0, 0.0f64..0.6), 1..30),
    ) {
        LADDER.check_whims(athlete(), budget_mib, rate_mbps, &whims);
    }
}
