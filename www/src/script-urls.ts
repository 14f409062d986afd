/** Script URLs under Trusted Types: the page allows ours with `trusted-types touchline`. */

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): string };
}

let createScriptUrl: ((url: string) => string) | null = null;

/** `url` as `new Worker` wants it where Trusted Types are enforced; as it is elsewhere. */
export function scriptUrl(url: string): string {
  createScriptUrl ??= makePolicy();
  return createScriptUrl(url);
}

function makePolicy(): (url: string) => string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  try {
    const policy = trustedTypes?.createPolicy("touchline", { createScriptURL: (url) => url });
    if (policy !== undefined) return (url) => policy.createScriptURL(url);
  } catch {
    // The page does not allow the policy: workers will be refused, and all runs inline.
  }
  return (url) => url;
}
