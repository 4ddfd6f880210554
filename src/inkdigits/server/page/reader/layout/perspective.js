// Mirrors layout/perspective.py: the outline of a sheet -> the sheet flat, its perspective undone.

import { getPerspectiveTransform, rolled } from "../geometry.js";
import { argsort, argmax, mean, median, roundEven } from "../numpy.js";
import { warpPerspective } from "../opencv.js";

/** @typedef {import("../opencv.js").Plane} Plane */
/** @typedef {import("./sheet.js").Quad} Quad */

export const [FOCUS, SHORT, LONG] = [0.75, 0.5, 2.0];
export const STRETCH = 1.6;

const { abs, fround, hypot, max, min, sqrt } = Math;

/** The corners of a quad, in any order around it, from the top left clockwise, as it looks least turned.
 *  @returns {Quad} of float32 */
export function upright(quad) {
  const [mx, my] = [0, 1].map((axis) => mean(quad.map((corner) => corner[axis])));
  const points = argsort(quad.map(([x, y]) => Math.atan2(y - my, x - mx))).map((i) => quad[i]); // clockwise, as y points down
  const sides = points.map(([x, y], k) => [points[(k + 1) % 4][0] - x, points[(k + 1) % 4][1] - y]);
  const rightward = sides.map(([x, y], k) => (x - sides[(k + 2) % 4][0]) / hypot(x - sides[(k + 2) % 4][0], y - sides[(k + 2) % 4][1]));
  return rolled(points, -argmax(rightward)).map((corner) => corner.map(fround));
}

/** The same quad where an image is `factor` times as large: a map's outline in its photograph. */
export const scaled = (quad, factor) => quad.map((corner) => corner.map((v) => fround((v + 0.5) * factor - 0.5)));

/** The sheet alone, its perspective undone, and the homography from the pixels of the image to those of the sheet.
 *  @param {Plane[]} image
 *  @param {Quad} quad of `outline`, in pixels of the image
 *  @returns {[Plane[], number[][]]} what the image does not show has the sheet's usual colour */
export function flatten(image, quad) {
  const [width, height] = sizeOf(quad, [image[0].height, image[0].width]);
  const corners = [[-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]];
  const homography = getPerspectiveTransform(quad, corners);
  return [image.map((channel) => warpPerspective(channel, homography, width, height, usual(channel, quad))), homography];
}

/** Width and height of a sheet, in pixels: its true ratio as a camera in front of the middle of the image sees it, and the pixels that the
 *  longer of opposite sides have.
 *  @param {Quad} quad
 *  @param {[number, number]} shape height and width of the image
 *  @returns {[number, number]} */
export function sizeOf(quad, shape) {
  const sides = quad.map(([x, y], k) => hypot(quad[(k + 1) % 4][0] - x, quad[(k + 1) % 4][1] - y));
  const [wide, high] = [max(sides[0], sides[2], 2), max(sides[1], sides[3], 2)];
  const seen = wide / high;
  const own = ratioOf(quad, shape) || seen;
  const ratio = seen / STRETCH < own && own < seen * STRETCH ? own : seen;
  const area = wide * high;
  return [sqrt(area * ratio), sqrt(area / ratio)].map((v) => max(2, roundEven(v)));
}

/** The true ratio of a sheet's width and height; null where the quad has no area. */
function ratioOf(quad, [height, width]) {
  const [topLeft, topRight, bottomRight, bottomLeft] = quad.map(([x, y]) => [x - (width - 1) / 2, y - (height - 1) / 2, 1]);
  const all = [topLeft, topRight, bottomRight, bottomLeft];
  const areas = [0, 1, 2, 3].map((gone) => all.filter((_, i) => i !== gone)).map(([a, b, c]) => abs(dot(cross(a, b), c)));
  if (min(...areas) < 1) return null;
  const across = cross(topLeft, bottomRight);
  const k2 = dot(across, bottomLeft) / dot(cross(topRight, bottomRight), bottomLeft);
  const k3 = dot(across, topRight) / dot(cross(bottomLeft, bottomRight), topRight);
  const [n2, n3] = [topRight.map((v, i) => k2 * v - topLeft[i]), bottomLeft.map((v, i) => k3 * v - topLeft[i])];
  const focus = focusOf(n2, n3, hypot(width, height));
  const [first, second] = [n2, n3].map((n) => hypot(hypot(n[0], n[1]) / focus, n[2]));
  return first / max(second, 1e-9);
}

/** The focal length in pixels under which two sides of a sheet, as directions in the image, stand square to each other; the usual one
 *  where that says nothing or what is not believable. */
function focusOf(n2, n3, diagonal) {
  const converging = n2[2] * n3[2];
  const squared = abs(converging) > 1e-9 ? -(n2[0] * n3[0] + n2[1] * n3[1]) / converging : -1;
  return (SHORT * diagonal) ** 2 < squared && squared < (LONG * diagonal) ** 2 ? sqrt(squared) : FOCUS * diagonal;
}

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];

/** The usual level of a channel in a quad, from a few hundred of its pixels: a byte. */
function usual({ width, height, data }, quad) {
  const shares = Array.from({ length: 20 }, (_, i) => 0.05 + (0.9 * i) / 19);
  const between = ([ax, ay], [bx, by], share) => [ax + share * (bx - ax), ay + share * (by - ay)];
  const points = shares.flatMap((across) => {
    const [top, bottom] = [between(quad[0], quad[1], across), between(quad[3], quad[2], across)];
    return shares.map((down) => between(top, bottom, down).map(roundEven));
  });
  const inside = points.filter(([x, y]) => x >= 0 && y >= 0 && x < width && y < height);
  return roundEven(median(inside.length ? inside.map(([x, y]) => data[y * width + x]) : data));
}
