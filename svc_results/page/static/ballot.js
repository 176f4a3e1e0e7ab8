// The ballot of a poll: sends a vote, again and again with the same id until that is settled, and
// shows the visitor's own vote. Without this script, or if it fails, the browser sends the form.

import { cast, newId } from "./cast.js";
import { forgetAnswer, keep, pending, settle } from "./pending.js";
import { poll } from "./poll_state.js";
import { phrase, receiptOf } from "./words.js";

const find = (id) => document.getElementById(id);
const MINE = `own-vote:${poll.id}`;
const PROBLEMS = {
  "urn:voting:problem:poll-closed": "poll_closed",
  "urn:voting:problem:poll-not-open": "poll_not_open",
  "urn:voting:problem:no-such-poll": "entry_gone",
  "urn:voting:problem:no-such-entry": "entry_gone",
};

export class Ballot {
  constructor() {
    this.form = find("ballot");
    this.choices = find("choices");
    this.outcome = find("outcome");
    this.busy = false;
    this.phase = "not_open";
    const answered = forgetAnswer();
    this.mine = ownVote() || (answered ? { id: answered } : null);
    this.form.noValidate = true;
    this.form.addEventListener("click", (event) => {
      // Safari before 15.4 has no event.submitter, the button that sent the form.
      const button = event.target.closest("button[name=entry]");
      if (button) this.tapped = button.value;
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.busy) return;
      const content = this.read();
      const vote = content && this.voteFor(content);
      if (vote) this.send(vote, "casting");
    });
    this.form.addEventListener("change", () => this.showOutcome("", ""));
    find("again").addEventListener("click", (event) => {
      event.preventDefault();
      this.startAgain();
    });
    this.takeOverRank();
    this.takeOverFinder();
    this.show();
  }

  /** Sends the vote again that was pending when the page was left or reloaded. */
  resume() {
    const vote = pending();
    if (vote && vote.poll === poll.id) this.send(vote, "casting_again", true);
  }

  setPhase(phase) {
    if (phase === this.phase) return;
    this.phase = phase;
    this.show();
  }

  /** What was chosen, or undefined if something is missing. */
  read() {
    const elements = this.form.elements;
    const entry = this.tapped || (elements.entry && elements.entry.value);
    const rank = Number(elements.rank.value);
    this.tapped = undefined;
    if (!entry || !rank) {
      this.showOutcome("failed", phrase("choose_first"));
      return undefined;
    }
    return { poll: poll.id, entry, rank };
  }

  /** A vote with the id of the last one if that was for the same and is unsettled, else a new id. */
  voteFor(content) {
    const last = pending();
    const same = last && last.entry === content.entry && last.rank === content.rank;
    return { id: same ? last.id : newId(), ...content };
  }

  /** What is sent of a vote. */
  bodyOf(vote) {
    return vote;
  }

  async send(vote, words, again = false) {
    try {
      keep(vote);
      this.setBusy(vote.entry);
      this.showOutcome("pending", phrase(words));
      const result = await cast(this.bodyOf(vote), (key, seconds) =>
        this.showOutcome("pending", phrase(key, { seconds })),
      );
      this.setBusy(null);
      if (result.accepted || result.problem) settle(vote.id);
      if (result.accepted) return this.accept(vote, result);
      if (!result.problem) return this.showOutcome("failed", phrase("gave_up"));
      this.refuse(vote, result.problem, again || result.unsure);
    } catch (error) {
      console.error(error);
      this.sendPlainly(vote);
    }
  }

  /** Lets the browser send the vote, with the same id. */
  sendPlainly(vote) {
    this.choices.disabled = true; // what is chosen there is not sent
    for (const [name, value] of Object.entries({ id: vote.id, entry: vote.entry, rank: vote.rank })) {
      const old = this.form.querySelector(`:scope > input[name="${name}"]`);
      if (old) old.remove();
      this.form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
    HTMLFormElement.prototype.submit.call(this.form);
  }

  accept(vote) {
    this.mine = vote;
    try {
      sessionStorage.setItem(MINE, JSON.stringify(vote));
    } catch {
      // Then this page alone remembers it.
    }
    this.confirm();
  }

  refuse(vote, problem, unsure) {
    this.showOutcome("failed", phrase(messageOf(problem, unsure)));
  }

  confirm() {
    this.showOutcome("", "");
    this.show();
    find("vote").scrollIntoView({ block: "nearest" });
    find("vote").focus({ preventScroll: true });
  }

  startAgain() {
    this.mine = null;
    try {
      sessionStorage.removeItem(MINE);
    } catch {
      // Then nothing was kept.
    }
    this.form.reset();
    this.showRank();
    this.show();
  }

  /** Shows the visitor's own vote, or the ballot, or neither. */
  show() {
    const open = this.phase === "open";
    find("vote").hidden = !this.mine;
    find("again").hidden = !open;
    // A vote that is being sent stays visible until it is settled.
    this.form.hidden = Boolean(this.mine) || (this.phase === "closed" && !this.busy);
    this.choices.disabled = !open || this.busy;
    find("legend").textContent = phrase(open ? "choose" : "entries");
    if (this.mine) this.showMine();
  }

  showMine() {
    find("mine-id").textContent = this.mine.id;
    find("mine-receipt").href = receiptOf(this.mine.id);
    const entry = this.cardOf(this.mine.entry);
    find("mine-entry").textContent = "";
    if (entry) find("mine-entry").append(entry.querySelector(".what").cloneNode(true));
    const rated = this.mine.rank && poll.rank_min !== poll.rank_max;
    find("mine-rank").textContent = rated ? phrase("rated", { rank: this.mine.rank }) : "";
  }

  setBusy(entry) {
    this.busy = entry !== null;
    for (const card of this.form.querySelectorAll(".entry.sending")) card.classList.remove("sending");
    const card = this.cardOf(entry);
    if (card) card.classList.add("sending");
    this.show();
  }

  cardOf(entry) {
    return [...this.form.querySelectorAll(".entry")].find(
      (card) => (card.value || card.querySelector("input").value) === entry,
    );
  }

  showOutcome(kind, text) {
    this.outcome.className = `outcome ${kind}`;
    this.outcome.textContent = text;
  }

  /** A long scale becomes a slider with its number. */
  takeOverRank() {
    const rank = find("rank");
    if (!rank) return;
    rank.type = "range";
    find("rank-value").hidden = false;
    rank.addEventListener("input", () => this.showRank());
    this.showRank();
  }

  showRank() {
    const rank = find("rank");
    if (!rank) return;
    find("rank-value").value = rank.value;
    const filled = (rank.value - rank.min) / (rank.max - rank.min);
    rank.style.setProperty("--filled", `${100 * filled}%`);
  }

  /** A field that leaves only the entries with what is typed. */
  takeOverFinder() {
    const field = find("find");
    if (!field) return;
    find("finder").hidden = false;
    const cards = [...this.form.querySelectorAll(".entry")];
    field.addEventListener("input", () => {
      const wanted = plain(field.value.trim());
      for (const card of cards) card.hidden = !plain(card.textContent).includes(wanted);
      find("none-found").hidden = cards.some((card) => !card.hidden);
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault(); // it would vote
    });
  }
}

/** Text without accents and case. */
const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

function messageOf({ status, type }, unsure) {
  const key = status === 404 || status === 409 || status === 422 ? PROBLEMS[type] : undefined;
  if (key === "poll_closed" && unsure) return "poll_closed_unsure";
  return key || "refused";
}

function ownVote() {
  try {
    const vote = JSON.parse(sessionStorage.getItem(MINE));
    return vote && typeof vote.id === "string" ? vote : null;
  } catch {
    return null;
  }
}
