//! `touchline inspect`: what is in a pack, from its manifest and the headers of meshes.

use std::fmt;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use touchline_pack::{Kind, Role, Segment, Stream, Track};

use crate::open::Opened;

/// What is in a pack.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// The pack's name for machines.
    pub id: String,
    /// The pack's name for people.
    pub title: String,
    /// `single file` or `folder`.
    pub layout: &'static str,
    /// Frames a second.
    pub frames_per_second: f64,
    /// Of each moving track.
    pub frame_count: u32,
    /// How long the replay is.
    pub duration_secs: f64,
    /// Whether it still grows.
    pub is_open: bool,
    /// Programme date-time of the first frame.
    pub start: Option<String>,
    /// Edge lengths of the box around all that moves.
    pub size_metres: [f32; 3],
    /// Of manifest and segments.
    pub bytes: u64,
    /// What can be shown.
    pub tracks: Vec<TrackInspection>,
    /// Names of presets.
    pub presets: Vec<String>,
    /// Names of broadcast cameras.
    pub cameras: Vec<String>,
}

/// What is in a track.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrackInspection {
    /// Its name.
    pub id: String,
    /// Points or mesh.
    pub kind: Kind,
    /// What it is in the story.
    pub role: Role,
    /// Whether it has one frame for all time.
    pub is_static: bool,
    /// The name it shares with other ways to show the same.
    pub alternative: Option<String>,
    /// Its streams.
    pub streams: Vec<StreamInspection>,
}

/// What is in a stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamInspection {
    /// What reads it.
    pub codec: String,
    /// Frames.
    pub frame_count: u32,
    /// Segments.
    pub segment_count: usize,
    /// Which of a points track's layers, coarsest first; absent for meshes and textures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<usize>,
    /// Which of a mesh track's renditions, finest first; absent for points and textures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rendition: Option<usize>,
    /// `coded` or `derived`, of a mesh track's renditions; absent if its first key is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normals: Option<&'static str>,
    /// Points or vertices of its largest frame; of a layer as decoded up to it.
    pub element_count_max: u32,
    /// Triangles of its largest frame.
    pub triangle_count_max: u32,
    /// Of a texture, pixels.
    pub width: u32,
    /// Of a texture, pixels.
    pub height: u32,
    /// What a decoder of a video texture must be able to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec_string: Option<String>,
    /// Of all its segments.
    pub bytes: u64,
    /// Of a layer in the bytes of all its track's layers, 0 to 1; 1 for other streams.
    pub share: f64,
    /// Bits for each of the points or vertices that the track has when all of it is there, taking
    /// every frame for as large as the largest; 0 for a texture. Those of layers add up.
    pub bits_per_element: f64,
    /// While it plays; 0 for what is static, which is sent once.
    pub bytes_per_second: f64,
}

/// Looks into the pack at `path`.
///
/// # Errors
/// If it is no pack, or its manifest breaks a rule.
pub fn inspect(path: &Path) -> Result<Inspection> {
    let opened = Opened::open(path)?;
    let manifest = &opened.manifest;
    let tracks: Vec<_> = manifest
        .tracks
        .iter()
        .map(|track| of_track(track, &opened))
        .collect();
    let segment_bytes: u64 = manifest
        .tracks
        .iter()
        .flat_map(Track::streams)
        .map(Stream::size)
        .sum();
    let start = manifest.start_unix_ms.and_then(|millis| {
        let start = jiff::Timestamp::from_microsecond((millis * 1000.0).round() as i64).ok()?;
        Some(start.to_string())
    });
    Ok(Inspection {
        id: manifest.id.clone(),
        title: manifest.title.clone(),
        layout: if opened.is_single() {
            "single file"
        } else {
            "folder"
        },
        frames_per_second: manifest.frame_rate.as_f64(),
        frame_count: manifest.frame_count,
        duration_secs: manifest.duration().0,
        is_open: manifest.is_open,
        start,
        size_metres: manifest.bounds.size().to_array(),
        bytes: opened.segments_start().max(opened.manifest_bytes) + segment_bytes,
        tracks,
        presets: manifest
            .presets
            .iter()
            .map(|preset| preset.id.clone())
            .collect(),
        cameras: manifest
            .cameras
            .iter()
            .map(|camera| camera.id.clone())
            .collect(),
    })
}

fn of_track(track: &Track, opened: &Opened) -> TrackInspection {
    let manifest = &opened.manifest;
    let duration_secs = manifest.duration().0;
    let frame_count = track.frame_count(manifest.frame_count);
    let layer_bytes: u64 = track.layers.iter().map(Stream::size).sum();
    let finest = track.layers.last();
    let streams = track.streams().enumerate().map(|(place, stream)| {
        let bytes = stream.size();
        let layer = (place < track.layers.len()).then_some(place);
        let in_meshes = place.checked_sub(track.layers.len());
        let whole = if layer.is_some() { finest } else { None }.unwrap_or(stream);
        let element_count = f64::from(frame_count) * f64::from(whole.element_count_max);
        let rendition = in_meshes.filter(|&index| index < track.renditions.len());
        StreamInspection {
            codec: stream.codec.to_string(),
            frame_count,
            segment_count: stream.segments.len(),
            layer,
            rendition,
            normals: rendition.and_then(|_| normals_of(stream, opened)),
            element_count_max: stream.element_count_max,
            triangle_count_max: stream.triangle_count_max,
            width: stream.width,
            height: stream.height,
            codec_string: stream.codec_string.clone(),
            bytes,
            share: layer.map_or(1.0, |_| bytes as f64 / layer_bytes as f64),
            bits_per_element: if element_count > 0.0 {
                bytes as f64 * 8.0 / element_count
            } else {
                0.0
            },
            bytes_per_second: if track.is_static {
                0.0
            } else {
                bytes as f64 / duration_secs
            },
        }
    });
    TrackInspection {
        id: track.id.clone(),
        kind: track.kind,
        role: track.role,
        is_static: track.is_static,
        alternative: track.alternative.clone(),
        streams: streams.collect(),
    }
}

