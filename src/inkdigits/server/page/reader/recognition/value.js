// Mirrors recognition/value.py: a text -> the number that it is, where that is beyond doubt.

export const DECIMALS = { point: ".", comma: "," };
export const NUMBER = /^([+-]?)([0-9][0-9.,]*)$/;

/** The number that a text is, null where it is none (a date, a share, a code) or may be one of two.
 *  @param {string} text
 *  @param {?string} decimal a key of DECIMALS; null where it is not known what parts the decimals
 *  @returns {?number} */
export function valueOf(text, decimal = null) {
  const found = NUMBER.exec(text.replaceAll(" ", ""));
  if (!found) return null;
  const [, sign, body] = found;
  const point = decimal ? DECIMALS[decimal] : pointOf(body);
  if (point === null) return null;
  const at = point ? body.indexOf(point) : -1;
  const [whole, rest] = at < 0 ? [body, ""] : [body.slice(0, at), body.slice(at + 1)];
  const groups = whole.split(/[.,]/);
  if (!/^[0-9]*$/.test(rest) || (at >= 0 && !rest) || !areGroups(groups, whole)) return null;
  return Number(`${sign}${groups.join("")}${rest && `.${rest}`}`);
}

/** The mark that parts the decimals; "" where there are none; null where it may be either. */
function pointOf(body) {
  const marks = body.match(/[.,]/g) ?? [];
  if (!marks.length) return "";
  if (new Set(marks).size === 2) return marks[marks.length - 1];
  if (marks.length > 1) return "";
  const [before, after] = body.split(/[.,]/);
  return after.length !== 3 || before === "0" || before.length > 3 ? marks[0] : null;
}

/** Whether a whole number is written without marks, or with one kind of them between groups of three digits. */
function areGroups(groups, whole) {
  if (groups.length === 1) return true;
  const kinds = new Set(whole.replace(/[0-9]/g, ""));
  return kinds.size === 1 && groups[0].length >= 1 && groups[0].length <= 3 && groups.slice(1).every((group) => group.length === 3);
}
