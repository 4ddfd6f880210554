"""Frames of the number network -> the likeliest texts, with a place for every character.

Frames are float (T, 1 + K), each summing to 1: first the blank, then the K characters. A text is a tuple of characters, from 1, as the
columns of the frames are numbered (Graves, Fernandez, Gomez, Schmidhuber: Connectionist Temporal Classification, 2006).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.floating]
Text = tuple[int, ...]

LIKELY = 1e-3
"""A character is followed up in a frame only where it has this probability or a higher one."""
WIDTH = 12
"""Prefixes that the search keeps."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that frames may say, and the probability that they say just this."""

    text: Text
    probability: float


def candidates(frames: Frames, most: int = 5, *, allowed: Collection[int] | None = None, width: int = WIDTH) -> list[Candidate]:
    """Search for the likeliest texts, best first: prefix beam search (Hannun, Maas, Jurafsky, Ng 2014, algorithm 1).

    most: how many are returned at most. allowed: the characters that a text may have; None allows all. A frame's probability of what is not
    allowed is lost, so that the probabilities tell how well the frames fit the constraint. width: prefixes that are kept at each frame.
    """
    usable = range(1, frames.shape[1]) if allowed is None else sorted(allowed)
    beam: dict[Text, tuple[float, float]] = {(): (1.0, 0.0)}  # prefix -> probability that it ends in a blank, in its last character
    scale = 0.0  # the logarithm of what was divided out
    for frame in frames.tolist():
        likely = [k for k in usable if frame[k] > LIKELY]
        grown: dict[Text, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for text, (blank, last) in beam.items():
            own = grown[text]
            own[0] += (blank + last) * frame[0]
            if text:
                own[1] += last * frame[text[-1]]
            for k in likely:
                grown[(*text, k)][1] += (blank if text and text[-1] == k else blank + last) * frame[k]
        best = sorted(grown.items(), key=lambda item: -sum(item[1]))[:width]
        total = sum(blank + last for _, (blank, last) in best)
        if total <= 0.0:  # nothing that is allowed fits
            return []
        scale += float(np.log(total))
        beam = {text: (blank / total, last / total) for text, (blank, last) in best}
    return [Candidate(text, float(np.exp(scale) * sum(ends))) for text, ends in list(beam.items())[:most]]


def places(frames: Frames, text: Text) -> list[tuple[int, int]]:
    """Align a text with its frames: for each character the first frame in which it stands, and the one after its last.

    The alignment is the likeliest path of the text (Viterbi over the states blank, character, blank, ..., blank). A text that needs more
    frames than there are raises ValueError.
    """
    states = np.zeros(2 * len(text) + 1, np.intp)
    states[1::2] = text
    may_skip = np.zeros(len(states), bool)  # a character may follow another one without a blank between them
    may_skip[3::2] = states[3::2] != states[1:-2:2]
    emitted = np.log(np.maximum(frames[:, states], 1e-30))  # (T, states)
    score = np.full(len(states), -np.inf)
    score[:2] = emitted[0, :2]
    came = np.zeros((len(frames), len(states)), np.intp)
    for t in range(1, len(frames)):
        ways = np.stack([score, np.r_[-np.inf, score[:-1]], np.where(may_skip, np.r_[-np.inf, -np.inf, score[:-2]][: len(score)], -np.inf)])
        came[t] = ways.argmax(axis=0)
        score = ways.max(axis=0) + emitted[t]
    state = len(states) - 1
    if len(text) and score[-2] > score[-1]:
        state -= 1
    if not np.isfinite(score[state]):
        raise ValueError(f"a text of {len(text)} characters does not fit into {len(frames)} frames")
    path = np.empty(len(frames), np.intp)
    for t in range(len(frames) - 1, -1, -1):
        path[t] = state
        state -= came[t, state]
    spans = []
    for place in range(len(text)):
        own = np.flatnonzero(path == 2 * place + 1)
        spans.append((int(own[0]), int(own[-1]) + 1))
    return spans
