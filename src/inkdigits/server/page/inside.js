// Inside the network: what its layers make of a digit, and what the answer rests on.

import { ask, inWords, superseding } from "./api.js";
import { bars, paintTile } from "./cards.js";
import { $, make, say, shape } from "./dom.js";
import { percent, sentence } from "./words.js";

const FOR = [255, 140, 0];
const AGAINST = [60, 150, 255];
const NO_LAYERS = "There is no layer to show: the network has one only, or was exported before version 0.2. Then export it again.";

const latest = superseding();
let digits = []; // that may be looked into
let shown = null;

/** The digits of the latest drawing. */
export function offer(found) {
  digits = found.filter((digit) => digit.tile);
}

/** Look into this digit. */
export function lookInside(digit) {
  if (!digits.includes(digit)) digits = [digit];
  shown = digit;
  location.hash = "inside";
}

/** The view is opened: show the digit that was asked for, or the first. */
export async function openInside() {
  if (!digits.includes(shown)) shown = digits[0] ?? null;
  $("inside-hint").hidden = shown !== null;
  $("inside-result").hidden = shown === null;
  if (!shown) return;
  const chips = digits.map((digit) => {
    const input = make("input", { type: "radio", name: "inside-digit", checked: digit === shown, onchange: () => look(digit) });
    const tile = paintTile(make("canvas", { className: "tile", ariaHidden: "true" }), digit.tile);
    return make("label", {}, input, tile, make("span", {}, digit.label));
  });
  $("inside-digits").replaceChildren($("inside-digits").firstElementChild, ...chips);
  await look(shown);
}

async function look(digit) {
  shown = digit;
  try {
    const found = await latest(async (signal) => (await ask("v1/inside", { tile: digit.tile }, signal)).json());
    if (found) show(digit, found);
    $("inside-state").textContent = "";
  } catch (error) {
    $("inside-state").textContent = sentence(inWords(error));
  }
}

function show(digit, { probabilities, layers, saliency }) {
  const best = Object.entries(probabilities).reduce((a, b) => (b[1] > a[1] ? b : a));
  $("inside-bars").replaceChildren(...bars(Object.entries(probabilities), best[0]));
  $("inside-layers").replaceChildren(...(layers.length ? layers.map(figure) : [make("p", {}, NO_LAYERS)]));
  paintSaliency(digit.tile, saliency);
  const most = Math.max(...saliency.flat());
  $("inside-most").textContent = `Hiding the most important place lowers the probability of ${best[0]} by ${percent(most)}.`;
  $("inside-saliency").ariaLabel = `The tile of ${digit.label}, with the places marked that the answer rests on`;
  say(`Inside ${digit.label}: ${layers.length} layers are shown.`);
}

function figure(layer, number) {
  const [picture, size] = layer.responses
    ? [units(layer, number), `${layer.units} units`]
    : [featureMaps(layer, number), `${layer.maps} maps of ${layer.width} × ${layer.height}`];
  return make("figure", {}, picture, make("figcaption", {}, make("b", {}, `Layer ${number + 1}`), ` ${size}`));
}

function featureMaps({ maps, png }, number) {
  return make("img", { src: `data:image/png;base64,${png}`, alt: `${maps} feature maps of layer ${number + 1}` });
}

/** A bar for each unit of a dense layer, as high as its response beside the strongest one. */
function units({ responses }, number) {
  const bars = responses.map((response, x) => shape("rect", { x, y: 1 - response, width: 0.8, height: response }));
  const awake = responses.filter((response) => response > 0).length;
  const label = `${responses.length} units of layer ${number + 1}, of which ${awake} respond`;
  return shape("svg", { viewBox: `0 0 ${responses.length} 1`, preserveAspectRatio: "none", role: "img", "aria-label": label }, ...bars);
}

/** The tile in grey; the colour of each place grows with what hiding it costs, beside the dearest place. */
function paintSaliency(tile, saliency) {
  const worths = saliency.flat();
  const most = Math.max(1e-6, ...worths.map(Math.abs));
  paintTile($("inside-saliency"), tile, (v, place) => {
    const share = (0.85 * Math.abs(worths[place])) / most;
    return (worths[place] > 0 ? FOR : AGAINST).map((colour) => (1 - share) * 0.7 * v + share * colour);
  });
}
