//! Goal: a replay that is still being made is watched as it grows: on through every new segment,
//! waiting at its end so far, ended when it is.
//! Method: a player, a network and decoders made of numbers; versions of one manifest come by a
//! timetable that is data.

use std::collections::BTreeSet;

use proptest::prelude::*;
use touchline_pack::Manifest;
use touchline_player::{
    Command, Config, Event, Mode, Notice, PlayState, Problem, StreamKey, StreamKind, VideoSample,
};
use touchline_scene::Seconds;
use touchline_tests::network::{Decoders, Driver, Network};
use touchline_tests::replay::{Refinement, Replay};

/// Frames of a segment, 25 a second.
const SEGMENT: u32 = 12;
const SEGMENT_SECS: f64 = 0.48;

/// The replay when it had so many segments.
fn version(segment_count: u32, is_open: bool) -> Manifest {
    let replay = Replay {
        frame_count: segment_count * SEGMENT,
        segment_frame_count: SEGMENT,
        frame_bytes: 5_000,
        refinements: &[Refinement {
            frame_bytes: 10_000,
            element_count: 90_000,
        }],
        ..Replay::default()
    };
    let mut manifest = replay.manifest();
    manifest.is_open = is_open;
    // The largest frame so far.
    for stream in manifest.tracks[0].streams_mut() {
        stream.element_count_max += segment_count * 100;
    }
    manifest
}

fn driver(segment_count: u32, network: Network) -> Driver {
    let (config, decoders) = (Config::default(), Decoders::default());
    Driver::new(config, version(segment_count, true), network, decoders)
}

/// Whether every segment was asked for once.
fn is_fetched_once(driver: &Driver) -> bool {
    let once: BTreeSet<&(StreamKey, u32)> = driver.fetched.iter().collect();
    once.len() == driver.fetched.len()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn it_is_watched_through_to_its_end(
        waits in prop::collection::vec(0.05f64..1.2, 4..14),
        rate_mbps in 8.0f64..60.0,
        latency_secs in 0.01f64..0.25,
    ) {
        let mut driver = driver(3, Network { rate_mbps, latency_secs, ..Network::FIBRE });
        driver.send(Event::Command(Command::Play));
        let last = 3 + waits.len() as u32;
        let mut frames = BTreeSet::new();
        for (segment_count, wait) in (4..=last).zip(&waits) {
            let until = driver.now_secs + wait;
            while driver.now_secs < until {
                driver.step();
                frames.insert(driver.player.frame());
                prop_assert!(driver.player.state() != PlayState::Ended);
            }
            driver.grow(version(segment_count, true));
        }
        let mut frame = driver.player.frame();
        let until = driver.now_secs + f64::from(last) * SEGMENT_SECS + 3.0;
        while driver.now_secs < until {
            driver.step();
            prop_assert!(driver.player.frame() >= frame, "ran backwards");
            frame = driver.player.frame();
            frames.insert(frame);
            prop_assert!(driver.player.state() != PlayState::Ended);
        }
        prop_assert_eq!(driver.player.state(), PlayState::Waiting);
        prop_assert_eq!(frame, last * SEGMENT - 1);
        prop_assert_eq!(frames.len() as u32, last * SEGMENT, "frames were passed over");
        driver.grow(version(last, false));
        driver.run_for(1.0);
        prop_assert_eq!(driver.player.state(), PlayState::Ended);
        // A segment that comes just before its time is waited for; one not made yet is no stall.
        prop_assert!(driver.player.stats().stall_count as usize <= waits.len());
        // Refinements may be put off for new segments, and begun again.
        driver.fetched.retain(|(key, _)| key.kind != StreamKind::Layer(1));
        prop_assert!(is_fetched_once(&driver), "{:?}", driver.fetched);
        prop_assert!(driver.used_bytes_max <= Config::default().budget_bytes);
    }
}

#[test]
fn who_waits_at_the_end_goes_on_with_it() {
    let mut driver = driver(2, Network::WIFI);
    driver.send(Event::Command(Command::Play));
    driver.run_for(5.0);
    assert_eq!(driver.player.state(), PlayState::Waiting);
    assert_eq!(driver.player.position(), Seconds(2.0 * SEGMENT_SECS));
    // Nothing is to be done: it is not asked for again and again.
    assert!(!driver.player.is_moving());
    assert_eq!(driver.player.wake_at(), None);
    driver.grow(version(4, true));
    driver.run_for(1.0);
    assert_eq!(driver.player.state(), PlayState::Playing);
    driver.run_for(2.0);
    assert_eq!(driver.player.frame(), 4 * SEGMENT - 1);
    assert_eq!(driver.player.stats().stall_count, 0);
    assert!(is_fetched_once(&driver));
    let kinds: Vec<PlayState> = driver
        .notices
        .iter()
        .filter_map(|(_, notice)| match notice {
            Notice::StateChanged(state) => Some(*state),
            _ => None,
        })
        .collect();
    assert!(!kinds.contains(&PlayState::Ended), "{kinds:?}");
}

