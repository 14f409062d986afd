//! Goal: the picture moves when it should, on any network, within the budget.
//! Method: a player, a network and decoders made of numbers; each case is data, checked against
//! what a fan may expect.

use proptest::prelude::*;
use touchline_player::{
    Command, Config, Event, FailReason, Mode, Notice, PlayState, Problem, Recovery, SyncState,
    VideoSample,
};
use touchline_scene::Seconds;
use touchline_tests::fan::command_of;
use touchline_tests::ladder::athlete_on_screen;
use touchline_tests::network::{Decoders, Driver, Fault, FaultKind, Network, STEP_SECS, Stall};
use touchline_tests::replay::Replay;

/// What a fan may expect of a straight play-through.
#[derive(Clone, Copy, Debug)]
struct Expect {
    /// From opening to the first picture.
    picture_secs_max: f64,
    /// From opening to the clock running.
    start_secs_max: f64,
    /// Times the running picture had to wait.
    stall_count_max: u32,
    /// Time by which the clock fell behind once it ran.
    late_secs_max: f64,
    /// Segments given up.
    lost_segment_count: u32,
}

impl Expect {
    const SMOOTH: Self = Self {
        picture_secs_max: 1.0,
        start_secs_max: 2.0,
        stall_count_max: 0,
        late_secs_max: 0.02,
        lost_segment_count: 0,
    };
}

fn check(name: &str, replay: Replay, network: Network, expect: Expect) {
    let mut driver = Driver::new(
        Config::default(),
        replay.manifest(),
        network,
        Decoders::default(),
    );
    driver.send(Event::Command(Command::Play));
    let duration = driver_duration(&replay);
    let (mut picture_secs, mut start_secs) = (f64::INFINITY, f64::INFINITY);
    let mut last_frame = 0;
    while driver.player.state() != PlayState::Ended && driver.now_secs < 10.0 * duration {
        driver.step();
        if !driver.player.shown().is_empty() {
            picture_secs = picture_secs.min(driver.now_secs);
        }
        if driver.player.position().0 > 0.0 {
            start_secs = start_secs.min(driver.now_secs);
        }
        assert!(driver.player.frame() >= last_frame, "{name}: ran backwards");
        last_frame = driver.player.frame();
    }
    let stats = driver.player.stats();
    let late_secs = driver.now_secs - start_secs - duration;
    assert_eq!(driver.player.state(), PlayState::Ended, "{name}");
    assert!(
        picture_secs <= expect.picture_secs_max,
        "{name}: picture after {picture_secs} s"
    );
    assert!(
        start_secs <= expect.start_secs_max,
        "{name}: start after {start_secs} s"
    );
    assert!(
        stats.stall_count <= expect.stall_count_max,
        "{name}: {} stalls",
        stats.stall_count
    );
    assert!(
        late_secs <= expect.late_secs_max,
        "{name}: {late_secs} s late"
    );
    assert_eq!(
        stats.lost_segment_count, expect.lost_segment_count,
        "{name}"
    );
    assert!(
        driver.used_bytes_max <= Config::default().budget_bytes,
        "{name}"
    );
}

fn driver_duration(replay: &Replay) -> f64 {
    replay.frame_rate.start_of(replay.frame_count).0
}

#[test]
fn straight_play_is_smooth() {
    for (name, network) in [
        ("fibre", Network::FIBRE),
        ("wifi", Network::WIFI),
        ("stadium", Network::STADIUM),
    ] {
        check(name, Replay::default(), network, Expect::SMOOTH);
        let mesh = Replay {
            texture_side: 1024,
            frame_bytes: 15_000,
            ..Replay::default()
        };
        check(&format!("mesh over {name}"), mesh, network, Expect::SMOOTH);
    }
}

#[test]
fn a_short_stall_is_hidden() {
    let stalls = &[Stall {
        at_secs: 2.0,
        for_secs: 0.6,
    }];
    let network = Network {
        stalls,
        ..Network::WIFI
    };
    check("short stall", Replay::default(), network, Expect::SMOOTH);
}

