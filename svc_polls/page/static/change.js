// Sends a change of a poll, and says in words what became of it.

import * as api from "./api.js";
import { changeText } from "./detail.js";
import { phrase, reason, time } from "./words.js";

const PATHS = {
  open: "open",
  close: "close",
  close_at: "close",
  extend: "close",
  publish: "publish",
  release: "release",
  exclude: "rulings",
  lift: "rulings",
};

const pathOf = (name, ruling) => PATHS[name] ?? `rulings/${ruling.number}/${name}`;

/** Changes a poll, or a ruling of it, as it was seen; returns an outcome to show: its text, and whether it is good or bad. */
export async function change(name, poll, ruling, body) {
  try {
    const done = await api.change(poll.id, pathOf(name, ruling), poll.event, body);
    return { text: doneText(name, ruling, done), kind: "good" };
  } catch (error) {
    return { text: await failureText(poll.id, error), kind: "bad" };
  }
}

function doneText(name, ruling, done) {
  if (name === "publish") {
    return phrase(done.stage === "published" ? "publication_published" : "done_publish");
  }
  const at = time(Date.parse(done.effective_at));
  switch (pathOf(name, ruling)) {
    case "open":
      return phrase("done_open", { time: at });
    case "release":
      return done.poll.released ? phrase("done_release", { time: at }) : phrase("done_release_first");
    case "rulings":
      return phrase("done_propose", { n: done.poll.rulings.length });
    case `rulings/${ruling?.number}/${name}`:
      return phrase(`done_${name}`, { n: ruling.number, time: at });
    default:
      return phrase("done_close", { time: at, end: time(Date.parse(done.poll.closes_at)) });
  }
}

async function failureText(id, error) {
  switch (error.status) {
    case 401:
    case 403:
      return phrase("forbidden");
    case 412:
      return crossed(id);
    case 503:
      return phrase("unavailable", { reason: reason(error.message) });
    case 0:
    case 500:
    case 502:
    case 504:
      return phrase("unsure");
    default:
      return phrase("refused", { reason: reason(error.message) });
  }
}

/** Who changed the poll in between, and how. */
async function crossed(id) {
  try {
    const last = (await api.history(id)).filter((event) => !event.refusal).pop();
    return phrase("crossed", { author: last.author, what: changeText(last) });
  } catch {
    return phrase("crossed_unknown");
  }
}
