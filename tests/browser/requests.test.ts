/**
 * Goal: a pack is asked for as the page wishes, and plainly where it wishes nothing.
 * Method: packs behind a server of another origin; what it was asked, and what is on show.
 */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ReplayRequest } from "../../www/src/touchline.js";
import { type Asked, Gate } from "./gate.js";
import type { ReplayPage } from "./replay-page.js";
import { SMALL_FRAME_COUNT } from "./site.js";
import { useBrowser } from "./suite.js";

const suite = useBrowser();
let gate: Gate;

beforeEach(async () => {
  gate = await Gate.open();
});

afterEach(() => gate.close());

declare global {
  interface Window {
    /** What the hook was shown. */
    shown: ReplayRequest[];
  }
}

/** Opens a pack behind the gate with a hook that renews its token when it is refused. */
async function openSigned(pack: string, by: "header" | "query", inline = {}): Promise<ReplayPage> {
  const opened = await suite.replay("", inline);
  await (await opened.replay()).evaluate(
    (replay, src, by) => {
      let token = 1;
      window.shown = [];
      replay.requestHook = async (request) => {
        window.shown.push(request);
        await Promise.resolve();
        if (request.httpStatus !== null) token = 2;
        if (by === "header") return { headers: { Authorization: `Bearer ${token}` } };
        return { url: `${request.url}?token=${token}` };
      };
      replay.src = src;
    },
    gate.address + pack,
    by,
  );
  return opened;
}

/** Lets in token 1 for the first request and token 2 for all others. */
function expireTokens(): void {
  let isFirst = true;
  gate.isLetIn = ({ headers, query }) => {
    const token = query.get("token") ?? headers.authorization?.replace("Bearer ", "");
    const isGood = token === (isFirst ? "1" : "2");
    isFirst = false;
    return isGood;
  };
}

test("a token in a header is renewed when it has run out", async () => {
  expireTokens();
  const opened = await openSigned("small/", "header");
  await opened.waitForPicture();
  await opened.seekToFrame(SMALL_FRAME_COUNT - 1);
  const shown = await opened.page.evaluate(() => window.shown);
  expect(shown[0]).toEqual({
    ...{ url: `${gate.address}small/manifest.json`, type: "manifest" },
    ...{ track: null, httpStatus: null },
  });
  const segments = shown.filter(({ type }) => type === "segment");
  expect(new Set(segments.map(({ track }) => track))).toContain("points");
  const refused = gate.fetched.filter(({ status }) => status === 403);
  expect(refused.length, "requests with the old token").toBeGreaterThan(0);
  expect(shown.filter(({ httpStatus }) => httpStatus === 403)).toHaveLength(refused.length);
  expect(shown, "each request was shown").toHaveLength(gate.fetched.length);
  expect((await opened.told()).filter(({ type }) => type === "error")).toEqual([]);
});

test("ranges of a single file are signed in their address, without workers too", async () => {
  expireTokens();
  const opened = await openSigned("single.touchline", "query", { inline: "" });
  await opened.waitForPicture();
  await opened.seekToFrame(SMALL_FRAME_COUNT - 1);
  expect(gate.fetched.length).toBeGreaterThan(2);
  for (const { headers, query } of gate.fetched) {
    expect(headers.range).toMatch(/^bytes=/);
    expect(query.get("token")).toMatch(/^[12]$/);
  }
});

test("who stays refused is told so", async () => {
  gate.isLetIn = () => false;
  const opened = await openSigned("small/", "header");
  const { detail } = await opened.waitForEvent("error");
  expect(detail).toMatchObject({ code: 1403, fatal: true });
  expect(gate.fetched).toHaveLength(2);
});

test("a hook that fails, or gives nonsense, has a number", async () => {
  for (const nonsense of ["throw", "number", "header", "address"]) {
    const opened = await suite.replay("");
    await (await opened.replay()).evaluate(
      (replay, src, nonsense) => {
        replay.requestHook = () => {
          if (nonsense === "throw") throw new Error("the token server sleeps");
          if (nonsense === "number") return 5 as never;
          return nonsense === "header" ? { headers: { "no name": "" } } : { url: "http://" };
        };
        replay.src = src;
      },
      `${gate.address}small/`,
      nonsense,
    );
    const { detail } = await opened.waitForEvent("error");
    expect(detail, nonsense).toMatchObject({ code: 7003, fatal: true });
    expect(opened.complaints.join(), "the page's own words are on the console").not.toBe("");
  }
  expect(gate.asked).toEqual([]);
});

test("a hook that never answers ends with its request", async () => {
  const opened = await suite.replay("");
  await (await opened.replay()).evaluate((replay, src) => {
    let count = 0;
    replay.requestHook = () => {
      count += 1;
      return count === 1 ? new Promise(() => {}) : undefined;
    };
    replay.src = src;
  }, `${gate.address}small/`);
  await opened.waitForPicture();
  expect(gate.fetched[0]?.path).toBe("/small/manifest.json");
});

