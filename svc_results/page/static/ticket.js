// The card with which a voter gets a token: from a ticket's link or code, for this browser, or for an account.

import { tokenFor } from "./issuing.js";
import { poll } from "./poll_state.js";
import { write } from "./rows.js";
import { canScan, Scanner } from "./scanner.js";
import { admit, arrival, followLinks, forget, isStored, secretIn, setArrival, voter, wayOfVoter } from "./voter.js";
import { phrase } from "./words.js";

const find = (id) => document.getElementById(id);
// Every page of a poll loads this, also where no tokens are needed.
const { ways, scope } = poll.voters || { ways: [] };
const TAKES_CODES = ways.includes("codes");
// Without ways the organisers hand out tokens. A link with one is good with other ways, too.
const ASKS_FOR_TICKETS = TAKES_CODES || ways.length === 0;
const OPEN = { way: "open" };
// So long another tab may keep this one waiting.
const TURN_MS = 8000;
const PREPARING = { open: "preparing", code: "checking_code", identity: "checking_identity" };
const PROBLEMS = {
  "urn:voting:problem:code-invalid": "code_invalid",
  "urn:voting:problem:voter-revoked": "revoked",
  "urn:voting:problem:voter-of-other-polls": "other_polls",
  "urn:voting:problem:identity-invalid": "identity_invalid",
  "urn:voting:problem:poll-closed": "closed",
};

export class Ticket {
  /** Calls `onChange` when something is to be shown anew, `onAdmitted` when there is another token. */
  constructor(onChange, onAdmitted) {
    this.onChange = onChange;
    this.onAdmitted = onAdmitted;
    this.asking = false;
    this.task = null; // what is being exchanged for a token, with the text about it
    find("ticket").addEventListener("submit", (event) => {
      event.preventDefault();
      const found = secretIn(find("code").value);
      if (!this.use(found)) this.ask(TAKES_CODES ? "bad_short_code" : "bad_code");
      else if (found.way === "ticket") find("admitted").focus({ preventScroll: true });
    });
    find("other-ticket").addEventListener("click", () => this.ask(""));
    find("prepare-again").addEventListener("click", () => this.begin());
    if (TAKES_CODES) this.offerScanner();
  }

  /** Takes what came with a link, or gets a token for this browser. */
  start() {
    let came = false;
    followLinks((problem) => {
      came = true;
      if (!problem) return this.begin();
      return ASKS_FOR_TICKETS ? this.ask(problem) : this.fail(problem, ways.includes("open"));
    });
    if (!came) this.begin();
  }

  /** Begins what is to be done, if anything. */
  begin() {
    const arrived = arrival();
    if (arrived) return this.exchange(arrived);
    this.task = null;
    if (voter()) return this.admitted();
    if (ways.includes("open") && !this.over) return this.askForBrowser();
    this.onChange();
  }

  /** Whether a token is being fetched, with which the next vote is to be cast. */
  get isBusy() {
    return Boolean(this.task && this.task.isBusy);
  }

  /** Uses what was entered or scanned; returns whether there is something to use. */
  use(found) {
    if (!found || (found.way === "code" && !TAKES_CODES)) return false;
    if (found.way === "code") {
      setArrival(found);
      this.exchange(found);
    } else {
      admit(found.secret, "ticket");
      this.admitted();
    }
    return true;
  }

  /** Gets a token for this browser, after any other tab that is at it. */
  async askForBrowser() {
    const task = this.newTask(OPEN);
    const turn = () => {
      if (this.task !== task) return undefined; // a link came meanwhile
      return voter() ? this.admitted() : this.exchange(OPEN);
    };
    if (!navigator.locks) return turn();
    const aborter = new AbortController();
    setTimeout(() => aborter.abort(), TURN_MS);
    try {
      await navigator.locks.request(`voter:${scope}`, { signal: aborter.signal }, turn);
    } catch {
      turn();
    }
  }

  async exchange(what) {
    const task = this.newTask(what);
    const isOffered = ways.includes(what.way === "code" ? "codes" : what.way);
    const result = isOffered ? await this.resultOf(task) : { problem: {} };
    if (this.task !== task) return undefined; // another link came meanwhile
    if (result.problem || result.token) setArrival(null);
    if (result.token) return this.take(result.token, what.way);
    if (!result.problem) return this.giveUp(what);
    return this.refuseArrival(what, PROBLEMS[result.problem.type]);
  }

  newTask(what) {
    this.task = { what, text: phrase(PREPARING[what.way]), isBusy: true };
    this.asking = false;
    this.onChange();
    return this.task;
  }

