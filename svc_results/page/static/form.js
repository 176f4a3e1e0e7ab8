// The form: checks a vote and sends it, again and again with the same id until it is accepted.
// Without this script, or if it fails, the browser sends the form itself.

import { cast, newId } from "./cast.js";
import { keyOf } from "./leaderboard.js";
import { forgetAnswer, keep, pending, settle } from "./pending.js";
import { routeName, phrase, receiptOf } from "./words.js";

const FIELDS = [...document.querySelectorAll("#vote-form .field input")].map((input) => input.name);
const TOO_MANY_ALBUMS = "urn:voting:problem:too-many-albums";

export class VoteForm {
  /** `onCast` gets the key of the album voted for; undefined if the vote was not accepted. */
  constructor(onCast) {
    this.form = document.getElementById("vote-form");
    this.button = document.getElementById("cast");
    this.outcome = document.getElementById("outcome");
    this.output = document.getElementById("rank-value");
    this.onCast = onCast;
    this.albums = [];
    this.takeOver();
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.button.disabled && this.check()) this.send(this.read(), "casting");
    });
    this.form.addEventListener("input", (event) => {
      this.edited(event.target);
      if (event.target.name === "album" && isPick(event)) this.complete();
    });
    // The link to the form is hidden while the form is in view.
    const link = document.getElementById("skip");
    new IntersectionObserver(([seen]) => link.classList.toggle("there", seen.isIntersecting)).observe(
      this.button,
    );
  }

  /** Enhances the plain form: a slider with its number, and our own error messages. */
  takeOver() {
    this.form.noValidate = true;
    const { rank } = this.form.elements;
    rank.type = "range";
    this.output.hidden = false;
    this.showRank();
    forgetAnswer();
  }

  /** Sends the vote again that was pending when the page was left or reloaded. */
  resume() {
    const vote = pending();
    if (!vote) return;
    for (const field of FIELDS) this.form.elements[field].value = vote[field];
    this.showRank();
    this.send(vote, "casting_again");
  }

  /** Offers the albums that have votes as suggestions. */
  suggest(albums) {
    this.albums = albums;
    offer("names", albums.map((album) => album.name));
    offer("titles", albums.map((album) => album.album));
  }

  /** Fills in an album, so that only the rank is left to choose. */
  pick(album) {
    for (const field of ["name", "album", "year"]) {
      this.form.elements[field].value = album[field];
      this.edited(this.form.elements[field]);
    }
    this.form.scrollIntoView({ block: "nearest" });
    this.form.elements.rank.focus();
  }

  edited(input) {
    // Another vote needs another id.
    this.id = undefined;
    this.mark(input.name, "");
    if (!this.button.disabled) this.showOutcome("", "");
    this.showRank();
  }

  showRank() {
    const { rank } = this.form.elements;
    this.output.value = rank.value;
    const filled = (rank.value - rank.min) / (rank.max - rank.min);
    rank.style.setProperty("--filled", `${100 * filled}%`);
  }

  /** Fills in what is missing after a suggested title was picked. */
  complete() {
    const { name, album, year } = this.form.elements;
    const known = this.albums.find((candidate) => same(candidate.album, album.value));
    if (!known) return;
    if (!name.value) name.value = known.name;
    if (!year.value && same(name.value, known.name)) year.value = known.year;
  }

  async send(vote, words) {
    try {
      this.id = vote.id;
      keep(vote);
      this.button.disabled = true;
      this.showOutcome("pending", phrase(words));
      // Before sending, as the new count may arrive before the answer.
      this.onCast(albumOf(vote));
      const result = await cast(vote, (key, seconds) => this.showOutcome("pending", phrase(key, { seconds })));
      this.button.disabled = false;
      if (result.accepted || result.problem) settle(vote.id);
      if (result.accepted) return this.accept(vote, result);
      this.onCast(undefined);
      if (result.problem) this.refuse(vote, result.problem);
      else this.showOutcome("failed", phrase("gave_up"));
    } catch (error) {
      console.error(error);
      this.sendPlainly(vote);
    }
  }

  /** Lets the browser send the vote, with the same id. */
  sendPlainly(vote) {
    const id = document.createElement("input");
    Object.assign(id, { type: "hidden", name: "id", value: vote.id });
    this.form.appendChild(id);
    for (const field of FIELDS) this.form.elements[field].value = vote[field];
    this.form.submit();
  }

  read() {
    const filledIn = FIELDS.map((field) => [field, valueOf(this.form.elements[field])]);
    return { id: this.id || newId(), ...Object.fromEntries(filledIn) };
  }

  /** Marks every field that cannot be right and goes to the first. */
  check() {
    for (const field of FIELDS) this.mark(field, complaint(this.form.elements[field]));
    const first = FIELDS.find((field) => !this.form.elements[field].validity.valid);
    if (first) this.form.elements[first].focus();
    return !first;
  }

  accept(vote, { id, route }) {
    // A next vote that was started in the meantime stays.
    if (this.id === vote.id) this.form.reset();
    this.id = undefined;
    this.showRank();
    const name = routeName(route);
    this.showOutcome("accepted", name ? phrase("accepted_by", { route: name }) : phrase("accepted"));
    const small = this.outcome.appendChild(document.createElement("small"));
    small.append(`${phrase("accepted_id")} `);
    small.appendChild(document.createElement("code")).textContent = id;
    small.append(" ");
    const receipt = small.appendChild(document.createElement("a"));
    receipt.textContent = phrase("receipt");
    receipt.href = receiptOf(id);
  }

  refuse(vote, { status, field, type }) {
    const startedNext = this.id !== vote.id;
    this.id = undefined;
    if (type === TOO_MANY_ALBUMS) return this.showOutcome("failed", phrase("too_many_albums"));
    // The error must not be shown on a next vote that was started in the meantime.
    if (startedNext || status !== 422 || !FIELDS.includes(field)) return this.showOutcome("failed", phrase("refused"));
    this.showOutcome("", "");
    this.mark(field, phrase(`wrong_${field}`));
    this.form.elements[field].focus();
  }

  mark(field, text) {
    this.form.elements[field].setAttribute("aria-invalid", text !== "");
    document.getElementById(`${field}-error`).textContent = text;
  }

  showOutcome(kind, text) {
    this.outcome.className = `outcome ${kind}`;
    this.outcome.textContent = text;
  }
}

/** What was filled in, as JSON has it: a number where the form asks for one. */
const valueOf = (input) => (input.inputMode === "numeric" ? Number(input.value) : input.value);

/** Whether a suggestion was picked, not typed: "Blue" may still become "Blue Train". */
const isPick = (event) => !event.inputType || event.inputType === "insertReplacementText";

function complaint(input) {
  if (input.validity.valid) return "";
  if (input.validity.valueMissing && !input.validity.badInput) return phrase("must_fill");
  return phrase(`wrong_${input.name}`);
}

function offer(listId, values) {
  const list = document.getElementById(listId);
  const options = [...new Set(values)].sort();
  if (options.join("\n") === [...list.options].map((option) => option.value).join("\n")) return;
  list.textContent = "";
  for (const value of options) {
    list.appendChild(Object.assign(document.createElement("option"), { value }));
  }
}

const same = (one, other) => one.localeCompare(other.trim(), undefined, { sensitivity: "base" }) === 0;

/** The key of the vote's album, written as the services write it. */
function albumOf({ name, album, year }) {
  const text = (value) => value.trim().normalize("NFC");
  return keyOf({ name: text(name), album: text(album), year });
}
