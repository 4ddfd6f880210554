// Mirrors layout/rules.py: mask -> mask without ruled lines, form boxes and table grids; the strokes that cross them stay whole.
//
// What is done along columns in Python is done along rows of the transposed planes here: "level" and "upright" are 0 and 1.

import { interpolated, parabolaThrough, roundEven, weighedMedian } from "../numpy.js";
import {
  any, close, connectedComponents, cropped, dilate, DIST_C, distanceTransform, fillPolygon, mapped, open, pasted, plane, transposed,
} from "../opencv.js";
import { inked } from "./ink.js";

/** @typedef {import("../opencv.js").Plane} Plane */

export const [LONG, CUT_OFF, BOTH] = [2.2, 1.6, 1.4];
export const LEAN = 0.12;
export const THICK_WALL = 1.5;
export const SURE = [0.4, 0.5];
export const STRAY = 0.04;
export const NEAR = 0.8;
export const [FREE, FREE_INSIDE, COVERED, EVEN] = [0.55, 0.65, 0.9, 0.78];
export const ROUGH = [0.05, 0.0025];
export const DOTS = 0.8;
export const BEND = 0.05;

const { abs, max, min, trunc } = Math;
const both = (a, b) => mapped(Uint8Array, (v, own) => v & own, a, b);
const either = (a, b) => mapped(Uint8Array, (v, own) => v | own, a, b);
const largest = ({ data }) => data.reduce((a, b) => max(a, b), 0);

/** Take straight level and upright lines out.
 *  @param {Plane} mask
 *  @param {number} stroke width of the strokes in pixels
 *  @returns {Plane} */
export function withoutRules(mask, stroke) {
  const gap = trunc(2 * stroke + 3) | 1;
  const box = inked(mask, gap + 2);
  if (!box) return mask;
  const out = plane(mask.width, mask.height);
  pasted(out, without(cropped(mask, box), stroke, gap, [mask.height, mask.width]), box.left, box.top);
  return out;
}

function without(plain, stroke, gap, page) {
  const sides = [plain, transposed(plain)];
  const height = heightBetween(sides, stroke, gap, page);
  const chains = sides.map((side) => chainsOf(side, height, stroke, gap));
  const found = sides.map((side) => plane(side.width, side.height));
  const near = sides.map((side) => plane(side.width, side.height));
  chains.forEach(({ labels, boxes }, way) => {
    mark(sides[way], found[way], near[way], labels, boxes, boxes.map((box) => isLong(box.x, box.width, sides[way].width, height)), 1);
  });
  if (!found.some(any)) return plain;
  const reach = trunc(stroke) + 2; // a wall ends on a rule; a 1 between two rules mostly does not
  const crossed = found.map((rules) => dilate(rules, reach, reach));
  chains.forEach(({ labels, boxes }, way) => {
    const other = 1 - way;
    const thickest = THICK_WALL * 2 * largest(distanceTransform(both(found[other], sides[other]), DIST_C));
    const areas = new Float64Array(boxes.length + 1);
    sides[way].data.forEach((v, i) => v && (areas[labels.data[i]] += 1));
    const ends = transposed(crossed[other]);
    const walls = boxes.map((box, i) => areas[i + 1] <= thickest * box.width && isBetween(box, stroke, ends));
    mark(sides[way], found[way], near[way], labels, boxes, walls, 0);
  });
  const rules = [found[0], transposed(found[1])];
  const left = bridged(plain, rules, either(near[0], transposed(near[1])));
  return withoutCrumbs(left, either(...rules), height);
}

/** Take rules out, level and upright ones. A stroke that crosses one lies on both sides of it: the crossing stays. */
function bridged(plain, found, near) {
  const rules = found.map((own) => both(own, plain));
  const left = mapped(Uint8Array, (v, level, upright) => v & ~(level | upright) & 1, plain, ...rules);
  const { labels, stats } = connectedComponents(left);
  const inside = new Float64Array(stats.length);
  near.data.forEach((v, i) => v && (inside[labels.data[i]] += 1));
  const shreds = stats.map((own, label) => label && inside[label] >= NEAR * own.area);
  labels.data.forEach((label, i) => shreds[label] && (left.data[i] = 0));
  let whole = left;
  rules.forEach((own, way) => {
    if (!any(own)) return;
    const thickest = 2 * trunc(largest(distanceTransform(own, DIST_C))) + 3;
    whole = either(whole, both(close(left, ...(way === 0 ? [1, thickest] : [thickest, 1])), own));
  });
  return whole;
}

