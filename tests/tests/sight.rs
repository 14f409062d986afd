//! Goal: what the fan could not tell from less costs no byte, and comes when they come near.
//! Method: a replay in three layers on simulated screens, near and far.

use std::collections::BTreeSet;

use touchline_player::{Command, Event, Gesture, StreamKind};
use touchline_tests::ladder::{athlete_on_screen, driver};
use touchline_tests::network::{Driver, Network};
use touchline_tests::outcome::athlete;

/// The athlete on a screen of so many pixels' height; 30,000, 160,000 and 780,000 points are 8.2,
/// 3.5 and 1.6 mm apart.
fn driver_of(height: u32) -> Driver {
    let mut driver = driver(athlete(), Network::FIBRE);
    driver.send(Event::Resized {
        width: height / 2,
        height,
    });
    driver.command(Command::Play);
    driver
}

/// Layers that are asked for.
fn layers_fetched(driver: &mut Driver) -> BTreeSet<u8> {
    driver.run_for(4.0);
    let layers = driver.fetched.iter().filter_map(|(key, _)| match key.kind {
        StreamKind::Layer(layer) => Some(layer),
        StreamKind::Rendition(_) | StreamKind::Texture(_) => None,
    });
    layers.collect()
}

fn layer_count(driver: &Driver) -> Option<u8> {
    athlete_on_screen(driver).map(|shown| shown.layer_count)
}

#[test]
fn a_small_screen_fetches_what_it_can_show() {
    for (height, layers) in [(2000, 3), (500, 2), (100, 1)] {
        let mut driver = driver_of(height);
        let fetched = layers_fetched(&mut driver);
        assert_eq!(fetched, (0..layers).collect(), "{height} pixels");
        assert_eq!(layer_count(&driver), Some(layers), "{height} pixels");
    }
}

#[test]
fn coming_near_sharpens_and_going_away_drops_nothing() {
    let mut driver = driver_of(500);
    driver.run_for(3.0);
    driver.command(Command::Pause);
    driver.run_for(1.0);
    assert_eq!(layer_count(&driver), Some(2));
    driver.send(Event::Gesture(Gesture::ZoomBy { factor: 0.3 }));
    driver.run_for(6.0);
    assert_eq!(layer_count(&driver), Some(3));
    driver.fetched.clear();
    driver.send(Event::Gesture(Gesture::ZoomBy { factor: 3.0 }));
    driver.run_for(2.0);
    assert_eq!(layer_count(&driver), Some(3));
    assert_eq!(driver.fetched, []);
}
