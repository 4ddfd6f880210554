// Mirrors reader.py: the whole way: image -> sheet -> ink and fields -> what the networks read -> decision -> reading.

import { assembled } from "./assemble.js";
import { asItIs, flat } from "./layout/flat.js";
import { join } from "./layout/regions.js";
import { written } from "./layout/writing.js";
import { rowOf } from "./lines.js";
import { allowedIn } from "./recognition/alphabet.js";
import { PLAIN } from "./recognition/confidence.js";
import { leftOut } from "./recognition/leftout.js";
import { tileOf } from "./recognition/tiles.js";
import { transcribed } from "./recognition/transcript.js";
import { upright } from "./recognition/upright.js";

export const LINE_THRESHOLD = 0.95;

/** @typedef {{threshold?: ?number, alphabet?: ?string, decimal?: ?string, digitsOnly?: boolean, printed?: boolean, single?: boolean, tiles?:
 *  boolean}} Options as in options.py: the probability below which a position is "?", null for the model's own, 0 to answer always; the
 *  characters that a number may have; "point" or "comma"; leave symbols out; read printed numbers too; read exactly one digit; and whether
 *  each digit comes with what the network saw of it */

/** @typedef {{image: import("./opencv.js").Plane[], size: [number, number]}} Page an image, one or three planes of bytes, and the height
 *  and width of the source that it was decoded from, in whose pixels boxes are told */

/** Read all the digits in an image.
 *  @param {Page} page
 *  @param {import("./recognition/networks.js").Networks} networks
 *  @param {Options} options
 *  @returns {Promise<object>} a row as `--format jsonl` has it, but for the tables */
export async function read(page, networks, options = {}) {
  const { threshold = null, alphabet = null, decimal = null, digitsOnly = false, printed = false, single = false, tiles = false } = options;
  const { image } = page;
  const sheet = single ? asItIs(image) : await flat(image, (whole) => networks.maps(whole), (crop) => upright(crop, networks));
  const [ink, lines, aside, cores] = written(sheet, single, printed);
  const rows = lines.flat();
  const opinions = await opinionsOf(ink, rows, networks);
  const allowed = alphabet === null ? null : allowedIn(alphabet);
  const every = await transcribed(sheet.grey, ink.scale, rows, opinions, networks, single, allowed);
  const print = printRows(aside, every.filter((one) => !one.hasAnswer).map((one) => one.row), cores);
  const marks = leftOut(ink, every.filter((one) => one.hasAnswer).map((one) => one.read(ink.scale)), print, single);
  const by = { ...deciding(networks, threshold, single), decimal, digitsOnly };
  return rowOf(assembled(page, sheet, ink, lines, every, marks, by), tiles);
}

function deciding(networks, threshold, single) {
  const own = threshold ?? networks.cards.digit.thresholds.answer;
  const { confidence } = networks.cards.number;
  return {
    threshold: own,
    lineThreshold: single || threshold !== null ? own : Math.max(own, LINE_THRESHOLD),
    every: single ? networks.cards.digit.classes : [],
    weights: (!single && confidence) || PLAIN,
  };
}

/** The rows of print. aside: those that were not read; none: those in which no number was, and which may be other marks. */
function printRows(aside, none, cores) {
  if (!cores) return [];
  const rows = [...aside, ...none].map(join).map((row) => ({ ink: row, sure: cores.isPrint(row) }));
  return rows.filter(({ sure }, i) => sure || i < aside.length);
}

/** What the digit model says of every region, field by field. */
async function opinionsOf(ink, rows, networks) {
  const probabilities = await networks.classify(rows.flat().map((region) => tileOf(ink, region)));
  let at = 0;
  return rows.map((row) => probabilities.slice(at, (at += row.length)));
}
