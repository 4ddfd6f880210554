// What was left out of a reading, and why a person should look, in words.

import { make } from "./dom.js";

const LEFT_OUT = {
  letter: ["a letter", "letters"],
  "dot or comma": ["a dot or comma", "dots or commas"],
  dash: ["a dash", "dashes"],
  slash: ["a slash", "slashes"],
  "not a digit": ["a mark that is no digit", "marks that are no digits"],
  "crossed out": ["something crossed out", "places crossed out"],
  faint: ["something faint", "faint places"],
  "at the edge": ["something at the edge", "places at the edge"],
  print: ["a row of print", "rows of print"],
};
const REVIEW = {
  damaged: "the file may be damaged",
  unread: "ink of the size of writing was left out",
  unsure: "an answer is not sure",
};
const TOLD = ["error", "refused"]; // reasons of review that a row tells in its own words
const PLACED = ["unread", "unsure"]; // reasons that stand at a place of the image, and not for all of it

const NO_REASON_TO_LOOK = ["at the edge", "print"]; // nothing that a hand wrote for a number

/** What a row left out: its list of {box, reason}. Rows of older services have none. */
export const leftOut = (row) => row.left_out ?? [];

/** Those of them that may be missing in the text. */
export const missing = (row) => leftOut(row).filter(({ reason }) => !NO_REASON_TO_LOOK.includes(reason));

/** "Left out: a letter, 2 dashes."; "" where nothing was. */
export function leftOutInWords(row) {
  const times = new Map();
  for (const { reason } of leftOut(row)) times.set(reason, (times.get(reason) ?? 0) + 1);
  const things = [...times].map(([reason, n]) => {
    const [one, many] = LEFT_OUT[reason] ?? [reason, `× ${reason}`];
    return n === 1 ? one : `${n} ${many}`;
  });
  return things.length ? `Left out: ${things.join(", ")}.` : "";
}

/** Whether ink of the size of writing was left out. */
export const unread = (row) => (row.review_reasons ?? []).includes("unread");

/** Whether there is a reason to look at every value, wherever it stands. */
export const everywhere = (row) => (row.review_reasons ?? []).some((reason) => ![...TOLD, ...PLACED].includes(reason));

/** Why a person should look, beside what `error` and `refused` say; "" where nobody has to. */
export function reviewInWords(row) {
  const reasons = (row.review_reasons ?? []).filter((reason) => !TOLD.includes(reason));
  return reasons.map((reason) => REVIEW[reason] ?? reason).join("; ");
}

/** Paragraphs to stand under the picture of a row. */
export function account(row) {
  const [left, review] = [leftOutInWords(row), reviewInWords(row)];
  return [
    ...(left ? [make("p", { className: "account" }, make("span", { className: "swatch", ariaHidden: "true" }), left)] : []),
    ...(review ? [make("p", { className: "account" }, make("b", {}, "A person should look: "), `${review}.`)] : []),
  ];
}
