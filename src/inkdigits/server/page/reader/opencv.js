// The few functions of OpenCV that the reader needs, bit for bit where its integers are, each checked against OpenCV. Mirrors no file.
//
// A plane is {width, height, data}: numbers row by row in a typed array. An image is a list of planes: one grey, or red, green and blue.
// What OpenCV does with points and matrices is in geometry.js.

import { inverted } from "./geometry.js";
import { clip, roundEven } from "./numpy.js";

const { fround } = Math;
const GREY = [9798, 19235, 3735, 15]; // 2^15 times the weights of red, green and blue

/** @typedef {{width: number, height: number, data: (Uint8Array|Int16Array|Int32Array|Float32Array)}} Plane */

/** A plane of zeros.
 *  @returns {Plane} */
export const plane = (width, height, Type = Uint8Array) => ({ width, height, data: new Type(width * height) });

/** A plane with the outcome of a function of the values of planes of one size.
 *  @returns {Plane} */
export function mapped(Type, of, ...planes) {
  const { width, height } = planes[0];
  const out = plane(width, height, Type);
  const data = out.data;
  const [a, b, c] = planes.map((one) => one.data);
  if (c) for (let i = 0; i < data.length; i++) data[i] = of(a[i], b[i], c[i]);
  else if (b) for (let i = 0; i < data.length; i++) data[i] = of(a[i], b[i]);
  else for (let i = 0; i < data.length; i++) data[i] = of(a[i]);
  return out;
}

/** The part of a plane from (left, top) up to, but not with, (right, bottom), as a plane of its own.
 *  @returns {Plane} */
export function cropped(from, { left, top, right, bottom }) {
  const out = plane(right - left, bottom - top, from.data.constructor);
  for (let y = top; y < bottom; y++) {
    out.data.set(from.data.subarray(y * from.width + left, y * from.width + right), (y - top) * out.width);
  }
  return out;
}

/** Put a smaller plane into a larger one with its corner at (left, top); the larger one is changed. */
export function pasted(into, from, left, top) {
  for (let y = 0; y < from.height; y++) {
    into.data.set(from.data.subarray(y * from.width, (y + 1) * from.width), (top + y) * into.width + left);
  }
}

/** A plane with a rim of zeros.
 *  @returns {Plane} */
export function framed(from, rim) {
  const out = plane(from.width + 2 * rim, from.height + 2 * rim, from.data.constructor);
  pasted(out, from, rim, rim);
  return out;
}

/** Rows and columns exchanged.
 *  @returns {Plane} */
export function transposed(from) {
  const out = plane(from.height, from.width, from.data.constructor);
  for (let y = 0; y < from.height; y++) for (let x = 0; x < from.width; x++) out.data[x * out.width + y] = from.data[y * from.width + x];
  return out;
}

/** How many values are not 0. */
export function countNonZero({ data }) {
  let found = 0;
  for (let i = 0; i < data.length; i++) if (data[i]) found += 1;
  return found;
}

/** Whether any value is not 0. */
export function any({ data }) {
  for (let i = 0; i < data.length; i++) if (data[i]) return true;
  return false;
}

/** The grey plane of an image: cv2.cvtColor with COLOR_RGB2GRAY; one plane is grey already.
 *  @returns {Plane} */
export function grey(image) {
  if (image.length === 1) return image[0];
  const [r, g, b, shift] = GREY;
  const [red, green, blue] = image.map((channel) => channel.data);
  const out = plane(image[0].width, image[0].height);
  for (let i = 0; i < red.length; i++) out.data[i] = (red[i] * r + green[i] * g + blue[i] * b + (1 << (shift - 1))) >> shift;
  return out;
}

/** cv2.resize of a plane of bytes or floats with INTER_AREA, to something smaller.
 *  @returns {Plane} */
