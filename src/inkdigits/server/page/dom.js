// Elements: found, made, spoken.

/** The element with this id. */
export const $ = (id) => document.getElementById(id);

/** A new element with properties and children (text is never taken for markup). */
export function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/** A new SVG element with attributes. */
export function shape(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Tell those who listen instead of looking. */
export function say(text) {
  $("said").textContent = text;
}

/** The value of the chosen radio button of a group. */
export const chosen = (name) => document.querySelector(`input[name="${name}"]:checked`).value;

/** Hand a text to the user as a file. */
export function save(text, download, type) {
  const href = URL.createObjectURL(new Blob([text], { type }));
  make("a", { href, download }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
