//! Brings a reel up to date: the list of an event's packs.
//!
//! Several packers may have the same reel: they take turns, and a viewer never sees half of it.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use touchline_pack::{Manifest, Reel, ReelEntry};

use super::write;

/// What may not stand in a URL's path as it is: RFC 3986, `pchar`, and what ends a path.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Refuses a reel that cannot list the pack at `out`.
pub(super) fn check(reel: &Path, out: &Path) -> Result<()> {
    read(reel)?;
    url_of(reel, out).map(drop)
}

/// Puts a pack into the reel, or brings it up to date there.
pub(super) fn update(reel: &Path, out: &Path, manifest: &Manifest) -> Result<()> {
    let url = url_of(reel, out)?;
    let name = reel.file_name().and_then(|name| name.to_str());
    let name = name.with_context(|| format!("this is no file name ({})", reel.display()))?;
    let context = || format!("the reel cannot be locked ({})", reel.display());
    let lock = reel.with_file_name(format!(".{name}.lock"));
    let lock = File::options().create(true).append(true).open(lock);
    let lock = lock.with_context(context)?;
    lock.lock().with_context(context)?;
    let mut list = read(reel)?;
    let src = match write::is_single(out) {
        true => url.clone(),
        false => format!("{url}/manifest.json"),
    };
    let base = src.rsplit_once('/').map(|(base, _)| base);
    let beside = |file: &String| match base {
        Some(base) => format!("{base}/{file}"),
        None => file.clone(),
    };
    list.put(ReelEntry {
        id: manifest.id.clone(),
        title: manifest.title.clone(),
        poster: manifest.poster.as_ref().map(beside),
        src,
        start_unix_ms: manifest.start_unix_ms,
        duration_secs: manifest.duration().0,
    });
    list.check()
        .with_context(|| format!("({})", reel.display()))?;
    write::place_file(reel, &list.to_json())
}

/// The reel as it is; an empty one where there is none yet.
fn read(reel: &Path) -> Result<Reel> {
    match std::fs::read(reel) {
        Ok(json) => Reel::parse(&json).with_context(|| {
            let shown = reel.display();
            format!("this is no reel: correct it, or choose another `--reel` ({shown})")
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Reel::new()),
        Err(error) => Err(error).with_context(|| format!("({})", reel.display())),
    }
}

/// The pack's URL, relative to the reel.
fn url_of(reel: &Path, out: &Path) -> Result<String> {
    let absolute = |path: &Path| {
        let path = std::path::absolute(path);
        path.with_context(|| format!("this is no path ({})", reel.display()))
    };
    let (reel, out) = (absolute(reel)?, absolute(out)?);
    let below = reel
        .parent()
        .and_then(|folder| out.strip_prefix(folder).ok());
    let Some(below) = below.filter(|below| *below != Path::new("")) else {
        bail!(
            "the pack is not below the folder of its reel, so no address leads there: choose \
             another `--reel` or `--out` ({})",
            reel.display()
        );
    };
    let parts = below.iter().map(|part| part.to_str());
    let parts: Option<Vec<&str>> = parts.collect();
    let parts = parts.with_context(|| format!("its name is not UTF-8 ({})", out.display()))?;
    let escaped = |part: &&str| utf8_percent_encode(part, ESCAPED).to_string();
    Ok(parts.iter().map(escaped).collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_are_found_from_their_reel() {
        let url = |reel, out| url_of(Path::new(reel), Path::new(out)).ok();
        let found = |text: &str| Some(text.to_owned());
        assert_eq!(url("e/reel.json", "e/goal-1"), found("goal-1"));
        assert_eq!(
            url("reel.json", "a/b c#.touchline"),
            found("a/b%20c%23.touchline")
        );
        assert_eq!(url("e/reel.json", "goal-1"), None);
        assert_eq!(url("e/reel.json", "e"), None);
    }
}
