// The rows of a poll's result: fills in the numbers and brings the rows into order.

import { glide } from "./motion.js";
import { write } from "./rows.js";
import { poll } from "./poll_state.js";
import { count, decimal, percent, phrase } from "./words.js";

export class Standings {
  constructor(list) {
    this.list = list;
    this.rows = new Map([...list.children].map((row) => [row.dataset.entry, row]));
  }

  /** Shows a result, the first place first; returns how many votes there are. */
  update(result) {
    const votes = result.reduce((sum, entry) => sum + entry.votes, 0);
    this.list.classList.toggle("unvoted", votes === 0);
    const most = Math.max(...result.map(measure)) || 1;
    showClassVotes(result);
    for (const entry of result) fill(this.rows.get(entry.id), entry, votes || 1, most);
    const order = result.map((entry) => this.rows.get(entry.id));
    if (order.some((row, i) => row !== this.list.children[i])) {
      glide(() => [...this.list.children].slice(0, 20), () => this.list.append(...order));
    }
    return votes;
  }
}

/** How many votes rulings exclude. */
export const excludedVotes = (result) =>
  result.reduce((sum, { excluded = 0 }) => sum + excluded, 0);

/** How many votes rulings exclude, in words; empty without rulings. */
export function excludedText({ result, rulings }, votes) {
  if (!rulings || !rulings.length) return "";
  const excluded = excludedVotes(result);
  return phrase("excluded", { counted: count(votes + excluded), excluded: count(excluded) });
}

let shownRulings = "";

/** Lists the rulings that exclude votes: why, and how many. */
export function showRulings(list, rulings) {
  const said = JSON.stringify(rulings);
  if (said === shownRulings) return;
  shownRulings = said;
  list.textContent = "";
  (rulings || []).forEach(({ reason, votes }) => {
    const [item, why] = [document.createElement("li"), document.createElement("bdi")];
    why.textContent = reason;
    item.append(why, `: ${votes === null ? phrase("excluded_soon") : count(votes)}`);
    list.append(item);
  });
}

/** What an entry's bar shows: its votes or, where classes are weighed, its score. */
const measure = ({ votes, score }) => (score === undefined ? votes : score);

/** Shows how many votes each class of voters cast. */
function showClassVotes(result) {
  document.querySelectorAll("[data-class-votes]").forEach((element, i) => {
    const votes = result.reduce((sum, entry) => sum + ofClass(entry, i), 0);
    write(element, `${count(votes)} ${phrase(votes === 1 ? "one_vote" : "votes")}`);
    element.hidden = false;
  });
}

const ofClass = ({ class_votes }, i) => (class_votes ? class_votes[i] : 0);

function fill(row, entry, all, most) {
  const { place, votes, rank_sum, score, decided_by } = entry;
  const share = score === undefined ? votes / all : score / 100;
  const values = {
    place,
    votes: count(votes),
    unit: phrase(votes === 1 ? "one_vote" : "votes"),
    share: percent(share),
    average: decimal(rank_sum / (votes || 1)),
    classes: poll.classes.map((name, i) => `${name} ${count(ofClass(entry, i))}`).join(" · "),
    tie: (votes && poll.ties[decided_by]) || "", // of what nobody voted for there is little to say
  };
  for (const element of row.querySelectorAll("[data-field]")) {
    const { field } = element.dataset;
    if (field === "bar") element.setAttribute("width", `${(100 * measure(entry)) / most}%`);
    else write(element, String(values[field]));
  }
}
