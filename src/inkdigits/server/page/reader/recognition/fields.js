// Mirrors recognition/fields.py: a line of regions -> a Field, a turned box in the image; a Field -> the grey crop of it, level.

import { clip, roundEven, sum, weighedMedian } from "../numpy.js";
import { cropped as windowOf, warpAffine } from "../opencv.js";

export const [ABOVE, BESIDE] = [0.15, 0.5];
export const HIGHEST = 1.1;
export const STEEPEST = 0.3;

const { abs, atan, cos, max, min, sin } = Math;

/** A box that may be turned, in pixels of the image. left, right: its columns; level: the row of the middle of the writing at column 0;
 *  slope: by how much it falls per column; top, bottom: its edges, from that middle. */
export class Field {
  constructor({ left, right, level, slope, top, bottom }) {
    Object.assign(this, { left, right, level, slope, top, bottom });
  }

  /** The height of the box in pixels. */
  get height() {
    return this.bottom - this.top;
  }

  /** The column of the image at a share, 0 to 1, of the way from the left end of the field to the right one. */
  column(share) {
    return this.left + share * (this.right - this.left);
  }

  /** The row of the middle of the writing at a column. */
  middle(column) {
    return this.level + this.slope * column;
  }
}

/** The field of a line of regions, left to right, with some room around.
 *  @param {{x: number, y: number, width: number, height: number}[]} row
 *  @param {number} scale pixels of the image for one of the regions'
 *  @param {[number, number]} size height and width of the image */
export function fieldOf(row, scale, size) {
  const tall = digitHeight(row);
  const [level, slope] = lineThrough(row, tall);
  const offsets = row.map((r) => r.y - level - slope * (r.x + r.width / 2));
  const top = min(...offsets.map((offset) => max(offset, -HIGHEST * tall)));
  const bottom = max(...offsets.map((offset, i) => min(offset + row[i].height, HIGHEST * tall)));
  const high = max(bottom - top, 1);
  const left = min(...row.map((r) => r.x)) - BESIDE * high;
  const right = max(...row.map((r) => r.x + r.width)) + BESIDE * high;
  return new Field({
    left: max(left * scale, 0),
    right: min(right * scale, size[1]),
    level: level * scale,
    slope,
    top: (top - ABOVE * high) * scale,
    bottom: (bottom + ABOVE * high) * scale,
  });
}

/** The crop of a field, level: uint8 (H, W) -> uint8 (h, w), neither of them 0.
 *  @param {import("../opencv.js").Plane} grey */
export function cropped(grey, field) {
  const [left, right] = [field.left, max(field.right, field.left + 1)];
  const rise = field.slope * (right - left);
  if (abs(rise) < 0.08 * field.height) {
    const middle = field.middle((left + right) / 2);
    const top = min(max(roundEven(middle + field.top), 0), grey.height - 1);
    const bottom = max(min(roundEven(middle + field.bottom), grey.height), top + 1);
    const first = min(roundEven(left), grey.width - 1);
    return windowOf(grey, { left: first, right: min(max(roundEven(right), first + 1), grey.width), top, bottom });
  }
  const angle = atan(field.slope);
  const [c, s] = [cos(angle), sin(angle)];
  const way = [[c, -s, left - s * field.top], [s, c, field.middle(left) + c * field.top]];
  return warpAffine(grey, way, max(roundEven((right - left) / c), 1), max(roundEven(field.height), 1));
}

/** The width of the strip of a crop in pixels: as many as it has at the height of a strip, times `stretch`.
 *  @param {import("./strips.js").Contract} contract */
export const stripWidth = (crop, stretch, { height }) =>
  max(roundEven(((crop.width * height) / crop.height) * stretch), Math.floor(height / 2));

/** The usual height of a digit of a line: the median of the heights, weighed by themselves. */
export const digitHeight = (row) => weighedMedian(row.map((r) => r.height));

/** The middle of a line as level + slope * column, by least squares over its regions, weighed by their heights. */
function lineThrough(row, tall) {
  const all = sum(row.map((r) => r.height));
  const dot = (values) => sum(row.map((r, i) => (r.height / all) * values[i]));
  const [x, y] = [row.map((r) => r.x + r.width / 2), row.map((r) => r.y + r.height / 2)];
  const middle = dot(x);
  const dx = x.map((v) => v - middle);
  const spread = dot(dx.map((v) => v * v));
  // Few digits, or digits of several heights close together, say nothing of a slope.
  const slope = spread > (1.2 * tall) ** 2 ? clip(dot(dx.map((v, i) => v * y[i])) / spread, -STEEPEST, STEEPEST) : 0;
  return [dot(y) - slope * middle, slope];
}
