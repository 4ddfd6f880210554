// Mirrors recognition/confidence.py: what speaks for a field's text -> the probability that it is right.

import { clip } from "../numpy.js";

export const EVIDENCE = ["rivals", "listed", "path", "complete", "unread"];
export const LOWEST = -12;
export const PLAIN = { bias: 4, path: 4, complete: 4 };

/** The probability in [0, 1] that a text is right. evidence: a number for each of EVIDENCE; weights: of them, and `bias`; what is not
 *  named has none.
 *  @param {Record<string, number>} evidence
 *  @param {Record<string, number>} weights */
export function certainty(evidence, weights) {
  let total = weights.bias ?? 0;
  for (const [name, value] of Object.entries(evidence)) total += (weights[name] ?? 0) * Math.max(value, LOWEST);
  return 1 / (1 + Math.exp(-clip(total, -30, 30)));
}
