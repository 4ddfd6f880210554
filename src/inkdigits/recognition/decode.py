"""Frames of the number network -> the likeliest texts, with a place for every character.

Frames are float (T, 1 + K), each summing to 1: first the blank, then the K characters. A text is a tuple of characters, from 1, as the
columns of the frames are numbered (Graves, Fernandez, Gomez, Schmidhuber: Connectionist Temporal Classification, 2006).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Double

Frames = NDArray[np.floating]
Text = tuple[int, ...]

LIKELY = 1e-3
"""A character is followed up in a frame only where it has this probability or a higher one."""
SCALED = 4
"""Frames after which probabilities are scaled, before they underflow."""
WIDTH = 12
"""Prefixes that the search keeps."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that frames may say, and the probability that they say just this."""

    text: Text
    probability: float


def condensed(frames: Frames) -> tuple[Frames, NDArray[np.intp]]:
    """Make one frame of those in a row in which nothing but the blank is likely: most of them, and what is searched is shorter without.

    Returns the fewer frames, and which of the given frames each of them begins with.
    """
    clear = frames[:, 0] > 1 - LIKELY
    starts = np.flatnonzero(~(clear & np.r_[False, clear[:-1]]))
    fewer = frames[starts].astype(np.float64)
    if len(starts):
        blanks = np.exp(np.add.reduceat(np.log(np.maximum(frames[:, 0].astype(np.float64), 1e-30)), starts))
        fewer[clear[starts]] = 0.0
        fewer[clear[starts], 0] = blanks[clear[starts]]
    return fewer, starts


