//! The manifest: what is in a pack and where.
//!
//! Follows FORMAT.md section 2; `manifest.schema.json` beside it is derived from these types.
//! Unknown fields are kept out of the way; an unknown critical feature is refused by name.

use glam::Quat;
use serde::{Deserialize, Serialize};
use touchline_scene::{Bounds, Camera, FrameRate, Lens, Pose, SortedSet, Viewpoint};

use crate::{CodecId, FRAME_COUNT_MAX, PackError, Sha256};

/// The manifest's `format`.
pub const FORMAT_NAME: &str = "touchline";
/// The manifest's `version` that this crate writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// The features that a manifest may name as critical and this crate knows.
const CRITICAL_KNOWN: &[&str] = &[];
/// Frames in a pack at most: 4 h at 60 frames a second.
const PACK_FRAME_COUNT_MAX: u32 = 4 * 3600 * 60;
/// Tracks in a pack at most: two teams, officials, balls and a venue, with room.
const TRACK_COUNT_MAX: usize = 256;
/// Streams of one track at most: a point has 16 octree levels.
const STREAM_COUNT_MAX: usize = 16;
/// A segment's size at most, bytes: a second of raw 1 million point frames fits.
const SEGMENT_SIZE_MAX: u64 = 512 << 20;
/// Characters of a codec string at most: the longest in use have about 30.
const CODEC_STRING_LEN_MAX: usize = 64;
/// The codecs of textures that are images, FORMAT.md 2.4.
const IMAGE_CODECS: [CodecId; 3] = [CodecId(*b"jpeg"), CodecId(*b"png_"), CodecId(*b"webp")];
/// The longest side of a texture, pixels: WebGPU's default limit.
const TEXTURE_SIDE_MAX: u32 = 8192;

/// What a pack holds and where its bytes are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Manifest {
    /// Always `touchline`.
    pub format: String,
    /// Version of the format, 1.
    pub version: u32,
    /// Features that a reader must know to show the pack rightly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub critical: Vec<String>,
    /// Names the pack; stays the same when it is packed again.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub title: String,
    /// Frames a second of every moving track.
    #[cfg_attr(feature = "schema", schemars(with = "schema_types::FrameRate"))]
    pub frame_rate: FrameRate,
    /// Frames of every moving track.
    pub frame_count: u32,
    /// Still growing: a later version has more frames.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_open: bool,
    /// Programme date-time of frame 0, milliseconds since 1970-01-01T00:00Z.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_unix_ms: Option<f64>,
    /// Media time of frame 0 in the host's video, seconds, for streams without date-times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_media_secs: Option<f64>,
    /// Box around all that moves, over all frames.
    #[cfg_attr(feature = "schema", schemars(with = "schema_types::Bounds"))]
    pub bounds: Bounds,
    /// The ground, drawn where the pack has no venue of its own.
    #[serde(default)]
    pub stage: Stage,
    /// What can be shown.
    pub tracks: Vec<Track>,
    /// Named viewpoints; the first is where a fan starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub presets: Vec<Preset>,
    /// Calibrated cameras of the broadcast.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cameras: Vec<BroadcastCamera>,
    /// Picture shown before the replay, relative to the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poster: Option<String>,
    /// Who made what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<Credit>,
}

/// Where the action takes place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stage {
    /// What the ground is made of.
    #[serde(default)]
    pub surface: Surface,
    /// Height of the ground, metres.
    #[serde(default)]
    pub ground_metres: f32,
}

/// What the ground is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Surface {
    /// A plain studio floor.
    #[default]
    Studio,
    /// Grass.
    Pitch,
    /// A running track.
    Track,
    /// An ice rink.
    Ice,
    /// Snow.
    Snow,
    /// A hall's floor.
    Court,
    /// Nothing: a venue track brings its own ground.
    None,
}

/// One thing in a pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Track {
    /// Unique in the pack.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub title: String,
    /// Points or mesh.
    pub kind: Kind,
    /// What it is in the story.
    pub role: Role,
    /// Has one frame, shown all the time.
    #[serde(default)]
    pub is_static: bool,
    /// Tracks that show the same thing in other ways share a name; one of them is shown at a
    /// time, the first at the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alternative: Option<String>,
    /// How its colours meet the light.
    #[serde(default)]
    pub shading: Shading,
    /// Points tracks: refinements, coarsest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(extend("items" = schema_types::no_texture())))]
    pub layers: Vec<Stream>,
    /// Mesh tracks: alternatives, finest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(extend("items" = schema_types::no_texture())))]
    pub renditions: Vec<Stream>,
    /// Mesh tracks with a texture: alternatives, finest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub textures: Vec<Stream>,
}

