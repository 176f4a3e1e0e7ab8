// Where a page gets its snapshots from: the one stream of all tabs, else a stream of its own.

import { openStream, SILENCE_MS } from "./stream.js";

// How long a worker may take to say that it is there.
const WORKER_START_MS = 4000;
// Who looks at another tab for a moment does not lose the stream.
const GRACE_MS = 1000;

/**
 * Calls `onSnapshot` with each snapshot, and `onState` with "connecting", "live", "lost" or
 * "offline". A page that nobody sees gets none.
 */
export function watch(url, onSnapshot, onState) {
  let source = null;
  let hiding, state;

  // A browser may call itself offline beside a service on the same machine: what is live, is live.
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
    source = shareStream(on, takeOwn) || ownStream(url, on);
  }

  function stop() {
    clearTimeout(hiding);
    if (source) source.close();
    source = null;
  }

  /** Where the worker does not start, or fell silent. */
  function takeOwn() {
    stop();
    source = ownStream(url, on);
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.visibilityState === "hidden") hiding = setTimeout(stop, GRACE_MS);
    else start();
  });
  // What a page in the browser's memory holds, nobody sees.
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

/** The worker's stream, or nothing where there are no shared workers; `onFailure` ends it. */
function shareStream({ onSnapshot, onState }, onFailure) {
  const worker = openWorker();
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

// What the content security policy lets be run: this one file.
const script = new URL("shared_stream.js", import.meta.url).href;
const trusted =
  typeof trustedTypes === "object"
    ? trustedTypes.createPolicy("shared-stream", { createScriptURL: () => script }).createScriptURL("")
    : script;

function openWorker() {
  try {
    return new SharedWorker(trusted, { type: "module" });
  } catch {
    return undefined;
  }
}
