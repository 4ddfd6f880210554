// One image: boxes over it, its text, its stages.

import { ask, form, inWords, readFiles, superseding } from "./api.js";
import { clearBoxes, drawBoxes } from "./boxes.js";
import { showCards } from "./cards.js";
import { $, chosen, say } from "./dom.js";
import { lookInside } from "./inside.js";
import { count, note, sentence, spoken } from "./words.js";

const latest = superseding();
let current = null; // the file
let rows = [];

/** Read a file and show it. */
export async function showImage(file) {
  current = file;
  URL.revokeObjectURL($("image-picture").src);
  $("image-picture").src = URL.createObjectURL(file);
  await read();
}

const options = () => ({ single: chosen("image-kind") === "digit", always: $("image-always").checked });

async function read() {
  if (!current) return;
  clearBoxes($("image-boxes"));
  $("image-stages").hidden = true;
  $("image-result").hidden = false;
  $("image-text").textContent = $("image-note").textContent = "";
  $("image-state").textContent = `Reading ${current.name} …`;
  try {
    const found = await latest((signal) => readFiles([current], { ...options(), signal }));
    if (!found) return; // another one is being read
    rows = found;
    $("image-state").textContent = "";
    $("image-text").textContent = rows.map((row) => row.text).join("\n\n");
    $("image-note").textContent = rows.length > 1 ? `${count(rows.length, "page")}; the boxes are those of the first.` : note(rows[0]);
    $("image-note").classList.toggle("refused", !rows[0].text);
    $("image-details").open ||= rows.some((row) => row.text.includes("?")); // the reasons are there
    say(spoken(rows[0]));
  } catch (error) {
    rows = [];
    $("image-state").textContent = sentence(inWords(error));
    say(sentence(inWords(error)));
  }
  for (const id of ["image-copy", "image-explain"]) $(id).disabled = !rows.length;
  overlay();
  details();
}

async function overlay() {
  const picture = $("image-picture");
  const shown = await picture.decode().then(() => true, () => false); // a TIFF or a PDF is read, but not shown by browsers
  picture.hidden = !shown;
  if (shown && rows.length) drawBoxes($("image-boxes"), rows[0], picture.naturalWidth, picture.naturalHeight);
}

function details() {
  const lines = rows.flatMap((row) => row.lines);
  $("image-details").hidden = !lines.length;
  $("image-cards").replaceChildren();
  if ($("image-details").open) showCards($("image-cards"), { lines }, lookInside);
}

async function explain() {
  const { single, always } = options();
  $("image-state").textContent = "Drawing the stages …";
  try {
    const answer = await latest((signal) => ask(`v1/explain?single=${single}${always ? "&threshold=0" : ""}`, form([current]), signal));
    if (!answer) return;
    const picture = $("image-stages").querySelector("img");
    URL.revokeObjectURL(picture.src);
    picture.src = URL.createObjectURL(await answer.blob());
    $("image-stages").hidden = false;
    $("image-state").textContent = "";
    say("The stages are shown below.");
  } catch (error) {
    $("image-state").textContent = sentence(inWords(error));
  }
}

async function copy() {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText($("image-text").textContent);
    say("Copied.");
    $("image-copy").textContent = "Copied";
    setTimeout(() => ($("image-copy").textContent = "Copy the text"), 1500);
  } else {
    getSelection().selectAllChildren($("image-text")); // pages that did not come over https may not copy
    $("image-state").textContent = "The text is selected: copy it with Ctrl+C, or with a long press.";
  }
}

for (const id of ["image-file", "image-photo"]) {
  $(id).onchange = ({ target }) => {
    if (target.files.length) showImage(target.files[0]);
    target.value = ""; // the same file may be chosen again
  };
}
for (const input of document.querySelectorAll("#image .choice input, #image-always")) input.addEventListener("change", read);
$("image-details").ontoggle = details;
$("image-copy").onclick = copy;
$("image-explain").onclick = explain;
