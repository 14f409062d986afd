//! What the page and the engine say to each other.
//!
//! These types are the only definition: `www/src/messages.ts` is derived from them, and
//! a test keeps it so. Everything here passes `postMessage` as plain objects; what must be
//! transferred (the canvas, the decoders' ports) travels beside the first message, in TypeScript.
//! Times are seconds on the pack's own line unless their name says otherwise; instants that cross
//! threads are milliseconds since 1970, `performance.timeOrigin + performance.now()`.

use serde::{Deserialize, Serialize};

#[cfg(all(test, not(target_arch = "wasm32")))]
use ts_rs::TS;

/// Declares the messages, with TypeScript's view of them in native tests.
macro_rules! messages {
    ($($item:item)*) => {
        $(
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            #[cfg_attr(all(test, not(target_arch = "wasm32")), derive(TS))]
            $item
        )*
    };
}

messages! {
    /// From the page to the engine.
    ///
    /// The page sends `{ kind, ...fields }`, which the engine's reader takes for a variant: serde's
    /// own way with tags is a buffer of everything, 40 kB of wasm. No variant is without braces.
    #[serde(rename_all = "kebab-case", rename_all_fields = "camelCase")]
    #[cfg_attr(all(test, not(target_arch = "wasm32")), ts(tag = "kind"))]
    pub enum Command {
        /// Opens a pack: the absolute URL of a manifest, a folder or a `.touchline` file.
        Open {
            /// Where the pack is.
            src: String,
        },
        /// Makes requests otherwise than plainly.
        SetRequests(RequestRules),
        /// What the page's hook makes of a [`PackRequest`].
        Answer {
            /// The request's.
            id: u32,
            /// None where the hook has failed.
            request: Option<SignedRequest>,
        },
        /// Frees everything; the engine is not used afterwards.
        Close {},
        /// The canvas has another size, in device pixels.
        Resize {
            /// Device pixels, at least 1.
            width: u32,
            /// Device pixels, at least 1.
            height: u32,
        },
        /// Whether anybody can see the canvas. Hidden, nothing is drawn.
        Visible {
            /// On screen, in a tab that is shown.
            is_visible: bool,
        },
        /// Whether the fan asked for less motion: cameras jump, nothing glides.
        ReducedMotion {
            /// As the media query says.
            is_reduced: bool,
        },
        /// What the host's video shows.
        Video(VideoSample),
        /// The host's video can no longer be followed.
        VideoGone {},
        /// Which clock leads.
        SetMode {
            /// The host's video or the fan's transport.
            mode: Mode,
        },
        /// Runs the fan's transport.
        Play {},
        /// Stops the fan's transport on the frame shown.
        Pause {},
        /// Moves the fan's transport.
        Seek {
            /// Seconds from the pack's start.
            secs: f64,
        },
        /// Moves the fan's transport by whole frames and stops there.
        Step {
            /// Negative is backwards.
            frames: i32,
        },
        /// Speed of the fan's transport.
        SetRate {
            /// -2 to 2, magnitude at least 0.05; negative plays backwards.
            rate: f64,
        },
        /// Whether the fan's transport starts again at the end.
        SetLoop {
            /// Starts again.
            is_looping: bool,
        },
        /// Between which the fan's transport plays.
        SetPoints {
            /// In and out point, seconds; their frames are played. None for the whole replay.
            points: Option<[f64; 2]>,
        },
        /// What to add to the host's clock.
        SetSyncOffset {
            /// Seconds; positive shows later frames.
            secs: f64,
        },
        /// Shows one of several alternative tracks.
        SelectTrack {
            /// The track's id.
            id: String,
        },
        /// Flies to a preset.
        GoToPreset {
            /// The preset's id.
            id: String,
        },
        /// Flies to a viewpoint.
        GoToViewpoint {
            /// Where to.
            viewpoint: View,
            /// How long it takes; 0 jumps.
            secs: f64,
        },
        /// The fan has taken hold of the picture, or let go: then it glides on.
        Grab {
            /// Held.
            is_held: bool,
        },
        /// Turns around the target: at once while grabbed, else gliding.
        Orbit {
            /// Radians, positive to the right.
            yaw: f64,
            /// Radians, positive upwards.
            pitch: f64,
        },
        /// Moves nearer or farther: at once while grabbed, else gliding.
        Zoom {
            /// Of the distance; below 1 is nearer.
            factor: f64,
        },
        /// Moves the target in the picture's plane: at once while grabbed, else gliding.
        Pan {
            /// Shares of the picture's height, positive to the right.
            right: f64,
            /// Shares of the picture's height, positive upwards.
            up: f64,
        },
        /// Tries again what failed for good.
        Retry {},
        /// Loses the GPU device on purpose, to see what happens: for support desks and tests.
        LoseDevice {},
    }

    /// How the page wants requests to be made.
    #[derive(Default)]
    #[serde(rename_all = "camelCase")]
    pub struct RequestRules {
        /// Each is shown to the page first, as [`PackRequest`].
        pub is_hooked: bool,
        /// Of those that no hook has seen.
        pub credentials: Credentials,
        /// What servers are told; nothing if none.
        pub cmcd: Option<CmcdRules>,
    }

    /// How servers are told what CTA-5004 (CMCD) has words for.
    #[serde(rename_all = "camelCase")]
    pub struct CmcdRules {
        /// Else in the address's query.
        pub is_in_headers: bool,
        /// Names the fan's visit.
        pub session_id: String,
        /// Names what is watched; the pack's own id if none.
        pub content_id: Option<String>,
    }

    /// Whether cookies go with a request, as `fetch` has it.
    #[derive(Copy, Default, Eq)]
    #[serde(rename_all = "kebab-case")]
    pub enum Credentials {
        /// Never.
        Omit,
        /// To the page's own origin.
        #[default]
        SameOrigin,
        /// Always.
        Include,
    }

    /// A request as the page wants it to be made.
    #[serde(rename_all = "camelCase")]
    pub struct SignedRequest {
        /// Absolute.
        pub url: String,
        /// Names and values.
        pub headers: Vec<[String; 2]>,
        /// Whether cookies go with it.
        pub credentials: Credentials,
    }

    /// What the host's video shows, and when.
    #[serde(rename_all = "camelCase")]
    pub struct VideoSample {
        /// Media time of the frame on screen, seconds; NaN where unknown.
        pub media_secs: f64,
        /// Programme date-time of that frame, milliseconds since 1970, where known.
        pub unix_ms: Option<f64>,
        /// When that frame is on screen, milliseconds since 1970 by the wall clock.
        pub shown_at_ms: f64,
        /// Media seconds a second.
        pub rate: f64,
        /// Stands still.
        pub is_paused: bool,
        /// On its way to another place: what it shows says nothing.
        pub is_seeking: bool,
    }

    /// Which clock leads.
    #[derive(Copy, Eq)]
    #[serde(rename_all = "kebab-case")]
    pub enum Mode {
        /// The host's video.
        Follow,
        /// The fan's own transport.
        Replay,
    }

    /// A viewpoint that orbits a target, as the fan's hands hold it.
    #[derive(Copy)]
    #[serde(rename_all = "camelCase")]
    pub struct View {
        /// The point looked at, metres.
        pub target: [f32; 3],
        /// Around the vertical, radians; 0 looks from +z, growing towards +x.
        pub yaw_radians: f32,
        /// Above the horizon, radians.
        pub pitch_radians: f32,
        /// From target to eye, metres.
        pub distance_metres: f32,
        /// Vertical field of view, radians.
        pub fov_y_radians: f32,
    }

    /// From the engine to the page.
    #[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
    pub enum Notice {
        /// The engine has a GPU and listens.
        Started {
            /// Always `webgpu` today.
            renderer: String,
            /// The adapter, in the browser's words; may be empty.
            adapter: String,
        },
        /// A request is about to be made: the page's hook is waited for.
        Request(PackRequest),
        /// The manifest is read.
        Opened(Opened),
        /// The pack is longer than it was, or has come to its end: it was still being made.
        Grown {
            /// Seconds.
            duration_secs: f64,
            /// Of every moving track.
            frame_count: u32,
        },
        /// The transport, as of the last drawn picture.
        State(State),
        /// The clock's hold on the host's video has changed.
        Sync {
            /// How firm it is.
            state: SyncState,
            /// Where the programme time comes from.
            source: SyncSource,
        },
        /// The camera has moved.
        Camera {
            /// Where it is now.
            viewpoint: View,
        },
        /// Something went wrong.
        Problem(Problem),
        /// The GPU device was lost.
        DeviceLost {
            /// In the browser's words.
            reason: String,
            /// Another device draws again.
            is_recovered: bool,
        },
        /// Figures, about twice a second while something happens.
        Stats(Stats),
    }

    /// A request that the page may change.
    #[serde(rename_all = "camelCase")]
    pub struct PackRequest {
        /// To answer with.
        pub id: u32,
        /// Absolute.
        pub url: String,
        /// What is fetched.
        #[serde(rename = "type")]
        pub of_type: RequestType,
        /// Id of the track that it belongs to.
        pub track: Option<String>,
        /// What the server has just refused the same request with.
        pub http_status: Option<u16>,
    }

    /// What is fetched.
    #[derive(Copy, Eq)]
    #[serde(rename_all = "kebab-case")]
    pub enum RequestType {
        /// A manifest, or the head of a single file.
        Manifest,
        /// A segment of a track.
        Segment,
    }

    /// What a pack holds, as far as the page shows it.
    #[serde(rename_all = "camelCase")]
    pub struct Opened {
        /// For people.
        pub title: String,
        /// Seconds.
        pub duration_secs: f64,
        /// Of every moving track.
        pub frame_count: u32,
        /// Frames a second.
        pub frame_rate: f64,
        /// Programme date-time of frame 0, milliseconds since 1970.
        pub start_unix_ms: Option<f64>,
        /// Absolute URL of the poster.
        pub poster: Option<String>,
        /// All tracks.
        pub tracks: Vec<TrackInfo>,
        /// All presets, the starting one first.
        pub presets: Vec<PresetInfo>,
    }

    /// A track, as far as the page shows it.
    #[serde(rename_all = "camelCase")]
    pub struct TrackInfo {
        /// Unique in the pack.
        pub id: String,
        /// For people.
        pub title: String,
        /// `points` or `mesh`.
        pub kind: String,
        /// `subject`, `ball` or `venue`.
        pub role: String,
        /// Tracks that share it are shown one at a time.
        pub alternative: Option<String>,
        /// Layers of points, each finer than the one before; 0 for a mesh.
        pub layer_count: u8,
    }

    /// A preset, as far as the page shows it.
    #[serde(rename_all = "camelCase")]
    pub struct PresetInfo {
        /// Unique in the pack.
        pub id: String,
        /// For people.
        pub title: String,
    }

    /// What the transport does.
    #[derive(Copy, Eq)]
    #[serde(rename_all = "kebab-case")]
    pub enum PlayState {
        /// Nothing can be shown yet.
        Loading,
        /// Stands still.
        Paused,
        /// Runs.
        Playing,
        /// Would run, but frames are missing.
        Waiting,
        /// Has reached the end.
        Ended,
        /// Cannot go on.
        Failed,
    }

    /// The transport, as of the last drawn picture.
    #[serde(rename_all = "camelCase")]
    pub struct State {
        /// What it does.
        pub play_state: PlayState,
        /// Which clock leads.
        pub mode: Mode,
        /// The clock, seconds from the pack's start.
        pub position_secs: f64,
        /// Index of the frame on screen; none before the first.
        pub frame: Option<u32>,
        /// Index of the finest layer on screen, of the points track that has the fewest there;
        /// none without points.
        pub layer: Option<u8>,
        /// Index of the rendition on screen, of the mesh track that has the coarsest there; 0 is
        /// the finest; none without meshes.
        pub rendition: Option<u8>,
        /// On its way to where it was told to go: the frame is still one from before.
        pub is_seeking: bool,
        /// Speed of the leading clock.
        pub rate: f64,
        /// Starts again at the end.
        pub is_looping: bool,
        /// Where the frames of in and out point start, seconds; none for the whole replay.
        pub points: Option<[f64; 2]>,
        /// The host's video has not reached the pack's start yet: nothing may be told.
        pub is_before_start: bool,
        /// Alternatives on show, by track id.
        pub selected_tracks: Vec<String>,
        /// Stretches that can be shown at once, seconds, start and end.
        pub buffered: Vec<[f64; 2]>,
    }

    /// How firmly the clock holds the host's video.
    #[derive(Copy, Eq)]
    #[serde(rename_all = "kebab-case")]
    pub enum SyncState {
        /// In step.
        Locked,
        /// Waiting for the video to say where it is.
        Searching,
        /// There is no video to follow.
        Lost,
    }

    /// Where the programme time comes from.
    #[derive(Copy, Eq)]
    #[serde(rename_all = "kebab-case")]
    pub enum SyncSource {
        /// The stream's programme date-time.
        ProgramDateTime,
        /// The media time and the manifest's offset.
        MediaTime,
        /// The fan's own transport.
        Transport,
    }

    /// Something that went wrong, for the fan and for the support desk.
    #[serde(rename_all = "camelCase")]
    pub struct Problem {
        /// Thousands say whose: 1 network, 2 manifest, 3 pack, 4 wasm, 5 GPU, 6 sync, 7 host.
        pub code: u32,
        /// Nothing more can be shown.
        pub is_fatal: bool,
        /// What happened, where, and what to do, in English.
        pub message: String,
        /// The address it is about, without its query.
        pub url: Option<String>,
        /// HTTP's status, where there was one.
        pub http_status: Option<u16>,
    }

    /// Figures for curious pages, benchmarks and support desks.
    #[serde(rename_all = "camelCase")]
    pub struct Stats {
        /// Pictures drawn since the start.
        pub drawn_count: u32,
        /// Pictures drawn in the last second.
        pub drawn_per_second: f64,
        /// Processor's share of drawing one picture, milliseconds, median of the last.
        pub draw_ms: f64,
        /// Decoding one frame, milliseconds, median of the last.
        pub decode_ms: f64,
        /// Bytes fetched since the start.
        pub fetched_bytes: f64,
        /// Compressed, decoded and GPU bytes held now.
        pub held_bytes: f64,
        /// Frame on screen minus the video's frame, milliseconds; none where there is no video.
        pub sync_error_ms: Option<f64>,
        /// Index of the finest layer that is worth having where it is seen from, of the points
        /// track that needs the fewest; none without points.
        pub layer_needed: Option<u8>,
        /// Points or triangles in the last picture.
        pub element_count: f64,
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    //! Goal: TypeScript sees the very messages that Rust sends.
    //! Method: derive the declarations, compare with the file; `BLESS=1` rewrites it.

    use super::*;

    fn declarations() -> String {
        let config = ts_rs::Config::new();
        let mut text = String::from(
            "// What the page and the engine say to each other.\n//\n\
             // Derived from crates/web/src/messages.rs, which documents every field.\n",
        );
        macro_rules! declare {
            ($($name:ty),*) => { $(
                text += &laid_out(&<$name as TS>::decl(&config));
            )* };
        }
        declare!(
            Command,
            RequestRules,
            CmcdRules,
            Credentials,
            SignedRequest,
            VideoSample,
            Mode,
            View,
            Notice,
            PackRequest,
            RequestType,
            Opened,
            TrackInfo,
            PresetInfo,
            PlayState,
            State,
            SyncState,
            SyncSource,
            Problem,
            Stats
        );
        text
    }

    /// A declaration with each variant on a line of its own.
    fn laid_out(declaration: &str) -> String {
        let variants = declaration.replace(" | {", "\n  | {");
        let lines: Vec<&str> = variants.lines().map(str::trim_end).collect();
        format!("\nexport {}\n", lines.join("\n"))
    }

    #[test]
    fn typescript_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../www/src/messages.ts");
        let wanted = declarations();
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, &wanted).expect("messages.ts can be written");
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            found == wanted,
            "www/src/messages.ts is stale: run `cargo xtask bless`"
        );
    }
}
