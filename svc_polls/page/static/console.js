// The console: signs in, keeps everything current, and makes changes.

import * as api from "./api.js";
import { change } from "./change.js";
import { confirm, dismiss, tickConfirm } from "./confirm.js";
import { isPublishing, makeActions, showDetail, showHistory, tickDetail } from "./detail.js";
import { element, put, show } from "./dom.js";
import { showList, sorted, tickList } from "./list.js";
import { dropPreviews, readPreviews } from "./previews.js";
import { askForRuling, dismissRuling } from "./ruling_dialog.js";
import { onRuling, showRulings, tickRulings } from "./rulings.js";
import { isKnown, serverNow } from "./server_clock.js";
import { showSystem } from "./system.js";
import { phrase, time } from "./words.js";

const PAUSE_MS = 1_000;
const HIDDEN_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 5_000;
const DETAIL_MS = 10_000; // events that were refused do not change a poll, only its history
const TICK_MS = 250;
const TOKEN = /^[!-~]{1,500}$/;

let organiser = null; // who is signed in
let polls = [];
let shown = null; // the selected poll, as it was read last
let readAt = 0; // when that was, by performance.now()
let system = null;
let lastSeenMs = null; // the server's time of the last answer
let isLive = false;
let failures = 0;
let isSending = false;
let timer = 0;
const outcomes = new Map();

// No element has an id with a slash: the browser must not jump to one that is called like a poll.
const selectedId = () => decodeURIComponent(location.hash.slice(2));
const isUsable = () => isLive && !isSending && system !== null && system.log.fresh;

// Signing in and out.

async function signIn(text) {
  if (!TOKEN.test(text)) {
    return phrase("bad_token");
  }
  api.keepToken(text);
  try {
    organiser = await api.me();
  } catch (error) {
    if (error.status === 401) {
      api.dropToken();
    }
    return phrase(error.status === 401 ? "wrong_token" : "cannot_reach");
  }
  enter();
  return "";
}

/** Signs in with the token that this tab has from before, as soon as the server can be reached. */
async function signInAgain() {
  const message = await signIn(api.token());
  if (!message) {
    return;
  }
  show("sign-in", true);
  put("token-error", message);
  if (api.token()) {
    setTimeout(() => organiser === null && api.token() && signInAgain(), LONGEST_PAUSE_MS);
  }
}

function enter() {
  put("name", organiser.name);
  put("roles", organiser.roles.map((role) => phrase(`role_${role}`)).join(", "));
  for (const id of ["clock-line", "who", "sign-out", "console"]) {
    show(id, true);
  }
  show("sign-in", false);
  put("token-error", "");
  failures = 0;
  refresh().then(() => (shown ? element("detail") : element("polls")).focus({ preventScroll: true }));
}

function leave(message) {
  api.dropToken();
  clearTimeout(timer);
  [organiser, polls, shown, system, lastSeenMs, isLive] = [null, [], null, null, null, false];
  outcomes.clear();
  dismiss();
  dismissRuling();
  dropPreviews();
  // Nothing of what was seen stays in the page.
  for (const id of ["polls", "history", "entries", "facts", "rulings", "instances"]) {
    element(id).replaceChildren();
  }
  for (const id of ["clock-line", "who", "sign-out", "console", "detail"]) {
    show(id, false);
  }
  show("sign-in", true);
  put("alarm", "");
  put("clock", "–");
  put("token-error", message);
  showStatus();
  element("token").focus();
}

// Keeping current.

async function refresh() {
  clearTimeout(timer);
  const asked = organiser;
  try {
    system = await api.system();
    const found = await listed();
    if (organiser !== asked || organiser === null) {
      return;
    }
    [isLive, failures, lastSeenMs] = [true, 0, serverNow()];
    if (found) {
      polls = sorted(found);
      await readShown(false);
    }
  } catch (error) {
    if (organiser !== asked || organiser === null) {
      return;
    }
    if (error.status === 401) {
      leave(phrase("expired"));
      return;
    }
    isLive = false;
    failures += 1;
  }
  if (organiser === asked && organiser !== null) {
    render();
    clearTimeout(timer);
    timer = setTimeout(refresh, pause());
  }
}

/** All polls; null while they cannot be read, which `system` explains. */
async function listed() {
  try {
    return await api.polls();
  } catch (error) {
    if (error.status === 503) {
      return null;
    }
    throw error;
  }
}

function pause() {
  if (document.hidden) {
    return HIDDEN_PAUSE_MS;
  }
  return Math.min(LONGEST_PAUSE_MS, PAUSE_MS * (1 + failures));
}

