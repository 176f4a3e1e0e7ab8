// What lets a voter vote: a token, or a code or an identity that svc_voters exchanges for one. All of
// them are secrets. A token leaves this browser only in the body of a vote; the browser keeps it for all polls of
// its scope.

// Imports nothing and is loaded ahead of the page's script, to take secrets out of the address at once.

const { voters } = JSON.parse(document.getElementById("poll-data").textContent);
const KEY = voters && `voter:${voters.scope}`;
const WAY = voters && `voter-way:${voters.scope}`;
const ARRIVAL = voters && `voter-arrival:${voters.scope}`;
const TOKEN = /^[A-Za-z0-9_-]{52}$/;
const CODE = /^[0-9A-TV-Za-tv-z]{16}$/;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const JWT_MAX = 8192;

// Where storage is refused, they are kept for the life of this page.
let kept = null;
let keptWay = null;
let keptArrival = null;
let lastLink; // what is wrong with it, "" if nothing; undefined before the first
let onLink = () => undefined;

/** The voter's token, or null. */
export function voter() {
  if (kept) return kept;
  const token = read(() => localStorage, KEY);
  return TOKEN.test(token) ? token : null;
}

/** How the token came: "open", "code", "identity", or "ticket". */
export const wayOfVoter = () => (kept ? keptWay : read(() => localStorage, WAY)) || "ticket";

export function admit(token, way) {
  kept = null;
  const stored = write(() => localStorage, WAY, way) && write(() => localStorage, KEY, token);
  if (!stored) [kept, keptWay] = [token, way];
}

/** Whether the token outlives this page. */
export const isStored = () => !kept;

/** Forgets the token, unless another one has taken its place. */
export function forget(token) {
  if (voter() !== token) return;
  kept = null;
  write(() => localStorage, KEY, null);
}

/** What came with a link or was entered and is still to be exchanged for a token, {way, secret}, or null. It
 * survives a reload. */
export function arrival() {
  if (keptArrival) return keptArrival;
  try {
    const found = JSON.parse(sessionStorage.getItem(ARRIVAL));
    return found && typeof found.secret === "string" ? found : null;
  } catch {
    return null;
  }
}

/** Keeps what arrived; null forgets it. */
export function setArrival(what) {
  const stored = write(() => sessionStorage, ARRIVAL, what && JSON.stringify(what));
  keptArrival = stored ? null : what;
}

/**
 * What a text has, that was entered or scanned: {way, secret} with the way "ticket" for a token, or null.
 * It may be a whole link. Line breaks and blanks do not matter, nor in a code do dashes.
 */
export function secretIn(text) {
  const bare = text.replace(/\s/g, "").replace(/^.*[#&](voter|code)=/, "").replace(/&.*$/, "");
  if (TOKEN.test(bare)) return { way: "ticket", secret: bare };
  const code = bare.replace(/[-_\u2010-\u2015\u2212]/g, "");
  return CODE.test(code) ? { way: "code", secret: code } : null;
}

/** Calls `listener` for each link with which the page was opened: with "", or the key of what is wrong. */
export function followLinks(listener) {
  onLink = listener;
  if (lastLink !== undefined) listener(lastLink);
}

function takeLink() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const name = ["voter", "code", "identity"].find((one) => fragment.has(one));
  if (!name) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  lastLink = take(name, fragment.get(name));
  onLink(lastLink);
}

/** Takes what a link brought; returns "", or the key of what is wrong. */
function take(name, value) {
  if (name === "identity") {
    if (!JWT.test(value) || value.length > JWT_MAX) return "bad_identity";
    setArrival({ way: "identity", secret: value });
    return "";
  }
  const found = secretIn(value);
  if (!found) return "bad_link";
  if (found.way === "code") setArrival(found);
  else admit(found.secret, "ticket");
  return "";
}

function read(storage, key) {
  try {
    return storage().getItem(key);
  } catch {
    return null;
  }
}

/** Writes a text, or with null removes it; returns whether that was possible. */
function write(storage, key, text) {
  try {
    if (text === null) storage().removeItem(key);
    else storage().setItem(key, text);
    return true;
  } catch {
    return false;
  }
}

if (voters) {
  takeLink();
  addEventListener("hashchange", takeLink);
}
