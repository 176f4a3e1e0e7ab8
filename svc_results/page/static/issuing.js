// Gets a voter's token from svc_voters: for this browser, for a code, or for an account.

import { conclude } from "./attempts.js";
import { poll } from "./poll_state.js";
import { phrase } from "./words.js";

const SERVICE = `/voters/${encodeURIComponent(poll.id)}`;
// A proof may come too late, when the browser slept meanwhile.
const PROOFS = 3;
// Before a poll opens all browsers of a hall may wait together.
const SPREAD = 2;
const PROOF_INVALID = "urn:voting:problem:proof-invalid";

/**
 * Resolves to {token}, to {problem} when it was refused for good, or to {} when the service could not be reached.
 * The same browser, code or account always gets the same token. Calls `onWait` with a text for each
 * wait until the next attempt.
 */
export async function tokenFor({ way, secret }, onWait) {
  if (way !== "open") return ask({ way, [way]: secret }, onWait);
  for (let left = PROOFS; ; left--) {
    const { response, problem } = await conclude(SERVICE, undefined, waiting(onWait), SPREAD);
    if (!response || problem) return { problem };
    const { challenge } = await response.json();
    const body = challenge ? { way, proof: await proofOf(challenge) } : { way };
    const result = await ask(body, onWait);
    if (!result.problem || result.problem.type !== PROOF_INVALID || left === 1) return result;
  }
}

async function ask(body, onWait) {
  const { response, problem } = await conclude(SERVICE, body, waiting(onWait), SPREAD);
  if (!response || problem) return { problem };
  const { voter } = await response.json();
  return { token: voter };
}

const waiting = (onWait) => (why, seconds) =>
  onWait(phrase(why === "offline" ? "ballot_offline" : why === 429 ? "ballot_busy" : "ballot_retrying", { seconds }));

// The only script of a worker of its own that the content security policy allows.
const script = new URL("proof_worker.js", import.meta.url).href;
const trusted =
  typeof trustedTypes === "object"
    ? trustedTypes.createPolicy("proof-worker", { createScriptURL: () => script }).createScriptURL("")
    : script;

/** The solved challenge as text, in ALTCHA's form. */
const proofOf = async (challenge) => btoa(JSON.stringify({ challenge, solution: await solve(challenge.parameters) }));

/** Solves a challenge beside the page, which stays quick. */
function solve(parameters) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(trusted);
    const end = (then) => (event) => {
      worker.terminate();
      then(event);
    };
    worker.onmessage = end(({ data }) => resolve(data));
    worker.onerror = end(() => reject(new Error("the worker failed")));
    worker.postMessage(parameters);
  });
}
