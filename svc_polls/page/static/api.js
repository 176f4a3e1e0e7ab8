// The organisers' API. The token lives in this tab's session and goes into a header, nowhere else.

import { note } from "./server_clock.js";

const KEY = "organiser-token";
const READ_MS = 10_000;
const CHANGE_MS = 60_000;
const PAGE = 500;
const PAGES_MAX = 20;

export const token = () => sessionStorage.getItem(KEY);
export const keepToken = (text) => sessionStorage.setItem(KEY, text);
export const dropToken = () => sessionStorage.removeItem(KEY);

/** An answer that is a problem; `status` is 0 when there was no answer. */
export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function ask(method, path, timeout, headers = {}, body = undefined) {
  const askedAt = performance.now();
  let answer, content;
  try {
    answer = await fetch(path, {
      method,
      headers: { authorization: `Bearer ${token()}`, ...headers },
      body,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(timeout),
    });
    const cameAt = performance.now();
    content = await answer.json();
    if (answer.ok && content.now) {
      note(content.now, askedAt, cameAt);
    }
  } catch (error) {
    // A proxy's error page is no answer of the API's: what happened behind it is not known.
    throw new ApiError(answer && !answer.ok && answer.status < 500 ? answer.status : 0, error.message);
  }
  if (!answer.ok) {
    throw new ApiError(answer.status, content.detail);
  }
  return content;
}

const read = (path) => ask("GET", path, READ_MS);

export const me = () => read("/api/me");
export const system = () => read("/api/system");
export const poll = (id) => read(`/api/polls/${id}`);
export const ruling = (id, number) => read(`/api/polls/${id}/rulings/${number}`);
/** A ruling without its ids, and what it would take while it is open. */
export const preview = (id, number) => read(`/api/polls/${id}/rulings/${number}?ids=false`);
export const publication = (id) => read(`/api/polls/${id}/publication`);

/** All items of a list that comes in pages. */
async function all(path, field) {
  const items = [];
  let next = "";
  for (let page = 0; page < PAGES_MAX && next !== null; page += 1) {
    const after = next === "" ? "" : `&after=${next}`;
    const answer = await read(`${path}?limit=${PAGE}${after}`);
    items.push(...answer[field]);
    next = answer.next;
  }
  return items;
}

export const polls = () => all("/api/polls", "polls");
export const history = (id) => all(`/api/polls/${id}/history`, "events");

/** Changes a poll if `event` is still its last event. */
export function change(id, what, event, body) {
  const headers = { "if-match": `"${event}"` };
  if (body) {
    headers["content-type"] = "application/json";
  }
  return ask("POST", `/api/polls/${id}/${what}`, CHANGE_MS, headers, body && JSON.stringify(body));
}
