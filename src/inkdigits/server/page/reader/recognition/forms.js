// Mirrors recognition/forms.py: the forms that numbers have on paper.

import { CLASSES, OTHER } from "./alphabet.js";

const WHOLE = String.raw`(?:\d{1,3}(?:[.,]\d{3})+|\d+)`;
const NUMBER = String.raw`(?:${WHOLE}(?:[.,]\d{1,4})?|[.,]\d+)`;
export const FORMS = {
  amount: String.raw`[-+]?\$?${NUMBER}(?:[.,]?-{0,2}|[.,]?/-|%|\$|/)`,
  "in brackets": String.raw`\([-+]?\$?${NUMBER}%?\)`,
  date: String.raw`\d{1,4}(?<mark>[-/.])\d{1,2}\k<mark>\d{1,4}|\d{1,2}[-/.]\d{1,2}\.?`,
  time: String.raw`\d{1,2}:\d{2}(?::\d{2})?`,
  "telephone number": String.raw`\+?(?:\(\d{1,4}\))?[-/]?\d{2,6}(?:(?<gap>[-/.])\d{2,6}(?:\k<gap>\d{2,6})*)?`,
  share: String.raw`\d{1,3}[/:]\d{1,3}`,
  "two numbers": String.raw`${NUMBER}[-+]${NUMBER}`,
  code: String.raw`\d+(?:-\d+)+`,
};
const ANY = new RegExp(`^(?:${Object.values(FORMS).map((form) => `(?:${form})`).join("|")})$`);

/** Whether a text, as indices of CLASSES, has one of the forms; what is no number is passed over, and what is left may be nothing.
 *  @param {number[]} text */
export function hasForm(text) {
  const characters = text.map((sign) => CLASSES[sign]).filter((name) => name !== OTHER).join("");
  return !characters || ANY.test(characters);
}
