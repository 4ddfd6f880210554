// Mirrors layout/sheet.py: a map of what is paper -> the outline of the sheet. It is laid flat in `perspective.js`.

import { approxPolyDP, convexHull, fitLine, rolled } from "../geometry.js";
import { argsort, least, mean, most, roundEven, sum } from "../numpy.js";
import {
  between, blur, connectedComponents, contour, countNonZero, cropped, dilateDisc, erodeDisc, fillPolygon, mapped, outside, plane,
} from "../opencv.js";
import { upright } from "./perspective.js";

/** @typedef {import("../opencv.js").Plane} Plane */
/** @typedef {import("../geometry.js").Point} Point */
/** @typedef {Point[]} Quad the corners top-left, top-right, bottom-right, bottom-left */

export const PAPER = 0.5;
export const MINIMUM = 0.06;
export const WHOLE = 0.92;
export const FRAMED = 0.6;
export const OVERLAP = 0.85;
export const NOISE = 0.02;
export const SUPPORT = 0.7;
export const WITHIN = 0.7;
export const NEAR = 0.015;
export const PIECES = 3;
export const NARROW = [0.06, 0.25];
export const ALIKE = 0.88;
export const CORNERS = 1.45;
export const STEPS = 65;
export const LEAST = 0.15;
export const SHARPEST = 35;
export const UNLIKE = 0.3;

const { abs, cos, fround, hypot, max, min, sign } = Math;

/** The outline of the sheet in an image, null where there is no sheet on something else.
 *  @param {Plane} paper float32 (h, w) in [0, 1], the probability of paper
 *  @returns {?Quad} in pixels of the map; corners may lie outside of it, where the frame cuts the sheet off */
export function outline(paper) {
  let [best, likeness] = [null, 0];
  for (const narrow of NARROW) {
    for (const sheet of pieces(paper, narrow)) {
      const share = countNonZero(sheet) / sheet.data.length;
      if (share < MINIMUM || share > WHOLE || mean(frame(sheet)) > FRAMED) continue;
      const [quad, alike] = fourSided(sheet, paper);
      if (alike > likeness) [best, likeness] = [quad, alike];
    }
    if (likeness > ALIKE) break;
  }
  return best;
}

/** The largest pieces of paper, their holes filled, parted where they hang together by what is narrower than a share of the shorter
 *  side. */
function pieces(paper, narrow) {
  const width = max(3, roundEven(narrow * min(paper.width, paper.height))) | 1;
  const mask = mapped(Uint8Array, (v) => 1 - v, outside(mapped(Uint8Array, (p) => (p > PAPER ? 1 : 0), blur(paper, 3))));
  const around = widened(mask, width); // what lies at the frame goes on behind it
  const inside = { left: width, top: width, right: width + mask.width, bottom: width + mask.height };
  const { labels, stats } = connectedComponents(cropped(erodeDisc(around, width), inside), false);
  const order = argsort(stats.slice(1).map(({ area }) => -area)).slice(0, PIECES);
  return order.map((k) => {
    const core = mapped(Uint8Array, (label) => (label === k + 1 ? 1 : 0), labels);
    return main(mapped(Uint8Array, (a, b) => a & b, mask, dilateDisc(core, roundEven(CORNERS * width) | 1)));
  });
}

/** A mask with a rim of its outermost pixels: cv2.copyMakeBorder with BORDER_REPLICATE. */
function widened(mask, rim) {
  const out = plane(mask.width + 2 * rim, mask.height + 2 * rim);
  for (let y = 0; y < out.height; y++) {
    const row = min(max(y - rim, 0), mask.height - 1) * mask.width;
    for (let x = 0; x < out.width; x++) out.data[y * out.width + x] = mask.data[row + min(max(x - rim, 0), mask.width - 1)];
  }
  return out;
}

/** The largest component of a mask that has some. */
function main(mask) {
  const { labels, stats } = connectedComponents(mask, false);
  const largest = most(stats.map((_, label) => label).slice(1), (label) => stats[label].area);
  return mapped(Uint8Array, (label) => (label === largest ? 1 : 0), labels);
}

/** The outline of one piece of paper, as `outline` gives it, and how alike they are, from 0 to 1; null, 0 where it is not four-sided.
 *  @returns {[?Quad, number]} */
function fourSided(sheet, paper) {
  const edge = contour(sheet);
  const hull = around(convexHull(edge));
  if (!hull || !isSheetlike(hull)) return [null, 0];
  const fitted = drawnTo(hull, blur(paper, 3));
  let [own, quad] = [overlap(hull, sheet), hull];
  if (fitted && isSheetlike(fitted)) {
    const its = overlap(fitted, sheet);
    if (its >= own - NOISE) [own, quad] = [its, fitted];
  }
  const held = support(quad, edge, sheet);
  if (own < OVERLAP || held < SUPPORT || within(quad, paper) < WITHIN) return [null, 0];
  return [upright(grown(uncut(quad, edge, sheet), 0.5)), own * held];
}

