// Mirrors recognition/upright.py: the crop of a field -> whether its writing stands upright, or is turned by a quarter or a half.

import { clip, mean, roundEven } from "../numpy.js";
import { cropped } from "../opencv.js";
import { stripWidth } from "./fields.js";
import { strip } from "./strips.js";

export const WIDTH = 120;
export const MOST = 3;
export const CLASSES = ["turned", "upright"];

/** How much likelier than not a grey crop shows writing that stands upright: the mean of the log odds of its windows.
 *  @param {import("../opencv.js").Plane} crop
 *  @param {import("./networks.js").Networks} networks
 *  @returns {Promise<number>} */
export async function upright(crop, networks) {
  const found = await networks.standing(windows(strip(crop, stripWidth(crop, 1, networks.contract), networks.contract)));
  return mean(found.map(([turned, stands]) => Math.log(clip(stands, 1e-6, 1) / clip(turned, 1e-6, 1))));
}

/** The windows of a strip, spread over it, from 1 to MOST; paper beside what is narrower.
 *  @param {import("../opencv.js").Plane} found
 *  @returns {import("../opencv.js").Plane[]} */
export function windows(found) {
  const missing = WIDTH - found.width;
  if (missing >= 0) return [padded(found, Math.floor(missing / 2))];
  const count = Math.min(Math.ceil(found.width / WIDTH), MOST);
  const starts = Array.from({ length: count }, (_, i) => roundEven((-missing * i) / (count - 1)));
  return starts.map((left) => cropped(found, { left, top: 0, right: left + WIDTH, bottom: found.height }));
}

function padded({ data, width, height }, left) {
  const out = new Float32Array(WIDTH * height);
  for (let y = 0; y < height; y++) out.set(data.subarray(y * width, (y + 1) * width), y * WIDTH + left);
  return { data: out, width: WIDTH, height };
}
