// Mirrors recognition/strips.py: a field -> strip: float32 (height, W) in [0, 1], 1 = the ink, without a threshold or a mask.
//
// What Python has as HEIGHT, STEP and ENDS is the contract in the card of the number network.

import { clip } from "../numpy.js";
import { mapped, resizeArea, resizeLinear } from "../opencv.js";

/** @typedef {{version: number, height: number, step: number, low: number, high: number}} Contract */

/** Of the contract; a card of another version does not fit. */
export const VERSION = 4;

/** Scale a field to the size of a strip and stretch its grey levels, so that paper is near 0 and ink near 1 whichever is the darker.
 *  @param {import("../opencv.js").Plane} field uint8 (h, w), grey, upright
 *  @param {number} width of the strip in pixels, before it is rounded up to a multiple of the step
 *  @param {Contract} contract
 *  @returns {import("../opencv.js").Plane} */
export function strip(field, width, { height, step, low: first, high: last }) {
  const wide = Math.max(Math.ceil(width / step) * step, step);
  const smaller = field.height >= height && field.width >= wide;
  const small = (smaller ? resizeArea : resizeLinear)(field, wide, height);
  const upTo = new Float64Array(256); // how many pixels are as dark as each level or darker
  for (const level of small.data) upTo[level] += 1;
  for (let level = 1; level < 256; level++) upTo[level] += upTo[level - 1];
  const [low, middle, high] = [first, 50, last].map((percent) => upTo.findIndex((count) => count > (percent / 100) * small.data.length));
  const lightInk = high - middle > middle - low; // the paper is what most pixels are
  const span = Math.max(high - low, 1);
  return mapped(Float32Array, (v) => clip((lightInk ? v - low : high - v) / span, 0, 1), small);
}
