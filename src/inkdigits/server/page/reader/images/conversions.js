// Mirrors images/conversions.py: pixels of a canvas -> an image without transparency.

import { mapped, plane } from "../opencv.js";
import { roundEven } from "../numpy.js";

/** @typedef {import("../opencv.js").Plane} Plane */

/** Lay an image with transparency on paper: white, or black where everything visible is light.
 *  @param {{width: number, height: number, data: Uint8ClampedArray}} pixels RGBA, as ImageData has them
 *  @returns {Plane[]} red, green and blue, each uint8 (H, W); one plane where all three are the same */
export function opaque({ width, height, data }) {
  const planes = [0, 1, 2].map((channel) => {
    const out = plane(width, height);
    for (let i = 0; i < out.data.length; i++) out.data[i] = data[4 * i + channel];
    return out;
  });
  const [red, green, blue] = planes.map((one) => one.data);
  const isGrey = red.every((v, i) => v === green[i] && v === blue[i]);
  const image = isGrey ? [planes[0]] : planes;
  const alpha = plane(width, height);
  for (let i = 0; i < alpha.data.length; i++) alpha.data[i] = data[4 * i + 3];
  if (alpha.data.every((cover) => cover === 255)) return image;
  let [visible, dark] = [0, 0];
  for (let i = 0; i < alpha.data.length; i++) {
    if (alpha.data[i] <= 127) continue;
    visible += 1;
    // The darkest of what is visible, not the mean: a cut-out piece of white paper with dark writing belongs on white.
    if (0.299 * red[i] + 0.587 * green[i] + 0.114 * blue[i] <= 127.5) dark += 1;
  }
  const paper = visible && dark <= 0.02 * visible ? 0 : 255;
  return image.map((one) => mapped(Uint8Array, (v, cover) => roundEven((v * cover + paper * (255 - cover)) / 255), one, alpha));
}
