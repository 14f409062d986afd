// What the page and the engine say to each other.
//
// Derived from crates/web/src/messages.rs, which documents every field.

export type Command = { "kind": "open",
/**
 * Where the pack is.
 */
src: string, }
  | { "kind": "set-requests" } & RequestRules
  | { "kind": "answer",
/**
 * The request's.
 */
id: number,
/**
 * None where the hook has failed.
 */
request: SignedRequest | null, }
  | { "kind": "close", }
  | { "kind": "resize",
/**
 * Device pixels, at least 1.
 */
width: number,
/**
 * Device pixels, at least 1.
 */
height: number, }
  | { "kind": "visible",
/**
 * On screen, in a tab that is shown.
 */
isVisible: boolean, }
  | { "kind": "reduced-motion",
/**
 * As the media query says.
 */
isReduced: boolean, }
  | { "kind": "video" } & VideoSample
  | { "kind": "video-gone", }
  | { "kind": "set-mode",
/**
 * The host's video or the fan's transport.
 */
mode: Mode, }
  | { "kind": "play", }
  | { "kind": "pause", }
  | { "kind": "seek",
/**
 * Seconds from the pack's start.
 */
secs: number, }
  | { "kind": "step",
/**
 * Negative is backwards.
 */
frames: number, }
  | { "kind": "set-rate",
/**
 * -2 to 2, magnitude at least 0.05; negative plays backwards.
 */
rate: number, }
  | { "kind": "set-loop",
/**
 * Starts again.
 */
isLooping: boolean, }
  | { "kind": "set-points",
/**
 * In and out point, seconds; their frames are played. None for the whole replay.
 */
points: [number, number] | null, }
  | { "kind": "set-sync-offset",
/**
 * Seconds; positive shows later frames.
 */
secs: number, }
  | { "kind": "select-track",
/**
 * The track's id.
 */
id: string, }
  | { "kind": "go-to-preset",
/**
 * The preset's id.
 */
id: string, }
  | { "kind": "go-to-viewpoint",
/**
 * Where to.
 */
viewpoint: View,
/**
 * How long it takes; 0 jumps.
 */
secs: number, }
  | { "kind": "grab",
/**
 * Held.
 */
isHeld: boolean, }
  | { "kind": "orbit",
/**
 * Radians, positive to the right.
 */
yaw: number,
/**
 * Radians, positive upwards.
 */
pitch: number, }
  | { "kind": "zoom",
/**
 * Of the distance; below 1 is nearer.
 */
factor: number, }
  | { "kind": "pan",
/**
 * Shares of the picture's height, positive to the right.
 */
right: number,
/**
 * Shares of the picture's height, positive upwards.
 */
up: number, }
  | { "kind": "retry", }
  | { "kind": "lose-device", };

export type RequestRules = {
/**
 * Each is shown to the page first, as [`PackRequest`].
 */
isHooked: boolean,
/**
 * Of those that no hook has seen.
 */
credentials: Credentials,
/**
 * What servers are told; nothing if none.
 */
cmcd: CmcdRules | null, };

export type CmcdRules = {
/**
 * Else in the address's query.
 */
isInHeaders: boolean,
/**
 * Names the fan's visit.
 */
sessionId: string,
/**
 * Names what is watched; the pack's own id if none.
 */
contentId: string | null, };

export type Credentials = "omit" | "same-origin" | "include";

export type SignedRequest = {
/**
 * Absolute.
 */
url: string,
/**
 * Names and values.
 */
headers: Array<[string, string]>,
/**
 * Whether cookies go with it.
 */
credentials: Credentials, };

export type VideoSample = {
/**
 * Media time of the frame on screen, seconds; NaN where unknown.
 */
mediaSecs: number,
/**
 * Programme date-time of that frame, milliseconds since 1970, where known.
 */
unixMs: number | null,
/**
 * When that frame is on screen, milliseconds since 1970 by the wall clock.
 */
shownAtMs: number,
/**
 * Media seconds a second.
 */
rate: number,
/**
 * Stands still.
 */
isPaused: boolean,
/**
 * On its way to another place: what it shows says nothing.
 */
isSeeking: boolean, };

export type Mode = "follow" | "replay";

export type View = {
/**
 * The point looked at, metres.
 */
target: [number, number, number],
/**
 * Around the vertical, radians; 0 looks from +z, growing towards +x.
 */
yawRadians: number,
/**
 * Above the horizon, radians.
 */
pitchRadians: number,
/**
 * From target to eye, metres.
 */
distanceMetres: number,
/**
 * Vertical field of view, radians.
 */
fovYRadians: number, };