export function resizeArea(from, width, height) {
  const [across, down] = [from.width / width, from.height / height];
  const whole = Number.isInteger(across) && Number.isInteger(down);
  const bytes = from.data instanceof Uint8Array;
  const out = plane(width, height, from.data.constructor);
  if (whole && bytes) return wholeArea(from, out, across, down);
  const [columns, rows] = [areaWeights(from.width, width), areaWeights(from.height, height)];
  const [line, total] = [new Float32Array(width), new Float32Array(width)];
  let kept = -1; // the row that `line` is of: two rows of the outcome may have a part of it each
  for (let y = 0; y < height; y++) {
    total.fill(0);
    for (let j = rows.first[y]; j < rows.first[y + 1]; j++) {
      if (rows.places[j] !== kept) averaged(from, (kept = rows.places[j]), columns, line);
      const beta = rows.weights[j];
      for (let x = 0; x < width; x++) total[x] += fround(beta * line[x]);
    }
    const at = y * width;
    if (bytes) for (let x = 0; x < width; x++) out.data[at + x] = roundEven(total[x]);
    else out.data.set(total, at);
  }
  return out;
}

/** One row of a plane, averaged across. */
function averaged(from, row, { first, places, weights }, line) {
  const data = from.data;
  const at = row * from.width;
  let i = 0;
  for (let x = 0; x < line.length; x++) {
    const end = first[x + 1];
    let own = 0;
    for (; i < end; i++) own = fround(own + fround(data[at + places[i]] * weights[i]));
    line[x] = own;
  }
}

/** The mean of whole blocks of bytes. Halves are rounded up where a block is 2 x 2, to even elsewhere. */
function wholeArea(from, out, across, down) {
  const scale = fround(1 / (across * down));
  for (let y = 0; y < out.height; y++) {
    for (let x = 0; x < out.width; x++) {
      let total = 0;
      for (let j = 0; j < down; j++) {
        const at = (y * down + j) * from.width + x * across;
        for (let i = 0; i < across; i++) total += from.data[at + i];
      }
      out.data[y * out.width + x] = across === 2 && down === 2 ? (total + 2) >> 2 : roundEven(fround(total * scale));
    }
  }
  return out;
}

/** Which of the n old pixels each of m new ones covers, and by how much: the new pixel i has the places and weights from first[i] up to
 *  first[i + 1]. */
function areaWeights(n, m) {
  const scale = n / m;
  const [first, places, weights] = [[], [], []];
  const add = (place, weight) => {
    places.push(place);
    weights.push(weight);
  };
  for (let i = 0; i < m; i++) {
    first.push(places.length);
    const [from, to] = [i * scale, (i + 1) * scale];
    const size = Math.min(scale, n - from);
    const last = Math.min(Math.floor(to), n - 1);
    const begin = Math.min(Math.ceil(from), last);
    if (begin - from > 1e-3) add(begin - 1, (begin - from) / size);
    for (let j = begin; j < last; j++) add(j, 1 / size);
    if (to - last > 1e-3) add(last, Math.min(to - last, 1, size) / size);
  }
  first.push(places.length);
  return { first: Int32Array.from(first), places: Int32Array.from(places), weights: Float32Array.from(weights) };
}

/** cv2.resize of a plane of bytes or floats with INTER_LINEAR.
 *  @returns {Plane} */
export function resizeLinear(from, width, height) {
  const bytes = from.data instanceof Uint8Array;
  const columns = linearWeights(from.width, width, bytes, true);
  const rows = linearWeights(from.height, height, bytes, false);
  const out = plane(width, height, from.data.constructor);
  const between = new Map(); // rows, resized across
  const resized = (y) => {
    if (!between.has(y)) {
      const at = y * from.width;
      const own = columns.map(([i, j, a, b]) => from.data[at + i] * a + from.data[at + j] * b);
      between.set(y, bytes ? Int32Array.from(own) : Float32Array.from(own));
    }
    return between.get(y);
  };
  rows.forEach(([i, j, a, b], y) => {
    const [upper, lower] = [resized(i), resized(j)];
    for (let x = 0; x < width; x++) {
      out.data[y * width + x] = bytes ? mixed(upper[x], lower[x], a, b) : upper[x] * a + lower[x] * b;
    }
  });
  return out;
}

