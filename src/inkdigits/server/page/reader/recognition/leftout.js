// Mirrors recognition/leftout.py: ink, and what was read of it -> the marks that were left out, each with its reason.

import { least, most, sum } from "../numpy.js";
import { connectedComponents, cropped } from "../opencv.js";
import { isEdgeLine, touches } from "../layout/edges.js";
import { points, valuesUnder } from "../layout/grouping.js";
import { inked, quantile } from "../layout/ink.js";
import { erased, join, regionOf } from "../layout/regions.js";
import { digitHeight as usualHeight } from "../layout/rules.js";
import { AT_THE_EDGE, PRINT } from "../lines.js";
import { digitHeight } from "./fields.js";

/** @typedef {import("../layout/regions.js").Region} Region */
/** @typedef {{region: Region, reason: string, line: ?number}} Mark ink that was not read; line: of what is as large as writing, the
 *  number of its line, null of what surely is print */
/** @typedef {{ink: Region, sure: boolean}} PrintRow a row of print, or of words; sure: whether that is beyond doubt */
/** @typedef {{row: Region[], others: Region[], columns: [number, number][]}} ReadLine what was read of a line: the regions that were
 *  read, those that were seen to be no number, and the columns of each sign that was read where there is no region */

export const SPECK = 0.1;
export const PEN = 0.7;
export const SMALL = 0.35;
export const LOW = 0.5;
export const REACH = 0.4;
export const BESIDE = 2.0;
export const PALE = 0.42;
export const FLAT = 0.3;
export const BUSY = 5.5;
export const INSIDE = 0.5;
export const STRAIGHT = 1.6;
export const [LONG, SOLID, ONE] = [3.0, 0.6, 1.4];
export const AROUND = 0.4;

const { max, min } = Math;
const shareInked = (part) => part.area / (part.width * part.height);

/** The marks that are neither read nor rules nor specks, from left to right.
 *  @param {import("../layout/ink.js").Ink} ink
 *  @param {ReadLine[]} lines
 *  @param {PrintRow[]} printed each is one mark, with what belongs to it
 *  @param {boolean} single the image is to hold one digit, so that what lies along its edge is the wall of a cell
 *  @returns {Mark[]} */
export function leftOut(ink, lines, printed, single) {
  const mask = { ...ink.mask, data: ink.mask.data.slice() };
  const measured = lines.map((read, number) => lineOf(number, read, ink));
  for (const region of [...printed.map((row) => row.ink), ...lines.flatMap((line) => [...line.row, ...line.others])]) erased(mask, region);
  const others = measured.flatMap(({ number, read, tall }) =>
    read.others.map((region) => ({ region, reason: shapeOf(region, tall, ink.stroke), line: number })));
  const [rows, parts] = adopted(partsOf(mask, ink, measured), printed.map((row) => row.ink), measured);
  const print = rows.map((region, i) => printMark(printed[i], region, measured));
  const every = [...others, ...print, ...parts.map((part) => markOf(part, ink, measured, single))];
  return every.filter(Boolean).sort((a, b) => a.region.x - b.region.x);
}

/** What was read of a line, measured. strength: of its strokes, in 255ths. */
function lineOf(number, read, ink) {
  const row = read.row.length ? read.row : read.others;
  return { number, read, row, tall: digitHeight(row), strength: quantile(row.map((r) => strengthOf(ink, r)), 0.5) };
}

/** Whether a sign without a region was read where a part lies. */
function hasRead({ read }, part) {
  const middle = part.x + part.width / 2;
  return read.columns.some(([left, right]) => left <= middle && middle <= right);
}

/** The pieces of ink left in a mask that are larger than a speck; where nothing was read, than a small mark. */
function partsOf(mask, ink, lines) {
  const window = inked(mask);
  if (!window) return [];
  const { labels, stats } = connectedComponents(cropped(mask, window));
  const tall = lines.length ? min(...lines.map((line) => line.tall))
    : (SMALL / SPECK) * usualHeight(stats.slice(1), ink.stroke, [mask.height, mask.width]);
  return stats
    .map((own, label) => [own, label])
    .filter(([own]) => own && max(own.width, own.height) >= SPECK * tall && own.area >= (PEN * ink.stroke) ** 2)
    .map(([own, label]) => regionOf(labels, own, label, window.left, window.top));
}

/** The rows of print, each with the pieces of ink that belong to it, and the other pieces. */
function adopted(parts, printed, lines) {
  const owners = parts.map((part) => printed.findIndex((row) => isOf(part, row, lines)));
  return [printed.map((row, number) => join([row, ...parts.filter((_, i) => owners[i] === number)])), parts.filter((_, i) => owners[i] < 0)];
}

/** Whether a piece of ink belongs to a row of print: it is no larger, and lies in it, or around it and beside no line that was read. */
function isOf(part, row, lines) {
  if (part.width > row.width || part.height > row.height) return false;
  const [x, y] = [part.x + part.width / 2, part.y + part.height / 2];
  const isIn = (around) => row.x - around <= x && x <= row.right + around && row.y - around <= y && y <= row.bottom + around;
  return isIn(0) || (isIn(AROUND * row.height) && !besideOf(part, lines));
}

