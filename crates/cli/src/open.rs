//! Opens a pack in either layout and reads its segments.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use touchline_pack::{HEADER_SIZE, Header, Manifest, SegmentEntry};

/// A pack on disk.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Read and checked.
    pub manifest: Manifest,
    /// Of the manifest's JSON.
    pub manifest_bytes: u64,
    layout: Layout,
}

#[derive(Clone, Debug)]
enum Layout {
    /// Segments are files below this folder.
    Folder(PathBuf),
    /// Segments are ranges of this file, counted from here.
    Single { path: PathBuf, segments_start: u64 },
}

impl Opened {
    /// Opens a `.touchline` file, a folder with a `manifest.json`, or that manifest.
    ///
    /// # Errors
    /// If it is no pack, or its manifest breaks a rule.
    pub fn open(path: &Path) -> Result<Self> {
        let shown = || format!("({})", path.display());
        if path.is_dir() {
            return Self::open_folder(&path.join("manifest.json"), path);
        }
        let mut file = File::open(path).with_context(shown)?;
        let mut header = Vec::new();
        file.by_ref()
            .take(HEADER_SIZE as u64)
            .read_to_end(&mut header)
            .with_context(shown)?;
        let is_json = header.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        if is_json {
            let folder = path.parent().unwrap_or(Path::new("."));
            return Self::open_folder(path, folder);
        }
        let header = Header::parse(&header).with_context(shown)?;
        let file_size = file.metadata().with_context(shown)?.len();
        if header.segments_start() > file_size {
            bail!(
                "the file ends inside the manifest: copy it again {}",
                shown()
            );
        }
        let mut json = Vec::new();
        file.take(header.manifest_size)
            .read_to_end(&mut json)
            .with_context(shown)?;
        Ok(Self {
            manifest: Manifest::parse(&json).with_context(shown)?,
            manifest_bytes: json.len() as u64,
            layout: Layout::Single {
                path: path.to_owned(),
                segments_start: header.segments_start(),
            },
        })
    }

    fn open_folder(manifest: &Path, folder: &Path) -> Result<Self> {
        let shown = || format!("({})", manifest.display());
        let json = std::fs::read(manifest).with_context(shown)?;
        Ok(Self {
            manifest: Manifest::parse(&json).with_context(shown)?,
            manifest_bytes: json.len() as u64,
            layout: Layout::Folder(folder.to_owned()),
        })
    }

    /// Whether it is one file.
    pub fn is_single(&self) -> bool {
        matches!(self.layout, Layout::Single { .. })
    }

    /// The size of the whole file, where it is one.
    ///
    /// # Errors
    /// If the file cannot be asked.
    pub fn single_size(&self) -> Result<Option<u64>> {
        match &self.layout {
            Layout::Folder(_) => Ok(None),
            Layout::Single { path, .. } => Ok(Some(std::fs::metadata(path)?.len())),
        }
    }

    /// Where the segments of a single file start, bytes; 0 in a folder.
    pub fn segments_start(&self) -> u64 {
        match self.layout {
            Layout::Folder(_) => 0,
            Layout::Single { segments_start, .. } => segments_start,
        }
    }

    /// Where a file that the manifest names lies; a single file's are beside it.
    ///
    /// # Errors
    /// If the URL leaves the pack.
    pub fn path_of(&self, url: &str) -> Result<PathBuf> {
        let relative = Path::new(url);
        let is_inside = relative
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !is_inside || url.contains(['\\', ':']) {
            bail!("the URL \"{url}\" leaves the pack's folder");
        }
        Ok(match &self.layout {
            Layout::Folder(folder) => folder.join(relative),
            Layout::Single { path, .. } => path.with_file_name(relative),
        })
    }

    /// A segment's bytes, exactly as many as the manifest says; their hash is not checked.
    ///
    /// # Errors
    /// If they cannot be read, or are not as many.
    pub fn read(&self, entry: &SegmentEntry) -> Result<Vec<u8>> {
        match &self.layout {
            Layout::Folder(_) => {
                let Some(url) = &entry.url else {
                    bail!("the segment has no URL")
                };
                let path = self.path_of(url)?;
                let shown = || format!("({})", path.display());
                let size = std::fs::metadata(&path).with_context(shown)?.len();
                if size != entry.size {
                    bail!(
                        "has {size} bytes, the manifest says {} {}",
                        entry.size,
                        shown()
                    );
                }
                std::fs::read(&path).with_context(shown)
            }
            Layout::Single {
                path,
                segments_start,
            } => {
                let shown = || format!("({})", path.display());
                let mut file = File::open(path).with_context(shown)?;
                let start = segments_start.checked_add(entry.offset);
                let start = start.context("the segment's offset is beyond any file")?;
                let file_size = file.metadata().with_context(shown)?.len();
                if start
                    .checked_add(entry.size)
                    .is_none_or(|end| end > file_size)
                {
                    let missing = start.saturating_add(entry.size) - file_size;
                    bail!(
                        "the file ends {missing} bytes before the segment's end {}",
                        shown()
                    );
                }
                file.seek(SeekFrom::Start(start)).with_context(shown)?;
                let mut bytes = Vec::new();
                file.take(entry.size)
                    .read_to_end(&mut bytes)
                    .with_context(shown)?;
                Ok(bytes)
            }
        }
    }
}
