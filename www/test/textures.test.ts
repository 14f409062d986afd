/**
 * Goal: a manifest loses just those textures that this browser cannot decode, and never a track's
 * last.
 * Method: a browser of cardboard that knows one codec, one that throws, and one without WebCodecs.
 */
import { afterEach, expect, test, vi } from "vitest";
import { decodable } from "../src/textures.js";

const image = { codec: "jpeg", width: 8, height: 8 };
const newer = { ...image, codec: "new9" };
const video = (codecString: string) => ({ ...image, codec: "h264", codecString });
const [known, unknown] = [video("known"), video("unknown")];
const manifest = {
  id: "a",
  tracks: [{ id: "t" }, { textures: [known, image] }, { textures: [unknown, newer, image] }],
};

afterEach(() => vi.unstubAllGlobals());

function stubDecoder(isConfigSupported: (config: { codec: string }) => Promise<unknown>): void {
  vi.stubGlobal("VideoDecoder", { isConfigSupported });
}

test("the browser is asked about videos", async () => {
  stubDecoder(({ codec }) => Promise.resolve({ supported: codec === "known" }));
  const tracks = [{ id: "t" }, { textures: [known, image] }, { textures: [image] }];
  expect(await decodable(manifest)).toEqual({ id: "a", tracks });
});

test("what it throws at is not decodable", async () => {
  stubDecoder(() => Promise.reject(new TypeError()));
  const tracks = [{ id: "t" }, { textures: [image] }, { textures: [image] }];
  expect(await decodable(manifest)).toEqual({ id: "a", tracks });
});

test("without WebCodecs no video is; the last texture of a track stays", async () => {
  const bare = { tracks: [{ textures: [known, unknown] }] };
  expect(await decodable(bare)).toEqual({ tracks: [{ textures: [unknown] }] });
});

test("a manifest of which all can be decoded is the same", async () => {
  const whole = { tracks: [{ textures: [image] }, {}] };
  expect(await decodable(whole)).toBe(whole);
});
