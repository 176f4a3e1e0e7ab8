// Keeps the page live: passes every snapshot to each part of the page.

import { VoteForm } from "./form.js";
import { keyOf, Leaderboard } from "./leaderboard.js";
import { watch } from "./live.js";
import { RunningNumber } from "./motion.js";
import { Newest } from "./newest.js";
import { write } from "./rows.js";
import { Wave } from "./wave.js";
import { count, percent, phrase, speed } from "./words.js";

const find = (id) => document.getElementById(id);

// Screen readers announce a new leader at most this often.
const CALM_MS = 10_000;

const form = new VoteForm((key) => board.await(key));
const board = new Leaderboard((album) => form.pick(album));
const newest = new Newest();
const wave = new Wave(find("wave"), find("wave-top"));
const total = new RunningNumber(find("total"), count);
let leader, waiting;
let calmUntil = 0;

function show(snapshot) {
  const known = snapshot.at !== null;
  if (known) total.set(snapshot.total);
  write(find("total-unit"), phrase(snapshot.total === 1 ? "one_vote" : "votes"));
  write(find("album-count"), count(snapshot.album_count));
  write(find("album-unit"), phrase(snapshot.album_count === 1 ? "one_album" : "albums"));
  board.update(snapshot.albums, known);
  newest.update(snapshot.newest);
  form.suggest(snapshot.albums);
  showRates(snapshot);
  find("tally-notice").hidden = !snapshot.unavailable.tally;
  find("log-notice").hidden = !snapshot.unavailable.log;
  announce(snapshot.albums[0]);
}

function showRates({ routes, total }) {
  for (const [name, route] of Object.entries(routes)) {
    write(find(`${name}-speed`), speed(route.votes_per_second));
    write(find(`${name}-votes`), count(route.votes));
    write(find(`${name}-share`), percent(route.votes / (total || 1)));
  }
  wave.update([routes.grpc.history, routes.http.history]);
  const rate = routes.grpc.votes_per_second + routes.http.votes_per_second;
  find("masthead").classList.toggle("spinning", rate > 0);
}

function announce(first) {
  clearTimeout(waiting);
  if (!first || keyOf(first) === leader) return;
  const calm = leader === undefined ? 0 : calmUntil - performance.now();
  if (calm > 0) {
    waiting = setTimeout(() => announce(first), calm);
    return;
  }
  if (leader !== undefined) {
    write(find("announcer"), phrase("leads", { ...first, votes: count(first.votes) }));
    calmUntil = performance.now() + CALM_MS;
  }
  leader = keyOf(first);
}

function showStatus(state) {
  find("status").dataset.state = state;
  write(find("status-text"), phrase(state));
  if (state !== "live") find("masthead").classList.remove("spinning");
}

watch("/api/events", show, showStatus);
form.resume();
