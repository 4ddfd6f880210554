// Write on the pad, and see it read.

import { inWords, origin, PAUSE, readDrawing } from "./answers.js";
import { clearBoxes, drawBoxes } from "./boxes.js";
import { showCards } from "./cards.js";
import { $, chosen, say } from "./dom.js";
import { lookInside, offer } from "./inside.js";
import { makePad } from "./pad.js";
import { superseding } from "./superseding.js";
import { digits, note, sentence, spoken } from "./words.js";

const latest = superseding();
let waiting = 0;

const pad = makePad($("pad"), began, changed);

function began() {
  clearTimeout(waiting);
  latest.stop(); // what is half written is not to be answered
  $("pad-hint").hidden = true;
  clearBoxes($("draw-boxes"));
}

function changed() {
  $("undo").disabled = !pad.canUndo;
  $("clear").disabled = pad.empty;
  $("pad-hint").hidden = !pad.empty;
  clearTimeout(waiting);
  if (pad.empty) show(null);
  else waiting = setTimeout(read, PAUSE);
}

async function read() {
  if (pad.empty) return;
  const asked = { single: chosen("draw-kind") === "digit", always: $("draw-always").checked };
  try {
    const row = await latest((signal) => readDrawing(pad.drawing, { ...asked, signal }));
    if (row) show(row);
  } catch (error) {
    $("draw-note").textContent = sentence(inWords(error));
  }
}

function show(row) {
  $("draw-text").textContent = row?.text ?? "";
  $("draw-note").textContent = row ? note(row) : "Nothing is written yet.";
  $("draw-note").classList.toggle("refused", Boolean(row && !row.text));
  if (row) {
    drawBoxes($("draw-boxes"), row, pad.size.width, pad.size.height);
    say(spoken(row));
  } else {
    latest.stop();
    clearBoxes($("draw-boxes"));
  }
  showCards($("draw-cards"), row ? [row] : [], lookInside);
  offer(row ? digits(row) : []);
}

$("undo").onclick = () => pad.undo();
$("clear").onclick = () => pad.clear();
for (const input of document.querySelectorAll("#draw input")) input.addEventListener("change", read);
origin.addEventListener("change", () => origin.reached && read());
