// Mirrors layout/grouping.py: ink -> lines of regions in reading order: components grouped, broken strokes joined, specks and dashes left
// out.

import { least, most, sum } from "../numpy.js";
import { any, cropped } from "../opencv.js";
import { isAlongTheEdge, isCorner, isEdgeLine, isShadow, touches } from "./edges.js";
import { findInk, inked, quantile, strokeWidth, withoutPrint } from "./ink.js";
import { erased, join, Region, regions } from "./regions.js";
import { digitHeight, withoutRules } from "./rules.js";

/** @typedef {import("./ink.js").Ink} Ink */

export const FAINT = 0.42;
export const HALVES = 1.45;
export const TWO_LINES = 1.6;
export const STRAY = 1.5;
export const APART = 1.6;
export const [NEAR, COLUMN, CLEAR] = [0.8, 2, 0.8];
export const MANY = 3;

const { abs, hypot, max, min, trunc } = Math;
const byColumn = (found) => [...found].sort((a, b) => a.x - b.x);
const middleOf = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** The strokes of the one digit in the image; null where there is no ink.
 *  @param {Ink} ink
 *  @returns {?Region} */
export function one(ink) {
  const { width, height } = ink.mask;
  const isOfTheEdge = (r) => [isEdgeLine, isCorner, isAlongTheEdge].some((is) => is(r, width, height));
  const found = regions(ink.mask).filter((r) => !isOfTheEdge(r));
  if (!found.length) return null;
  const weight = (r) => {
    const [dx, dy] = [(r.x + r.width / 2) / width - 0.5, (r.y + r.height / 2) / height - 0.5];
    return hypot(r.width, r.height) * (1 - 0.9 * hypot(dx, dy)) * (touches(r, width, height) ? 0.6 : 1);
  };
  const main = most(found, weight);
  const parts = [main];
  for (const r of found) {
    if (r === main) continue;
    const cutOff = touches(r, width, height);
    const overlap = min(r.right, main.right) - max(r.x, main.x);
    const [gapX, gapY] = gaps(r, main);
    const big = r.area > 0.02 * main.area && max(r.width, r.height) > max(0.12 * main.height, 2);
    const close = gapY <= 0.25 * main.height && gapX <= 0.25 * main.height;
    const belongs = overlap > 0.3 * r.width || (r.y < main.y + 0.4 * main.height && gapX <= 0.15 * main.height);
    const below = r.y > main.y + 0.85 * main.height && (overlap < 0.5 * r.width || r.height < 0.2 * main.height || cutOff);
    if (big && close && belongs && !below && !(cutOff && gapX + gapY > 0.1 * main.height)) parts.push(r);
  }
  return join(parts);
}

const gaps = (a, b) => [max(a.x - b.right, b.x - a.right, 0), max(a.y - b.bottom, b.y - a.bottom, 0)];

/** The writing on a page: print, shadows and rules are taken out.
 *  @param {import("../opencv.js").Plane[]} image
 *  @param {number} side the longest side to work at, in pixels
 *  @returns {Ink} */
export function pageInk(image, side) {
  const ink = withoutShadows(withoutPrint(findInk(image, side)));
  return { ...ink, mask: withoutRules(ink.mask, ink.stroke) };
}

/** The ink of a page without shadows, fingers and what lies beside the sheet: dark patches that come in from the frame. */
export function withoutShadows(ink) {
  const { width, height, data } = ink.mask;
  const shadows = regions(ink.mask).filter((r) => touches(r, width, height) && isShadow(r, width, height));
  if (!shadows.length) return ink;
  const mask = { width, height, data: data.slice() };
  for (const r of shadows) erased(mask, r);
  return { ...ink, mask, stroke: strokeWidth(mask) };
}

/** Regions in reading order: lines from top to bottom, left to right within. A region may still hold several touching digits.
 *  @param {Ink} ink
 *  @returns {Region[][]} */
export function lines(ink) {
  const { width, height } = ink.mask;
  const every = regions(ink.mask);
  if (!every.length) return [];
  const tall = digitHeight(every, ink.stroke, [height, width]);
  const found = dark(every.filter((r) => {
    if (max(r.width, r.height) < 0.3 * tall) return false; // specks, dots, commas
    if (isEdgeLine(r, width, height) || isAlongTheEdge(r, width, height) || r.height > 3 * tall || r.width > 9 * r.height) return false;
    if (r.height > 1.7 * tall && r.width < 0.25 * r.height) return false; // the wall of a box
    if (r.area < 0.5 * ink.stroke * hypot(r.width, r.height)) return false; // thinner than the pen that writes here
    if (r.width > 2 * tall && straight(r, ink.stroke)) return false; // a rule that leans too much for one, or a long dash
    return !(r.width > 4 * r.height && quantile(columnInk(r), 0.9) < 0.4 * tall); // two such lines that meet
  }), ink);
  const full = partedRegions(whole(found.filter((r) => r.height >= 0.55 * tall), tall), tall, ink.stroke);
  let rows = rowsOf(full, tall);
  adopt(rows, found.filter((r) => r.height < 0.55 * tall), tall, ink.stroke);
  if (max(0, ...rows.map((row) => row.length)) >= MANY) {
    rows = rows.filter((row) => row.length > 1 || row[0].width > 1.5 * tall || !touches(row[0], width, height));
  }
  return rows.filter((row) => row.length).map(merged);
}

