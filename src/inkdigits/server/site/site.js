// The site: what is written or chosen is read here, in the browser, by reader.js.

import { clearBoxes, drawBoxes, drawOver } from "./boxes.js";
import { $, say } from "./dom.js";
import { account } from "./leftout.js";
import { makePad } from "./pad.js";
import { Reader } from "./reader.js";
import { drawn, enlarged } from "./strokes.js";
import { note, sentence, spoken, sureness, why } from "./words.js";

const loading = Reader.load();
let writing = 0; // counts changes of the pad: a late answer is not shown
let looking = 0; // counts images
let chosen = null; // the image that is shown

const pad = makePad($("pad"), began, changed);
const options = () => ({ threshold: $("always").checked ? 0 : null });

function began() {
  writing += 1; // what is half written is not to be answered
  $("pad-hint").hidden = true;
  clearBoxes($("draw-boxes"));
}

function changed() {
  writing += 1;
  $("undo").disabled = !pad.canUndo;
  $("clear").disabled = pad.empty;
  $("pad-hint").hidden = !pad.empty;
  if (pad.empty) showDrawing(null);
  else readDrawing();
}

async function readDrawing() {
  const mine = writing;
  try {
    const reader = await loading;
    if (mine !== writing) return; // more was written while the networks were loaded
    const { canvas, unit } = drawn(pad.drawing);
    const row = await reader.read(canvas, options());
    if (mine === writing) showDrawing(enlarged(row, unit));
  } catch (error) {
    $("draw-note").textContent = sentence(error.message);
  }
}

function showDrawing(row) {
  $("draw-text").textContent = row?.text ?? "";
  $("draw-note").textContent = row ? note(row) : "Nothing is written yet.";
  $("draw-why").textContent = row ? doubt(row) : "";
  $("draw-note").classList.toggle("refused", Boolean(row && !row.text));
  if (!row) return clearBoxes($("draw-boxes"));
  drawBoxes($("draw-boxes"), row, pad.size.width, pad.size.height);
  say(spoken(row));
}

/** Why the first "?" of a text is one. */
const doubt = (row) => (row.text ? sentence(why(row)) : "");

async function showImage(file) {
  if (!file) return;
  chosen = file;
  URL.revokeObjectURL($("image-picture").src);
  $("image-picture").src = URL.createObjectURL(file);
  $("image-result").hidden = false;
  await readImage();
  $("image-result").scrollIntoView({ block: "nearest" });
}

async function readImage() {
  const mine = (looking += 1);
  $("image-text").textContent = "";
  $("image-why").textContent = "";
  $("image-account").replaceChildren();
  clearBoxes($("image-boxes"));
  $("image-note").textContent = `Reading ${chosen.name || "the image"} …`;
  try {
    const row = await (await loading).read(chosen, options());
    if (mine !== looking) return;
    $("image-text").textContent = row.text;
    $("image-note").textContent = sureness(row);
    $("image-why").textContent = doubt(row);
    $("image-note").classList.toggle("refused", !row.text);
    $("image-account").replaceChildren(...account(row));
    say(spoken(row));
    await drawOver($("image-picture"), $("image-boxes"), row);
  } catch (error) {
    if (mine === looking) $("image-note").textContent = sentence(error.message);
  }
}

/** Delete what the browser keeps of this site: its files, and the worker that keeps them. */
async function forget() {
  const here = await navigator.serviceWorker?.getRegistration();
  const mine = (await caches.keys()).filter((name) => here && name.startsWith(`inkdigits-site ${here.scope} `));
  await Promise.all(mine.map((name) => caches.delete(name)));
  await here?.unregister();
  $("forget-state").textContent = "Deleted: nothing of this page is stored. The next visit stores its files again.";
  say($("forget-state").textContent);
}

$("undo").onclick = () => pad.undo();
$("clear").onclick = () => pad.clear();
$("forget").onclick = forget;
$("always").onchange = () => {
  if (!pad.empty) readDrawing();
  if (chosen) readImage();
};
for (const id of ["image-file", "image-photo"]) {
  $(id).onchange = ({ target }) => {
    showImage(target.files[0]);
    target.value = ""; // the same file may be chosen again
  };
}
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  showImage(event.dataTransfer.files[0]);
});
addEventListener("paste", (event) => showImage(event.clipboardData.files[0]));
navigator.serviceWorker?.register("sw.js");
loading.then(
  () => pad.empty && showDrawing(null),
  (error) => ($("draw-note").textContent = sentence(error.message)),
);
