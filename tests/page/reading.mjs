// What Python calls that needs an object of the modules: the networks run in Python.
import { lookInto } from "../../src/inkdigits/server/page/reader/inside.js";
import { Cores } from "../../src/inkdigits/server/page/reader/layout/cores.js";
import { CLASSES, CORE, WRITING } from "../../src/inkdigits/server/page/reader/layout/maps.js";
import { join, Region } from "../../src/inkdigits/server/page/reader/layout/regions.js";
import { read } from "../../src/inkdigits/server/page/reader/reading.js";
import { cropped, Field } from "../../src/inkdigits/server/page/reader/recognition/fields.js";
import { Networks } from "../../src/inkdigits/server/page/reader/recognition/networks.js";

export const readWith = (image, size, cards, run, options) => read({ image, size }, new Networks(cards, run), options);

export const lookedInto = (tile, cards, run, responses) => lookInto(tile, new Networks(cards, run), responses);

export const croppedField = (grey, sides) => cropped(grey, new Field(sides));

/** What a module exports but functions. */
export async function exported(path) {
  const module = await import(path);
  return Object.fromEntries(Object.entries(module).filter(([, value]) => typeof value !== "function"));
}

/** What the cores of maps, likely and writing (h, w), make of rows of regions: the number of each region, which rows are handwritten, and
 *  which are print. */
export function coresOf(likely, writing, scale, rows) {
  const data = new Float32Array(likely.data.length * CLASSES.length);
  likely.data.forEach((p, i) => (data[i * CLASSES.length + CORE] = p));
  writing.data.forEach((p, i) => (data[i * CLASSES.length + WRITING] = p));
  const cores = new Cores({ ...likely, data, classes: CLASSES.length }, scale);
  const found = rows.map((row) => row.map(([x, y, mask]) => new Region(x, y, mask)));
  const printed = found.map((row) => cores.isPrint(join(row)));
  return [found.map((row) => row.map((region) => cores.numberOf(region))), cores.handwritten(found), printed];
}