#[test]
fn a_long_stall_is_one_wait() {
    let stalls = &[Stall {
        at_secs: 3.0,
        for_secs: 5.0,
    }];
    let network = Network {
        rate_mbps: 8.0,
        stalls,
        ..Network::WIFI
    };
    let expect = Expect {
        stall_count_max: 1,
        late_secs_max: 5.5,
        ..Expect::SMOOTH
    };
    check("long stall", Replay::default(), network, expect);
}

#[test]
fn a_missing_segment_is_passed_over() {
    for status in [404, 410] {
        let gone = FailReason::Http {
            status,
            retry_after: None,
        };
        let faults = vec![Fault {
            segment: 5,
            attempt_count: u32::MAX,
            kind: FaultKind::Fetch(gone),
        }];
        let network = Network {
            faults: faults.leak(),
            ..Network::WIFI
        };
        let expect = Expect {
            lost_segment_count: 1,
            ..Expect::SMOOTH
        };
        check("gone", Replay::default(), network, expect);
    }
}

#[test]
fn a_corrupt_segment_is_fetched_again_and_then_passed_over() {
    for (attempt_count, lost_segment_count) in [(1, 0), (2, 1)] {
        for kind in [
            FaultKind::Fetch(FailReason::HashMismatch),
            FaultKind::Fetch(FailReason::Truncated),
            FaultKind::Decode(Recovery::FetchAgain),
        ] {
            let faults = vec![Fault {
                segment: 7,
                attempt_count,
                kind,
            }];
            let network = Network {
                faults: faults.leak(),
                ..Network::WIFI
            };
            let expect = Expect {
                lost_segment_count,
                ..Expect::SMOOTH
            };
            check(
                &format!("{kind:?} {attempt_count}"),
                Replay::default(),
                network,
                expect,
            );
        }
    }
}

#[test]
fn a_broken_chunk_costs_its_own_frames() {
    let faults = &[Fault {
        segment: 3,
        attempt_count: 1,
        kind: FaultKind::Decode(Recovery::SkipToNextKey),
    }];
    let network = Network {
        faults,
        ..Network::WIFI
    };
    check("broken chunk", Replay::default(), network, Expect::SMOOTH);
}

#[test]
fn a_server_in_trouble_is_waited_for() {
    let busy = FailReason::Http {
        status: 503,
        retry_after: Some(Seconds(1.0)),
    };
    let faults = vec![Fault {
        segment: 4,
        attempt_count: 2,
        kind: FaultKind::Fetch(busy),
    }];
    let network = Network {
        faults: faults.leak(),
        ..Network::WIFI
    };
    check(
        "busy",
        Replay::default(),
        network,
        Expect {
            late_secs_max: 2.5,
            stall_count_max: 1,
            ..Expect::SMOOTH
        },
    );
}

#[test]
fn a_pack_of_which_nothing_comes_fails_with_its_reason() {
    let gone = FailReason::Http {
        status: 403,
        retry_after: None,
    };
    let every = (0..21).map(|segment| Fault {
        segment,
        attempt_count: 1,
        kind: FaultKind::Fetch(gone),
    });
    let faults: Vec<Fault> = every.collect();
    let network = Network {
        faults: faults.leak(),
        ..Network::WIFI
    };
    let replay = Replay {
        has_venue: false,
        ..Replay::default()
    };
    let mut driver = Driver::new(
        Config::default(),
        replay.manifest(),
        network,
        Decoders::default(),
    );
    driver.run_for(5.0);
    assert_eq!(driver.player.state(), PlayState::Failed);
    let is_fatal = |&(_, notice): &(f64, Notice)| {
        matches!(
            notice,
            Notice::Problem(Problem {
                code: 1403,
                is_fatal: true,
                ..
            })
        )
    };
    assert_eq!(
        driver
            .notices
            .iter()
            .filter(|notice| is_fatal(notice))
            .count(),
        1
    );
    // The fan renews the ticket and tries again.
    driver.send(Event::Command(Command::RetryNow));
    driver.run_for(2.0);
    assert_eq!(driver.player.state(), PlayState::Ready);
}

