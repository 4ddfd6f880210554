// The few functions of OpenCV and NumPy for points, lines and matrices that the reader needs. Mirrors no file.

import { argsort, sum } from "./numpy.js";

/** @typedef {[number, number]} Point x, y in pixels, the middle of the first one at (0, 0) */

const { abs, acos, atan2, ceil, cos, exp, fround, hypot, max, min, sin } = Math;

/** The product of two matrices of 3 x 3. */
export const multiplied = (a, b) => a.map((row) => [0, 1, 2].map((j) => row[0] * b[0][j] + row[1] * b[1][j] + row[2] * b[2][j]));

/** The inverse of a matrix of 3 x 3. */
export function inverted([[a, b, c], [d, e, f], [g, h, k]]) {
  const all = a * (e * k - f * h) - b * (d * k - f * g) + c * (d * h - e * g);
  const cofactors = [
    [e * k - f * h, c * h - b * k, b * f - c * e],
    [f * g - d * k, a * k - c * g, c * d - a * f],
    [d * h - e * g, b * g - a * h, a * e - b * d],
  ];
  return cofactors.map((row) => row.map((v) => v / all));
}

/** Points where a homography takes them. */
export const transformed = (points, m) =>
  points.map(([x, y]) => {
    const [px, py, w] = m.map((row) => row[0] * x + row[1] * y + row[2]);
    return [px / w, py / w];
  });

/** cv2.minAreaRect of points: the sides of the smallest turned box around them, the longer first, and the direction of that one in degrees,
 *  clockwise from the right, in (-90, 90].
 *  @param {[number, number][]} points
 *  @returns {{sides: [number, number], degrees: number}} */
export function minAreaRect(points) {
  const hull = convexHull(points);
  let best = { area: Infinity, sides: [0, 0], degrees: 0 };
  hull.forEach(([x, y], i) => {
    const [nx, ny] = hull[(i + 1) % hull.length];
    const length = hypot(nx - x, ny - y);
    if (!length) return;
    const [ux, uy] = [(nx - x) / length, (ny - y) / length];
    const extent = (vx, vy) => {
      const along = hull.map(([px, py]) => px * vx + py * vy);
      return max(...along) - min(...along);
    };
    const [own, across] = [extent(ux, uy), extent(-uy, ux)];
    if (own * across >= best.area - 1e-9) return;
    const turned = (atan2(uy, ux) * 180) / Math.PI + (own >= across ? 0 : 90);
    const degrees = turned - 180 * ceil((turned - 90) / 180);
    best = { area: own * across, sides: [max(own, across), min(own, across)], degrees };
  });
  return { sides: best.sides, degrees: best.degrees };
}

/** cv2.convexHull of points: its corners clockwise, the first of the points, row by row, as the last one.
 *  @param {Point[]} points
 *  @returns {Point[]} */