/// What a track is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Kind {
    /// A point cloud.
    Points,
    /// A mesh.
    Mesh,
}

/// What a track is in the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Role {
    /// An athlete.
    Subject,
    /// What they play with.
    Ball,
    /// The place.
    Venue,
}

/// How colours meet the light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Shading {
    /// The light of the capture is in the colours: shown as they are.
    #[default]
    Baked,
    /// The colours are the surface's own: lit by the stage.
    Lit,
}

/// One codec's bytes for a whole track, in segments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(extend("if" = schema_types::images(), "then" = schema_types::no_video()))
)]
pub struct Stream {
    /// What reads the chunks.
    pub codec: CodecId,
    /// Points or vertices of its largest frame, of a layer as decoded up to it; 0 for a texture.
    #[serde(default)]
    pub element_count_max: u32,
    /// Triangles of its largest frame; 0 where it has none.
    #[serde(default)]
    pub triangle_count_max: u32,
    /// Width of a texture, pixels; 0 where it is none.
    #[serde(default)]
    pub width: u32,
    /// Height of a texture, pixels; 0 where it is none.
    #[serde(default)]
    pub height: u32,
    /// What a video decoder must be able to do, as `avc1.640028`; of video textures alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[\\x00-\\x7f]{1,64}$")))]
    pub codec_string: Option<String>,
    /// In order of frames, without gaps.
    pub segments: Vec<SegmentEntry>,
}

/// Where a segment's bytes are, and what they must be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SegmentEntry {
    /// Index in the track of its first frame.
    pub first_frame: u32,
    /// How many frames it holds.
    pub frame_count: u32,
    /// Relative to the manifest; absent in a single-file pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// From the start of the segments in a single-file pack, bytes; 0 in a folder.
    #[serde(default)]
    pub offset: u64,
    /// Bytes.
    pub size: u64,
    /// Of the segment's bytes.
    pub sha256: Sha256,
}

/// A named viewpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Preset {
    /// Unique in the pack.
    pub id: String,
    /// For people.
    pub title: String,
    /// Where it looks from.
    #[cfg_attr(feature = "schema", schemars(with = "schema_types::Viewpoint"))]
    pub viewpoint: Viewpoint,
}

/// A calibrated camera of the broadcast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BroadcastCamera {
    /// Unique in the pack.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub title: String,
    /// At least one, in order of frames; between them the camera moves evenly.
    pub keys: Vec<CameraKey>,
}

/// A broadcast camera at one frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CameraKey {
    /// Index of the frame.
    pub frame: u32,
    /// Pose and lens.
    #[cfg_attr(feature = "schema", schemars(with = "schema_types::Camera"))]
    pub camera: Camera,
}

/// Who made something, and under which licence it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Credit {
    /// The maker.
    pub name: String,
    /// What they made, or the licence.
    #[serde(default)]
    pub text: String,
}

/// What every version of the manifest has.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
    #[serde(default)]
    critical: Vec<String>,
}

impl Manifest {
    /// Reads and checks a manifest's bytes.
    ///
    /// # Errors
    /// As [`Manifest::read`].
    #[cfg(feature = "json")]
    pub fn parse(json: &[u8]) -> Result<Self, PackError> {
        let value: serde_json::Value = serde_json::from_slice(json)
            .map_err(|error| PackError::malformed("2.1", error.to_string()))?;
        Self::read(|| &value)
    }

