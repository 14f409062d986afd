//! Puts a pack in its place: everything is written aside and renamed at the end, so a pack is
//! there whole or not at all.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use touchline_pack::{Header, Manifest, SegmentEntry};

/// How the names of files begin that are not in their place yet.
pub(crate) const ASIDE: &str = ".touchline-aside-";

/// Where a pack is made until it is whole.
#[derive(Debug)]
pub(crate) struct Aside {
    /// Removed when dropped, with all that was written.
    folder: TempDir,
    out: PathBuf,
    is_single: bool,
}

impl Aside {
    /// Makes a place beside `out`.
    pub(crate) fn new(out: &Path) -> Result<Self> {
        let parent = match out.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(parent)
            .with_context(|| format!("the folder cannot be made ({})", parent.display()))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".touchline-");
        // A server's user must be able to read what is renamed into place.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let folder = builder
            .tempdir_in(parent)
            .with_context(|| format!("nothing can be written here ({})", parent.display()))?;
        Ok(Self {
            folder,
            out: out.to_owned(),
            is_single: is_single(out),
        })
    }

    /// Writes a file of the pack; `url` is relative to the manifest.
    pub(crate) fn write(&self, url: &str, bytes: &[u8]) -> Result<()> {
        let path = self.folder.path().join(url);
        let context = || format!("writing failed ({})", path.display());
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(context)?;
        }
        std::fs::write(&path, bytes).with_context(context)
    }

    /// Puts the pack in its place and says how many bytes it has.
    pub(crate) fn finish(self, manifest: &mut Manifest) -> Result<u64> {
        if self.is_single {
            self.finish_single(manifest)
        } else {
            self.finish_folder(manifest)
        }
    }

    fn finish_folder(self, manifest: &Manifest) -> Result<u64> {
        let json = manifest.to_json();
        self.write("manifest.json", &json)?;
        let segments: u64 = entries_of(manifest).map(|entry| entry.size).sum();
        let whole = self.folder.keep();
        let renamed = replace(&whole, &self.out);
        if renamed.is_err() {
            // The rename's error is the one to tell.
            let _ = std::fs::remove_dir_all(&whole);
        }
        renamed?;
        Ok(json.len() as u64 + segments)
    }

    fn finish_single(self, manifest: &mut Manifest) -> Result<u64> {
        let urls = place_segments(manifest);
        let json = manifest.to_json();
        let path = self.folder.path().join("whole");
        let context = || format!("writing failed ({})", path.display());
        let mut file = BufWriter::new(File::create(&path).with_context(context)?);
        let header = Header {
            manifest_size: json.len() as u64,
        };
        file.write_all(&header.to_bytes()).with_context(context)?;
        file.write_all(&json).with_context(context)?;
        for url in &urls {
            let mut segment = File::open(self.folder.path().join(url)).with_context(context)?;
            std::io::copy(&mut segment, &mut file).with_context(context)?;
        }
        let file = file
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error);
        let size = file
            .and_then(|file| file.metadata())
            .with_context(context)?
            .len();
        if let Some(poster) = &manifest.poster {
            let beside = self.out.with_file_name(poster);
            std::fs::rename(self.folder.path().join(poster), &beside)
                .with_context(|| format!("the poster cannot be placed ({})", beside.display()))?;
        }
        std::fs::rename(&path, &self.out)
            .with_context(|| format!("the pack cannot be placed ({})", self.out.display()))?;
        Ok(size)
    }
}

fn entries_of(manifest: &Manifest) -> impl Iterator<Item = &SegmentEntry> {
    let streams = manifest
        .tracks
        .iter()
        .flat_map(touchline_pack::Track::streams);
    streams.flat_map(|stream| &stream.segments)
}

/// Gives each segment its offset in the single file and returns their files in that order.
///
/// By time, so that a fan who plays from the start reads the file from its start.
fn place_segments(manifest: &mut Manifest) -> Vec<String> {
    let mut entries: Vec<&mut SegmentEntry> = manifest
        .tracks
        .iter_mut()
        .flat_map(|track| {
            let streams = track.layers.iter_mut().chain(&mut track.renditions);
            streams.chain(&mut track.textures)
        })
        .flat_map(|stream| &mut stream.segments)
        .collect();
    entries.sort_by_key(|entry| entry.first_frame);
    let mut offset = 0;
    let place = |entry: &mut SegmentEntry| {
        entry.offset = offset;
        offset += entry.size;
        entry.url.take()
    };
    entries.into_iter().filter_map(place).collect()
}

/// Whether a pack goes into a single file.
pub(crate) fn is_single(out: &Path) -> bool {
    out.extension()
        .is_some_and(|extension| extension == "touchline")
}

/// Refuses to overwrite what nobody asked to overwrite.
pub(crate) fn refuse_to_overwrite(out: &Path, force: bool) -> Result<()> {
    if !out.exists() {
        return Ok(());
    }
    let shown = out.display();
    if !force {
        bail!("something is there already: choose another `--out` or say `--force` ({shown})");
    }
    // `--force` is for packs: never for what someone else keeps there.
    let is_pack = match is_single(out) {
        true => out.is_file(),
        false => out.join("manifest.json").is_file(),
    };
    if !is_pack {
        bail!("what is there is no pack and is not overwritten: choose another `--out` ({shown})");
    }
    Ok(())
}

/// Renames the folder `whole` to `out`, over a pack that may be there.
fn replace(whole: &Path, out: &Path) -> Result<()> {
    let context = || format!("the pack cannot be placed ({})", out.display());
    if !out.exists() {
        return std::fs::rename(whole, out).with_context(context);
    }
    let mut old_name = whole.as_os_str().to_owned();
    old_name.push("-old");
    let old = PathBuf::from(old_name);
    std::fs::rename(out, &old).with_context(context)?;
    if let Err(error) = std::fs::rename(whole, out) {
        std::fs::rename(&old, out).with_context(context)?;
        return Err(error).with_context(context);
    }
    std::fs::remove_dir_all(&old).with_context(|| format!("removing failed ({})", old.display()))
}

/// Writes a file aside, makes sure that it would outlive a power cut, and renames it to `path`.
pub(crate) fn place_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let context = || format!("writing failed ({})", path.display());
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).with_context(context)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(ASIDE);
    // A server's user must be able to read what is renamed into place.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).with_context(context)?;
    file.write_all(bytes).with_context(context)?;
    file.as_file().sync_all().with_context(context)?;
    file.persist(path).with_context(context)?;
    // Elsewhere a folder cannot be opened; the rename is then as safe as the system makes it.
    #[cfg(unix)]
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .with_context(context)?;
    Ok(())
}
