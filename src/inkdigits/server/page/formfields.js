// The fields in their order, and all that may be said of the one that is chosen.

import { $, make } from "./dom.js";
import { addOption, put, remove, removeCheck, rename, reorder, setKey } from "./formedits.js";
import { control, fill, whenSaid } from "./formkeys.js";
import { change, choose, field, keysOf, layout, showFault, state } from "./formstate.js";
import { sentence } from "./words.js";

let built = ""; // of what the controls are
let controls = {}; // by key

/** Show the fields of the page in their order. */
export function showList() {
  const active = document.activeElement;
  const [row, which] = $("fields").contains(active) ? [active.dataset.row, active.dataset.which] : [];
  $("fields").replaceChildren(...layout().fields.map(listRow));
  if (row === undefined) return;
  const now = which === "name" ? row : state.field; // who moves a field up moves it further up
  const again = $("fields").querySelector(`[data-row="${now}"][data-which="${which}"]`);
  (again?.disabled ? $("fields").querySelector(`[data-row="${now}"][data-which="name"]`) : again)?.focus();
}

/** Show what is said of the field that is chosen. */
export function showField() {
  const own = field();
  $("field-title").textContent = own ? own.name || "A field" : "No field is chosen";
  const key = own ? `${state.page} ${state.field} ${own.type} ${own.options?.length ?? ""}` : `${layout().fields.length > 0}`;
  if (key !== built) build(own);
  built = key;
  if (!own) return;
  for (const [name, one] of Object.entries(controls)) one.show(own[name]);
  own.options?.forEach(({ name }, number) => fill($(`option-${number}`), name));
  const mine = state.fault?.page === state.page && state.fault?.field === state.field;
  $("field-problem").textContent = mine ? sentence(state.fault.detail) : "";
}

/** Show what is said of the form, and of the page. */
export function showForm() {
  if (!$("form").childElementCount) $("form").replaceChildren(...formRows());
  fill($("form-name"), state.form.name);
  fill($("page-name"), layout().name);
  $("form-group").value = state.form.group;
  $("checks").hidden = !state.form.checks?.length;
  $("checks-list").replaceChildren(...(state.form.checks ?? []).map(checkRow));
}

function listRow(own, number) {
  const chosen = number === state.field;
  const wrong = state.fault?.page === state.page && state.fault?.field === number;
  const name = make("button", { type: "button", className: "name", ariaPressed: String(chosen) }, own.name || "no name",
    make("small", { className: "quiet" }, ` ${own.type}${wrong ? ": look at it" : ""}`));
  name.onclick = () => {
    choose(number);
    $("field-title").scrollIntoView({ block: "nearest" });
  };
  const mover = (by, sign, word) => {
    const button = make("button", { type: "button", className: "small", ariaLabel: `Move ${own.name} ${word}` }, sign);
    button.disabled = !(number + by in layout().fields);
    button.onclick = () => reorder(number, by);
    Object.assign(button.dataset, { row: number, which: word });
    return button;
  };
  Object.assign(name.dataset, { row: number, which: "name" });
  const className = [chosen && "chosen", wrong && "wrong"].filter(Boolean).join(" ");
  return make("li", { className }, name, mover(-1, "↑", "up"), mover(1, "↓", "down"));
}

/** The controls of a field, anew; the keyboard stays where it was. */
function build(own) {
  const focused = document.activeElement?.id;
  controls = {};
  const rows = own ? keysOf(own.type).filter(([key]) => key !== "options").map(([key, schema]) => keyRow(key, schema)) : [];
  const options = own && keysOf(own.type).find(([key]) => key === "options");
  if (options) rows.push(optionRows(own, options[1]));
  if (own) rows.push(make("p", { id: "field-problem", className: "problem", role: "alert" }), removeRow());
  else rows.push(make("p", { className: "quiet" }, "Draw one on the page, or choose one there or below."));
  $("field").replaceChildren(...rows);
  if (focused && document.activeElement?.id !== focused) $(focused)?.focus();
}

function keyRow(key, schema) {
  const one = (controls[key] = control(key, schema, (value) => said(key, value)));
  const hint = schema.description ? [make("small", { id: `hint-${key}`, className: "quiet" }, schema.description)] : [];
  if (hint.length) one.node.setAttribute("aria-describedby", `hint-${key} field-problem`);
  return make("p", { className: "key" }, make("label", { htmlFor: `key-${key}` }, key), one.node, ...hint);
}

function said(key, value) {
  choose(state.field);
  if (key === "box") return put(value, null), showField(); // as near to what was typed as it can be
  if (key !== "name") return setKey(key, value);
  const why = rename(value ?? "");
  if (why) showFault({ detail: why, page: state.page, field: state.field });
}

function removeRow() {
  const button = make("button", { type: "button", className: "small" }, "Delete this field");
  button.onclick = () => {
    state.option = null;
    remove();
  };
  return make("p", { className: "tools" }, button);
}

function optionRows(own, schema) {
  const rows = (own.options ?? []).map((one, number) => {
    const input = make("input", { id: `option-${number}`, type: "text", autocomplete: "off", ariaLabel: `Name of option ${number + 1}` });
    input.onfocus = () => choose(state.field, number);
    whenSaid(input, (typed) => change(null, () => (field().options[number].name = typed.trim())));
    const button = make("button", { type: "button", className: "small", ariaLabel: `Delete ${one.name}` }, "×");
    button.onclick = () => {
      state.option = number;
      remove();
    };
    return make("li", {}, input, button);
  });
  const add = make("button", { id: "add-option", type: "button", className: "small" }, "Add an option");
  add.onclick = addOption;
  return make("fieldset", { className: "key" }, make("legend", {}, "options"), make("small", { className: "quiet" }, schema.description),
    make("ul", {}, ...rows), add);
}

function formRows() {
  const row = (id, label, node) => make("p", { className: "key" }, make("label", { htmlFor: id }, label), Object.assign(node, { id }));
  const input = (put) => whenSaid(make("input", { type: "text", autocomplete: "off" }), (typed) => change(null, () => put(typed.trim())));
  const name = input((typed) => (state.form.name = typed));
  const page = input((typed) => (layout().name = typed));
  const group = make("select", { onchange: () => change(null, (form) => (form.group = group.value)) },
    ...state.offered.groups.map((value) => make("option", { value }, `each ${value}`)));
  return [row("form-name", "name", name), row("page-name", "this page", page), row("form-group", "a form is", group)];
}

function checkRow({ check, of, is }, number) {
  const said = check === "sum" ? `${of.join(" + ")} = ${is}` : of.join(check === "order" ? " ≤ " : " = ");
  const button = make("button", { type: "button", className: "small", ariaLabel: `Delete the check ${said}` }, "×");
  button.onclick = () => removeCheck(number);
  return make("li", {}, make("span", {}, said), button);
}
