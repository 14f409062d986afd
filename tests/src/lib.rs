//! What the tests share: simulated networks and decoders, a writer of glTF.

pub mod fan;
pub mod gltf;
pub mod ladder;
pub mod network;
pub mod outcome;
pub mod replay;
