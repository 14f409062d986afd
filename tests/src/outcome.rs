//! What becomes of a fan who watches a replay straight through, beside the best that could have.

use touchline_player::{Command, Config, Event, PlayState};
use touchline_scene::{FrameRate, Seconds};

use crate::ladder::athlete_on_screen;
use crate::network::{Decoders, Driver, Network, STEP_SECS};
use crate::random::Random;
use crate::replay::{Refinement, Replay};

/// Twenty seconds of one athlete at 30 frames a second and 25 Mbit/s, in a real capture's shares:
/// 7 % in the coarsest of three layers, 21 % and 72 % in the others.
pub fn athlete() -> Replay {
    Replay {
        frame_rate: FrameRate::whole(30),
        frame_count: 600,
        segment_frame_count: 15,
        frame_bytes: 7_300,
        element_count: 30_000,
        refinements: &[
            Refinement {
                frame_bytes: 22_000,
                element_count: 160_000,
            },
            Refinement {
                frame_bytes: 75_000,
                element_count: 780_000,
            },
        ],
        has_venue: false,
        ..Replay::default()
    }
}

/// Twenty seconds of a mesh at 4.5 Mbit/s, beside 2.2 of texture, with two coarser renditions.
pub fn textured_athlete() -> Replay {
    Replay {
        frame_bytes: 18_600,
        element_count: 20_000,
        refinements: &[],
        coarser: &[
            Refinement {
                frame_bytes: 6_200,
                element_count: 6_000,
            },
            Refinement {
                frame_bytes: 2_000,
                element_count: 2_000,
            },
        ],
        texture_side: 1024,
        ..athlete()
    }
}

/// A network by name.
pub type Rung = (&'static str, Network);

/// The ladder of networks, in Mbit/s, and a phone on the move.
pub fn ladder() -> Vec<Rung> {
    let constant = |name, rate_mbps| {
        let network = Network {
            rate_mbps,
            ..Network::WIFI
        };
        (name, network)
    };
    let mobile = Network {
        trace: mobile_trace(1).leak(),
        ..Network::WIFI
    };
    vec![
        constant("3", 3.0),
        constant("8", 8.0),
        constant("20", 20.0),
        constant("50", 50.0),
        ("mobile", mobile),
    ]
}

/// What a phone on the move gets in each second of two minutes, Mbit/s: a random walk of the
/// logarithm between 2.5 and 40, which comes back to 10.
pub fn mobile_trace(seed: u64) -> Vec<f64> {
    let mut random = Random::new(seed);
    let mut uniform = || random.uniform();
    let middle = 10f64.ln();
    let mut level = middle;
    let seconds = (0..120).map(|_| {
        let step = (uniform() + uniform() + uniform() - 1.5) * 0.5;
        level += step + (middle - level) * 0.08;
        level = level.clamp(2.5f64.ln(), 40f64.ln());
        level.exp()
    });
    seconds.collect()
}

/// What a fan saw.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// From opening to the clock running.
    pub start_secs: f64,
    /// Time by which the clock fell behind once it ran.
    pub stall_secs: f64,
    /// Times the running picture had to wait.
    pub stall_count: u32,
    /// Layers on screen, over the time of the replay.
    pub mean_layer_count: f64,
    /// The same for one who knows the network's future and wastes no time.
    pub oracle_layer_count: f64,
    /// Of the bytes received, the share that was in no picture.
    pub wasted_share: f64,
}

