// A value beside its picture, and a form of such values.

import { $, make } from "./dom.js";
import { sentence } from "./words.js";

/** Show one value. field: as the service gives it; once it was refused also {problem, typed}. */
export function showField(field) {
  const page = field.page > 1 ? `, page ${field.page}` : "";
  $("field-title").replaceChildren(field.name, make("small", { className: "quiet" }, ` ${field.source}${page}`));
  picture($("field-crop"), field);
  const text = $("field-text");
  Object.assign(text, { value: field.typed ?? field.text, inputMode: mode(field) });
  $("field-problem").textContent = field.problem ? `${sentence(field.problem)} Enter keeps it as it stands.` : "";
  $("field-note").textContent = hint(field);
  text.focus();
  text.select();
}

/** The value is said, and the next is not there yet. */
export function waitForField() {
  for (const id of ["field-problem", "field-note"]) $(id).textContent = "";
  $("field-title").textContent = "…";
  $("field-crop").hidden = true;
  $("field-text").value = "";
}

/** Show a form. */
export function showForm(form) {
  $("form-title").textContent = form.source + (form.page > 1 ? `, page ${form.page}` : "");
  $("form-said").textContent = sentence(form.said);
  $("form-picture").hidden = !form.picture;
  if (form.picture) $("form-picture").src = `data:image/jpeg;base64,${form.picture}`;
  else $("form-picture").removeAttribute("src");
  $("form-fields").replaceChildren(...form.fields.map(row));
  const first = $("form-fields").querySelector("input");
  first?.focus();
  first?.select();
}

/** What is said of each field of the form that is shown: the corrections that were there, and the text. */
export const saidOfForm = (form) =>
  Object.fromEntries(form.fields.map((field) => [field.field, [field.sequence, $(`value-${field.field}`).value]]));

/** Say beside the fields why they cannot be so. */
export function showProblems(form, problems, detail) {
  for (const { field } of form.fields) $(`problem-${field}`).textContent = problems[field] ? sentence(problems[field]) : "";
  $("form-said").textContent = `${sentence(detail)} Ctrl+Enter, or the button, keeps it as it stands.`;
  const first = form.fields.find(({ field }) => problems[field]);
  $(`value-${first?.field}`)?.focus();
}

/** Go on to the next value of the form; false from the last one. */
export function nextOfForm(input) {
  const every = [...$("form-fields").querySelectorAll("input")];
  const next = every[every.indexOf(input) + 1];
  next?.focus();
  next?.select();
  next?.scrollIntoView({ block: "nearest" });
  return Boolean(next);
}

function row(field) {
  const shown = make("img", { className: "crop" });
  picture(shown, field);
  const id = `value-${field.field}`;
  const input = make("input", { id, type: "text", value: field.text, autocomplete: "off", spellcheck: false, inputMode: mode(field) });
  const label = make("label", { htmlFor: id }, field.name);
  const problem = make("p", { id: `problem-${field.field}`, className: "problem" }, field.note ? sentence(field.note) : "");
  return make("li", {}, label, shown, input, problem);
}

function picture(image, field) {
  image.hidden = !field.crop;
  image.alt = `The writing: ${field.name}`;
  if (field.crop) image.src = `data:image/png;base64,${field.crop}`;
  else image.removeAttribute("src");
}

const mode = ({ keyed }) => (keyed ? "numeric" : "text");

function hint(field) {
  const said = [sentence(field.note)];
  if (field.type === "tick") said.push("y for ticked, n for not.");
  if (field.options.length) said.push(field.options.map((name, k) => `${k + 1} ${name}`).join(", ") + (field.many ? "; + between several." : "."));
  return said.filter(Boolean).join(" ");
}
