//! What can go wrong in a way that someone can put right.

use std::path::{Path, PathBuf};

/// A file that cannot be used: what is wrong, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}{}; {remedy} ({})", at(place.as_deref()), path.display())]
pub struct BadInput {
    /// What is wrong.
    pub what: String,
    /// Where in the file: a line, a vertex, a face.
    pub place: Option<String>,
    /// What to do.
    pub remedy: String,
    /// The file, or the pattern that finds none.
    pub path: PathBuf,
}

impl BadInput {
    /// Something wrong with a whole file.
    pub fn new(path: &Path, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            place: None,
            remedy: remedy.into(),
            path: path.to_owned(),
        }
    }

    /// Says where in the file.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }
}

fn at(place: Option<&str>) -> String {
    place.map_or_else(String::new, |place| format!(" at {place}"))
}

/// The user stopped a pack that is made while frames arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "stopped with {frame_count} frames published; the pack stays open: the same command goes on \
     with it, and with `--idle-secs 0` added ends it"
)]
pub struct LeftOpen {
    /// Frames that viewers can see.
    pub frame_count: u32,
}

/// The user stopped the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped; nothing was written")]
pub struct Cancelled;