/** The numbers of each line of a page: its regions, left to right, parted at gaps without any ink, points and dashes included, that are
 *  wider than APART times the usual height of them; than NEAR times, where the regions beside the gap lie in different cores and most other
 *  lines have a gap there too, as columns have. mask: all ink of the page.
 *  @param {?import("./cores.js").Cores} cores */
export const parted = (rows, mask, cores) => rows.map((row) => numbersOf(row, mask, cores, rows.filter((other) => other !== row)));

/** The numbers of one line. others: the other lines of the page. */
function numbersOf(row, mask, cores, others) {
  const tall = middleOf(row.map((r) => r.height));
  const parts = [[row[0]]];
  for (let i = 1; i < row.length; i++) {
    const [before, r] = [row[i - 1], row[i]];
    const gap = widestGap(mask, before.right, max(r.x, before.right), min(before.y, r.y), max(before.bottom, r.bottom)) / tall;
    if (gap > APART || (gap > NEAR && cores && areTwo(before, r, cores) && isBetweenColumns((before.right + r.x) / 2, others))) parts.push([]);
    parts[parts.length - 1].push(r);
  }
  return parts;
}

/** Whether two regions lie in the cores of different numbers. */
function areTwo(one, other, cores) {
  const [a, b] = [cores.numberOf(one), cores.numberOf(other)];
  return a !== 0 && b !== 0 && a !== b;
}

/** Whether most of the rows that reach over a column have no ink in it, and there are COLUMN of them or more. */
function isBetweenColumns(column, rows) {
  const over = rows.filter((row) => row[0].x < column && column < row[row.length - 1].right);
  const clear = over.filter((row) => !row.some((r) => r.x <= column && column < r.right)).length;
  return clear >= max(COLUMN, CLEAR * over.length);
}

/** The longest run of columns without ink from `left` up to, but not with, `right`. */
function widestGap(mask, left, right, top, bottom) {
  let [widest, run] = [0, 0];
  for (let x = left; x < right; x++) {
    run += 1;
    for (let y = top; y < bottom; y++) {
      if (!mask.data[y * mask.width + x]) continue;
      run = 0;
      break;
    }
    widest = max(widest, run);
  }
  return widest;
}

const columnInk = (r) => Array.from({ length: r.width }, (_, x) => {
  let ink = 0;
  for (let y = 0; y < r.height; y++) ink += r.mask.data[y * r.width + x];
  return ink;
});

const rowInk = (r, y) => sum(r.mask.data.subarray(y * r.width, (y + 1) * r.width));

/** Whether all of a wide region's ink lies along one straight line. */
function straight(r, stroke) {
  const [xs, ys] = points(r);
  const [mx, my] = [sum(xs) / xs.length, sum(ys) / ys.length];
  const [dx, dy] = [xs.map((v) => v - mx), ys.map((v) => v - my)];
  const dot = (a, b) => a.reduce((total, v, i) => total + v * b[i], 0);
  const slope = dot(dx, dy) / dot(dx, dx);
  const off = dy.map((v, i) => v - slope * dx[i]);
  return Math.sqrt(dot(off, off) / off.length) < 0.6 * stroke + 1;
}

/** The columns and rows of a region's ink. */
export function points(r) {
  const [xs, ys] = [[], []];
  for (let y = 0; y < r.height; y++) {
    for (let x = 0; x < r.width; x++) {
      if (!r.mask.data[y * r.width + x]) continue;
      xs.push(x);
      ys.push(y);
    }
  }
  return [xs, ys];
}

/** The values of a plane under the strokes of a region. */
export const valuesUnder = (of, region) => cropped(of, region.window).data.filter((_, i) => region.mask.data[i]);

/** Those that are about as dark as most: what is far fainter is print, shadow or what shines through. */
function dark(found, ink) {
  if (found.length < MANY) return found;
  const own = found.map((r) => sum(valuesUnder(ink.strength, r)) / r.area);
  const lowest = FAINT * middleOf(own);
  return found.filter((_, i) => own[i] >= lowest);
}

/** Join what stands above another, nearly touching, where both are no higher than one digit: its halves. */
function whole(found, tall) {
  const out = [];
  for (const r of byColumn(found)) {
    const half = out.findIndex((other) => {
      const overlap = min(r.right, other.right) - r.x; // the other one begins before it
      const [top, bottom] = [min(r.y, other.y), max(r.bottom, other.bottom)];
      const gap = max(r.y, other.y) - min(r.bottom, other.bottom);
      return overlap > 0 && overlap > 0.6 * min(r.width, other.width) && gap < 0.15 * tall && bottom - top < HALVES * tall;
    });
    if (half >= 0) out[half] = join([out[half], r]);
    else out.push(r);
  }
  return out;
}

