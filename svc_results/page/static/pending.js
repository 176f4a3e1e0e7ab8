// The vote that may or may not have arrived. It survives a reload, to be sent again with the same
// id, but not the tab, because someone else may use the browser tomorrow.

const KEY = "pending-vote";

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