/** The pixels along the frame of a mask. */
function frame({ width, height, data }) {
  const [columns, rows] = [[...Array(width).keys()], [...Array(height).keys()].slice(1, -1)];
  const beside = rows.flatMap((y) => [data[y * width], data[(y + 1) * width - 1]]);
  return [...columns.flatMap((x) => [data[x], data[(height - 1) * width + x]]), ...beside];
}

/** A small quad around a convex hull: of its sides the one is left out again and again that adds the least area when its neighbours are
 *  lengthened until they meet. */
function around(hull) {
  let points = approxPolyDP(hull, 0.5);
  while (points.length > 4) {
    const options = points.map((_, k) => lengthened(points, k)).filter(Boolean);
    if (!options.length) return null;
    const { side, corner } = least(options, ({ added }) => added);
    const gone = (side + 1) % points.length;
    points = points.map((point, i) => (i === side ? corner : point)).filter((_, i) => i !== gone);
  }
  return points.length === 4 ? points : null;
}

/** Where the sides before and after a side of a polygon meet beyond it, with the area of the triangle that this adds; null if they do not
 *  meet. */
function lengthened(points, side) {
  const [before, a, b, after] = [-1, 0, 1, 2].map((i) => points[(side + i + points.length) % points.length]);
  const corner = meeting(before, a, b, after);
  if (!corner || dot(less(corner, a), less(a, before)) < 0 || dot(less(corner, b), less(b, after)) < 0) return null;
  return { added: abs(cross(less(b, a), less(corner, a))) / 2, side, corner };
}

/** Where the line through a and b meets the one through c and d; null where they are parallel. */
function meeting(a, b, c, d) {
  const [along, other] = [less(b, a), less(d, c)];
  const turn = cross(along, other);
  if (abs(turn) < 1e-6 * hypot(...along) * hypot(...other)) return null;
  return plus(a, times(along, cross(less(c, a), other) / turn));
}

/** The corners in which the sides of a quad, as pairs of points, meet the sides before them; null where some do not. */
function corners(lines) {
  const found = lines.map((line, k) => meeting(...lines[(k + 3) % 4], ...line));
  return found.every(Boolean) ? found : null;
}

const plus = ([ax, ay], [bx, by]) => [ax + bx, ay + by];
const less = ([ax, ay], [bx, by]) => [ax - bx, ay - by];
const times = ([x, y], by) => [x * by, y * by];
const dot = ([ax, ay], [bx, by]) => ax * bx + ay * by;
const cross = ([ax, ay], [bx, by]) => ax * by - ay * bx;
const unit = (vector) => times(vector, 1 / max(hypot(...vector), 1e-9));
const middleOf = (quad) => [0, 1].map((axis) => mean(quad.map((corner) => corner[axis])));
const sides = (quad) => quad.map((corner, i) => [corner, quad[(i + 1) % quad.length]]);
const linspace = (from, to, count) => Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
const steps = (a, b, shares) => shares.map((share) => plus(a, times(less(b, a), share)));

/** The quad whose sides are fitted to where paper ends near them: noise that stands out moves a hull, but not these. Null where sides do
 *  not meet. */
const drawnTo = (quad, paper) => corners(sides(quad).map(([a, b]) => fitted(a, b, paper)));

/** The line along which paper ends near the side from a to b, as two points of it; the side itself where too little of it ends there. */
function fitted(a, b, paper) {
  const reach = max(3, roundEven(2 * NEAR * hypot(paper.width, paper.height)));
  const [dx, dy] = less(b, a);
  const outward = times([dy, -dx], 1 / max(hypot(dx, dy), 1e-9));
  const ends = steps(a, b, linspace(0.06, 0.94, STEPS)).map((start) => {
    const at = (offset) => plus(start, times(outward, offset)).map(fround);
    const values = linspace(-reach, reach, 2 * reach + 1).map((offset) => fround(between(paper, ...at(offset))));
    const last = values.findLastIndex((value, i) => i + 1 < values.length && value > PAPER && values[i + 1] <= PAPER);
    if (last < 0) return null;
    const [inner, outer] = values.slice(last);
    return plus(start, times(outward, last - reach + fround(fround(inner - PAPER) / fround(inner - outer))));
  });
  const own = ends.filter((point) => point && !isAtFrame(point, paper));
  if (own.length < 0.3 * STEPS) return [a, b];
  const [along, start] = fitLine(own.map((point) => point.map(fround)));
  return [start, plus(start, times(along, sign(dot(along, less(b, a))) || 1))];
}

