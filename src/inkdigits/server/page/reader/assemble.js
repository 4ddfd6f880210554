// Mirrors assemble.py, but for tables: what was read in the fields of a sheet, and what was left out -> a reading.

import { roundEven } from "./numpy.js";
import { any } from "./opencv.js";
import { unflattened } from "./layout/flat.js";
import { joined, lineOf } from "./lines.js";
import { SYMBOLS } from "./recognition/alphabet.js";
import { certainty } from "./recognition/confidence.js";
import { blame, decide, doubts, refusal } from "./recognition/decide.js";
import { NOT_A_DIGIT } from "./recognition/networks.js";
import { tileOf } from "./recognition/tiles.js";
import { valueOf } from "./recognition/value.js";

/** @typedef {import("./recognition/transcript.js").Transcript} Transcript */
/** @typedef {{threshold: number, lineThreshold: number, every: string[], weights: Record<string, number>, digitsOnly: boolean, decimal:
 *  ?string}} Deciding how it is decided what is told: the probability below which a position is "?", 0 answers always; the one below
 *  which a line needs review; the classes whose probabilities each digit carries; the weights of the confidence in a line; what was asked
 *  of the reader */

/** The reading of a page.
 *  @param {import("./reading.js").Page} page
 *  @param {import("./layout/flat.js").Flat} sheet
 *  @param {import("./layout/ink.js").Ink} ink
 *  @param {import("./layout/regions.js").Region[][][]} lines the regions of the fields, line by line
 *  @param {Transcript[]} every what was read in each of them
 *  @param {import("./recognition/leftout.js").Mark[]} marks what was left out, in the order of those that have an answer
 *  @param {Deciding} by */
export function assembled(page, sheet, ink, lines, every, marks, by) {
  const factor = page.size[1] / page.image[0].width; // the source may be larger than what was decoded of it
  const scale = ink.scale * factor;
  const size = sheet.homography ? [sheet.grey.height, sheet.grey.width].map((v) => roundEven(v * factor)) : page.size;
  const place = (one) => (sheet.homography ? { ...one, box: unflattened(one.box, sheet.homography, factor, page.size) } : one);
  const told = every.filter((one) => one.hasAnswer);
  const left = marks.map((mark) => place({ box: mark.region.placed(scale, size), reason: mark.reason }));
  const read = told.map((one, number) => {
    const own = left.filter((_, i) => marks[i].line === number);
    const line = lineRead(one, own.length, { ...ink, scale }, size, factor, by);
    return { ...place(line), digits: line.digits.map(place), left_out: own };
  });
  const refused = refusal(read.flatMap((line) => line.digits), marks, any(ink.mask));
  const missed = every.some((one) => one.isMissed) ? ["unread"] : [];
  const reasons = [...missed, ...doubts(read.map((line) => line.certainty), marks, by.lineThreshold)];
  if (refused) {
    const none = read.flatMap((line) => line.digits).map(({ box }) => ({ box, reason: NOT_A_DIGIT }));
    return { lines: [], refused, left_out: [...left, ...none], doubts: reasons };
  }
  const numbers = lines.map((line) => read.filter((_, number) => line.includes(told[number].row)));
  return { lines: numbers.filter((own) => own.length).map(joined), refused, left_out: left, doubts: reasons };
}

/** A line as it is told. unread: how many marks in it or beside it were not read. factor: pixels of the source for one of the image. */
function lineRead(one, unread, ink, size, factor, by) {
  const signs = one.signs.filter((sign) => !one.checked || !isSilent(sign, by));
  const digits = signs.map((sign) => {
    const region = one.region(sign);
    const digit = decide(sign.ranked, by.threshold, one.place(sign, ink.scale, factor, size), region && tileOf(ink, region), by.every);
    return digit.refused && region ? { ...digit, refused: blame(ink, region) || digit.refused } : digit;
  });
  const evidence = one.checked ? { ...one.checked.evidence, unread } : {};
  const sureness = one.checked ? certainty(evidence, by.weights) : one.signs.reduce((product, sign) => product * sign.ranked[0][1], 1);
  const sure = sureness >= by.lineThreshold && !digits.some((digit) => digit.refused);
  const value = sure && one.checked ? valueOf(one.text, by.decimal) : null;
  return lineOf(digits, { certainty: sureness, value, candidates: one.texts });
}

/** Whether a sign is not in the text: a symbol where only digits are asked for; what is no number where everything is answered. */
function isSilent({ ranked: [[label]] }, by) {
  return (by.digitsOnly && SYMBOLS.includes(label)) || (by.threshold === 0 && label === NOT_A_DIGIT);
}
