// The rulings of the selected poll: which votes do not count, why, and who decided so.

import * as api from "./api.js";
import { element, make, put, show } from "./dom.js";
import { previewText } from "./previews.js";
import { count, phrase, reason, time } from "./words.js";

const BUTTONS = { proposed: ["approve", "refuse"], in_force: ["lift"] };
let cards = []; // of each ruling: itself, its preview, a hint, and its buttons by name
let act = () => {};

/** `pressed` is called with the name of a button and its ruling. */
export function onRuling(pressed) {
  act = pressed;
}

const moment = (text) => time(Date.parse(text));

/** Which votes a ruling is about, in words. */
export function whatText({ ids, batch, voter_class, between, lifts }) {
  if (ids !== null) {
    return phrase(batch === null ? "what_ids" : "what_batch", { n: count(ids), batch });
  }
  if (voter_class !== null) {
    return phrase("what_class", { name: voter_class });
  }
  if (between !== null) {
    return phrase("what_between", { from: moment(between.from), until: moment(between.until) });
  }
  return phrase("what_lifts", { n: lifts });
}

/** The ruling that must be decided before the result is published. */
export const waiting = (poll) => poll.rulings.find((ruling) => ruling.state === "proposed");

function whoText(ruling) {
  const proposed = phrase("proposed_by", { author: ruling.author });
  if (ruling.decider === null) {
    return `${proposed}.`;
  }
  return `${proposed}, ${phrase(`decided_${ruling.state}`, { author: ruling.decider })}.`;
}

function idsOf(poll, ruling) {
  const list = make("pre", "ids");
  list.tabIndex = 0;
  const details = make("details", "", "", make("summary", "", phrase("show_ids")), list);
  details.addEventListener("toggle", async () => {
    if (!details.open || list.textContent) {
      return;
    }
    try {
      put(list, (await api.ruling(poll.id, ruling.number)).ids.join("\n"));
    } catch (error) {
      put(list, phrase("ids_unread", { reason: reason(error.message) }));
    }
  });
  return details;
}

function buttonsOf(poll, ruling) {
  const names = ruling.lifts !== null && ruling.state === "in_force" ? [] : (BUTTONS[ruling.state] ?? []);
  return names.map((name) => {
    const button = make("button", name === "approve" ? "main" : "plain", phrase(name));
    button.type = "button";
    button.id = `${name}-${ruling.number}`;
    button.setAttribute("aria-label", phrase(`number_${name}`, { n: ruling.number }));
    if (ruling.state === "proposed") {
      button.setAttribute("aria-describedby", `preview-${ruling.number}`);
    }
    button.addEventListener("click", () => act(name, ruling));
    return [name, button];
  });
}

function card(poll, ruling) {
  const state = phrase(`ruling_${ruling.state}`, { n: ruling.lifted_by });
  const name = make("strong", "", phrase("ruling", { n: ruling.number }));
  const head = make("p", "", "", name, " – ", make("span", "ruling-state", state));
  const why = make("p", "", `${phrase("reason")}: `, make("bdi", "ruling-reason", ruling.reason));
  const reach = ruling.lifts === null ? ` ${phrase("reach", { time: moment(ruling.proposed_at) })}` : "";
  const buttons = buttonsOf(poll, ruling);
  const preview = make("p", "preview");
  preview.id = `preview-${ruling.number}`;
  show(preview, ruling.state === "proposed");
  const hint = make("p", "soft own-proposal", phrase("own_proposal"));
  const made = make(
    "li", ruling.lifts === null ? "" : "is-lift", "", head, make("p", "", whatText(ruling)), why, make("p", "soft", whoText(ruling) + reach),
    ...(ruling.ids === null ? [] : [idsOf(poll, ruling)]),
    preview, hint, make("div", "buttons", "", ...buttons.map(([, button]) => button)),
  );
  made.dataset.state = ruling.state;
  cards.push({ ruling, preview, hint, buttons: new Map(buttons) });
  return made;
}

/** Shows the rulings, the newest first. */
export function showRulings(poll) {
  cards = [];
  show("rulings-part", poll.rulings.length > 0);
  const focused = document.activeElement?.id;
  element("rulings").replaceChildren(...[...poll.rulings].reverse().map((ruling) => card(poll, ruling)));
  if (focused && document.activeElement === document.body) {
    element(focused)?.focus({ preventScroll: true });
  }
}

/** Sets the previews to what is known of them, and the buttons to what the organiser may do now. */
export function tickRulings(poll, organiser, usable) {
  const may = usable && organiser.roles.includes("releaser") && !poll.published;
  for (const { ruling, preview, hint, buttons } of cards) {
    if (ruling.state === "proposed") {
      put(preview, previewText(poll, ruling));
    }
    const own = ruling.author === organiser.name;
    show(hint, may && own && ruling.state === "proposed");
    for (const [name, button] of buttons) {
      show(button, may && !(own && name === "approve"));
    }
  }
}
