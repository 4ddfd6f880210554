// Mirrors recognition/numbers.py: a field -> what the number network says of it, seen at several widths.

import { argsort } from "../numpy.js";
import { CLASSES, DIGITS, OTHER } from "./alphabet.js";
import { agreed, candidates, condensed, distinct, logProbabilities, meanProbabilities, places } from "./decode.js";
import { cropped, stripWidth } from "./fields.js";
import { strip } from "./strips.js";

/** @typedef {import("./decode.js").Text} Text */
/** @typedef {{label: string, left: number, middle: number, right: number}} Character one character of a text, with its columns in the
 *  image */
/** @typedef {{frames: import("./decode.js").Frames, starts: number[], count: number}} View a field at one width: frames, condensed; the
 *  place of each among all `count` of them */

export const STRETCHES = [1.0, 0.85, 1.2];
export const CLEAR = 0.99;
export const MOST = 6;

/** A field as the number network sees it. */
export class Seen {
  /** @param {import("./fields.js").Field} field
   *  @param {?number[]} allowed the indices of CLASSES that a text may have; null allows all
   *  @param {View[]} views
   *  @param {Text[]} texts the likeliest of every view */
  constructor(field, allowed = null, views = [], texts = []) {
    Object.assign(this, { field, allowed, views, texts });
  }

  /** The same with one view more.
   *  @param {View} view */
  also(view) {
    const found = candidates(view.frames, MOST, this.allowed).map(({ text }) => text);
    return new Seen(this.field, this.allowed, [...this.views, view], distinct([...this.texts, ...found]));
  }

  /** Columns of the image for one frame of the network, by which characters are placed. */
  get frame() {
    return (this.field.right - this.field.left) / this.views[0].count;
  }

  /** The likeliest texts, best first, with the mean of what the views give them; none where nothing that is allowed fits. */
  candidates() {
    return agreed(this.frames, this.texts, MOST);
  }

  /** The probability that all of the field says just this, for each of some texts. */
  probabilities(texts) {
    return meanProbabilities(this.frames, texts);
  }

  /** The characters of some texts, each placed by the view that is surest of it; none where that has fewer frames than they need.
   *  @returns {Character[][]} */
  characters(texts) {
    const every = logProbabilities(this.frames, texts);
    return texts.map((text, i) => this.placed(text, this.views[argsort(every.map((own) => -own[i]))[0]]));
  }

  get frames() {
    return this.views.map((view) => view.frames);
  }

  placed(text, { frames, starts, count }) {
    const spans = places(frames, text)?.map(([first, last]) => [starts[first], starts[last - 1] + 1]);
    if (!spans?.length) return [];
    const middles = spans.map(([first, last]) => (first + last) / 2);
    const edges = [spans[0][0] - 1, ...middles.slice(1).map((b, i) => (middles[i] + b) / 2), spans[spans.length - 1][1] + 1];
    const columns = edges.map((edge) => this.field.column(Math.min(Math.max(edge, 0) / count, 1)));
    return text.map((sign, i) => (
      { label: CLASSES[sign], left: columns[i], middle: this.field.column(middles[i] / count), right: columns[i + 1] }));
  }
}

/** Show the network one field of an image at one width after the other, until it is sure of a text.
 *  @param {import("../opencv.js").Plane} grey
 *  @param {import("./networks.js").Networks} networks
 *  @returns {Promise<Seen>} */
export async function look(grey, field, networks, allowed = null) {
  const crop = cropped(grey, field);
  let seen = new Seen(field, allowed);
  for (const stretch of STRETCHES) {
    const frames = await networks.frames(strip(crop, stripWidth(crop, stretch, networks.contract), networks.contract));
    seen = seen.also({ ...condensed(frames), count: frames.length });
    if (seen.views.length < STRETCHES.length && seen.candidates()[0]?.probability >= CLEAR) break;
  }
  return seen;
}

/** The probability that all of a field is just this digit, for each of the ten.
 *  @returns {Promise<number[]>} */
export async function readDigit(grey, field, networks) {
  return (await look(grey, field, networks)).probabilities([...DIGITS].map((digit) => [CLASSES.indexOf(digit)]));
}
