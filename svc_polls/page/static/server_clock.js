// The server's clock: what its answers say it is, carried on by a clock that nobody can set.

const STALE_MS = 60_000;
let best;

/** Notes that an answer said `now`; it was asked and came at these times of performance.now(). */
export function note(now, askedAt, cameAt) {
  const [trip, middle] = [cameAt - askedAt, (askedAt + cameAt) / 2];
  // The shorter the way, the less the answer's time is off.
  if (!best || trip <= best.trip || middle - best.middle > STALE_MS) {
    best = { trip, middle, ms: Date.parse(now) };
  }
}

export const isKnown = () => best !== undefined;

/** The server's time in milliseconds of Unix time. */
export const serverNow = () => (best ? best.ms + performance.now() - best.middle : Date.now());
