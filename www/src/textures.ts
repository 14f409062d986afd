/** Leaves out of a manifest the textures that this browser cannot decode. */

/** As much of a manifest as is looked at here; FORMAT.md 2.3 and 2.4. */
export interface TexturedManifest {
  tracks: { textures?: Texture[] }[];
}

interface Texture {
  codec: string;
  codecString?: string;
  width: number;
  height: number;
}

const IMAGE_CODECS = ["jpeg", "png_", "webp"];

/**
 * The manifest without textures that cannot be decoded here; the same object if all can.
 *
 * Where none of a track's can be, its last stays: that is then said by name, and not shown without.
 */
export async function decodable<M extends TexturedManifest>(manifest: M): Promise<M> {
  let isWhole = true;
  const tracks = manifest.tracks.map(async (track) => {
    const all = track.textures ?? [];
    const answers = await Promise.all(all.map(isDecodable));
    const last = answers.some((answer) => answer) ? -1 : all.length - 1;
    const textures = all.filter((_, index) => answers[index] === true || index === last);
    if (textures.length === all.length) return track;
    isWhole = false;
    return { ...track, textures };
  });
  const kept = await Promise.all(tracks);
  return isWhole ? manifest : { ...manifest, tracks: kept };
}

async function isDecodable({ codec, codecString, width, height }: Texture): Promise<boolean> {
  if (codecString === undefined) return IMAGE_CODECS.includes(codec);
  try {
    const config = { codec: codecString, codedWidth: width, codedHeight: height };
    return (await VideoDecoder.isConfigSupported(config)).supported ?? false;
  } catch {
    return false; // There is no WebCodecs here, or it knows no such codec.
  }
}