test("cookies go to another origin when asked for", async () => {
  const opened = await suite.replay("");
  const replay = await opened.replay();
  await opened.page.evaluate(() => {
    document.cookie = "seat=12; path=/"; // Cookies do not tell ports apart.
  });
  const open = (replay: HTMLElementTagNameMap["touchline-replay"], src: string): void => {
    replay.src = src;
  };
  await replay.evaluate(open, `${gate.address}small/`);
  await opened.waitForPicture();
  expect(gate.fetched.map(({ headers }) => headers.cookie)).not.toContain("seat=12");
  await replay.evaluate((replay) => {
    replay.crossOrigin = "use-credentials";
  });
  await replay.evaluate(open, `${gate.address}small/manifest.json`);
  await opened.page.waitForFunction(
    () => window.told.filter(({ type }) => type === "canplay").length === 2,
  );
  const second = gate.fetched.findLastIndex(({ path }) => path === "/small/manifest.json");
  const cookies = gate.fetched.slice(second).map(({ headers }) => headers.cookie);
  expect(new Set(cookies)).toEqual(new Set(["seat=12"]));
});

/** What a request tells its server, as CTA-5004 has it: keys and values as they came. */
function told({ query, headers }: Asked, way: "query" | "headers"): Map<string, string> {
  const names = ["object", "request", "session", "status"].map((name) => `cmcd-${name}`);
  const inHeaders = names.map((name) => headers[name]).filter((value) => value !== undefined);
  const texts = way === "query" ? query.getAll("CMCD") : inHeaders;
  expect(way === "query" ? inHeaders : query.getAll("CMCD"), "in one way only").toEqual([]);
  const pairs = texts.flatMap((text) => String(text).split(","));
  return new Map(pairs.map((pair) => {
    const [key = "", value = ""] = pair.split("=");
    return [key, value];
  }));
}

test.each(["query", "headers"] as const)("figures are told in %s", async (way) => {
  const opened = await suite.replay("", { cmcd: way === "query" ? "" : way });
  const replay = await opened.replay();
  const session = await replay.evaluate((replay, src) => {
    replay.src = src;
    return replay.cmcdSessionId;
  }, `${gate.address}small/`);
  await opened.waitForPicture();
  await opened.seekToFrame(SMALL_FRAME_COUNT - 1);
  const [manifest, ...segments] = gate.fetched.map((asked) => told(asked, way));
  const sid = `"${session}"`;
  expect(session).toMatch(/^[0-9a-f-]{36}$/);
  expect(Object.fromEntries(manifest ?? [])).toEqual({ ot: "m", sf: "o", sid, su: "" });
  expect(segments.length).toBeGreaterThan(2);
  for (const figures of segments) {
    const keys = [...figures.keys()];
    if (way === "query") expect(keys).toEqual([...keys].sort());
    expect(Object.fromEntries(figures)).toMatchObject({ ot: "o", sf: "o", sid, st: "v" });
    expect(figures.get("cid"), "the pack's own id").toMatch(/^".+"$/);
    for (const key of ["bl", "mtp"]) expect(Number(figures.get(key) ?? 0) % 100).toBe(0);
    const [secs, kilobits] = [Number(figures.get("d")) / 1000, Number(figures.get("br"))];
    expect(secs).toBeGreaterThan(0);
    expect(kilobits).toBeGreaterThan(0);
  }
  expect(segments[0]?.has("su"), "urgent: there is no picture yet").toBe(true);
  expect(segments[0]?.get("bl")).toBe("0");
  expect(segments[0]?.get("pr"), "nothing plays yet").toBe("0");
});

test("ids of the page's own are told, beside a signature", async () => {
  const opened = await suite.replay("");
  await (await opened.replay()).evaluate((replay, src) => {
    replay.requestHook = ({ url }) => ({ url: `${url}?token=1` });
    replay.cmcdContentId = 'the "goal"';
    replay.cmcdSessionId = "seat-12";
    replay.cmcd = "query";
    replay.src = src;
  }, `${gate.address}small/`);
  await opened.waitForPicture();
  for (const asked of gate.fetched) {
    expect(asked.query.get("token")).toBe("1");
    expect(told(asked, "query").get("sid")).toBe('"seat-12"');
    expect(told(asked, "query").get("cid")).toBe('"the \\"goal\\""');
  }
});

test("without wishes requests are as simple as can be", async () => {
  const opened = await suite.replay("");
  await (await opened.replay()).evaluate((replay, src) => {
    replay.src = src;
  }, `${gate.address}small/`);
  await opened.waitForPicture();
  await opened.seekToFrame(SMALL_FRAME_COUNT - 1);
  expect(gate.asked).toEqual(gate.fetched); // No other origin is asked beforehand.
  for (const { query, headers } of gate.asked) {
    expect([...query.keys()]).toEqual([]);
    const own = Object.keys(headers).filter((name) => /^(cmcd|authorization|cookie)/.test(name));
    expect(own).toEqual([]);
  }
});
