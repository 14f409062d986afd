//! Goal: a fan can watch all evening: nothing grows with the session.
//! Method: three hours with 200 replays on a network that fails now and then; all that the player
//! knows, written out, is as long after the last replay as after the first.

use touchline_player::{Command, Config, Event, FailReason};
use touchline_scene::Seconds;
use touchline_tests::network::{Decoders, Driver, Fault, FaultKind, Network};
use touchline_tests::outcome::{athlete, mobile_trace};

const REPLAY_COUNT: u32 = 200;
const SESSION_SECS: f64 = 3.0 * 3600.0;

/// Watches one replay as most fans do: looped, looked at slowly, frozen.
fn watch(driver: &mut Driver) {
    let per_replay = SESSION_SECS / f64::from(REPLAY_COUNT);
    let whims = [
        (Command::SetLoop(true), 0.0),
        (Command::Play, 0.4),
        (Command::Seek(Seconds(12.0)), 0.05),
        (Command::SetRate(0.25), 0.1),
        (Command::SetRate(-1.0), 0.05),
        (Command::Pause, 0.4),
    ];
    for (command, share) in whims {
        driver.send(Event::Command(command));
        driver.run_for(share * per_replay);
    }
}

#[test]
fn three_hours_with_200_replays_leave_nothing_behind() {
    let faults = vec![
        Fault {
            segment: 3,
            attempt_count: 2,
            kind: FaultKind::Fetch(FailReason::Timeout),
        },
        Fault {
            segment: 7,
            attempt_count: 2,
            kind: FaultKind::Fetch(FailReason::HashMismatch),
        },
    ];
    let network = Network {
        trace: mobile_trace(5).leak(),
        faults: faults.leak(),
        ..Network::WIFI
    };
    let manifest = athlete().manifest();
    let decoders = Decoders::default();
    let mut driver = Driver::new(Config::default(), manifest.clone(), network, decoders);
    let mut lengths = Vec::new();
    for replay in 0..REPLAY_COUNT {
        if replay > 0 {
            driver.open(manifest.clone());
        }
        watch(&mut driver);
        driver.run_for(1.0);
        lengths.push(format!("{:?}", driver.player).len() as f64);
    }
    assert!(driver.used_bytes_max <= Config::default().budget_bytes);
    // What is held of the last replay depends on the network, and numbers get longer.
    let (first, last) = (lengths[..20].iter(), lengths[180..].iter());
    let most = |lengths: std::slice::Iter<'_, f64>| lengths.copied().fold(0.0, f64::max);
    assert!(most(last) <= 1.02 * most(first), "{lengths:?}");
}
