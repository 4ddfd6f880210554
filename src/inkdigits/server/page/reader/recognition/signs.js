// Mirrors recognition/signs.py, but for what forms know of a text: a field as both readers see it -> its texts with their probabilities.

import { argsort, clip, sum } from "../numpy.js";
import { CLASSES, DIGITS, isDigit, OTHER } from "./alphabet.js";
import { keyOf } from "./decode.js";
import { hasForm } from "./forms.js";
import { NOT_A_DIGIT } from "./networks.js";

/** @typedef {import("./decode.js").Text} Text */
/** @typedef {[number, number]} Span */
/** @typedef {Float64Array[]} Opinions what the digit model makes of each region: the ten digits and "not a digit" */
/** @typedef {{ranked: [string, number][], left: number, right: number, regions: number[], sole: boolean}} Sign one position of a field:
 *  labels with their probabilities, likeliest first; its columns in the image; the indices of its regions; whether it is the only
 *  character in each of them */

export const [TRUST, OVERLOOKED] = [0.3, 1.0];
export const [DIGIT_FLOOR, OTHER_FLOOR] = [1e-3, 1e-2];
export const LOOSE = Math.exp(-1);
export const FORMLESS = 0.1;
export const SUGGESTED = 0.05;
export const UNLIKELY = 1e-3;
export const BEST = 3;
export const SLACK = 1.0;
export const REACH = 2.0;
export const DOTS = ".,";
export const SUREST = 1 - 1e-6;
export const MOST_WEIGHED = 16;
export const KEPT = 5;

const { exp, log, max, min } = Math;

/** Weigh the texts of a field.
 *  @param {import("./numbers.js").Seen} seen
 *  @param {Span[]} spans the first and last column of each region of its ink in the image, left to right
 *  @param {Opinions} opinions
 *  @returns {{candidates: import("./decode.js").Candidate[], signs: Sign[], overlooked: number, evidence: Record<string, number>}} */
export function check(seen, spans, opinions) {
  let found = seen.candidates();
  const least = found.length ? UNLIKELY * found[0].probability : 0;
  found = found.filter((one) => one.probability > least).slice(0, max(KEPT, MOST_WEIGHED));
  if (!found.length) return { candidates: [], signs: [], overlooked: overlookedIn(spans.map(() => []), opinions), evidence: {} };
  const first = found.map((one) => one.text);
  const placed = seen.characters(first).map((own, i) => new Placed(first[i], own, seen.frame, spans, opinions));
  const entry = (text, fit) => [keyOf(text), { text, fit }];
  let byText = new Map(placed.map((own) => entry(own.text, own.fit)));
  for (const own of placed.slice(0, BEST)) {
    byText = new Map([...own.suggestions(seen, spans, opinions).map(([text, fit]) => entry(text, fit)), ...byText]);
  }
  const every = [...byText.values()];
  const texts = every.map((own) => own.text);
  const alone = seen.probabilities(texts);
  const scores = every.map(({ text, fit }, i) => log(max(alone[i], 1e-300)) + fit + log(hasForm(text) ? 1 : FORMLESS));
  const highest = max(...scores);
  const powers = scores.map((score) => exp(score - highest));
  const odds = powers.map((power) => power / sum(powers));
  const order = argsort(odds.map((own) => -own));
  const [best] = order;
  const ranked = order.map((i) => ({ text: texts[i], probability: odds[i] }));
  const isBest = (one) => keyOf(one.text) === keyOf(texts[best]);
  const own = placed.find(isBest) ?? new Placed(texts[best], seen.characters([texts[best]])[0], seen.frame, spans, opinions);
  const overlooked = overlookedIn(own.holds, opinions);
  const evidence = {
    rivals: log(odds[best] / max(1 - odds[best], 1 - SUREST)),
    listed: log(clip(sum(alone), 1e-300, 1)),
    path: log(max(alone[best], 1e-300)),
    complete: log(max(1 - overlooked, 1e-300)),
  };
  return { candidates: ranked.slice(0, KEPT), signs: own.signs(ranked), overlooked, evidence };
}

/** For each region the indices of the characters whose middle lies in its columns, else of the nearest one that lies in none.
 *  @param {import("./numbers.js").Character[]} characters
 *  @param {Span[]} spans
 *  @param {number} frame columns for one frame of the network
 *  @returns {number[][]} */
export function held(characters, spans, frame) {
  const indices = characters.map((_, i) => i);
  const middles = characters.map((one) => one.middle);
  const found = spans.map(([left, right]) => indices.filter((i) => left - SLACK <= middles[i] && middles[i] <= right + SLACK));
  const placed = new Set(found.flat());
  const free = indices.filter((i) => !placed.has(i) && !DOTS.includes(characters[i].label));
  const empty = spans.map((_, r) => r).filter((r) => !found[r].length);
  const gaps = free.flatMap((i) => empty.map((r) => [max(spans[r][0] - middles[i], middles[i] - spans[r][1]), i, r]));
  gaps.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
  for (const [gap, i, region] of gaps) {
    if (gap > REACH * frame || placed.has(i) || found[region].length) continue;
    found[region].push(i);
    placed.add(i);
  }
  return found;
}

/** A text with its places. holds: for each region the indices of its characters; regions: for each character in any, those that hold it;
 *  fit: the log of how well the text fits what the digit model says of every region. */
