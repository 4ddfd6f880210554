// Mirrors layout/ink.py: image -> Ink: how strongly each pixel was written on, whatever the paper, the light and the colour of the pen.

import { clip, mean, roundEven, searchSorted } from "../numpy.js";
import {
  any, blur, close, connectedComponents, countNonZero, cropped, dilate, DIST_L2, distanceTransform, framed, grey, mapped, medianBlur, plane,
  resizeArea, resizeLinear,
} from "../opencv.js";

/** @typedef {import("../opencv.js").Plane} Plane */
/** @typedef {{strength: Plane, mask: Plane, stroke: number, scale: number}} Ink strength: uint8 (h, w), the share of the paper's light
 *  that the pen takes away, in 255ths; mask: 1 on strokes; stroke: their width in pixels of it; scale: pixels of the source image for one
 *  of it. */

export const PAPER_SIDE = 160;
export const FAINTEST = 3;
export const PRINT = 38;
export const [FINE, PATTERN] = [1.5, 0.1];
export const SAME_INK = 0.7;
export const CLOSEST = 9;
export const HOLLOW = 0.6;
export const THICK = 3.5;
export const LIGHT = 0.4;
export const [COLOURLESS, SAMPLED] = [16, 4];
export const DEEP = 24;

const { fround, max, min } = Math;
const invert = (of) => mapped(Uint8Array, (v) => 255 - v, of);

/** Find the writing in an image, looked at no larger than `side` pixels.
 *  @param {Plane[]} image uint8 (H, W), one or three of them
 *  @returns {Ink} */
export function findInk(image, side) {
  const [small, scale] = shrink(greyWhereColourless(image), side);
  const fewer = Math.floor(side / 3);
  if (PAPER_SIDE <= fewer && fewer < 0.7 * max(small[0].width, small[0].height)) {
    const [fewest, more] = shrink(small, fewer);
    const [ink, found] = find(fewest, scale * more);
    if (found.length && 2 * quantile(found, 0.5) - 1 >= THICK) return ink;
  }
  return find(small, scale)[0];
}

/** The ink of a page without the fine lines of a security pattern, where most strokes are as thin and cover much of it.
 *  @param {Ink} ink
 *  @returns {Ink} */
export function withoutPrint(ink) {
  const { width, height } = ink.mask;
  if (!(ink.stroke > 0 && ink.stroke < FINE) || countNonZero(ink.mask) / (width * height) < PATTERN) return ink;
  const smooth = medianBlur(ink.strength);
  const mask = strokes(smooth);
  if (!any(mask)) return ink;
  const strength = mapped(Uint8Array, (own, level, even) => (own && !level ? even : level), mask, ink.strength, smooth);
  return { ...ink, strength, mask, stroke: strokeWidth(mask) };
}

function find(image, scale) {
  let [channels, coarse] = [image, shrink(image, PAPER_SIDE)[0]];
  if (inkIsLight(coarse)) [channels, coarse] = [channels.map(invert), coarse.map(invert)];
  const [ink, mask] = strengthOf(channels, coarse);
  const found = ridges(mask);
  return [{ strength: ink, mask, stroke: widthOf(found), scale }, found];
}

/** Scale down by area averaging so that the long side is at most `side` pixels.
 *  @param {Plane[]} image
 *  @returns {[Plane[], number]} the image and the factor, at least 1 */
export function shrink(image, side) {
  const { width, height } = image[0];
  const scale = max(width, height) / side;
  if (scale <= 1) return [image, 1];
  const size = [max(1, roundEven(width / scale)), max(1, roundEven(height / scale))];
  return [image.map((one) => resizeArea(one, ...size)), scale];
}

function greyWhereColourless(image) {
  if (image.length === 1) return image;
  const some = max(1, Math.floor(max(image[0].width, image[0].height) / (SAMPLED * PAPER_SIDE)));
  const [coarse] = shrink(image.map((one) => everyNth(one, some)), PAPER_SIDE);
  const white = coarse.map((channel) => max(quantile(channel.data, 0.5), DEEP));
  const even = coarse.map((channel, i) => {
    const factor = fround(max(...white) / white[i]);
    return mapped(Uint8Array, (v) => min(roundEven(fround(v * factor)), 255), channel);
  });
  const spread = mapped(Uint8Array, (r, g, b) => (max(r, g, b) - min(r, g, b) > COLOURLESS ? 1 : 0), ...even);
  return countNonZero(spread) / spread.data.length < 0.002 ? [grey(image)] : image;
}

function everyNth(from, n) {
  const out = plane(Math.ceil(from.width / n), Math.ceil(from.height / n));
  for (let y = 0; y < out.height; y++) {
    for (let x = 0; x < out.width; x++) out.data[y * out.width + x] = from.data[y * n * from.width + x * n];
  }
  return out;
}

