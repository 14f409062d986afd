//! The shaders' arithmetic on the CPU: what it means, to be read and to be tested against.

pub mod backdrop;
pub mod colour;
pub mod mesh;
pub mod points;
