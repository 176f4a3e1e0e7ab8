// Votes per second over the last minute, drawn like a sound wave: gRPC above the line, HTTP below.

import { count } from "./words.js";
import { mayMove } from "./motion.js";

const SECONDS = 60;
const GAP = 1.5;
const NAMESPACE = "http://www.w3.org/2000/svg";

export class Wave {
  constructor(svg, topLabel) {
    this.svg = svg;
    this.topLabel = topLabel;
    this.middle = svg.appendChild(document.createElementNS(NAMESPACE, "line"));
    this.group = svg.appendChild(document.createElementNS(NAMESPACE, "g"));
    this.paths = ["grpc", "http"].map((route) => {
      const path = this.group.appendChild(document.createElementNS(NAMESPACE, "path"));
      path.setAttribute("class", route);
      return path;
    });
    this.histories = [[], []];
    new ResizeObserver(() => this.draw()).observe(svg);
  }

  /** Shows the histories of gRPC and HTTP, one number a second, oldest first. */
  update(histories) {
    const changed = JSON.stringify(histories) !== JSON.stringify(this.histories);
    this.histories = histories;
    if (!changed) return;
    this.draw();
    if (!mayMove()) return;
    if (this.shift) this.shift.cancel();
    this.shift = this.group.animate(
      { transform: [`translateX(${this.step}px)`, "none"] },
      { duration: 1000 },
    );
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.svg;
    this.step = width / SECONDS;
    const top = niceTop(Math.max(1, ...this.histories.flat()));
    const middle = height / 2;
    for (const [name, value] of Object.entries({ x2: width, y1: middle, y2: middle })) {
      this.middle.setAttribute(name, value);
    }
    this.histories.forEach((history, i) => {
      const sign = i === 0 ? -1 : 1;
      const bars = history.map((rate, second) => {
        const x = (SECONDS - history.length + second + 0.5) * this.step;
        if (rate === null) return "";
        const length = (rate / top) * (middle - 2 * GAP - this.step / 2);
        return `M${x.toFixed(1)} ${middle + sign * (GAP + this.step * 0.3)}v${(sign * length).toFixed(1)}`;
      });
      this.paths[i].setAttribute("d", bars.join(""));
      this.paths[i].setAttribute("stroke-width", (this.step * 0.6).toFixed(1));
    });
    this.topLabel.textContent = `↕ ${count(top)}/s`;
  }
}

/** The smallest round number that is not less than `value`. */
function niceTop(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((n) => n * power).find((n) => n >= value);
}
