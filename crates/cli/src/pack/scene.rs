//! The scene file: what the operator knows about the place, written as in a manifest.

use std::path::Path;

use anyhow::Result;
use serde::Deserialize;
use touchline_pack::{BroadcastCamera, Credit, Preset, Stage};

use crate::error::BadInput;

/// Parts of a manifest that no capture holds. Unknown fields are refused: they are misspelt.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Scene {
    #[serde(default)]
    pub(crate) id: Option<String>,
    #[serde(default)]
    pub(crate) title: Option<String>,
    #[serde(default)]
    pub(crate) start_media_secs: Option<f64>,
    #[serde(default)]
    pub(crate) stage: Option<Stage>,
    #[serde(default)]
    pub(crate) presets: Vec<Preset>,
    #[serde(default)]
    pub(crate) cameras: Vec<BroadcastCamera>,
    #[serde(default)]
    pub(crate) credits: Vec<Credit>,
}

impl Scene {
    /// Reads the scene file at `path`.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let json = std::fs::read(path).map_err(|error| {
            BadInput::new(path, error.to_string(), "make the scene file readable")
        })?;
        serde_json::from_slice(&json).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let text = error.to_string();
            let what = text.split(" at line").next().unwrap_or(&text);
            BadInput::new(path, what, "correct the scene file")
                .at(format!("line {line}, column {column}"))
                .into()
        })
    }
}