/** Whether the ink is lighter than the paper: chalk on board, white on black.
 *  @param {Plane[]} image no longer than PAPER_SIDE */
export function inkIsLight(image) {
  const one = grey(shrink(image, PAPER_SIDE)[0]);
  const { width, height } = one;
  const light = mapped(Float32Array, (v) => v, one);
  const around = roundEven(0.3 * max(width, height)) | 1;
  const detail = mapped(Float32Array, (v, own) => v - own, light, blur(light, around));
  const square = mapped(Float32Array, (v) => v * v, detail);
  const spread = (mean(square.data) - mean(detail.data) ** 2) ** 0.5;
  if (spread < 1) return false;
  const cube = mapped(Float32Array, (v, own) => v * own, square, detail);
  const skew = clip(mean(cube.data) / spread ** 3, -2, 2);
  const border = [];
  for (let x = 0; x < width; x++) border.push(one.data[x], one.data[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) border.push(one.data[y * width], one.data[y * width + width - 1]);
  const split = otsu(cumulative(one));
  return skew + 1 - (2 * border.filter((v) => v > split).length) / border.length > LIGHT;
}

/** The share of the paper's light taken away, the strongest of the channels, and the `strokes` in it.
 *  @param {Plane[]} channels uint8 (h, w) each
 *  @param {Plane[]} raw the channels at PAPER_SIDE
 *  @returns {[Plane, Plane]} uint8 (h, w), and the mask */
export function strengthOf(channels, raw) {
  const small = raw.map(medianBlur);
  const [long, short] = [max(raw[0].width, raw[0].height), min(raw[0].width, raw[0].height)];
  let window = max(CLOSEST, roundEven(min(long / 8, short / 3)));
  const widest = max(CLOSEST, short);
  let papers = small.map((channel) => paperOf(channel, window));
  let ink = taken(raw, papers);
  let mask = strokes(ink);
  while (window < widest && any(mask)) {
    window = min(widest, roundEven(window * 1.6) + 1);
    const wider = small.map((channel) => paperOf(channel, window));
    const more = taken(raw, wider);
    const found = strokes(more);
    const added = mapped(Uint8Array, (own, before, now) => (own && before < fround(fround(HOLLOW) * now) ? 1 : 0), found, ink, more);
    if (countNonZero(added) < 0.12 * countNonZero(mask)) break;
    if (quantile(under(more, added), 0.5) <= SAME_INK * quantile(under(more, mask), 0.5)) break;
    if (strokeWidth(found) <= 1.1 * strokeWidth(mapped(Uint8Array, (own, other) => own & (1 - other), mask, added))) break;
    [papers, mask, ink] = [wider, found, more];
  }
  if (raw[0].width !== channels[0].width || raw[0].height !== channels[0].height) {
    ink = taken(channels, papers.map((paper) => resizeLinear(paper, channels[0].width, channels[0].height)));
    mask = strokes(ink);
  }
  return [ink, mask];
}

/** The values of a plane where a mask is. */
export const under = ({ data }, mask) => data.filter((_, i) => mask.data[i]);

function paperOf(small, wide) {
  const window = wide | 1;
  const slope = bowl(close(small, window, window));
  const closed = close(mapped(Int16Array, (v, own) => v - own, small, slope), window, window);
  return mapped(Uint8Array, (v, own) => clip(v + own, 0, 255), blur(closed, window), slope);
}

/** The separable parabola of least squares, less its mean: uint8 (h, w) -> int16 (h, w). */
function bowl({ width, height, data }) {
  const [down, across] = [new Float32Array(height), new Float32Array(width)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      down[y] += data[y * width + x];
      across[x] += data[y * width + x];
    }
  }
  const [rows, columns] = [fitted(down.map((v) => v / width)), fitted(across.map((v) => v / height))];
  const out = plane(width, height, Int16Array);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) out.data[y * width + x] = Math.trunc(fround(rows[y] + columns[x]));
  return out;
}

function fitted(values) {
  const [slope, bow] = parabola(values.length);
  const [s, b] = [slope, bow].map((own) => fround(own.reduce((total, v, i) => total + v * values[i], 0)));
  return Float32Array.from(values, (_, i) => fround(s * slope[i]) + fround(b * bow[i]));
}

/** A slope and a bow over so many pixels, of length 1, at right angles to each other and to what is level. */
function parabola(length) {
  const slope = Float32Array.from({ length }, (_, i) => (length === 1 ? -1 : -1 + (2 * i) / (length - 1)));
  const square = slope.map((v) => v * v);
  const level = mean(square);
  const bow = square.map((v) => v - level);
  return [slope, bow].map((own) => {
    const norm = max(Math.hypot(...own), 1e-3);
    return own.map((v) => v / norm);
  });
}

