// The server's clock: what its answers say it is, carried on by a clock that nobody can set.

const STALE_MS = 60_000;
let best;

/** Notes that an answer said `now`; it was asked and came at these times of performance.now(). */
export function note(now, askedAt, cameAt) {
  const next = { trip: cameAt - askedAt, middle: (askedAt + cameAt) / 2, ms: Date.parse(now) };
  if (!best || next.trip <= best.trip || next.middle - best.middle > STALE_MS || contradicts(next)) {
    best = next;
  }
}

// The shorter the way, the less an answer's time is off, half of it at most. A laptop's clock may
// stand still while it is asleep; then an answer is off by more than that.
function contradicts({ trip, middle, ms }) {
  const off = ms - (best.ms + middle - best.middle);
  return Math.abs(off) > (trip + best.trip) / 2;
}

export const isKnown = () => best !== undefined;

/** The server's time in milliseconds of Unix time. */
export const serverNow = () => (best ? best.ms + performance.now() - best.middle : Date.now());
