//! The words between the player and whoever drives it: what happened, what to do.

use std::sync::Arc;

use touchline_pack::{Manifest, Stream};
use touchline_scene::{Extent, Seconds, Viewpoint};

/// Names a stream of the open pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamKey {
    /// Index in the manifest's tracks.
    pub track: u16,
    /// Which of the track's streams.
    pub kind: StreamKind,
}

impl StreamKey {
    /// The stream that it names; none if the manifest has no such stream.
    pub fn stream_in(self, manifest: &Manifest) -> Option<&Stream> {
        let track = manifest.tracks.get(usize::from(self.track))?;
        match self.kind {
            StreamKind::Layer(index) => track.layers.get(usize::from(index)),
            StreamKind::Rendition(index) => track.renditions.get(usize::from(index)),
            StreamKind::Texture(index) => track.textures.get(usize::from(index)),
        }
    }

    /// The stream of another layer of the same points track; itself for all but points.
    pub fn with_layer(self, layer: u8) -> Self {
        let kind = match self.kind {
            StreamKind::Layer(_) => StreamKind::Layer(layer),
            other => other,
        };
        Self { kind, ..self }
    }
}

/// Which stream of a track, by its index in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamKind {
    /// In the track's layers.
    Layer(u8),
    /// In the track's renditions.
    Rendition(u8),
    /// In the track's textures.
    Texture(u8),
}

impl StreamKind {
    /// Whether it is in the track's textures.
    pub fn is_texture(self) -> bool {
        matches!(self, Self::Texture(_))
    }
}

/// Names a fetch; never used twice by one player.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Names a decode job; never used twice by one player.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// What happened since the last tick.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A manifest was read and checked. Replaces what was open: both sides forget its segments,
    /// frames, fetches and jobs without a word.
    Opened(Arc<Manifest>),
    /// A later version of the open manifest was read and checked: the replay goes on in place, and
    /// nothing that is held or under way is lost. One that breaks FORMAT.md 2.8 is not taken.
    Grown(Arc<Manifest>),
    /// A fetch ended well: the segment is held, its hash and framing checked.
    SegmentArrived {
        /// Which fetch.
        request: RequestId,
        /// Bytes held for it.
        size_bytes: u64,
    },
    /// A fetch ended badly; nothing is held for it.
    SegmentFailed {
        /// Which fetch.
        request: RequestId,
        /// What went wrong.
        reason: FailReason,
    },
    /// A frame is on the GPU.
    FrameReady {
        /// Of which stream: that of its [`Action::Decode`].
        stream: StreamKey,
        /// Index in the track.
        frame: u32,
        /// Bytes it takes on the GPU; 0 if it shares all it has with another frame.
        size_bytes: u64,
        /// Names a mesh's topology: frames of the stream with the same number can be mixed. None
        /// for what cannot.
        topology: Option<u32>,
        /// What decoders worked on it, all that had a part in it together; 0 where none did.
        decode: Seconds,
        /// Where its points are; none for what is not made of points.
        extent: Option<Extent>,
    },
    /// A decode job handed over its last frame.
    JobDone {
        /// Which job.
        job: JobId,
    },
    /// A decode job ended early; the frames not yet handed over will not come.
    JobFailed {
        /// Which job.
        job: JobId,
        /// What the decoder says can be done.
        recovery: Recovery,
    },
    /// The host's video showed a frame, or paused, seeked or changed its rate.
    Video(VideoSample),
    /// The host's video is gone.
    VideoGone,
    /// The fan or the page wants something.
    Command(Command),
    /// The fan's hands moved.
    Gesture(Gesture),
    /// The page or the element went out of sight (true) or came back (false).
    Hidden(bool),
    /// The picture has another size, pixels; before the first every layer is worth having.
    Resized {
        /// At least 1.
        width: u32,
        /// At least 1.
        height: u32,
    },
    /// The GPU device was lost: no frame is resident any more and every decode job is void.
    FramesLost,
}

/// Why a fetch failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FailReason {
    /// No answer came: no network, or refused by it.
    Offline,
    /// The answer took too long.
    Timeout,
    /// The server said no.
    Http {
        /// The status code.
        status: u16,
        /// What its `Retry-After` asks for, from now.
        retry_after: Option<Seconds>,
    },
    /// Nothing was asked for: the page would not say how.
    Unsigned,
    /// Fewer bytes came than the manifest says.
    Truncated,
    /// The bytes are not those that the manifest promises.
    HashMismatch,
    /// The bytes are as promised, and are no segment.
    Malformed,
}

/// What can be done after a decoder refused a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Bytes were missing or damaged: fetch the segment again.
    FetchAgain,
    /// The chunk is broken: go on without the frames that were not handed over.
    SkipToNextKey,
    /// Nothing of this stream can be decoded here.
    Stop,
}

