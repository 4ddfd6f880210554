// Mirrors server/inside.py: what goes on inside the digit network for one tile.

import { argmax, roundEven } from "./numpy.js";
import { pasted, plane } from "./opencv.js";
import { SIZE } from "./recognition/tiles.js";

/** @typedef {{maps: number, height: number, width: number, picture: import("./opencv.js").Plane}|{units: number, responses: number[]}}
 *  Layer the maps of a convolution as a picture, the units of a dense layer as numbers in [0, 1]; 1 is its strongest response */
/** @typedef {{probabilities: Record<string, number>, layers: Layer[], saliency: number[][]}} Inside saliency: 28 x 28, by how much the
 *  probability of the answer falls where that place is hidden */

export const [PATCH, STEP] = [5, 2];

/** Look into the network with one tile.
 *  @param {Uint8Array} bytes 28 x 28, 255 = ink
 *  @param {import("./recognition/networks.js").Networks} networks
 *  @param {(tile: Float32Array) => Promise<{data: Float32Array, dims: number[]}[]>} responses what each layer but the last hands on
 *  @returns {Promise<Inside>} */
export async function lookInto(bytes, networks, responses) {
  const tile = { width: SIZE, height: SIZE, data: Float32Array.from(bytes, (v) => v / 255) };
  const [probabilities] = await networks.classify([tile]);
  const { classes } = networks.cards.digit;
  const layers = (await responses(tile.data)).map(layerOf);
  const saliency = await occlusion(tile, networks, argmax(probabilities));
  return { probabilities: Object.fromEntries(classes.map((name, i) => [name, probabilities[i]])), layers, saliency };
}

function layerOf({ data, dims }) {
  const active = data.map((v) => Math.max(v, 0)); // after its activation
  const most = Math.max(active.reduce((a, b) => Math.max(a, b), 0), 1e-6);
  if (dims.length === 1) return { units: dims[0], responses: Array.from(active, (v) => v / most) };
  const [maps, height, width] = dims;
  const levels = Uint8Array.from(active, (v) => roundEven(Math.fround(Math.fround(255 * v) / most)));
  const size = width * height;
  const each = Array.from({ length: maps }, (_, k) => ({ width, height, data: levels.subarray(k * size, (k + 1) * size) }));
  return { maps, height, width, picture: sheet(each) };
}

/** How much the answer rests on each place (Zeiler and Fergus 2014, section 4.2). */
async function occlusion(tile, networks, answer) {
  const corners = Array.from({ length: Math.ceil((SIZE + 1 - PATCH) / STEP) }, (_, i) => i * STEP);
  const places = corners.flatMap((y) => corners.map((x) => [y, x]));
  const hidden = places.map(([y, x]) => {
    const copy = { ...tile, data: tile.data.slice() };
    for (let j = y; j < y + PATCH; j++) copy.data.fill(0, j * SIZE + x, j * SIZE + x + PATCH);
    return copy;
  });
  const [before, ...after] = (await networks.classify([tile, ...hidden])).map((own) => own[answer]);
  const [worth, count] = [plane(SIZE, SIZE, Float32Array), plane(SIZE, SIZE, Float32Array)];
  places.forEach(([y, x], i) => {
    for (let j = y; j < y + PATCH; j++) {
      for (let k = x; k < x + PATCH; k++) {
        worth.data[j * SIZE + k] += before - after[i];
        count.data[j * SIZE + k] += 1;
      }
    }
  });
  const value = (at) => worth.data[at] / Math.max(count.data[at], 1);
  return Array.from({ length: SIZE }, (_, y) => Array.from({ length: SIZE }, (__, x) => value(y * SIZE + x)));
}

/** Feature maps beside each other in a square, in grey. */
function sheet(maps, gap = 1) {
  const across = Math.ceil(Math.sqrt(maps.length));
  const [{ width, height }] = maps;
  const out = plane(across * (width + gap) - gap, Math.ceil(maps.length / across) * (height + gap) - gap);
  out.data.fill(40);
  maps.forEach((one, k) => pasted(out, one, (k % across) * (width + gap), Math.floor(k / across) * (height + gap)));
  return out;
}
