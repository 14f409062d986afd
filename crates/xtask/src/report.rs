//! The benchmark's report: one flat object, name to number, units in the names.
//!
//! A peer's figure has the name of ours with `.PEER` behind it; a figure that could not be taken
//! is absent.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Peers that a figure may end in.
const PEERS: [&str; 2] = ["draco", "meshopt"];

/// Figures by name.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Report {
    figures: BTreeMap<String, f64>,
    /// What could not be taken, and why; not in the file.
    misses: Vec<(String, String)>,
}

impl Report {
    /// Notes a figure; a later one of the same name replaces it.
    pub(crate) fn note(&mut self, name: impl Into<String>, figure: f64) {
        self.figures.insert(name.into(), figure);
    }

    /// Notes that some figures could not be taken.
    pub(crate) fn miss(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.misses.push((what.into(), why.into()));
    }

    /// Notes all figures of a JSON object.
    ///
    /// # Errors
    /// If the text is no JSON object of numbers.
    pub(crate) fn note_json(&mut self, text: &str) -> Result<()> {
        let figures: BTreeMap<String, f64> =
            serde_json::from_str(text).with_context(|| format!("not figures: {text}"))?;
        self.figures.extend(figures);
        Ok(())
    }

    /// Writes the report as JSON.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(&self.figures)? + "\n";
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// A table: our figures, beside them each peer's with ours as its multiple, and below them
    /// what is absent.
    pub(crate) fn table(&self) -> String {
        let ours = self
            .figures
            .iter()
            .filter(|(name, _)| peer_of(name).is_none());
        let width = ours.clone().map(|(name, _)| name.len()).max().unwrap_or(0);
        let mut table = format!("{:width$}  {:>10}", "", "ours");
        for peer in PEERS {
            table += &format!("  {peer:>10} {:8}", "ratio");
        }
        table = table.trim_end().to_owned() + "\n";
        for (name, &figure) in ours {
            let mut row = format!("{name:width$}  {:>10}", short(figure));
            for peer in PEERS {
                row += &match self.figures.get(&format!("{name}.{peer}")) {
                    Some(&theirs) => {
                        let ratio = format!("x{}", short(figure / theirs));
                        format!("  {:>10} {ratio:8}", short(theirs))
                    }
                    None => " ".repeat(21),
                };
            }
            table += row.trim_end();
            table.push('\n');
        }
        for (what, why) in &self.misses {
            table += &format!("absent: {what}: {why}\n");
        }
        table
    }
}

fn peer_of(name: &str) -> Option<&str> {
    let (_, last) = name.rsplit_once('.')?;
    PEERS.contains(&last).then_some(last)
}

/// Four significant digits, or whole where there are more.
fn short(figure: f64) -> String {
    if figure == 0.0 {
        return "0".to_owned();
    }
    let magnitude = figure.abs().log10().floor();
    let decimals = (3.0 - magnitude).clamp(0.0, 6.0);
    format!("{figure:.*}", decimals as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_stand_beside_ours() {
        let mut report = Report::default();
        report
            .note_json(r#"{"a.mb": 2, "a.mb.draco": 4, "b.draco.mb": 12345.6}"#)
            .unwrap();
        report.miss("c", "nobody measured it");
        let lines: Vec<String> = report.table().lines().map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "                  ours       draco ratio        meshopt ratio",
                "a.mb             2.000       4.000 x0.5000",
                "b.draco.mb       12346",
                "absent: c: nobody measured it",
            ]
        );
        assert!(report.note_json("[]").is_err());
    }
}
