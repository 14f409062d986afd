/** Every word that a fan reads, in one table a language. */

/** English; other languages have the same keys. */
export const ENGLISH = {
  replay: "3D replay",
  controls: "Replay controls",
  surfaceHelp:
    "Drag or use the arrow keys to look around, plus and minus to zoom, space to play, " +
    "question mark for all keys.",
  play: "Play",
  pause: "Pause",
  replayAgain: "Play again",
  freeze: "Freeze",
  freezeHelp: "Freeze this moment; the video goes on",
  stepBack: "One frame back",
  stepForward: "One frame forward",
  timeline: "Position in the replay",
  timeOf: "{now} of {duration}",
  speed: "Speed",
  views: "Views",
  show: "Show as",
  resetView: "Reset view",
  fullscreen: "Full screen",
  leaveFullscreen: "Leave full screen",
  more: "More",
  backToLive: "Back to video",
  locked: "In sync",
  searching: "Syncing…",
  lost: "No video",
  frozen: "Frozen",
  loading: "Loading the replay…",
  waitForStart: "The replay starts when the video gets there",
  tryAgain: "Try again",
  code: "Code {code}",
  wheelHint: "Click the replay first, then scroll to zoom",
  dragPrompt: "Drag to look around",
  viewNow: "View: {name}",
  keys: "Keys",
  keysOrbit: "Look around (Alt: finely, Shift: move)",
  keysZoom: "Nearer, farther",
  keysHome: "Reset view",
  keysPresets: "Views",
  keysPlay: "Play or pause",
  keysStep: "One frame back, forward",
  keysJump: "Two seconds back, forward",
  keysRate: "Slower, faster",
  keysPoints: "In point, out point, neither",
  keysFullscreen: "Full screen",
  keysEscape: "Leave the replay",
  close: "Close",
  errorNetwork: "The replay could not be loaded. Check your connection.",
  errorManifest: "This replay is not available.",
  errorPack: "This replay is damaged.",
  errorWasm: "The replay player could not start.",
  errorGpu: "The 3D picture could not be shown.",
  errorSync: "The replay lost the video.",
  errorHost: "The replay is not set up correctly.",
  noWebGpu: "This browser cannot show 3D replays (WebGPU).",
} as const;

/** A key of the table. */
export type StringKey = keyof typeof ENGLISH;
/** A language: what is missing is shown in English. */
export type StringTable = Partial<Record<StringKey, string>>;
/** Looks words up, and fills `{placeholders}`. */
export type Say = (key: StringKey, values?: Readonly<Record<string, string>>) => string;

const tables = new Map<string, StringTable>([["en", ENGLISH]]);

/** Adds or completes a language, e.g. `fr` or `pt-BR`. */
export function addTranslation(language: string, table: StringTable): void {
  const key = language.toLowerCase();
  tables.set(key, { ...tables.get(key), ...table });
}

/** Words in `language`: `pt-BR`, else `pt`, else English. */
export function wordsIn(language: string): Say {
  const key = language.toLowerCase();
  const [own, base] = [tables.get(key), tables.get(key.split("-")[0] ?? "")];
  return (key, values = {}) => {
    const text: string = own?.[key] ?? base?.[key] ?? ENGLISH[key];
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  };
}
