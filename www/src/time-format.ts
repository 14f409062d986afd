/** Times, speeds and gaps as people read them. */

/** `0:07.4`, `12:03.0`, `1:02:03.0`: tenths, because a replay lasts seconds. */
export function formatTime(secs: number): string {
  const tenths = Number.isFinite(secs) ? Math.max(0, Math.floor(secs * 10 + 1e-6)) : 0;
  const minutes = Math.floor(tenths / 600);
  const rest = `${pad(Math.floor(tenths / 10) % 60)}.${tenths % 10}`;
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${rest}`;
}

/** `1×`, `0.25×`, `−1×`. */
export function formatRate(rate: number): string {
  return `${rate < 0 ? "−" : ""}${Number(Math.abs(rate).toFixed(2))}×`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
