//! Goal: slow motion shows the instants between frames, in order, and nothing else ever does.
//! Method: as in `playback.rs`, with a mesh in runs of frames; the driver checks that what is
//! mixed is there and of one topology.

use touchline_player::{Command, Config, Event, PlayState, Shown, VideoSample};
use touchline_scene::Seconds;
use touchline_tests::network::{Decoders, Driver, Network, RUN_FRAME_COUNT};
use touchline_tests::replay::Replay;

const FRAME_RATE: f64 = 25.0;

/// Two seconds of a textured mesh beside a static venue, all of it here.
fn driver() -> Driver {
    let replay = Replay {
        frame_count: 50,
        texture_side: 64,
        ..Replay::default()
    };
    let config = Config::default();
    let mut driver = Driver::new(
        config,
        replay.manifest(),
        Network::FIBRE,
        Decoders::default(),
    );
    driver.run_for(3.0);
    driver
}

fn command(driver: &mut Driver, command: Command) {
    driver.send(Event::Command(command));
}

fn mesh(driver: &Driver) -> Shown {
    driver.player.shown()[0]
}

/// Plays at `rate` to the end; for each frame the phases that were shown, in order.
fn phases(driver: &mut Driver, rate: f64) -> Vec<(u32, Vec<f32>)> {
    command(driver, Command::SetRate(rate));
    command(driver, Command::Play);
    driver.step();
    let mut frames: Vec<(u32, Vec<f32>)> = Vec::new();
    while driver.player.state() != PlayState::Ended {
        driver.step();
        let (Shown { frame, next, .. }, phase) = (mesh(driver), driver.player.phase());
        assert_eq!(driver.player.shown()[1].next, None, "a venue stands");
        assert!(next.is_some() || phase == 0.0, "{phase} on the way nowhere");
        if next.is_some() {
            let way = f64::from(phase) * rate.signum();
            let start = if rate < 0.0 { 1.0 } else { 0.0 };
            let expected = driver.player.position().0 * FRAME_RATE - start;
            let instant = f64::from(frame) + way;
            assert!(
                (instant - expected).abs() < 1e-3,
                "{instant}, not {expected}"
            );
        }
        match frames.last_mut() {
            Some((last, phases)) if *last == frame => phases.push(phase),
            _ => frames.push((frame, vec![phase])),
        }
    }
    for (_, phases) in &mut frames {
        phases.dedup();
    }
    frames
}

#[test]
fn slow_motion_goes_from_frame_to_frame() {
    for (rate, has_next) in [
        (
            0.1,
            (|frame| frame % RUN_FRAME_COUNT != RUN_FRAME_COUNT - 1 && frame != 49)
                as fn(u32) -> bool,
        ),
        (-0.1, |frame| frame % RUN_FRAME_COUNT != 0),
    ] {
        let mut driver = driver();
        if rate < 0.0 {
            command(&mut driver, Command::Seek(Seconds(1.9999)));
            driver.run_for(1.0);
        }
        let frames = phases(&mut driver, rate);
        assert_eq!(frames.len(), 50);
        for (frame, phases) in frames {
            if has_next(frame) {
                assert!(phases.is_sorted(), "{frame}: {phases:?}");
                // A tenth of 25 frames a second is 24 refreshes a frame; time is cut in steps.
                assert!(phases.len() >= 20, "{frame}: {phases:?}");
            } else {
                assert_eq!(phases, [0.0], "{frame} ends a run");
            }
        }
    }
}

#[test]
fn only_slow_motion_is_mixed() {
    let is_exact = |driver: &Driver| driver.player.phase() == 0.0 && mesh(driver).next.is_none();
    let mut driver = driver();
    for rate in [1.0, 2.0, -1.0] {
        command(&mut driver, Command::SetRate(rate));
        command(&mut driver, Command::Play);
        for _ in 0..200 {
            driver.step();
            assert!(is_exact(&driver), "at {rate}");
        }
    }
    command(&mut driver, Command::SetRate(0.3));
    command(&mut driver, Command::Seek(Seconds(0.2)));
    command(&mut driver, Command::Play);
    driver.run_for(0.5);
    assert!(!is_exact(&driver), "slow motion is");
    command(&mut driver, Command::Pause);
    driver.step();
    assert!(is_exact(&driver), "paused");
    command(&mut driver, Command::StepFrames(1));
    driver.run_for(0.2);
    assert!(is_exact(&driver), "stepped");
    command(&mut driver, Command::BackToLive);
    for step in 0..500 {
        if step % 20 == 0 {
            driver.send(Event::Video(VideoSample {
                media: Seconds(100.0 + 0.1 * driver.now_secs),
                unix_ms: None,
                presented_at: Seconds(driver.now_secs),
                rate: 0.1,
                is_paused: false,
                is_seeking: false,
            }));
        }
        driver.step();
        assert!(is_exact(&driver), "following a slow video");
    }
    assert_eq!(driver.player.state(), PlayState::Playing);
}
