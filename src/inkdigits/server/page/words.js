// Results in words.

/** A probability in [0, 1] as a percentage that never claims to be certain. */
export function percent(p) {
  if (p >= 0.9995) return ">\u00a099.9\u00a0%";
  if (p < 0.0005) return "<\u00a00.1\u00a0%";
  return `${(100 * p).toFixed(1)}\u00a0%`;
}

/** "1 file", "2 files". */
export const count = (n, thing) => `${n} ${thing}${n === 1 ? "" : "s"}`;

/** A sentence begins with a capital and ends with a stop. */
export const sentence = (text) => text && `${text[0].toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? "" : "."}`;

/** Why a row, or the first of its digits that is not answered, is not; "" where all is. */
export const why = (row) => row.error ?? row.refused ?? digits(row).find((digit) => digit.refused)?.refused ?? "";

/** The digits of a row, line after line. */
export const digits = (row) => row.lines.flatMap((line) => line.digits);

/** What a row says beside its text: how sure, or why there is nothing. */
export function note(row) {
  if (row.error || row.refused) return sentence(row.error ?? row.refused);
  const every = digits(row).length;
  const open = digits(row).filter((digit) => digit.refused).length;
  if (open) return `${every > 1 ? `${open} of ${every} not answered` : "Not answered"}: the reason is below.`;
  return `${percent(row.confidence)} sure of ${every > 1 ? "all of it" : "it"}.`;
}

/** A row for the ear. */
export function spoken(row) {
  if (!row.text) return note(row);
  const read = row.text.replaceAll("\n", ", next line, ").replaceAll("?", " question mark ");
  return `Read: ${read}. ${sentence(why(row)) || note(row)}`;
}
