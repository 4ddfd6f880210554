// Mirrors lines.py, and of reading.py the row: what a reading is made of.

import { roundEven } from "./numpy.js";

/** @typedef {import("./recognition/decide.js").Digit} Digit */
/** @typedef {{box: number[], reason: string}} LeftOut */
/** @typedef {{digits: Digit[], box: number[], certainty: number, candidates: [string, number][], value: ?number, left_out: LeftOut[],
 *  parts: Line[]}} Line a line of writing, its characters left to right; parts: the fields that it consists of, where these are several */

export const [AT_THE_EDGE, PRINT] = ["at the edge", "print"];

/** The Line of some digits, left to right, with the box around all of them.
 *  @param {Digit[]} digits
 *  @returns {Line} */
export function lineOf(digits, others = {}) {
  const [left, top] = [0, 1].map((side) => Math.min(...digits.map(({ box }) => box[side])));
  const [right, bottom] = [0, 1].map((side) => Math.max(...digits.map(({ box }) => box[side] + box[side + 2])));
  const box = [left, top, right - left, bottom - top];
  return { digits, box, certainty: null, candidates: [], value: null, left_out: [], parts: [], ...others };
}

/** The Line of some fields, left to right: itself where it is one, else all of their digits, as sure as all of them together.
 *  @param {Line[]} fields
 *  @returns {Line} */
export function joined(fields) {
  if (fields.length === 1) return fields[0];
  const certainty = fields.reduce((product, one) => product * one.certainty, 1);
  return lineOf(fields.flatMap((one) => one.digits), { certainty, parts: fields });
}

/** The labels joined, "?" where the reader will not answer; a space between two fields. */
export const textOf = ({ digits, parts }) => (parts.length ? parts.map(textOf).join(" ") : digits.map(({ label }) => label).join(""));

/** A row as `--format jsonl` has it, but for the tables and the places in them.
 *  @param {{lines: Line[], refused: ?string, left_out: LeftOut[], doubts: string[]}} reading
 *  @param {boolean} tiles whether each digit has what the network saw, as the service gives it with tiles=true */
export function rowOf({ lines, refused, left_out, doubts }, tiles = false) {
  const text = lines.map(textOf).join("\n");
  const reasons = ["refused", "unread", "unsure"].filter((reason) =>
    (reason === "refused" && refused) || (reason === "unsure" && text.includes("?")) || doubts.includes(reason));
  return {
    text,
    confidence: lines.length ? rounded(lines.reduce((product, line) => product * line.certainty, 1)) : 0,
    needs_review: reasons.length > 0,
    refused,
    error: null,
    lines: lines.map((line) => lineRow(line, tiles)),
    left_out,
    review_reasons: reasons,
    value: lines.length === 1 ? lines[0].value : null,
    fields: lines.flatMap((line) => (line.parts.length ? line.parts : [line])).map(fieldRow),
  };
}

const rounded = (p) => roundEven(p * 10_000) / 10_000;

const odds = (pairs) => pairs.map(([name, p]) => [name, rounded(p)]);

function lineRow(line, tiles) {
  const { box, certainty, digits, candidates, value } = line;
  const own = digits.map((digit) => ({ ...digitRow(digit), ...(tiles && digit.tile ? { tile: encoded(digit.tile) } : {}) }));
  return { text: textOf(line), box, confidence: rounded(certainty), digits: own, candidates: odds(candidates), value };
}

/** A tile as base64 of 28 x 28 bytes. */
const encoded = ({ data }) => btoa(String.fromCharCode(...Array.from(data, (v) => roundEven(v * 255))));

function fieldRow(line) {
  const { box, certainty, candidates, value, left_out } = line;
  return { text: textOf(line), box, confidence: rounded(certainty), candidates: odds(candidates), value, left_out };
}

function digitRow({ label, box, confidence, alternatives, probabilities, refused }) {
  const row = { label, box, confidence: rounded(confidence), alternatives: odds(alternatives) };
  if (probabilities.length) row.probabilities = Object.fromEntries(odds(probabilities));
  return refused ? { ...row, refused } : row;
}
