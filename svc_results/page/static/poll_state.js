// A poll's state: from the stream, and between two snapshots from the server's time.

import { ServerClock } from "./server_clock.js";
import { watch } from "./live.js";
import { write } from "./rows.js";
import { phrase } from "./words.js";

const find = (id) => document.getElementById(id);
const data = JSON.parse(find("poll-data").textContent);
const TICK_MS = 200;

export const poll = data;

/**
 * Follows the poll. Calls `onChange(snapshot, phase)` for each snapshot and each change of phase,
 * and `onState` as `watch` does. Keeps the text with the countdown current.
 */
export function follow(onChange, onState) {
  const api = `/api/polls/${encodeURIComponent(data.id)}`;
  const clock = new ServerClock(api, data.at);
  let snapshot = data.snapshot;
  let phase;

  function tick() {
    const before = phase;
    phase = phaseAt(snapshot, clock.now());
    showWindow(snapshot, phase, clock.now());
    return phase !== before;
  }

  function show() {
    tick();
    document.body.dataset.phase = phase;
    onChange(snapshot, phase);
  }

  watch(
    `${api}/events`,
    (next) => {
      // Other entries, another title: the page is another one. An instance that has not read that
      // change yet would have the page reloaded again and again.
      if (next.version > data.snapshot.version) return location.reload();
      if (next.version < data.snapshot.version) return undefined;
      snapshot = next;
      show();
    },
    onState,
  );
  show();
  setInterval(() => tick() && show(), TICK_MS);
}

function phaseAt({ phase, opens_at, closes_at }, now) {
  if (phase === "closed") return "closed";
  const opened = phase === "open" || (opens_at !== null && Date.parse(opens_at) <= now);
  if (!opened) return "not_open";
  return closes_at !== null && Date.parse(closes_at) <= now ? "closed" : "open";
}

function showWindow({ opens_at, closes_at }, phase, now) {
  const until = { not_open: opens_at, open: closes_at, closed: null }[phase];
  const counting = { not_open: "opens_in", open: "closes_in" }[phase];
  write(find("state"), phrase(until === null ? phase : counting));
  const left = until === null ? null : Math.max(0, Date.parse(until) - now);
  write(find("countdown"), left === null ? "" : leftText(left));
  find("band").classList.toggle("last", phase === "open" && left !== null && left <= 10_000);
}

/** What is left, rounded up: at 0:01 there is still something. */
function leftText(ms) {
  const seconds = Math.ceil(ms / 1000);
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor((seconds % 86_400) / 3600)];
  if (days) return phrase("days", { days, hours });
  const pair = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor((seconds % 3600) / 60);
  const end = `${pair(minutes)}:${pair(seconds % 60)}`;
  return hours ? `${hours}:${end}` : end.replace(/^0(?=\d:)/, "");
}
