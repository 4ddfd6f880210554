// The values that were read, each beside its picture and how sure it is, to be checked and corrected by typing.

import { pictureOf } from "./crops.js";
import { make } from "./dom.js";
import { everywhere, missing, reviewInWords, unread } from "./leftout.js";
import { percent, sentence } from "./words.js";

/** The values of a row: its lines, or one for the whole image where no line was read.
 *
 *  Each is {text, box, confidence, digits, left: what was left out beside it, reason: why a person should look, "" where nobody has to}. */
export function values(row) {
  const lines = row.lines.length ? row.lines : [{ text: row.text, box: null, confidence: row.confidence, digits: [] }];
  const left = lines.map((line) => missing(row).filter(({ box }) => !line.box || beside(line.box, box)));
  const reasons = lines.map(({ digits }, i) => {
    const refused = digits.find((digit) => digit.refused)?.refused ?? "";
    return refused || (everywhere(row) || (unread(row) && left[i].length) ? reviewInWords(row) : "");
  });
  const whole = row.needs_review && !reasons.some(Boolean) ? row.error ?? row.refused ?? (reviewInWords(row) || "not sure") : "";
  return lines.map((line, i) => ({ ...line, left: left[i], reason: sentence(reasons[i] || whole) }));
}

/** No corrections yet: a list for each row, with a null for each value. */
export const uncorrected = (rows) => rows.map((row) => values(row).map(() => null));

/** Whether a value of a row still waits for a person. */
export const toReview = (row, corrections) => values(row).some(({ reason }, i) => reason && corrections[i] === null);

/** The text of a row, with what a person made of it. */
export const textOf = (row, corrections) => values(row).map(({ text }, i) => corrections[i] ?? text).filter(Boolean).join("\n");

/** A row of an entry as the CSV has it. */
export function exported(entry, page) {
  const [row, corrections] = [entry.rows[page], entry.corrections[page]];
  const touched = corrections.some((text) => text !== null);
  const checked = touched && !toReview(row, corrections);
  return { ...row, source: entry.name, corrected: touched ? textOf(row, corrections) : null, checked };
}

/** Rows as JSON, without what the network saw of each digit. */
export const toJson = (rows) => `${JSON.stringify(rows, (key, value) => (key === "tile" ? undefined : value), 1)}\n`;

/** Show the values of a page of an entry in an <ol>. Calls changed() when one was corrected; `last` is where Enter ends. */
export function showValues(list, entry, page, changed, last) {
  const shown = values(entry.rows[page]);
  const name = entry.name + (entry.rows[page].page > 1 ? `, page ${entry.rows[page].page}` : "");
  list.replaceChildren(
    ...shown.map((value, i) => {
      const label = shown.length > 1 ? `line ${i + 1} of ${name}` : name;
      return item(entry, page, i, value, label, changed, last);
    }),
  );
}

function item(entry, page, number, value, label, changed, last) {
  const given = entry.corrections[page];
  const inputMode = value.text && !value.left.length ? "numeric" : "text"; // what was left out may have to be typed
  const start = given[number] ?? value.text;
  const text = make("textarea", { value: start, rows: 1, spellcheck: false, inputMode, ariaLabel: `Text of ${label}` });
  const state = make("p", { className: "state" });
  const node = make("li", { className: "value" }, pictureOf(entry, page, value, label), text, state);
  const update = () => {
    const open = value.reason && given[number] === null;
    node.classList.toggle("to-review", Boolean(open));
    if (given[number] !== null) state.replaceChildren(mark("✓", "checked"));
    else if (open) state.replaceChildren(mark("?", "needs review"), make("small", {}, value.reason));
    else state.replaceChildren(`${percent(value.confidence)} sure`);
  };
  const correct = (to) => {
    given[number] = to;
    update();
    changed();
  };
  text.oninput = () => correct(text.value);
  text.onkeydown = (event) => {
    if (event.key === "Escape") {
      text.value = value.text;
      correct(null);
    } else if (event.key === "Enter" && !event.shiftKey) {
      correct(text.value); // as it is, it is right
      next(node, last).focus();
    } else if (!walked(event, text)) {
      return;
    }
    event.preventDefault();
  };
  update();
  return node;
}

const mark = (sign, word) => make("b", {}, make("span", { ariaHidden: "true", className: "sign" }, sign), word);

const texts = (node) => [...node.closest(".view").querySelectorAll("textarea")].filter((text) => text.offsetParent);

/** The text to go on with: the next that waits for a person, from here to the end and on from the start; else `last`. */
function next(node, last) {
  const all = texts(node);
  const here = all.findIndex((text) => node.contains(text));
  const later = [...all.slice(here + 1), ...all.slice(0, here)];
  return later.find((text) => text.closest(".to-review")) ?? last;
}

/** Arrows go from text to text, through the lines of a text first. Whether this one did. */
function walked({ key }, text) {
  const all = texts(text);
  const here = all.indexOf(text);
  const [down, up] = [key === "ArrowDown", key === "ArrowUp"];
  const inside = down ? text.value.slice(text.selectionEnd).includes("\n") : text.value.slice(0, text.selectionStart).includes("\n");
  if (!(down || up) || inside) return false;
  const to = all[here + (down ? 1 : -1)];
  const caret = down ? 0 : to?.value.length;
  to?.focus();
  to?.setSelectionRange(caret, caret);
  return true;
}

/** Whether the middle of a box stands in the band of a line. */
const beside = ([, top, , height], [, y, , h]) => y + h / 2 > top && y + h / 2 < top + height;
