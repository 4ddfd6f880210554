// Reads handwritten numbers in the browser: nothing leaves the device.
//
//   import { Reader } from "./inkdigits/reader.js";
//   const reader = await Reader.load();
//   const { text, confidence } = await reader.read(canvas);

/** @typedef {HTMLCanvasElement|OffscreenCanvas|HTMLImageElement|HTMLVideoElement|ImageBitmap|ImageData|Blob} Source an image, or a file of one */
/** @typedef {import("./reader/reading.js").Options} Options */
/** @typedef {{text: string, confidence: number, needs_review: boolean, refused: ?string, lines: object[], left_out: object[], fields: object[],
 *  review_reasons: string[], value: ?number}} Row what `inkdigits read --format jsonl` prints, but for tables; boxes are [x, y, width, height] in
 *  pixels of the image */

/** What cannot be read, or what is missing to read with, in words for a person. */
export class ReadError extends Error {}

/** A reader with its networks, in a worker of its own. Make one with `Reader.load`, and keep it: loading takes longer than reading. */
export class Reader {
  #worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  #waiting = new Map();
  #last = 0;

  /** The names of the networks: {digit, number, fields, upright}. */
  names = null;

  /** Load the networks. Rejects with a ReadError that says what is missing.
   *  @returns {Promise<Reader>} */
  static async load() {
    const reader = new Reader();
    reader.#worker.onmessage = ({ data: { id, value, error } }) => reader.#settle(id, value, error);
    reader.#worker.onerror = () => {
      for (const id of reader.#waiting.keys()) reader.#settle(id, null, "the reader cannot be started: a file of it is missing or damaged");
    };
    reader.names = await reader.#answer(0);
    return reader;
  }

  /** Read all the digits in an image.
   *  @param {Source} source
   *  @param {Options} options
   *  @returns {Promise<Row>} rejects with a ReadError for what is no image */
  async read(source, options = {}) {
    const image = source instanceof ImageData ? source : await bitmapOf(source);
    return this.#ask({ image, isJpeg: source.type === "image/jpeg", options }, image instanceof ImageBitmap ? [image] : []);
  }

  /** What the digit network makes of a tile.
   *  @param {Uint8Array} tile 28 x 28 bytes, 255 = ink
   *  @returns {Promise<import("./reader/inside.js").Inside>} */
  async lookInto(tile) {
    return this.#ask({ tile });
  }

  /** End the worker; what is being read is never answered. */
  close() {
    this.#worker.terminate();
  }

  #ask(what, transfer = []) {
    const id = (this.#last += 1);
    const answer = this.#answer(id);
    this.#worker.postMessage({ id, ...what }, transfer);
    return answer;
  }

  #answer(id) {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #settle(id, value, error) {
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) resolve(value);
    else reject(new ReadError(error));
  }
}

const PAGED = /\.(pdf|tiff?)$/i;

/** An image upright, with the colours of the file. */
async function bitmapOf(source) {
  try {
    return await createImageBitmap(source, { imageOrientation: "from-image", colorSpaceConversion: "none", premultiplyAlpha: "none" });
  } catch {
    const remedy = PAGED.test(source.name) ? "; inkdigits read and inkdigits serve read PDF and TIFF" : "";
    throw new ReadError(`no image that the browser can show${source.name ? `: ${source.name}` : ""}${remedy}`);
  }
}
