// Mirrors recognition/decide.py: probabilities and what was left out -> an answer, or "?" with the reason.

import { clip, roundEven } from "../numpy.js";
import { cropped } from "../opencv.js";
import { valuesUnder } from "../layout/grouping.js";
import { quantile, strokeWidth } from "../layout/ink.js";
import { AT_THE_EDGE } from "../lines.js";
import { NOT_A_DIGIT } from "./networks.js";

export const [LOW, THIN, FAINT, BLUR] = [14, 1.5, 0.15, 0.12];
export const NONE = "not a digit: it looks more like a letter, a sign, a scribble or several digits in one";
export const [MOSTLY, AT_LEAST] = [0.5, 8];
export const NO_INK = "no ink: nothing on it stands out from the paper";
export const NO_DIGIT = "no digit: what is on it are lines, dots, edges, letters or signs";
export const ONLY_EDGES =
  "no digit: what is on it lies along its edge and is no writing, like the edge of a scan, a rule, a desk; crop to the writing";

/** @typedef {{label: string, box: number[], confidence: number, alternatives: [string, number][], refused: ?string}} Digit */

const percent = (p) => `${roundEven(100 * p)}%`;

/** Answer one position.
 *  @param {[string, number][]} ranked labels with their calibrated probabilities, likeliest first; what "not a digit" has, the answer lacks
 *  @param {number} threshold below this confidence the answer is "?", and where "not a digit" is likelier than anything else; 0 always
 *  answers
 *  @param {number[]} box
 *  @param {?import("../opencv.js").Plane} tile
 *  @param {string[]} every the labels whose probabilities the digit is to carry
 *  @returns {Digit} */
export function decide(ranked, threshold, box, tile, every = []) {
  const [label, confidence] = ranked.find(([name]) => name !== NOT_A_DIGIT) ?? ["?", 0];
  let refused = null;
  if (label === "?" || (threshold > 0 && ranked[0][0] === NOT_A_DIGIT)) refused = NONE;
  else if (confidence < threshold) refused = `not sure enough: ${rivals(ranked)}`;
  const odds = Object.fromEntries(ranked);
  return {
    label: refused ? "?" : label,
    box,
    confidence,
    alternatives: (refused ? ranked : ranked.filter(([name]) => name !== label)).slice(0, 3),
    probabilities: every.map((name) => [name, odds[name] ?? 0]),
    refused,
    tile,
  };
}

/** Why an image is refused as a whole: nothing on it is a digit, or too little to call it a page of digits; null where it is one.
 *  @param {Digit[]} digits
 *  @param {import("./leftout.js").Mark[]} marks what was left out
 *  @param {boolean} inked whether there is any ink */
export function refusal(digits, marks, inked) {
  if (!inked) return NO_INK;
  if (!digits.length) return marks.length && marks.every((mark) => mark.reason === AT_THE_EDGE) ? ONLY_EDGES : NO_DIGIT;
  const none = digits.filter((digit) => digit.refused !== null && digit.alternatives[0][0] === NOT_A_DIGIT).length;
  const page = `no digits: ${none} of ${digits.length} marks are none, as in text, a drawing or the grain of paper`;
  return digits.length >= AT_LEAST && none > MOSTLY * digits.length ? page : null;
}

/** Why a person should look at an answer even if no "?" is in it: writing was left out; a line is less likely right than `threshold`.
 *  @param {number[]} confidences of the lines */
export function doubts(confidences, marks, threshold) {
  const unread = marks.some((mark) => mark.line !== null);
  const unsure = confidences.some((confidence) => confidence < threshold);
  return [...(unread ? ["unread"] : []), ...(unsure ? ["unsure"] : [])];
}

/** What it may be, in words. */
function rivals(ranked) {
  const likely = ranked.slice(0, 2).filter(([, p]) => p > 0.2 * ranked[0][1]);
  return `it may be ${likely.map(([name, p]) => `${name} (${percent(p)})`).join(" or ")}`;
}

/** What is wrong with the image of a digit that was refused, and what to do about it; null where nothing is.
 *  @param {import("../layout/ink.js").Ink} ink
 *  @param {import("../layout/regions.js").Region} region */
export function blame(ink, region) {
  const [height, width] = [region.height * ink.scale, strokeWidth(region.mask) * ink.scale];
  const strength = quantile(valuesUnder(ink.strength, region), 0.85) / 255;
  if (height < LOW) return `too small: the digit is ${roundEven(height)} px high; take the picture from closer, or scan it finer`;
  if (width < THIN) return `too thin: the strokes are ${roundEven(width)} px wide; take the picture from closer, or scan it finer`;
  if (strength < FAINT) return `too faint: the pen takes ${percent(strength)} of the paper's light; use more light or a darker pen`;
  const blur = blurOf(ink, region);
  if (blur > BLUR * region.height) {
    return `too blurred: the strokes' edges are ${roundEven(blur * ink.scale)} px wide; hold the camera still, focus on the paper`;
  }
  return null;
}

/** Width of the strokes' edges in pixels of the ink: of the way from a quarter to three quarters of their strength, doubled. */
function blurOf(ink, region) {
  const rim = 4;
  const window = {
    left: Math.max(region.x - rim, 0),
    top: Math.max(region.y - rim, 0),
    right: Math.min(region.right + rim, ink.strength.width),
    bottom: Math.min(region.bottom + rim, ink.strength.height),
  };
  const { width, height, data } = cropped(ink.strength, window);
  if (Math.min(width, height) < 2) return 0; // a strip one pixel wide has no edges to look at
  const full = quantile(valuesUnder(ink.strength, region), 0.85);
  const slope = (at, i, size, step) => {
    const [before, after] = [clip(i - 1, 0, size - 1), clip(i + 1, 0, size - 1)];
    return (data[at + (after - i) * step] - data[at + (before - i) * step]) / (after - before);
  };
  const steep = [];
  data.forEach((v, at) => {
    if (!(v > 0.25 * full && v < 0.75 * full)) return;
    const [x, y] = [at % width, Math.floor(at / width)];
    steep.push(Math.hypot(slope(at, y, height, width), slope(at, x, width, 1)) / Math.max(full, 1));
  });
  return steep.length ? 1 / Math.max(quantile(steep, 0.5), 1e-3) : 0;
}
