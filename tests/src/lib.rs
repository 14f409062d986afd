//! What the tests share: simulated networks, decoders and fans, a writer of glTF.

pub mod fan;
pub mod gltf;
pub mod ladder;
pub mod network;
pub mod outcome;
pub mod random;
pub mod replay;