/// Where the normals of a mesh come from, as its first key says.
fn normals_of(stream: &Stream, opened: &Opened) -> Option<&'static str> {
    let bytes = opened.read(stream.segments.first()?).ok()?;
    let segment = Segment::parse(&bytes).ok()?;
    let key = bytes.get(segment.frames.first()?.bytes.clone())?;
    let is_coded = touchline_codec::meshes::has_coded_normals(key).ok()?;
    Some(if is_coded { "coded" } else { "derived" })
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = if self.title.is_empty() {
            &self.id
        } else {
            &self.title
        };
        writeln!(f, "{title} ({}, {})", self.id, self.layout)?;
        let rate = self.frames_per_second;
        let (frames, secs) = (self.frame_count, self.duration_secs);
        writeln!(
            f,
            "  time    {secs:.2} s, {frames} frames at {} a second{}",
            Short(rate),
            if self.is_open { ", still growing" } else { "" }
        )?;
        if let Some(start) = &self.start {
            writeln!(f, "  start   {start}")?;
        }
        let [x, y, z] = self.size_metres;
        writeln!(f, "  extent  {x:.2} x {y:.2} x {z:.2} m")?;
        writeln!(f, "  size    {}", Bytes(self.bytes))?;
        if !self.presets.is_empty() {
            writeln!(f, "  presets {}", self.presets.join(", "))?;
        }
        if !self.cameras.is_empty() {
            writeln!(f, "  cameras {}", self.cameras.join(", "))?;
        }
        writeln!(f)?;
        let rows = self.tracks.iter().flat_map(rows_of);
        let rows: Vec<[String; COLUMN_COUNT]> = std::iter::once(HEADINGS.map(str::to_owned))
            .chain(rows)
            .collect();
        table(f, &rows)
    }
}

const COLUMN_COUNT: usize = 13;
const HEADINGS: [&str; COLUMN_COUNT] = [
    "track",
    "role",
    "kind",
    "layer",
    "rendition",
    "normals",
    "codec",
    "frames",
    "largest frame",
    "bytes",
    "share",
    "bits each",
    "while playing",
];
/// Numbers stand at the right of their columns.
const IS_NUMBER: [bool; COLUMN_COUNT] = [
    false, false, false, true, true, false, false, true, true, true, true, true, true,
];

fn rows_of(track: &TrackInspection) -> Vec<[String; COLUMN_COUNT]> {
    let row = |stream: &StreamInspection| {
        let largest = match (stream.width, stream.triangle_count_max) {
            (0, 0) => format!("{} points", stream.element_count_max),
            (0, triangles) => format!("{triangles} triangles"),
            (width, _) => format!("{width} x {} px", stream.height),
        };
        let playing = if track.is_static {
            "once".to_owned()
        } else {
            format!("{:.2} Mbit/s", stream.bytes_per_second * 8e-6)
        };
        [
            track.id.clone(),
            lower(&track.role),
            if stream.width > 0 {
                "texture".to_owned()
            } else {
                lower(&track.kind)
            },
            or_nothing(stream.layer),
            or_nothing(stream.rendition),
            stream.normals.unwrap_or_default().to_owned(),
            stream.codec.clone(),
            stream.frame_count.to_string(),
            largest,
            Bytes(stream.bytes).to_string(),
            stream
                .layer
                .map_or(String::new(), |_| format!("{:.1} %", stream.share * 100.0)),
            match stream.width {
                0 => format!("{:.2}", stream.bits_per_element),
                _ => String::new(),
            },
            playing,
        ]
    };
    track.streams.iter().map(row).collect()
}

fn or_nothing(index: Option<usize>) -> String {
    index.map_or(String::new(), |index| index.to_string())
}

fn lower(word: &impl fmt::Debug) -> String {
    format!("{word:?}").to_lowercase()
}

/// Rows under each other, each column as wide as its widest cell.
fn table(f: &mut fmt::Formatter<'_>, rows: &[[String; COLUMN_COUNT]]) -> fmt::Result {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    for row in rows {
        let mut line = String::from(" ");
        for (column, cell) in row.iter().enumerate() {
            let width = width(column).unwrap_or(0);
            let cell = if IS_NUMBER[column] {
                format!(" {cell:>width$} ")
            } else {
                format!(" {cell:<width$} ")
            };
            line.push_str(&cell);
        }
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

/// A number without needless digits.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.3}", self.0);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A size as people read it.
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0 as f64;
        let text = match self.0 {
            0..1_000 => format!("{} B", self.0),
            1_000..1_000_000 => format!("{:.1} kB", size / 1e3),
            1_000_000..1_000_000_000 => format!("{:.2} MB", size / 1e6),
            _ => format!("{:.2} GB", size / 1e9),
        };
        f.pad(&text)
    }
}
