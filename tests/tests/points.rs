//! Goal: between an in and an out point the fan gets all that can be had, and no byte beyond.
//! Method: a replay in three layers is played between points on a simulated network.

use touchline_player::{Command, Notice, PlayState};
use touchline_scene::Seconds;
use touchline_tests::ladder::{athlete_on_screen, driver};
use touchline_tests::network::{Driver, Network};
use touchline_tests::outcome::athlete;

/// Frames of a segment of [`athlete`].
const SEGMENT_FRAME_COUNT: u32 = 15;

/// From 8 s to 8.5 s, the middle of a segment: frames 240 to 255.
fn set_points(driver: &mut Driver) {
    let points = (Seconds(8.0), Seconds(8.5));
    driver.command(Command::SetPoints(Some(points)));
    driver.command(Command::Seek(Seconds(8.0)));
    driver.command(Command::Play);
}

/// Indices of the segments asked for, of any layer, in order and once.
fn segments(driver: &Driver) -> Vec<u32> {
    let mut segments: Vec<u32> = driver.fetched.iter().map(|&(_, segment)| segment).collect();
    segments.sort_unstable();
    segments.dedup();
    segments
}

#[test]
fn the_out_point_is_an_end() {
    let mut driver = driver(athlete(), Network::FIBRE);
    driver.run_for(0.01);
    driver.fetched.clear();
    set_points(&mut driver);
    driver.run_for(5.0);
    assert_eq!(driver.player.state(), PlayState::Ended);
    assert_eq!(driver.player.frame(), 255);
    assert_eq!(driver.player.points(), Some([Seconds(8.0), Seconds(8.5)]));
    let wanted = [240 / SEGMENT_FRAME_COUNT, 255 / SEGMENT_FRAME_COUNT];
    assert_eq!(segments(&driver), wanted);
    // And from the in point again.
    driver.command(Command::Play);
    driver.run_for(0.1);
    assert!((240..247).contains(&driver.player.frame()));
}

#[test]
fn a_short_loop_gets_every_layer() {
    for rate in [1.0, 2.0, -2.0] {
        let mut driver = driver(athlete(), Network::FIBRE);
        driver.command(Command::SetLoop(true));
        driver.command(Command::SetRate(rate));
        set_points(&mut driver);
        driver.run_for(12.0);
        driver.fetched.clear();
        let (mut shown_count, mut finest_count) = (0, 0);
        let turns = driver.notices.len();
        for _ in 0..1000 {
            driver.step();
            assert!((240..256).contains(&driver.player.frame()), "rate {rate}");
            let shown = athlete_on_screen(&driver);
            shown_count += 1;
            finest_count += u32::from(shown.is_some_and(|shown| shown.layer_count == 3));
        }
        assert_eq!(finest_count, shown_count, "rate {rate}");
        let is_turn = |(_, notice): &(f64, Notice)| *notice == Notice::Looped;
        assert!(driver.notices[turns..].iter().any(is_turn), "rate {rate}");
        assert_eq!(driver.fetched, [], "rate {rate}");
    }
}

#[test]
fn without_points_all_is_played_again() {
    let mut driver = driver(athlete(), Network::FIBRE);
    set_points(&mut driver);
    driver.run_for(5.0);
    driver.command(Command::SetPoints(None));
    driver.command(Command::Play);
    driver.run_for(2.0);
    assert!(driver.player.frame() > 300);
    assert_eq!(
        segments(&driver).last(),
        Some(&(600 / SEGMENT_FRAME_COUNT - 1))
    );
}