#[test]
fn a_pause_at_the_end_is_kept() {
    let mut driver = driver(2, Network::WIFI);
    driver.run_for(1.0);
    driver.send(Event::Command(Command::Seek(Seconds(99.0))));
    driver.run_for(1.0);
    assert_eq!(driver.player.position(), Seconds(2.0 * SEGMENT_SECS));
    driver.grow(version(4, true));
    driver.run_for(2.0);
    assert!(!driver.player.is_moving());
    assert_eq!(driver.player.frame(), 2 * SEGMENT - 1);
    driver.send(Event::Command(Command::Play));
    driver.run_for(3.0);
    assert_eq!(driver.player.frame(), 4 * SEGMENT - 1);
}

#[test]
fn a_loop_goes_over_what_is_there() {
    let mut driver = driver(2, Network::FIBRE);
    driver.send(Event::Command(Command::SetLoop(true)));
    driver.send(Event::Command(Command::Play));
    driver.run_for(4.0);
    let looped = |driver: &Driver| {
        let told = driver.notices.iter();
        told.filter(|(_, notice)| *notice == Notice::Looped).count()
    };
    assert!(looped(&driver) >= 3);
    driver.grow(version(5, true));
    driver.notices.clear();
    driver.run_for(4.0);
    assert!((1..=2).contains(&looped(&driver)));
    assert!(is_fetched_once(&driver));
}

#[test]
fn backwards_it_ends_at_its_start() {
    let mut driver = driver(2, Network::FIBRE);
    driver.send(Event::Command(Command::Seek(Seconds(0.9))));
    driver.send(Event::Command(Command::SetRate(-1.0)));
    driver.send(Event::Command(Command::Play));
    driver.run_for(3.0);
    assert_eq!(driver.player.state(), PlayState::Ended);
    assert_eq!(driver.player.frame(), 0);
}

#[test]
fn the_video_is_followed_into_what_comes_later() {
    let mut driver = driver(2, Network::WIFI);
    driver.send(Event::Command(Command::SetMode(Mode::Follow)));
    for tick in 0..250_u32 {
        let media = f64::from(tick) * 0.04;
        driver.send(Event::Video(VideoSample {
            media: Seconds(100.0 + media),
            unix_ms: Some(1e9 + media * 1000.0),
            presented_at: Seconds(driver.now_secs),
            rate: 1.0,
            is_paused: false,
            is_seeking: false,
        }));
        // A second ahead of the video at first, then two behind it, then ahead again.
        match tick {
            100 => driver.grow(version(10, true)),
            _ if tick == 200 => driver.grow(version(22, true)),
            _ => {}
        }
        driver.run_for(0.04);
        let (shown, followed) = (driver.player.frame(), tick.min(249));
        if tick == 99 {
            assert_eq!(shown, 2 * SEGMENT - 1, "it stands at its end so far");
        }
        if tick == 240 {
            assert!(followed.abs_diff(shown) <= 1, "{shown} of {followed}");
            assert_eq!(driver.player.state(), PlayState::Playing);
        }
    }
    assert!(is_fetched_once(&driver));
}

#[test]
fn what_does_not_grow_by_the_rules_is_not_taken() {
    let mut other = version(4, true);
    other.id = "another".into();
    let mut shorter = version(3, true);
    shorter.frame_count = SEGMENT;
    for stream in shorter.tracks[0].streams_mut() {
        stream.segments.truncate(1);
    }
    let mut rewritten = version(4, true);
    rewritten.tracks[0].layers[0].segments[0].size += 1;
    for next in [other, shorter, rewritten] {
        let mut driver = driver(3, Network::FIBRE);
        driver.send(Event::Command(Command::Play));
        driver.run_for(0.5);
        driver.send(Event::Grown(next.into()));
        driver.run_for(4.0);
        let told = |(_, notice): &(f64, Notice)| {
            let Notice::Problem(problem) = notice else {
                return false;
            };
            problem.code == Problem::CHANGED && !problem.is_fatal
        };
        assert_eq!(
            driver.notices.iter().filter(|notice| told(notice)).count(),
            1
        );
        assert_eq!(driver.player.frame(), 3 * SEGMENT - 1);
        assert_eq!(driver.player.state(), PlayState::Waiting);
        driver.grow(version(5, false));
        driver.run_for(3.0);
        assert_eq!(driver.player.state(), PlayState::Ended);
        assert_eq!(driver.player.frame(), 5 * SEGMENT - 1);
    }
}

#[test]
fn an_out_point_at_the_end_so_far_is_kept() {
    let mut driver = driver(2, Network::FIBRE);
    let last = Seconds(2.0 * SEGMENT_SECS);
    driver.send(Event::Command(Command::SetPoints(Some((
        Seconds(0.0),
        last,
    )))));
    driver.send(Event::Command(Command::Play));
    driver.run_for(2.0);
    assert_eq!(driver.player.state(), PlayState::Ended);
    driver.grow(version(4, true));
    driver.run_for(2.0);
    assert_eq!(driver.player.frame(), 2 * SEGMENT - 1);
}
