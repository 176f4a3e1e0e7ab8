// Asks a service again and again, until it is known what came of it.

const ATTEMPTS = 8;
const TIMEOUT_MS = 10_000;
const OFFLINE_PAUSE_SECONDS = 15;

/** Whether a status leaves open what came of it, so that it must be sent again. */
const isInconclusive = (status) => status === 408 || status === 429 || status >= 500;

/**
 * Sends `body` as JSON, or gets the URL without one. Resolves to {response, problem, unsure}, without
 * `response` when there was no conclusive one. `problem` is the machine-readable part of a refusal;
 * `unsure` says that an earlier attempt had no such answer. Calls `onWait` for each wait until the next
 * attempt with "offline", the status, or "" if there was no answer, and with the seconds. While
 * offline, attempts do not count. Waits are up to `spread` times as long, by chance, where many
 * browsers would come back at once.
 */
export async function conclude(url, body, onWait, spread = 1) {
  let unsure = false;
  for (let attempt = 1; ; ) {
    const response = await send(url, body);
    if (response && !isInconclusive(response.status)) {
      return { response, problem: response.ok ? undefined : await read(response), unsure };
    }
    unsure = true;
    if (!response && navigator.onLine === false) {
      onWait("offline", OFFLINE_PAUSE_SECONDS);
      await pause(OFFLINE_PAUSE_SECONDS, true);
      continue;
    }
    if (attempt === ATTEMPTS) return {};
    const seconds = Math.ceil(pauseAfter(response, attempt) * (1 + Math.random() * (spread - 1)));
    onWait(response ? response.status : "", seconds);
    await pause(seconds);
    attempt++;
  }
}

async function send(url, body) {
  // Not AbortSignal.timeout(), which Safari 15 lacks.
  const aborter = new AbortController();
  const timer = setTimeout(() => aborter.abort(), TIMEOUT_MS);
  const json = { accept: "application/json", ...(body && { "content-type": "application/json" }) };
  try {
    return await fetch(url, {
      method: body ? "POST" : "GET",
      headers: json,
      body: body && JSON.stringify(body),
      signal: aborter.signal,
    });
  } catch {
    // No answer: what was sent may or may not have arrived.
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