    /// Checks a manifest whose JSON is read already: a browser has a reader of its own.
    ///
    /// `json` gives the same manifest each time it is called.
    ///
    /// # Errors
    /// [`PackError::Unsupported`] if it needs a newer player, [`PackError::Malformed`] if it
    /// breaks a rule of FORMAT.md 2.
    pub fn read<'de, D>(json: impl Fn() -> D) -> Result<Self, PackError>
    where
        D: serde::Deserializer<'de>,
    {
        let malformed = |error: D::Error| PackError::malformed("2.1", error.to_string());
        // The version first: a newer manifest may not fit today's types.
        let head = Head::deserialize(json()).map_err(malformed)?;
        if head.format != FORMAT_NAME {
            return Err(PackError::malformed("2.1", "`format` is \"touchline\""));
        }
        if head.version != FORMAT_VERSION {
            return Err(PackError::Unsupported(format!(
                "manifest version {}",
                head.version
            )));
        }
        if let Some(feature) = head
            .critical
            .iter()
            .find(|feature| !CRITICAL_KNOWN.contains(&feature.as_str()))
        {
            return Err(PackError::Unsupported(format!("feature \"{feature}\"")));
        }
        let manifest = Self::deserialize(json()).map_err(malformed)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The manifest's bytes.
    #[cfg(feature = "json")]
    pub fn to_json(&self) -> Vec<u8> {
        // These types hold no map with odd keys and no failing serializer: this cannot fail.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    /// Seconds that the pack lasts.
    pub fn duration(&self) -> touchline_scene::Seconds {
        self.frame_rate.start_of(self.frame_count)
    }

    /// The track named `id`.
    pub fn track(&self, id: &str) -> Option<&Track> {
        self.tracks.iter().find(|track| track.id == id)
    }

    /// Holds the manifest against every rule of FORMAT.md 2 that JSON Schema cannot say.
    ///
    /// # Errors
    /// [`PackError::Malformed`] for the first rule that is broken.
    pub fn check(&self) -> Result<(), PackError> {
        self.check_time()?;
        self.check_place()?;
        self.check_tracks()?;
        for preset in &self.presets {
            let sound = is_sound(&preset.viewpoint);
            rule("2.6", sound, "a preset's viewpoint is finite and in range")?;
        }
        self.cameras.iter().try_for_each(BroadcastCamera::check)
    }

    fn check_time(&self) -> Result<(), PackError> {
        let FrameRate {
            numerator,
            denominator,
        } = self.frame_rate;
        rule("2.2", numerator > 0, "`frameRate.numerator` is at least 1")?;
        rule(
            "2.2",
            denominator > 0,
            "`frameRate.denominator` is at least 1",
        )?;
        let counts = 1..=PACK_FRAME_COUNT_MAX;
        rule(
            "2.2",
            counts.contains(&self.frame_count),
            "`frameCount` is 1 to 864000",
        )?;
        let starts = [self.start_unix_ms, self.start_media_secs];
        rule(
            "2.2",
            starts.into_iter().flatten().all(f64::is_finite),
            "`startUnixMs` and `startMediaSecs` are finite",
        )
    }

    fn check_place(&self) -> Result<(), PackError> {
        let bounds_ok =
            !self.bounds.is_empty() && self.bounds.lo.is_finite() && self.bounds.hi.is_finite();
        rule("2.2", bounds_ok, "`bounds` are finite, `lo` at most `hi`")?;
        let ground_ok = self.stage.ground_metres.is_finite();
        rule("2.2", ground_ok, "`groundMetres` is finite")
    }

    fn check_tracks(&self) -> Result<(), PackError> {
        let track_count = self.tracks.len();
        rule("2.3", track_count > 0, "a pack has at least one track")?;
        rule(
            "2.3",
            track_count <= TRACK_COUNT_MAX,
            "a pack has at most 256 tracks",
        )?;
        let mut ids = SortedSet::default();
        for track in &self.tracks {
            rule("2.3", ids.insert(&track.id), "track ids are unique")?;
            track
                .check(self.frame_count)
                .map_err(|error| in_track(error, &track.id))?;
        }
        Ok(())
    }
}

/// The rule of this section of FORMAT.md is kept, or the manifest is malformed.
pub(crate) fn rule(section: &'static str, holds: bool, text: &str) -> Result<(), PackError> {
    if holds {
        Ok(())
    } else {
        Err(PackError::malformed(section, text))
    }
}

/// Says which track broke the rule.
pub(crate) fn in_track(error: PackError, id: &str) -> PackError {
    match error {
        PackError::Malformed { section, rule } => PackError::Malformed {
            section,
            rule: format!("{rule} (track \"{id}\")"),
        },
        other => other,
    }
}

fn is_sound(viewpoint: &Viewpoint) -> bool {
    viewpoint.target.is_finite()
        && viewpoint.yaw_radians.is_finite()
        && viewpoint.pitch_radians.abs() <= std::f32::consts::FRAC_PI_2
        && viewpoint.distance_metres > 0.0
        && viewpoint.distance_metres.is_finite()
        && is_sound_lens(viewpoint.fov_y_radians)
}

fn is_sound_camera(camera: &Camera) -> bool {
    camera.pose.position.is_finite()
        && camera.pose.orientation.is_normalized()
        && is_sound_lens(camera.lens.fov_y_radians)
}

fn is_sound_lens(fov_y_radians: f32) -> bool {
    fov_y_radians > 0.0 && fov_y_radians < std::f32::consts::PI
}

impl Track {
    /// The frames this track has in a pack of `pack_frame_count`.
    pub fn frame_count(&self, pack_frame_count: u32) -> u32 {
        if self.is_static { 1 } else { pack_frame_count }
    }

    /// All its streams: layers, renditions and textures.
    pub fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.layers
            .iter()
            .chain(&self.renditions)
            .chain(&self.textures)
    }

    /// As [`Track::streams`], to change them.
    pub fn streams_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        let geometry = self.layers.iter_mut().chain(&mut self.renditions);
        geometry.chain(&mut self.textures)
    }

