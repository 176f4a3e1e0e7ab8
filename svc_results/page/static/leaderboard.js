// The albums with the most votes, as bars that change places.

import { glide } from "./motion.js";
import { arrange, makeRow, paintCover, write } from "./rows.js";
import { count, decimal, phrase } from "./words.js";

const FEW = 10;

export const keyOf = (album) => JSON.stringify([album.name, album.album, album.year]);

export class Leaderboard {
  /** `onPick` gets the album whose title was clicked. */
  constructor(onPick) {
    this.body = document.getElementById("albums");
    this.empty = document.getElementById("no-albums");
    this.toggle = document.getElementById("show-all");
    this.onPick = onPick;
    this.rows = new Map();
    this.albums = [];
    this.toggle.addEventListener("click", () => this.showAll(!this.all));
    this.showAll(false);
  }

  /** Shows these albums; `known` is false before there is any result. */
  update(albums, known) {
    const order = albums.map(keyOf);
    const moved = order.join() !== this.albums.map(keyOf).join();
    this.albums = albums;
    albums.forEach((album, i) => this.fill(order[i], album, i));
    if (moved) glide(() => this.visible(), () => this.arrange(order));
    this.empty.hidden = albums.length > 0 || !known;
    this.showAll(this.all);
  }

  /** Highlights the album with this key once its vote is counted; undefined for none. */
  await(key) {
    this.awaited = key;
  }

  fill(key, album, index) {
    const { row, fields } = this.rows.get(key) || this.add(key, album);
    write(fields.place, index + 1);
    if (write(fields.votes, count(album.votes)) && key === this.awaited) {
      this.awaited = undefined;
      row.classList.add("mine");
    }
    write(fields.average, decimal(album.average_rank));
    fields.bar.setAttribute("width", `${((100 * album.votes) / this.albums[0].votes).toFixed(2)}%`);
  }

  add(key, album) {
    const [row, fields] = makeRow("album-row");
    paintCover(row, fields, album.sleeve);
    for (const field of ["name", "album", "year"]) write(fields[field], album[field]);
    row.querySelector("a").addEventListener("click", (event) => {
      event.preventDefault();
      this.onPick(album);
    });
    row.addEventListener("animationend", () => row.classList.remove("mine"));
    this.rows.set(key, { row, fields });
    return this.rows.get(key);
  }

  arrange(order) {
    const keep = new Set(order);
    for (const key of this.rows.keys()) if (!keep.has(key)) this.rows.delete(key);
    arrange(this.body, order.map((key) => this.rows.get(key).row));
  }

  visible() {
    const rows = [...this.body.children];
    return this.all ? rows : rows.slice(0, FEW + 2);
  }

  showAll(all) {
    this.all = all;
    this.body.classList.toggle("few", !all);
    this.toggle.hidden = this.albums.length <= FEW;
    this.toggle.setAttribute("aria-expanded", all);
    write(this.toggle, all ? phrase("show_less") : phrase("show_all", { n: this.albums.length }));
  }
}