export type Notice = { "kind": "started",
/**
 * Always `webgpu` today.
 */
renderer: string,
/**
 * The adapter, in the browser's words; may be empty.
 */
adapter: string, }
  | { "kind": "request" } & PackRequest
  | { "kind": "opened" } & Opened
  | { "kind": "grown",
/**
 * Seconds.
 */
durationSecs: number,
/**
 * Of every moving track.
 */
frameCount: number, }
  | { "kind": "state" } & State
  | { "kind": "sync",
/**
 * How firm it is.
 */
state: SyncState,
/**
 * Where the programme time comes from.
 */
source: SyncSource, }
  | { "kind": "camera",
/**
 * Where it is now.
 */
viewpoint: View, }
  | { "kind": "problem" } & Problem
  | { "kind": "device-lost",
/**
 * In the browser's words.
 */
reason: string,
/**
 * Another device draws again.
 */
isRecovered: boolean, }
  | { "kind": "stats" } & Stats;

export type PackRequest = {
/**
 * To answer with.
 */
id: number,
/**
 * Absolute.
 */
url: string,
/**
 * What is fetched.
 */
type: RequestType,
/**
 * Id of the track that it belongs to.
 */
track: string | null,
/**
 * What the server has just refused the same request with.
 */
httpStatus: number | null, };

export type RequestType = "manifest" | "segment";

export type Opened = {
/**
 * For people.
 */
title: string,
/**
 * Seconds.
 */
durationSecs: number,
/**
 * Of every moving track.
 */
frameCount: number,
/**
 * Frames a second.
 */
frameRate: number,
/**
 * Programme date-time of frame 0, milliseconds since 1970.
 */
startUnixMs: number | null,
/**
 * Absolute URL of the poster.
 */
poster: string | null,
/**
 * All tracks.
 */
tracks: Array<TrackInfo>,
/**
 * All presets, the starting one first.
 */
presets: Array<PresetInfo>, };

export type TrackInfo = {
/**
 * Unique in the pack.
 */
id: string,
/**
 * For people.
 */
title: string,
/**
 * `points` or `mesh`.
 */
kind: string,
/**
 * `subject`, `ball` or `venue`.
 */
role: string,
/**
 * Tracks that share it are shown one at a time.
 */
alternative: string | null,
/**
 * Layers of points, each finer than the one before; 0 for a mesh.
 */
layerCount: number, };

export type PresetInfo = {
/**
 * Unique in the pack.
 */
id: string,
/**
 * For people.
 */
title: string, };

export type PlayState = "loading" | "paused" | "playing" | "waiting" | "ended" | "failed";

export type State = {
/**
 * What it does.
 */
playState: PlayState,
/**
 * Which clock leads.
 */
mode: Mode,
/**
 * The clock, seconds from the pack's start.
 */
positionSecs: number,
/**
 * Index of the frame on screen; none before the first.
 */
frame: number | null,
/**
 * Index of the finest layer on screen, of the points track that has the fewest there;
 * none without points.
 */
layer: number | null,
/**
 * Index of the rendition on screen, of the mesh track that has the coarsest there; 0 is
 * the finest; none without meshes.
 */
rendition: number | null,
/**
 * On its way to where it was told to go: the frame is still one from before.
 */
isSeeking: boolean,
/**
 * Speed of the leading clock.
 */
rate: number,
/**
 * Starts again at the end.
 */
isLooping: boolean,
/**
 * Where the frames of in and out point start, seconds; none for the whole replay.
 */
points: [number, number] | null,
/**
 * The host's video has not reached the pack's start yet: nothing may be told.
 */
isBeforeStart: boolean,
/**
 * Alternatives on show, by track id.
 */
selectedTracks: Array<string>,
/**
 * Stretches that can be shown at once, seconds, start and end.
 */
buffered: Array<[number, number]>, };

export type SyncState = "locked" | "searching" | "lost";

export type SyncSource = "program-date-time" | "media-time" | "transport";

export type Problem = {
/**
 * Thousands say whose: 1 network, 2 manifest, 3 pack, 4 wasm, 5 GPU, 6 sync, 7 host.
 */
code: number,
/**
 * Nothing more can be shown.
 */
isFatal: boolean,
/**
 * What happened, where, and what to do, in English.
 */
message: string,
/**
 * The address it is about, without its query.
 */
url: string | null,
/**
 * HTTP's status, where there was one.
 */
httpStatus: number | null, };

export type Stats = {
/**
 * Pictures drawn since the start.
 */
drawnCount: number,
/**
 * Pictures drawn in the last second.
 */
drawnPerSecond: number,
/**
 * Processor's share of drawing one picture, milliseconds, median of the last.
 */
drawMs: number,
/**
 * Decoding one frame, milliseconds, median of the last.
 */
decodeMs: number,
/**
 * Bytes fetched since the start.
 */
fetchedBytes: number,
/**
 * Compressed, decoded and GPU bytes held now.
 */
heldBytes: number,
/**
 * Frame on screen minus the video's frame, milliseconds; none where there is no video.
 */
syncErrorMs: number | null,
/**
 * Index of the finest layer that is worth having where it is seen from, of the points
 * track that needs the fewest; none without points.
 */
layerNeeded: number | null,
/**
 * Points or triangles in the last picture.
 */
elementCount: number, };
