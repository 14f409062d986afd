//! Where a pack that grows is published: each file whole or not at all, in an order in which a
//! viewer never hears of what is not there.
//!
//! Beside the pack's own files lie, until it ends, a lock, which ends with the process that has
//! it, and a note of what was asked for and what the first segment decided.
//!
//! Always true: a manifest in its place names files in their places; whatever else is there is
//! what a process that was killed left, and is put away by the next one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use touchline_pack::Manifest;

use super::super::survey::Decided;
use super::super::write;

const MANIFEST: &str = "manifest.json";
const NOTE: &str = ".touchline-live.json";
const LOCK: &str = ".touchline-live.lock";

/// What is kept beside a pack until it ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Note {
    /// What was asked for, by option.
    pub(super) options: BTreeMap<String, String>,
    /// What the first segment decided of each track whose frames arrive, in order.
    pub(super) tracks: Vec<TrackNote>,
}

/// What the first segment decided of a track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TrackNote {
    pub(super) id: String,
    pub(super) decided: Decided,
    pub(super) rendition_count: usize,
    /// How its files are called; nothing of a stream.
    pub(super) series: Option<Series>,
}

/// How the files of a sequence are called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Series {
    /// All up to the number.
    pub(super) prefix: String,
    pub(super) extension: String,
    /// The number of frame 0.
    pub(super) first: u64,
}

/// The folder of a pack that grows; no other process writes there.
#[derive(Debug)]
pub(super) struct Place {
    out: PathBuf,
    /// Held until this process ends, however it does.
    _lock: File,
}

/// What an earlier process left.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) note: Note,
    /// Nothing where it published nothing.
    pub(super) manifest: Option<Manifest>,
}

impl Place {
    /// Takes the folder `out`, and says what is there already of this very pack.
    ///
    /// # Errors
    /// If something else is there, another process has it, or `options` are not those with which
    /// it was begun; nothing is changed then.
    pub(super) fn take(
        out: &Path,
        options: &BTreeMap<String, String>,
    ) -> Result<(Self, Option<Left>)> {
        let shown = out.display();
        if write::is_single(out) {
            bail!(
                "a pack that grows is a folder, not a single file: choose another `--out` ({shown})"
            );
        }
        let is_begun = out.join(NOTE).is_file() || out.join(LOCK).is_file();
        let is_free = !out.exists() || out.read_dir().is_ok_and(|mut all| all.next().is_none());
        if !is_begun && !is_free {
            bail!(other_is_there(out));
        }
        std::fs::create_dir_all(out)
            .with_context(|| format!("the folder cannot be made ({shown})"))?;
        let lock = File::options()
            .create(true)
            .append(true)
            .open(out.join(LOCK));
        let lock = lock.with_context(|| format!("nothing can be written here ({shown})"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another `touchline pack --live` is at work here: wait for it ({shown})")
            }
            Err(TryLockError::Error(error)) => {
                return Err(error)
                    .with_context(|| format!("the folder cannot be locked ({shown})"));
            }
        }
        let place = Self {
            out: out.to_owned(),
            _lock: lock,
        };
        let left = place.left()?;
        match &left {
            Some(left) => refuse_other_options(&left.note.options, options, out)?,
            // It was killed while it ended.
            None if out.join(MANIFEST).exists() => {
                place.remove(LOCK)?;
                bail!(other_is_there(out));
            }
            None => {}
        }
        place.put_away(left.as_ref().and_then(|left| left.manifest.as_ref()))?;
        Ok((place, left))
    }

    fn left(&self) -> Result<Option<Left>> {
        let path = self.out.join(NOTE);
        let shown = || format!("({})", path.display());
        let note = match std::fs::read(&path) {
            Ok(note) => serde_json::from_slice(&note).with_context(shown)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(shown),
        };
        let path = self.out.join(MANIFEST);
        let manifest = match std::fs::read(&path) {
            Ok(json) => {
                let manifest = Manifest::parse(&json);
                Some(manifest.with_context(|| format!("({})", path.display()))?)
            }
            Err(_) => None,
        };
        Ok(Some(Left { note, manifest }))
    }

