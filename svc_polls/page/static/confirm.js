// The question before each change: which poll, from when on, and what cannot be undone.

import { element, make, put, show } from "./dom.js";
import { previewText } from "./previews.js";
import { serverNow } from "./server_clock.js";
import { whatText } from "./rulings.js";
import { localValue, phrase, span, time, title, zone } from "./words.js";

const LEAD_MS = 11_000;
const MINUTE_MS = 60_000;
const QUICK = [1, 5, 10];
// How far the clock of the log may be ahead, and the time for the request.
const MARGIN_MS = 1_000;
const KINDS = {
  open: "open",
  close: "close",
  close_at: "end",
  extend: "end",
  publish: "publish",
  release: "release",
  approve: "approve",
  refuse: "refuse",
};

const dialog = element("confirm");
let asked = null;

const newEnd = () => new Date(element("new-end").value).getTime();

/** Sets what depends on the time to now. */
export function tickConfirm() {
  if (!asked) {
    return;
  }
  if (asked.ruling) {
    put("confirm-preview", previewText(asked.poll, asked.ruling));
  }
  const now = serverNow();
  if (asked.kind !== "end") {
    put("effect", phrase(`effect_${asked.effect}`, { time: time(now + LEAD_MS) }));
  } else if (newEnd()) {
    put("effect", phrase("effect_end", { time: time(newEnd()), left: span(newEnd() - now) }));
  } else {
    put("effect", phrase("effect_end_unset"));
  }
}

function askForEnd(poll) {
  const end = Date.parse(poll.closes_at);
  const base = end || Math.ceil(serverNow() / 1000) * 1000;
  element("new-end").value = localValue(base + 5 * MINUTE_MS);
  put("zone", phrase("zone", { zone: zone() }));
  element("quick").replaceChildren(
    ...QUICK.map((minutes) => {
      const button = make("button", "plain", phrase("plus", { n: minutes }));
      button.type = "button";
      button.addEventListener("click", () => {
        element("new-end").value = localValue(base + minutes * MINUTE_MS);
        put("new-end-error", "");
        tickConfirm();
      });
      return button;
    }),
  );
}

/** Whether somebody who releases the result now is the first of two. */
const isFirst = ({ definition, released_by: by }) => definition.releasers > by.length + 1;

/** Asks whether to do this with a poll, or with a ruling of it; calls `go` with the body of the request if so. */
export function confirm(name, poll, ruling, go) {
  const kind = KINDS[name];
  asked = { kind, effect: name === "release" && isFirst(poll) ? "release_first" : kind, poll, ruling, go };
  put("confirm-preview", "");
  put("confirm-title", phrase(`confirm_${kind}`));
  put("confirm-poll", title(poll.definition.titles));
  put("confirm-id", poll.id);
  show("confirm-ruling", ruling !== null);
  if (ruling) {
    put("confirm-what", `${phrase("ruling", { n: ruling.number })}: ${whatText(ruling)}`);
    put("confirm-reason", ruling.reason);
  }
  show("confirm-rehearsal", poll.definition.rehearsal);
  put("final", phrase(`final_${kind}`));
  put("go", phrase(kind === "end" ? "set_end" : name));
  element("go").className = name === "close" ? "danger" : "main";
  put("new-end-error", "");
  show("when", kind === "end");
  if (kind === "end") {
    askForEnd(poll);
  }
  tickConfirm();
  dialog.showModal();
  element(kind === "end" ? "new-end" : "cancel").focus();
}

/** Closes the question without doing anything. */
export const dismiss = () => dialog.close();

element("cancel").addEventListener("click", dismiss);
element("new-end").addEventListener("input", () => {
  put("new-end-error", "");
  tickConfirm();
});
// The event comes a moment after the closing: by then the next question may be open.
dialog.addEventListener("close", () => {
  if (!dialog.open) {
    asked = null;
  }
});
element("confirm-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const { kind, go } = asked;
  let body;
  if (kind === "end") {
    if (!(newEnd() >= serverNow() + LEAD_MS + MARGIN_MS)) {
      put("new-end-error", phrase("end_too_soon"));
      element("new-end").focus();
      return;
    }
    body = { closes_at: new Date(newEnd()).toISOString() };
  }
  dialog.close();
  go(body);
});
