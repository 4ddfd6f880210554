// Mirrors layout/flat.py: an image -> the sheet in it, flat and upright, with its maps, and the way back into the image.

import { inverted, multiplied, transformed } from "../geometry.js";
import { argsort, clip, roundEven } from "../numpy.js";
import { cropped, grey, turnedBy, warpPerspective } from "../opencv.js";
import { fields } from "./fields.js";
import { DESK, pageOf, SIDE, STEP, WHOLE_SIDE } from "./maps.js";
import { flatten, scaled } from "./perspective.js";
import { outline } from "./sheet.js";

/** @typedef {import("../opencv.js").Plane} Plane */
/** @typedef {{image: Plane[], grey: Plane, maps: ?import("./maps.js").Maps, scale: number, homography: ?number[][]}} Flat a sheet, upright.
 *  scale: pixels of the image for one of the maps; homography: from the pixels of the image it was found in to its own, null where it is
 *  that image */
/** @typedef {(page: object) => Promise<import("./maps.js").Maps>} MapsOf the network `fields` */
/** @typedef {(crop: Plane) => Promise<number>} Upright the log odds that the writing of a crop stands upright */

export const [TILTED, LEANING] = [8.0, 45.0];
export const ELONGATED = 2.0;
export const [TRIED, MOST] = [8, 3.0];
export const [SURE_UPRIGHT, SURER] = [1.0, 5.5];

/** An image that is taken as the sheet that it shows, with nobody looking at it.
 *  @param {Plane[]} image
 *  @returns {Flat} */
export const asItIs = (image) => ({ image, grey: grey(image), maps: null, scale: 1, homography: null });

/** Find the sheet in an image, undo its perspective, and turn it upright. An image without a sheet on something else, whose writing is
 *  level, stays as it is.
 *  @param {Plane[]} image
 *  @param {MapsOf} mapsOf
 *  @param {Upright} upright
 *  @returns {Promise<Flat>} */
export async function flat(image, mapsOf, upright) {
  const whole = await mappedOf(image, mapsOf, null, WHOLE_SIDE);
  const quad = outline(paperOf(whole.maps));
  const [own, homography] = quad ? flatten(image, scaled(quad, whole.scale)) : [image, null];
  const found = await mappedOf(own, mapsOf, homography);
  const some = fields(found.maps, found.scale);
  const asItStands = await standing(found, some, upright);
  const degrees = tilt(some);
  let level = found;
  const odds = [];
  if (Math.abs(degrees) > TILTED) {
    level = await turnedOf(found, degrees, mapsOf);
    const its = fields(level.maps, level.scale);
    for (const quarters of [0, 2]) odds.push([degrees + 90 * quarters, await standing(level, its, upright, quarters)]);
  } else if (asItStands < SURE_UPRIGHT) {
    for (const quarters of [1, 2, 3]) odds.push([90 * quarters, await standing(found, some, upright, quarters)]);
  } else {
    return found;
  }
  const [best, its] = odds.reduce((one, other) => (other[1] > one[1] ? other : one));
  if (its < asItStands + (Math.abs(best) > LEANING ? SURER : 0)) return found;
  return best === degrees ? level : turnedOf(found, best, mapsOf);
}

/** The upright box around a box on the flat sheet where it lies in the source, which has this height and width.
 *  @param {number[]} box x, y, width, height
 *  @param {number[][]} homography
 *  @param {number} factor pixels of the source for one of the image that the sheet was found in; the box is in as many for one of the sheet
 *  @param {[number, number]} size */