  async resultOf(task) {
    try {
      return await tokenFor(task.what, (text) => {
        task.text = text;
        if (this.task === task) this.onChange();
      });
    } catch (error) {
      console.error(error);
      return {};
    }
  }

  take(token, way) {
    // Another tab may have got one meanwhile, and voted with it.
    if (way !== "open" || !voter()) admit(token, way);
    this.admitted();
    if (way === "code") find("admitted").focus({ preventScroll: true });
  }

  /** A code may be mistyped: too many wrong ones of a network are not answered either. */
  giveUp({ way, secret }) {
    if (way !== "code") return this.fail("ballot_failed", true);
    find("code").value = dashed(secret);
    return this.ask("code_unchecked");
  }

  refuseArrival({ way, secret }, words) {
    if (way === "open") return this.fail(words || "ballot_failed", !words);
    if (way === "identity") return this.fail(words || "identity_invalid", false);
    find("code").value = dashed(secret);
    return ASKS_FOR_TICKETS ? this.ask(words || "code_invalid") : this.fail("code_invalid", false);
  }

  admitted() {
    this.asking = false;
    this.task = null;
    find("code").value = "";
    this.stopScanner();
    this.onAdmitted();
  }

  /** Asks for a ticket and says what is wrong with the last one. */
  ask(problem) {
    this.asking = true;
    this.task = null;
    this.onChange();
    write(find("ticket-problem"), problem && phrase(problem));
    find("ticket").scrollIntoView({ block: "nearest" });
    find("code").focus({ preventScroll: true });
  }

  /** Says what went wrong where nothing can be entered. */
  fail(problem, mayTryAgain) {
    this.task = { text: phrase(problem), mayTryAgain };
    this.onChange();
  }

  /** A vote was refused because of its token; `problem` is the key of why. */
  refuse(token, problem) {
    const way = voter() === token ? wayOfVoter() : "ticket";
    forget(token);
    if (way === "ticket" || way === "code") return ASKS_FOR_TICKETS ? this.ask(problem) : this.fail(problem, false);
    const words = problem === "ticket_revoked" ? problem : `${way}_refused`;
    this.fail(words, way === "open" && words !== problem);
  }

  /** Shows what there is to do or to know; `counts` says how many votes are used, or is "". */
  show(over, counts) {
    this.over = over;
    const token = voter();
    // What may be tried again is done when there is a token, from another tab.
    const task = this.task && this.task.mayTryAgain && token ? null : this.task;
    const text = task ? task.text : phrase("identity_needed");
    const asks = !over && !task && (this.asking || (!token && ASKS_FOR_TICKETS));
    const waits = !over && !asks && (task || (!token && !ways.includes("open")));
    find("ticket").hidden = !asks;
    if (!asks) {
      write(find("ticket-problem"), "");
      this.stopScanner();
    }
    find("preparing").hidden = !waits;
    find("preparing").classList.toggle("busy", this.isBusy);
    find("preparing").classList.toggle("failed", Boolean(task) && !this.isBusy);
    write(find("preparing-text"), waits ? text : "");
    find("prepare-again").hidden = !(task && task.mayTryAgain);
    find("admitted").hidden = over || !token || this.isBusy;
    find("other-ticket").hidden = this.asking || !ASKS_FOR_TICKETS;
    const way = wayOfVoter();
    const other = phrase(way === "ticket" || way === "code" ? "ticket_other" : "ticket_instead");
    write(find("ticket-title"), token ? other : phrase("ticket_needed"));
    write(find("other-ticket"), other);
    const parts = [phrase(`one_${way}`), phrase(isStored() ? "kept" : "kept_here"), counts];
    write(find("admitted-text"), parts.join(" ").trim());
  }

  async offerScanner() {
    this.scanner = new Scanner(find("camera"), (text) => {
      if (this.use(secretIn(text))) this.stopScanner();
      else write(find("ticket-problem"), phrase("not_a_ticket"));
    });
    find("scan-stop").addEventListener("click", () => this.stopScanner());
    find("scan").addEventListener("click", async () => {
      write(find("ticket-problem"), "");
      find("scan").hidden = true;
      find("scanner").hidden = false;
      try {
        await this.scanner.start();
      } catch (error) {
        this.stopScanner();
        write(find("ticket-problem"), phrase(error.name === "NotAllowedError" ? "camera_refused" : "camera_failed"));
      }
    });
    find("scan").hidden = !(await canScan());
  }

  stopScanner() {
    if (!this.scanner || find("scanner").hidden) return;
    this.scanner.stop();
    find("scanner").hidden = true;
    find("scan").hidden = false;
  }
}

/** A code as it is printed. */
const dashed = (code) => code.toUpperCase().replace(/(.{4})(?=.)/g, "$1-");
