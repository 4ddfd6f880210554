// Mirrors recognition/alphabet.py: the characters of the number network.

export const DIGITS = "0123456789";
export const SYMBOLS = ".,-/:+%$()";
export const OTHER = "other";
export const BLANK = "blank";
export const CLASSES = [BLANK, ...DIGITS, ...SYMBOLS, OTHER];

/** Whether a label is one of the ten digits. */
export const isDigit = (label) => label.length === 1 && DIGITS.includes(label);

/** Translate indices of CLASSES into a text. other: what stands for what is no number.
 *  @param {number[]} classes */
export const textOf = (classes, other = "?") => classes.map((index) => (CLASSES[index] === OTHER ? other : CLASSES[index])).join("");

/** The indices of CLASSES of an alphabet: "digits", or the characters themselves. Throws RangeError for what is none of CLASSES.
 *  @param {string} alphabet
 *  @returns {number[]} */
export function allowedIn(alphabet) {
  const characters = [...new Set(alphabet === "digits" ? DIGITS : alphabet)];
  const unknown = characters.filter((one) => !(DIGITS + SYMBOLS).includes(one)).sort();
  if (unknown.length || !characters.length) {
    throw new RangeError(`alphabet must be digits, or some of ${DIGITS + SYMBOLS}; ${unknown.join(" ") || "it"} is not known`);
  }
  return characters.map((one) => CLASSES.indexOf(one)).sort((a, b) => a - b);
}