/** Cut what reaches over two lines of others between them, where it hangs together by a stroke. */
function partedRegions(found, tall, stroke) {
  const usual = found.filter((r) => r.height < TWO_LINES * tall);
  return found.flatMap((r) => {
    if (r.height < TWO_LINES * tall) return [r];
    const first = trunc(0.35 * r.height);
    const ink = Array.from({ length: r.height - 2 * first }, (_, i) => rowInk(r, first + i));
    const thin = min(...ink);
    const thinnest = ink.map((_, i) => i).filter((i) => ink[i] === thin);
    const cut = first + thinnest[thinnest.length >> 1];
    if (thin > 2 * stroke) return [r];
    const halves = [rowsCropped(r, 0, cut), rowsCropped(r, cut, r.height)];
    return halves.every((h) => h && min(h.width, h.height) >= 0.5 * tall && usual.some((other) => level(h, other))) ? halves : [r];
  });
}

/** Some rows of a region, without the empty ones and columns around their ink; null where there is none. */
function rowsCropped(r, top, bottom) {
  const some = cropped(r.mask, { left: 0, right: r.width, top, bottom });
  const box = any(some) ? inked(some) : null;
  return box && new Region(r.x + box.left, r.y + top + box.top, cropped(some, box));
}

const level = (r, other) => min(r.bottom, other.bottom) - max(r.y, other.y) > 0.7 * max(r.height, other.height);

/** Chain regions left to right: each goes to the line whose last region is level with it; slopes and slow curves are followed. */
function rowsOf(found, tall) {
  const rows = [];
  for (const r of byColumn(found)) {
    const middle = r.y + r.height / 2;
    let [best, bestGap] = [null, 0.55 * tall];
    for (const row of rows) {
      const last = row[row.length - 1];
      const gap = abs(middle - (last.y + last.height / 2));
      const overlap = min(r.bottom, last.bottom) - max(r.y, last.y);
      const [low, high] = [min(r.height, last.height), max(r.height, last.height)];
      const near = max(0.5 * low, overlap > 0.9 * low ? 0.3 * high : 0); // a high sign beside a low one, inside its height
      if (overlap > 0.35 * low && gap < max(bestGap, near)) [best, bestGap] = [row, gap];
    }
    if (best) best.push(r);
    else rows.push([r]);
  }
  const key = new Map();
  const joined = straysJoined(rows, tall);
  for (const row of joined) key.set(row, middleOf(row.map((r) => r.y + r.height / 2)));
  return joined.sort((a, b) => key.get(a) - key.get(b));
}

/** A region alone, beside the end of just one line and partly level with it, belongs to that line, however it climbs or falls there. */
function straysJoined(rows, tall) {
  const out = rows.filter((row) => row.length > 1);
  for (const [r] of rows.filter((row) => row.length === 1)) {
    const beside = out.filter((row) => {
      const [first, end] = [row[0], row[row.length - 1]];
      const last = end.right <= r.x ? end : first.x >= r.right ? first : null;
      if (!last || max(r.x - last.right, last.x - r.right) > STRAY * tall) return false;
      return min(r.bottom, last.bottom) - max(r.y, last.y) > 0.2 * min(r.height, last.height);
    });
    if (beside.length === 1) {
      beside[0].push(r);
      beside[0].sort((a, b) => a.x - b.x);
    } else {
      out.push([r]);
    }
  }
  return out;
}

/** Give each small part (a 5's bar, a broken stroke) to the region it overlaps in x and nearly touches; one that stands by itself in the
 *  middle of a line is a small digit of that line; the others are no digits. The rows are changed. */
function adopt(rows, small, tall, stroke) {
  for (const part of small) {
    const home = rows.find((row) => row.some((r) => belongs(part, r, tall)));
    if (home) {
      const i = home.findIndex((r) => belongs(part, r, tall));
      home[i] = join([home[i], part]);
    } else if (part.height >= max(0.33 * tall, 1.9 * stroke)) {
      const middle = part.y + part.height / 2;
      const lowest = part.width > 1.5 * part.height ? 0.95 : 0.75; // small zeros in a row stand lower
      const near = rows.flatMap((row) => row
        .filter((r) => (middle - r.y) / r.height > 0.2 && (middle - r.y) / r.height < lowest)
        .map((r) => [max(r.x - part.right, part.x - r.right), row])
        .filter(([gap]) => gap < 2 * tall));
      if (near.length) least(near, ([gap]) => gap)[1].push(part);
    }
  }
}

function belongs(part, r, tall) {
  const overlap = min(r.right, part.right) - max(r.x, part.x);
  const [gapX, gapY] = gaps(part, r);
  const above = part.y + part.height / 2 < r.y + 0.4 * r.height;
  return gapY < 0.25 * tall && (overlap > 0.5 * part.width || (above && gapX < 0.12 * tall));
}

/** Join neighbours that mostly share their columns: two strokes of one digit. */
function merged(row) {
  const out = [];
  for (const r of byColumn(row)) {
    const last = out[out.length - 1];
    if (last && min(last.right, r.right) - r.x > 0.6 * min(last.width, r.width)) out[out.length - 1] = join([last, r]);
    else out.push(r);
  }
  return out;
}