    fn check(&self, pack_frame_count: u32) -> Result<(), PackError> {
        match self.kind {
            Kind::Points => {
                rule(
                    "2.3",
                    !self.layers.is_empty(),
                    "a points track has at least one layer",
                )?;
                let only = self.renditions.is_empty() && self.textures.is_empty();
                rule(
                    "2.3",
                    only,
                    "a points track has neither renditions nor textures",
                )?;
                self.check_layers()?;
            }
            Kind::Mesh => {
                let any = !self.renditions.is_empty();
                rule("2.3", any, "a mesh track has at least one rendition")?;
                rule("2.3", self.layers.is_empty(), "a mesh track has no layers")?;
                check_cuts(&self.renditions)?;
            }
        }
        rule(
            "2.3",
            self.streams().count() <= STREAM_COUNT_MAX,
            "a track has at most 16 streams",
        )?;
        for texture in &self.textures {
            let sides = 1..=TEXTURE_SIDE_MAX;
            let fits = sides.contains(&texture.width) && sides.contains(&texture.height);
            rule("2.4", fits, "a texture is 1 to 8192 pixels wide and high")?;
        }
        let frame_count = self.frame_count(pack_frame_count);
        let texture_from = self.layers.len() + self.renditions.len();
        self.streams()
            .zip(0..)
            .try_for_each(|(stream, index)| stream.check(frame_count, index >= texture_from))
    }

    /// A frame is decoded from its chunks in all layers, so these are found side by side.
    fn check_layers(&self) -> Result<(), PackError> {
        let alike = |pair: &[Stream]| pair[0].codec == pair[1].codec;
        rule(
            "2.3",
            self.layers.windows(2).all(alike),
            "the layers of a track have one codec",
        )?;
        check_cuts(&self.layers)?;
        let grows = |pair: &[Stream]| pair[0].element_count_max <= pair[1].element_count_max;
        rule(
            "2.4",
            self.layers.windows(2).all(grows),
            "a layer never takes points away: `elementCountMax` does not fall",
        )
    }
}

/// What refines or replaces each other is found side by side.
fn check_cuts(streams: &[Stream]) -> Result<(), PackError> {
    let cuts = |stream: &Stream| -> Vec<(u32, u32)> {
        let segments = stream.segments.iter();
        let cut = |segment: &SegmentEntry| (segment.first_frame, segment.frame_count);
        segments.map(cut).collect()
    };
    let alike = |pair: &[Stream]| cuts(&pair[0]) == cuts(&pair[1]);
    rule(
        "2.3",
        streams.windows(2).all(alike),
        "the layers or renditions of a track have their segments cut at the same frames",
    )
}

impl Stream {
    /// The segment that holds frame `index` of the track, by its place in `segments`.
    pub fn segment_at(&self, index: u32) -> Option<usize> {
        let after = self
            .segments
            .partition_point(|segment| segment.first_frame <= index);
        let at = after.checked_sub(1)?;
        (index - self.segments[at].first_frame < self.segments[at].frame_count).then_some(at)
    }

    /// Whether its chunks are a video's, each made with those before it.
    pub fn is_video(&self) -> bool {
        self.codec_string.is_some()
    }

    /// Bytes of all segments.
    pub fn size(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }

    fn check(&self, frame_count: u32, is_texture: bool) -> Result<(), PackError> {
        let is_image = IMAGE_CODECS.contains(&self.codec);
        let is_sound = |text: &String| {
            let is_short = (1..=CODEC_STRING_LEN_MAX).contains(&text.len());
            is_texture && !is_image && is_short && text.is_ascii()
        };
        rule(
            "2.4",
            self.codec_string.iter().all(is_sound),
            "`codecString` is of video textures alone, 1 to 64 ASCII characters",
        )?;
        let mut next_frame = 0;
        for segment in &self.segments {
            let counts = 1..=FRAME_COUNT_MAX;
            if segment.first_frame != next_frame || !counts.contains(&segment.frame_count) {
                let rule = "segments follow each other without gaps, 1 to 1024 frames each";
                return Err(PackError::malformed("2.5", rule));
            }
            if segment.size == 0 || segment.size > SEGMENT_SIZE_MAX {
                return Err(PackError::malformed(
                    "2.5",
                    "a segment has 1 byte to 512 MiB",
                ));
            }
            if segment.offset.checked_add(segment.size).is_none() {
                return Err(PackError::malformed("2.5", "a segment ends before 2^64"));
            }
            next_frame += segment.frame_count;
        }
        if next_frame != frame_count {
            let rule = format!("segments hold {next_frame} frames, the track has {frame_count}");
            return Err(PackError::malformed("2.5", rule));
        }
        Ok(())
    }
}

