//! Goal: a mesh is shown with the first of its textures that can be decoded, and when one turns out
//! to be of no use the next takes its place unseen.
//! Method: a replay with a video and images, on the simulated network of the playback tests.

use touchline_pack::Manifest;
use touchline_player::{
    Command, Config, Event, Notice, PlayState, Problem, Recovery, StreamKey, StreamKind,
};
use touchline_tests::network::{Decoders, Driver, Fault, FaultKind, Network};
use touchline_tests::replay::Replay;

const VIDEO: StreamKey = texture(0);
const IMAGES: StreamKey = texture(1);
/// In which the video breaks.
const BROKEN_SEGMENT: u32 = 6;

const fn texture(index: u8) -> StreamKey {
    StreamKey {
        track: 0,
        kind: StreamKind::Texture(index),
    }
}

fn manifest() -> Manifest {
    let replay = Replay {
        texture_side: 256,
        has_video: true,
        frame_bytes: 12_000,
        ..Replay::default()
    };
    replay.manifest()
}

/// A textured athlete, played from the start.
fn driver(manifest: Manifest, network: Network) -> Driver {
    let decoders = Decoders::default();
    let mut driver = Driver::new(Config::default(), manifest, network, decoders);
    driver.send(Event::Command(Command::Play));
    driver
}

fn broken_video(kind: FaultKind, attempt_count: u32) -> Network {
    let faults = vec![Fault {
        segment: BROKEN_SEGMENT,
        attempt_count,
        kind,
    }];
    Network {
        video_faults: faults.leak(),
        ..Network::FIBRE
    }
}

/// Plays to the end; once there is a picture of the athlete it never goes.
fn play(driver: &mut Driver) {
    let mut has_picture = false;
    while driver.player.state() != PlayState::Ended {
        driver.step();
        assert!(driver.now_secs < 30.0, "it does not end");
        let is_shown = driver.player.shown().iter().any(|shown| shown.track == 0);
        assert!(is_shown || !has_picture, "a blank at {}", driver.now_secs);
        has_picture |= is_shown;
    }
    assert!(has_picture);
}

/// Segments of a stream that were fetched.
fn fetched(driver: &Driver, stream: StreamKey) -> Vec<u32> {
    let segments = driver.fetched.iter().filter(|(key, _)| *key == stream);
    segments.map(|&(_, segment)| segment).collect()
}

fn problems(driver: &Driver) -> Vec<Problem> {
    let notices = driver.notices.iter();
    let problems = notices.filter_map(|(_, notice)| match notice {
        Notice::Problem(problem) => Some(*problem),
        _ => None,
    });
    problems.collect()
}

#[test]
fn the_first_texture_is_played_and_no_other_fetched() {
    let mut driver = driver(manifest(), Network::FIBRE);
    play(&mut driver);
    assert_eq!(fetched(&driver, VIDEO).len(), 21);
    assert!(fetched(&driver, IMAGES).is_empty());
    assert_eq!(driver.player.stats().stall_count, 0);
}

#[test]
fn images_take_over_where_the_video_stops() {
    let network = broken_video(FaultKind::Decode(Recovery::Stop), u32::MAX);
    let mut driver = driver(manifest(), network);
    play(&mut driver);
    let images = fetched(&driver, IMAGES);
    // It is found out as far ahead as frames are decoded: two segments and a half.
    assert!(images.iter().all(|&segment| segment + 3 >= BROKEN_SEGMENT));
    assert!((BROKEN_SEGMENT..21).all(|segment| images.contains(&segment)));
    assert!(problems(&driver).is_empty());
}

#[test]
fn trying_again_tries_the_video_again() {
    let network = broken_video(FaultKind::Decode(Recovery::Stop), 1);
    let mut driver = driver(manifest(), network);
    play(&mut driver);
    let last = |driver: &Driver| fetched(driver, VIDEO).contains(&20);
    let before = fetched(&driver, IMAGES).len();
    assert!(before > 0);
    driver.send(Event::Command(Command::RetryNow));
    driver.send(Event::Command(Command::Play));
    driver.run_for(0.1);
    play(&mut driver);
    assert!(last(&driver));
    assert_eq!(fetched(&driver, IMAGES).len(), before);
}

#[test]
fn a_lost_segment_of_the_video_is_a_gap() {
    for kind in [
        FaultKind::Decode(Recovery::SkipToNextKey),
        FaultKind::Decode(Recovery::FetchAgain),
    ] {
        let mut driver = driver(manifest(), broken_video(kind, u32::MAX));
        play(&mut driver);
        assert!(fetched(&driver, IMAGES).is_empty(), "{kind:?}");
        assert!(!problems(&driver).is_empty(), "{kind:?}");
    }
}

#[test]
fn without_any_texture_the_fan_is_told() {
    let mut manifest = manifest();
    for texture in &mut manifest.tracks[0].textures {
        texture.codec_string = Some("test.1".into());
    }
    let network = Network {
        video_faults: &[Fault {
            segment: 0,
            attempt_count: u32::MAX,
            kind: FaultKind::Decode(Recovery::Stop),
        }],
        ..Network::FIBRE
    };
    let mut driver = driver(manifest, network);
    driver.run_for(2.0);
    let problems = problems(&driver);
    let [problem] = problems[..] else {
        panic!("{problems:?}")
    };
    assert_eq!(
        (problem.code, problem.is_fatal),
        (Problem::UNSUPPORTED, false)
    );
    assert_eq!(problem.stream, Some(IMAGES));
    // The venue is there all the same.
    let shown = driver.player.shown().iter().map(|shown| shown.track);
    assert_eq!(shown.collect::<Vec<_>>(), [1]);
}
