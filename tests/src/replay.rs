//! Manifests of replays that exist only as numbers.

use glam::Vec3;
use touchline_pack::{
    CodecId, FORMAT_NAME, FORMAT_VERSION, Kind, Manifest, Role, SegmentEntry, Sha256, Shading,
    Stage, Stream, Track,
};
use touchline_scene::{Bounds, FrameRate};

/// What a replay is like.
#[derive(Clone, Copy, Debug)]
pub struct Replay {
    /// Frames a second.
    pub frame_rate: FrameRate,
    /// Frames of every moving track.
    pub frame_count: u32,
    /// Frames of a segment.
    pub segment_frame_count: u32,
    /// Compressed bytes of one frame of a body; a texture has half as many.
    pub frame_bytes: u64,
    /// Points or vertices of a body.
    pub element_count: u32,
    /// Sides of the mesh's texture, pixels; 0 for none.
    pub texture_side: u32,
    /// Whether the texture is a video, with images as the alternative after it.
    pub has_video: bool,
    /// What refines the points, beyond the first layer.
    pub refinements: &'static [Refinement],
    /// Coarser renditions of meshes, finest first; a venue's are the same.
    pub coarser: &'static [Refinement],
    /// Whether there is a static venue.
    pub has_venue: bool,
    /// Whether the athlete comes as points and, alternatively, as a mesh.
    pub has_alternative: bool,
}

/// A layer of points on top of others, or a rendition of a mesh.
#[derive(Clone, Copy, Debug)]
pub struct Refinement {
    /// Compressed bytes of one frame of it.
    pub frame_bytes: u64,
    /// Points of a frame made with it and all before it, or vertices.
    pub element_count: u32,
}

impl Default for Replay {
    /// 10 s of one athlete as 60,000 points at 4 Mbit/s.
    fn default() -> Self {
        Self {
            frame_rate: FrameRate::whole(25),
            frame_count: 250,
            segment_frame_count: 12,
            frame_bytes: 20_000,
            element_count: 60_000,
            texture_side: 0,
            has_video: false,
            refinements: &[],
            coarser: &[],
            has_venue: true,
            has_alternative: false,
        }
    }
}

impl Replay {
    /// The replay's manifest; programme date-times start at 1,000,000 s.
    pub fn manifest(&self) -> Manifest {
        let refinements = self.refinements.iter().map(|refinement| Stream {
            element_count_max: refinement.element_count,
            ..self.stream(self.frame_count, refinement.frame_bytes)
        });
        let coarsest = self.stream(self.frame_count, self.frame_bytes);
        let points = Track {
            layers: [coarsest].into_iter().chain(refinements).collect(),
            ..track("points", Kind::Points, Role::Subject)
        };
        let texture = Stream {
            element_count_max: 0,
            width: self.texture_side,
            height: self.texture_side,
            ..self.stream(self.frame_count, self.frame_bytes / 2)
        };
        let video = Stream {
            codec_string: Some("test.1".into()),
            ..texture.clone()
        };
        let video = self.has_video.then_some(video);
        let mesh = Track {
            renditions: self.renditions(self.frame_count),
            textures: if self.texture_side > 0 {
                video.into_iter().chain([texture]).collect()
            } else {
                Vec::new()
            },
            ..track("mesh", Kind::Mesh, Role::Subject)
        };
        let venue = Track {
            is_static: true,
            alternative: None,
            renditions: self.renditions(1),
            ..track("venue", Kind::Mesh, Role::Venue)
        };
        let wants_points = self.texture_side == 0 || self.has_alternative;
        let wants_mesh = self.texture_side > 0 || self.has_alternative;
        let tracks = [
            (wants_points, points),
            (wants_mesh, mesh),
            (self.has_venue, venue),
        ];
        let tracks = tracks.into_iter().filter(|(is_wanted, _)| *is_wanted);
        Manifest {
            format: FORMAT_NAME.into(),
            version: FORMAT_VERSION,
            critical: Vec::new(),
            id: "simulated".into(),
            title: String::new(),
            frame_rate: self.frame_rate,
            frame_count: self.frame_count,
            is_open: false,
            start_unix_ms: Some(1e9),
            start_media_secs: Some(100.0),
            bounds: Bounds {
                lo: Vec3::new(-1.0, 0.0, -1.0),
                hi: Vec3::new(1.0, 2.0, 1.0),
            },
            stage: Stage::default(),
            tracks: tracks.map(|(_, track)| track).collect(),
            presets: Vec::new(),
            cameras: Vec::new(),
            poster: None,
            credits: Vec::new(),
        }
    }

    fn renditions(&self, frame_count: u32) -> Vec<Stream> {
        let finest = self.stream(frame_count, self.frame_bytes);
        let coarser = self.coarser.iter().map(|rendition| Stream {
            element_count_max: rendition.element_count,
            ..self.stream(frame_count, rendition.frame_bytes)
        });
        [finest].into_iter().chain(coarser).collect()
    }

    fn stream(&self, frame_count: u32, frame_bytes: u64) -> Stream {
        let starts = (0..frame_count).step_by(self.segment_frame_count as usize);
        let segments = starts.map(|first_frame| {
            let frame_count = self.segment_frame_count.min(frame_count - first_frame);
            SegmentEntry {
                first_frame,
                frame_count,
                url: Some(format!("{first_frame}")),
                offset: 0,
                size: frame_bytes * u64::from(frame_count),
                sha256: Sha256::of(&[]),
            }
        });
        Stream {
            codec: CodecId(*b"test"),
            element_count_max: self.element_count,
            triangle_count_max: 0,
            width: 0,
            height: 0,
            codec_string: None,
            segments: segments.collect(),
        }
    }
}

fn track(id: &str, kind: Kind, role: Role) -> Track {
    Track {
        id: id.into(),
        title: String::new(),
        kind,
        role,
        is_static: false,
        alternative: Some("athlete".into()),
        shading: Shading::default(),
        layers: Vec::new(),
        renditions: Vec::new(),
        textures: Vec::new(),
    }
}
