// The stream of snapshots, reopened whenever it is lost. For a page or a worker.

// The service sends an event at least every 15 s.
export const SILENCE_MS = 40_000;
const SLOWEST_RETRY_MS = 15_000;

/**
 * Reads the stream until `close` of the result is called. Calls `onSnapshot` with each snapshot as
 * text, `onState` with "live" or "lost", and `onBeat` at each event.
 */
export function openStream(url, { onSnapshot, onState, onBeat }) {
  let source, silence;
  let retry = 1000;

  function alive() {
    clearTimeout(silence);
    silence = setTimeout(open, SILENCE_MS);
    onBeat();
  }

  function close() {
    clearTimeout(silence);
    if (source) source.close();
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
      onSnapshot(event.data);
    });
    source.addEventListener("error", () => {
      onState("lost");
      // The browser itself retries a broken connection, but not a refused one.
      if (source && source.readyState === EventSource.CLOSED) {
        clearTimeout(silence);
        silence = setTimeout(open, retry);
        retry = Math.min(2 * retry, SLOWEST_RETRY_MS);
      }
    });
    silence = setTimeout(open, SILENCE_MS);
  }

  open();
  return { close, reopen: open };
}