/** Two numbers of 8 + 11 bits, weighed by 11 bits each, as a byte. */
const mixed = (upper, lower, a, b) => clip((((a * (upper >> 4)) >> 16) + ((b * (lower >> 4)) >> 16) + 2) >> 2, 0, 255);

/** For each of m new pixels: the two of the n old ones that it lies between, and their weights: float32, for bytes in 2048ths. whole:
 *  beyond the edge the first has all of the weight; else both are the pixel at the edge, whose weights are rounded by themselves. */
function linearWeights(n, m, bytes, whole) {
  const scale = n / m;
  return Array.from({ length: m }, (_, x) => {
    const at = bytes ? fround((x + 0.5) * scale - 0.5) : (x + 0.5) * scale - 0.5;
    const first = Math.floor(at);
    const share = whole && (first < 0 || first >= n - 1) ? 0 : fround(at - first);
    const weights = [fround(1 - share), share];
    const places = [first, first + 1].map((i) => clip(i, 0, n - 1));
    return [...places, ...(bytes ? weights.map((w) => roundEven(fround(w * 2048))) : weights)];
  });
}

/** cv2.medianBlur of bytes in windows of 3 x 3.
 *  @returns {Plane} */
export function medianBlur(from) {
  const { width, height, data } = from;
  const out = plane(width, height);
  const window = new Uint8Array(9);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let n = 0;
      for (let j = -1; j <= 1; j++) {
        const at = clip(y + j, 0, height - 1) * width;
        for (let i = -1; i <= 1; i++) window[n++] = data[at + clip(x + i, 0, width - 1)];
      }
      for (let i = 1; i < 9; i++) {
        const value = window[i];
        let j = i - 1;
        for (; j >= 0 && window[j] > value; j--) window[j + 1] = window[j];
        window[j + 1] = value;
      }
      out.data[y * width + x] = window[4];
    }
  }
  return out;
}

/** cv2.dilate with a window of ones: the largest value in it. The window's anchor is at half of its sides, rounded down.
 *  @returns {Plane} */
export const dilate = (from, width, height) => extreme(from, width, height, true);

/** cv2.erode with a window of ones: the smallest value in it.
 *  @returns {Plane} */
export const erode = (from, width, height) => extreme(from, width, height, false);

/** cv2.morphologyEx with MORPH_CLOSE.
 *  @returns {Plane} */
export const close = (from, width, height) => erode(dilate(from, width, height), width, height);

/** cv2.morphologyEx with MORPH_OPEN.
 *  @returns {Plane} */
export const open = (from, width, height) => dilate(erode(from, width, height), width, height);

/** cv2.dilate of a mask of 0 and 1 with the ellipse of an odd width. */
export function dilateDisc(mask, width) {
  const out = plane(mask.width, mask.height);
  const radius = width >> 1;
  const reaches = Array.from({ length: width }, (_, i) => roundEven(Math.sqrt(radius ** 2 - (i - radius) ** 2)));
  for (let y = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++) {
      if (!mask.data[y * mask.width + x]) continue;
      for (let j = Math.max(y - radius, 0); j <= Math.min(y + radius, mask.height - 1); j++) {
        const reach = reaches[j - y + radius];
        out.data.fill(1, j * mask.width + Math.max(x - reach, 0), j * mask.width + Math.min(x + reach, mask.width - 1) + 1);
      }
    }
  }
  return out;
}

/** cv2.erode of a mask of 0 and 1 with the ellipse of an odd width. */
export const erodeDisc = (mask, width) => inverse(dilateDisc(inverse(mask), width));

const inverse = (mask) => mapped(Uint8Array, (v) => 1 - v, mask);

/** What of a mask lies beyond the outermost contours of its components, as 1: neither in them nor in their holes. The rest is what
 *  cv2.drawContours fills of RETR_EXTERNAL.
 *  @returns {Plane} */
