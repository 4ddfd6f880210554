// Pictures of values: the part of the image where each stands, cut out when it comes into view.

import { make } from "./dom.js";
import { tilePixels } from "./cards.js";

const NEAR = "300px"; // from the view
const BORDER = 0.35; // of a line's height, round it
const LARGEST = [640, 144]; // pixels
const ENLARGED = 3; // times, at most
const QUALITY = 0.85;

const waiting = new WeakMap(); // picture -> how to make it
const watcher = new IntersectionObserver(
  (seen) => {
    for (const { target } of seen.filter((one) => one.isIntersecting)) {
      watcher.unobserve(target);
      queue = queue.then(waiting.get(target));
    }
  },
  { rootMargin: NEAR },
);
let queue = Promise.resolve(); // one image is decoded at a time, and kept for the values that come next
let decoded = { file: null, bitmap: null };

/** An <img> of the place of a value on a page of an entry; of what the network saw of its digits where browsers cannot show the file. */
export function pictureOf(entry, page, value, label) {
  const picture = make("img", { className: "crop", alt: `The writing: ${label}` });
  waiting.set(picture, async () => {
    const bitmap = entry.rows[page].page === 1 ? await bitmapOf(entry.file) : null;
    const cut = bitmap ? cutOut(bitmap, value) : tilesOf(value);
    if (cut) picture.src = cut.toDataURL("image/jpeg", QUALITY);
    else picture.replaceWith(make("p", { className: "crop quiet" }, "Browsers cannot show this kind of file."));
  });
  watcher.observe(picture);
  return picture;
}

async function bitmapOf(file) {
  if (decoded.file !== file) {
    decoded.bitmap?.close();
    decoded = { file, bitmap: await createImageBitmap(file).catch(() => null) };
  }
  return decoded.bitmap;
}

/** The part of an image where a value stands, what was left out beside it marked. */
function cutOut(bitmap, { box, left }) {
  const [x, y, width, height] = region(bitmap, box, left);
  const scale = Math.min(ENLARGED, LARGEST[0] / width, LARGEST[1] / height);
  const canvas = make("canvas", { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff"; // under what is transparent
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, x, y, width, height, 0, 0, canvas.width, canvas.height);
  context.lineWidth = 2;
  context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--left-out-on-paper");
  for (const mark of box ? left : []) {
    const [markX, markY, w, h] = mark.box;
    context.strokeRect((markX - x) * scale, (markY - y) * scale, w * scale, h * scale);
  }
  return canvas;
}

/** The place to cut out: a value's box and what was left out beside it, with a border; the whole image where there is no box. */
function region({ width, height }, box, left) {
  if (!box) return [0, 0, width, height];
  const boxes = [box, ...left.map((one) => one.box)];
  const border = BORDER * box[3];
  const [x, y] = [0, 1].map((k) => Math.max(0, Math.min(...boxes.map((b) => b[k])) - border));
  const [right, bottom] = [width, height].map((most, k) => Math.min(most, Math.max(...boxes.map((b) => b[k] + b[k + 2])) + border));
  return [x, y, right - x, bottom - y];
}

/** The tiles of a value's digits, side by side, or null where there are none. */
function tilesOf({ digits }) {
  const tiles = digits.filter((digit) => digit.tile).map((digit) => tilePixels(digit.tile, (v) => [255 - v, 255 - v, 255 - v]));
  if (!tiles.length) return null;
  const canvas = make("canvas", { width: 28 * tiles.length, height: 28 });
  tiles.forEach((tile, place) => canvas.getContext("2d").putImageData(tile, 28 * place, 0));
  return canvas;
}
