// The token of a voter, from the link on a ticket or from its code. A secret: it leaves this browser
// only in the body of a vote. The browser keeps it for all polls of its scope.

// Imports nothing and is loaded ahead of the page's script, to take the token out of the address at once.

const { voters } = JSON.parse(document.getElementById("poll-data").textContent);
const KEY = voters && `voter:${voters.scope}`;
const TOKEN = /^[A-Za-z0-9_-]{52}$/;

// Where storage is refused, the token is kept for the life of this page.
let kept = null;
let lastLink; // what is wrong with it, "" if nothing; undefined before the first
let onLink = () => undefined;

/** The voter's token, or null. */
export function voter() {
  if (kept) return kept;
  try {
    const token = localStorage.getItem(KEY);
    return TOKEN.test(token) ? token : null;
  } catch {
    return null;
  }
}

export function admit(token) {
  kept = null;
  try {
    localStorage.setItem(KEY, token);
  } catch {
    kept = token;
  }
}

/** Whether the token outlives this page. */
export const isStored = () => !kept;

/** Forgets the token, unless another one has taken its place. */
export function forget(token) {
  if (voter() !== token) return;
  kept = null;
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Then nothing was kept.
  }
}

/** The token in a code or in a whole link, or null. Line breaks and blanks do not matter. */
export function tokenIn(text) {
  const code = text.replace(/\s/g, "").replace(/^.*[#&]voter=/, "").replace(/&.*$/, "");
  return TOKEN.test(code) ? code : null;
}

/** Calls `listener` for each link with which the page was opened: with "", or the key of what is wrong. */
export function followLinks(listener) {
  onLink = listener;
  if (lastLink !== undefined) listener(lastLink);
}

function takeLink() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  if (!fragment.has("voter")) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  const token = tokenIn(fragment.get("voter"));
  if (token) admit(token);
  lastLink = token ? "" : "bad_link";
  onLink(lastLink);
}

if (voters) {
  takeLink();
  addEventListener("hashchange", takeLink);
}
