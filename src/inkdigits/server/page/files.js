// Many files: a list that fills, is reviewed by typing, survives a reload, and is taken along as CSV or JSON.

import { drawOver } from "./boxes.js";
import { toCsv } from "./csv.js";
import { $, make, save, say, shape } from "./dom.js";
import { account } from "./leftout.js";
import { readAll } from "./queue.js";
import { forget, keep, keepChanges, kept, store } from "./store.js";
import { exported, showValues, toJson, toReview, uncorrected } from "./values.js";
import { count } from "./words.js";

const KEPT = "The list and its pictures are kept in this browser, and nowhere else, until you empty it.";
const NOT_KEPT = "This browser keeps nothing for this page: download the list before you leave it.";

const entries = []; // one a file: as store.js keeps it, and `node`, its <li>; `rows` is null while it waits
let running = null;

/** Add files to the list, and read them. */
export async function addFiles(files) {
  const seen = [...files].filter((file) => !file.name.startsWith(".")); // what systems leave in folders
  if (!seen.length) return;
  const added = seen.map((file) => {
    const name = file.webkitRelativePath || file.name;
    return { view: "files", file, name, rows: null, corrections: null, unsaved: false };
  });
  added.forEach(keep);
  show(added);
  await read(added);
}

/** The list of the last visit, and on with what was not read then. */
async function restore() {
  const found = await kept("files");
  show(found.map((entry) => ({ ...entry, id: Promise.resolve(entry.id) })));
  for (const entry of entries) if (entry.rows) fill(entry);
  await readOn();
}

function show(added) {
  for (const entry of added) {
    const [name, state] = [make("p", {}, entry.name), make("p", { className: "quiet" }, "waits")];
    entry.node = make("li", { className: "file" }, name, state);
  }
  entries.push(...added);
  $("files-list").append(...added.map((entry) => entry.node));
  progress();
}

const readOn = () => read(entries.filter((entry) => !entry.rows));

async function read(some) {
  if (!some.length) return;
  if (!running || running.signal.aborted) running = new AbortController();
  const { signal } = running;
  progress();
  await readAll(some.map((entry) => entry.file), (number, rows) => deliver(some[number], rows), signal);
  if (entries.every((entry) => entry.rows)) running = null;
  progress();
  say($("files-count").textContent);
}

function deliver(entry, rows) {
  Object.assign(entry, { rows, corrections: uncorrected(rows) });
  keepChanges(entry);
  fill(entry);
  progress();
}

function fill(entry) {
  entry.node.replaceChildren(...entry.rows.flatMap((row, page) => pageOf(entry, row, page)));
}

/** What the list shows of a page: its name, which opens its picture, and its values. */
function pageOf(entry, row, page) {
  const name = entry.name + (row.page > 1 ? `, page ${row.page}` : "");
  const open = make("button", { type: "button", className: "name", ariaExpanded: "false", title: "Show the image" }, name);
  const list = make("ol", { className: "values", ariaLabel: `Values of ${name}` });
  const preview = make("div", { className: "preview", hidden: true });
  open.onclick = () => toggle(entry, row, open, preview);
  const changed = () => {
    entry.unsaved = true;
    keepChanges(entry);
    progress();
  };
  showValues(list, entry, page, changed, $("files-csv"));
  return [open, list, preview];
}

/** Show the image of a page with its boxes, or put it away. */
async function toggle(entry, row, open, preview) {
  preview.hidden = !preview.hidden;
  open.ariaExpanded = String(!preview.hidden);
  if (preview.hidden) {
    URL.revokeObjectURL(preview.querySelector("img").src);
    preview.replaceChildren();
    return;
  }
  const image = make("img", { alt: `The image ${entry.name}`, src: URL.createObjectURL(entry.file) });
  const boxes = shape("svg", { class: "boxes", "aria-hidden": "true" });
  const picture = make("div", { className: "picture" }, image, boxes);
  preview.append(picture, ...account(row));
  const shown = row.page === 1 && (await drawOver(image, boxes, row));
  if (!shown) picture.replaceChildren("Browsers cannot show this kind of file.", image), (image.hidden = true);
}

function progress() {
  const done = entries.filter((entry) => entry.rows);
  const review = done.flatMap((entry) => entry.rows.filter((row, page) => toReview(row, entry.corrections[page]))).length;
  $("files-result").hidden = !entries.length;
  $("files-progress").max = Math.max(entries.length, 1);
  $("files-progress").value = done.length;
  $("files-count").textContent = `${done.length} of ${count(entries.length, "file")} read, ${review} to review`;
  $("files-stop").hidden = done.length === entries.length;
  $("files-stop").textContent = running && !running.signal.aborted ? "Stop" : "Go on";
  for (const id of ["files-csv", "files-json"]) $(id).disabled = !done.length;
  $("files-kept").textContent = store.failed ? NOT_KEPT : KEPT;
}

const unsaved = () => entries.some((entry) => entry.unsaved);

function empty() {
  if (unsaved() && !confirm("Corrections are not downloaded yet. Empty the list?")) return;
  forget(entries);
  close();
}

/** Show no files any more. */
function close() {
  running?.abort();
  running = null;
  for (const { node } of entries.splice(0)) node.remove();
  progress();
}

function download(written, name, type) {
  const done = entries.filter((entry) => entry.rows);
  save(written(done.flatMap((entry) => entry.rows.map((_, page) => exported(entry, page)))), name, type);
  for (const entry of entries.filter((one) => one.unsaved)) {
    entry.unsaved = false;
    keepChanges(entry);
  }
}

function stopOrGoOn() {
  if (!running || running.signal.aborted) return readOn();
  running.abort();
  progress();
}

for (const id of ["files-file", "files-folder"]) {
  $(id).onchange = ({ target }) => {
    addFiles(target.files);
    target.value = "";
  };
}
$("files-filter").onchange = ({ target }) => $("files-list").classList.toggle("only-review", target.checked);
$("files-csv").onclick = () => download(toCsv, "inkdigits.csv", "text/csv");
$("files-json").onclick = () => download(toJson, "inkdigits.json", "application/json");
$("files-empty").onclick = empty;
$("files-stop").onclick = stopOrGoOn;
store.addEventListener("change", progress);
store.addEventListener("emptying", (event) => unsaved() && event.preventDefault());
store.addEventListener("emptied", close);
addEventListener("beforeunload", (event) => unsaved() && event.preventDefault());
restore();
