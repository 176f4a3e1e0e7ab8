// The ballot of a poll with voters: a vote needs a voter's token and has a place, one of the voter's
// slots or an entry. Its id is made by the server from these.

import { Ballot } from "./ballot.js";
import { newId } from "./cast.js";
import { note, ownVotes } from "./own_votes.js";
import { pending } from "./pending.js";
import { poll } from "./poll_state.js";
import { write } from "./rows.js";
import { Ticket } from "./ticket.js";
import { voter } from "./voter.js";
import { count, day, minute, phrase } from "./words.js";

const find = (id) => document.getElementById(id);
const rules = poll.voters;
const VOTED_BEFORE = "urn:voting:problem:voted-before";
const TICKET_PROBLEMS = {
  "urn:voting:problem:voter-missing": "ticket_invalid",
  "urn:voting:problem:voter-invalid": "ticket_invalid",
  "urn:voting:problem:voter-of-other-polls": "ticket_other_polls",
  "urn:voting:problem:voter-revoked": "ticket_revoked",
};

export class VoterBallot extends Ballot {
  constructor() {
    super();
    this.ticket = new Ticket(
      () => this.show(),
      () => this.useToken(),
    );
    // Another tab may have voted, or the page comes back from the browser's memory.
    for (const event of ["storage", "pageshow"]) addEventListener(event, () => this.show());
  }

  resume() {
    super.resume();
    this.ticket.start();
  }

  useToken() {
    this.choosing = false;
    if (!this.busy) this.showOutcome("", "");
    this.show();
  }

  /** The unsettled vote if that is the same one, else a new vote in the next free place. */
  voteFor(content) {
    const token = voter();
    const last = pending();
    if (last && last.voter === token) {
      if (last.entry === content.entry && last.rank === content.rank) return last;
      this.showOutcome("failed", phrase("unsettled", { album: this.titleOf(last.entry) }));
      return undefined;
    }
    const vote = { id: newId(), ...content, voter: token };
    return rules.votes > 1 ? { ...vote, slot: freeSlot(ownVotes(token)) } : vote;
  }

  /** Its id is for this page alone. */
  bodyOf({ id, ...body }) {
    return body;
  }

  accept(vote, { id }) {
    this.noteVote(vote, { entry: vote.entry, rank: vote.rank, id }, phrase("accepted"));
  }

  refuse(vote, problem, unsure) {
    const { type, voted_at } = problem;
    if (type === VOTED_BEFORE) return this.noteVote(vote, { at: voted_at }, beforeText("entry_before", voted_at));
    if (!TICKET_PROBLEMS[type]) return super.refuse(vote, problem, unsure);
    this.showOutcome("", "");
    return this.ticket.refuse(vote.voter, TICKET_PROBLEMS[type]);
  }

  /** Each of many entries is voted on in turn, so the ballot stays; else the vote takes its place. */
  noteVote(vote, known, words) {
    const place = placeOf(vote);
    note(vote.voter, { place, ...known });
    this.choosing = false;
    if (!rules.per_entry) return this.confirm();
    this.form.reset();
    this.showRank();
    this.show();
    // When all are in, the ballot says so itself.
    if (known.at) this.showOutcome("failed", words);
    else if (ownVotes(vote.voter).length < this.places()) this.showOutcome("accepted", words);
    else this.showOutcome("", "");
  }

  /** The form must not carry a token: whoever posts it might keep its body. */
  sendPlainly() {
    this.setBusy(null);
    this.showOutcome("failed", phrase("not_sent"));
  }

  startAgain() {
    this.choosing = true;
    this.form.reset();
    this.showRank();
    this.show();
  }

  show() {
    const token = voter();
    const votes = token ? ownVotes(token) : [];
    const places = this.places();
    const left = places - votes.length;
    const isReady = token && !(this.ticket && this.ticket.isBusy);
    const mayVote = this.phase === "open" && isReady && left > 0;
    const hidesBallot = votes.length > 0 && !rules.per_entry && !(this.choosing && mayVote);
    this.mine = hidesBallot ? votes[votes.length - 1] : null;
    super.show();
    this.choices.disabled = !mayVote || this.busy;
    const next = phrase("vote_of", { n: freeSlot(votes), votes: rules.votes });
    find("again").hidden = !mayVote;
    write(find("again"), next);
    if (mayVote) write(find("legend"), rules.votes > 1 ? next : phrase("choose"));
    else write(find("legend"), phrase(token && left <= 0 ? "all_in" : "entries"));
    if (this.ticket) this.ticket.show(this.phase === "closed", this.usedText(votes.length, places));
    this.markOwn(votes);
  }

  /** How many votes a voter has. */
  places() {
    return rules.per_entry ? this.form.querySelectorAll(".entry").length : rules.votes;
  }

  usedText(used, places) {
    const parts = [];
    if (rules.per_entry) parts.push(phrase("one_each"));
    if (places > 1) parts.push(phrase("votes_used", { n: count(used), votes: count(places) }));
    return parts.join(" ");
  }

  /** Marks the entries that have a vote of this voter. */
  markOwn(votes) {
    for (const old of this.form.querySelectorAll(".own")) old.remove();
    for (const card of this.form.querySelectorAll(".entry")) setDisabled(card, false);
    for (const vote of votes) {
      const card = this.cardOf(vote.entry || (rules.per_entry ? vote.place : undefined));
      if (!card) continue;
      if (rules.per_entry) setDisabled(card, true);
      if (card.querySelector(".own")) continue;
      const rated = vote.rank && !vote.at && poll.rank_min !== poll.rank_max && rules.per_entry;
      const own = card.appendChild(document.createElement("span"));
      own.className = "own";
      own.textContent = rated ? phrase("rated", { rank: vote.rank }) : phrase("own_vote");
    }
  }

  showMine() {
    super.showMine();
    const { at, id, place } = this.mine;
    const before = rules.votes > 1 ? "slot_before" : "voted_before";
    write(find("mine-title"), at ? beforeText(before, at, place) : phrase("accepted"));
    find("mine-id").parentNode.hidden = !id;
  }

  titleOf(entry) {
    const card = this.cardOf(entry);
    return card ? card.querySelector(".title").textContent : "";
  }
}

const placeOf = ({ entry, slot }) => (rules.per_entry ? entry : slot || 1);

function freeSlot(votes) {
  const taken = votes.map(({ place }) => place);
  let slot = 1;
  while (taken.includes(slot) && slot < rules.votes) slot++;
  return slot;
}

function setDisabled(card, disabled) {
  (card.querySelector("input") || card).disabled = disabled;
  card.classList.toggle("taken", disabled);
}

/** What to say of a vote that was cast before, at this time; the day only if that was another one. */
function beforeText(key, at, n) {
  const time = minute(at);
  const today = day(at) === day(Date.now());
  return phrase(key, { n, when: today ? phrase("at_time", { time }) : phrase("on_day", { time, day: day(at) }) });
}
