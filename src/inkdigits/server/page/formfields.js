// The fields in their order, and all that may be said of the one that is chosen.

import { $, make } from "./dom.js";
import { addOption, put, remove, removeCheck, rename, reorder, setKey } from "./formedits.js";
import { control, fill, whenSaid } from "./formkeys.js";
import { change, choose, field, keysOf, layout, showFault, state } from "./formstate.js";
import { sentence } from "./words.js";

let built = ""; // of what the controls are
let controls = {}; // by key

/** Show the fields of the page in their order. Who moves one up with the keyboard moves it further up with the next key. */
export function showList() {
  const { which, row } = $("fields").contains(document.activeElement) ? document.activeElement.dataset : {};
  const rows = keptRows($("fields"), layout().fields.length, newRow);
  layout().fields.forEach((own, number) => showRow(rows[number], own, number));
  if (!which || which === "name" || Number(row) === state.field) return;
  const [name, ...movers] = rows[state.field]?.children ?? [];
  (movers.find((one) => one.dataset.which === which && !one.disabled) ?? name)?.focus();
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
  const rows = keptRows($("checks-list"), state.form.checks?.length ?? 0, newCheck);
  state.form.checks?.forEach((check, number) => showCheck(rows[number], check));
}

/** The rows of a list, so many, those that there are kept: a button that is being clicked stays where it is. */
function keptRows(list, count, made) {
  while (list.childElementCount > count) list.lastChild.remove();
  while (list.childElementCount < count) list.append(made(list.childElementCount));
  return [...list.children];
}

function newRow(number) {
  const button = (which, className, onclick, ...inside) => {
    const node = make("button", { type: "button", className, onclick }, ...inside);
    Object.assign(node.dataset, { row: number, which });
    return node;
  };
  const open = () => {
    choose(number);
    $("field-title").scrollIntoView({ block: "nearest" });
  };
  return make("li", {}, button("name", "name", open, make("span"), make("small", { className: "quiet" })),
    button("up", "small", () => reorder(number, -1), "↑"), button("down", "small", () => reorder(number, 1), "↓"));
}

function showRow(row, own, number) {
  const [chosen, wrong] = [number === state.field, state.fault?.page === state.page && state.fault?.field === number];
  const [name, up, down] = row.children;
  row.className = [chosen && "chosen", wrong && "wrong"].filter(Boolean).join(" ");
  name.ariaPressed = String(chosen);
  name.children[0].textContent = own.name || "no name";
  name.children[1].textContent = ` ${own.type}${wrong ? ": look at it" : ""}`;
  up.ariaLabel = `Move ${own.name} up`;
  up.disabled = number === 0;
  down.ariaLabel = `Move ${own.name} down`;
  down.disabled = number === layout().fields.length - 1;
}

/** The controls of a field, anew; the keyboard stays where it was. */
function build(own) {
  const focused = document.activeElement?.id;
  controls = {};
  const rows = own ? keysOf(own.type).map(([key, schema]) => (key === "options" ? optionRows(own, schema) : keyRow(key, schema))) : [];
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

function newCheck(number) {
  const button = make("button", { type: "button", className: "small", onclick: () => removeCheck(number) }, "×");
  return make("li", {}, make("span"), button);
}

function showCheck(row, { check, of, is }) {
  const said = check === "sum" ? `${of.join(" + ")} = ${is}` : of.join(check === "order" ? " ≤ " : " = ");
  row.children[0].textContent = said;
  row.children[1].ariaLabel = `Delete the check ${said}`;
}
