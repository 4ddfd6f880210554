// Mirrors layout/clean.py: the strokes of a page -> those that the maps do not take for something else: each whole, or not at all.

import { connectedComponents, mapped } from "../opencv.js";

export const SURE = 0.7;

/** Take out the strokes that are of some kinds.
 *  @param {import("../opencv.js").Plane} mask
 *  @param {import("./maps.js").Maps} maps
 *  @param {number} scale pixels of the mask for one of the maps
 *  @param {...number} kinds classes of the maps, as DESK */
export function without(mask, maps, scale, ...kinds) {
  const { labels, stats } = connectedComponents(mask);
  const total = new Float64Array(stats.length);
  for (let y = 0; y < mask.height; y++) {
    const row = Math.min(Math.trunc(y / scale), maps.height - 1);
    for (let x = 0; x < mask.width; x++) {
      const label = labels.data[y * mask.width + x];
      if (!label) continue;
      const column = Math.min(Math.trunc(x / scale), maps.width - 1);
      for (const kind of kinds) total[label] += maps.data[(row * maps.width + column) * maps.classes + kind];
    }
  }
  const stays = stats.map((own, label) => (label && total[label] / own.area <= SURE ? 1 : 0));
  return mapped(Uint8Array, (label) => stays[label], labels);
}
