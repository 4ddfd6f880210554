// One image: boxes over it, its values to correct, its stages.

import { inWords, readFiles, stagesOf } from "./answers.js";
import { clearBoxes, drawOver } from "./boxes.js";
import { showCards } from "./cards.js";
import { toCsv } from "./csv.js";
import { $, chosen, make, save, say } from "./dom.js";
import { lookInside } from "./inside.js";
import { account } from "./leftout.js";
import { forget, keep, keepChanges, kept, store } from "./store.js";
import { superseding } from "./superseding.js";
import { exported, showValues, textOf, uncorrected } from "./values.js";
import { count, sentence, spoken, sureness } from "./words.js";

const NOTHING = { lines: [] }; // read yet

const latest = superseding();
let entry = null; // the image, as store.js keeps it; `rows` is empty while nothing is read of it

/** Read a file and show it, unless the one that is shown has corrections that the user wants to keep. */
export async function showImage(file) {
  if (!mayForget()) return;
  if (entry) forget([entry]);
  entry = { view: "image", file, name: file.name, rows: [], corrections: [], unsaved: false, options: options() };
  keep(entry);
  picture();
  await read();
}

/** The image of the last visit, as it was left. */
async function restore() {
  const all = await kept("image");
  const last = all.pop();
  forget(all.filter((one) => !one.unsaved)); // what other tabs left
  if (!last || entry) return;
  entry = { ...last, id: Promise.resolve(last.id) };
  setOptions(entry.options);
  picture();
  entry.rows.length ? show() : await read();
}

function picture() {
  URL.revokeObjectURL($("image-picture").src);
  $("image-picture").src = URL.createObjectURL(entry.file);
}

const LOSES = "are neither copied nor downloaded yet. Go on without them?";
const mayForget = () => !entry?.unsaved || confirm(`Corrections of ${entry.name} ${LOSES}`);

const options = () => ({ single: chosen("image-kind") === "digit", always: $("image-always").checked });

function setOptions({ single, always }) {
  for (const input of document.getElementsByName("image-kind")) input.checked = input.value === (single ? "digit" : "number");
  $("image-always").checked = always;
}

function otherOptions() {
  if (!entry) return;
  if (!mayForget()) return setOptions(entry.options);
  entry.options = options();
  read();
}

async function read() {
  const mine = entry;
  Object.assign(mine, { rows: [], corrections: [], unsaved: false });
  show();
  $("image-state").textContent = `Reading ${mine.name} …`;
  try {
    const rows = await latest((signal) => readFiles([mine.file], { ...mine.options, signal }));
    if (!rows) return; // another one is being read
    Object.assign(mine, { rows, corrections: uncorrected(rows) });
    keepChanges(mine);
    show();
    $("image-details").open ||= rows.some((row) => row.text.includes("?")); // the reasons are there
    say(spoken(rows[0]));
  } catch (error) {
    $("image-state").textContent = sentence(inWords(error));
    say(sentence(inWords(error)));
  }
}

/** Show what is known of the image. */
function show() {
  const { rows } = entry;
  $("image-result").hidden = false;
  $("image-stages").hidden = true;
  $("image-state").textContent = "";
  $("image-note").textContent = summary(rows);
  $("image-account").replaceChildren(...rows.flatMap(account));
  $("image-values").replaceChildren(...rows.map((_, page) => valuesOf(page)));
  for (const id of ["image-copy", "image-csv", "image-explain"]) $(id).disabled = !rows.length;
  overlay();
  details();
}

/** What is to be said of all values together. */
function summary(rows) {
  if (rows.length > 1) return `${count(rows.length, "page")}; the boxes are those of the first.`;
  return rows.length && rows[0].lines.length > 1 ? sureness(rows[0]) : "";
}

function valuesOf(page) {
  const list = make("ol", { className: "values large", ariaLabel: `Values of page ${page + 1}` });
  const changed = () => {
    entry.unsaved = true;
    keepChanges(entry);
  };
  showValues(list, entry, page, changed, $("image-copy"));
  return list;
}

async function overlay() {
  clearBoxes($("image-boxes"));
  const [image, mine] = [$("image-picture"), entry];
  const shown = await drawOver(image, $("image-boxes"), mine.rows[0] ?? NOTHING);
  if (mine === entry) image.hidden = !shown;
}

function details() {
  const rows = entry?.rows ?? [];
  $("image-details").hidden = !rows.some((row) => row.lines.length);
  showCards($("image-cards"), $("image-details").open ? rows : [], lookInside);
}

async function explain() {
  $("image-state").textContent = "Drawing the stages …";
  try {
    const picture = await latest((signal) => stagesOf(entry.file, { ...entry.options, signal }));
    if (!picture) return;
    const stages = $("image-stages").querySelector("img");
    URL.revokeObjectURL(stages.src);
    stages.src = URL.createObjectURL(picture);
    $("image-stages").hidden = false;
    $("image-state").textContent = "";
    say("The stages are shown below.");
  } catch (error) {
    $("image-state").textContent = sentence(inWords(error));
  }
}

async function copy() {
  const text = entry.rows.map((row, page) => textOf(row, entry.corrections[page])).join("\n\n");
  if (!(await copied(text))) {
    $("image-state").textContent = "The browser does not let this page copy: mark the text and copy it by hand.";
    return;
  }
  saved();
  say("Copied.");
  $("image-copy").textContent = "Copied";
  setTimeout(() => ($("image-copy").textContent = "Copy the text"), 1500);
}

/** Whether a text is on the clipboard now. Pages that did not come over https have only the old way. */
async function copied(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const holder = make("textarea", { value: text, className: "unseen" });
  document.body.append(holder);
  holder.select();
  const done = document.execCommand("copy");
  holder.remove();
  return done;
}

function download() {
  save(toCsv(entry.rows.map((_, page) => exported(entry, page))), `${entry.name}.csv`, "text/csv");
  saved();
}

function clear() {
  if (!mayForget()) return;
  forget([entry]);
  close();
  $("image-file").focus();
}

/** Show no image any more. */
function close() {
  latest.stop();
  entry = null;
  for (const id of ["image-result", "image-stages", "image-details"]) $(id).hidden = true;
  for (const id of ["image-values", "image-cards", "image-account"]) $(id).replaceChildren();
  URL.revokeObjectURL($("image-picture").src);
  $("image-state").textContent = "";
}

function saved() {
  entry.unsaved = false;
  keepChanges(entry);
}

for (const id of ["image-file", "image-photo"]) {
  $(id).onchange = ({ target }) => {
    if (target.files.length) showImage(target.files[0]);
    target.value = ""; // the same file may be chosen again
  };
}
for (const input of document.querySelectorAll("#image .choice input, #image-always")) input.addEventListener("change", otherOptions);
$("image-details").ontoggle = details;
$("image-copy").onclick = copy;
$("image-csv").onclick = download;
$("image-explain").onclick = explain;
$("image-clear").onclick = clear;
$("image-explain").hidden = !stagesOf;
store.addEventListener("emptying", (event) => entry?.unsaved && event.preventDefault());
store.addEventListener("emptied", close);
addEventListener("beforeunload", (event) => entry?.unsaved && event.preventDefault());
restore();
