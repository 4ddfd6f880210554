// Where this page's answers come from: this device. It stands in the place of `page/answers.js`, which asks a service.

import { ReadError, Reader } from "./reader.js";
import { drawn, enlarged } from "./strokes.js";

export const FRAMES = "Frames are read on this device, and not kept.";
export const PAUSE = 0;
export const GROUP = { files: 1, bytes: 0, atOnce: 1 };
export const stagesOf = null;

/** The device is always there. */
export const origin = Object.assign(new EventTarget(), { reached: true });
export const reach = async () => {};

const loading = Reader.load();
loading.catch(() => {}); // told where a reading is wanted, and at the foot of the page

/** What a ReadError says. Any other error is a mistake of this page, and goes on. */
export function inWords(error) {
  if (!(error instanceof ReadError)) throw error;
  return error.message;
}

export async function readFiles(files, options = {}) {
  const rows = [];
  for (const file of files) rows.push({ source: file.name, page: 1, ...(await read(file, options)) });
  return rows;
}

export const readCanvas = (canvas, options = {}) => read(canvas, options);

export async function readDrawing(drawing, options = {}) {
  const { canvas, unit } = drawn(drawing);
  return enlarged(await read(canvas, options), unit);
}

export async function lookInto(tile, signal) {
  const reader = await ready(signal);
  const { layers, ...found } = await reader.lookInto(Uint8Array.from(atob(tile), (character) => character.charCodeAt(0)));
  return { ...found, layers: layers.map((layer) => (layer.responses ? layer : { ...layer, png: pictureOf(layer) })) };
}

export async function readBy() {
  const { digit, number } = (await loading).names;
  return `Read on this device by ${number}, which reads whole numbers with their symbols, and ${digit}, which checks its digits.`;
}

async function read(source, { single = false, always = false, signal }) {
  const reader = await ready(signal);
  return reader.read(source, { single, threshold: always ? 0 : null, tiles: true });
}

/** The reader; what was given up while it was loaded is not begun. */
async function ready(signal) {
  const reader = await loading;
  signal?.throwIfAborted();
  return reader;
}

/** A picture of grey levels as a PNG in base64. */
function pictureOf({ picture: { width, height, data } }) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pixels = new ImageData(width, height);
  data.forEach((v, i) => pixels.data.set([v, v, v, 255], 4 * i));
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas.toDataURL("image/png").split(",")[1];
}