/** Whether a point lies on the frame of a map, or beyond it. */
const isAtFrame = ([x, y], { width, height }) => x < 1 || y < 1 || x > width - 2 || y > height - 2;

/** What lies in a quad, in a map of the size of another one. */
const areaOf = (quad, { width, height }) =>
  fillPolygon(plane(width, height), quad.map((corner) => corner.map((v) => roundEven(v * 16) / 16)));

/** Intersection over union of a quad, where it is inside the map, with the sheet. */
function overlap(quad, sheet) {
  const own = areaOf(quad, sheet);
  const [both, either] = [(a, b) => a & b, (a, b) => a | b].map((of) => countNonZero(mapped(Uint8Array, of, own, sheet)));
  return both / max(either, 1);
}

/** The mean probability of paper in a quad. */
function within(quad, paper) {
  const own = areaOf(quad, paper);
  return mean(paper.data.filter((_, i) => own.data[i]));
}

/** Whether a quad can be a sheet in a photograph: convex, no corner too sharp, opposite sides of like length. */
function isSheetlike(quad) {
  const after = sides(quad).map(([a, b]) => less(b, a));
  const before = rolled(after, 1).map((side) => times(side, -1));
  const lengths = after.map((side) => max(hypot(...side), 1e-9));
  const turns = before.map((side, k) => cross(side, after[k]));
  const cosines = before.map((side, k) => dot(side, after[k]) / (lengths[k] * lengths[(k + 3) % 4]));
  const alike = [0, 1].every((k) => min(lengths[k], lengths[k + 2]) >= UNLIKE * max(lengths[k], lengths[k + 2]));
  return alike && min(...turns) * max(...turns) > 0 && max(...cosines.map(abs)) < cos((SHARPEST * Math.PI) / 180);
}

/** The share of a quad's sides, where they are inside the map, that the edge of the paper runs along; 0 where fewer than two are. */
function support(quad, edge, sheet) {
  const inside = edge.filter((point) => !isAtFrame(point, sheet));
  const near = fround(NEAR * hypot(sheet.width, sheet.height));
  const isClose = (point) => inside.some((own) => fround(hypot(...less(own, point))) <= near);
  const found = sides(quad).flatMap(([a, b]) => {
    const seen = steps(a, b, linspace(0, 1, STEPS)).filter((point) => !isAtFrame(point, sheet)).map((point) => point.map(roundEven));
    if (seen.length < LEAST * STEPS) return [];
    return [{ share: seen.filter(isClose).length / seen.length, length: (seen.length / STEPS) * hypot(...less(b, a)) }];
  });
  return found.length >= 2 ? sum(found.map((one) => one.share * one.length)) / sum(found.map((one) => one.length)) : 0;
}

/** The quad with the sides that are nothing but the frame of the image put where the sheet may go on: parallel to the side opposite, or
 *  square to its neighbours where that is cut off too, and so that all of the paper in view lies within. */
function uncut(quad, edge, sheet) {
  const every = sides(quad);
  const shares = linspace(0, 1, 9).slice(1, -1);
  const cut = every.map(([a, b]) => steps(a, b, shares).filter((point) => isAtFrame(point, sheet)).length > 0.7 * shares.length);
  if (!cut.includes(true)) return quad;
  const lines = every.map(([a, b], k) => {
    if (!cut[k]) return [a, b];
    const [opposite, before, after] = [2, 3, 1].map((i) => (k + i) % 4);
    let along = less(...every[opposite]);
    if (cut[opposite]) {
      const beside = plus(unit(less(every[before][1], every[before][0])), unit(less(...every[after])));
      along = [-beside[1], beside[0]];
    }
    const across = unit([-along[1], along[0]]);
    const outward = dot(across, less(times(plus(a, b), 0.5), middleOf(quad))) > 0 ? across : times(across, -1);
    const far = most(edge, (point) => dot(point, outward));
    return [far, plus(far, along)];
  });
  return corners(lines) ?? quad;
}

/** The quad with each side moved outward: an edge runs through the middle of the last pixels, the sheet ends half a pixel after. */
function grown(quad, by) {
  const middle = middleOf(quad);
  const lines = sides(quad).map(([a, b]) => {
    const [dx, dy] = less(b, a);
    const out = unit([dy, -dx]);
    const move = times(out, (sign(dot(out, less(a, middle))) || 1) * by);
    return [plus(a, move), plus(b, move)];
  });
  return corners(lines) ?? quad;
}
