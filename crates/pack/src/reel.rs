//! The reel: the list of an event's packs, which grows while the event goes on.
//!
//! Follows FORMAT.md 2.9; `reel.schema.json` beside it is derived from these types.
//! Unknown fields are kept out of the way.

use serde::{Deserialize, Serialize};
use touchline_scene::SortedSet;

use crate::PackError;
use crate::manifest::rule;

/// The reel's `format`.
pub const REEL_FORMAT_NAME: &str = "touchline-reel";
/// The reel's `version` that this crate writes and reads.
const VERSION: u32 = 1;
/// Replays in a reel at most: one a minute for a week of games.
const REPLAY_COUNT_MAX: usize = 10_000;

/// The list of an event's packs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reel {
    /// Always `touchline-reel`.
    pub format: String,
    /// Version of the format, 1.
    pub version: u32,
    /// Names the event for machines.
    #[serde(default)]
    pub id: String,
    /// For people.
    #[serde(default)]
    pub title: String,
    /// Still growing: a later version has more replays, or longer ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_open: bool,
    /// The packs, in the order in which they were announced.
    #[serde(default)]
    pub replays: Vec<ReelEntry>,
}

/// A pack of the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReelEntry {
    /// The pack's `id`; unique in the reel.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub title: String,
    /// The pack's manifest or single file, relative to the reel.
    pub src: String,
    /// Programme date-time of the pack's frame 0, milliseconds since 1970-01-01T00:00Z.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_unix_ms: Option<f64>,
    /// How long the pack is; of an open one how long it is so far.
    pub duration_secs: f64,
    /// Picture to show for it, relative to the reel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poster: Option<String>,
}

/// What every version of a reel has.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

impl Reel {
    /// An open reel without replays.
    pub fn new() -> Self {
        Self {
            format: REEL_FORMAT_NAME.to_owned(),
            version: VERSION,
            id: String::new(),
            title: String::new(),
            is_open: true,
            replays: Vec::new(),
        }
    }

    /// Reads and checks a reel's bytes.
    ///
    /// # Errors
    /// [`PackError::Unsupported`] if it needs a newer player, [`PackError::Malformed`] if it
    /// breaks a rule of FORMAT.md 2.9.
    pub fn parse(json: &[u8]) -> Result<Self, PackError> {
        let malformed = |error: serde_json::Error| PackError::malformed("2.9", error.to_string());
        // The version first: a newer reel may not fit today's types.
        let head: Head = serde_json::from_slice(json).map_err(malformed)?;
        let is_reel = head.format == REEL_FORMAT_NAME;
        rule("2.9", is_reel, "`format` is \"touchline-reel\"")?;
        if head.version != VERSION {
            let version = head.version;
            return Err(PackError::Unsupported(format!("reel version {version}")));
        }
        let reel: Self = serde_json::from_slice(json).map_err(malformed)?;
        reel.check()?;
        Ok(reel)
    }

    /// Holds the reel against every rule of FORMAT.md 2.9 that JSON Schema cannot say.
    ///
    /// # Errors
    /// [`PackError::Malformed`] for the first rule that is broken.
    pub fn check(&self) -> Result<(), PackError> {
        let fits = self.replays.len() <= REPLAY_COUNT_MAX;
        rule("2.9", fits, "a reel has at most 10000 replays")?;
        let mut ids = SortedSet::default();
        for replay in &self.replays {
            rule("2.9", ids.insert(&replay.id), "ids of replays are unique")?;
            rule("2.9", !replay.src.is_empty(), "`src` is not empty")?;
            let numbers = [Some(replay.duration_secs), replay.start_unix_ms];
            let finite = numbers.into_iter().flatten().all(f64::is_finite);
            let is_long = replay.duration_secs >= 0.0;
            let text = "`durationSecs` is at least 0, it and `startUnixMs` are finite";
            rule("2.9", finite && is_long, text)?;
        }
        Ok(())
    }

    /// Puts a replay in the place of the one with the same id, else at the end.
    pub fn put(&mut self, entry: ReelEntry) {
        match self.replays.iter_mut().find(|old| old.id == entry.id) {
            Some(old) => *old = entry,
            None => self.replays.push(entry),
        }
    }

    /// The reel's bytes.
    pub fn to_json(&self) -> Vec<u8> {
        // These types hold no map with odd keys and no failing serializer: this cannot fail.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }
}

impl Default for Reel {
    fn default() -> Self {
        Self::new()
    }
}

/// The JSON Schema of a reel, as published beside FORMAT.md.
#[cfg(feature = "schema")]
pub fn reel_schema() -> serde_json::Value {
    schemars::schema_for!(Reel).to_value()
}
