/** The speeds that the controls offer. */

/** Slow motion first: that is what a replay is for. */
export const RATES = [0.1, 0.25, 0.5, 1, 2] as const;

/** The next speed on offer above (`1`) or below (`-1`) `rate`; `rate` itself at the ends. */
export function nextRate(rate: number, direction: 1 | -1): number {
  const beyond = RATES.filter((offer) => (offer - rate) * direction > 1e-6);
  return (direction > 0 ? beyond[0] : beyond.at(-1)) ?? rate;
}
