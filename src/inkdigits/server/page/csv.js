// Rows as CSV (RFC 4180).

const COLUMNS = ["source", "page", "text", "corrected", "confidence", "needs_review", "refused", "error"];
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/; // so begins what a spreadsheet may run as a formula
const NUMBER = /^[\d?.,/:%$()\s+-]*$/; // and so looks what is none for all that: -42

/** Rows under a line of column names. What somebody corrected is left as typed. */
export const toCsv = (rows) => [COLUMNS, ...rows.map((row) => COLUMNS.map((column) => cell(column, row[column])))].map(line).join("");

const line = (values) => `${values.map(quoted).join(",")}\r\n`;

function cell(column, value) {
  const runs = typeof value === "string" && column !== "corrected" && FORMULA.test(value) && !NUMBER.test(value);
  return runs ? `'${value}` : String(value ?? "");
}

const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