/** The height of the digits, measured between all that may be rules. */
function heightBetween(sides, stroke, gap, page) {
  const found = sides.map((side) => plane(side.width, side.height));
  const near = sides.map((side) => plane(side.width, side.height));
  [SURE[0] * page[1], SURE[1] * max(...page)].forEach((long, way) => {
    const { labels, boxes } = chainsOf(sides[way], long / 4, stroke, gap);
    mark(sides[way], found[way], near[way], labels, boxes, boxes.map((box) => box.width >= long), 0);
  });
  const left = found.some(any) ? bridged(sides[0], [found[0], transposed(found[1])], either(near[0], transposed(near[1]))) : sides[0];
  return maskHeight(any(left) ? left : sides[0], stroke, page);
}

function isLong(start, length, frame, height) {
  const ends = (start === 0) + (start + length === frame);
  return length >= [LONG, CUT_OFF, BOTH][ends] * height;
}

/** `digitHeight` of the components of a mask. */
export const maskHeight = (mask, stroke, page) => digitHeight(connectedComponents(mask).stats.slice(1), stroke, page);

/** The usual height of a written sign, in pixels: the median, weighed by height, over components that are neither specks nor lines nor
 *  patches.
 *  @param {{width: number, height: number, area: number}[]} boxes
 *  @param {[number, number]} page height and width of the image */
export function digitHeight(boxes, stroke, page) {
  const signs = boxes.filter(({ width: w, height: h, area }) =>
    h > max(3 * stroke, 6) && w < 4 * h && h < 8 * w && area > 0.08 * w * h
    && (h < 0.95 * page[0] || (w < 0.8 * page[1] && w > 0.25 * h)) // neither a frame nor its side
    && area < 8 * max(stroke, 1) * max(w, h));
  return signs.length ? weighedMedian(signs.map((own) => own.height)) : 0.6 * min(...page);
}

/** Straight thin runs along rows, chained where a crossing stroke or a little lean parts them. A chain that is no thin line has an empty
 *  box. */
function chainsOf(plain, height, stroke, gap) {
  const length = max(12, trunc(0.75 * height));
  const whole = close(dilate(plain, 1, 3), 2 * trunc(max(DOTS * stroke - 2, 0)) + 1, 1);
  let runs = open(whole, length, 1);
  if (!any(runs)) return { labels: plane(plain.width, plain.height, Int32Array), boxes: [] };
  runs = mapped(Uint8Array, (v, thick) => v & (1 - thick), runs, open(runs, 1, trunc(3 * stroke + 4)));
  const { labels, stats } = connectedComponents(close(runs, gap, 1));
  const solid = new Float64Array(stats.length);
  runs.data.forEach((v, i) => v && (solid[labels.data[i]] += 1));
  const boxes = stats.slice(1).map(({ x, y, width, height: across, area }, i) => {
    const thin = solid[i + 1] > 0.85 * area && across <= max(3 * stroke + 6, 0.1 * width) && area <= width * (3 * stroke + 4);
    return thin ? { x, y, width, height: across } : { x, y, width: 0, height: 0 };
  });
  return { labels, boxes };
}

/** Mark the chosen chains that are straight in `rules`, as thick as they are between strokes: a 4's bar that lies on one stays. near:
 *  gets the chains with a rim, and as far beyond their ends as `further` times their length. Both are changed. */
function mark(plain, rules, near, labels, boxes, chosen, further) {
  boxes.forEach((box, i) => chosen[i] && markOne(plain, rules, near, labels, box, i + 1, further));
}

