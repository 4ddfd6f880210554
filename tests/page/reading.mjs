// What Python calls that needs an object of the modules: the networks run in Python.
import { read } from "../../src/inkdigits/server/page/reader/reading.js";
import { cropped, Field } from "../../src/inkdigits/server/page/reader/recognition/fields.js";
import { Networks } from "../../src/inkdigits/server/page/reader/recognition/networks.js";

export const readWith = (image, cards, run, options) => read(image, new Networks(cards, run), options);

export const croppedField = (grey, sides) => cropped(grey, new Field(sides));

/** What a module exports but functions. */
export async function exported(path) {
  const module = await import(path);
  return Object.fromEntries(Object.entries(module).filter(([, value]) => typeof value !== "function"));
}
