// What this browser knows of a voter's own votes in this poll, each in its place: a slot or an entry.

import { poll } from "./poll_state.js";

// Without storage, they are kept for the life of this page.
const kept = {};

// A part of the token's nonce: it tells voters apart and lets nobody vote.
const keyOf = (token) => `own-votes:${poll.voters.scope}:${poll.id}:${token.slice(16, 28)}`;

/** The votes as [{place, entry, rank, id}], the last one last. `at` is there where the server said
 * that there was a vote before; then only the place is known for certain. */
export function ownVotes(token) {
  const key = keyOf(token);
  try {
    const votes = JSON.parse(localStorage.getItem(key));
    if (Array.isArray(votes)) return votes;
  } catch {
    // As if there were none there.
  }
  return kept[key] || [];
}

/** Notes a vote as the last one; what was known of its place stays. */
export function note(token, vote) {
  const votes = ownVotes(token);
  const known = votes.find(({ place }) => place === vote.place);
  const key = keyOf(token);
  kept[key] = [...votes.filter((one) => one !== known), { ...known, ...vote }];
  try {
    localStorage.setItem(key, JSON.stringify(kept[key]));
  } catch {
    // Then this page alone remembers it.
  }
}
