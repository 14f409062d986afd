//! `touchline`, the replay operator's tool: makes, checks, serves and draws packs.
//!
//! Everything the command line does can be called from here, so tests need no processes.

pub mod args;
pub mod error;
pub mod inspect;
pub mod open;
pub mod pack;
pub mod progress;
pub mod render;
pub mod serve;
pub mod verify;
mod video;