#[test]
fn no_network_is_waited_out() {
    let stalled = Fault {
        segment: 6,
        attempt_count: 8,
        kind: FaultKind::Fetch(FailReason::Offline),
    };
    let every = (0..21).map(|segment| Fault {
        segment,
        attempt_count: 7,
        ..stalled
    });
    let faults: Vec<Fault> = every.collect();
    let network = Network {
        faults: faults.leak(),
        ..Network::WIFI
    };
    let replay = Replay {
        has_venue: false,
        ..Replay::default()
    };
    let mut driver = Driver::new(
        Config::default(),
        replay.manifest(),
        network,
        Decoders::default(),
    );
    driver.run_for(40.0);
    assert_eq!(
        driver.player.state(),
        PlayState::Loading,
        "no picture, and hope not given up"
    );
    driver.run_for(60.0);
    assert_eq!(driver.player.state(), PlayState::Ready);
    assert_eq!(driver.player.stats().lost_segment_count, 0);
}

#[test]
fn a_storm_of_seeks_ends_on_the_right_frame() {
    let replay = Replay {
        frame_count: 1500,
        ..Replay::default()
    };
    let mut driver = Driver::new(
        Config::default(),
        replay.manifest(),
        Network::WIFI,
        Decoders::default(),
    );
    driver.run_for(1.0);
    for index in 0..200u32 {
        let target = f64::from(index * 7919 % 1500) / 25.0;
        driver.send(Event::Command(Command::Seek(Seconds(target))));
        driver.run_for(0.03);
    }
    driver.send(Event::Command(Command::Seek(Seconds(31.4))));
    let before = driver.now_secs;
    while !driver.player.shown().iter().any(|shown| shown.frame == 785) {
        driver.step();
        assert!(driver.now_secs < before + 1.0, "the picture came too late");
    }
    driver.run_for(0.1);
    let sought = driver
        .notices
        .iter()
        .filter(|(at, notice)| *at >= before && *notice == Notice::Seeked);
    assert_eq!(sought.count(), 1);
    assert_eq!(driver.player.state(), PlayState::Ready);
}

#[test]
fn a_tight_budget_is_kept_and_still_plays() {
    for budget_mib in [12, 24, 64] {
        let replay = Replay {
            texture_side: 512,
            frame_bytes: 12_000,
            ..Replay::default()
        };
        let config = Config {
            budget_bytes: budget_mib << 20,
            ..Config::default()
        };
        let decoders = Decoders {
            frame_secs: 0.004,
            ..Decoders::default()
        };
        let mut driver = Driver::new(config.clone(), replay.manifest(), Network::FIBRE, decoders);
        driver.send(Event::Command(Command::Play));
        driver.run_for(14.0);
        assert_eq!(driver.player.state(), PlayState::Ended, "{budget_mib} MiB");
        assert!(
            driver.used_bytes_max <= config.budget_bytes,
            "{budget_mib} MiB: {}",
            driver.used_bytes_max
        );
    }
}

#[test]
fn a_budget_below_one_instant_says_so_and_still_plays() {
    let replay = Replay {
        texture_side: 512,
        frame_bytes: 12_000,
        ..Replay::default()
    };
    let config = Config {
        budget_bytes: 1 << 20,
        ..Config::default()
    };
    let mut driver = Driver::new(
        config,
        replay.manifest(),
        Network::FIBRE,
        Decoders::default(),
    );
    driver.send(Event::Command(Command::Play));
    driver.run_for(60.0);
    assert_eq!(driver.player.state(), PlayState::Ended);
    let told = driver.notices.iter().filter(|(_, notice)| {
        matches!(
            notice,
            Notice::Problem(Problem {
                code: Problem::OVER_BUDGET,
                ..
            })
        )
    });
    assert_eq!(told.count(), 1);
}

