// Mirrors layout/cores.py: maps of a page and rows of regions -> which handwritten number a region belongs to, and which rows are
// handwritten numbers at all.

import { sum } from "../numpy.js";
import { connectedComponents, plane } from "../opencv.js";
import { SURE } from "./fields.js";
import { CORE, MARGIN, PRINT, WRITING } from "./maps.js";
import { join } from "./regions.js";

export const [HANDWRITTEN, SURELY] = [0.6, 0.9];

/** The cores of the numbers on a page. likely: the probability of a core; other: by how much print or other writing is likelier than a
 *  number. */
export class Cores {
  /** @param {import("./maps.js").Maps} maps
   *  @param {number} scale pixels of the regions for one of the maps */
  constructor({ width, height, classes, data }, scale) {
    this.scale = scale;
    this.likely = plane(width, height, Float32Array);
    this.other = plane(width, height, Float32Array);
    for (let i = 0; i < width * height; i++) {
      this.likely.data[i] = data[i * classes + CORE];
      const none = Math.fround(data[i * classes + WRITING] + data[i * classes + PRINT]);
      this.other.data[i] = Math.fround(none - this.likely.data[i]) - data[i * classes + MARGIN];
    }
    this.labels = connectedComponents({ width, height, data: this.likely.data.map((p) => (p > SURE ? 1 : 0)) }).labels;
  }

  /** The number of the core that most of a region's ink lies in, from 1; 0 where it lies in none. */
  numberOf(region) {
    const ink = new Map();
    for (const label of this.under(region, this.labels)) if (label) ink.set(label, (ink.get(label) ?? 0) + 1);
    return [...ink].reduce((best, own) => (own[1] > best[1] || (own[1] === best[1] && own[0] < best[0]) ? own : best), [0, 0])[0];
  }

  /** The highest probability of a core in the box of a row of regions. */
  peak(row) {
    const { width, height, data } = this.likely;
    const [top, left] = [Math.min(...row.map((r) => r.y)), Math.min(...row.map((r) => r.x))].map((v) => Math.trunc(v / this.scale));
    const bottom = Math.min(Math.trunc(Math.max(...row.map((r) => r.bottom)) / this.scale) + 1, height);
    const right = Math.min(Math.trunc(Math.max(...row.map((r) => r.right)) / this.scale) + 1, width);
    let highest = 0;
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) highest = Math.max(highest, data[y * width + x]);
    return highest;
  }

  /** Which of the rows of a page are handwritten numbers, neither print nor words; all of them where nothing surely is.
   *  @returns {boolean[]} */
  handwritten(rows) {
    const peaks = rows.map((row) => this.peak(row));
    if (Math.max(0, ...peaks) <= SURELY) return peaks.map(() => true);
    return peaks.map((peak, i) => peak >= HANDWRITTEN && !this.isPrint(join(rows[i])));
  }

  /** Whether the ink of a region is likelier print or other writing than a number, on average over its pixels. */
  isPrint(region) {
    return sum(this.under(region, this.other)) > 0;
  }

  /** What a plane of the maps' size has where the pixels of a region's ink lie. */
  under({ x, y, mask }, { width, height, data }) {
    const values = [];
    for (let i = 0; i < mask.data.length; i++) {
      if (!mask.data[i]) continue;
      const row = Math.min(Math.trunc((y + Math.trunc(i / mask.width)) / this.scale), height - 1);
      const column = Math.min(Math.trunc((x + (i % mask.width)) / this.scale), width - 1);
      values.push(data[row * width + column]);
    }
    return values;
  }
}
