//! What the tests share: simulated networks and decoders.

pub mod fan;
pub mod network;
pub mod replay;