#[test]
fn a_loop_that_fits_is_fetched_once() {
    let replay = Replay {
        frame_count: 100,
        ..Replay::default()
    };
    let mut driver = Driver::new(
        Config::default(),
        replay.manifest(),
        Network::WIFI,
        Decoders::default(),
    );
    driver.send(Event::Command(Command::SetLoop(true)));
    driver.send(Event::Command(Command::Play));
    driver.run_for(20.0);
    let looped = driver
        .notices
        .iter()
        .filter(|(_, notice)| *notice == Notice::Looped);
    assert_eq!(looped.count(), 4);
    // 9 segments of 12 frames and the venue.
    assert_eq!(driver.fetch_count, 10);
    assert_eq!(driver.player.stats().stall_count, 0);
}

#[test]
fn every_speed_and_direction_is_kept() {
    for rate in [0.05, 0.25, 1.0, 2.0, -0.5, -1.0] {
        let mut driver = Driver::new(
            Config::default(),
            Replay::default().manifest(),
            Network::WIFI,
            Decoders::default(),
        );
        driver.send(Event::Command(Command::Seek(Seconds(5.0))));
        driver.run_for(3.0);
        driver.send(Event::Command(Command::SetRate(rate)));
        driver.send(Event::Command(Command::Play));
        driver.run_for(0.5);
        let from = driver.player.position().0;
        driver.run_for(2.0);
        let gone = driver.player.position().0 - from;
        assert!((gone - 2.0 * rate).abs() < 0.04, "rate {rate}: {gone} s");
        assert_eq!(driver.player.stats().stall_count, 0, "rate {rate}");
    }
}

#[test]
fn another_alternative_comes_without_a_blank() {
    let replay = Replay {
        has_alternative: true,
        texture_side: 256,
        ..Replay::default()
    };
    let mut driver = Driver::new(
        Config::default(),
        replay.manifest(),
        Network::WIFI,
        Decoders::default(),
    );
    driver.run_for(2.0);
    let shows = |driver: &Driver, track| {
        driver
            .player
            .shown()
            .iter()
            .any(|shown| shown.track == track)
    };
    assert!(shows(&driver, 0) && !shows(&driver, 1));
    driver.send(Event::Command(Command::SelectTrack("mesh".into())));
    let before = driver.now_secs;
    while !shows(&driver, 1) {
        driver.step();
        assert!(
            shows(&driver, 0) != shows(&driver, 1),
            "one of the two is shown"
        );
        assert!(driver.now_secs < before + 1.0);
    }
    assert!(
        driver
            .notices
            .iter()
            .any(|(_, notice)| *notice == Notice::TracksChanged)
    );
}

#[test]
fn a_picture_that_stands_has_the_line_for_itself() {
    let mut driver = Driver::new(
        Config::default(),
        Replay::default().manifest(),
        Network {
            stalls: &[Stall {
                at_secs: 0.0,
                for_secs: 1.0,
            }],
            ..Network::WIFI
        },
        Decoders::default(),
    );
    driver.run_for(0.15);
    assert_eq!(driver.fetch_count, 1, "the moving track's coarsest");
    driver.run_for(0.3);
    assert!(driver.fetch_count > 1, "but not for ever");
}

#[test]
fn a_lost_device_gets_its_picture_back_without_a_byte_fetched() {
    let mut driver = Driver::new(
        Config::default(),
        Replay::default().manifest(),
        Network::WIFI,
        Decoders::default(),
    );
    driver.run_for(4.0);
    let (shown, fetch_count) = (driver.player.shown().to_vec(), driver.fetch_count);
    driver.lose_device();
    driver.step();
    assert!(driver.player.shown().is_empty());
    driver.run_for(1.0);
    assert_eq!(driver.player.shown(), shown);
    assert_eq!(driver.fetch_count, fetch_count);
}

/// The host's video: 25 frames a second on a display at 60 Hz, seen by whoever asks.
struct Video {
    rate: f64,
    /// Programme time of the video's start, milliseconds.
    start_unix_ms: f64,
    next_frame: u32,
    seed: u64,
}

