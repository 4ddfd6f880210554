// Inside the network: what its layers make of a digit, what the answer rests on, and what it takes to fool it.

import { inWords, lookInto, PAUSE, readDrawing } from "./answers.js";
import { bars, paintTile } from "./cards.js";
import { $, make, say, shape } from "./dom.js";
import { AS_WRITTEN, fooled } from "./fooling.js";
import { makePad } from "./pad.js";
import { superseding } from "./superseding.js";
import { digits as digitsOf, percent, sentence, why } from "./words.js";

const FOR = [255, 140, 0];
const AGAINST = [60, 150, 255];
const NO_LAYERS = "There is no layer to show: the network has one only, or was exported before version 0.2. Then export it again.";

const [latest, latestDrawing] = [superseding(), superseding()];
let digits = []; // that may be looked into
let shown = null;
let waiting = 0;

const pad = makePad($("inside-pad"), () => clearTimeout(waiting), changed);

function changed() {
  $("inside-undo").disabled = !pad.canUndo;
  $("inside-pad-hint").hidden = !pad.empty;
  clearTimeout(waiting);
  if (!pad.empty) waiting = setTimeout(readPad, PAUSE);
}

/** Look into what is written on the pad of this view. */
async function readPad() {
  try {
    const row = await latestDrawing((signal) => readDrawing(pad.drawing, { single: true, always: true, signal }));
    if (!row) return;
    offer(digitsOf(row));
    await openInside();
    if (!digits.length) $("inside-state").textContent = sentence(why(row));
  } catch (error) {
    $("inside-state").textContent = sentence(inWords(error));
  }
}

/** The digits that were read last. */
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
  for (const id of ["inside-result", "inside-answer", "inside-bars"]) $(id).hidden = shown === null;
  $("inside-digits").hidden = digits.length < 2;
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
  const tile = toBase64(fooled(fromBase64(digit.tile), ways()));
  try {
    const found = await latest((signal) => lookInto(tile, signal));
    if (found) show(digit, tile, found);
    $("inside-state").textContent = "";
  } catch (error) {
    $("inside-state").textContent = sentence(inWords(error));
  }
}

const sliders = () => [...$("inside-fool").querySelectorAll("input")];
const ways = () => Object.fromEntries(sliders().map((slider) => [slider.name, slider.valueAsNumber]));
const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));

/** What the network answers, beside what it answered to the digit as it was written. */
function outcome(digit, answer) {
  if (Object.entries(ways()).every(([way, value]) => value === AS_WRITTEN[way])) digit.answer = answer;
  if (digit.answer === undefined || digit.answer === answer) return `The answer is ${answer}.`;
  return `Fooled: the answer was ${digit.answer}, and is ${answer} now.`;
}

function show(digit, tile, { probabilities, layers, saliency }) {
  const best = Object.entries(probabilities).reduce((a, b) => (b[1] > a[1] ? b : a));
  const said = outcome(digit, best[0]);
  $("inside-outcome").textContent = said;
  $("inside-outcome").classList.toggle("refused", said.startsWith("Fooled"));
  $("inside-bars").replaceChildren(...bars(Object.entries(probabilities), best[0]));
  $("inside-layers").replaceChildren(...(layers.length ? layers.map(figure) : [make("p", {}, NO_LAYERS)]));
  paintSaliency(tile, saliency);
  const most = Math.max(...saliency.flat());
  $("inside-most").textContent = `Hiding the most important place lowers the probability of ${best[0]} by ${percent(most)}.`;
  $("inside-saliency").ariaLabel = `The tile of ${digit.label}, with the places marked that the answer rests on`;
  say(said);
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

$("inside-undo").onclick = () => pad.undo();
$("inside-clear").onclick = () => pad.clear();
$("inside-fool").oninput = () => shown && look(shown);
$("inside-as-written").onclick = () => {
  for (const slider of sliders()) slider.value = AS_WRITTEN[slider.name];
  if (shown) look(shown);
};
