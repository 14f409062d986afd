//! Figures of fans who watch a replay straight through on simulated networks, as JSON, for
//! `cargo xtask bench`.

use serde_json::{Map, Value};
use touchline_tests::outcome::{Outcome, athlete, ladder};

fn main() {
    let mut figures = Map::new();
    for (name, network) in ladder() {
        let outcome = Outcome::of(athlete(), network);
        let mut note = |what: &str, value: f64| {
            figures.insert(format!("player.ladder.{name}.{what}"), value.into());
        };
        note("start_ms", outcome.start_secs * 1000.0);
        note("stall_ms", outcome.stall_secs * 1000.0);
        note("mean_layers", outcome.mean_layer_count);
        note("share_of_oracle", outcome.share_of_oracle());
        note("wasted_share", outcome.wasted_share.max(0.0));
    }
    println!("{}", Value::Object(figures));
}
