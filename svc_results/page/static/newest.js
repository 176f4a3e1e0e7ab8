// The newest entries of the vote log, live until the visitor turns to older ones.

import { glide } from "./motion.js";
import { arrange, makeRow, paintCover, write } from "./rows.js";
import { routeName, phrase, time } from "./words.js";

// Under load the list changes with each snapshot; readers need it to stay still for a moment.
const REST_MS = 1000;

export class Newest {
  constructor() {
    this.body = document.getElementById("votes");
    this.empty = document.getElementById("no-votes");
    this.older = document.getElementById("older");
    this.back = document.getElementById("back");
    this.rows = new Map();
    this.live = this.back.hidden;
    this.latest = null;
    this.shownAt = -REST_MS;
    this.older.addEventListener("click", (event) => this.turn(event, this.older.href));
    this.back.addEventListener("click", (event) => this.follow(event));
    if (!this.live) this.open(location.search);
  }

  /** Shows the newest page of the stream, at most once per REST_MS. */
  update(page) {
    this.latest = page;
    if (!this.live || this.waiting) return;
    this.waiting = setTimeout(() => {
      this.waiting = undefined;
      if (this.live) this.show(this.latest);
    }, Math.max(0, this.shownAt + REST_MS - performance.now()));
  }

  turn(event, href) {
    event.preventDefault();
    this.open(new URL(href).search);
  }

  async open(search) {
    this.live = false;
    const after = new URLSearchParams(search).get("after");
    const query = new URLSearchParams({ limit: 10, ...(after && { after }) });
    try {
      const response = await fetch(`/api/votes?${query}`);
      if (!response.ok) throw new Error(response.statusText);
      this.show(await response.json());
    } catch {
      this.showNotice(phrase("log_failed"));
    }
    this.back.hidden = false;
  }

  follow(event) {
    event.preventDefault();
    this.live = true;
    this.back.hidden = true;
    this.older.focus();
    if (this.latest) this.show(this.latest);
  }

  show(page) {
    this.shownAt = performance.now();
    const rows = new Map(page.votes.map((vote) => [vote.id, this.rows.get(vote.id) || makeVote(vote)]));
    this.rows = rows;
    glide(() => [...this.body.children], () => arrange(this.body, [...rows.values()]));
    this.older.hidden = page.next === null;
    if (page.next) this.older.href = `/?${new URLSearchParams({ after: page.next })}#newest`;
    this.showNotice(page.votes.length ? "" : phrase("no_votes"));
  }

  showNotice(text) {
    this.empty.hidden = text === "";
    write(this.empty, text);
  }
}

function makeVote(vote) {
  const [row, fields] = makeRow("vote-row");
  paintCover(row, fields, vote.sleeve);
  row.classList.replace("grpc", vote.route);
  const shown = { ...vote, route: routeName(vote.route), time: time(vote.cast_at) };
  for (const [field, element] of Object.entries(fields)) {
    if (field in shown) write(element, shown[field]);
  }
  fields.time.dateTime = vote.cast_at;
  return row;
}