/** Reads the selected poll and its history if they may have changed; always if `anyway`. */
async function readShown(anyway) {
  let id = selectedId();
  if (!polls.some((poll) => poll.id === id)) {
    id = polls.length ? polls[0].id : "";
    history.replaceState(null, "", id ? `#/${id}` : location.pathname + location.search);
  }
  if (!id) {
    shown = null;
    return;
  }
  const listedPoll = polls.find((poll) => poll.id === id);
  const isSame = shown && shown.id === id && shown.event === listedPoll.event;
  const isOld = performance.now() - readAt > DETAIL_MS;
  if (!anyway && isSame && shown.phase === listedPoll.phase && !isOld && !isPublishing(shown)) {
    return;
  }
  const isFinal = listedPoll.phase === "final";
  const [poll, events, publication] = await Promise.all([
    api.poll(id),
    api.history(id),
    isFinal ? api.publication(id) : null,
  ]);
  if (id === selectedId()) {
    [shown, readAt] = [{ ...poll, events, publication }, performance.now()];
    showDetail(shown);
    showRulings(shown);
    readPreviews(shown);
    showHistory(events);
  }
}

// Showing.

function render() {
  showStatus();
  showAlarm();
  if (system) {
    showSystem(system);
  }
  showList(polls, shown ? shown.id : "");
  show("detail", shown !== null);
  element("language").search = new URLSearchParams({ lang: element("language").lang });
  element("language").hash = shown ? `/${shown.id}` : "";
  tick();
}

function showStatus() {
  const state = organiser === null ? "off" : isLive ? "live" : failures ? "lost" : "off";
  element("status").dataset.state = state;
  const texts = {
    off: () => phrase(organiser === null ? "signed_out" : "signing_in"),
    live: () => phrase("live"),
    lost: () => phrase("lost", { time: lastSeenMs ? time(lastSeenMs) : "–" }),
  };
  put("status-text", texts[state]());
}

function showAlarm() {
  let text = "";
  if (!isLive) {
    text = phrase("away", { time: lastSeenMs ? time(lastSeenMs) : "–" });
  } else if (system.log.halted) {
    text = phrase("halted", { reason: system.log.halted });
  } else if (!system.log.fresh) {
    text = phrase("stale");
  }
  put("alarm", text);
}

function tick() {
  if (organiser === null) {
    return;
  }
  put("clock", isKnown() ? time(serverNow()) : "–");
  tickList();
  tickConfirm();
  if (shown) {
    tickDetail(shown, organiser, isUsable());
    tickRulings(shown, organiser, isUsable());
    const outcome = outcomes.get(shown.id) ?? { text: "", kind: "" };
    element("outcome").dataset.kind = outcome.kind;
    put("outcome", outcome.text);
  }
}

// Changing.

function act(name, ruling = null) {
  if (!isUsable()) {
    return;
  }
  const poll = shown;
  const go = (body) => send(name, poll, ruling, body);
  if (name === "exclude" || name === "lift") {
    askForRuling(poll, ruling, go);
  } else {
    confirm(name, poll, ruling, go);
  }
}

async function send(name, poll, ruling, body) {
  isSending = true;
  outcomes.set(poll.id, { text: phrase("sending"), kind: "" });
  tick();
  const outcome = await change(name, poll, ruling, body);
  isSending = false;
  outcomes.set(poll.id, outcome);
  await refresh();
  await readShown(true).catch(() => {}); // what fails here is read again with the next refresh
  render();
  if (document.activeElement === document.body) {
    element("detail").focus({ preventScroll: true });
  }
}

// Events.

makeActions(act);
onRuling(act);
element("sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = element("token");
  put("token-error", await signIn(field.value.trim()));
  field.value = "";
  if (organiser === null) {
    field.focus();
  }
});
element("sign-out").addEventListener("click", () => leave(""));
element("filter").addEventListener("input", () => showList(polls, shown ? shown.id : ""));
element("skip").addEventListener("click", (event) => {
  event.preventDefault();
  (organiser ? element("polls") : element("token")).focus();
});
addEventListener("hashchange", async () => {
  if (organiser !== null && polls.length) {
    await readShown(true).catch(() => {}); // the next refresh reads it
    render();
    if (element("detail").getBoundingClientRect().top > innerHeight / 2) {
      element("detail").scrollIntoView({ block: "start" }); // it is below the list
    }
  }
});
document.addEventListener("visibilitychange", () => {
  if (organiser !== null && !document.hidden) {
    refresh();
  }
});
setInterval(tick, TICK_MS);
if (api.token()) {
  show("sign-in", false);
  signInAgain();
} else {
  element("token").focus();
}
