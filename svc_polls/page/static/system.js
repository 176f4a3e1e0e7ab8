// How the whole system is: the flow of votes, the log of polls, the services.

import { element, make, put } from "./dom.js";
import { count, decimal, phrase } from "./words.js";

function rating(id, good) {
  element(id).dataset.good = good === null ? "unknown" : good ? "yes" : "no";
}

function showFlow(votes) {
  const unknown = votes ? "–" : phrase("reading");
  const { per_second: perSecond = null, lag = null, trouble = null } = votes ?? {};
  put("per-second", perSecond === null ? unknown : decimal(perSecond));
  put("lag", lag === null ? unknown : count(lag));
  put("flow-trouble", trouble ? phrase("flow_trouble", { reason: trouble }) : "");
}

function showProof(log) {
  const age = log.proof_age_ms;
  put("proof", age === null ? phrase("never") : phrase("ago", { seconds: decimal(Math.max(0, age) / 1000) }));
  rating("proof", log.fresh);
}

const isWell = (one) => one.ready && one.polls_known !== false && !one.polls_halted;

function instanceText(one) {
  const words = [one.ready ? phrase("ready") : phrase("not_ready", { reason: one.reason })];
  if (one.polls_halted) {
    words.push(phrase("polls_halted"));
  } else if (one.polls_known !== null) {
    words.push(phrase(one.polls_known ? "polls_known" : "polls_stale"));
  }
  return words.join(", ");
}

function line(name, address, text, good) {
  const item = make("li", "", "", make("strong", "", name), " ", make("code", "", address), " ", text);
  item.dataset.good = good ? "yes" : "no";
  return item;
}

function linesOf({ name, instances, trouble }) {
  const lines = instances.map((one) => line(name, one.address, instanceText(one), isWell(one)));
  if (trouble) {
    const text = instances.length ? trouble : phrase("no_instances", { reason: trouble });
    lines.push(line(name, "", text, false));
  }
  return lines;
}

function showServices(services, watches) {
  const details = element("service-details");
  details.hidden = !watches;
  if (!watches || !services) {
    put("services", phrase(watches ? "reading" : "not_configured"));
    rating("services", null);
    return;
  }
  // A service of which no instance answers is one that is not ready.
  const all = services.flatMap(({ instances }) => (instances.length ? instances : [{ ready: false }]));
  const ready = all.filter(isWell).length;
  put("services", phrase("of", { ready, all: all.length }));
  rating("services", ready === all.length);
  const lines = services.flatMap(linesOf);
  const list = element("instances");
  if (list.textContent !== lines.map((one) => one.textContent).join("")) {
    list.replaceChildren(...lines);
  }
}

/** Shows an answer of GET /api/system. */
export function showSystem(state) {
  showFlow(state.votes);
  showProof(state.log);
  showServices(state.services, state.watches_services);
}
