// Boxes and labels over a picture.

import { shape } from "./dom.js";
import { leftOut } from "./leftout.js";
import { digits } from "./words.js";

const SHARE = 0.4; // of a digit's height that its label has
const LABEL = [13, 24]; // CSS pixels: the smallest and the largest label
const SIDE = 400; // CSS pixels: so large is the longer side of a small image shown

const drawn = new WeakMap(); // <svg> -> what it shows
const resized = new ResizeObserver((seen) => seen.forEach(({ target }) => paint(target)));

/** Draw a row's boxes into an <svg> that lies over an <img>, once that is decoded, and enlarge a small one. Whether browsers can show
 *  it. */
export async function drawOver(image, svg, row) {
  image.removeAttribute("width");
  if (!(await image.decode().then(() => true, () => false))) return false; // a TIFF or a PDF is read, but not shown
  const { naturalWidth: width, naturalHeight: height } = image;
  if (Math.max(width, height) < SIDE) image.width = Math.round((SIDE / Math.max(width, height)) * width);
  drawBoxes(svg, row, width, height);
  return true;
}

/** Draw a row's boxes into an <svg> that lies over a picture of width x height, in the units of the boxes. */
export function drawBoxes(svg, row, width, height) {
  drawn.set(svg, { row, width, height });
  paint(svg);
  resized.observe(svg); // lines and labels keep their size on the screen
}

/** Take them away. */
export function clearBoxes(svg) {
  resized.unobserve(svg);
  svg.replaceChildren();
}

function paint(svg) {
  const { row, width, height } = drawn.get(svg);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const pixel = width / (svg.getBoundingClientRect().width || width);
  const heights = digits(row).map((digit) => digit.box[3]).sort((a, b) => a - b);
  const size = Math.min(Math.max(SHARE * heights[heights.length >> 1], LABEL[0] * pixel), LABEL[1] * pixel);
  svg.replaceChildren(...leftOut(row).map((one) => marked(one, pixel)), ...digits(row).map((digit) => boxed(digit, size, pixel, height)));
}

/** What was left out, in a colour of its own; the reason shows under the mouse. */
function marked({ box: [x, y, w, h], reason }, pixel) {
  const edge = 3 * pixel;
  const place = shape("rect", { class: "box", x: x - edge, y: y - edge, width: w + 2 * edge, height: h + 2 * edge, rx: edge });
  return shape("g", { class: "left-out" }, shape("title", {}, `Left out: ${reason}`), place);
}

function boxed({ label, box: [x, y, w, h], refused }, size, pixel, height) {
  const [wide, high, middle] = [0.95 * size, 1.25 * size, x + w / 2];
  const edge = 3 * pixel;
  let top = y - edge - high;
  if (top < 0) top = Math.min(y + h + edge, height - high); // no room above
  return shape(
    "g",
    refused ? { class: "refused" } : {},
    shape("rect", { class: "box", x: x - edge, y: y - edge, width: w + 2 * edge, height: h + 2 * edge, rx: edge }),
    shape("rect", { class: "chip", x: middle - wide / 2, y: top, width: wide, height: high, rx: size / 4 }),
    shape("text", { x: middle, y: top + 0.98 * size, "font-size": size, "text-anchor": "middle" }, label),
  );
}
