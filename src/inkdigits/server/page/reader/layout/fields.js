// Mirrors layout/fields.py: maps of a page -> the handwritten numbers on it, as boxes.

import { minAreaRect } from "../geometry.js";
import { connectedComponents, mapped } from "../opencv.js";
import { CORE } from "./maps.js";

/** @typedef {{box: number[], sides: [number, number], degrees: number}} Field a number that was found: x, y, width, height of its upright
 *  box; the sides of the smallest turned box around it, the longer first, and the direction of that, clockwise from the right, in
 *  (-90, 90] */

export const SURE = 0.5;
export const [SMALLEST_CORE, FAINTEST_CORE] = [3, 0.65];

/** The numbers that the maps show, in no order.
 *  @param {import("./maps.js").Maps} maps
 *  @param {number} scale pixels of the boxes for one of the maps
 *  @returns {Field[]} */
export function fields({ data, width, height, classes }, scale) {
  const core = { width, height, data: Float32Array.from({ length: width * height }, (_, i) => data[i * classes + CORE]) };
  const { labels, stats } = connectedComponents(mapped(Uint8Array, (p) => (p > SURE ? 1 : 0), core));
  const total = new Float64Array(stats.length);
  labels.data.forEach((label, i) => (total[label] += core.data[i]));
  const kept = stats.map((_, label) => label).filter((label) => {
    return label && stats[label].area >= SMALLEST_CORE && total[label] / stats[label].area >= FAINTEST_CORE;
  });
  return kept.map((label) => fieldOf(labels, stats[label], label, scale));
}

/** A field from its core; a quarter of the field's shorter side is missing at each edge. */
function fieldOf(labels, { x, y, width: w, height: h }, label, scale) {
  const out = Math.min(w, h) / 2;
  const box = [x - out, y - out, w + 2 * out, h + 2 * out].map((v) => v * scale);
  const points = [];
  for (let j = 0; j < h; j++) for (let i = 0; i < w; i++) if (labels.data[(y + j) * labels.width + x + i] === label) points.push([i, j]);
  const { sides, degrees } = minAreaRect(points);
  const [long, short] = [sides[0] + 1 + sides[1] + 1, 2 * (sides[1] + 1)]; // from pixel to pixel is one less than both of them cover
  return { box, sides: [long * scale, short * scale], degrees };
}