export function convexHull(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const half = (some) => {
    const chain = [];
    for (const point of some) {
      while (chain.length > 1 && turn(chain[chain.length - 2], chain[chain.length - 1], point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  if (sorted.length < 2) return sorted;
  const hull = [...half(sorted), ...half(sorted.reverse())]; // Andrew's monotone chain
  const first = hull.reduce((best, [x, y], i) => (y < hull[best][1] || (y === hull[best][1] && x < hull[best][0]) ? i : best), 0);
  return rolled(hull, -first - 1);
}

const turn = ([ax, ay], [bx, by], [cx, cy]) => (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);

/** A list with its elements moved on by some places, as np.roll. */
export const rolled = (list, by) => list.map((_, i) => list[(((i - by) % list.length) + list.length) % list.length]);

/** cv2.approxPolyDP of a closed curve of points (Douglas and Peucker).
 *  @param {Point[]} curve
 *  @param {number} epsilon
 *  @returns {Point[]} */
export function approxPolyDP(curve, epsilon) {
  const count = curve.length;
  const away = ([ax, ay], [bx, by]) => (bx - ax) ** 2 + (by - ay) ** 2;
  let [start, far] = [0, 0];
  for (let i = 0; i < 3; i++) {
    start = (start + far) % count;
    let most = 0;
    for (let j = 1; j < count; j++) {
      const own = away(curve[start], curve[(start + j) % count]);
      if (own > most) [most, far] = [own, j];
    }
    if (most <= epsilon ** 2) return [curve[start]];
  }
  const end = (start + far) % count;
  return straightened([...simplified(curve, start, end, epsilon), ...simplified(curve, end, start, epsilon)], epsilon);
}

/** The corners of a part of a closed curve, without its end. */
function simplified(curve, start, end, epsilon) {
  const [[ax, ay], [bx, by]] = [curve[start], curve[end]];
  let [most, cut] = [0, start];
  for (let i = (start + 1) % curve.length; i !== end; i = (i + 1) % curve.length) {
    const own = abs((curve[i][1] - ay) * (bx - ax) - (curve[i][0] - ax) * (by - ay));
    if (own > most) [most, cut] = [own, i];
  }
  if (most ** 2 <= epsilon ** 2 * ((bx - ax) ** 2 + (by - ay) ** 2)) return [curve[start]];
  return [...simplified(curve, start, cut, epsilon), ...simplified(curve, cut, end, epsilon)];
}

/** A closed curve without what is nearly on the straight line between its neighbours: the last stage of OpenCV's approxPolyDP. */
function straightened(points, epsilon) {
  const out = [...points];
  const count = points.length;
  let [left, read, write] = [count, count - 1, 0];
  const next = () => {
    const point = out[read];
    read = (read + 1) % count;
    return point;
  };
  let before = next();
  let here = next();
  for (let i = 0; i < count && left > 2; i++) {
    const after = next();
    const [dx, dy] = [after[0] - before[0], after[1] - before[1]];
    const off = abs((here[0] - before[0]) * dy - (here[1] - before[1]) * dx);
    const onward = (here[0] - before[0]) * (after[0] - here[0]) + (here[1] - before[1]) * (after[1] - here[1]);
    if (off ** 2 <= 0.5 * epsilon ** 2 * (dx ** 2 + dy ** 2) && dx && dy && onward >= 0) {
      left -= 1;
      out[write] = before = after;
      here = next();
      i += 1;
    } else {
      out[write] = before = here;
      here = after;
    }
    write = (write + 1) % count;
  }
  return out.slice(0, left);
}

const WELSCH = fround(1 / fround(2.9846));

/** cv2.fitLine of points with DIST_WELSCH and accuracies of 0.01: from twenty draws of ten of them the line that all are nearest to.
 *  @param {Point[]} points
 *  @returns {[Point, Point]} its direction, of length 1, and a point on it */
export function fitLine(points) {
  const count = points.length;
  const random = draws();
  let [best, least] = [null, Infinity];
  for (let k = 0; k < 20; k++) {
    const weights = new Float32Array(count);
    for (let drawn = 0; drawn < min(count, 10);) {
      const i = random() % count;
      if (!weights[i]) drawn += weights[i] = 1;
    }
    let line = lineThrough(points, weights);
    for (let i = 0, before = null; i < 30 && !(before && isNear(line, before)); i++) {
      const off = distances(points, line);
      const all = sum(off);
      if (all < least) [best, least] = [line, all];
      const own = off.map((d) => exp(fround(fround(-d * d) * fround(WELSCH * WELSCH))));
      const total = sum(own);
      before = line;
      line = lineThrough(points, own.map((w) => w / total));
    }
  }
  return best;
}

/** Weighed least squares across the line. */
function lineThrough(points, weights) {
  const all = sum(weights);
  const mean = (of, by) => points.reduce((total, point, i) => total + fround(fround(weights[i] * of(point)) * by(point)), 0) / all;
  const [one, column, row] = [() => 1, (point) => point[0], (point) => point[1]];
  const [x, y] = [mean(column, one), mean(row, one)];
  const [xx, yy, xy] = [mean(column, column) - x * x, mean(row, row) - y * y, mean(column, row) - x * y];
  const angle = fround(atan2(2 * xy, xx - yy)) / 2;
  return [[cos(angle), sin(angle)].map(fround), [x, y].map(fround)];
}

const distances = (points, [[dx, dy], [px, py]]) => Float32Array.from(points, ([x, y]) => abs(dy * fround(x - px) - dx * fround(y - py)));

function isNear([[dx, dy], [x, y]], [[ox, oy], [px, py]]) {
  return abs(acos(max(min(dx * ox + dy * oy, 1), -1))) < 0.01 && max(abs(x - px), abs(y - py)) < 0.01;
}

/** The random numbers of cv::RNG that begins with all bits set. */
function draws() {
  let state = 0xffffffffffffffffn;
  return () => {
    state = BigInt.asUintN(64, (state & 0xffffffffn) * 4164903690n + (state >> 32n));
    return Number(state & 0xffffffffn);
  };
}

/** cv2.getPerspectiveTransform: the matrix of 3 x 3 that takes four points to four others. */
export function getPerspectiveTransform(from, to) {
  const rows = from.flatMap(([x, y], i) => {
    const [u, v] = to[i];
    return [[x, y, 1, 0, 0, 0, -x * u, -y * u, u], [0, 0, 0, x, y, 1, -x * v, -y * v, v]];
  });
  for (let pivot = 0; pivot < 8; pivot++) {
    const best = argsort(rows.map((row, i) => (i < pivot ? 1 : -abs(row[pivot]))))[0];
    [rows[pivot], rows[best]] = [rows[best], rows[pivot]];
    for (const row of rows) {
      if (row === rows[pivot]) continue;
      const share = row[pivot] / rows[pivot][pivot];
      for (let k = pivot; k < 9; k++) row[k] -= share * rows[pivot][k];
    }
  }
  const [a, b, c, d, e, f, g, h] = rows.map((row, i) => row[8] / row[i]);
  return [[a, b, c], [d, e, f], [g, h, 1]];
}