/** The mark of a row of print. whole: its ink with what belongs to it. */
function printMark(row, whole, lines) {
  const line = row.sure ? null : besideOf(row.ink, lines);
  return { region: whole, reason: PRINT, line: line?.number ?? null };
}

/** What a piece of ink is; null for a rule, a speck, and what is too thin or too pale for the pen that wrote the line. */
function markOf(part, ink, lines, single) {
  const line = besideOf(part, lines);
  if (line && hasRead(line, part)) return null;
  const tall = line?.tall ?? (lines.length ? min(...lines.map((own) => own.tall)) : max(part.width, part.height));
  const large = max(part.width, part.height) / tall;
  const { width, height } = ink.mask;
  if (single && isEdgeLine(part, width, height)) return { region: part, reason: AT_THE_EDGE, line: null };
  const writing = line && large < LONG && (shareInked(part) < SOLID || mayBeOne(part, tall, ink.stroke)) && levelOf(part, line) >= INSIDE;
  if (touches(part, width, height) && !writing) return { region: part, reason: AT_THE_EDGE, line: null };
  if (isRule(part, tall, ink.stroke)) return null;
  const pale = Boolean(line) && strengthOf(ink, part) < PALE * line.strength;
  if (large < SMALL) {
    const dot = line && !pale && depthOf(part, line) > LOW && shareInked(part) > 0.4;
    return dot ? { region: part, reason: "dot or comma", line: line.number } : null;
  }
  return { region: part, reason: pale ? "faint" : shapeOf(part, tall, ink.stroke), line: line?.number ?? null };
}

/** Whether a mark is as high as a digit and as broad as a stroke. */
const mayBeOne = (part, tall, stroke) => INSIDE * tall <= part.height && part.height <= ONE * tall && part.width <= STRAIGHT * stroke + 1;

/** What a mark larger than a dot looks like. */
function shapeOf(part, tall, stroke) {
  if (part.height < FLAT * tall && part.width > 2 * part.height) return "dash";
  if (part.height > 0.6 * tall && thickness(part) < 1.8 * stroke + 1 && part.width < 1.2 * part.height) return "slash";
  if (part.area > BUSY * max(stroke, 1) * max(part.width, part.height)) return "crossed out";
  return part.height > 0.5 * tall ? "letter" : "not a digit";
}

/** A straight stroke longer than two digits are high that lies flat, or stands upright. */
function isRule(part, tall, stroke) {
  if (max(part.width, part.height) < 2 * tall || thickness(part) > 1.5 * stroke + 2) return false;
  return min(part.width, part.height) < 0.2 * max(part.width, part.height);
}

/** How far a mark spreads from the straight line through it, in pixels: four standard deviations, the width of an even bar and more. */
function thickness(part) {
  const [xs, ys] = points(part);
  if (xs.length < 2) return 0;
  const [mx, my] = [sum(xs) / xs.length, sum(ys) / ys.length];
  const cov = (a, ma, b, mb) => a.reduce((total, v, i) => total + (v - ma) * (b[i] - mb), 0) / (a.length - 1);
  const [a, b, c] = [cov(xs, mx, xs, mx), cov(xs, mx, ys, my), cov(ys, my, ys, my)];
  return 3.5 * Math.sqrt(max((a + c) / 2 - Math.hypot((a - c) / 2, b), 0));
}

/** The line that a mark is in or beside: the nearest one that it is level with. */
function besideOf(part, lines) {
  const near = lines.filter((line) => {
    const read = nearest(part, line);
    const middle = part.y + part.height / 2;
    return gapOf(part, read) <= BESIDE * line.tall && read.y - REACH * line.tall <= middle && middle <= read.bottom + REACH * line.tall;
  });
  return least(near, (line) => gapOf(part, nearest(part, line)));
}

const nearest = (part, line) => least(line.row, (read) => gapOf(part, read));

const gapOf = (part, read) => max(part.x - read.right, read.x - part.right, 0);

/** How far the middle of a mark is below the top of a digit beside it, in heights of that digit: of the one on its left or on its right,
 *  whichever it is deeper in, since a 7 hangs lower than the others. */
function depthOf(part, line) {
  const isLeft = (read) => read.x + read.width / 2 <= part.x + part.width / 2;
  const beside = [most(line.row.filter(isLeft), (read) => read.right), least(line.row.filter((read) => !isLeft(read)), (read) => read.x)];
  return max(...beside.filter(Boolean).map((read) => (part.y + part.height / 2 - read.y) / read.height));
}

/** The share of a mark's height that is level with the digit beside it; 0 for a mark that is lower than half a digit. */
function levelOf(part, line) {
  const read = nearest(part, line);
  return part.height >= INSIDE * line.tall ? (min(part.bottom, read.bottom) - max(part.y, read.y)) / part.height : 0;
}

const strengthOf = (ink, region) => quantile(valuesUnder(ink.strength, region), 0.7);
