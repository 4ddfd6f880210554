// Mirrors recognition/decode.py: frames of the number network -> the likeliest texts, with a place for every character.
//
// Frames are a list of rows, each the probabilities of the blank and of the characters; a text is a list of characters, from 1, as they
// are numbered.

import { argsort, mean, sum } from "../numpy.js";

/** @typedef {Float64Array[]} Frames */
/** @typedef {number[]} Text */
/** @typedef {{text: Text, probability: number}} Candidate */

export const LIKELY = 1e-3;
export const SCALED = 4;
export const WIDTH = 12;

/** What tells one text from another, to be the key of a Map. */
export const keyOf = (text) => text.join();

/** Texts without those that are among them twice.
 *  @param {Text[]} texts */
export const distinct = (texts) => [...new Map(texts.map((text) => [keyOf(text), text])).values()];

/** Make one frame of those in a row in which nothing but the blank is likely: what is searched is shorter without.
 *  @param {Frames} frames
 *  @returns {{frames: Frames, starts: number[]}} the fewer frames, and which of the given ones each of them begins with */
export function condensed(frames) {
  const clear = frames.map((row) => row[0] > Math.fround(1 - LIKELY));
  const starts = frames.map((_, t) => t).filter((t) => !(clear[t] && clear[t - 1]));
  const fewer = starts.map((start, i) => {
    if (!clear[start]) return frames[start];
    const row = new Float64Array(frames[start].length);
    const blanks = frames.slice(start, starts[i + 1]).map((own) => Math.log(Math.max(own[0], 1e-30)));
    row[0] = Math.exp(sum(blanks));
    return row;
  });
  return { frames: fewer, starts };
}

/** Search for the likeliest texts, best first: prefix beam search (Hannun, Maas, Jurafsky, Ng 2014, algorithm 1).
 *  @param {Frames} frames
 *  @param {number} most how many are returned at most
 *  @param {?number[]} allowed the characters that a text may have; null allows all
 *  @param {number} width prefixes that are kept at each frame
 *  @returns {Candidate[]} */
export function candidates(frames, most = 5, allowed = null, width = WIDTH) {
  if (!frames.length) return [{ text: [], probability: 1 }].slice(0, most);
  const usable = allowed ? [...allowed].sort((a, b) => a - b) : Array.from({ length: frames[0].length - 1 }, (_, k) => k + 1);
  let beam = [{ text: [], blank: 1, last: 0 }]; // prefixes with their probabilities to end in a blank, and in their last character
  let scale = 0; // the logarithm of what was divided out
  const ranked = (prefixes) => [...prefixes].sort((a, b) => b.blank + b.last - (a.blank + a.last));
  for (const frame of frames) {
    if (frame[0] > 1 - LIKELY) { // most frames: nothing begins here
      beam = beam.map(({ text, blank, last }) => ({ text, blank: (blank + last) * frame[0], last: 0 }));
      continue;
    }
    const likely = usable.filter((k) => frame[k] > LIKELY);
    const grown = new Map();
    const at = (text) => {
      const key = keyOf(text);
      if (!grown.has(key)) grown.set(key, { text, blank: 0, last: 0 });
      return grown.get(key);
    };
    for (const { text, blank, last } of beam) {
      const end = text[text.length - 1];
      const own = at(text);
      own.blank += (blank + last) * frame[0];
      if (text.length) own.last += last * frame[end];
      for (const k of likely) at([...text, k]).last += (k === end ? blank : blank + last) * frame[k];
    }
    const best = ranked(grown.values()).slice(0, width);
    const total = sum(best.map(({ blank, last }) => blank + last));
    if (total <= 0) return []; // nothing that is allowed fits
    scale += Math.log(total);
    beam = best.map(({ text, blank, last }) => ({ text, blank: blank / total, last: last / total }));
  }
  return ranked(beam).slice(0, most).map(({ text, blank, last }) => ({ text, probability: Math.exp(scale) * (blank + last) }));
}

/** Rank texts of a field that was looked at in several ways, best first, by the mean of what the views give them.
 *  @param {Frames[]} views
 *  @param {Text[]} texts
 *  @returns {Candidate[]} */
export function agreed(views, texts, most = 5) {
  const probabilities = meanProbabilities(views, texts);
  return argsort(probabilities.map((p) => -p)).slice(0, most).map((i) => ({ text: texts[i], probability: probabilities[i] }));
}

/** The mean over the views of the probability that each says just a text, for each of some texts. */
export function meanProbabilities(views, texts) {
  const every = logProbabilities(views, texts);
  return texts.map((_, i) => mean(every.map((own) => Math.exp(own[i]))));
}

/** Sum over all paths: the log probability that each view says just each text: [view][text].
 *  @param {Frames[]} views
 *  @param {Text[]} texts
 *  @returns {number[][]} */
export const logProbabilities = (views, texts) => views.map((frames) => texts.map((text) => logProbability(frames, text)));

/** The blank, a character, the blank, ..., the blank. */
const statesOf = (text) => [0, ...text.flatMap((sign) => [sign, 0])];

/** Whether a state may follow the one before the blank before it: a character that differs from it. */
const maySkip = (states) => states.map((sign, i) => i > 2 && i % 2 === 1 && sign !== states[i - 2]);

function logProbability(frames, text) {
  const states = statesOf(text);
  const skips = maySkip(states);
  let alpha = states.map((sign, i) => (i < 2 ? frames[0][sign] : 0));
  let scale = 0;
  for (let t = 0; t < frames.length; t++) {
    if (t) {
      const before = alpha;
      alpha = before.map((own, i) => (own + (i ? before[i - 1] : 0) + (skips[i] ? before[i - 2] : 0)) * frames[t][states[i]]);
    }
    if (t % SCALED === 0 || t === frames.length - 1) {
      const total = Math.max(sum(alpha), 1e-300);
      alpha = alpha.map((own) => own / total);
      scale += Math.log(total);
    }
  }
  const last = alpha.length - 1;
  return scale + Math.log(Math.max(alpha[last] + (text.length ? alpha[last - 1] : 0), 1e-300));
}

/** Align a text with its frames: for each character the first frame in which it stands, and the one after its last: the likeliest path
 *  (Viterbi).
 *  @param {Frames} frames
 *  @param {Text} text
 *  @returns {?[number, number][]} null for a text that needs more frames than there are */
export function places(frames, text) {
  const states = statesOf(text);
  const skips = maySkip(states);
  const emitted = frames.map((row) => states.map((sign) => Math.log(Math.max(row[sign], 1e-30))));
  let score = emitted[0].map((own, i) => (i < 2 ? own : -Infinity));
  const came = emitted.slice(1).map((row) => {
    const before = score;
    const fromWhich = [];
    score = row.map((own, state) => {
      let [best, which] = [before[state], state];
      if (state && before[state - 1] > best) [best, which] = [before[state - 1], state - 1];
      if (skips[state] && before[state - 2] > best) [best, which] = [before[state - 2], state - 2];
      fromWhich.push(which);
      return best + own;
    });
    return fromWhich;
  });
  let state = states.length - 1;
  if (text.length && score[state - 1] > score[state]) state -= 1;
  if (score[state] === -Infinity) return null;
  const path = [state];
  for (const fromWhich of came.reverse()) path.push(fromWhich[path[path.length - 1]]);
  path.reverse();
  return text.map((_, i) => [path.indexOf(2 * i + 1), path.lastIndexOf(2 * i + 1) + 1]);
}
