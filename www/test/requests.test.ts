/**
 * Goal: what a hook wants reaches the engine whole; what it gets wrong is reported, and no more.
 * Method: hooks of all kinds; the engine's answer.
 */
import { afterEach, expect, test, vi } from "vitest";
import type { PackRequest } from "../src/messages.js";
import {
  answerTo,
  isPlain,
  rulesCommand,
  type RequestHook,
  type RequestWishes,
} from "../src/requests.js";

const REQUEST: PackRequest = {
  id: 7,
  url: "https://cdn.example/goal/ball/0.seg",
  type: "segment",
  track: "ball",
  httpStatus: null,
};

const PLAIN: RequestWishes = { hook: null, credentials: "same-origin", cmcd: null };

afterEach(() => vi.unstubAllGlobals());

test("a hook sees the request and changes what it wants", async () => {
  const hook = vi.fn<RequestHook>(async ({ url }) => ({
    url: new URL("?token=a b", url),
    headers: { Authorization: "Bearer 1" },
  }));
  const answer = await answerTo(REQUEST, { hook, credentials: "include", cmcd: null });
  const { id, ...shown } = REQUEST;
  expect(hook).toHaveBeenCalledWith(shown);
  expect(answer).toEqual({
    kind: "answer",
    id,
    request: {
      url: "https://cdn.example/goal/ball/0.seg?token=a%20b",
      headers: [["authorization", "Bearer 1"]],
      credentials: "include",
    },
  });
});

test.each<[string, RequestHook | null]>([
  ["none", null],
  ["one without a wish", () => undefined],
  ["one that says null", async () => null],
  ["one with an empty wish", () => ({})],
])("%s leaves the request as it is", async (_, hook) => {
  const { url } = REQUEST;
  expect(await answerTo(REQUEST, { ...PLAIN, hook })).toMatchObject({
    request: { url, headers: [], credentials: "same-origin" },
  });
});

test.each<[string, () => unknown]>([
  ["throws", () => { throw new Error("asleep"); }],
  ["rejects", () => Promise.reject(new Error("asleep"))],
  ["gives a number", () => 5],
  ["gives no address", () => ({ url: "https://" })],
  ["gives a header without a name", () => ({ headers: { "": "1" } })],
  ["gives an unknown word", () => ({ credentials: "perhaps" })],
])("a hook that %s is reported and fails the request", async (_, hook) => {
  const report = vi.fn();
  vi.stubGlobal("reportError", report);
  const answer = await answerTo(REQUEST, { ...PLAIN, hook: hook as RequestHook });
  expect(answer).toEqual({ kind: "answer", id: 7, request: null });
  expect(report).toHaveBeenCalledOnce();
});

test("only wishes are told", () => {
  expect(isPlain(PLAIN)).toBe(true);
  expect(isPlain({ ...PLAIN, credentials: "include" })).toBe(false);
  expect(isPlain({ ...PLAIN, hook: () => undefined })).toBe(false);
  const cmcd = { isInHeaders: false, sessionId: "a", contentId: null };
  expect(isPlain({ ...PLAIN, cmcd })).toBe(false);
  expect(rulesCommand({ ...PLAIN, hook: () => undefined })).toEqual({
    kind: "set-requests",
    isHooked: true,
    credentials: "same-origin",
    cmcd: null,
  });
});
