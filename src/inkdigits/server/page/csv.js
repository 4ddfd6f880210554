// Rows as CSV (RFC 4180).

const COLUMNS = ["source", "page", "text", "corrected", "confidence", "needs_review", "refused", "error"];

/** Rows under a line of column names. */
export const toCsv = (rows) => [COLUMNS, ...rows.map((row) => COLUMNS.map((column) => row[column]))].map(line).join("");

const line = (values) => `${values.map(field).join(",")}\r\n`;

function field(value) {
  let text = String(value ?? "");
  if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`; // else a spreadsheet may run it as a formula
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