impl Outcome {
    /// Watches `replay` from its start to its end.
    ///
    /// # Panics
    /// If it does not come to its end.
    pub fn of(replay: Replay, network: Network) -> Self {
        let decoders = Decoders {
            count: 2,
            frame_secs: 0.004,
        };
        let manifest = replay.manifest();
        let mut driver = Driver::new(Config::default(), manifest, network, decoders);
        driver.send(Event::Command(Command::Play));
        let duration = replay.frame_rate.start_of(replay.frame_count);
        let mut start_secs = f64::INFINITY;
        let mut layer_secs = 0.0;
        while driver.player.state() != PlayState::Ended {
            assert!(driver.now_secs < 20.0 * duration.0, "does not end");
            driver.step();
            if driver.player.position() > Seconds(0.0) {
                start_secs = start_secs.min(driver.now_secs);
            }
            if driver.player.state() == PlayState::Playing {
                let shown = athlete_on_screen(&driver);
                layer_secs += STEP_SECS * shown.map_or(0.0, |shown| f64::from(shown.layer_count));
            }
        }
        let used_bytes: u64 = driver.used.iter().map(|&at| driver.size_of(at)).sum();
        let stall_secs = driver.now_secs - start_secs - duration.0;
        Self {
            start_secs,
            stall_secs: stall_secs.max(0.0),
            stall_count: driver.player.stats().stall_count,
            mean_layer_count: layer_secs / duration.0,
            oracle_layer_count: oracle(&replay, network, start_secs),
            wasted_share: 1.0 - used_bytes as f64 / driver.received_bytes,
        }
    }
}

impl Outcome {
    /// The mean count of layers, of that of one who knows the future.
    pub fn share_of_oracle(&self) -> f64 {
        self.mean_layer_count / self.oracle_layer_count
    }
}

/// The mean count of layers that could be on screen of a replay that starts at `start_secs`: each
/// segment's layers are there when its first frame is shown, or not at all but for the last one
/// that fits, and those that give most for their bytes come first.
fn oracle(replay: &Replay, network: Network, start_secs: f64) -> f64 {
    let starts: Vec<u32> = (0..replay.frame_count)
        .step_by(replay.segment_frame_count as usize)
        .collect();
    let deliverable = |first_frame: &u32| {
        let shown_at = start_secs + replay.frame_rate.start_of(*first_frame).0;
        network.bytes_until(shown_at)
    };
    // What can still be sent in time for each segment, beside what is decided.
    let mut slack: Vec<f64> = starts.iter().map(deliverable).collect();
    let refinements = replay.refinements.iter().map(|layer| layer.frame_bytes);
    let layers = [replay.frame_bytes].into_iter().chain(refinements);
    let mut shown = 0.0;
    // Of real captures each layer gives less for its bytes than the one before.
    for frame_bytes in layers {
        for (index, &first_frame) in starts.iter().enumerate() {
            let frame_count = replay
                .segment_frame_count
                .min(replay.frame_count - first_frame);
            let size = (frame_bytes * u64::from(frame_count)) as f64;
            let room = slack[index..].iter().copied().fold(f64::INFINITY, f64::min);
            let share = (room / size).clamp(0.0, 1.0);
            for slack in &mut slack[index..] {
                *slack -= share * size;
            }
            shown += share * f64::from(frame_count);
        }
    }
    shown / f64::from(replay.frame_count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_a_phone_on_the_move() {
        let trace = mobile_trace(1);
        assert_eq!(trace, mobile_trace(1));
        assert_ne!(trace, mobile_trace(2));
        assert!(trace.iter().all(|rate| (2.4..40.1).contains(rate)));
        let (least, most) = trace.iter().fold((f64::MAX, 0f64), |(least, most), &rate| {
            (least.min(rate), most.max(rate))
        });
        assert!(most > 4.0 * least, "{least} to {most}");
    }

    #[test]
    fn the_oracle_knows_what_fits() {
        let network = |rate_mbps| Network {
            rate_mbps,
            latency_secs: 0.0,
            ..Network::WIFI
        };
        // 25 Mbit/s carry all, 7 what two layers need.
        for (rate_mbps, wanted) in [(30.0, 3.0), (7.1, 2.0), (1.8, 1.0)] {
            let found = oracle(&athlete(), network(rate_mbps), 1.0);
            assert!((found - wanted).abs() < 0.1, "{rate_mbps}: {found}");
        }
    }
}
