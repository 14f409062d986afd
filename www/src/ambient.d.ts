// Modules that other tools make: stylesheets as text, and the glue of the two wasm modules.

declare module "*.css?inline" {
  const text: string;
  export default text;
}

/** `crates/web`, through wasm-bindgen. */
declare module "touchline-engine" {
  import type { Command, Notice } from "./messages.js";
  import type { TexturedManifest } from "./textures.js";

  export class Engine {
    constructor(
      canvas: OffscreenCanvas,
      decoders: MessagePort[],
      send: (notice: Notice) => void,
      decodable: (manifest: TexturedManifest) => Promise<TexturedManifest>,
    );
    expect(answer: Promise<Response>, abort: AbortController): void;
    receive(command: Command): void;
    free(): void;
  }
  export default function init(options: { module_or_path: Response }): Promise<unknown>;
}

/** `crates/decoder`, through wasm-bindgen. */
declare module "touchline-decoder" {
  import type { DecodedFrame } from "./decode-loop.js";

  export class Decoder {
    constructor(codec: string);
    decode(
      layers: Uint8Array[],
      brick: number | undefined,
      elementCountMax: number,
      triangleCountMax: number,
    ): DecodedFrame;
    reset(): void;
    setNormals(hasNormals: boolean): void;
    free(): void;
  }
  export default function init(options: { module_or_path: Response }): Promise<unknown>;
}
