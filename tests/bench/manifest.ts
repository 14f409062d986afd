/** As much of a pack's manifest as measuring needs. */

interface StreamLike {
  segments: { firstFrame: number; frameCount: number; size: number }[];
}

/** FORMAT.md 2. */
export interface ManifestLike {
  tracks: {
    alternative?: string;
    layers?: StreamLike[];
    renditions?: StreamLike[];
    isStatic?: boolean;
  }[];
}

/**
 * Bytes that the first picture of a frame cannot do without: the coarsest of each track that moves,
 * of several alternatives the first.
 */
export function coarseBytes({ tracks }: ManifestLike, frame: number): number {
  const taken = new Set<string>();
  let bytes = 0;
  for (const { alternative, layers = [], renditions = [], isStatic } of tracks) {
    const coarsest = layers[0] ?? renditions.at(-1);
    const isOther = alternative !== undefined && taken.has(alternative);
    if (alternative !== undefined) taken.add(alternative);
    if (coarsest === undefined || isStatic === true || isOther) continue;
    const holds = ({ firstFrame, frameCount }: StreamLike["segments"][number]): boolean =>
      firstFrame <= frame && frame < firstFrame + frameCount;
    bytes += coarsest.segments.find(holds)?.size ?? 0;
  }
  return bytes;
}
