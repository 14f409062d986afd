//! Goal: a phone whose decoders are slow plays as smoothly as a fast one, with as many layers as
//! it can decode.
//! Method: a replay in three layers, and meshes in three renditions, on a fast network with slow
//! decoders.

use touchline_player::{Command, Config, Event, PlayState, Shown};
use touchline_tests::ladder::athlete_on_screen;
use touchline_tests::network::{Decoders, Driver, Network};
use touchline_tests::outcome::{athlete, textured_athlete};
use touchline_tests::replay::Replay;

/// Plays to the end with decoders that take so long for a layer: how often the clock had to wait,
/// and how long each rung was on screen, as a share of the time after the first 4 s.
fn play(replay: Replay, frame_secs: f64, rung_of: fn(&Shown) -> usize) -> (u32, [f64; 4]) {
    let decoders = Decoders {
        count: 2,
        frame_secs,
    };
    let manifest = replay.manifest();
    let mut driver = Driver::new(Config::default(), manifest, Network::FIBRE, decoders);
    driver.send(Event::Command(Command::Play));
    let (mut counts, mut total) = ([0.0; 4], 0.0);
    while driver.player.state() != PlayState::Ended {
        assert!(driver.now_secs < 60.0, "does not end");
        driver.step();
        if driver.player.position().0 > 4.0 {
            counts[athlete_on_screen(&driver).as_ref().map_or(0, rung_of)] += 1.0;
            total += 1.0;
        }
    }
    let shares = counts.map(|count| count / total);
    (driver.player.stats().stall_count, shares)
}

#[test]
fn points_have_the_layers_that_can_be_decoded() {
    // A frame of three layers takes three times as long, 30 frames a second on two decoders.
    for (frame_secs, layer_count) in [(0.010, 3), (0.022, 2), (0.040, 1)] {
        let rung_of = |shown: &Shown| usize::from(shown.layer_count);
        let (stall_count, shares) = play(athlete(), frame_secs, rung_of);
        assert_eq!(stall_count, 0, "{frame_secs}");
        assert!(shares[layer_count] > 0.99, "{frame_secs}: {shares:?}");
    }
}

#[test]
fn a_mesh_has_the_rendition_that_can_be_decoded() {
    let athlete = Replay {
        texture_side: 256,
        ..textured_athlete()
    };
    // One decoder at a time works on a mesh, 30 frames a second; the other has the texture.
    for (frame_secs, rendition) in [(0.015, 0), (0.040, 1)] {
        let rung_of = |shown: &Shown| usize::from(shown.rendition);
        let (stall_count, shares) = play(athlete, frame_secs, rung_of);
        assert_eq!(stall_count, 0, "{frame_secs}");
        assert!(shares[rendition] > 0.99, "{frame_secs}: {shares:?}");
    }
}

#[test]
fn what_stands_is_refined_however_slow() {
    let decoders = Decoders {
        count: 2,
        frame_secs: 0.100,
    };
    let manifest = athlete().manifest();
    let mut driver = Driver::new(Config::default(), manifest, Network::FIBRE, decoders);
    driver.send(Event::Command(Command::Play));
    driver.run_for(5.0);
    let layer_count = |driver: &Driver| athlete_on_screen(driver).map(|shown| shown.layer_count);
    assert_eq!(layer_count(&driver), Some(1));
    driver.send(Event::Command(Command::Pause));
    driver.run_for(5.0);
    assert_eq!(layer_count(&driver), Some(3));
}
