// Results in words.

import { leftOutInWords, unread } from "./leftout.js";

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

/** How sure a row is, or why there is nothing. */
export function sureness(row) {
  if (row.error || row.refused) return sentence(row.error ?? row.refused);
  const every = digits(row).length;
  const open = digits(row).filter((digit) => digit.refused).length;
  if (open) return `${every > 1 ? `${open} of ${every} not answered` : "Not answered"}: the reason is below.`;
  return `${percent(row.confidence)} sure of ${unread(row) ? "what was read" : every > 1 ? "all of it" : "it"}.`;
}

/** What a row says beside its text: how sure it is, and what it left out. */
export const note = (row) => [sureness(row), leftOutInWords(row)].filter(Boolean).join(" ");

/** A row for the ear. */
export function spoken(row) {
  if (!row.text) return note(row);
  const read = row.text.replaceAll("\n", ", next line, ").replaceAll("?", " question mark ");
  return [`Read: ${read}.`, sentence(why(row)) || sureness(row), leftOutInWords(row)].filter(Boolean).join(" ");
}
