//! Goal: whatever fans do on whatever network, nothing breaks, and in the end they get what they
//! asked for.
//! Method: thousands of short visits drawn by seeds; the driver checks every action and every
//! picture, and each visit ends with a seek and play that must come to a picture.

use touchline_player::{
    Command, Config, Event, FailReason, Gesture, Mode, Notice, PlayState, Problem, Recovery,
    VideoSample,
};
use touchline_scene::Seconds;
use touchline_tests::fan::command_of;
use touchline_tests::network::{Decoders, Driver, Fault, FaultKind, Network, Stall};
use touchline_tests::outcome::{athlete, mobile_trace, textured_athlete};
use touchline_tests::random::Random;
use touchline_tests::replay::Replay;

/// Visits of each kind of fan.
const VISIT_COUNT: u64 = 400;
/// A fan gets what they asked for within this, after all faults are over.
const PATIENCE_SECS: f64 = 40.0;
/// A replay's length at least.
const DURATION_SECS: f64 = 10.0;

/// What a fan does for a while, drawn anew for each step.
type Whim = fn(&mut Random, &mut Driver);

/// Jumps about without waiting for a picture.
fn seeker(random: &mut Random, driver: &mut Driver) {
    let at = random.between(-1.0, DURATION_SECS + 1.0);
    driver.command(Command::Seek(Seconds(at)));
    driver.run_for(random.ratio_between(0.01, 0.5));
}

/// Drags the slider to and fro.
fn scrubber(random: &mut Random, driver: &mut Driver) {
    let mut at = driver.player.position().0;
    let speed = random.between(-8.0, 8.0);
    for _ in 0..random.below(20) {
        at += speed * 0.033;
        driver.command(Command::Seek(Seconds(at)));
        driver.run_for(0.033);
    }
}

/// Plays at all speeds, both ways, in loops, steps, and takes other tracks.
fn player(random: &mut Random, driver: &mut Driver) {
    let points = (random.between(0.0, 10.0), random.between(0.0, 10.0));
    let wanted = match random.below(10) {
        0 => Command::SetPoints(Some((Seconds(points.0), Seconds(points.1)))),
        1 => Command::SetPoints(None),
        _ => command_of(random.below(8), random.between(0.0, 12.0)),
    };
    driver.command(wanted);
    driver.run_for(random.ratio_between(0.02, 1.0));
}

/// Watches beside a video that plays, jumps and stops; freezes it and comes back.
fn follower(random: &mut Random, driver: &mut Driver) {
    if random.is(0.3) {
        driver.command(random.one_of(&[Command::Pause, Command::Play]));
    } else {
        driver.command(Command::BackToLive);
    }
    let (mut media, is_paused) = (random.between(98.0, 112.0), random.is(0.2));
    for _ in 0..random.below(20) {
        driver.send(Event::Video(VideoSample {
            media: Seconds(media),
            unix_ms: None,
            presented_at: Seconds(driver.now_secs),
            rate: 1.0,
            is_paused,
            is_seeking: random.is(0.05),
        }));
        driver.run_for(0.04);
        media += if is_paused { 0.0 } else { 0.04 };
    }
    if random.is(0.1) {
        driver.send(Event::VideoGone);
    }
}

/// Puts the page away, comes back, turns the phone, comes near, loses the graphics card.
fn wanderer(random: &mut Random, driver: &mut Driver) {
    match random.below(6) {
        0 => driver.send(Event::Hidden(true)),
        1 => driver.send(Event::Hidden(false)),
        2 => driver.lose_device(),
        3 => driver.send(Event::Resized {
            width: 1 + random.below(2000),
            height: 1 + random.below(2000),
        }),
        4 => driver.send(Event::Gesture(Gesture::ZoomBy {
            factor: random.ratio_between(0.1, 10.0) as f32,
        })),
        _ => driver.command(Command::Play),
    }
    driver.run_for(random.ratio_between(0.05, 3.0));
}

fn replay_of(random: &mut Random) -> Replay {
    let replay = random.one_of(&[
        Replay::default(),
        athlete(),
        textured_athlete(),
        Replay {
            has_alternative: true,
            texture_side: 256,
            has_video: true,
            frame_bytes: 12_000,
            ..Replay::default()
        },
    ]);
    Replay {
        segment_frame_count: random.one_of(&[6, 12, 25]),
        ..replay
    }
}

