// Where this page's answers come from: the service. On a site without one, `site/answers.js` stands in the place of this file.

import { ask, form } from "./api.js";

export { inWords, service as origin } from "./api.js";

/** What becomes of the camera's frames. */
export const FRAMES = "Frames go to this service a few times a second, and are not kept.";

/** Milliseconds without a stroke after which a drawing is read. */
export const PAUSE = 250;

/** Many files are handed over so many at a time, and so many bytes unless one file has more, in so many groups at once. */
export const GROUP = { files: 8, bytes: 8e6, atOnce: 2 };

/** The rows of files, one a page. single: each shows one digit. always: answer even when unsure. */
export async function readFiles(files, { single = false, always = false, signal } = {}) {
  try {
    const answer = await ask(`v1/${single ? "predict" : "read"}?tiles=true${always ? "&threshold=0" : ""}`, form(files), signal);
    return await answer.json();
  } catch (error) {
    if (Array.isArray(error.said)) return error.said; // the only image cannot be read; its row says why
    throw error;
  }
}

/** The row of what a <canvas> shows. */
export async function readCanvas(canvas, { signal } = {}) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
  const [row] = await readFiles([new File([blob], "camera.jpg")], { signal });
  return row;
}

/** The row of a drawing of pad.js, its boxes in the units of the drawing. */
export async function readDrawing(drawing, { single = false, always = false, signal } = {}) {
  return (await ask("v1/strokes?tiles=true", { ...drawing, single, threshold: always ? 0 : null }, signal)).json();
}

/** What the digit network makes of a tile, 28 x 28 bytes in base64: probabilities, layers and saliency, as /v1/inside has them. */
export async function lookInto(tile, signal) {
  return (await ask("v1/inside", { tile }, signal)).json();
}

/** A picture of every stage of reading a file, as a Blob; null where there is nobody to draw it. */
export async function stagesOf(file, { single = false, always = false, signal } = {}) {
  return (await ask(`v1/explain?single=${single}${always ? "&threshold=0" : ""}`, form([file]), signal)).blob();
}

/** By what it is read, as a sentence for the foot of the page. */
export async function readBy() {
  const { read_by, classes } = await (await ask("v1/model")).json();
  const [digit, number] = read_by;
  const said = number ? `Read by ${number}, which reads whole numbers with their symbols, and ${digit}, which checks its digits.`
    : `Read by the model ${digit}, which knows ${classes.length} classes.`;
  return `${said} The service keeps nothing of what you draw or send.`;
}

/** Find out whether whoever answers is there again. */
export const reach = () => ask("readyz");
