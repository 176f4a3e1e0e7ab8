// The rows of a poll's result: fills in the numbers and brings the rows into order.

import { glide } from "./motion.js";
import { write } from "./rows.js";
import { count, decimal, phrase } from "./words.js";

export class Standings {
  constructor(list) {
    this.list = list;
    this.rows = new Map([...list.children].map((row) => [row.dataset.entry, row]));
  }

  /** Shows a result, the first place first; returns how many votes there are. */
  update(result) {
    const votes = result.reduce((sum, entry) => sum + entry.votes, 0);
    this.list.classList.toggle("unvoted", votes === 0);
    const most = Math.max(1, ...result.map((entry) => entry.votes));
    for (const entry of result) fill(this.rows.get(entry.id), entry, votes || 1, most);
    const order = result.map((entry) => this.rows.get(entry.id));
    if (order.some((row, i) => row !== this.list.children[i])) {
      glide(() => [...this.list.children].slice(0, 20), () => this.list.append(...order));
    }
    return votes;
  }
}

function fill(row, { place, votes, rank_sum }, all, most) {
  const values = {
    place,
    votes: count(votes),
    unit: phrase(votes === 1 ? "one_vote" : "votes"),
    share: `${decimal((100 * votes) / all)}%`,
    average: decimal(rank_sum / (votes || 1)),
  };
  for (const element of row.querySelectorAll("[data-field]")) {
    const { field } = element.dataset;
    if (field === "bar") element.setAttribute("width", `${(100 * votes) / most}%`);
    else write(element, String(values[field]));
  }
}