export function outside(mask) {
  const { labels } = connectedComponents(rimmed(inverse(mask), 1), false);
  const beyond = mapped(Uint8Array, (label) => (label === 1 ? 1 : 0), labels);
  return cropped(beyond, { left: 1, top: 1, right: mask.width + 1, bottom: mask.height + 1 });
}

/** The pixels of a mask along its outermost contour, row by row: those of cv2.findContours with RETR_EXTERNAL and CHAIN_APPROX_NONE.
 *  @returns {[number, number][]} x, y */
export function contour(mask) {
  const beyond = rimmed(outside(mask), 1);
  const found = [];
  for (let y = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++) {
      const at = (y + 1) * beyond.width + x + 1;
      const near = [at - 1, at + 1, at - beyond.width, at + beyond.width];
      if (mask.data[y * mask.width + x] && near.some((place) => beyond.data[place])) found.push([x, y]);
    }
  }
  return found;
}

const NEUTRAL = new Map([[Uint8Array, [0, 255]], [Int16Array, [-32768, 32767]], [Float32Array, [-Infinity, Infinity]]]);

function extreme(from, width, height, largest) {
  const Type = from.data.constructor;
  const out = { ...from, data: from.data.slice() };
  const neutral = NEUTRAL.get(Type)[largest ? 0 : 1];
  if (width > 1) {
    const line = new Type(from.width + width - 1);
    for (let at = 0; at < out.data.length; at += from.width) {
      line.fill(neutral);
      line.set(out.data.subarray(at, at + from.width), width >> 1);
      running(line, width, 1, largest);
      out.data.set(line.subarray(0, from.width), at);
    }
  }
  if (height > 1) {
    const all = new Type((from.height + height - 1) * from.width).fill(neutral);
    all.set(out.data, (height >> 1) * from.width);
    running(all, height, from.width, largest);
    out.data.set(all.subarray(0, out.data.length));
  }
  return out;
}

/** The extremes of so many values that follow each other at a distance of `step`, in place of the first of them: windows twice as long
 *  each time. */
function running(data, length, step, largest) {
  for (let covered = 1; covered < length;) {
    const more = Math.min(covered, length - covered);
    const shift = more * step;
    const end = data.length - shift;
    if (largest) {
      for (let i = 0; i < end; i++) if (data[i + shift] > data[i]) data[i] = data[i + shift];
    } else {
      for (let i = 0; i < end; i++) if (data[i + shift] < data[i]) data[i] = data[i + shift];
    }
    covered += more;
  }
}

/** cv2.blur: the mean in windows of odd sides, mirrored at the edges.
 *  @returns {Plane} */
export function blur(from, side) {
  const { width, height } = from;
  const radius = side >> 1;
  const sums = new Float64Array(width * height);
  const summed = (read, write, size) => {
    const at = (i) => read(mirrored(i, size));
    let total = 0;
    for (let i = -radius; i < radius; i++) total += at(i);
    for (let i = 0; i < size; i++) {
      total += at(i + radius);
      write(i, total);
      total -= at(i - radius);
    }
  };
  for (let y = 0; y < height; y++) summed((x) => from.data[y * width + x], (x, v) => (sums[y * width + x] = v), width);
  const whole = !(from.data instanceof Float32Array);
  const out = plane(width, height, from.data.constructor);
  const scale = 1 / (side * side);
  for (let x = 0; x < width; x++) {
    summed((y) => sums[y * width + x], (y, v) => (out.data[y * width + x] = whole ? roundEven(v * scale) : v * scale), height);
  }
  return out;
}

/** Where a place beyond an edge is mirrored to, the edge's own pixel not repeated: BORDER_REFLECT_101. */
function mirrored(i, size) {
  if (size === 1) return 0;
  while (i < 0 || i >= size) i = i < 0 ? -i : 2 * (size - 1) - i;
  return i;
}

/** @typedef {{x: number, y: number, width: number, height: number, area: number}} Component */

