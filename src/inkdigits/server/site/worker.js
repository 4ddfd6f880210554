// The networks and the reader in a worker of their own: images come in, rows go out.

import * as ort from "./ort/ort.wasm.min.mjs";
import { opaque } from "./reader/images/conversions.js";
import { fewer } from "./reader/images/decode.js";
import { lookInto } from "./reader/inside.js";
import { read } from "./reader/reading.js";
import { Networks } from "./reader/recognition/networks.js";

const MODELS = { digit: "tiles", number: "strips", fields: "pages", upright: "tiles" }; // the input of each

ort.env.wasm.wasmPaths = new URL("ort/", import.meta.url).href;
ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, 4) : 1;

async function networks() {
  const entries = Object.entries(MODELS).map(async ([name, input]) => {
    const card = fetched(`models/${name}/card.json`).then((answer) => answer.json());
    return [name, { card: await card, input, session: await sessionOf(`models/${name}/model.onnx`) }];
  });
  const found = Object.fromEntries(await Promise.all(entries));
  const cards = Object.fromEntries(Object.entries(found).map(([name, { card }]) => [name, card]));
  return new Networks(cards, async (name, values, dims) => {
    const { input, session } = found[name];
    const { logits } = await session.run({ [input]: new ort.Tensor("float32", values, dims) });
    return { data: logits.data, dims: [...logits.dims] };
  });
}

const sessionOf = async (path) => ort.InferenceSession.create(await (await fetched(path)).arrayBuffer());

let features = null; // of the digit network, loaded when it is first looked into

/** What each layer of the digit network but the last hands on for a tile. */
async function responses(tile) {
  features ??= sessionOf("models/digit/features.onnx");
  const session = await features;
  const found = await session.run({ tiles: new ort.Tensor("float32", tile, [1, 28, 28]) });
  return session.outputNames.map((name) => ({ data: found[name].data, dims: found[name].dims.slice(1) }));
}

async function fetched(path) {
  const answer = await fetch(new URL(path, import.meta.url));
  if (!answer.ok) throw new Error(`${path} is not there (${answer.status})`);
  return answer;
}

/** A page: the pixels of ImageData as they are, or of an ImageBitmap, which is closed. Of one that came from a JPEG there are no more than
 *  are looked at. */
function pageOf(image, isJpeg, { single = false }) {
  const size = [image.height, image.width];
  if (image instanceof ImageData) return { image: opaque(image), size };
  const part = isJpeg ? fewer(image.width, image.height, single) : 1;
  const [height, width] = size.map((side) => Math.ceil(side / part));
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, width, height);
  image.close();
  return { image: opaque(context.getImageData(0, 0, width, height)), size };
}

const loaded = networks();
loaded.then(
  ({ cards }) => postMessage({ id: 0, value: Object.fromEntries(Object.entries(cards).map(([name, card]) => [name, card.name])) }),
  (error) => postMessage({ id: 0, error: error.message }),
);
let turn = loaded.then(warmUp).catch(() => {}); // one after the other

/** Read a small image of a 1, so that what reads is compiled before a person waits for it. */
async function warmUp(all) {
  const [width, height] = [160, 120];
  const data = new Uint8Array(width * height).fill(255);
  for (let y = 30; y < 90; y++) data.fill(0, y * width + 76, y * width + 82);
  await read({ image: [{ width, height, data }], size: [height, width] }, all);
}

addEventListener("message", ({ data: { id, ...asked } }) => {
  turn = turn.then(async () => {
    try {
      postMessage({ id, value: await answered(asked, await loaded) });
    } catch (error) {
      postMessage({ id, error: error.message });
    }
  });
});

function answered({ image, isJpeg, tile, options }, all) {
  return image ? read(pageOf(image, isJpeg, options), all, options) : lookInto(tile, all, responses);
}
