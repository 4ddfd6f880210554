// A scan read with the form as it stands in the editor.

import { ask } from "./api.js";
import { $, make, say, shape } from "./dom.js";
import { commit } from "./formkeys.js";
import { choose, layout, showFault, state } from "./formstate.js";
import { percent, sentence } from "./words.js";

/** Read a scan, and show each of its pages. */
export async function tryOn(scan) {
  commit();
  $("try-state").textContent = `${scan.name} is read …`;
  $("tried").replaceChildren();
  const body = new FormData();
  body.append("form", JSON.stringify({ version: state.version, form: state.form }));
  body.append("file", scan, scan.name);
  try {
    const { pages } = await (await ask("v1/form/try", body)).json();
    $("try-state").textContent = `${scan.name}, read with the form as it was when it was dropped here.`;
    $("tried").replaceChildren(...pages.map(page));
    say(pages.map(spoken).join(" "));
  } catch (error) {
    $("try-state").textContent = sentence(error.message);
    if (error.said?.page != null) showFault(error.said);
    if (error.status === undefined) throw error;
  }
}

function spoken({ refused, error, fields }) {
  const values = Object.entries(fields).map(([name, { value, status }]) => `${name} ${value || status}`);
  return sentence(refused ?? error) || `Read: ${values.join(", ")}.`;
}

function page(row) {
  const title = make("h3", {}, `Page ${row.page}: ${row.layout || "no page of the form"}`);
  const [width, height] = row.size;
  const boxes = shape("svg", { class: "boxes", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  const image = make("img", { alt: `The scan, page ${row.page}`, src: `data:image/jpeg;base64,${row.picture}` });
  const picture = make("div", { className: "picture" }, image, boxes);
  const why = sentence(row.refused ?? row.error);
  if (why) return make("article", {}, title, make("p", { className: "note refused" }, why), picture);
  const values = Object.entries(row.fields);
  boxes.append(...values.map(([, own]) => boxed(own)));
  const list = make("ol", { className: "values", ariaLabel: `Values of page ${row.page}` }, ...values.map((one) => value(row.layout, one)));
  return make("article", {}, title, make("div", { className: "both" }, picture, list));
}

const kind = (status) => (status === "ok" || status === "empty" ? "" : "doubtful");

function boxed({ box: [x, y, width, height], status }) {
  return shape("g", { class: kind(status) }, shape("rect", { class: "box", x, y, width, height }));
}

/** A field of the scan: its name, which leads to it in the editor, its crop, and what was read. */
function value(of, [name, own]) {
  const open = make("button", { type: "button", className: "name" }, name);
  open.onclick = () => goTo(of, name);
  const crop = own.crop ? [make("img", { className: "crop", alt: `The writing: ${name}`, src: `data:image/png;base64,${own.crop}` })] : [];
  const sure = own.status === "ok" || own.status === "unsure" ? `, ${percent(own.confidence)}` : "";
  const said = `${own.status}${sure}${own.note && `: ${own.note}`}`;
  return make("li", { className: kind(own.status) }, open, ...crop,
    make("p", {}, make("output", {}, own.value || own.text || "–"), make("small", { className: "quiet" }, said)));
}

function goTo(of, name) {
  const number = state.form.pages.findIndex((one) => one.name === of);
  if (number < 0) return;
  choose(null, null, number);
  const own = layout().fields.findIndex((one) => one.name === name);
  if (own < 0) return;
  choose(own);
  $("plan").scrollIntoView({ block: "start" });
}
