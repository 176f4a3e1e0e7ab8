// Sends a vote. A vote counts once per id, so sending it again is safe.

const ATTEMPTS = 8;
const TIMEOUT_MS = 10_000;
const OFFLINE_PAUSE_SECONDS = 15;

/** Whether a status leaves open whether the vote counts, so that it must be sent again. */
const isInconclusive = (status) => status === 408 || status === 429 || status >= 500;

/**
 * Resolves to {accepted, id, route}, to {problem, unsure} when the vote was refused for good, or to {} when
 * it is unknown whether it arrived. `unsure` says that an earlier attempt had no answer, so that the
 * vote may count all the same. Calls `onWait` with the message key for the wait until the next
 * attempt and its seconds. While offline, attempts do not count.
 */
export async function cast(vote, onWait) {
  let unsure = false;
  for (let attempt = 1; ; ) {
    const response = await send(vote);
    if (response && response.status === 202) {
      const { id } = await response.json();
      return { accepted: true, id, route: response.headers.get("x-vote-route") };
    }
    if (response && !isInconclusive(response.status)) {
      return { problem: await read(response), unsure };
    }
    unsure = true;
    if (!response && navigator.onLine === false) {
      onWait("waiting_online", OFFLINE_PAUSE_SECONDS);
      await pause(OFFLINE_PAUSE_SECONDS, true);
      continue;
    }
    if (attempt === ATTEMPTS) return {};
    const seconds = pauseAfter(response, attempt);
    onWait(wordsOf(response), seconds);
    await pause(seconds);
    attempt++;
  }
}

async function send(vote) {
  // Not AbortSignal.timeout(), which Safari 15 lacks.
  const aborter = new AbortController();
  const timer = setTimeout(() => aborter.abort(), TIMEOUT_MS);
  try {
    return await fetch("/votes", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(vote),
      signal: aborter.signal,
    });
  } catch {
    // No answer: the vote may or may not count; sending it again with the same id is safe.
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** The machine-readable part of a refusal, which selects the message in the voter's language. */
async function read(response) {
  try {
    const { field, type, voted_at } = await response.json();
    return { status: response.status, field, type, voted_at };
  } catch {
    return { status: response.status };
  }
}

function wordsOf(response) {
  if (!response) return "no_answer";
  return response.status === 429 ? "retrying_busy" : "retrying";
}

/** The seconds to wait: as the service asks, else growing with each attempt. */
function pauseAfter(response, attempt) {
  const asked = Number(response && response.headers.get("retry-after"));
  return asked > 0 ? Math.min(asked, 30) : Math.min(2 ** (attempt - 1), 15);
}

/** Waits `seconds`; with `untilOnline`, only until the browser is online. */
function pause(seconds, untilOnline = false) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", end);
      resolve();
    };
    const timer = setTimeout(end, 1000 * seconds);
    if (untilOnline) addEventListener("online", end);
  });
}

/** A random UUID; crypto.randomUUID() is missing where the page came without TLS. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
