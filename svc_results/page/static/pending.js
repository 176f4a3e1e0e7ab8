// The vote that may or may not have arrived. It survives a reload, so that it is sent again with
// its id, but not the tab, because someone else may use the browser tomorrow.

const KEY = "pending-vote";

// Without storage, the vote is kept for the life of this page.
let kept = null;

export function keep(vote) {
  kept = vote;
  try {
    sessionStorage.setItem(KEY, JSON.stringify(vote));
  } catch {
    // Private windows of old browsers, or a voter who wants no storage.
  }
}

/** Forgets the vote with this id, and no other. */
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

/** The vote that is to be sent again, or null. */
export function pending() {
  if (kept) return kept;
  try {
    const vote = JSON.parse(sessionStorage.getItem(KEY));
    return vote && typeof vote.id === "string" ? vote : null;
  } catch {
    return null;
  }
}
