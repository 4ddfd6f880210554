// The review: digits, values and forms of a store, one after the other, by keyboard alone.

import { ask, inWords, service } from "./api.js";
import { $, say } from "./dom.js";
import { keyOfDigits, saidOfDigits, showDigits } from "./reviewdigits.js";
import { nextOfForm, saidOfForm, showField, showForm, showProblems, waitForField } from "./reviewfields.js";
import { newToken, outbox, send, sendLeft, sent, session } from "./reviewsend.js";

const NAME = "inkdigits-reviewer";
const FEW = 5; // values that are left of those given to us when more are asked for
const LOOK_AGAIN = 4000; // milliseconds after which the service is asked whether there is something to look at again
const PATH = "v1/review";
const SECTIONS = ["digit", "field", "form", "nothing"];

let stage = null; // what is shown
let wanted = null; // what was asked for, null for the first that has work
let fields = []; // that are given to us, the first of them is shown
let form = null;
let insist = false; // what the form says is kept though it cannot be
let waiting = 0;
let asking = false;
let moving = Promise.resolve();

const me = () => ({ reviewer: localStorage[NAME], session });

/** One step at a time: what gives work out waits until all that was said is there. */
const after = (step) => (moving = moving.then(step, step));

async function next() {
  clearTimeout(waiting);
  if (stage === "field" && fields.length) return showField(fields[0]);
  if (stage === "field") waitForField();
  await sent();
  if (fields.length) return show({ stage: "field", fields: [] }); // some came back
  try {
    show(await (await ask(`${PATH}/work`, { ...me(), ...(wanted && { stage: wanted }) })).json());
  } catch (error) {
    told(error.status === 404 ? "This service has no store: start it with inkdigits serve --store STORE." : inWords(error));
    if (error.status !== 404) waiting = setTimeout(() => after(next), LOOK_AGAIN);
  }
}

function show(batch) {
  stage = batch.stage ?? "nothing";
  if (stage !== "field") fields = []; // they stay ours, and come again
  if (batch.progress) progress(batch.progress);
  for (const name of SECTIONS) $(name).hidden = name !== stage;
  for (const radio of document.querySelectorAll("input[name=stage]")) radio.checked = radio.value === (batch.stage ?? wanted);
  if (stage === "digit") showDigits(batch);
  if (stage === "field") {
    fields.unshift(...batch.fields);
    fields = fields.filter((one, place) => fields.findIndex(({ task }) => task === one.task) === place);
    showField(fields[0]);
  }
  if (stage === "form") {
    form = batch.form;
    insist = false;
    showForm(form);
  }
  if (stage === "nothing") {
    say($("nothing-title").textContent);
    waiting = setTimeout(() => after(next), LOOK_AGAIN); // somebody may leave work lying, a run may add some
  }
}

function progress({ left, estimate }) {
  for (const [kind, number] of Object.entries(left)) $(`left-${kind}`).textContent = number.toLocaleString("en");
  $("estimate").textContent = inSentences(estimate);
  $("nothing-title").textContent = Object.values(left).some(Boolean)
    ? `Nothing is left ${wanted ? "of this kind" : ""} that others are not looking at` : "Nothing is left to look at";
}

function inSentences({ looked, wrong, unseen, share, low, high }) {
  const of = `Of ${unseen.toLocaleString("en")} values that nobody looks at, `;
  if (!looked) return `${of}how many are wrong is not known yet: some sure ones are among the values, to find out.`;
  const percent = (p) => `${(100 * p).toFixed(p < 0.1 ? 2 : 1)} %`;
  const seen = `${wrong} of ${looked} that were looked at at random ${wrong === 1 ? "was" : "were"}`;
  return `${of}${percent(share)} are wrong, ${percent(low)} to ${percent(high)} with 95 % confidence: ${seen}.`;
}

// What is said

function settled(what, refused) {
  return (answer, error) => {
    if (answer?.progress) progress(answer.progress);
    if (!error) return;
    if (error.status === 422) refused?.(error);
    else told(`${what}: ${error.message}. What you said of it is not kept.`);
  };
}

function sayField() {
  const field = fields.shift();
  if (!field) return;
  const text = $("field-text").value;
  const body = { ...me(), token: newToken(), task: field.task, sequence: field.sequence, text };
  body.insist = Boolean(field.problem) && text === field.typed;
  told("");
  send(`${PATH}/field`, body, settled(field.name, (error) => {
    const again = { ...field, typed: text, problem: error.message };
    fields.splice(stage === "field" && fields.length ? 1 : 0, 0, again); // what is being typed now is not disturbed
  }));
  if (fields.length) showField(fields[0]);
  else after(next);
  if (fields.length <= FEW) askForMore();
}

