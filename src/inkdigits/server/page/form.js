// The form editor: a form.json is loaded, changed, tried on scans, and saved.

import { ask, inWords, service, ServiceError } from "./api.js";
import { $, make, say } from "./dom.js";
import { addProposed, showPage } from "./formedits.js";
import { showField, showForm, showList } from "./formfields.js";
import { commit, isTyping } from "./formkeys.js";
import { addHere, focusChosen, showPaper, showPlaces } from "./formpage.js";
import { canRedo, canUndo, isChanged, redo, saved, showFault, state, take, undo } from "./formstate.js";
import { tryOn } from "./formtry.js";
import { count, sentence } from "./words.js";

const PATH = "v1/form";

const papers = new Map(); // the images of pages, by number, as addresses of blobs
let shown = null; // the page whose image is shown
let busy = false;

async function load(undoable = false) {
  try {
    begin(await (await ask(PATH)).json(), undoable);
  } catch (error) {
    told(error.status === 404 ? "This service edits no form: start it with inkdigits serve --form form.json." : inWords(error));
  }
}

function begin(answer, undoable = false) {
  $("file").textContent = answer.file;
  $("begin").hidden = Boolean(answer.form);
  $("editor").hidden = !answer.form;
  $("again").hidden = true;
  told("");
  papers.forEach((address) => URL.revokeObjectURL(address));
  papers.clear();
  shown = null;
  if (answer.form) take(answer, { undoable });
}

/** A form is begun with a blank. */
async function beginWith(blank) {
  $("begin-state").textContent = `${blank.name} is looked through …`;
  try {
    begin(await (await ask(`${PATH}/new?name=${encodeURIComponent(blank.name)}`, blank)).json());
    say(`${count(state.form.pages.flatMap(({ fields }) => fields).length, "field")} found.`);
  } catch (error) {
    $("begin-state").textContent = sentence(inWords(error));
  }
}

async function save() {
  if (busy) return;
  state.fault = null;
  commit();
  if (state.fault) return;
  const body = { version: state.version, form: state.form };
  const text = JSON.stringify(state.form);
  await doing(async () => {
    const { version } = await (await ask(`${PATH}/save`, body)).json();
    saved(text, version);
    say("Saved");
  });
}

async function propose() {
  await doing(async () => {
    const page = state.page;
    const { fields } = await (await ask(`${PATH}/propose`, { page })).json();
    if (page !== state.page) return;
    const added = addProposed(fields);
    say(added ? `${count(added, "field")} added.` : "Nothing was found that is no field already.");
    $("kept").textContent = $("said").textContent;
  });
}

/** Do something that the service has a say in, and tell what it has against it. */
async function doing(what) {
  busy = true;
  told("");
  try {
    await what();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (error.said?.page != null) {
      showFault(error.said);
      $("field-problem")?.scrollIntoView({ block: "center" });
    } else told(sentence(error.message));
    $("again").hidden = error.status !== 409;
  } finally {
    busy = false;
  }
}

function show() {
  showPages();
  showPlaces();
  showList();
  showField();
  showForm();
  $("undo").disabled = !canUndo();
  $("redo").disabled = !canRedo();
  $("kept").textContent = isChanged() ? "has changes that are not saved" : "is saved";
  const { fault } = state;
  if (fault && fault.field == null) told(sentence(fault.detail));
  if (shown !== state.page) showImage();
}

function showPages() {
  $("pages").hidden = state.form.pages.length < 2;
  const radios = [...document.querySelectorAll("input[name=page]")];
  if (radios.length !== state.form.pages.length) {
    $("pages").querySelectorAll("label").forEach((label) => label.remove());
    $("pages").append(...state.form.pages.map((_, number) => {
      const radio = make("input", { type: "radio", name: "page", value: number, onchange: () => showPage(number) });
      return make("label", {}, radio, make("span"));
    }));
  }
  for (const radio of document.querySelectorAll("input[name=page]")) {
    radio.checked = Number(radio.value) === state.page;
    radio.nextSibling.textContent = state.form.pages[radio.value].name;
  }
}

async function showImage() {
  const page = (shown = state.page);
  showPaper(papers.get(page) ?? "");
  if (papers.has(page)) return;
  try {
    const image = await (await ask(`${PATH}/page/${page}`)).blob();
    papers.set(page, URL.createObjectURL(image));
    if (page === state.page) showPaper(papers.get(page));
  } catch (error) {
    told(inWords(error));
  }
}

function told(text) {
  $("message").hidden = !text;
  $("message").textContent = text;
}

/** What is dropped is the blank where there is no form yet, else a scan. */
function given([file]) {
  if (!file) return;
  if (state.form) tryOn(file);
  else if (!$("begin").hidden) beginWith(file);
}

for (const id of ["blank", "scan"]) {
  $(id).onchange = ({ target }) => {
    given(target.files);
    target.value = "";
  };
}
for (const id of ["field", "form"]) $(id).onsubmit = (event) => event.preventDefault();
$("save").onclick = save;
$("propose").onclick = propose;
$("add").onclick = addHere;
$("reload").onclick = () => load(true);
$("undo").onclick = undo;
$("redo").onclick = redo;
state.addEventListener("change", show);
service.addEventListener("change", () => told(service.reached ? "" : "The service is not reached. What you have here stays."));
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  given(event.dataTransfer.files);
});
addEventListener("beforeunload", (event) => isChanged() && event.preventDefault());

addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]") || !state.form || event.altKey || !(event.ctrlKey || event.metaKey)) return;
  const key = event.key.toLowerCase();
  const back = key === "z" && !event.shiftKey;
  const again = key === "y" || (key === "z" && event.shiftKey);
  if (key !== "s" && (!(back || again) || isTyping(event.target))) return;
  event.preventDefault();
  if (key === "s") return save();
  (back ? undo : redo)();
  if (event.target.closest("#places")) focusChosen();
});

load();
