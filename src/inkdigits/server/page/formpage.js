// The page of the blank with its fields upon it: drawn, moved and resized by pointer and keyboard.

import { $, shape } from "./dom.js";
import { addField, addFieldIn, between, move, put, remove } from "./formedits.js";
import { commit } from "./formkeys.js";
import { choose, layout, place, settle, state } from "./formstate.js";

const CLICK = 6; // CSS pixels: a shorter drag is none
const LABEL = 13; // CSS pixels: the height of names
const HALO = 3; // CSS pixels: the white around names
const HANDLE = matchMedia("(pointer: coarse)").matches ? 26 : 12; // CSS pixels
const ZOOM = [1, 4, 1.25]; // widths of the view that the page has: the least, the most, a step
const TEN = 10; // pixels that a box is moved by with Ctrl
const CORNERS = { nw: [0, 0], ne: [1, 0], sw: [0, 1], se: [1, 1] };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const [svg, view] = [$("places"), $("plan").parentElement];
const nodes = shape("g");
const handles = shape("g", { class: "handles" });
const drawn = shape("rect", { class: "place drawn", visibility: "hidden" });
svg.append(nodes, handles, drawn);

let zoom = ZOOM[0];
let drag = null; // what the pointer does: {kind, from, box, corner, what, far}
let drags = 0;

/** Show the fields of the page as they are. */
export function showPlaces() {
  const [width, height] = layout().size;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  $("plan").style.aspectRatio = `${width} / ${height}`;
  const every = listed();
  while (nodes.childElementCount > every.length) nodes.lastChild.remove();
  while (nodes.childElementCount < every.length) nodes.append(newNode());
  every.forEach((one, number) => showPlace(nodes.children[number], one));
  showHandles();
}

/** Show the image of the page, or what is wrong with it. */
export function showPaper(url) {
  $("paper").alt = `The blank: ${layout().name}`;
  $("paper").hidden = !url;
  if (url) $("paper").src = url;
}

/** Put the keyboard on what is chosen. */
export function focusChosen() {
  const number = listed().findIndex((one) => one.field === state.field && one.option === state.option);
  nodes.children[number]?.focus({ preventScroll: true });
  nodes.children[number]?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** Add a field where the view is, for who does not draw. */
export function addHere() {
  const [seen, page] = [view.getBoundingClientRect(), svg.getBoundingClientRect()];
  const top = Math.max(seen.top, 0, page.top);
  const bottom = Math.min(seen.bottom, innerHeight, page.bottom);
  const [left, right] = [Math.max(seen.left, page.left), Math.min(seen.right, page.right)];
  const [first, last] = bottom > top ? [at(left, top), at(right, bottom)] : [[0, 0], layout().size];
  addFieldIn(between(first, last));
  focusChosen();
}

/** Show the page larger (1) or smaller (-1). */
export function magnify(by) {
  const middle = [(view.scrollLeft + view.clientWidth / 2) / zoom, (view.scrollTop + view.clientHeight / 2) / zoom];
  zoom = Math.min(Math.max(zoom * ZOOM[2] ** by, ZOOM[0]), ZOOM[1]);
  $("plan").style.width = `${100 * zoom}%`;
  view.scrollTo(middle[0] * zoom - view.clientWidth / 2, middle[1] * zoom - view.clientHeight / 2);
  $("smaller").disabled = zoom === ZOOM[0];
  $("larger").disabled = zoom === ZOOM[1];
}

/** The boxes of the page: of each field, behind it those of its options. */
function listed() {
  return layout().fields.flatMap((own, number) => [
    { field: number, option: null, box: own.box, name: own.name, said: `${own.name}, ${own.type}` },
    ...(own.options ?? []).map((one, option) => ({
      field: number, option, box: one.box, name: one.name, said: `${one.name}, an option of ${own.name}`,
    })),
  ]);
}

function newNode() {
  const node = shape("g", { tabindex: 0, role: "button" }, shape("rect", { class: "place" }), shape("text"));
  node.addEventListener("focus", () => node.matches(":focus-visible") && choose(...placeOf(node)));
  return node;
}

function showPlace(node, { field: own, option, box: [x, y, w, h], name, said }) {
  const [rect, text] = node.children;
  const chosen = own === state.field && option === state.option;
  const wrong = state.fault?.page === state.page && state.fault?.field === own;
  const pixel = pixels();
  set(node, { "data-field": own, "data-option": option ?? "", "aria-pressed": chosen, "aria-label": `${said}, ${x}, ${y}, ${w} by ${h}` });
  node.setAttribute("class", [chosen && "chosen", wrong && "wrong", option !== null && "option"].filter(Boolean).join(" "));
  set(rect, { x, y, width: w, height: h });
  set(text, { x: x + (HANDLE / 2 + 2) * pixel, y: Math.max(y - 4 * pixel, LABEL * pixel) });
  set(text, { "font-size": LABEL * pixel, "stroke-width": HALO * pixel });
  if (text.textContent !== name) text.textContent = name;
}

function showHandles() {
  const box = place()?.box;
  const side = HANDLE * pixels();
  handles.replaceChildren(...(box ? Object.entries(CORNERS) : []).map(([corner, [right, down]]) => shape("rect", {
    "data-corner": corner, class: corner, width: side, height: side,
    x: box[0] + right * box[2] - side / 2, y: box[1] + down * box[3] - side / 2,
  })));
}

/** Pixels of the page for one of the screen. */
const pixels = () => layout().size[0] / (svg.getBoundingClientRect().width || layout().size[0]);

/** A point of the screen in pixels of the page. */
function at(x, y) {
  const { left, top } = svg.getBoundingClientRect();
  return [(x - left) * pixels(), (y - top) * pixels()];
}

function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
}

