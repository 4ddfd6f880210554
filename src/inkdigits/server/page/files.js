// Many files: a table that fills, is reviewed by typing, and is taken along as CSV.

import { drawBoxes } from "./boxes.js";
import { toCsv } from "./csv.js";
import { $, make, say, shape } from "./dom.js";
import { readAll } from "./queue.js";
import { count, percent, sentence, why } from "./words.js";

const entries = []; // one a file: {file, body: its <tbody>, rows: its pages, or null while it waits}
let running = null;
let unsaved = false;

/** Add files to the table, and read them. */
export async function addFiles(files) {
  const seen = [...files].filter((file) => !file.name.startsWith(".")); // what systems leave in folders
  const added = seen.map((file) => ({ file, rows: null, body: make("tbody") }));
  if (!added.length) return;
  for (const entry of added) {
    const waits = make("td", { colSpan: 2, className: "quiet" }, "waits");
    entry.body.append(make("tr", {}, make("th", { scope: "row" }, nameOf(entry.file)), waits));
  }
  entries.push(...added);
  $("files-table").append(...added.map((entry) => entry.body));
  $("files-result").hidden = false;
  if (!running || running.signal.aborted) running = new AbortController();
  const { signal } = running;
  progress();
  await readAll(added.map((entry) => entry.file), (number, rows) => deliver(added[number], rows), signal);
  if (entries.every((entry) => entry.rows)) running = null;
  progress();
  say($("files-count").textContent);
}

function deliver(entry, rows) {
  entry.rows = rows.map((row) => ({ ...row, source: nameOf(entry.file), corrected: null }));
  entry.body.replaceChildren(...entry.rows.map((row) => line(entry, row)));
  progress();
}

const nameOf = (file) => file.webkitRelativePath || file.name;

function line(entry, row) {
  const name = row.source + (row.page > 1 ? `, page ${row.page}` : "");
  const open = make("button", { type: "button", className: "name", ariaExpanded: "false", title: "Show the image" }, name);
  const text = make("textarea", { value: row.text, rows: Math.max(1, row.lines.length), spellcheck: false, inputMode: "numeric" });
  text.ariaLabel = `Text of ${name}`;
  const state = make("td", { className: "state" });
  const tr = make("tr", {}, make("th", { scope: "row" }, open), make("td", {}, text), state);
  const update = () => {
    tr.classList.toggle("to-review", toReview(row));
    if (row.corrected !== null) state.replaceChildren(mark("✓", "checked"));
    else if (toReview(row)) state.replaceChildren(mark("?", "needs review"), make("small", {}, sentence(why(row))));
    else state.replaceChildren(percent(row.confidence));
  };
  text.onchange = () => {
    row.corrected = text.value;
    unsaved = true;
    update();
    progress();
  };
  text.onkeydown = (event) => walk(event, text);
  open.onclick = () => preview(entry, row, tr, open);
  update();
  return tr;
}

const toReview = (row) => row.needs_review && row.corrected === null;

const mark = (sign, word) => make("b", {}, make("span", { ariaHidden: "true", className: "sign" }, sign), word);

function enter(text, caret) {
  text?.focus();
  text?.setSelectionRange(caret, caret);
}

/** Enter confirms and goes on to the next to review, arrows go from row to row. */
function walk(event, text) {
  const shown = [...$("files-table").querySelectorAll("textarea")].filter((one) => one.offsetParent);
  const here = shown.indexOf(text);
  if (event.key === "Enter" && !event.shiftKey) {
    const later = [...shown.slice(here + 1), ...shown.slice(0, here)];
    const next = later.find((one) => one.closest("tr").classList.contains("to-review"));
    text.onchange(); // as it is, it is right
    (next ?? $("files-csv")).focus();
    if (!next) say("Nothing is left to review.");
  } else if (event.key === "ArrowDown" && !text.value.slice(text.selectionEnd).includes("\n")) {
    enter(shown[here + 1], 0);
  } else if (event.key === "ArrowUp" && !text.value.slice(0, text.selectionStart).includes("\n")) {
    enter(shown[here - 1], shown[here - 1]?.value.length);
  } else {
    return;
  }
  event.preventDefault();
}

/** Show the image with its boxes in a row of its own, or put it away. */
async function preview(entry, row, tr, open) {
  if (open.ariaExpanded === "true") {
    URL.revokeObjectURL(tr.nextSibling.querySelector("img").src);
    tr.nextSibling.remove();
    open.ariaExpanded = "false";
    return;
  }
  const image = make("img", { alt: `The image ${row.source}`, src: URL.createObjectURL(entry.file) });
  const boxes = shape("svg", { class: "boxes", "aria-hidden": "true" });
  const picture = make("div", { className: "picture" }, image, boxes);
  tr.after(make("tr", { className: "preview" }, make("td", { colSpan: 3 }, picture)));
  open.ariaExpanded = "true";
  const shown = row.page === 1 && (await image.decode().then(() => true, () => false));
  if (shown) drawBoxes(boxes, row, image.naturalWidth, image.naturalHeight);
  else picture.replaceChildren("Browsers cannot show this kind of file.", image), (image.hidden = true);
}

function progress() {
  const rows = entries.flatMap((entry) => entry.rows ?? []);
  const read = entries.filter((entry) => entry.rows).length;
  const review = rows.filter(toReview).length;
  $("files-progress").max = Math.max(entries.length, 1);
  $("files-progress").value = read;
  $("files-count").textContent = `${read} of ${count(entries.length, "file")} read, ${review} to review`;
  $("files-stop").hidden = !running || running.signal.aborted;
  $("files-csv").disabled = !rows.length;
}

function empty() {
  if (unsaved && !confirm("Corrections are not downloaded yet. Empty the table?")) return;
  running?.abort();
  running = null;
  unsaved = false;
  for (const { body } of entries.splice(0)) body.remove();
  $("files-result").hidden = true;
}

function download() {
  const rows = entries.flatMap((entry) => entry.rows ?? []);
  const url = URL.createObjectURL(new Blob([toCsv(rows)], { type: "text/csv" }));
  make("a", { href: url, download: "inkdigits.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  unsaved = false;
}

for (const id of ["files-file", "files-folder"]) {
  $(id).onchange = ({ target }) => {
    addFiles(target.files);
    target.value = "";
  };
}
$("files-filter").onchange = ({ target }) => $("files-table").classList.toggle("only-review", target.checked);
$("files-csv").onclick = download;
$("files-empty").onclick = empty;
$("files-stop").onclick = () => {
  running.abort();
  progress();
};
addEventListener("beforeunload", (event) => unsaved && event.preventDefault());