impl Video {
    /// The sample of the next frame, if it is on screen by `now`.
    fn sample(&mut self, now: f64) -> Option<VideoSample> {
        let due = f64::from(self.next_frame) / 25.0 / self.rate;
        let refresh = 1.0 / 60.0;
        // Shown at the next refresh, one in ten a refresh late.
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let late = if (self.seed >> 33).is_multiple_of(10) {
            refresh
        } else {
            0.0
        };
        let presented_at = (due / refresh).ceil() * refresh + late;
        if presented_at > now {
            return None;
        }
        let media = f64::from(self.next_frame) / 25.0;
        self.next_frame += 1;
        Some(VideoSample {
            media: Seconds(media),
            // Both ends round to milliseconds.
            unix_ms: Some((self.start_unix_ms + media * 1000.0).round()),
            presented_at: Seconds(presented_at),
            rate: self.rate,
            is_paused: false,
            is_seeking: false,
        })
    }
}

#[test]
fn the_video_is_followed_to_the_frame() {
    for rate in [1.0, 0.5, 1.5] {
        let mut driver = Driver::new(
            Config::default(),
            Replay::default().manifest(),
            Network::WIFI,
            Decoders::default(),
        );
        driver.send(Event::Command(Command::SetMode(Mode::Follow)));
        driver.run_for(2.0);
        let start = driver.now_secs;
        let mut video = Video {
            rate,
            start_unix_ms: 1e9,
            next_frame: 0,
            seed: 3,
        };
        let (mut errors, mut on_video) = (Vec::new(), 0);
        while driver.now_secs < start + 4.0 {
            if let Some(mut sample) = video.sample(driver.now_secs - start) {
                on_video = video.next_frame - 1;
                sample.presented_at = sample.presented_at + Seconds(start);
                driver.send(Event::Video(sample));
            }
            driver.step();
            let shown = athlete_on_screen(&driver);
            let shown = shown.expect("a picture").frame;
            if driver.now_secs > start + 0.5 {
                errors.push(shown.abs_diff(on_video));
            }
        }
        assert_eq!(driver.player.sync().0, SyncState::Locked);
        errors.sort_unstable();
        let at = |share: f64| errors[(errors.len() as f64 * share) as usize];
        assert_eq!(at(0.5), 0, "rate {rate}: median");
        assert!(
            at(0.95) <= 1,
            "rate {rate}: 95 in 100 within {} frames",
            at(0.95)
        );
        assert!(errors[errors.len() - 1] <= 2, "rate {rate}");
    }
}

#[test]
fn a_paused_video_is_followed_exactly() {
    let mut driver = Driver::new(
        Config::default(),
        Replay::default().manifest(),
        Network::WIFI,
        Decoders::default(),
    );
    driver.send(Event::Command(Command::SetMode(Mode::Follow)));
    for index in 0..100u32 {
        let frame = index * 37 % 250;
        let media = f64::from(frame) / 25.0;
        driver.send(Event::Video(VideoSample {
            media: Seconds(media + 100.0),
            unix_ms: (index % 2 == 0).then(|| 1e9 + (media * 1000.0).floor()),
            presented_at: Seconds(driver.now_secs),
            rate: 1.0,
            is_paused: true,
            is_seeking: false,
        }));
        driver.run_for(0.6);
        let shown = athlete_on_screen(&driver);
        assert_eq!(shown.map(|shown| shown.frame), Some(frame));
        assert_eq!(driver.player.stats().sync_error, Some(Seconds(0.0)));
    }
}

#[test]
fn nothing_is_spoilt_before_the_start_and_the_end_is_held() {
    let mut driver = Driver::new(
        Config::default(),
        Replay::default().manifest(),
        Network::FIBRE,
        Decoders::default(),
    );
    driver.send(Event::Command(Command::SetMode(Mode::Follow)));
    for (unix_ms, frame, is_before_start, is_after_end) in [
        (1e9 - 5_000.0, 0, true, false),
        (1e9, 0, false, false),
        (1e9 + 9_960.0, 249, false, false),
        (1e9 + 60_000.0, 249, false, true),
    ] {
        driver.send(Event::Video(VideoSample {
            media: Seconds(0.0),
            unix_ms: Some(unix_ms),
            presented_at: Seconds(driver.now_secs),
            rate: 1.0,
            is_paused: true,
            is_seeking: false,
        }));
        driver.run_for(1.0);
        let stats = driver.player.stats();
        assert_eq!(driver.player.frame(), frame);
        assert_eq!(stats.is_before_start, is_before_start);
        assert_eq!(stats.is_after_end, is_after_end);
    }
}