class Placed {
  constructor(text, characters, frame, spans, opinions) {
    const holds = held(characters, spans, frame);
    const regions = new Map();
    holds.forEach((inside, region) => inside.forEach((i) => regions.set(i, [...(regions.get(i) ?? []), region])));
    const labels = characters.map((one) => one.label);
    let fit = 0;
    holds.forEach((own, r) => isWhole(own, regions) && (fit += fitOf(own.map((i) => labels[i]), opinions[r])));
    const loose = labels.filter((label, i) => isDigit(label) && !regions.has(i)).length;
    Object.assign(this, { text, characters, holds, regions, fit: fit + loose * log(LOOSE) });
  }

  /** Texts like this one with what the digit model sees, and how well they fit: another digit in a region, one where none was seen, all
   *  of them at once.
   *  @returns {[Text, number][]} */
  suggestions(seen, spans, opinions) {
    const mayBe = [...DIGITS].filter((digit) => !seen.allowed || seen.allowed.includes(CLASSES.indexOf(digit)));
    if (!mayBe.length || this.characters.length !== this.text.length) return [];
    const [every, found] = [[], []];
    spans.forEach((span, r) => {
      const [inside, opinion] = [this.holds[r], opinions[r]];
      const before = inside.map((i) => this.characters[i].label);
      if (inside.length > 1 || !isWhole(inside, this.regions) || (before.length && !isDigit(before[0]))) return;
      const middle = (span[0] + span[1]) / 2;
      const place = inside.length ? inside[0] : this.characters.filter((one) => one.middle < middle).length;
      const likely = [...mayBe].sort((a, b) => opinion[b] - opinion[a]).slice(0, 2);
      const changes = likely
        .filter((digit) => opinion[digit] > SUGGESTED && digit !== before[0])
        .map((digit) => ({
          first: place, last: place + inside.length, sign: CLASSES.indexOf(digit), fit: fitOf([digit], opinion) - fitOf(before, opinion),
        }));
      found.push(...changes);
      if (changes.length && likely[0] === CLASSES[changes[0].sign]) every.push(changes[0]);
    });
    return [...found.map((change) => this.with([change])), ...(every.length > 1 ? [this.with(every)] : [])];
  }

  /** The text with some changes, and how well it fits then. */
  with(changes) {
    let text = this.text;
    for (const { first, last, sign } of [...changes].sort((a, b) => b.first - a.first)) {
      text = [...text.slice(0, first), sign, ...text.slice(last)];
    }
    return [text, this.fit + sum(changes.map((change) => change.fit))];
  }

  /** The positions, with what the other texts have there.
   *  @returns {Sign[]} */
  signs(ranked) {
    const every = this.text.map(() => new Map());
    for (const candidate of ranked) {
      aligned(this.text, candidate.text).forEach((sign, i) => {
        if (sign === null) return;
        const label = labelOf(CLASSES[sign]);
        every[i].set(label, min((every[i].get(label) ?? 0) + candidate.probability, SUREST));
      });
    }
    return this.characters.map(({ label, left, right }, i) => {
      const first = labelOf(label); // that of the best text, even where more of the others differ
      const labels = [...every[i]].sort((a, b) => (a[0] !== first) - (b[0] !== first) || b[1] - a[1]).slice(0, KEPT);
      const own = this.regions.get(i) ?? [];
      return { ranked: labels, left, right, regions: own, sole: own.every((r) => this.holds[r].length === 1) };
    });
  }
}

/** The log of how well the labels of one region fit what the digit model says of it: nothing, one digit, or what is no single digit. */
function fitOf(labels, opinion) {
  if (labels.length === 1 && isDigit(labels[0])) return TRUST * log(opinion[labels[0]] + DIGIT_FLOOR);
  return (labels.length ? TRUST : OVERLOOKED) * log(opinion[DIGITS.length] + OTHER_FLOOR);
}

/** What another text has at each position of a text; null where it has nothing, or not the same number of signs. */
export function aligned(text, other) {
  const found = text.map(() => null);
  for (const [first, last, begin, end] of opcodes(text, other)) {
    if (last - first === end - begin) for (let i = first; i < last; i++) found[i] = other[begin + i - first];
  }
  return found;
}

/** The stretches in which two texts are alike or differ, as difflib.SequenceMatcher.get_opcodes: [first, last, begin, end]. */
function opcodes(a, b) {
  const blocks = [];
  const search = (alo, ahi, blo, bhi) => {
    let [besti, bestj, size] = [alo, blo, 0];
    let lengths = new Map();
    for (let i = alo; i < ahi; i++) {
      const next = new Map();
      for (let j = blo; j < bhi; j++) {
        if (a[i] !== b[j]) continue;
        const length = (lengths.get(j - 1) ?? 0) + 1;
        next.set(j, length);
        if (length > size) [besti, bestj, size] = [i - length + 1, j - length + 1, length];
      }
      lengths = next;
    }
    if (!size) return;
    search(alo, besti, blo, bestj);
    blocks.push([besti, bestj, size]);
    search(besti + size, ahi, bestj + size, bhi);
  };
  search(0, a.length, 0, b.length);
  const found = [];
  let [i, j] = [0, 0];
  for (const [first, begin, size] of [...blocks, [a.length, b.length, 0]]) {
    if (i < first || j < begin) found.push([i, first, j, begin]);
    if (size) found.push([first, first + size, begin, begin + size]);
    [i, j] = [first + size, begin + size];
  }
  return found;
}

/** The probability that any region that holds nothing is a digit. */
function overlookedIn(holds, opinions) {
  return 1 - holds.reduce((product, inside, r) => (inside.length ? product : product * opinions[r][DIGITS.length]), 1);
}

/** Whether a region holds no mere part of a character: of these the digit model knows nothing. */
const isWhole = (inside, regions) => inside.length !== 1 || regions.get(inside[0]).length === 1;

const labelOf = (name) => (name === OTHER ? NOT_A_DIGIT : name);
