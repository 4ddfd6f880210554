// Mirrors layout/regions.py: mask -> regions: strokes that belong together.

import { roundEven } from "../numpy.js";
import { connectedComponents, cropped, plane } from "../opencv.js";
import { inked } from "./ink.js";

/** Strokes that belong together. x, y, width, height: the box in ink pixels; mask: a plane of that size, 1 on the strokes. */
export class Region {
  constructor(x, y, mask) {
    Object.assign(this, { x, y, width: mask.width, height: mask.height, mask });
    this.area = mask.data.reduce((total, v) => total + v, 0);
  }

  /** The first column after the box. */
  get right() {
    return this.x + this.width;
  }

  /** The first row below the box. */
  get bottom() {
    return this.y + this.height;
  }

  /** The window of the box, as `cropped` takes it. */
  get window() {
    return { left: this.x, top: this.y, right: this.right, bottom: this.bottom };
  }

  /** The box x, y, width, height in pixels of an image of this height and width. scale: its pixels for one of the ink. */
  placed(scale, [height, width]) {
    const [left, top] = [this.x, this.y].map((v) => Math.max(roundEven(v * scale), 0));
    return [left, top, Math.min(roundEven(this.width * scale), width - left), Math.min(roundEven(this.height * scale), height - top)];
  }
}

/** The regions of a mask: its connected components.
 *  @returns {Region[]} */
export function regions(mask) {
  const box = inked(mask);
  if (!box) return [];
  const { labels, stats } = connectedComponents(cropped(mask, box));
  return stats.slice(1).map((own, i) => regionOf(labels, own, i + 1, box.left, box.top));
}

/** The region of one component. left, top: where its labels begin. */
export function regionOf(labels, { x, y, width, height }, label, left, top) {
  const mask = plane(width, height);
  for (let j = 0; j < height; j++) {
    for (let i = 0; i < width; i++) mask.data[j * width + i] = labels.data[(y + j) * labels.width + x + i] === label ? 1 : 0;
  }
  return new Region(left + x, top + y, mask);
}

/** One region of several. */
export function join(parts) {
  if (parts.length === 1) return parts[0];
  const [x, y] = [Math.min(...parts.map((p) => p.x)), Math.min(...parts.map((p) => p.y))];
  const [right, bottom] = [Math.max(...parts.map((p) => p.right)), Math.max(...parts.map((p) => p.bottom))];
  const mask = plane(right - x, bottom - y);
  for (const part of parts) {
    for (let j = 0; j < part.height; j++) {
      for (let i = 0; i < part.width; i++) {
        if (part.mask.data[j * part.width + i]) mask.data[(part.y - y + j) * mask.width + part.x - x + i] = 1;
      }
    }
  }
  return new Region(x, y, mask);
}

/** Take the strokes of a region out of a mask, which is changed. */
export function erased(mask, region) {
  for (let j = 0; j < region.height; j++) {
    for (let i = 0; i < region.width; i++) {
      if (region.mask.data[j * region.width + i]) mask.data[(region.y + j) * mask.width + region.x + i] = 0;
    }
  }
}
