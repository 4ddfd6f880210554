// Mirrors recognition/transcript.py: the regions of a field, in its image -> what the networks read in them.

import { argsort, roundEven, sum } from "../numpy.js";
import { join } from "../layout/regions.js";
import { SYMBOLS, textOf } from "./alphabet.js";
import { ABOVE, fieldOf } from "./fields.js";
import { NOT_A_DIGIT } from "./networks.js";
import { look, readDigit } from "./numbers.js";
import { check } from "./signs.js";

export const MISSED = 0.5;
export const [SURE, SINGLE, FLOOR] = [0.95, 0.6, 1e-4];

/** @typedef {import("./signs.js").Sign} Sign */

/** A field that was read. row: its regions; checked: what both readers make of it, null where it was looked at region by region; field:
 *  where it lies in the image. */
export class Transcript {
  constructor(row, signs, checked = null, field = null) {
    Object.assign(this, { row, signs, checked, field });
  }

  /** Whether anything but symbols and what is no number was read; what was looked at region by region always has one. */
  get hasAnswer() {
    return !this.checked || this.signs.some((sign) => ![...SYMBOLS, NOT_A_DIGIT].includes(labelOf(sign)));
  }

  /** Whether there is a number in it that was not read. */
  get isMissed() {
    return !this.hasAnswer && this.checked.overlooked > MISSED;
  }

  /** What it says, symbols too. */
  get text() {
    return this.signs.map((sign) => (labelOf(sign) === NOT_A_DIGIT ? "?" : labelOf(sign))).join("");
  }

  /** What it may say, with probabilities, likeliest first.
   *  @returns {[string, number][]} */
  get texts() {
    return this.checked ? this.checked.candidates.map((one) => [textOf(one.text), one.probability]) : [];
  }

  /** Which of its ink was read. Where no sign was found in any of its regions, these are no number. scale: pixels of the image for one of
   *  the ink.
   *  @returns {import("./leftout.js").ReadLine} */
  read(scale) {
    let own = new Map(this.signs.flatMap((sign) => sign.regions.map((r) => [r, labelOf(sign)])));
    if (!own.size) own = new Map(this.row.map((_, r) => [r, NOT_A_DIGIT]));
    const some = (isNumber) => [...own].filter(([, label]) => (label !== NOT_A_DIGIT) === isNumber).map(([r]) => this.row[r]);
    const columns = this.signs.filter((sign) => !sign.regions.length).map((sign) => [sign.left / scale, sign.right / scale]);
    return { row: some(true), others: some(false), columns };
  }

  /** The strokes of a sign that shares them with no other; null where it was found in none, or shares them. */
  region(sign) {
    return sign.regions.length && sign.sole ? join(sign.regions.map((r) => this.row[r])) : null;
  }

  /** The box of a sign in the source image, of this height and width. scale: pixels of the source for one of the ink; factor: for one of
   *  the image. */
  place(sign, scale, factor, size) {
    const region = this.region(sign);
    if (region) return region.placed(scale, size);
    const around = sign.regions.map((r) => this.row[r]);
    let [top, bottom] = [Math.min(...around.map((r) => r.y)) * scale, Math.max(...around.map((r) => r.bottom)) * scale];
    if (!around.length) {
      const [middle, half] = [this.field.middle((sign.left + sign.right) / 2), (0.5 * this.field.height) / (1 + 2 * ABOVE)];
      [top, bottom] = [(middle - half) * factor, (middle + half) * factor];
    }
    const [left, right] = [Math.max(roundEven(sign.left * factor), 0), Math.min(roundEven(sign.right * factor), size[1])];
    [top, bottom] = [Math.max(roundEven(top), 0), Math.min(roundEven(bottom), size[0])];
    return [left, top, Math.max(right - left, 1), Math.max(bottom - top, 1)];
  }
}

const labelOf = (sign) => sign.ranked[0][0];

/** Read fields.
 *  @param {import("../opencv.js").Plane} grey the image
 *  @param {number} scale its pixels for one of the ink
 *  @param {import("../layout/regions.js").Region[][]} rows the regions of each field
 *  @param {Float64Array[][]} opinions the probabilities that the digit model gives the classes of each region, for each field
 *  @param {import("./networks.js").Networks} networks
 *  @param {boolean} single a field is one digit
 *  @param {?number[]} allowed indices of CLASSES, the signs that a text may have; null allows all
 *  @returns {Promise<Transcript[]>} */
export async function transcribed(grey, scale, rows, opinions, networks, single, allowed) {
  const found = [];
  for (const [i, row] of rows.entries()) {
    const spans = row.map((region) => [region.x * scale, region.right * scale]);
    const field = fieldOf(row, scale, [grey.height, grey.width]);
    if (single) {
      const signs = [];
      for (const [r, [left, right]] of spans.entries()) {
        signs.push({ ranked: await ranked(opinions[i][r], grey, field, networks), left, right, regions: [r], sole: true });
      }
      found.push(new Transcript(row, signs));
    } else {
      const checked = check(await look(grey, field, networks, allowed), spans, opinions[i]);
      found.push(new Transcript(row, checked.signs, checked, field));
    }
  }
  return found;
}

/** The classes of one region, likeliest first; the number network is asked too, if the digit model is unsure. */
async function ranked(opinion, grey, field, networks) {
  const { classes } = networks.cards.digit;
  const odds = [...opinion];
  const digits = classes.map((_, k) => k).filter((k) => classes[k] !== NOT_A_DIGIT);
  const own = digits.map((k) => odds[k]);
  if (Math.max(...own) < SURE) {
    const said = await readDigit(grey, field, networks); // in the order of the digits, as the model's classes are
    const highest = Math.max(...said, 1e-12);
    const both = own.map((p, k) => p * Math.max(said[k] / highest, FLOOR) ** SINGLE);
    digits.forEach((k, i) => (odds[k] = (both[i] / sum(both)) * sum(own)));
  }
  return argsort(odds.map((p) => -p)).map((k) => [classes[k], odds[k]]);
}
