// Mirrors layout/flat.py, but for what finds a sheet on a desk, undoes its perspective and turns a page: an image is the sheet that it
// shows.

import { grey } from "../opencv.js";
import { pageOf, STEP } from "./maps.js";

/** @typedef {import("../opencv.js").Plane} Plane */
/** @typedef {{image: Plane[], grey: Plane, maps: ?import("./maps.js").Maps, scale: number}} Flat scale: pixels of the image for one of
 *  the maps. */

/** An image that is taken as the sheet that it shows, with nobody looking at it.
 *  @param {Plane[]} image
 *  @returns {Flat} */
export const asItIs = (image) => ({ image, grey: grey(image), maps: null, scale: 1 });

/** An image that is taken as the sheet that it shows, with its maps.
 *  @param {Plane[]} image
 *  @param {(page: object) => Promise<import("./maps.js").Maps>} mapsOf the network `fields`
 *  @returns {Promise<Flat>} */
export async function flat(image, mapsOf) {
  const found = asItIs(image);
  const [page, shrunk] = pageOf(found.grey);
  const maps = await mapsOf(page);
  const [height, width] = [found.grey.height, found.grey.width].map((v) => Math.max(Math.ceil(Math.ceil(v / shrunk) / STEP), 1));
  const own = new Float32Array(width * height * maps.classes);
  for (let y = 0; y < height; y++) {
    const from = y * maps.width * maps.classes;
    own.set(maps.data.subarray(from, from + width * maps.classes), y * width * maps.classes);
  }
  return { ...found, maps: { ...maps, width, height, data: own }, scale: shrunk * STEP };
}