/// What the host's video showed and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VideoSample {
    /// Media time of the frame on screen; NaN where unknown.
    pub media: Seconds,
    /// Programme date-time of that frame, milliseconds since 1970, where known.
    pub unix_ms: Option<f64>,
    /// When it was or will be on screen, in the time base of [`crate::Player::tick`]'s `now`.
    pub presented_at: Seconds,
    /// The video's playback rate.
    pub rate: f64,
    /// Paused, ended or stalled: the frame stays.
    pub is_paused: bool,
    /// A seek is under way: the frame says nothing about what comes.
    pub is_seeking: bool,
}

/// Whose clock leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The host's video.
    Follow,
    /// The fan's own transport.
    #[default]
    Replay,
}

/// What the fan or the page wants.
///
/// Those that move the picture (play, pause, seek, step and rate) given in [`Mode::Follow`] switch
/// to [`Mode::Replay`] at the frame on screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Whose clock leads.
    SetMode(Mode),
    /// Runs the replay; from its start again if it has ended.
    Play,
    /// Stops at the frame on screen: a freeze, if the video leads.
    Pause,
    /// Goes to a position, from the start of the replay.
    Seek(Seconds),
    /// Pauses and goes some frames on, or back.
    StepFrames(i32),
    /// Replay speed: magnitude held to 0.05 to 2, negative runs backwards. 0 and NaN are ignored.
    SetRate(f64),
    /// Starts over at the end.
    SetLoop(bool),
    /// In and out point: both their frames are played, then an end is reached, or the loop's turn.
    /// Seeks may go anywhere; from before the in point the clock runs into the stretch between,
    /// from after the out point to the end of the replay. None for all of it; so is an out point
    /// before the in point, and NaN.
    SetPoints(Option<(Seconds, Seconds)>),
    /// The video leads again.
    BackToLive,
    /// Added to the video's position: positive shows later frames.
    SetSyncOffset(Seconds),
    /// Shows the track with this id instead of its alternatives.
    SelectTrack(String),
    /// Glides to the preset with this id.
    GoToPreset(String),
    /// Glides to a viewpoint.
    SetViewpoint {
        /// Where to; held to the camera's limits.
        viewpoint: Viewpoint,
        /// How long it takes; 0 jumps.
        ease: Seconds,
    },
    /// Honours or stops honouring the fan's wish for less motion.
    SetMotionReduced(bool),
    /// Tries at once what waits to be tried again, and once more what was given up.
    RetryNow,
}

/// What the fan's hands did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gesture {
    /// Turns around the target. While grabbed it follows at once, else it glides (keys).
    OrbitBy {
        /// Radians; positive moves the eye towards +x from +z.
        yaw_radians: f32,
        /// Radians; positive moves the eye up.
        pitch_radians: f32,
    },
    /// Comes nearer (below 1) or goes farther (above 1).
    ZoomBy {
        /// Of the distance, more than 0.
        factor: f32,
    },
    /// Moves the target across the picture.
    PanBy {
        /// In heights of the view at the target; positive moves the eye right.
        right: f32,
        /// In heights of the view at the target; positive moves the eye up.
        up: f32,
    },
    /// A finger or button went down: the camera is held.
    GrabStart,
    /// The last finger or button went up: the camera runs on with the hand's speed.
    GrabEnd,
}

/// What must be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Fetches a segment, checks hash and framing, holds it.
    Fetch {
        /// To answer with.
        request: RequestId,
        /// Which stream.
        stream: StreamKey,
        /// Index in the stream's segments.
        segment: u32,
    },
    /// Stops a fetch; nothing is held for it and no event follows.
    Abort {
        /// Which fetch.
        request: RequestId,
    },
    /// Decodes frames of a held segment, one after the other, and uploads each. A frame that is on
    /// the GPU already stays there until the new one takes its place.
    Decode {
        /// To answer with.
        job: JobId,
        /// Which stream, which names the frames; of a points track its coarsest layer.
        stream: StreamKey,
        /// How many of the track's layers to decode with, the coarsest first: of each the segment
        /// with the same index is held. 1 for all but points.
        layer_count: u8,
        /// Index in the stream's segments.
        segment: u32,
        /// Index in the segment of the first frame wanted; earlier ones that it needs are decoded
        /// and not reported.
        first: u32,
        /// How many frames.
        count: u32,
    },
    /// Stops a job; frames not yet reported are given up and no event follows.
    CancelDecode {
        /// Which job.
        job: JobId,
    },
    /// Lets go of a segment's bytes.
    DropSegment {
        /// Which stream.
        stream: StreamKey,
        /// Index in the stream's segments.
        segment: u32,
    },
    /// Lets go of a frame on the GPU.
    DropFrame {
        /// Of which stream.
        stream: StreamKey,
        /// Index in the track.
        frame: u32,
    },
    /// Tells the page.
    Notify(Notice),
}

