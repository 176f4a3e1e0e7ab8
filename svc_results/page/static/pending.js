// The vote of which it is not known whether it arrived. It outlives a reload, so that it is sent
// again with its id; not the tab, as somebody else may sit there tomorrow.

const KEY = "pending-vote";

// Where storage is forbidden, this page at least knows.
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
