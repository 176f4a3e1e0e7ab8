// The selected poll: its state, what one may do with it, and its history.

import { element, make, put, show } from "./dom.js";
import { left, nextStep } from "./list.js";
import { waiting } from "./rulings.js";
import { serverNow } from "./server_clock.js";
import { count, otherTitle, phrase, reason, time, title } from "./words.js";

const LEAD_MS = 11_000;
const LONG_TITLE = 80; // characters
const ACTIONS = ["open", "close", "close_at", "extend", "publish", "release", "exclude"];
const FOR_RELEASERS = ["publish", "release", "exclude"];
const LOOKS = { close: "danger", exclude: "plain" };
const RUNNING = ["counting", "comparing", "writing"];
const buttons = new Map();

/** Makes the buttons; `act` is called with the name of the one that is pressed. */
export function makeActions(act) {
  for (const name of ACTIONS) {
    const button = make("button", LOOKS[name] ?? "main", phrase(name));
    button.type = "button";
    button.id = `do-${name}`;
    button.hidden = true;
    button.addEventListener("click", () => act(name));
    buttons.set(name, button);
    element("actions").append(button);
  }
}

/** What the state of a poll allows, whoever asks. */
function possible(poll) {
  const closes = Date.parse(poll.closes_at);
  switch (poll.phase) {
    case "draft":
      return ["open"];
    case "open":
      if (closes && closes - serverNow() < LEAD_MS) {
        return ["exclude"];
      }
      return ["close", closes ? "extend" : "close_at", "exclude"];
    case "closed":
      return ["exclude"];
    case "final":
      return finalActions(poll);
    default:
      return [];
  }
}

function finalActions(poll) {
  const { show_result: shown, releasers } = poll.definition;
  const publish = !poll.published && !isPublishing(poll) && !waiting(poll);
  const release = shown === "on_release" && !poll.released && (releasers === 1 || poll.published);
  const names = { publish, release, exclude: !poll.published };
  return Object.keys(names).filter((name) => names[name]);
}

/** Whether the result is being published, so that there is progress to show. */
export function isPublishing(poll) {
  return RUNNING.includes(poll.publication?.stage);
}

const roleFor = (name) => (FOR_RELEASERS.includes(name) ? "releaser" : "operator");

function showActions(poll, organiser, usable) {
  const names = possible(poll);
  const may = (name) => organiser.roles.includes(roleFor(name));
  const didRelease = poll.released_by.includes(organiser.name);
  for (const [name, button] of buttons) {
    const again = name === "release" && didRelease;
    const visible = names.includes(name) && may(name) && usable && !again;
    if (!visible && button === document.activeElement) {
      element("detail").focus({ preventScroll: true });
    }
    show(button, visible);
  }
  put("role-hint", hintText(poll, names, may, didRelease));
}

/** Why something is not offered. */
function hintText(poll, names, may, didRelease) {
  if (poll.phase === "open" && !names.includes("close")) {
    return phrase("closing_soon");
  }
  if (names.length && !may(names[0])) {
    return phrase(`need_${roleFor(names[0])}`);
  }
  if (poll.phase !== "final") {
    return "";
  }
  if (!poll.published && waiting(poll)) {
    return phrase("decide_first", { n: waiting(poll).number });
  }
  if (poll.definition.releasers > 1 && !poll.published) {
    return phrase("publish_first");
  }
  return didRelease && !poll.released ? phrase("release_other") : "";
}

/** Sets the countdown and the buttons to now; none are `usable` while changes cannot be made. */
export function tickDetail(poll, organiser, usable) {
  const step = nextStep(poll);
  put("count-label", step.label);
  put("count", left(step));
  showActions(poll, organiser, usable);
}

function scaleText({ min, max }) {
  return min === max ? phrase("pick_one") : phrase("rank_range", { min, max });
}

function votersText(voters) {
  if (!voters) {
    return phrase("voters_anybody");
  }
  const kind = voters.per_entry ? "per_entry" : voters.votes === 1 ? "one" : "several";
  return phrase(`voters_${kind}`, { ...voters, votes: count(voters.votes) });
}

/** Where voters get their tokens. */
function waysText({ ways }) {
  return ways.length ? ways.map((way) => phrase(`way_${way}`)).join(", ") : phrase("way_none");
}

function classesText({ classes }) {
  return classes.map(({ name, weight }) => phrase("class_weight", { name, weight: count(weight) })).join(", ");
}