/** cv2.connectedComponentsWithStats of what is not 0: labels, int32, 0 on the ground, and from 1 a box and an area each, in OpenCV's
 *  order: by the first block of 2 x 2 pixels; without corners, by the first pixel.
 *  @param {boolean} corners whether what touches at a corner hangs together
 *  @returns {{labels: Plane, stats: Component[]}} stats[0] is the ground, which has none. */
export function connectedComponents({ width, height, data }, corners = true) {
  const labels = plane(width, height, Int32Array);
  const found = [];
  const stack = [];
  for (let start = 0; start < data.length; start++) {
    if (!data[start] || labels.data[start]) continue;
    const label = found.length + 1;
    let [left, top, right, bottom, area, first] = [width, height, 0, 0, 0, Infinity];
    stack.push(start);
    labels.data[start] = label;
    while (stack.length) {
      const at = stack.pop();
      const y = Math.floor(at / width);
      const x = at - y * width;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
      area += 1;
      first = Math.min(first, corners ? (y >> 1) * width + (x >> 1) : at);
      for (let j = Math.max(y - 1, 0); j <= Math.min(y + 1, height - 1); j++) {
        for (let i = Math.max(x - 1, 0); i <= Math.min(x + 1, width - 1); i++) {
          const near = j * width + i;
          if (!data[near] || labels.data[near] || !(corners || i === x || j === y)) continue;
          labels.data[near] = label;
          stack.push(near);
        }
      }
    }
    found.push({ first, label, stats: { x: left, y: top, width: right - left + 1, height: bottom - top + 1, area } });
  }
  found.sort((a, b) => a.first - b.first);
  const renamed = new Int32Array(found.length + 1);
  found.forEach(({ label }, i) => (renamed[label] = i + 1));
  for (let i = 0; i < labels.data.length; i++) labels.data[i] = renamed[labels.data[i]];
  return { labels, stats: [null, ...found.map(({ stats }) => stats)] };
}

/** cv2.distanceTransform with a mask of 3 x 3: how far each pixel that is not 0 is from the nearest that is, float32. straight, slanted:
 *  the lengths of a step: DIST_L2 has 0.955 and 1.3693, DIST_C 1 and 1.
 *  @returns {Plane} */
export function distanceTransform({ width, height, data }, [straight, slanted]) {
  const [a, b] = [fround(straight), fround(slanted)];
  const wide = width + 2;
  const found = new Float32Array(wide * (height + 2)).fill(Infinity);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y + 1) * wide + x + 1;
      const above = at - wide;
      found[at] = data[y * width + x] ? Math.min(found[at - 1] + a, found[above] + a, found[above - 1] + b, found[above + 1] + b) : 0;
    }
  }
  const out = plane(width, height, Float32Array);
  for (let y = height - 1; y >= 0; y--) {
    for (let x = width - 1; x >= 0; x--) {
      const at = (y + 1) * wide + x + 1;
      const below = at + wide;
      found[at] = Math.min(found[at], found[at + 1] + a, found[below] + a, found[below + 1] + b, found[below - 1] + b);
      out.data[y * width + x] = found[at];
    }
  }
  return out;
}

export const DIST_L2 = [0.955, 1.3693];
export const DIST_C = [1, 1];

/** cv2.fillPoly of one polygon into a plane, with 1; its outline is filled too. Changes the plane, and returns it.
 *  @param {[number, number][]} corners their rows are rounded, as OpenCV does it */
