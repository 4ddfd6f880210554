// Mirrors layout/writing.py: a flat sheet -> its ink, and the strokes of the numbers on it, line by line.

import { without } from "./clean.js";
import { Cores } from "./cores.js";
import { lines, one, pageInk, parted } from "./grouping.js";
import { findInk } from "./ink.js";
import { DESK } from "./maps.js";

export const [SIDE_ONE, SIDE_PAGE] = [160, 1200];
export const LARGE = 0.3;

/** The ink of a sheet; the regions of its numbers, line by line; the rows of regions beside them that are no handwritten numbers; and the
 *  cores of its maps, null where nobody looked. Of a sheet with a single digit, or no more than one large sign, that one alone.
 *  @param {import("./flat.js").Flat} sheet
 *  @param {boolean} single
 *  @param {boolean} printed whether printed numbers, and whatever else looks like one, are wanted beside the handwritten ones
 *  @returns {[import("./ink.js").Ink, import("./regions.js").Region[][][], import("./regions.js").Region[][], ?Cores]} */
export function written(sheet, single, printed = false) {
  if (!single) {
    let ink = pageInk(sheet.image, SIDE_PAGE);
    let cores = null;
    if (sheet.maps) {
      const scale = sheet.scale / ink.scale;
      [ink, cores] = [{ ...ink, mask: without(ink.mask, sheet.maps, scale, DESK) }, new Cores(sheet.maps, scale)];
    }
    const rows = lines(ink);
    const found = parted(rows, ink.mask, cores);
    if (!isOneSign(rows, ink)) return [ink, ...(cores && !printed ? toldApart(found, cores) : [found, []]), cores];
  }
  const ink = findInk(sheet.image, SIDE_ONE);
  const region = one(ink);
  return [ink, region ? [[[region]]] : [], [], null];
}

/** The lines with the handwritten numbers alone, without those that have none; and the other rows. */
function toldApart(found, cores) {
  const kept = cores.handwritten(found.flat());
  let at = 0;
  return [found.map((line) => line.filter(() => kept[at++])).filter((line) => line.length), found.flat().filter((_, i) => !kept[i])];
}

/** Whether what was found on a page is no more than one large digit, or nothing: then it is looked at as one digit is. */
function isOneSign(found, ink) {
  const all = found.flat();
  if (all.length !== 1) return !all.length;
  return all[0].height > LARGE * Math.min(ink.mask.width, ink.mask.height) && all[0].width < 1.2 * all[0].height;
}