/// What the page should know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Notice {
    /// The player does something else now.
    StateChanged(PlayState),
    /// The clock that leads is another now.
    ModeChanged(Mode),
    /// The hold on the host's video changed.
    SyncChanged {
        /// How good it is.
        state: SyncState,
        /// What maps the video to the replay.
        source: SyncSource,
    },
    /// Something went wrong.
    Problem(Problem),
    /// Another alternative is on screen.
    TracksChanged,
    /// The fan's transport reached an end and started over.
    Looped,
    /// The first picture after a seek or step is on screen.
    Seeked,
}

/// What the player does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlayState {
    /// Nothing is open.
    #[default]
    Empty,
    /// Opened; no picture yet.
    Loading,
    /// The first picture is there; never played.
    Ready,
    /// The picture moves.
    Playing,
    /// The picture stands because someone wants it so.
    Paused,
    /// The picture stands because bytes or frames are missing.
    Waiting,
    /// The fan's transport is at its end.
    Ended,
    /// Nothing can be shown; a fatal [`Problem`] said why.
    Failed,
}

/// How well the host's video is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncState {
    /// The clock is the video's.
    Locked,
    /// The video seeks, stalls or has not shown a frame yet.
    Searching,
    /// No video, or none of its frames was seen for long.
    #[default]
    Lost,
}

/// What maps the video to the replay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncSource {
    /// Nothing does.
    #[default]
    None,
    /// Programme date-times.
    ProgrammeTime,
    /// Media time and the manifest's offset.
    MediaTime,
}

/// Something that went wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What: 1000 to 1999 the network, 3000 to 3999 the pack, 7000 to 7999 the page; stable, for
    /// support desks.
    pub code: u16,
    /// Nothing can be shown any more.
    pub is_fatal: bool,
    /// Where, if at one stream.
    pub stream: Option<StreamKey>,
    /// Index in the stream's segments, if at one segment.
    pub segment: Option<u32>,
}

impl Problem {
    /// No network.
    pub const OFFLINE: u16 = 1001;
    /// The network is too slow to answer.
    pub const TIMEOUT: u16 = 1002;
    /// Add an HTTP status: 1404 for "not found".
    pub const HTTP: u16 = 1000;
    /// A chunk or segment breaks the format.
    pub const CORRUPT: u16 = 3001;
    /// A segment is shorter than the manifest says.
    pub const TRUNCATED: u16 = 3002;
    /// A segment's bytes are not those that the manifest promises.
    pub const HASH_MISMATCH: u16 = 3003;
    /// A stream that nothing here can decode, or not within the limits.
    pub const UNSUPPORTED: u16 = 3004;
    /// One instant needs more than the whole budget.
    pub const OVER_BUDGET: u16 = 3005;
    /// A later version of an open manifest is another pack's, or breaks the format.
    pub const CHANGED: u16 = 3007;
    /// The page, which wants to sign each request, does not.
    pub const UNSIGNED: u16 = 7003;
}

/// A frame of a track to draw, resident with all its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shown {
    /// Index in the manifest's tracks.
    pub track: u16,
    /// Index in the track; 0 for a static track.
    pub frame: u32,
    /// How many of a points track's layers it was made with; 1 for meshes.
    pub layer_count: u8,
    /// Which of a mesh track's renditions it is, by its index in the manifest; 0 for points.
    pub rendition: u8,
    /// The frame that it turns into as far as [`crate::Player::phase`] says, resident too and of
    /// the same topology; none where it is shown as it is.
    pub next: Option<u32>,
}

/// Figures for the page and the support desk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Stretches that need no more bytes to be shown: start and end.
    pub buffered: Vec<(Seconds, Seconds)>,
    /// Bytes held: segments and frames.
    pub held_bytes: u64,
    /// Bytes promised to fetches and decode jobs under way.
    pub pending_bytes: u64,
    /// Fetches under way.
    pub fetch_count: usize,
    /// Decode jobs under way.
    pub job_count: usize,
    /// In follow, while locked: the picture's instant minus the video's; positive is ahead.
    pub sync_error: Option<Seconds>,
    /// The video is at an instant before the replay's first frame; nothing may be shown yet.
    pub is_before_start: bool,
    /// The video is at an instant after the replay's last frame.
    pub is_after_end: bool,
    /// Segments given up.
    pub lost_segment_count: u32,
    /// Times the picture had to wait after it first moved.
    pub stall_count: u32,
    /// Index of the finest layer that is worth having where it is seen from, of the selected
    /// points track that needs the fewest; none without points.
    pub layer_needed: Option<u8>,
}