#[test]
fn a_clock_of_dates_alone_is_followed_where_the_replay_has_a_date() {
    for (start_unix_ms, state, frame) in [
        (Some(1e9), SyncState::Locked, 100),
        (None, SyncState::Lost, 0),
    ] {
        let mut manifest = Replay::default().manifest();
        manifest.start_unix_ms = start_unix_ms;
        let (network, decoders) = (Network::FIBRE, Decoders::default());
        let mut driver = Driver::new(Config::default(), manifest, network, decoders);
        driver.send(Event::Command(Command::SetMode(Mode::Follow)));
        driver.send(Event::Video(VideoSample {
            media: Seconds(f64::NAN),
            unix_ms: Some(1e9 + 4_000.0),
            presented_at: Seconds(driver.now_secs),
            rate: 0.0,
            is_paused: true,
            is_seeking: false,
        }));
        driver.run_for(1.0);
        assert_eq!(driver.player.sync().0, state);
        assert_eq!(driver.player.frame(), frame);
    }
}

#[test]
fn a_freeze_keeps_the_picture_and_live_comes_back() {
    let mut driver = Driver::new(
        Config::default(),
        Replay::default().manifest(),
        Network::FIBRE,
        Decoders::default(),
    );
    driver.send(Event::Command(Command::SetMode(Mode::Follow)));
    driver.run_for(1.0);
    let start = driver.now_secs;
    let mut video = Video {
        rate: 1.0,
        start_unix_ms: 1e9,
        next_frame: 0,
        seed: 1,
    };
    let mut frozen = None;
    while driver.now_secs < start + 3.0 {
        if let Some(mut sample) = video.sample(driver.now_secs - start) {
            sample.presented_at = sample.presented_at + Seconds(start);
            driver.send(Event::Video(sample));
        }
        let elapsed = driver.now_secs - start;
        if frozen.is_none() && elapsed > 1.0 {
            frozen = Some(driver.player.shown().to_vec());
            driver.send(Event::Command(Command::Pause));
        }
        if (2.0..2.0 + STEP_SECS).contains(&elapsed) {
            assert_eq!(Some(driver.player.shown()), frozen.as_deref());
            assert_eq!(driver.player.state(), PlayState::Paused);
            driver.send(Event::Command(Command::BackToLive));
        }
        driver.step();
    }
    assert_eq!(driver.player.mode(), Mode::Follow);
    assert!(
        (73..=75).contains(&driver.player.frame()),
        "{}",
        driver.player.frame()
    );
    assert_eq!(driver.player.state(), PlayState::Playing);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the fan does, on whatever network: bytes stay within the budget, and the driver
    /// itself checks every action and every frame shown.
    #[test]
    fn the_budget_holds(
        budget_mib in 12u64..80,
        rate_mbps in 2.0f64..200.0,
        commands in prop::collection::vec((0u32..9, 0.0f64..12.0, 0.0f64..0.6), 1..30),
    ) {
        let replay = Replay {
            has_alternative: true,
            texture_side: 256,
            has_video: true,
            frame_bytes: 12_000,
            ..Replay::default()
        };
        let budget_bytes = budget_mib << 20;
        let config = Config { budget_bytes, ..Config::default() };
        let network = Network { rate_mbps, ..Network::WIFI };
        let mut driver = Driver::new(config, replay.manifest(), network, Decoders::default());
        for (what, number, secs) in commands {
            driver.send(match what {
                8 => Event::Hidden(number > 6.0),
                _ => Event::Command(command_of(what, number)),
            });
            driver.run_for(secs);
        }
        prop_assert!(driver.used_bytes_max <= budget_bytes);
    }
}
