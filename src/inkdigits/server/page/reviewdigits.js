// Digits that were all read as one: those that are not are picked out.

import { paintTile } from "./cards.js";
import { $, make, say } from "./dom.js";

let cells = []; // {task, node, said: what it is, "?" for none of these}
let label = "";

/** Show digits that were read as `batch.label`. */
export function showDigits(batch) {
  label = batch.label;
  $("digit-title").textContent = `Which of these is not a ${label}?`;
  cells = batch.digits.map(({ task, tile }, place) => {
    const badge = make("span", { className: "badge", ariaHidden: "true" });
    const canvas = paintTile(make("canvas", { ariaHidden: "true" }), tile, (v) => [255 - v, 255 - v, 255 - v]);
    const node = make("button", { type: "button", className: "cell", ariaLabel: `Number ${place + 1}` }, canvas, badge);
    const cell = { task, node, badge, place, said: label };
    node.onclick = () => set(cell, cell.said === label ? "?" : label);
    update(cell);
    return cell;
  });
  $("cells").replaceChildren(...cells.map(({ node }) => node));
  cells[0].node.focus();
}

/** What is said of each, by its task. */
export const saidOfDigits = () => Object.fromEntries(cells.map(({ task, said }) => [task, said]));

function set(cell, said) {
  cell.said = said;
  update(cell);
  say(cell.node.ariaLabel);
}

function update(cell) {
  const odd = cell.said !== label;
  cell.badge.textContent = odd ? cell.said : "";
  cell.node.ariaPressed = String(odd);
  const what = odd ? (cell.said === "?" ? `, not a ${label}` : `, a ${cell.said}`) : "";
  cell.node.ariaLabel = `Number ${cell.place + 1} of ${label}${what}`;
}

/** The keys of the grid, but Enter. Whether this was one. */
export function keyOfDigits(event) {
  const here = cells.findIndex(({ node }) => node === document.activeElement);
  if (/^[0-9?]$/.test(event.key) && here >= 0) {
    set(cells[here], event.key);
    return true;
  }
  const top = cells[0]?.node.offsetTop;
  const wide = cells.filter(({ node }) => node.offsetTop === top).length;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: wide, ArrowUp: -wide }[event.key];
  if (!step) return false;
  const to = here < 0 ? 0 : here + step;
  cells[Math.min(Math.max(to, 0), cells.length - 1)]?.node.focus();
  return true;
}
