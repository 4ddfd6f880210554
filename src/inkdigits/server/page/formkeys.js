// What may be said of a field, as controls: the service's schema of a key decides what its control is.

import { make } from "./dom.js";

const FROM_TO = /\s*(?:[-–,]|to)\s*/; // between the fewest and the most

/** A control for a key: {node, show(value)}. changed(value): called when somebody has said another, undefined for none. */
export function control(key, schema, changed) {
  const id = `key-${key}`;
  if (schema.enum) return select(id, schema.enum, key === "type", changed);
  if (schema.type === "boolean") return checkbox(id, changed);
  if (key === "box") return numbers(id, changed);
  return text(id, schema, changed);
}

/** A key as text. */
export function asText(value) {
  if (value === undefined) return "";
  if (!Array.isArray(value)) return String(value);
  if (typeof value[0] === "number") return value.join("-");
  return value.length === 1 ? `${value[0]}\n` : value.join("\n"); // a text without an end of a line is the name of a file
}

/** What a typed text says of a key; what it cannot be stays text, and the service says so. */
export function asValue(typed, schema) {
  const said = typed.trim();
  if (!said) return undefined;
  if (listOf(schema) === "string") return typed.includes("\n") ? said.split("\n").map((line) => line.trim()).filter(Boolean) : said;
  if (listOf(schema) === "integer") {
    const parts = said.split(FROM_TO).map(asNumber);
    return parts.length === 1 ? parts[0] : parts;
  }
  return [schema.type].flat().some((type) => type === "integer" || type === "number") ? asNumber(said) : said;
}

/** What a list has that a key may be in place of one value; undefined where it may be none. */
const listOf = (schema) => schema.oneOf?.find(({ type }) => type === "array").items.type;

const asNumber = (said) => (Number.isFinite(Number(said)) ? Number(said) : said);

/** What is being typed is said now, not when the keyboard leaves it. */
export function commit() {
  const active = document.activeElement;
  if (!active.matches("input, textarea")) return;
  active.blur();
  (document.getElementById(active.id) ?? active).focus({ preventScroll: true });
}

/** Fill an input, unless somebody is typing in it. */
export function fill(node, value) {
  if (node !== document.activeElement || !isTyping(node)) node.value = node.dataset.was = value;
}

/** Whether something was typed into an element, and not said yet. */
export const isTyping = (node) => node.matches("input[type=text], input[type=number], textarea") && node.value !== node.dataset.was;

/** Call something with what was typed into an input, once it is said. */
export function whenSaid(node, changed) {
  node.onchange = () => {
    node.dataset.was = node.value;
    changed(node.value);
  };
  return node;
}

function select(id, values, needed, changed) {
  const none = needed ? [] : [make("option", { value: "" }, "not set")];
  const node = make("select", { id }, ...none, ...values.map((value) => make("option", {}, value)));
  node.onchange = () => changed(node.value || undefined);
  return { node, show: (value) => (node.value = value ?? "") };
}

function checkbox(id, changed) {
  const node = make("input", { id, type: "checkbox" });
  node.onchange = () => changed(node.checked || undefined);
  return { node, show: (value) => (node.checked = Boolean(value)) };
}

function text(id, schema, changed) {
  const several = listOf(schema) === "string";
  const node = make(several ? "textarea" : "input", { id, autocomplete: "off", spellcheck: false });
  if (several) node.rows = 2;
  else node.type = "text";
  whenSaid(node, (typed) => changed(asValue(typed, schema)));
  return { node, show: (value) => fill(node, asText(value)) };
}

/** Left, top, width and height. */
function numbers(id, changed) {
  const inputs = ["x", "y", "width", "height"].map((name, number) =>
    make("input", { id: number ? `${id}-${name}` : id, type: "number", min: number > 1 ? 1 : 0, step: 1, ariaLabel: name, title: name }));
  for (const input of inputs) whenSaid(input, () => changed(inputs.map((one) => Number(one.value) || 0)));
  const node = make("span", { className: "numbers" }, ...inputs);
  return { node, show: (box) => box.forEach((value, number) => fill(inputs[number], value)) };
}
