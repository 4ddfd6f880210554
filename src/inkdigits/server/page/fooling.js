// A tile made harder to read: turned, moved, written with another pen, blurred.

const SIDE = 28;
const MIDDLE = (SIDE - 1) / 2;

/** What is done to a tile. turn: degrees, clockwise. across, down: pixels. pen: by how many pixels strokes become thicker at each side, or
 *  thinner. blur: deviation of the blur in pixels. */
export const AS_WRITTEN = { turn: 0, across: 0, down: 0, pen: 0, blur: 0 };

/** A tile, 28 x 28 levels from 0 to 255, 255 = ink, with this done to it; the same where nothing is.
 *  @param {ArrayLike<number>} tile
 *  @param {typeof AS_WRITTEN} ways
 *  @returns {Uint8Array} */
export function fooled(tile, { turn, across, down, pen, blur }) {
  const written = moved(withPen(Float32Array.from(tile), pen), turn, across, down);
  return Uint8Array.from(blurred(written, blur), Math.round);
}

const at = (tile, x, y) => (x >= 0 && y >= 0 && x < SIDE && y < SIDE ? tile[y * SIDE + x] : 0);

const everywhere = (of) => Float32Array.from({ length: SIDE * SIDE }, (_, i) => of(i % SIDE, Math.floor(i / SIDE)));

/** Strokes thicker, or thinner, a pixel at a time, the last part of one by its share. */
function withPen(tile, pen) {
  const of = pen > 0 ? Math.max : Math.min;
  let out = tile;
  for (let left = Math.abs(pen); left > 0; left -= 1) {
    const before = out;
    const next = (x, y) => of(at(before, x, y), at(before, x - 1, y), at(before, x + 1, y), at(before, x, y - 1), at(before, x, y + 1));
    out = everywhere((x, y) => at(before, x, y) + Math.min(left, 1) * (next(x, y) - at(before, x, y)));
  }
  return out;
}

/** The tile turned about its middle, then moved. */
function moved(tile, degrees, across, down) {
  if (!degrees && !across && !down) return tile;
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return everywhere((column, row) => {
    const [dx, dy] = [column - across - MIDDLE, row - down - MIDDLE];
    const [x, y] = [cos * dx + sin * dy + MIDDLE, cos * dy - sin * dx + MIDDLE];
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const between = (a, b, share) => a + share * (b - a);
    const level = (j) => between(at(tile, left, j), at(tile, left + 1, j), x - left);
    return between(level(top), level(top + 1), y - top);
  });
}

/** The tile behind a Gaussian blur. */
function blurred(tile, deviation) {
  if (!deviation) return tile;
  const reach = Math.ceil(3 * deviation);
  const steps = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  const weights = steps.map((step) => Math.exp(-(step ** 2) / (2 * deviation ** 2)));
  const all = weights.reduce((a, b) => a + b);
  const summed = (value) => steps.reduce((total, step, i) => total + (weights[i] / all) * value(step), 0);
  const across = everywhere((x, y) => summed((step) => at(tile, x + step, y)));
  return everywhere((x, y) => summed((step) => at(across, x, y + step)));
}
