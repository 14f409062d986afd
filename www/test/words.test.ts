/**
 * Goal: what pages write and fans read is taken and given as promised.
 * Method: texts in, values out, and the other way round.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import { numberFrom, urlFrom, wordFrom } from "../src/attributes.js";
import { categoryOf } from "../src/errors.js";
import { addTranslation, wordsIn } from "../src/strings.js";
import { formatRate, formatTime } from "../src/time-format.js";
import { Stretches } from "../src/time-ranges.js";
import { decoderCount } from "../src/transport.js";

afterEach(() => void vi.restoreAllMocks());

test.each([
  [0, "0:00.0"],
  [7.44, "0:07.4"],
  [0.3, "0:00.3"], // 0.3 * 10 is less than 3.
  [59.99, "0:59.9"],
  [60, "1:00.0"],
  [3599.95, "59:59.9"],
  [3600, "1:00:00.0"],
  [-1, "0:00.0"],
  [NaN, "0:00.0"],
])("%f s is %s", (secs, text) => {
  expect(formatTime(secs)).toBe(text);
});

test.each([
  [1, "1×"],
  [0.25, "0.25×"],
  [0.1, "0.1×"],
  [-2, "−2×"],
])("%f is %s", (rate, text) => {
  expect(formatRate(rate)).toBe(text);
});

describe("attributes", () => {
  const range = { least: -2, most: 2, fallback: 1 };

  test.each([
    [null, 1],
    ["0.5", 0.5],
    [" -1 ", -1],
    ["9", 2],
    ["-9", -2],
  ])("the number %s is %f", (text, value) => {
    expect(numberFrom(text, range)).toBe(value);
  });

  test.each(["", "  ", "fast", "NaN", "Infinity", "1,5"])("'%s' is no number", (text) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect(numberFrom(text, range)).toBe(1);
    expect(warn).toHaveBeenCalledOnce();
  });

  test("a mode is one of two", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect(wordFrom("follow", ["follow", "replay"], "replay")).toBe("follow");
    expect(wordFrom(null, ["follow", "replay"], "replay")).toBe("replay");
    expect(warn).not.toHaveBeenCalled();
    expect(wordFrom("Follow", ["follow", "replay"], "replay")).toBe("replay");
    expect(warn).toHaveBeenCalledOnce();
  });

  test.each([
    ["pack/", "https://a.example/b/pack/"],
    ["//c.example/p", "https://c.example/p"],
    ["javascript:alert(1)", null],
    ["data:,x", null],
    ["https://", null],
  ])("the address %s", (text, url) => {
    expect(urlFrom(text, "https://a.example/b/page")).toBe(url);
  });
});

test("languages fall back to their base and then to English", () => {
  addTranslation("pt", { play: "Reproduzir", code: "Código {code}" });
  addTranslation("pt-BR", { play: "Tocar" });
  expect(wordsIn("pt-BR")("play")).toBe("Tocar");
  expect(wordsIn("pt-PT")("play")).toBe("Reproduzir");
  expect(wordsIn("pt-br")("code", { code: "7" })).toBe("Código 7");
  expect(wordsIn("pt")("pause")).toBe("Pause");
  expect(wordsIn("xx")("timeOf", { now: "1" })).toBe("1 of {duration}");
});

test("codes have owners", () => {
  expect([1404, 2001, 3003, 4005, 5001, 6001, 7001].map(categoryOf)).toEqual([
    ...["network", "manifest", "pack", "wasm", "gpu", "sync", "host"],
  ]);
  expect([0, 999, 9000, NaN].map(categoryOf)).toEqual(["host", "host", "host", "host"]);
});

test("stretches refuse what is not there", () => {
  const stretches = new Stretches([[1, 2]]);
  expect([stretches.length, stretches.start(0), stretches.end(0)]).toEqual([1, 1, 2]);
  expect(() => stretches.start(1)).toThrow(DOMException);
});

test("one thread is left over, and no crowd is called", () => {
  expect([undefined, 1, 2, 4, 64].map(decoderCount)).toEqual([1, 1, 1, 3, 4]);
});

test("importing the library where there is no page does nothing", async () => {
  const { TouchlineReplay } = await import("../src/touchline.js");
  expect(typeof TouchlineReplay).toBe("function");
});
