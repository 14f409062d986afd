/**
 * How the page wants a pack to be asked for: with cookies, each request as its own hook says, or
 * with figures for the server (CMCD).
 *
 * Always true: without such wishes the engine is told nothing and asks nothing.
 */
import type { Command, PackRequest, RequestRules } from "./messages.js";

/** A request about to be made. */
export type ReplayRequest = Readonly<Omit<PackRequest, "id">>;

/** What a hook wants to be otherwise. */
export interface SignedRequestInit {
  /** Where to, in place of the request's own address; relative to the page. */
  url?: string | URL;
  headers?: HeadersInit;
  credentials?: RequestCredentials;
}

/** Sees each request before it is made; nothing in return leaves it as it is. */
export type RequestHook = (
  request: ReplayRequest,
) => SignedRequestInit | null | void | Promise<SignedRequestInit | null | void>;

/** All wishes. */
export interface RequestWishes extends Omit<RequestRules, "isHooked"> {
  hook: RequestHook | null;
}

/** The wishes as the engine is told them. */
export function rulesCommand({ hook, ...rules }: RequestWishes): Command {
  return { kind: "set-requests", isHooked: hook !== null, ...rules };
}

/** Whether they are none. */
export function isPlain({ hook, credentials, cmcd }: RequestWishes): boolean {
  return hook === null && credentials === "same-origin" && cmcd === null;
}

/** Asks the hook; what it throws is reported as an event listener's would be. */
export async function answerTo(
  { id, url, type, track, httpStatus }: PackRequest,
  { hook, credentials }: RequestWishes,
): Promise<Command> {
  try {
    const init = (await hook?.({ url, type, track, httpStatus })) ?? {};
    if (typeof init !== "object") throw new TypeError("requestHook must give an object or nothing");
    // The browser's own checks of addresses, names and words.
    const signed = new Request(init.url ?? url, { credentials, ...init });
    const request = {
      url: signed.url,
      headers: [...signed.headers],
      credentials: signed.credentials,
    };
    return { kind: "answer", id, request };
  } catch (error) {
    reportError(error);
    return { kind: "answer", id, request: null };
  }
}
