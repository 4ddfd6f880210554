// Rows as CSV (RFC 4180) that a spreadsheet may open.

const COLUMNS = ["source", "page", "text", "corrected", "checked", "confidence", "needs_review", "refused", "error"];
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/; // so begins what a spreadsheet may run as a formula
const NUMBER = /^[\d?.,/:%$()\s+-]*$/; // and so looks what is none for all that: -42

/** Rows under a line of column names. Formulas are made texts by an apostrophe; numbers are left as they were read or typed. */
export const toCsv = (rows) => [COLUMNS, ...rows.map((row) => COLUMNS.map((column) => cell(row[column])))].map(line).join("");

const line = (values) => `${values.map(quoted).join(",")}\r\n`;

function cell(value) {
  const text = String(value ?? "");
  return FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
}

/** Whole also where ; or a tab is what parts the fields. */
const quoted = (text) => (/[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