/** Have the next values before these are done: nobody waits for them. */
async function askForMore() {
  if (asking) return;
  asking = true;
  try {
    const batch = await (await ask(`${PATH}/work`, { ...me(), stage: "field", more: true })).json();
    if (batch.stage && stage === "field") fields.push(...batch.fields);
  } catch (error) {
    inWords(error); // what is wrong is said where there is nothing left to do
  }
  asking = false;
}

function sayDigits() {
  told("");
  send(`${PATH}/digits`, { ...me(), token: newToken(), said: saidOfDigits() }, settled("These digits"));
  after(next);
}

function sayForm() {
  const shown = form;
  const body = { ...me(), token: newToken(), task: shown.task, said: saidOfForm(shown), insist };
  let kept = true;
  told("");
  send(`${PATH}/form`, body, settled("This form", (error) => {
    kept = false;
    insist = true;
    showProblems(shown, error.said?.problems ?? {}, error.message);
  }));
  after(async () => {
    await sent();
    if (kept) await next();
  });
}

function undo() {
  after(async () => {
    await sent();
    try {
      show(await (await ask(`${PATH}/undo`, { ...me(), token: newToken() })).json());
      told("");
      say("Taken back");
    } catch (error) {
      told(inWords(error));
    }
  });
}

function told(text) {
  $("message").hidden = !text;
  $("message").textContent = text;
}

// Keys

addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]") || event.isComposing) return;
  const mine = keys(event);
  if (mine) event.preventDefault();
});

function keys(event) {
  const { key, ctrlKey, metaKey, target } = event;
  const command = ctrlKey || metaKey;
  if (command && key.toLowerCase() === "z" && !typing(target)) return undo(), true;
  if (event.altKey || (command && key !== "Enter")) return false;
  if (stage === "digit" && !target.closest(".tools")) return key === "Enter" ? (sayDigits(), true) : keyOfDigits(event);
  if (stage === "field" && key === "Escape" && fields.length) {
    fields[0] = { ...fields[0], typed: undefined, problem: "" };
    return showField(fields[0]), true;
  }
  if (stage === "form" && key === "Enter" && target.tagName === "INPUT" && target.type === "text") {
    if (command || !nextOfForm(target)) sayForm();
    return true;
  }
  return false;
}

/** Whether the browser's own undo has something to take back. */
function typing(target) {
  if (target.tagName !== "INPUT" || target.type !== "text") return false;
  if (target.id === "field-text") return target.value !== (fields[0]?.typed ?? fields[0]?.text ?? "");
  return target.value !== target.defaultValue;
}

$("field-form").onsubmit = (event) => (event.preventDefault(), sayField());
$("form-form").onsubmit = (event) => (event.preventDefault(), sayForm());
$("digit-done").onclick = sayDigits;
$("undo").onclick = undo;
for (const radio of document.querySelectorAll("input[name=stage]")) {
  radio.onchange = () => {
    wanted = radio.value;
    fields = [];
    stage = null;
    after(next);
  };
}

// The service, and who reviews

outbox.addEventListener("change", () => {
  $("unsent").textContent = outbox.unsent > 1 || outbox.why ? `${outbox.unsent} on the way` : "";
  $("unreached").hidden = !outbox.why;
  $("unreached").textContent = `${outbox.why}. What you say is kept in this browser until the service has it.`;
});
service.addEventListener("change", () => {
  if (!service.reached && !outbox.unsent) told("The service is not reached.");
  if (service.reached) told("");
});

function askForName() {
  const dialog = $("name");
  $("name-value").value = localStorage[NAME] ?? "";
  dialog.querySelector("form").onsubmit = (event) => {
    event.preventDefault();
    const name = $("name-value").value.trim();
    if (!name) return;
    localStorage[NAME] = name;
    dialog.close();
    begin();
  };
  dialog.oncancel = (event) => !localStorage[NAME] && event.preventDefault();
  dialog.showModal();
}

function begin() {
  $("who").hidden = false;
  $("who").textContent = localStorage[NAME];
  $("who").title = "Somebody else reviews";
  after(next);
}

async function showFormName() {
  try {
    $("form-name").textContent = (await (await ask(PATH)).json()).form;
  } catch (error) {
    inWords(error); // what is wrong is said where work is asked for
  }
}

$("who").onclick = askForName;
sendLeft(settled("What you said before this page was closed"));
showFormName();
if (localStorage[NAME]) begin();
else askForName();
