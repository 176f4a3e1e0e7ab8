// Animations, unless the visitor prefers reduced motion.

const still = matchMedia("(prefers-reduced-motion: reduce)");

export const mayMove = () => !still.matches && document.visibilityState === "visible";

/** Runs `change`, which reorders rows, and lets each row glide to its new place. */
export function glide(rows, change) {
  if (!mayMove()) return change();
  const before = new Map(rows().map((row) => [row, row.getBoundingClientRect().top]));
  change();
  const after = rows();
  for (const row of after) if (row.glide) row.glide.cancel();
  const tops = after.map((row) => row.getBoundingClientRect().top);
  after.forEach((row, i) => {
    const way = before.get(row) - tops[i];
    if (Number.isNaN(way)) {
      row.glide = row.animate({ opacity: [0.15, 1] }, 350);
    } else if (way !== 0) {
      // A rising row passes in front.
      const layer = way > 0 ? 2 : 1;
      row.glide = row.animate(
        { transform: [`translateY(${way}px)`, "none"], zIndex: [layer, layer] },
        { duration: 600, easing: "cubic-bezier(0.3, 0, 0.1, 1)" },
      );
    }
  });
}

/** A number that counts up to each new value in about the time between two snapshots. */
export class RunningNumber {
  constructor(element, format) {
    this.element = element;
    this.format = format;
    this.shown = this.target = null;
  }

  set(value) {
    this.target = value;
    if (this.shown === null || !mayMove() || value < this.shown) {
      this.shown = value;
      this.element.textContent = this.format(value);
    } else if (this.shown < value && !this.running) {
      this.running = true;
      requestAnimationFrame(() => this.step());
    }
  }

  step() {
    this.shown += Math.max(0.5, (this.target - this.shown) * 0.12);
    if (this.shown >= this.target) this.shown = this.target;
    this.element.textContent = this.format(Math.floor(this.shown));
    this.running = this.shown < this.target;
    if (this.running) requestAnimationFrame(() => this.step());
  }
}