impl BroadcastCamera {
    /// The camera at a frame, which may lie between two keys.
    pub fn camera_at(&self, frame: f32) -> Option<Camera> {
        let after = self.keys.partition_point(|key| key.frame as f32 <= frame);
        let before = self.keys.get(after.saturating_sub(1))?;
        let Some(next) = self.keys.get(after).filter(|_| after > 0) else {
            return Some(before.camera);
        };
        let share = (frame - before.frame as f32) / (next.frame - before.frame) as f32;
        let (a, b) = (before.camera, next.camera);
        let orientation: Quat = a.pose.orientation.slerp(b.pose.orientation, share);
        let position = a.pose.position.lerp(b.pose.position, share);
        let fov_y_radians =
            a.lens.fov_y_radians + (b.lens.fov_y_radians - a.lens.fov_y_radians) * share;
        Some(Camera {
            pose: Pose {
                position,
                orientation,
            },
            lens: Lens { fov_y_radians },
        })
    }

    fn check(&self) -> Result<(), PackError> {
        rule(
            "2.7",
            !self.keys.is_empty(),
            "a broadcast camera has at least one key",
        )?;
        let ordered = self.keys.is_sorted_by(|a, b| a.frame < b.frame);
        rule(
            "2.7",
            ordered,
            "a broadcast camera's keys are in order of frames",
        )?;
        let sound = self.keys.iter().all(|key| is_sound_camera(&key.camera));
        rule(
            "2.7",
            sound,
            "a broadcast camera's keys are finite and in range",
        )
    }
}

/// The JSON Schema of a manifest, as published beside FORMAT.md.
#[cfg(feature = "schema")]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Manifest).to_value()
}

/// The scene's types as JSON has them, for the schema: vectors are arrays of numbers.
#[cfg(feature = "schema")]
#[expect(dead_code, reason = "only their schemas are used")]
mod schema_types {
    use schemars::JsonSchema;
    use serde_json::{Value, json};

    /// A stream that is no texture.
    pub(super) fn no_texture() -> Value {
        json!({ "$ref": "#/$defs/Stream", "properties": no_video()["properties"] })
    }

    /// A stream of images.
    pub(super) fn images() -> Value {
        json!({ "properties": { "codec": { "enum": super::IMAGE_CODECS } } })
    }

    /// A stream without what only a video has.
    pub(super) fn no_video() -> Value {
        json!({ "properties": { "codecString": { "type": "null" } } })
    }

    #[derive(JsonSchema)]
    pub(super) struct FrameRate {
        /// Frames in `denominator` seconds.
        #[schemars(range(min = 1))]
        numerator: u32,
        /// Seconds.
        #[schemars(range(min = 1))]
        denominator: u32,
    }

    #[derive(JsonSchema)]
    pub(super) struct Bounds {
        /// The corner with the smallest coordinates, metres.
        lo: [f32; 3],
        /// The corner with the largest coordinates, metres.
        hi: [f32; 3],
    }

    #[derive(JsonSchema)]
    #[serde(rename_all = "camelCase")]
    pub(super) struct Viewpoint {
        /// The point looked at, metres.
        target: [f32; 3],
        /// Around the vertical, radians; 0 looks from +z, growing towards +x.
        yaw_radians: f32,
        /// Above the horizon, radians.
        pitch_radians: f32,
        /// From target to eye, metres.
        distance_metres: f32,
        /// Vertical field of view, radians.
        fov_y_radians: f32,
    }

    #[derive(JsonSchema)]
    pub(super) struct Camera {
        /// Where it stands.
        pose: Pose,
        /// What it sees.
        lens: Lens,
    }

    #[derive(JsonSchema)]
    struct Pose {
        /// Metres.
        position: [f32; 3],
        /// Stage from camera, a unit quaternion x y z w.
        orientation: [f32; 4],
    }

    #[derive(JsonSchema)]
    #[serde(rename_all = "camelCase")]
    struct Lens {
        /// Vertical field of view, radians.
        fov_y_radians: f32,
    }
}
