// What open proposals would take, or give back, as of now.

import * as api from "./api.js";
import { count, phrase, reason } from "./words.js";

const AGAIN_MS = 1_000; // while something is being counted
const COUNTING = { state: "counting" };
const known = new Map(); // previews as they were read last, and of which state of the poll
let pass = 0;

const keyOf = (poll, ruling) => `${poll.id}/${ruling.number}`;

/** The preview that was read of this state of the poll: another ruling may have changed it. */
function found(poll, ruling) {
  const { preview, event } = known.get(keyOf(poll, ruling)) ?? {};
  return event === poll.event ? preview : null;
}

/** What an open proposal would do, in words. */
export function previewText(poll, ruling) {
  const { state, votes, votes_now: all, reason: why } = found(poll, ruling) ?? COUNTING;
  if (state === "counted") {
    return phrase(ruling.lifts === null ? "preview_takes" : "preview_gives", { n: count(votes), all: count(all) });
  }
  return phrase(`preview_${state}`, { reason: why ? reason(why) : "" });
}

/** Reads the previews of a poll's open proposals, one after the other, those first that were never read. */
export async function readPreviews(poll) {
  pass += 1;
  const mine = pass;
  const isKnown = (ruling) => Number(found(poll, ruling) !== null);
  const open = poll.rulings.filter((ruling) => ruling.state === "proposed");
  let again = false;
  for (const ruling of open.sort((one, other) => isKnown(one) - isKnown(other))) {
    const preview = await read(poll, ruling);
    if (mine !== pass) {
      return; // a newer reading is under way, or nobody is signed in
    }
    if (preview) {
      known.set(keyOf(poll, ruling), { preview, event: poll.event });
      again ||= preview.state === "counting";
    }
  }
  if (again) {
    setTimeout(() => mine === pass && readPreviews(poll), AGAIN_MS);
  }
}

async function read(poll, ruling) {
  try {
    return (await api.preview(poll.id, ruling.number)).preview;
  } catch (error) {
    return { state: "unknown", reason: error.message };
  }
}

/** Forgets what was read. */
export function dropPreviews() {
  pass += 1;
  known.clear();
}
