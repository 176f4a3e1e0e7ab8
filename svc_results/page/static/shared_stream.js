// A worker shared by all tabs of a browser, which holds a single stream of snapshots for them. Over
// HTTP/1.1 a browser has six connections to a host, and the streams of seven tabs would leave none
// for a vote.

import { openStream } from "./stream.js";

// Switching from one tab to another does not end the stream.
const GRACE_MS = 1000;

const watching = new Set();
let stream, ending;
let state = "connecting";
let snapshot = null;

const broadcast = (message) => watching.forEach((port) => port.postMessage(message));

function start() {
  clearTimeout(ending);
  if (stream) return;
  stream = openStream(self.name, {
    onSnapshot(text) {
      snapshot = text;
      broadcast({ snapshot });
    },
    onState(now) {
      state = now;
      broadcast({ state });
    },
    onBeat: () => broadcast({}),
  });
}

function stop() {
  if (stream) stream.close();
  stream = undefined;
  state = "connecting";
  snapshot = null;
}

const requests = {
  watch(port) {
    watching.add(port);
    start();
    // Also confirms that the worker runs.
    port.postMessage(snapshot && state === "live" ? { state, snapshot } : { state });
  },
  leave(port) {
    watching.delete(port);
    clearTimeout(ending);
    if (watching.size === 0) ending = setTimeout(stop, GRACE_MS);
  },
  reopen() {
    if (stream) stream.reopen();
  },
};

addEventListener("connect", (event) => {
  const [port] = event.ports;
  port.addEventListener("message", ({ data }) => requests[data](port));
  port.start();
});
