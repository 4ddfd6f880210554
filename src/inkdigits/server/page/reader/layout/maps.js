// Mirrors layout/maps.py: what stands where on a page: an image -> maps, the probability of each class at every fourth pixel.

import { roundEven } from "../numpy.js";
import { resizeArea, resizeLinear } from "../opencv.js";

/** @typedef {{data: Float32Array, width: number, height: number, classes: number}} Maps (height, width, classes) */

export const CLASSES = ["paper", "core", "margin", "writing", "rule", "desk", "print"];
export const [PAPER, CORE, MARGIN, WRITING, RULE, DESK, PRINT] = [0, 1, 2, 3, 4, 5, 6];
export const SIDE = 640;
export const WHOLE_SIDE = 320;
export const SMALLEST = 64;
export const STEP = 4;
export const MULTIPLE = 32;
export const CONTRACT = { version: 1, side: SIDE, smallest: SMALLEST, step: STEP, multiple: MULTIPLE };

/** Make an image ready for the network: no longer than `side` pixels, grey levels in [0, 1], black beyond its right and lower edge.
 *  @param {import("../opencv.js").Plane} grey uint8 (H, W)
 *  @returns {[{data: Float32Array, width: number, height: number}, number]} the page, and how many pixels of the image one of it is */
export function pageOf(grey, side = SIDE) {
  const [long, short] = [Math.max(grey.width, grey.height), Math.min(grey.width, grey.height)];
  const scale = Math.max(long / side, Math.min(short / SMALLEST, 1));
  let small = grey;
  if (scale !== 1) {
    const size = [grey.width, grey.height].map((v) => Math.max(roundEven(v / scale), 1));
    small = (scale > 1 ? resizeArea : resizeLinear)(grey, ...size);
  }
  const [width, height] = [small.width, small.height].map((v) => Math.ceil(v / MULTIPLE) * MULTIPLE);
  const data = new Float32Array(width * height);
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++) data[y * width + x] = small.data[y * small.width + x] / 255;
  }
  return [{ data, width, height }, scale];
}