export function unflattened(box, homography, factor, [height, width]) {
  const [x, y, w, h] = box.map((side) => side / factor);
  const quad = [[x, y], [x + w, y], [x + w, y + h], [x, y + h]].map((point) => point.map(Math.fround));
  const corners = transformed(quad, inverted(homography)).map((point) => point.map((v) => Math.fround(Math.fround(v) * factor)));
  const side = (axis, of) => of(...corners.map((point) => point[axis]));
  const [left, top] = [clip(Math.floor(side(0, Math.min)), 0, width - 1), clip(Math.floor(side(1, Math.min)), 0, height - 1)];
  const [right, bottom] = [clip(Math.ceil(side(0, Math.max)), 1, width), clip(Math.ceil(side(1, Math.max)), 1, height)];
  return [left, top, Math.max(right - left, 1), Math.max(bottom - top, 1)];
}

/** How likely each place of the maps is paper of the sheet, and no desk. */
function paperOf({ data, width, height, classes }) {
  return { width, height, data: Float32Array.from({ length: width * height }, (_, i) => 1 - data[i * classes + DESK]) };
}

/** An image with its maps. */
async function mappedOf(image, mapsOf, homography, side = SIDE) {
  const found = asItIs(image);
  const [page, shrunk] = pageOf(found.grey, side);
  const maps = await mapsOf(page);
  const [height, width] = [found.grey.height, found.grey.width].map((v) => Math.max(Math.ceil(Math.ceil(v / shrunk) / STEP), 1));
  const own = new Float32Array(width * height * maps.classes);
  for (let y = 0; y < height; y++) {
    const from = y * maps.width * maps.classes;
    own.set(maps.data.subarray(from, from + width * maps.classes), y * width * maps.classes);
  }
  return { ...found, maps: { ...maps, width, height, data: own }, scale: shrunk * STEP, homography };
}

/** The degrees by which a page's writing is turned clockwise, in (-90, 90]; 0 where no field is long enough to tell. */
function tilt(some) {
  let [x, y] = [0, 0];
  for (const { sides: [long, short], degrees } of some) {
    if (long < ELONGATED * short) continue;
    x += long * Math.cos((degrees * Math.PI) / 90);
    y += long * Math.sin((degrees * Math.PI) / 90);
  }
  return x || y ? (Math.atan2(y, x) * 90) / Math.PI : 0;
}

/** The sheet turned back by some degrees, with room for all of it. */
async function turnedOf(found, degrees, mapsOf) {
  const { width, height } = found.grey;
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  const turn = [[cos, sin, (1 - cos) * cx - sin * cy], [-sin, cos, sin * cx + (1 - cos) * cy], [0, 0, 1]];
  const corners = transformed([[-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]], turn);
  const [low, high] = [Math.min, Math.max].map((of) => [0, 1].map((axis) => of(...corners.map((corner) => corner[axis]))));
  const homography = multiplied([[1, 0, -0.5 - low[0]], [0, 1, -0.5 - low[1]], [0, 0, 1]], turn);
  const size = [0, 1].map((axis) => Math.max(roundEven(high[axis] - low[axis]), 1));
  const image = found.image.map((channel) => warpPerspective(channel, homography, ...size));
  return mappedOf(image, mapsOf, found.homography ? multiplied(homography, found.homography) : homography);
}

/** How likely a sheet stands upright when it is turned back by some quarters: of the log odds of its largest fields n count as much as the
 *  root of n that know nothing of each other; 0 where there are none. */
async function standing(found, some, upright, quarters = 0) {
  const largest = argsort(some.map((field) => -field.sides[0] * field.sides[1])).slice(0, TRIED);
  let odds = 0;
  for (const i of largest) odds += clip(await upright(turnedBy(cropOf(found.grey, some[i]), quarters)), -MOST, MOST);
  return largest.length ? odds / Math.sqrt(largest.length) : 0;
}

function cropOf(from, { box: [x, y, w, h] }) {
  const room = 0.15 * Math.min(w, h);
  const [left, top] = [Math.max(roundEven(x - room), 0), Math.max(roundEven(y - room), 0)];
  const right = Math.min(Math.max(roundEven(x + w + room), left + 1), from.width);
  const bottom = Math.min(Math.max(roundEven(y + h + room), top + 1), from.height);
  return cropped(from, { left, top, right, bottom });
}
