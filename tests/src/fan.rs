//! What fans do, for tests that must hold whatever they do.

use touchline_player::Command;
use touchline_scene::Seconds;

/// One of the things that a fan may do, `what` below 8, with a number from 0 to 12 in it.
pub fn command_of(what: u32, number: f64) -> Command {
    match what {
        0 => Command::Play,
        1 => Command::Pause,
        2 | 3 => Command::Seek(Seconds(number)),
        4 => Command::SetRate(number / 3.0 - 2.0),
        5 => Command::StepFrames(number as i32 - 6),
        6 => Command::SetLoop(number > 6.0),
        _ if number > 6.0 => Command::SelectTrack("mesh".into()),
        _ => Command::SelectTrack("points".into()),
    }
}
