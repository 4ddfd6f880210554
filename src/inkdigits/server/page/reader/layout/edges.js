// Mirrors layout/edges.py: what touches the edge of an image and is no writing: rules, shadows, the ends of neighbours' strokes.

import { roundEven } from "../numpy.js";
import { countNonZero, cropped } from "../opencv.js";

export const [RIM, STRIP, ALONG, BAR, PATCH] = [0.015, 0.25, 0.6, 0.9, [0.3, 0.6]];

const { max, min } = Math;
const full = (r) => r.area / (r.width * r.height);
const column = (r, x) => cropped(r.mask, { left: x, right: x + 1, top: 0, bottom: r.height });
const row = (r, y) => cropped(r.mask, { left: 0, right: r.width, top: y, bottom: y + 1 });
const share = (line) => countNonZero(line) / line.data.length;

/** Whether the frame cuts a region off. */
export const touches = (r, width, height) => r.x === 0 || r.y === 0 || r.right === width || r.bottom === height;

/** A rule or shadow along the frame: nowhere far from it, and long; or all around it. */
export function isEdgeLine(r, width, height) {
  if (!touches(r, width, height) || max(r.width / width, r.height / height) < 0.3) return false;
  if (r.width >= 0.97 * width && r.height >= 0.97 * height && full(r) < 0.2) {
    return max(share(row(r, 0)), share(row(r, r.height - 1)), share(column(r, 0)), share(column(r, r.width - 1))) > 0.8;
  }
  const rim = roundEven(0.12 * min(width, height));
  const [left, top] = [max(rim - r.x, 0), max(rim - r.y, 0)];
  const [right, bottom] = [min(max(width - rim - r.x, 0), r.width), min(max(height - rim - r.y, 0), r.height)];
  const inside = left < right && top < bottom ? countNonZero(cropped(r.mask, { left, top, right, bottom })) : 0;
  return inside <= 0.02 * r.area;
}

/** The black edge of a scan, a column rule, a binding, a desk: a strip from end to end of a side, or a broad patch at it. */
export function isAlongTheEdge(r, width, height) {
  const rim = roundEven(RIM * max(width, height));
  const [left, right, top, bottom] = [r.x <= rim, r.right >= width - rim, r.y <= rim, r.bottom >= height - rim];
  const columns = (first, last) => shareOfLines(r, first, last, true);
  const rows = (first, last) => shareOfLines(r, first, last, false);
  const atLeft = () => columns(0, max(rim - r.x, 0) + 1);
  const atRight = () => columns(r.width - max(rim - width + r.right, 0) - 1, r.width);
  const atTop = () => rows(0, max(rim - r.y, 0) + 1);
  const atBottom = () => rows(r.height - max(rim - height + r.bottom, 0) - 1, r.height);
  const upright = () => (left && atLeft() > ALONG) || (right && atRight() > ALONG) || full(r) > BAR;
  const level = () => (top && atTop() > ALONG) || (bottom && atBottom() > ALONG) || full(r) > BAR;
  if (top && bottom && r.width <= STRIP * width && upright()) return true;
  if (left && right && r.height <= STRIP * height && level()) return true;
  const around = left && right && top && bottom;
  const broad = min(r.width / width, r.height / height) >= PATCH[0];
  return (left || right || top || bottom) && !around && broad && full(r) > PATCH[1];
}

/** The share of the rows in which some columns have ink, or of the columns in which some rows have. */
function shareOfLines(r, first, last, upright) {
  const [from, to] = [max(first, 0), min(last, upright ? r.width : r.height)];
  const lines = upright ? r.height : r.width;
  let found = 0;
  for (let line = 0; line < lines; line++) {
    for (let i = from; i < to; i++) {
      if (!r.mask.data[upright ? line * r.width + i : i * r.width + line]) continue;
      found += 1;
      break;
    }
  }
  return found / lines;
}

/** The end of a neighbour's stroke: small, at the frame. */
export const isCorner = (r, width, height) => touches(r, width, height) && max(r.width / width, r.height / height) < 0.12;

/** A shadow, a finger or the edge of the sheet: most of a side of the region's box lies on the image's edge. */
export function isShadow(r, width, height) {
  if (r.height >= 0.35 * height) return false;
  const shares = [0];
  if (r.y === 0) shares.push(share(row(r, 0)));
  if (r.bottom === height) shares.push(share(row(r, r.height - 1)));
  if (r.x === 0) shares.push(share(column(r, 0)));
  if (r.right === width) shares.push(share(column(r, r.width - 1)));
  return max(...shares) > 0.6;
}
