//! Goal: a replay in layers is there as soon as its coarsest layer is, and gets as fine as it can.
//! Method: as in `playback.rs`, with points in three layers.

use proptest::prelude::*;
use touchline_player::{Command, Event, StreamKey, StreamKind};
use touchline_scene::Seconds;
use touchline_tests::ladder::{Ladder, athlete_on_screen, driver};
use touchline_tests::network::{Driver, Network};
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

const LADDER: Ladder = Ladder {
    track: "points",
    rung_of: |shown| shown.layer_count,
};

fn layer_count(driver: &Driver) -> u8 {
    LADDER.rung(driver)
}

#[test]
fn every_layer_is_reached_within_the_default_window() {
    for (name, replay) in [("athlete", athlete()), ("team", team()), ("long", long())] {
        LADDER.check_window(name, replay, 5.0);
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
        while athlete_on_screen(&driver).is_none() {
            driver.step();
        }
        driver.now_secs
    };
    assert_eq!(picture_secs(athlete()), picture_secs(plain));
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
fn a_lost_refinement_costs_detail_and_nothing_else() {
    LADDER.check_lost(athlete());
}

#[test]
fn layers_are_fetched_once() {
    // 9 segments of 12 frames in 3 layers, and the venue.
    assert_eq!(LADDER.check_fetched_once(athlete()), 28);
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

    #[test]
    fn the_budget_holds_and_the_end_is_fine(
        budget_mib in 24u64..120,
        rate_mbps in 20.0f64..200.0,
        whims in prop::collection::vec((0u32..8, 0.0f64..10.0, 0.0f64..0.6), 1..30),
    ) {
        LADDER.check_whims(athlete(), budget_mib, rate_mbps, &whims);
    }
}
