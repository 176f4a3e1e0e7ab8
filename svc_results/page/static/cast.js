// Sends a vote. A vote counts once per id, so sending it again is safe.

import { conclude } from "./attempts.js";

const WORDS = { "": "no_answer", 429: "retrying_busy" };

/**
 * Resolves to {accepted, id, route}, to {problem, unsure} when the vote was refused for good, or to {} when
 * it is unknown whether it arrived. `unsure` says that an earlier attempt had no answer, so that the
 * vote may count all the same. Calls `onWait` with the message key for the wait until the next
 * attempt and its seconds.
 */
export async function cast(vote, onWait) {
  const { response, problem, unsure } = await conclude("/votes", vote, (why, seconds) =>
    onWait(why === "offline" ? "waiting_online" : WORDS[why] || "retrying", seconds),
  );
  if (!response) return {};
  if (response.status !== 202) return { problem, unsure };
  const { id } = await response.json();
  return { accepted: true, id, route: response.headers.get("x-vote-route") };
}

/** A random UUID; crypto.randomUUID() is missing where the page came without TLS. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
