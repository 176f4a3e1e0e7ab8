// The server's time: a phone's own clock may be minutes off.

/** Until `synchronise` has an answer, it is at most as far behind as the page took to arrive. */
export class ServerClock {
  constructor(url, at) {
    this.url = url;
    const [page] = performance.getEntriesByType("navigation");
    this.offset = Date.parse(at) - (page ? page.responseStart : performance.now());
    this.doubt = Infinity;
    this.synchronise();
    // The page's own clock may have stood still while the phone was asleep.
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") return;
      this.doubt = Infinity;
      this.synchronise();
    });
  }

  /** Milliseconds since 1970. */
  now() {
    return performance.now() + this.offset;
  }

  async synchronise() {
    const sent = performance.now();
    try {
      const response = await fetch(this.url, { headers: { accept: "application/json" } });
      const received = performance.now();
      const { at } = await response.json();
      const doubt = (received - sent) / 2;
      if (doubt >= this.doubt) return;
      this.doubt = doubt;
      this.offset = Date.parse(at) - (sent + received) / 2;
    } catch {
      // The estimate from the page stays.
    }
  }
}