def candidates(
    frames: Frames,
    most: int = 5,
    *,
    allowed: Collection[int] | None = None,
    begins: Callable[[Text], bool] | None = None,
    width: int = WIDTH,
) -> list[Candidate]:
    """Search for the likeliest texts, best first: prefix beam search (Hannun, Maas, Jurafsky, Ng 2014, algorithm 1).

    most: how many are returned at most. allowed: the characters that a text may have; None allows all. A frame's probability of what is not
    allowed is lost, so that the probabilities tell how well the frames fit the constraint. begins: whether a text may be the beginning of
    one that is wanted; others are not gone on with. width: prefixes that are kept at each frame.
    """
    usable = range(1, frames.shape[1]) if allowed is None else sorted(allowed)
    beam: dict[Text, tuple[float, float]] = {(): (1.0, 0.0)}  # prefix -> probability that it ends in a blank, in its last character
    scale = 0.0  # the logarithm of what was divided out
    for frame in frames.tolist():
        if frame[0] > 1 - LIKELY:  # most frames: nothing begins here
            beam = {text: ((blank + last) * frame[0], 0.0) for text, (blank, last) in beam.items()}
            continue
        likely = [k for k in usable if frame[k] > LIKELY]
        grown: dict[Text, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for text, (blank, last) in beam.items():
            own = grown[text]
            own[0] += (blank + last) * frame[0]
            if text:
                own[1] += last * frame[text[-1]]
            for k in likely:
                if begins and not begins((*text, k)):
                    continue
                grown[(*text, k)][1] += (blank if text and text[-1] == k else blank + last) * frame[k]
        best = sorted(grown.items(), key=lambda item: -sum(item[1]))[:width]
        total = sum(blank + last for _, (blank, last) in best)
        if total <= 0.0:  # nothing that is allowed fits
            return []
        scale += float(np.log(total))
        beam = {text: (blank / total, last / total) for text, (blank, last) in best}
    ranked = sorted(beam.items(), key=lambda item: -sum(item[1]))[:most]
    return [Candidate(text, float(np.exp(scale) * sum(ends))) for text, ends in ranked]


def agreed(views: Sequence[Frames], texts: Sequence[Text], most: int = 5) -> list[Candidate]:
    """Rank texts of a field that was looked at in several ways, best first, at most `most`.

    views: the frames of each, of any length. The probability of a text is the mean of what the views give it, over all the paths of each.
    """
    if not texts:
        return []
    probabilities = np.exp(log_probabilities(views, texts)).mean(axis=0)
    order = np.argsort(-probabilities, kind="stable")[:most]
    return [Candidate(texts[i], float(probabilities[i])) for i in order.tolist()]


def log_probabilities(views: Sequence[Frames], texts: Sequence[Text]) -> Double:
    """Sum over all paths (section 4.1, forward): the log probability that each view says just each text: float64 (views, texts).

    All of them go through the recursion side by side.
    """
    long, lengths = max(map(len, views)), np.array([len(text) for text in texts], np.intp)
    padded = np.zeros((long, len(views), views[0].shape[1]))  # past its end a view goes on with blanks
    padded[:, :, 0] = 1
    for i, frames in enumerate(views):
        padded[: len(frames), i] = frames
    signs = np.zeros((len(texts), 2 * int(lengths.max(initial=0)) + 1), np.intp)  # blank, character, blank, ..., blank
    for row, text in zip(signs, texts, strict=True):
        row[1 : 2 * len(text) : 2] = text
    skips = np.zeros(signs.shape)  # a character may follow another one without a blank between them
    skips[:, 3::2] = signs[:, 3::2] != signs[:, 1:-2:2]
    emitted = padded[:, :, signs]  # (T, views, texts, states)
    alpha = np.zeros(emitted.shape[1:])
    alpha[..., :2] = emitted[0, ..., :2]
    scale = np.zeros(alpha.shape[:2])
    for t in range(long):
        if t:
            step = alpha.copy()
            step[..., 1:] += alpha[..., :-1]
            step[..., 2:] += skips[:, 2:] * alpha[..., :-2]
            alpha = step * emitted[t]
        if t % SCALED == 0 or t == long - 1:
            total = np.maximum(alpha.sum(axis=-1), 1e-300)
            alpha /= total[..., None]
            scale += np.log(total)
    rows, last = np.arange(len(texts)), 2 * lengths
    ends = alpha[:, rows, last] + np.where(lengths > 0, alpha[:, rows, last - 1], 0)
    found: Double = scale + np.log(np.maximum(ends, 1e-300))
    return found


def places(frames: Frames, text: Text) -> list[tuple[int, int]]:
    """Align a text with its frames: for each character the first frame in which it stands, and the one after its last.

    The alignment is the likeliest path of the text (Viterbi over the states blank, character, blank, ..., blank). A text that needs more
    frames than there are raises ValueError.
    """
    states = [0] * (2 * len(text) + 1)
    states[1::2] = text
    may_skip = [i > 2 and i % 2 == 1 and sign != states[i - 2] for i, sign in enumerate(states)]  # no blank between two that differ
    emitted: list[list[float]] = np.log(np.maximum(frames[:, states], 1e-30)).tolist()  # (T, states)
    score = [*emitted[0][:2], *[-np.inf] * (len(states) - 2)]
    came: list[list[int]] = []
    for row in emitted[1:]:
        before, score, from_which = score, [], []
        for state, own in enumerate(row):
            best, which = before[state], state
            if state and before[state - 1] > best:
                best, which = before[state - 1], state - 1
            if may_skip[state] and before[state - 2] > best:
                best, which = before[state - 2], state - 2
            score.append(best + own)
            from_which.append(which)
        came.append(from_which)
    state = len(states) - 1
    if text and score[-2] > score[-1]:
        state -= 1
    if score[state] == -np.inf:
        raise ValueError(f"a text of {len(text)} characters does not fit into {len(frames)} frames")
    path = [state]
    for from_which in reversed(came):
        path.append(from_which[path[-1]])
    path.reverse()
    first, last = dict[int, int](), dict[int, int]()
    for t, state in enumerate(path):
        first.setdefault(state, t)
        last[state] = t + 1
    return [(first[state], last[state]) for state in range(1, len(states), 2)]