function placeOf(node) {
  const { field: own, option } = node.dataset;
  return [Number(own), option === "" ? null : Number(option)];
}

// The pointer

svg.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || drag) return;
  commit();
  const node = event.target.closest("[data-field]");
  const { corner } = event.target.dataset;
  const kind = corner ? "resize" : node ? "move" : "draw";
  const scrolls = event.pointerType === "touch" && kind !== "resize" && !node?.classList.contains("chosen");
  if (kind !== "resize") choose(...(node ? placeOf(node) : [null]));
  if (scrolls) return; // a finger on the paper, or on a field that it has yet to choose
  drag = { kind, from: at(event.clientX, event.clientY), box: place()?.box, corner: CORNERS[corner], what: `drag ${++drags}` };
  svg.setPointerCapture(event.pointerId);
  node?.focus({ preventScroll: true });
  event.preventDefault();
});

svg.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const to = at(event.clientX, event.clientY);
  const [dx, dy] = [to[0] - drag.from[0], to[1] - drag.from[1]];
  drag.far ||= Math.hypot(dx, dy) > CLICK * pixels();
  if (!drag.far) return;
  const [x, y, w, h] = drag.box ?? [];
  if (drag.kind === "move") put([x + dx, y + dy, w, h], drag.what);
  if (drag.kind === "resize") put(resized(drag.box, drag.corner, dx, dy), drag.what);
  if (drag.kind === "draw") showDrawn(between(drag.from, to));
});

svg.addEventListener("pointerup", (event) => {
  if (drag?.kind === "draw" && drag.far) {
    addField(onPage(between(drag.from, at(event.clientX, event.clientY))));
    focusChosen();
  }
  stop();
});
svg.addEventListener("pointercancel", stop);

function stop() {
  drag = null;
  drawn.setAttribute("visibility", "hidden");
  settle();
}

function showDrawn([x, y, width, height]) {
  set(drawn, { x, y, width, height, visibility: "visible" });
}

/** A box with one of its corners moved. */
function resized([x, y, w, h], [right, down], dx, dy) {
  const still = [x + (1 - right) * w, y + (1 - down) * h];
  return onPage(between(still, [x + right * w + dx, y + down * h + dy]));
}

/** The part of a box that is on the page. */
function onPage([x, y, w, h]) {
  const [width, height] = layout().size;
  return between([Math.max(x, 0), Math.max(y, 0)], [Math.min(x + w, width), Math.min(y + h, height)]);
}

// The keyboard

svg.addEventListener("keydown", (event) => {
  const node = event.target.closest("[data-field]");
  if (!node || event.altKey) return;
  choose(...placeOf(node));
  if (keys(event)) event.preventDefault();
});

function keys({ key, shiftKey, ctrlKey, metaKey }) {
  if (key in ARROWS) {
    const [dx, dy] = ARROWS[key].map((step) => step * (ctrlKey || metaKey ? TEN : 1));
    const [x, y, w, h] = place().box;
    if (shiftKey) put([x, y, Math.min(w + dx, layout().size[0] - x), Math.min(h + dy, layout().size[1] - y)], "resize by keys");
    else move(dx, dy, "move by keys");
    return true;
  }
  if (ctrlKey || metaKey) return false;
  if (key === "Delete" || key === "Backspace") return remove(), focusChosen(), true;
  if (key === "Enter") return $(state.option === null ? "key-name" : `option-${state.option}`)?.focus(), true;
  if (key === "Escape") return choose(null), true;
  return key === " ";
}

new ResizeObserver(() => state.form && showPlaces()).observe(svg); // names and handles keep their size on the screen
$("smaller").onclick = () => magnify(-1);
$("larger").onclick = () => magnify(1);
$("smaller").disabled = true;
