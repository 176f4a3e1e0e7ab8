// Keeps a poll's page current: state and countdown, the ballot, the result.

import { Ballot } from "./ballot.js";
import { RunningNumber } from "./motion.js";
import { follow, poll } from "./poll_state.js";
import { write } from "./rows.js";
import { excludedText, showRulings, Standings } from "./standings.js";
import { VoterBallot } from "./voter_ballot.js";
import { count, phrase } from "./words.js";

const find = (id) => document.getElementById(id);
const FEW = 10;

const ballot = poll.voters ? new VoterBallot() : new Ballot();
const standings = new Standings(find("rows"));
const total = new RunningNumber(find("total"), count);
let announced;

function show(snapshot, phase) {
  ballot.setPhase(phase);
  find("by-hand").hidden = phase !== "not_open" || snapshot.opens_at !== null;
  find("stale-notice").hidden = snapshot.current;
  find("tally-notice").hidden = snapshot.counted;
  write(find("result-title"), phrase(titleOf(snapshot)));
  write(find("waiting"), phrase(waitingFor(phase)));
  find("waiting").hidden = snapshot.result_shown;
  find("counting").hidden = !(snapshot.result_shown && phase === "closed" && !snapshot.final);
  find("signed").hidden = !snapshot.signed;
  if (!snapshot.result_shown) find("board").hidden = true;
  if (snapshot.result) {
    find("board").hidden = false;
    const votes = standings.update(snapshot.result);
    total.set(votes);
    write(find("total-unit"), phrase(votes === 1 ? "one_vote" : "votes"));
    const excluded = excludedText(snapshot, votes);
    write(find("excluded"), excluded);
    find("excluded").hidden = find("why").hidden = !excluded;
    showRulings(find("rulings"), snapshot.rulings);
  }
  if (announced !== undefined && announced !== phase) write(find("announcer"), phrase(phase));
  announced = phase;
}

const titleOf = ({ final, result_shown }) => (final ? "final" : result_shown ? "so_far" : "result");

function waitingFor(phase) {
  if (poll.show_result === "on_release") return "result_released";
  if (poll.show_result === "live") return "result_live";
  return phase === "closed" ? "result_soon" : "result_follows";
}

/** While all is well there is nothing to say. */
function showStatus(state) {
  find("status").dataset.state = state;
  find("status").hidden = state === "live" || state === "connecting";
  write(find("status-text"), phrase(state));
}

function offerAll() {
  const rows = find("rows");
  const button = find("show-all");
  const all = rows.children.length;
  if (all <= FEW) return;
  const toggle = (few) => {
    rows.classList.toggle("few", few);
    button.setAttribute("aria-expanded", !few);
    write(button, few ? phrase("show_all", { n: count(all) }) : phrase("show_less"));
  };
  button.hidden = false;
  button.addEventListener("click", () => toggle(!rows.classList.contains("few")));
  toggle(true);
}

offerAll();
follow(show, showStatus);
ballot.resume();
