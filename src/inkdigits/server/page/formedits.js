// What can be done to a form: fields added, moved, resized, ordered, renamed, and what hangs on that.

import { change, choose, field, layout, place, state } from "./formstate.js";

const SHARE = [0.2, 0.03]; // of the page's width and height that a new field has that is not drawn
const LEAST = 4; // pixels: no box is smaller

/** The box itself, as near as it can be inside the page that is shown. */
export function inside([x, y, w, h]) {
  const [width, height] = layout().size;
  const [wide, high] = [clamp(Math.round(w), LEAST, width), clamp(Math.round(h), LEAST, height)];
  return [clamp(Math.round(x), 0, width - wide), clamp(Math.round(y), 0, height - high), wide, high];
}

/** The box between two corners. */
export const between = ([x, y], [right, bottom]) => [Math.min(x, right), Math.min(y, bottom), Math.abs(right - x), Math.abs(bottom - y)];

/** Add a field with a box, and choose it. */
export function addField(box) {
  change(null, () => {
    layout().fields.push({ name: freeName("field-", everyName()), box: inside(box), type: state.offered.keys.type.schema.enum[0] });
    Object.assign(state, { field: layout().fields.length - 1, option: null });
  });
}

/** Add a field in the middle of what is seen: x, y, width, height. */
export function addFieldIn([x, y, w, h]) {
  const [wide, high] = layout().size.map((side, axis) => side * SHARE[axis]);
  addField([x + (w - wide) / 2, y + (h - high) / 2, wide, high]);
}

/** Add fields that do not lie on any that there are; returns how many. */
export function addProposed(fields) {
  const fresh = fields.filter(({ box }) => !layout().fields.some((own) => overlap(own.box, box)));
  if (!fresh.length) return 0;
  change(null, () => {
    for (const own of fresh) layout().fields.push({ ...own, name: freeName("field-", everyName()) });
  });
  return fresh.length;
}

/** Add an option to the field that is chosen, right of its last one, and choose it. */
export function addOption() {
  const { box: [x, y, , h], options = [] } = field();
  const last = options.at(-1)?.box;
  const box = inside(last ? [last[0] + 2 * last[2], last[1], last[2], last[3]] : [x, y, h, h]);
  const name = freeName("option-", options.map((one) => one.name));
  change(null, () => {
    field().options = [...options, { name, box }];
    state.option = options.length;
  });
}

/** Take away what is chosen: a field, or one of its options. */
export function remove() {
  if (!place()) return;
  change(null, () => {
    if (state.option !== null) {
      field().options.splice(state.option, 1);
      state.option = null;
    } else {
      layout().fields.splice(state.field, 1);
      state.field = null;
    }
  });
}

/** Move what is chosen by some pixels; the options of a field go with it. what: as of `change`. */
export function move(dx, dy, what) {
  const [x, y, w, h] = place().box;
  const [left, top] = inside([x + dx, y + dy, w, h]);
  put([left, top, w, h], what);
}

/** Give what is chosen another box. Where only its place is another, the options of a field go with it. what: as of `change`. */
export function put(box, what) {
  const [x, y, w, h] = place().box;
  const now = inside(box);
  if (String(now) === String(place().box)) return;
  const moves = now[2] === w && now[3] === h;
  change(what, () => {
    for (const one of (moves && state.option === null && field().options) || []) {
      one.box = inside([one.box[0] + now[0] - x, one.box[1] + now[1] - y, one.box[2], one.box[3]]);
    }
    place().box = now;
  });
}

/** Put a field of the page one place up (-1) or down (1). */
export function reorder(from, by) {
  const to = from + by;
  const { fields } = layout();
  if (to < 0 || to >= fields.length) return;
  change(null, () => {
    fields.splice(to, 0, ...fields.splice(from, 1));
    Object.assign(state, { field: to, option: null });
  });
}

/** Give the field that is chosen another name, in the checks across fields too; why not, where that cannot be. */
export function rename(name) {
  const own = field();
  if (name === own.name) return "";
  if (layout().fields.some((other) => other !== own && other.name === name)) return `another field of this page has the name ${name}`;
  change(null, (form) => {
    const before = own.name;
    own.name = name;
    if (everyName().includes(before)) return; // a field of another page is still called so
    for (const check of form.checks ?? []) {
      check.of = check.of.map((one) => (one === before ? name : one));
      if (check.is === before) check.is = name;
    }
  });
  return "";
}

/** Give a key of the field that is chosen a value; undefined takes it away. A type takes the keys away that it does not have. */
export function setKey(key, value) {
  change(null, () => {
    const own = field();
    if (value === undefined) delete own[key];
    else own[key] = value;
    if (key !== "type") return;
    state.option = null;
    for (const one of Object.keys(own)) if (!state.offered.keys[one].types.includes(value)) delete own[one];
  });
}

/** Take away a check across fields. */
export const removeCheck = (number) => change(null, (form) => form.checks.splice(number, 1));

/** Show another page. */
export const showPage = (page) => choose(null, null, page);

const everyName = () => state.form.pages.flatMap(({ fields }) => fields.map(({ name }) => name));

function freeName(begin, taken) {
  let number = 1;
  while (taken.includes(`${begin}${number}`)) number++;
  return `${begin}${number}`;
}

const overlap = ([x, y, w, h], [left, top, wide, high]) => x < left + wide && left < x + w && y < top + high && top < y + h;
const clamp = (value, least, most) => Math.max(least, Math.min(value, most));
