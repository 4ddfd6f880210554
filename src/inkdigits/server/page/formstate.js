// The form as it stands in the editor: what is chosen, what was changed, and the way back.

const MOST = 200; // changes that can be taken back

/** Tells of `change`. form: as form.json has it, null before it is loaded. version: of the file it was loaded from. offered: what the
 *  service says that there is. page, field, option: what is chosen, by place; field and option may be null. fault: what the service found
 *  wrong: {detail, page, field}, or null. */
export const state = Object.assign(new EventTarget(), {
  form: null, version: null, offered: null, page: 0, field: null, option: null, fault: null,
});

let past = [];
let future = [];
let kept = ""; // the form as the file has it
let last = null; // what was changed last: more of the same is one step back

/** The page that is shown. */
export const layout = () => state.form.pages[state.page];

/** The field that is chosen, or null. */
export const field = () => (state.field === null ? null : layout().fields[state.field]);

/** What is chosen and has a box: a field, or an option of one; null for nothing. */
export const place = () => (state.option === null ? field() : field().options[state.option]);

/** The keys that a type of field has, each with its schema. */
export function keysOf(type) {
  return Object.entries(state.offered.keys).filter(([, { types }]) => types.includes(type)).map(([key, { schema }]) => [key, schema]);
}

/** Whether there is something that is not saved. */
export const isChanged = () => Boolean(state.form) && JSON.stringify(state.form) !== kept;

export const canUndo = () => past.length > 0;
export const canRedo = () => future.length > 0;

/** Take a form over from the service. With `undoable` what was here before can be brought back. */
export function take({ form, version, ...offered }, { undoable = false } = {}) {
  if (undoable) past.push(snapshot());
  else past = [];
  const page = Math.min(state.page, form.pages.length - 1);
  Object.assign(state, { form, version, offered, page, field: null, option: null, fault: null });
  [future, last, kept] = [[], null, JSON.stringify(form)];
  changed();
}

/** The form is saved as it was when `text` was its JSON. */
export function saved(text, version) {
  Object.assign(state, { version, fault: null });
  kept = text;
  changed();
}

/** Change the form: edit(form). what: changes of the same name, one after the other, are taken back together; null for one of its own. */
export function change(what, edit) {
  const before = snapshot();
  edit(state.form);
  if (JSON.stringify(state.form) !== before.form) {
    if (what === null || what !== last) past = [...past, before].slice(-MOST);
    [future, last, state.fault] = [[], what, null];
  }
  changed();
}

/** What comes now is another change, whatever it is. */
export const settle = () => (last = null);

export const undo = () => step(past, future);
export const redo = () => step(future, past);

/** Choose a field, and perhaps one of its options, of the page that is shown or of another one. */
export function choose(field, option = null, page = state.page) {
  if (field === state.field && option === state.option && page === state.page) return;
  Object.assign(state, { page, field, option });
  last = null;
  changed();
}

/** Say what is wrong with the form, and go there. fault: {detail, page, field}, the field null where it is about none. */
export function showFault(fault) {
  Object.assign(state, { fault, option: null, page: fault.page, field: fault.field ?? null });
  changed();
}

function step(from, to) {
  if (!from.length) return;
  to.push(snapshot());
  const { form, page, field, option } = from.pop();
  Object.assign(state, { form: JSON.parse(form), page, field, option, fault: null });
  last = null;
  changed();
}

const snapshot = () => ({ form: JSON.stringify(state.form), page: state.page, field: state.field, option: state.option });
const changed = () => state.dispatchEvent(new Event("change"));
