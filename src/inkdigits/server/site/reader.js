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

/** A reader with its networks, in a worker of its own. Make one with `Reader.load`, and keep it: loading takes longer than reading. */
export class Reader {
  #worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  #waiting = new Map();
  #last = 0;

  /** Load the networks. Rejects with an Error that says what is missing.
   *  @returns {Promise<Reader>} */
  static async load() {
    const reader = new Reader();
    reader.#worker.onmessage = ({ data: { id, value, error } }) => reader.#settle(id, value, error);
    reader.#worker.onerror = () => {
      for (const id of reader.#waiting.keys()) reader.#settle(id, null, "the reader cannot be started: a file of it is missing or damaged");
    };
    await reader.#answer(0);
    return reader;
  }

  /** Read all the digits in an image.
   *  @param {Source} source
   *  @param {Options} options
   *  @returns {Promise<Row>} rejects for what is no image */
  async read(source, options = {}) {
    const image = source instanceof ImageData ? source : await bitmapOf(source);
    const id = (this.#last += 1);
    const answer = this.#answer(id);
    this.#worker.postMessage({ id, image, options }, image instanceof ImageBitmap ? [image] : []);
    return answer;
  }

  /** End the worker; what is being read is never answered. */
  close() {
    this.#worker.terminate();
  }

  #answer(id) {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #settle(id, value, error) {
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) resolve(value);
    else reject(new Error(error));
  }
}

/** An image upright, with the colours of the file. */
async function bitmapOf(source) {
  try {
    return await createImageBitmap(source, { imageOrientation: "from-image", colorSpaceConversion: "none", premultiplyAlpha: "none" });
  } catch {
    throw new Error(`${source.name ?? "this"} is no image that the browser can show`);
  }
}
