// The vote that may or may not have arrived. It survives a reload, to be sent again with the same
// id, but not the tab, because someone else may use the browser tomorrow.

// A vote in a poll is kept apart from one of the open poll, each for the page it belongs to.
const page = /^\/p\/([^/]+)/.exec(location.pathname);
const KEY = page ? `pending-vote:${page[1]}` : "pending-vote";

// Without storage, the vote is kept for the life of this page.
let kept = null;

export function keep(vote) {
  kept = vote;
  try {
    sessionStorage.setItem(KEY, JSON.stringify(vote));
  } catch {
    // A private window of an old browser, or storage is disabled.
  }
}

/** Forgets the vote if it has this id. */
export function settle(id) {
  const vote = pending();
  if (!vote || vote.id !== id) return;
  kept = null;
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Then nothing was kept.
  }
}

/** The vote to send again, or null. */
export function pending() {
  if (kept) return kept;
  try {
    const vote = JSON.parse(sessionStorage.getItem(KEY));
    return vote && typeof vote.id === "string" ? vote : null;
  } catch {
    return null;
  }
}

/** Removes the answer to a form sent by the browser from the URL, so that a reload does not show it.
 * Returns the vote's id, if there is an answer. */
export function forgetAnswer() {
  const query = new URLSearchParams(location.search);
  if (!query.has("voted")) return undefined;
  const id = query.get("voted");
  settle(id);
  query.delete("voted");
  const search = query.toString();
  history.replaceState(null, "", location.pathname + (search && `?${search}`) + location.hash);
  return id;
}
