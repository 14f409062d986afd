//! Numbered files that arrive in a folder, or where a pattern finds them.
//!
//! Asked again and again rather than told by the system: that works on every file system, those
//! of other machines too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Result;

use super::super::input;
use super::place::Series;
use crate::error::BadInput;
use crate::progress::Audience;

/// What changes when a file is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    /// Of the file at `path`; nothing if it is not there.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            size: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }
}

/// A file that was seen.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
    /// When it was first seen as it is.
    since: Instant,
}

impl Seen {
    /// Whether nobody has written to it for so long.
    pub(super) fn is_settled(&self, now: Instant, settle: Duration) -> bool {
        now.duration_since(self.since) >= settle
    }
}

/// The numbered files of one place.
#[derive(Debug)]
pub(super) struct Arrivals {
    place: String,
    extensions: &'static [&'static str],
    /// How they are called: what is called otherwise is none. Nothing until it is decided.
    series: Option<Series>,
    /// By number, from the first that is of interest.
    pub(super) seen: BTreeMap<u64, Seen>,
    /// What the operator was told not to wait for.
    strays: BTreeSet<PathBuf>,
}

impl Arrivals {
    /// Of files of these kinds in a folder, or where a pattern finds them.
    ///
    /// # Errors
    /// If there is neither a folder nor a pattern.
    pub(super) fn at(place: &str, extensions: &'static [&'static str]) -> Result<Self> {
        let path = Path::new(place);
        let is_pattern = place.contains(['*', '?', '[']);
        if !path.is_dir() && !is_pattern {
            let what = "there is no such folder to be watched";
            let remedy = "make it first, or correct the path";
            return Err(BadInput::new(path, what, remedy).into());
        }
        if is_pattern && let Err(error) = glob::Pattern::new(place) {
            return Err(BadInput::new(path, error.to_string(), "correct the pattern").into());
        }
        Ok(Self {
            place: place.to_owned(),
            extensions,
            series: None,
            seen: BTreeMap::new(),
            strays: BTreeSet::new(),
        })
    }

    /// Takes those called otherwise for no frames from now on.
    pub(super) fn decide(&mut self, series: &Series) {
        self.series = Some(series.clone());
    }

    /// Where number `number` is looked for.
    pub(super) fn path_of(&self, number: u64) -> Option<PathBuf> {
        let (_, other) = self.seen.iter().next()?;
        let (prefix, _) = input::trailing_number(&other.path)?;
        Some(input::with_number(&other.path, &prefix, number))
    }

    /// Looks what is there, from number `from` on; says whether that changed.
    ///
    /// # Errors
    /// If two sequences are mixed and it is not decided yet which is meant.
    pub(super) fn look(&mut self, from: u64, now: Instant, audience: Audience) -> Result<bool> {
        let mut found = BTreeMap::new();
        let mut first = None;
        for path in self.files()? {
            let Some((prefix, number)) = self.number_of(&path, audience) else {
                continue;
            };
            if self.series.is_none() {
                refuse_other(
                    first.get_or_insert_with(|| (prefix.clone(), path.clone())),
                    &path,
                )?;
            }
            if number >= from {
                found.insert(number, path);
            }
        }
        let mut has_changed = false;
        let mut seen = BTreeMap::new();
        for (number, path) in found {
            // Renamed away in this very moment.
            let Some(stamp) = Stamp::of(&path) else {
                continue;
            };
            let old = self.seen.remove(&number);
            let same = old.filter(|old| old.stamp == stamp && old.path == path);
            has_changed |= same.is_none();
            let fresh = || Seen {
                path,
                stamp,
                since: now,
            };
            seen.insert(number, same.unwrap_or_else(fresh));
        }
        self.seen = seen;
        Ok(has_changed)
    }

    /// The number of a file and what is before it, if it is one of the sequence.
    fn number_of(&mut self, path: &Path, audience: Audience) -> Option<(String, u64)> {
        let Some((prefix, number)) = input::trailing_number(path) else {
            self.tell_stray(path, "has no number at the end of its name", audience);
            return None;
        };
        if let Some(series) = &self.series {
            let extension = path.extension().and_then(|extension| extension.to_str());
            if prefix != series.prefix || extension != Some(series.extension.as_str()) {
                self.tell_stray(path, "is called otherwise than the frames", audience);
                return None;
            }
            if number < series.first {
                self.tell_stray(path, "came after the first frame was published", audience);
                return None;
            }
        }
        Some((prefix, number))
    }

    fn tell_stray(&mut self, path: &Path, why: &str, audience: Audience) {
        if self.strays.insert(path.to_owned()) {
            audience.warn(&format!("left out: it {why} ({})", path.display()));
        }
    }

    /// The files of the wanted kinds; not those whose names say that they are not meant yet.
    fn files(&self) -> Result<Vec<PathBuf>> {
        let folder = Path::new(&self.place);
        let mut files = if folder.is_dir() {
            input::list(folder, self.extensions)?
        } else {
            let found = glob::glob(&self.place)?;
            let is_wanted =
                |path: &PathBuf| input::has_extension(path, self.extensions) && path.is_file();
            found.filter_map(Result::ok).filter(is_wanted).collect()
        };
        let is_hidden = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_none_or(|name| name.starts_with('.'))
        };
        files.retain(|path| !is_hidden(path));
        Ok(files)
    }
}

/// Refuses a file of another sequence than that of the first.
fn refuse_other((prefix, first): &(String, PathBuf), path: &Path) -> Result<()> {
    let is_alike = input::trailing_number(path).is_some_and(|(other, _)| other == *prefix)
        && first.extension() == path.extension();
    if is_alike {
        return Ok(());
    }
    let what = format!("two sequences are mixed: {} is of another", first.display());
    let remedy = "give a pattern that takes one of them, as 'points/frame_*.ply'";
    Err(BadInput::new(path, what, remedy).into())
}