function taken(channels, papers) {
  const each = channels.map((channel, i) => {
    const [out, own, paper] = [plane(channel.width, channel.height), channel.data, papers[i].data];
    for (let k = 0; k < own.length; k++) {
      if (own[k] < paper[k]) out.data[k] = min(roundEven(fround((255 * (paper[k] - own[k])) / max(paper[k], DEEP))), 255);
    }
    return out;
  });
  return each.length === 1 ? each[0] : mapped(Uint8Array, max, ...each);
}

/** The pixels that belong to strokes, by hysteresis over the paper's noise (median + 4 MAD).
 *  @param {Plane} ink uint8 (h, w)
 *  @returns {Plane} the mask */
export function strokes(ink) {
  const upto = cumulative(ink);
  const pixels = upto[255];
  const middle = searchSorted(upto, 0.5 * pixels);
  let away = 0; // the median distance to the median
  while (away < 255 && upto[min(middle + away, 255)] - (away < middle ? upto[middle - away - 1] : 0) < 0.5 * pixels) away += 1;
  const noise = middle + 4 * 1.4826 * away;
  const split = otsu(upto);
  const floor = max(FAINTEST, split >= PRINT ? roundEven(min(noise, split)) : min(roundEven(noise), 127));
  if (upto[floor] === pixels) return plane(ink.width, ink.height);
  const full = searchSorted(upto, upto[floor] + 0.9 * (pixels - upto[floor]));
  const [low, high] = [max(floor, 0.2 * full), max(1.25 * floor, 0.45 * full)];
  const mask = mapped(Uint8Array, (v) => (v > low ? 1 : 0), ink);
  const { labels, stats } = connectedComponents(mask);
  const strong = new Uint8Array(stats.length);
  for (let i = 0; i < ink.data.length; i++) if (ink.data[i] > high) strong[labels.data[i]] = 1;
  strong[0] = 0;
  return mapped(Uint8Array, (label) => strong[label], labels);
}

/** The window that holds all of the ink and `rim` pixels around it, as far as there are; null where there is no ink.
 *  @param {Plane} mask
 *  @returns {?{left: number, top: number, right: number, bottom: number}} */
export function inked({ width, height, data }, rim = 0) {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!data[y * width + x]) continue;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      bottom = y + 1;
    }
  }
  if (!bottom) return null;
  return { left: max(left - rim, 0), top: max(top - rim, 0), right: min(right + rim, width), bottom: min(bottom + rim, height) };
}

/** Width of the strokes in pixels; 0 without ink. */
export const strokeWidth = (mask) => widthOf(ridges(mask));

function widthOf(found) {
  if (!found.length) return 0;
  const widths = found.slice().sort();
  let area = 0;
  const areas = widths.map((v) => (area = fround(area + v))); // a ridge's point stands for as much ink as the stroke is wide there
  return 2 * widths[searchSorted(areas, areas[areas.length - 1] / 2)] - 1;
}

/** The distances to the paper, in pixels, along the middle of the strokes: float32 (points,). */
function ridges(mask) {
  const window = inked(mask);
  if (!window) return new Float32Array(0);
  const distance = distanceTransform(framed(cropped(mask, window), 1), DIST_L2);
  const around = dilate(distance, 3, 3);
  return distance.data.filter((v, i) => v > 0 && v >= fround(around.data[i] - fround(1e-3)));
}

/** How many pixels have each byte or a lower one: (256,). */
function cumulative({ data }) {
  const counts = new Float64Array(256);
  for (let i = 0; i < data.length; i++) counts[data[i]] += 1;
  for (let level = 1; level < 256; level++) counts[level] += counts[level - 1];
  return counts;
}

/** The byte that parts the pixels best (Otsu, 1979): the last one of the lower part. */
function otsu(upto) {
  const pixels = upto[255];
  let below = 0;
  const moment = upto.map((v, level) => {
    const own = level * v - below; // of the lower part: by parts, the sum of byte times count
    below += v;
    return own;
  });
  let [best, most] = [0, -1];
  for (let level = 0; level < 256; level++) {
    const between = (moment[255] * upto[level] - pixels * moment[level]) ** 2 / max(upto[level] * (pixels - upto[level]), 1);
    if (between > most) [best, most] = [level, between];
  }
  return best;
}

/** The value at which a share in [0, 1] of some values ends. */
export function quantile(values, share) {
  return Float32Array.from(values).sort()[min(Math.trunc(share * values.length), values.length - 1)];
}
