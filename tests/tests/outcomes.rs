//! Goal: on any network a fan who watches straight through waits once, sees nearly the best that
//! could have come, and pays for little else.
//! Method: the ladder of networks, and an oracle that knows their future; `cargo xtask bench` tells
//! the figures.

use touchline_tests::network::Network;
use touchline_tests::outcome::{Outcome, athlete, ladder, mobile_trace, textured_athlete};

#[test]
fn every_network_of_the_ladder_is_used_well() {
    for (name, network) in ladder() {
        let outcome = Outcome::of(athlete(), network);
        assert!(outcome.start_secs < 1.5, "{name}: {outcome:?}");
        assert_eq!(outcome.stall_count, 0, "{name}: {outcome:?}");
        assert!(outcome.share_of_oracle() >= 0.9, "{name}: {outcome:?}");
        assert!(outcome.wasted_share < 0.03, "{name}: {outcome:?}");
    }
}

#[test]
fn phones_on_the_move_are_served_well() {
    let outcomes: Vec<Outcome> = (2..34)
        .map(|seed| {
            let network = Network {
                trace: mobile_trace(seed).leak(),
                ..Network::WIFI
            };
            Outcome::of(athlete(), network)
        })
        .collect();
    for outcome in &outcomes {
        assert_eq!(outcome.stall_count, 0, "{outcome:?}");
        assert!(outcome.share_of_oracle() >= 0.8, "{outcome:?}");
    }
    let mean = |of: fn(&Outcome) -> f64| {
        let sum: f64 = outcomes.iter().map(of).sum();
        sum / outcomes.len() as f64
    };
    assert!(mean(Outcome::share_of_oracle) >= 0.9);
    assert!(mean(|outcome| outcome.wasted_share) < 0.03);
}

#[test]
fn a_mesh_does_not_wait_for_its_finer_renditions_and_fetches_one() {
    for (name, network) in ladder() {
        let outcome = Outcome::of(textured_athlete(), network);
        assert_eq!(outcome.stall_count, 0, "{name}: {outcome:?}");
        // 8 Mbit/s carry the finest rendition, but not with the usual safety: it comes on top of
        // the one below.
        let wasted_share_max = if name == "8" { 0.2 } else { 0.03 };
        assert!(
            outcome.wasted_share < wasted_share_max,
            "{name}: {outcome:?}"
        );
    }
}
