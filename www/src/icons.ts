/** The controls' icons, drawn for this player on a grid of 24. */

const SVG = "http://www.w3.org/2000/svg";

/** Outlines to fill. */
const FILLED = {
  play: "M8 5.2v13.6a1 1 0 0 0 1.5.86l11-6.8a1 1 0 0 0 0-1.72l-11-6.8A1 1 0 0 0 8 5.2z",
  pause:
    "M7.5 5h2A1.5 1.5 0 0 1 11 6.5v11A1.5 1.5 0 0 1 9.5 19h-2A1.5 1.5 0 0 1 6 17.5v-11" +
    "A1.5 1.5 0 0 1 7.5 5zm7 0h2A1.5 1.5 0 0 1 18 6.5v11a1.5 1.5 0 0 1-1.5 1.5h-2" +
    "a1.5 1.5 0 0 1-1.5-1.5v-11A1.5 1.5 0 0 1 14.5 5z",
  stepBack: "M17 6.9v10.2a.9.9 0 0 1-1.4.75L8 12.75a.9.9 0 0 1 0-1.5l7.6-5.1a.9.9 0 0 1 1.4.75z",
  stepForward: "M7 6.9v10.2a.9.9 0 0 0 1.4.75l7.6-5.1a.9.9 0 0 0 0-1.5L8.4 6.15A.9.9 0 0 0 7 6.9z",
  more:
    "M5 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4zm7 0a2 2 0 1 0 0 4 2 2 0 0 0 0-4zm7 0" +
    "a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
} as const;

/** Lines to stroke, some beside an outline of the same name. */
const STROKED = {
  stepBack: "M5.5 6.5v11",
  stepForward: "M18.5 6.5v11",
  again: "M5 12a7 7 0 1 0 2.4-5.3M5 4.5V9h4.5",
  freeze:
    "M12 3v18M4.2 7.5l15.6 9M19.8 7.5l-15.6 9M9.5 4.2 12 6.6l2.5-2.4M9.5 19.8" +
    "l2.5-2.4 2.5 2.4",
  resetView:
    "M4 9V5.5A1.5 1.5 0 0 1 5.5 4H9M15 4h3.5A1.5 1.5 0 0 1 20 5.5V9M20 15v3.5" +
    "a1.5 1.5 0 0 1-1.5 1.5H15M9 20H5.5A1.5 1.5 0 0 1 4 18.5V15M12 9.5" +
    "a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  fullscreen:
    "M4 9.5V5a1 1 0 0 1 1-1h4.5M14.5 4H19a1 1 0 0 1 1 1v4.5M20 14.5V19a1 1 0 0 1-1 1h-4.5" +
    "M9.5 20H5a1 1 0 0 1-1-1v-4.5",
  leaveFullscreen:
    "M9.5 4v4.5a1 1 0 0 1-1 1H4M20 9.5h-4.5a1 1 0 0 1-1-1V4M14.5 20v-4.5a1 1 0 0 1 1-1H20" +
    "M4 14.5h4.5a1 1 0 0 1 1 1V20",
  orbit:
    "M12.5 16.5C7.3 16.6 3 14.6 3 12s4-4.5 9-4.5 9 2 9 4.5c0 1.6-1.6 3-4 3.8M9.8 13.6" +
    "l2.9 2.9-2.9 2.9",
  warning: "M12 4.2 2.9 19.5h18.2zM12 10v4.2M12 16.9v.1",
} as const;

/** Names of the icons. */
export type IconName = keyof typeof FILLED | keyof typeof STROKED;

/** An icon, hidden from screen readers: its button has the name. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const draw = (outline: string, kind: string): void => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", outline);
    path.setAttribute("class", kind);
    svg.append(path);
  };
  if (name in FILLED) draw(FILLED[name as keyof typeof FILLED], "filled");
  if (name in STROKED) draw(STROKED[name as keyof typeof STROKED], "stroked");
  return svg;
}
