// What is known of each digit: label, tile, probabilities, and why it is not answered.

import { make } from "./dom.js";
import { percent, sentence } from "./words.js";

/** Show the digits of rows as cards in an element, under a heading for each line where there are several. look: what to do with a digit
 *  to look into. */
export function showCards(node, rows, look) {
  const nameOf = (row, i) => (rows.length > 1 ? `Page ${row.page}, line ${i + 1}` : `Line ${i + 1}`);
  const lines = rows.flatMap((row) => row.lines.map((line, i) => ({ ...line, name: nameOf(row, i) })));
  node.replaceChildren(
    ...lines.flatMap(({ name, text, confidence, digits }) => {
      const cards = make("ol", { className: "cards", ariaLabel: lines.length > 1 ? `Digits of ${name.toLowerCase()}` : "Digit by digit" });
      cards.append(...digits.map((digit) => card(digit, look)));
      const sure = make("span", { className: "quiet" }, `${percent(confidence)} sure`);
      return lines.length > 1 ? [make("h3", {}, `${name}: `, make("b", {}, text), " ", sure), cards] : [cards];
    }),
  );
}

/** Bars for pairs of a class and its probability, as <li>. */
export function bars(pairs, label) {
  return pairs.map(([name, p]) => {
    const bar = make("span", { className: "bar", ariaHidden: "true" });
    bar.style.width = `${100 * p}%`;
    const item = make("li", {}, make("span", {}, name), make("span", { className: "track" }, bar), make("span", {}, percent(p)));
    item.classList.toggle("best", name === label);
    return item;
  });
}

/** A tile (784 bytes in base64, 255 = ink) as ImageData, white on black as the network is given it. tint(value, place): another colour. */
export function tilePixels(tile, tint = (v) => [v, v, v]) {
  const picture = new ImageData(28, 28);
  [...atob(tile)].forEach((c, place) => picture.data.set([...tint(c.charCodeAt(0), place), 255], 4 * place));
  return picture;
}

/** A tile on a <canvas>. */
export function paintTile(canvas, tile, tint) {
  canvas.width = canvas.height = 28;
  canvas.getContext("2d").putImageData(tilePixels(tile, tint), 0, 0);
  return canvas;
}

function card(digit, look) {
  const item = make("li", { className: digit.refused ? "card refused" : "card" });
  const pairs = digit.probabilities ? Object.entries(digit.probabilities) : likely(digit);
  const words = make("div", {}, make("p", { className: "label" }, digit.label), make("p", { className: "quiet" }, sure(digit)));
  const head = make("div", { className: "head" }, words);
  if (digit.tile) {
    const ariaLabel = `The 28 by 28 pixels that the network saw of ${digit.label}`;
    head.append(paintTile(make("canvas", { className: "tile", role: "img", ariaLabel }), digit.tile));
  }
  item.append(head);
  if (digit.refused) item.append(make("p", { className: "why" }, sentence(digit.refused)));
  item.append(make("ul", { className: "bars", ariaLabel: "Probabilities" }, ...bars(pairs, digit.label)));
  if (digit.tile) item.append(make("button", { type: "button", className: "small", onclick: () => look(digit) }, "Look inside"));
  return item;
}

const likely = ({ refused, label, confidence, alternatives }) => (refused ? alternatives : [[label, confidence], ...alternatives]);

const sure = ({ refused, confidence }) => (refused ? "not answered" : `${percent(confidence)} sure`);
