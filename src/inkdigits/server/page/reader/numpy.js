// The few functions of Python and NumPy that the reader needs, with their roundings. Mirrors no file.

/** A number rounded as Python's round does: halves to even. */
export function roundEven(x) {
  const whole = Math.floor(x);
  const rest = x - whole;
  return rest < 0.5 || (rest === 0.5 && whole % 2 === 0) ? whole : whole + 1;
}

/** A number held between two others. */
export const clip = (x, low, high) => Math.min(Math.max(x, low), high);

/** The sum of some numbers. */
export function sum(values) {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Their mean. */
export const mean = (values) => sum(values) / values.length;

/** The indices that sort some numbers in rising order; equal ones stay in their order. */
export const argsort = (values) => Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);

/** The first index of the largest of some numbers. */
export const argmax = (values) => values.reduce((best, value, i) => (value > values[best] ? i : best), 0);

/** The median: of an even count of numbers the mean of the two in the middle. */
export function median(values) {
  const rising = Float64Array.from(values).sort();
  return (rising[(rising.length - 1) >> 1] + rising[rising.length >> 1]) / 2;
}

/** The first index at which rising numbers are at least `value`. */
export function searchSorted(rising, value) {
  let at = 0;
  while (at < rising.length && rising[at] < value) at += 1;
  return at;
}

/** The value, of numbers with weights of their own size, at which half of the weight ends: the median weighed by itself. */
export function weighedMedian(values) {
  const rising = Float64Array.from(values).sort();
  const half = sum(rising) / 2;
  let weight = 0;
  return rising.find((value) => (weight += value) >= half);
}

/** The one of some things with the least key; the first of several. */
export function least(things, key) {
  let [found, lowest] = [undefined, Infinity];
  for (const thing of things) {
    const own = key(thing);
    if (found === undefined || own < lowest) [found, lowest] = [thing, own];
  }
  return found;
}

/** The one with the largest key; the first of several. */
export const most = (things, key) => least(things, (thing) => -key(thing));

/** Coefficients of the polynomial of degree 2 of least squares, the highest first, as np.polyfit gives them. */
export function parabolaThrough(x, y) {
  const power = (n) => x.reduce((total, v) => total + v ** n, 0);
  const moment = (n) => x.reduce((total, v, i) => total + v ** n * y[i], 0);
  const rows = [0, 1, 2].map((i) => [...[2, 1, 0].map((j) => power(i + j)), moment(i)]);
  for (let pivot = 0; pivot < 3; pivot++) {
    const best = most([0, 1, 2].slice(pivot), (row) => Math.abs(rows[row][pivot]));
    [rows[pivot], rows[best]] = [rows[best], rows[pivot]];
    for (let row = 0; row < 3; row++) {
      if (row === pivot) continue;
      const share = rows[row][pivot] / rows[pivot][pivot];
      rows[row] = rows[row].map((v, k) => v - share * rows[pivot][k]);
    }
  }
  return rows.map((row, i) => row[3] / row[i]);
}

/** The value at x of the straight lines through points (xs rising, ys), level beyond their ends, as np.interp. */
export function interpolated(x, xs, ys) {
  if (x <= xs[0]) return ys[0];
  for (let i = 1; i < xs.length; i++) {
    if (x <= xs[i]) return ys[i - 1] + ((ys[i] - ys[i - 1]) * (x - xs[i - 1])) / (xs[i] - xs[i - 1]);
  }
  return ys[ys.length - 1];
}
