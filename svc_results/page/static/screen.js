// Keeps a poll's screen current.

import { RunningNumber } from "./motion.js";
import { follow, poll } from "./poll_state.js";
import { write } from "./rows.js";
import { excludedVotes, Standings } from "./standings.js";
import { count, phrase } from "./words.js";

const find = (id) => document.getElementById(id);

const standings = new Standings(find("rows"));
const total = new RunningNumber(find("total"), count);

let connected = true;
let readable = true;

function show(snapshot, phase) {
  const closed = phase === "closed";
  find("vote-at").hidden = closed;
  write(find("waiting"), phrase(poll.show_result === "on_release" ? "result_released" : "result_soon"));
  find("waiting").hidden = !closed || snapshot.result_shown;
  write(find("finality"), phrase(snapshot.final ? "final" : "counting"));
  find("finality").hidden = !closed || !snapshot.result_shown;
  readable = snapshot.current && snapshot.counted;
  showTrouble();
  if (!snapshot.result_shown) {
    find("rows").classList.add("blank");
    find("total-line").hidden = true;
  }
  if (snapshot.result) {
    find("rows").classList.remove("blank");
    find("total-line").hidden = false;
    const votes = standings.update(snapshot.result);
    total.set(votes);
    write(find("total-unit"), phrase(votes === 1 ? "one_vote" : "votes"));
    const excluded = excludedVotes(snapshot.result);
    write(find("excluded"), phrase("excluded_short", { n: count(excluded) }));
    find("excluded").hidden = !excluded;
  }
}

function showStatus(state) {
  connected = state === "live" || state === "connecting";
  showTrouble();
}

/** On a stage only the crew should notice: a small dot. */
function showTrouble() {
  find("trouble").hidden = connected && readable;
}

follow(show, showStatus);