    /// Removes what no manifest names: an earlier process was killed before it came to that.
    fn put_away(&self, manifest: Option<&Manifest>) -> Result<()> {
        let streams = manifest.iter().flat_map(|manifest| &manifest.tracks);
        let segments = streams.flat_map(touchline_pack::Track::streams);
        let urls = segments.flat_map(|stream| &stream.segments);
        let urls = urls.filter_map(|segment| segment.url.as_deref());
        let named: BTreeSet<PathBuf> = urls.map(|url| self.out.join(url)).collect();
        let is_ours = |path: &Path| {
            let name = path.file_name().and_then(|name| name.to_str());
            let is_segment = path.extension().is_some_and(|extension| extension == "seg");
            is_segment || name.is_some_and(|name| name.starts_with(write::ASIDE))
        };
        for folder in [vec![self.out.clone()], folders_in(&self.out)?].concat() {
            for path in files_in(&folder)? {
                if is_ours(&path) && !named.contains(&path) {
                    std::fs::remove_file(&path)
                        .with_context(|| format!("removing failed ({})", path.display()))?;
                }
            }
        }
        Ok(())
    }

    /// Puts a file in its place; `url` is relative to the manifest.
    pub(super) fn write(&self, url: &str, bytes: &[u8]) -> Result<()> {
        write::place_file(&self.out.join(url), bytes)
    }

    /// Takes a file away that no manifest names.
    pub(super) fn remove(&self, url: &str) -> Result<()> {
        let path = self.out.join(url);
        std::fs::remove_file(&path).with_context(|| format!("removing failed ({})", path.display()))
    }

    /// Notes what the first segment decided.
    pub(super) fn write_note(&self, note: &Note) -> Result<()> {
        self.write(NOTE, &serde_json::to_vec_pretty(note)?)
    }

    /// Shows viewers what is there now; says how many bytes the manifest has.
    pub(super) fn publish(&self, manifest: &Manifest) -> Result<u64> {
        let json = manifest.to_json();
        self.write(MANIFEST, &json)?;
        Ok(json.len() as u64)
    }

    /// The pack has ended: what was beside it goes.
    pub(super) fn end(self) -> Result<()> {
        self.remove(NOTE)?;
        self.remove(LOCK)
    }
}

impl Drop for Place {
    /// Where nothing was published nothing is left, as far as that can be.
    fn drop(&mut self) {
        if self.out.join(MANIFEST).exists() {
            return;
        }
        // Whatever fails here was said before, or is found by the next process.
        let _ = self.remove(NOTE);
        let _ = self.remove(LOCK);
        let _ = std::fs::remove_dir(&self.out);
    }
}

fn other_is_there(out: &Path) -> String {
    let what = "something is there already, and no pack that still grows";
    format!("{what}: choose another `--out` ({})", out.display())
}

/// Says which options are others than those that a pack was begun with.
fn refuse_other_options(
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
    out: &Path,
) -> Result<()> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let others = names
        .into_iter()
        .filter(|&name| old.get(name) != new.get(name));
    let others: Vec<&str> = others.map(String::as_str).collect();
    if others.is_empty() {
        return Ok(());
    }
    bail!(
        "this pack was begun with other options, and they hold until it ends: {} (see {}); give \
         the same, or choose another `--out` ({})",
        others.join(", "),
        NOTE,
        out.display()
    )
}

fn entries_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let context = || format!("the folder cannot be read ({})", folder.display());
    let entries = std::fs::read_dir(folder).with_context(context)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths.collect::<std::io::Result<_>>().with_context(context)
}

fn folders_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut entries = entries_in(folder)?;
    entries.retain(|path| path.is_dir());
    Ok(entries)
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut entries = entries_in(folder)?;
    entries.retain(|path| path.is_file());
    Ok(entries)
}