/// Faults of all kinds, over after a few attempts.
fn faults_of(random: &mut Random) -> &'static [Fault] {
    let reasons = [
        FailReason::Offline,
        FailReason::Timeout,
        FailReason::Truncated,
        FailReason::HashMismatch,
        FailReason::Http {
            status: 404,
            retry_after: None,
        },
        FailReason::Http {
            status: 503,
            retry_after: Some(Seconds(1.5)),
        },
    ];
    let recoveries = [Recovery::FetchAgain, Recovery::SkipToNextKey];
    let mut faults = Vec::new();
    let segment = random.below(20);
    // One after the other, as servers that restart have them.
    for segment in segment..segment + random.below(5) {
        let kind = if random.is(0.8) {
            FaultKind::Fetch(random.one_of(&reasons))
        } else {
            FaultKind::Decode(random.one_of(&recoveries))
        };
        let attempt_count = 1 + random.below(3);
        faults.push(Fault {
            segment,
            attempt_count,
            kind,
        });
    }
    faults.leak()
}

fn network_of(random: &mut Random, seed: u64) -> Network {
    let stalls: Vec<Stall> = (0..random.below(3))
        .map(|_| Stall {
            at_secs: random.between(0.0, 8.0),
            for_secs: random.ratio_between(0.1, 4.0),
        })
        .collect();
    let has_faults = random.is(0.4);
    let mut faults = || match has_faults {
        true => faults_of(random),
        false => &[],
    };
    let (faults, refinement_faults, video_faults) = (faults(), faults(), faults());
    Network {
        rate_mbps: random.ratio_between(2.0, 200.0),
        trace: match random.is(0.3) {
            true => mobile_trace(seed).leak(),
            false => &[],
        },
        latency_secs: random.ratio_between(0.005, 0.4),
        jitter_secs: random.ratio_between(0.001, 0.3),
        cached_every: random.one_of(&[0, 0, 1, 2, 5]),
        stalls: stalls.leak(),
        faults,
        refinement_faults,
        video_faults,
    }
}

/// One fan's visit.
fn visit(seed: u64, whim: Whim) {
    let mut random = Random::new(seed);
    let budget_bytes = (random.ratio_between(12.0, 200.0) * 1e6) as u64;
    let config = Config {
        budget_bytes,
        seed,
        ..Config::default()
    };
    let decoders = Decoders {
        count: 1 + random.below(4) as usize,
        frame_secs: random.ratio_between(0.002, 0.03),
    };
    let (replay, network) = (replay_of(&mut random), network_of(&mut random, seed));
    let mut driver = Driver::new(config, replay.manifest(), network, decoders);
    for _ in 0..1 + random.below(12) {
        whim(&mut random, &mut driver);
    }
    let is_honest = driver.notices.iter().any(|(_, notice)| match notice {
        Notice::Problem(problem) => problem.code == Problem::OVER_BUDGET,
        _ => false,
    });
    assert!(
        driver.used_bytes_max <= budget_bytes || is_honest,
        "seed {seed}"
    );
    check_recovery(&mut driver, seed);
}

/// The fan comes back to the middle, plays, and stops.
fn check_recovery(driver: &mut Driver, seed: u64) {
    driver.send(Event::Hidden(false));
    for wanted in [
        Command::RetryNow,
        Command::SetPoints(None),
        Command::SetRate(1.0),
        Command::Seek(Seconds(DURATION_SECS / 2.0)),
        Command::Play,
    ] {
        driver.command(wanted);
    }
    driver.step();
    let until = driver.now_secs + PATIENCE_SECS;
    let is_there = |driver: &Driver| driver.player.position().0 > DURATION_SECS / 2.0 + 1.0;
    while !is_there(driver) && driver.now_secs < until {
        driver.step();
    }
    let state = driver.player.state();
    assert!(
        is_there(driver),
        "seed {seed}: {state:?} at {:?}",
        driver.player.position()
    );
    assert_eq!(driver.player.mode(), Mode::Replay, "seed {seed}");
    driver.command(Command::Pause);
    driver.run_for(1.0);
    assert_eq!(driver.player.state(), PlayState::Paused, "seed {seed}");
    assert!(!driver.player.shown().is_empty(), "seed {seed}");
}

fn storm(first_seed: u64, whim: Whim) {
    for seed in first_seed..first_seed + VISIT_COUNT {
        visit(seed, whim);
    }
}

#[test]
fn seeks_in_a_storm_are_survived() {
    storm(1_000, seeker);
}

#[test]
fn scrubs_are_survived() {
    storm(2_000, scrubber);
}

#[test]
fn all_speeds_loops_and_tracks_are_survived() {
    storm(3_000, player);
}

#[test]
fn freezes_beside_a_wild_video_are_survived() {
    storm(4_000, follower);
}

#[test]
fn hidden_pages_and_lost_devices_are_survived() {
    storm(5_000, wanderer);
}
