// The list of polls: what is on comes first.

import { element, make, put, show } from "./dom.js";
import { serverNow } from "./server_clock.js";
import { count, phrase, span, time, title } from "./words.js";

const PHASES = ["open", "closed", "scheduled", "draft", "final"];
const rows = new Map();

/** What a poll waits for: a label and, where it is known, a time. */
export function nextStep(poll) {
  switch (poll.phase) {
    case "draft":
      return { label: phrase("by_hand") };
    case "scheduled":
      return { label: phrase("opens_in"), until: Date.parse(poll.opens_at) };
    case "open":
      return poll.closes_at
        ? { label: phrase("closes_in"), until: Date.parse(poll.closes_at) }
        : { label: phrase("no_end") };
    case "closed":
      return poll.settles_at
        ? { label: phrase("settles_in"), until: Date.parse(poll.settles_at) }
        : { label: phrase("closed_at"), text: time(Date.parse(poll.closes_at)) };
    default:
      return { label: phrase("closed_at"), text: time(Date.parse(poll.closes_at)) };
  }
}

/** The countdown of a step as text. */
export function left(step) {
  if (step.until === undefined) {
    return step.text ?? "";
  }
  const ms = step.until - serverNow();
  return ms > 0 ? span(ms) : phrase("any_moment");
}

function rank(poll) {
  const moment = Date.parse(poll.phase === "scheduled" ? poll.opens_at : poll.closes_at);
  return [PHASES.indexOf(poll.phase), (poll.phase === "final" ? -1 : 1) * (moment || 1e15)];
}

function before(one, other) {
  const [a, b] = [rank(one), rank(other)];
  return a[0] - b[0] || a[1] - b[1] || (one.id < other.id ? -1 : 1);
}

function newRow(id) {
  const parts = {
    badge: make("span", "badge", phrase("rehearsal")),
    phase: make("span", "phase"),
    title: make("bdi", "title"),
    id: make("code", "", id),
    step: make("span", "step"),
  };
  const link = make("a", "row");
  link.href = `#/${id}`;
  link.append(parts.phase, parts.badge, parts.title, parts.id, parts.step);
  return { item: make("li", "", "", link), link, ...parts };
}

function fill(row, poll, selected) {
  row.poll = poll;
  row.phase.dataset.phase = poll.phase;
  put(row.phase, phrase(`phase_${poll.phase}`));
  put(row.title, title(poll.titles));
  show(row.badge, poll.rehearsal);
  row.item.classList.toggle("is-rehearsal", poll.rehearsal);
  if (selected) {
    row.link.setAttribute("aria-current", "true");
  } else {
    row.link.removeAttribute("aria-current");
  }
}

/** Sorts polls: the one that needs attention first. */
export const sorted = (polls) => [...polls].sort(before);

/** Shows these polls, of which one is selected. */
export function showList(polls, selectedId) {
  const list = element("polls");
  const wanted = element("filter").value.trim().toLowerCase();
  const found = polls.filter(({ id, titles }) =>
    [id, titles.en, titles.es].some((text) => text.toLowerCase().includes(wanted)),
  );
  const items = found.map((poll) => {
    if (!rows.has(poll.id)) {
      rows.set(poll.id, newRow(poll.id));
    }
    const row = rows.get(poll.id);
    fill(row, poll, poll.id === selectedId);
    return row.item;
  });
  if (items.length !== list.children.length || items.some((item, i) => item !== list.children[i])) {
    const focused = document.activeElement;
    list.replaceChildren(...items);
    if (list.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
  }
  put("poll-count", count(found.length));
  show("no-polls", found.length === 0);
  tickList();
}

/** Sets the countdowns of the list to now. */
export function tickList() {
  for (const { item, step, poll } of rows.values()) {
    if (item.isConnected) {
      const next = nextStep(poll);
      put(step, `${next.label} ${left(next)}`.trim());
    }
  }
}
