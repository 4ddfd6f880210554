// Mirrors recognition/tiles.py: region -> tile: float32 (28, 28), 1 = ink, in the convention of MNIST.

import { clip, roundEven } from "../numpy.js";
import { cropped, dilate, mapped, pasted, plane, resizeArea, resizeLinear } from "../opencv.js";
import { inked, quantile, under } from "../layout/ink.js";

export const [SIZE, BOX, LEVEL] = [28, 20, 0.85];
export const CONTRACT = { version: 2, size: SIZE, box: BOX, centre: "mass", level: LEVEL };

const { fround, max, min } = Math;

/** Make a tile of one region.
 *  @param {import("../opencv.js").Plane} strength float32 (h, w) in [0, 1], the ink of a crop that holds the region
 *  @param {import("../opencv.js").Plane} mask its strokes; not empty
 *  @returns {import("../opencv.js").Plane} */
export function tile(strength, mask) {
  const window = inked(mask);
  const [own, some] = [cropped(mask, window), cropped(strength, window)];
  // Full ink is what the strongest strokes of this very region show: pencil and felt-tip end at the same 1.
  const full = quantile(under(some, own), LEVEL);
  const ink = mapped(Float32Array, (v, near) => min(fround(v / full), 1) * near, some, dilate(own, 3, 3));
  const scale = BOX / max(own.width, own.height);
  const size = [own.width, own.height].map((v) => max(1, roundEven(v * scale)));
  const small = (scale < 1 ? resizeArea : resizeLinear)(ink, ...size);
  const strongest = small.data.reduce((a, b) => max(a, b), 0);
  const peak = quantile(small.data.filter((v) => v > fround(fround(0.1) * strongest)), 0.9);
  // A hairline shrunk to a fraction of a pixel turns grey: give it back its full ink.
  return centre(peak < 0.9 ? mapped(Float32Array, (v) => min(v / max(peak, 1e-3), 1), small) : small);
}

/** Put ink (h, w), at most 20x20, into (28, 28) with its centre of mass at pixel (14, 14), to the nearest pixel. */
export function centre(ink) {
  let [all, down, across] = [0, 0, 0];
  ink.data.forEach((v, i) => {
    all += v;
    down += v * Math.floor(i / ink.width);
    across += v * (i % ink.width);
  });
  const out = plane(SIZE, SIZE, Float32Array);
  const top = clip(roundEven(SIZE / 2 - down / all), 0, SIZE - ink.height);
  const left = clip(roundEven(SIZE / 2 - across / all), 0, SIZE - ink.width);
  pasted(out, ink, left, top);
  return out;
}

/** The tile of a region of an image's ink. */
export const tileOf = (ink, region) => tile(mapped(Float32Array, (v) => v / 255, cropped(ink.strength, region.window)), region.mask);