export function fillPolygon(into, corners) {
  const points = corners.map(([x, y]) => [x, Math.round(y)]);
  const edges = points.map((point, i) => [point, points[(i + 1) % points.length]]);
  const top = Math.max(Math.min(...points.map(([, y]) => y)), 0);
  const bottom = Math.min(Math.max(...points.map(([, y]) => y)), into.height - 1);
  const span = (y, left, right) => {
    const [first, last] = [Math.max(left, 0), Math.min(right, into.width - 1)];
    if (y >= 0 && y < into.height && first <= last) into.data.fill(1, y * into.width + first, y * into.width + last + 1);
  };
  for (let y = top; y <= bottom; y++) {
    const crossings = edges
      .filter(([[, a], [, b]]) => a !== b && y >= Math.min(a, b) && y < Math.max(a, b))
      .map(([[ax, ay], [bx, by]]) => ax + ((y - ay) * (bx - ax)) / (by - ay))
      .sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) span(y, Math.ceil(crossings[i]), Math.floor(crossings[i + 1]));
  }
  for (const [[left, ay], [right, by]] of edges) {
    const [ax, bx] = [Math.round(left), Math.round(right)];
    const steps = Math.max(Math.abs(bx - ax), Math.abs(by - ay), 1);
    for (let i = 0; i <= steps; i++) {
      const x = Math.round(ax + ((bx - ax) * i) / steps);
      span(Math.round(ay + ((by - ay) * i) / steps), x, x);
    }
  }
  return into;
}

/** cv2.warpAffine of bytes with INTER_LINEAR, WARP_INVERSE_MAP and BORDER_REPLICATE.
 *  way: [[a, b, c], [d, e, f]], from a pixel of the outcome to the one of `from` that it shows.
 *  @returns {Plane} */
export const warpAffine = (from, way, width, height) => warped(from, [...way, [0, 0, 1]], width, height, 0);

/** cv2.warpPerspective of bytes with INTER_LINEAR and, where there is no `border`, BORDER_REPLICATE, else BORDER_CONSTANT.
 *  @param {number[][]} homography 3 x 3, from a pixel of `from` to the one of the outcome that shows it
 *  @param {?number} border the byte beyond the edges
 *  @returns {Plane} */
export function warpPerspective(from, homography, width, height, border = null) {
  const way = inverted(homography);
  return border === null ? warped(from, way, width, height, 0) : warped(rimmed(from, border), way, width, height, 1);
}

/** Bytes where a matrix takes the pixels of the outcome, in single precision as OpenCV reckons. rim: how wide the rim around `from` is. */
function warped(from, way, width, height, rim) {
  const out = plane(width, height);
  const [[a, b, c], [d, e, f], [g, h, k]] = way.map((row) => row.map(fround));
  for (let y = 0; y < height; y++) {
    const [column, row, depth] = [fround(fround(b * y) + c), fround(fround(e * y) + f), fround(fround(h * y) + k)];
    for (let x = 0; x < width; x++) {
      const w = fround(g * x + depth);
      const value = between(from, fround(fround(a * x + column) / w) + rim, fround(fround(d * x + row) / w) + rim);
      out.data[y * width + x] = clip(roundEven(value), 0, 255);
    }
  }
  return out;
}

/** cv2.remap of a plane with INTER_LINEAR and BORDER_REPLICATE at one place. */
export function between({ width, height, data }, x, y) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [dx, dy] = [fround(x - left), fround(y - top)];
  const [x0, x1] = [clip(left, 0, width - 1), clip(left + 1, 0, width - 1)];
  const [y0, y1] = [clip(top, 0, height - 1) * width, clip(top + 1, 0, height - 1) * width];
  const above = fround(data[y0 + x0] + dx * (data[y0 + x1] - data[y0 + x0]));
  const below = fround(data[y1 + x0] + dx * (data[y1 + x1] - data[y1 + x0]));
  return fround(above + dy * fround(below - above));
}

/** A plane with a rim of one value, one pixel wide. */
function rimmed(from, value) {
  const out = plane(from.width + 2, from.height + 2, from.data.constructor);
  out.data.fill(value);
  pasted(out, from, 1, 1);
  return out;
}

/** A plane turned counterclockwise by some quarters, as np.rot90. */
export function turnedBy(from, quarters) {
  if (!quarters) return from;
  const { width, height, data } = transposed(from);
  const out = plane(width, height, data.constructor);
  for (let y = 0; y < height; y++) out.data.set(data.subarray(y * width, (y + 1) * width), (height - 1 - y) * width);
  return turnedBy(out, quarters - 1);
}