/** How far the publication of the result is. */
function publicationText({ stage, records, all_records, reason: why }) {
  const numbers = { n: count(records), all: count(all_records), reason: why === null ? "" : reason(why) };
  return phrase(`publication_${stage}`, numbers);
}

/** The rules for ties in their order: `class:NAME`, or the name of a rule. */
function tiesText(ties) {
  const inWords = (rule) => {
    const [kind, name] = rule.split(":");
    return phrase(`tie_${kind}`, { name });
  };
  return ties.length ? ties.map(inWords).join(", ") : phrase("ties_shared");
}

/** Whose tokens were taken back: `class NAME` or `batch NUMBER`, in words. */
function whoseText(revoked) {
  const [kind, name] = revoked.split(" ");
  return phrase(`whose_${kind}`, { name });
}

function releasedText({ released, released_by: by }) {
  return released ? by.join(", ") : phrase("released_one", { author: by[0] });
}

function moment(text) {
  return text ? time(Date.parse(text)) : phrase("unset");
}

/** Shows a poll as GET /api/polls/<id> has it, with its `publication` once it is final. */
export function showDetail(poll) {
  const { definition } = poll;
  const detail = element("detail");
  detail.dataset.phase = poll.phase;
  detail.classList.toggle("is-rehearsal", definition.rehearsal);
  show("rehearsal", definition.rehearsal);
  element("phase").dataset.phase = poll.phase;
  put("phase", phrase(`phase_${poll.phase}`));
  put("poll-id", poll.id);
  put("poll-title", title(definition.titles));
  element("poll-title").classList.toggle("is-long", title(definition.titles).length > LONG_TITLE);
  put("other-title", otherTitle(definition.titles));
  const facts = [
    ["opens_at", moment(poll.opens_at)],
    ["closes_at", moment(poll.closes_at)],
    ["shown", phrase(definition.releasers > 1 ? "show_on_release_two" : `show_${definition.show_result}`)],
    ...(poll.released_by.length ? [["released_by", releasedText(poll)]] : []),
    ["visible_now", phrase(poll.shows_result ? "visible_yes" : "visible_no")],
    ["scale", scaleText(definition.scale)],
    ["voters", votersText(definition.voters)],
    ...(definition.voters ? [["ways", waysText(definition.voters)]] : []),
    ...(definition.voters && definition.voters.classes.length > 1
      ? [["classes", classesText(definition.voters)]]
      : []),
    ["ties", tiesText(definition.ties)],
    ...(poll.revoked.length ? [["revoked", poll.revoked.map(whoseText).join(", ")]] : []),
    ...(poll.publication ? [["publication", publicationText(poll.publication)]] : []),
    ["event", count(poll.event)],
  ];
  element("facts").replaceChildren(
    ...facts.map(([key, text]) => make("div", "", "", make("dt", "", phrase(key)), make("dd", "", text))),
  );
  put("entries-summary", phrase("entries", { n: count(definition.entries.length) }));
  element("entries").replaceChildren(
    ...definition.entries.map(({ id, name, album, year }) => {
      const [what, who] = [make("bdi", "title", album), make("bdi", "", name)];
      return make("li", "", "", what, " – ", who, ` (${year}) `, make("code", "", id));
    }),
  );
}

/** What an event did, in words. */
export function changeText(event) {
  if (event.change === "define" && event.fields.length) {
    const fields = event.fields.map((name) => phrase(`field_${name}`));
    return phrase("change_redefine", { fields: fields.join(", ") });
  }
  if (event.change === "close" && !event.closes_at) {
    return phrase("change_close_now");
  }
  if (event.change === "close") {
    return phrase("change_close", { time: moment(event.closes_at) });
  }
  if (event.change === "revoke") {
    return phrase("change_revoke", { whose: whoseText(event.revoked) });
  }
  return phrase(`change_${event.change}`, { n: event.ruling ?? "–" });
}

/** Shows the events of a poll, the newest first. */
export function showHistory(events) {
  element("history").replaceChildren(
    ...[...events].reverse().map((event) => {
      const what = make("td", "", changeText(event));
      if (event.refusal) {
        const why = phrase("refused_event", { reason: reason(event.refusal) });
        what.append(make("span", "refusal", why));
      }
      const when = make("time", "", moment(event.appended_at));
      when.dateTime = event.appended_at;
      const who = make("td", "", "", make("bdi", "", event.author));
      const row = make("tr", event.refusal ? "is-refused" : "");
      row.append(make("td", "", "", when), who, what);
      return row;
    }),
  );
}
