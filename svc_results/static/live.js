// The stream of snapshots, and coming back to it whenever it is lost.

// The service sends something every 15 s at least.
const SILENCE = 40_000;
const HIDDEN = 30_000;
const SLOWEST_RETRY = 15_000;

/** Calls `onSnapshot` with each snapshot, and `onState` with "live" or "lost". */
export function watch(url, onSnapshot, onState) {
  let source, silence, hidden;
  let retry = 1000;

  const alive = () => {
    clearTimeout(silence);
    silence = setTimeout(open, SILENCE);
  };

  function close() {
    clearTimeout(silence);
    source?.close();
    source = undefined;
  }

  function open() {
    close();
    source = new EventSource(url);
    source.addEventListener("heartbeat", alive);
    source.addEventListener("results", (event) => {
      alive();
      retry = 1000;
      onState("live");
      onSnapshot(JSON.parse(event.data));
    });
    source.addEventListener("error", () => {
      onState("lost");
      // The browser itself retries a connection that broke, but not one that was refused.
      if (source?.readyState === EventSource.CLOSED) {
        clearTimeout(silence);
        silence = setTimeout(open, retry);
        retry = Math.min(2 * retry, SLOWEST_RETRY);
      }
    });
    alive();
  }

  // A page in a pocket needs no updates.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hidden);
    if (document.visibilityState === "hidden") hidden = setTimeout(close, HIDDEN);
    else if (!source) open();
  });
  open();
}