function markOne(plain, rules, near, labels, { x, y, width, height }, label, further) {
  const isChain = (row, column) => labels.data[(y + row) * labels.width + x + column] === label;
  const thickness = new Float64Array(width);
  const moment = new Float64Array(width);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (!isChain(row, column)) continue;
      thickness[column] += 1;
      moment[column] += row;
    }
  }
  const there = thickness.filter((v) => v > 0).sort();
  const usual = there[there.length >> 1];
  const isClear = (column) => thickness[column] > 0 && thickness[column] <= 1.25 * usual + 0.5;
  const clear = Array.from({ length: width }, (_, column) => column).filter(isClear);
  if (clear.length < max(0.3 * width, 8)) return;
  const middle = clear.map((column) => moment[column] / thickness[column]);
  const place = clear.map((column) => (2 * column) / width - 1); // from -1 to 1
  const [bend, tilt, level] = parabolaThrough(place, middle);
  const off = middle.map((v, i) => v - ((bend * place[i] + tilt) * place[i] + level));
  const rough = Math.sqrt(off.reduce((total, v) => total + v * v, 0) / off.length);
  if (abs(bend) > BEND * width || rough > ROUGH[0] * usual + ROUGH[1] * width) return;
  const course = Array.from({ length: width }, (_, column) => interpolated(column, clear, middle));
  const inside = x > 0 && x + width < plain.width && width < EVEN * plain.width;
  const [free, covered] = beside(plain, x, course.map((v) => v + y), usual / 2 + 1.2);
  if (free < (inside ? FREE_INSIDE : FREE) || (inside && covered < COVERED)) return;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (!isChain(row, column) || abs(row - course[column]) > max(usual - 2, 1) / 2 + 0.75) continue;
      rules.data[(y + row) * rules.width + x + column] = 1;
    }
  }
  const rim = usual / 2 + 2;
  for (const column of clear) { // where it is thicker a stroke lies on it
    for (let row = max(Math.ceil(y + course[column] - rim), 0); row <= min(y + course[column] + rim, near.height - 1); row++) {
      near.data[row * near.width + x + column] = 1;
    }
  }
  for (const end of [-1, 1]) { // beyond its ends it goes on, more or less straight
    const stray = STRAY * further * width;
    const far = end * (1 + 2 * further);
    const points = [[end, rim, 1], [far, rim + stray, 1], [far, rim + stray, -1], [end, rim, -1]].map(([t, away, side]) => [
      roundEven(((t + 1) / 2) * width + x), roundEven(bend + level + t * tilt + side * away + y),
    ]);
    fillPolygon(near, points);
  }
}

/** The shares of a line's length where there is paper on both sides, `away` pixels from its middle, and where there is ink on it. */
function beside(plain, x, course, away) {
  const inkAt = (row, column) => row >= 0 && row < plain.height && plain.data[row * plain.width + x + column] > 0;
  let [free, on] = [0, 0];
  course.forEach((middle, column) => {
    const [above, own, below] = [-away, 0, away].map((side) => inkAt(roundEven(middle + side), column));
    free += !(above || below);
    on += own;
  });
  return [free / course.length, on / course.length];
}

/** Whether both ends of a chain lie on rules of the other kind. */
function isBetween({ x, y, width, height }, stroke, crossed) {
  if (!width || height > 2 * stroke + 3 + LEAN * width) return false;
  const column = (at) => any(cropped(crossed, { left: at, right: at + 1, top: y, bottom: y + height }));
  return column(x) && column(x + width - 1);
}

/** Drop the small leftovers that touch what was taken out: shreds of rules, not writing. */
function withoutCrumbs(mask, rules, height) {
  const { labels, stats } = connectedComponents(mask);
  const touching = new Uint8Array(stats.length);
  dilate(rules, 3, 3).data.forEach((v, i) => v && (touching[labels.data[i]] = 1));
  const kept = stats.map((own, label) => {
    if (!label) return 0;
    const small = max(own.width, own.height) < 0.45 * height || min(own.width, own.height) < 0.08 * height;
    return touching[label] && small ? 0 : 1;
  });
  return mapped(Uint8Array, (label) => kept[label], labels);
}
