// Sends a vote. A vote counts once per id, so to send it again is safe.

const ATTEMPTS = 8;
const PATIENCE = 10_000;

/** Whether an answer leaves open what became of the vote: the same vote has to be sent again. */
const isOpen = (status) => status === 408 || status === 429 || status >= 500;

/**
 * Resolves to {accepted, id, route}, to {problem} when the vote breaks a rule, or to {} when it
 * could not be delivered. Calls `onWait` with the seconds until the next attempt.
 */
export async function cast(vote, onWait) {
  for (let attempt = 1; ; attempt++) {
    const response = await send(vote);
    if (response?.status === 202) {
      const { id } = await response.json();
      return { accepted: true, id, route: response.headers.get("x-vote-route") };
    }
    if (response && !isOpen(response.status)) return { problem: await read(response) };
    if (attempt === ATTEMPTS) return {};
    const seconds = pause(response, attempt);
    onWait(seconds);
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  }
}

async function send(vote) {
  try {
    return await fetch("/votes", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(vote),
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch {
    // No answer: it may have been counted or not, and the same id settles it.
    return undefined;
  }
}

async function read(response) {
  try {
    return await response.json();
  } catch {
    return { detail: `${response.status} ${response.statusText}` };
  }
}

/** The seconds that the service asks for, else longer from time to time. */
function pause(response, attempt) {
  const asked = Number(response?.headers.get("retry-after"));
  return asked > 0 ? Math.min(asked, 30) : Math.min(2 ** (attempt - 1), 15);
}
