// Table rows made from the templates in the page.

/** Returns a new row: [element, its fields by the names in data-field]. */
export function makeRow(templateId) {
  const template = document.getElementById(templateId);
  const row = template.content.firstElementChild.cloneNode(true);
  const fields = {};
  for (const element of row.querySelectorAll("[data-field]")) {
    fields[element.dataset.field] = element;
  }
  return [row, fields];
}

/** Writes text only if it differs, to avoid needless redrawing; returns whether it did. */
export function write(element, text) {
  const changes = element.textContent !== String(text);
  if (changes) element.textContent = text;
  return changes;
}

/** Draws an album's cover and gives the row its colour. */
export function paintCover(row, fields, cover) {
  row.classList.replace("c0", `c${Math.floor(cover / 8)}`);
  fields.cover.setAttribute("href", `#cover-${cover % 8}`);
}

/** Makes these the rows of a table's body, moving only those out of place. */
export function arrange(body, rows) {
  const focused = document.activeElement;
  const keep = new Set(rows);
  for (const row of [...body.children]) if (!keep.has(row)) row.remove();
  rows.forEach((row, i) => {
    if (body.children[i] !== row) body.insertBefore(row, body.children[i] || null);
  });
  // A row that is moved loses the focus.
  if (document.activeElement !== focused && body.contains(focused)) {
    focused.focus({ preventScroll: true });
  }
}
