// The form of a ruling: which votes are not to count, and why.

import { element, make, put, show } from "./dom.js";
import { whatText } from "./rulings.js";
import { serverNow } from "./server_clock.js";
import { count, localValue, phrase, title, zone } from "./words.js";

const IDS_MAX = 20_000;
const HOUR_MS = 3_600_000;
// A UUID, or 26 digits of Crockford's base32 with whatever separates them.
const ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:[0-9a-z][\s_-]*){26})$/i;
const KINDS_OF_VOTES = ["ids", "class", "between"];

const dialog = element("ruling");
let asked = null;

const chosen = () => document.querySelector('input[name="which"]:checked').value;

function showChosen() {
  for (const kind of KINDS_OF_VOTES) {
    show(`by-${kind}`, !asked.lifted && chosen() === kind);
  }
  put("ruling-error", "");
}

/** Asks which votes are not to count or, with `lifted`, why those of that ruling are to count again. */
export function askForRuling(poll, lifted, go) {
  asked = { lifted, go };
  const name = lifted ? "lift" : "exclude";
  element("ruling-form").reset();
  put("ruling-title", phrase(`confirm_${name}`));
  put("ruling-poll", title(poll.definition.titles));
  put("ruling-id", poll.id);
  put("ruling-about", lifted ? `${phrase("ruling", { n: lifted.number })}: ${whatText(lifted)}` : "");
  put("ruling-effect", phrase(`effect_${name}`));
  put("ruling-final", phrase(`final_${name}`));
  put("ruling-zone", phrase("zone", { zone: zone() }));
  const classes = poll.definition.voters?.classes ?? [];
  element("ruling-class").replaceChildren(...classes.map((one) => make("option", "", one.name)));
  show("which", !lifted);
  show("which-class", classes.length > 0);
  element("ruling-from").value = localValue(serverNow() - HOUR_MS);
  element("ruling-until").value = localValue(serverNow());
  showChosen();
  dialog.showModal();
  element(lifted ? "ruling-reason" : "which-ids").focus();
}

export const dismissRuling = () => dialog.close();

/** Which votes, as the API wants it; the second value says what is wrong and where. */
function selection() {
  if (asked.lifted) {
    return [{ lifts: asked.lifted.number }];
  }
  switch (chosen()) {
    case "ids":
      return idsGiven();
    case "class":
      return [{ voter_class: element("ruling-class").value }];
    default:
      return timesGiven();
  }
}

function idsGiven() {
  const lines = element("ruling-ids").value.split("\n").map((line) => line.trim());
  const wrong = lines.findIndex((line) => line && !ID.test(line));
  const ids = lines.filter(Boolean);
  if (wrong >= 0) {
    return [null, { field: "ruling-ids", text: phrase("ids_wrong", { n: wrong + 1 }) }];
  }
  if (!ids.length || ids.length > IDS_MAX) {
    const text = ids.length ? phrase("ids_many", { n: count(IDS_MAX) }) : phrase("ids_none");
    return [null, { field: "ruling-ids", text }];
  }
  return [{ ids }];
}

function timesGiven() {
  const [from, until] = ["ruling-from", "ruling-until"].map((id) => new Date(element(id).value));
  if (!(until > from)) {
    return [null, { field: "ruling-until", text: phrase("times_wrong") }];
  }
  return [{ between: { from: from.toISOString(), until: until.toISOString() } }];
}

element("ruling-cancel").addEventListener("click", dismissRuling);
element("which").addEventListener("change", showChosen);
element("ruling-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const reason = element("ruling-reason").value.trim();
  let [body, wrong] = selection();
  if (!wrong && !reason) {
    wrong = { field: "ruling-reason", text: phrase("reason_none") };
  }
  if (wrong) {
    put("ruling-error", wrong.text);
    element(wrong.field).focus();
    return;
  }
  dialog.close();
  asked.go({ ...body, reason });
});
