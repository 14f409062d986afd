/** The library's front door: defines `<touchline-replay>` and exports what scripts need. */
import { TouchlineReplay } from "./touchline-replay.js";

export { TouchlineReplay };
export { TouchlineError, type ErrorCategory } from "./errors.js";
export type {
  Mode,
  PresetInfo,
  Stats,
  SyncSource,
  SyncState,
  TrackInfo,
  View,
} from "./messages.js";
export type { MotionVector } from "./motion-vectors.js";
export type { Announcement } from "./announcements.js";
export type { Dating, HlsLike, HostClock, ShakaLike } from "./programme-time.js";
export type { ReplayRequest, RequestHook, SignedRequestInit } from "./requests.js";
export type { StringKey, StringTable } from "./strings.js";
export type { HostMedia } from "./video-clock.js";

// On a server there is nothing to define; on a page the first copy of the library wins.
if (globalThis.customElements && !customElements.get("touchline-replay")) {
  customElements.define("touchline-replay", TouchlineReplay);
}
