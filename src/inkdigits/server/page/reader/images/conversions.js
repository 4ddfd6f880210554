// Mirrors images/conversions.py: pixels of a canvas -> an image without transparency.

import { mapped, plane } from "../opencv.js";
import { roundEven } from "../numpy.js";

/** @typedef {import("../opencv.js").Plane} Plane */

/** Lay an image with transparency on paper: white, or black where everything visible is light.
 *  @param {{width: number, height: number, data: Uint8ClampedArray}} pixels RGBA, as ImageData has them
 *  @returns {Plane[]} red, green and blue, each uint8 (H, W); one plane where all three are the same */
export function opaque({ width, height, data }) {
  const planes = [0, 1, 2, 3].map((channel) => {
    const out = plane(width, height);
    for (let i = 0, at = channel; i < out.data.length; i++, at += 4) out.data[i] = data[at];
    return out;
  });
  const [red, green, blue, alpha] = planes;
  const image = isEqual(red, green) && isEqual(red, blue) ? [red] : [red, green, blue];
  let [visible, dark, clear] = [0, 0, false];
  for (let i = 0; i < alpha.data.length; i++) {
    if (alpha.data[i] < 255) clear = true;
    if (alpha.data[i] <= 127) continue;
    visible += 1;
    // The darkest of what is visible, not the mean: a cut-out piece of white paper with dark writing belongs on white.
    if (0.299 * red.data[i] + 0.587 * green.data[i] + 0.114 * blue.data[i] < 127.5) dark += 1;
  }
  if (!clear) return image;
  const paper = visible && dark <= 0.02 * visible ? 0 : 255;
  return image.map((one) => mapped(Uint8Array, (v, cover) => roundEven((v * cover + paper * (255 - cover)) / 255), one, alpha));
}

function isEqual({ data: a }, { data: b }) {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
