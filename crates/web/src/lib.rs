//! The engine in the browser: fetch, decode ports and canvas around the player and the renderer.

pub mod messages;
