// Receives the snapshots: from the stream that all tabs share, else from the page's own.

import { openStream, SILENCE_MS } from "./stream.js";

// How long a worker may take to start.
const WORKER_START_MS = 4000;
// A brief switch to another tab does not end the stream.
const GRACE_MS = 1000;

/**
 * Calls `onSnapshot` with each snapshot, and `onState` with "connecting", "live", "lost" or
 * "offline". A hidden page gets none.
 */
export function watch(url, onSnapshot, onState) {
  let source = null;
  let hiding, state;

  // A browser may report offline although a service on the same machine is live.
  const reportState = () => onState(state !== "live" && navigator.onLine === false ? "offline" : state);
  const on = {
    onSnapshot: (text) => onSnapshot(JSON.parse(text)),
    onState(now) {
      state = now;
      reportState();
    },
  };

  function start() {
    clearTimeout(hiding);
    if (source || document.visibilityState === "hidden") return;
    on.onState("connecting");
    source = shareStream(url, on, takeOwn) || ownStream(url, on);
  }

  function stop() {
    clearTimeout(hiding);
    if (source) source.close();
    source = null;
  }

  /** Replaces the worker's stream when the worker does not start or falls silent. */
  function takeOwn() {
    stop();
    source = ownStream(url, on);
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.visibilityState === "hidden") hiding = setTimeout(stop, GRACE_MS);
    else start();
  });
  // A page kept in the back/forward cache is not visible.
  addEventListener("pagehide", stop);
  addEventListener("pageshow", start);
  for (const change of ["offline", "online"]) {
    addEventListener(change, () => {
      on.onState("connecting");
      if (source) source.reopen();
    });
  }
  start();
}

const ownStream = (url, on) => openStream(url, { ...on, onBeat() {} });

/** The worker's stream, or undefined without shared workers; calls `onFailure` if it fails. */
function shareStream(url, { onSnapshot, onState }, onFailure) {
  const worker = openWorker(url);
  if (!worker) return undefined;
  const { port } = worker;
  let silence;

  function expect(within) {
    clearTimeout(silence);
    silence = setTimeout(fail, within);
  }

  function close() {
    clearTimeout(silence);
    port.postMessage("leave");
    port.close();
  }

  function fail() {
    clearTimeout(silence);
    onFailure();
  }

  worker.addEventListener("error", fail, { once: true });
  port.addEventListener("message", ({ data }) => {
    expect(SILENCE_MS);
    if (data.state) onState(data.state);
    if (data.snapshot) onSnapshot(data.snapshot);
  });
  port.start();
  port.postMessage("watch");
  expect(WORKER_START_MS);
  return { close, reopen: () => port.postMessage("reopen") };
}

// The only worker script that the content security policy allows.
const script = new URL("shared_stream.js", import.meta.url).href;
const trusted =
  typeof trustedTypes === "object"
    ? trustedTypes.createPolicy("shared-stream", { createScriptURL: () => script }).createScriptURL("")
    : script;

/** There is a worker for each stream: its name is the stream's URL. */
function openWorker(url) {
  try {
    return new SharedWorker(trusted, { type: "module", name: url });
  } catch {
    return undefined;
  }
}
