//! A folder for files and the pack made of them.

use std::fs;
use std::path::PathBuf;

use clap::Parser;
use touchline::args::{Cli, Command};
use touchline::error::BadInput;
use touchline::open::Opened;
use touchline::progress::{Audience, Cancel};

/// Gone when dropped.
pub(crate) struct Folder {
    files: tempfile::TempDir,
    options: &'static str,
}

impl Folder {
    /// Its packs are all made with these options.
    pub(crate) fn new(options: &'static str) -> Self {
        let files = tempfile::tempdir().unwrap();
        Self { files, options }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Packs as a command line says; `@` stands for the folder.
    pub(crate) fn pack(&self, line: &str) -> anyhow::Result<Opened> {
        let options = self.options;
        let line = format!("touchline pack --out @/out --threads 1 --force {options} {line}");
        let line = line.replace('@', self.files.path().to_str().unwrap());
        let Command::Pack(args) = Cli::try_parse_from(line.split_whitespace())?.command else {
            unreachable!()
        };
        touchline::pack::pack(&args, &Cancel::default(), Audience::Nobody)?;
        Opened::open(&self.path("out"))
    }

    /// The error of packing so, which must be one about a file, and leave no pack.
    pub(crate) fn refused(&self, line: &str) -> String {
        let was_there = self.path("out").exists();
        let error = self.pack(line).unwrap_err();
        assert!(error.downcast_ref::<BadInput>().is_some(), "{error:#}");
        assert_eq!(self.path("out").exists(), was_there, "{error:#}");
        format!("{error:#}")
    }
}
