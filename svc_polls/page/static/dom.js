// Elements of the page. Texts are set as text: nothing is ever parsed as HTML.

export const element = (id) => document.getElementById(id);

/** Sets a text, unless it is there already: what has not changed is not announced again. */
export function put(target, text) {
  const found = typeof target === "string" ? element(target) : target;
  if (found.textContent !== String(text)) {
    found.textContent = text;
  }
}

export function show(target, visible) {
  (typeof target === "string" ? element(target) : target).hidden = !visible;
}

/** A new element with a class, a text and children. */
export function make(tag, className = "", text = "", ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  made.append(...children);
  return made;
}
