// Mirrors images/decode.py, and of reader.py and images/documents.py how large a page is decoded: no larger than it is looked at.

import { SIDE_ONE, SIDE_PAGE } from "../layout/writing.js";

export const FEWER = [8, 4, 2];

/** To what part of its width and height a JPEG is decoded.
 *  @param {number} width
 *  @param {number} height
 *  @param {boolean} single whether one digit is to be read
 *  @returns {number} 1, or one of FEWER */
export function fewer(width, height, single) {
  const side = single ? SIDE_ONE : SIDE_PAGE;
  return FEWER.find((k) => Math.max(width, height) >= k * side) ?? 1;
}
