// Mirrors recognition/networks.py, and of models.py what turns logits into probabilities: the networks, each run by a function that is
// given.

import * as maps from "../layout/maps.js";
import { CLASSES } from "./alphabet.js";
import { VERSION } from "./strips.js";
import { CONTRACT } from "./tiles.js";
import { CLASSES as UPRIGHT } from "./upright.js";

export const NOT_A_DIGIT = "not a digit";

/** @typedef {{classes: string[], temperature: number, preprocessing: object, thresholds: object, confidence: object, name: string}} Card
 *  card.json */
/** @typedef {(name: string, input: Float32Array, dims: number[]) => Promise<{data: Float32Array, dims: number[]}>} Run the logits of one
 *  of the networks `digit`, `number`, `fields` and `upright` */

/** The networks of a reader. Throws Error where a card does not fit this reader. */
export class Networks {
  /** @param {{digit: Card, number: Card, fields: Card, upright: Card}} cards
   *  @param {Run} run */
  constructor(cards, run) {
    Object.assign(this, { cards, run });
    if (!isEqual(cards.digit.preprocessing, CONTRACT)) throw unfit("digit");
    if (cards.number.preprocessing.version !== VERSION || !isEqual(cards.number.classes, CLASSES)) throw unfit("number");
    if (!isEqual(cards.fields.preprocessing, maps.CONTRACT) || !isEqual(cards.fields.classes, maps.CLASSES)) throw unfit("fields");
    const { preprocessing, classes } = cards.upright;
    if (preprocessing.version !== VERSION || !isEqual(classes, UPRIGHT)) throw unfit("upright");
  }

  /** How strips are made for the number network.
   *  @returns {import("./strips.js").Contract} */
  get contract() {
    return this.cards.number.preprocessing;
  }

  /** What the digit model says of tiles, planes of 28 x 28: the probabilities of its classes for each.
   *  @returns {Promise<Float64Array[]>} */
  async classify(tiles) {
    return tiles.length ? this.probabilities("digit", tiles) : [];
  }

  /** Whether windows of strips, planes of 120 x 40, stand upright: the probabilities of CLASSES of `upright.js` for each.
   *  @returns {Promise<Float64Array[]>} */
  async standing(windows) {
    return this.probabilities("upright", windows);
  }

  /** What one of the networks says of planes of one size: the probabilities of its classes for each. */
  async probabilities(name, planes) {
    const [{ width, height }] = planes;
    const input = new Float32Array(planes.length * width * height);
    planes.forEach(({ data }, i) => input.set(data, i * width * height));
    const { data, dims } = await this.run(name, input, [planes.length, height, width]);
    return softmax(data, dims[1], this.cards[name].temperature);
  }

  /** What the number network says in each frame of a strip: the probabilities of CLASSES.
   *  @param {import("../opencv.js").Plane} strip
   *  @returns {Promise<import("./decode.js").Frames>} */
  async frames(strip) {
    const { data, dims } = await this.run("number", strip.data, [1, strip.height, strip.width]);
    return softmax(data, dims[2], this.cards.number.temperature);
  }

  /** What stands where on a page of `layout/maps.js`.
   *  @returns {Promise<maps.Maps>} */
  async maps({ data: page, width, height }) {
    const { data, dims } = await this.run("fields", page, [1, height, width]);
    const found = new Float32Array(data.length);
    softmaxInto(found, data, dims[3], this.cards.fields.temperature);
    return { data: found, height: dims[1], width: dims[2], classes: dims[3] };
  }
}

const unfit = (name) =>
  new Error(`The model ${name} was made for another version of this reader: take both from the same version of inkdigits.`);

const isEqual = (a, b) => JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());

/** softmax(logits / temperature) of rows of k logits. */
function softmax(logits, k, temperature) {
  const found = new Float64Array(logits.length);
  softmaxInto(found, logits, k, temperature);
  return Array.from({ length: logits.length / k }, (_, row) => found.subarray(row * k, (row + 1) * k));
}

function softmaxInto(found, logits, k, temperature) {
  const powers = new Float64Array(k);
  for (let at = 0; at < logits.length; at += k) {
    let [largest, total] = [-Infinity, 0];
    for (let i = 0; i < k; i++) largest = Math.max(largest, logits[at + i] / temperature);
    for (let i = 0; i < k; i++) total += powers[i] = Math.exp(logits[at + i] / temperature - largest);
    for (let i = 0; i < k; i++) found[at + i] = powers[i] / total;
  }
}
