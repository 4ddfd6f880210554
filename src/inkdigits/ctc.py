"""What a line model says, frame by frame, as probabilities of strings (Graves, Fernandez, Gomez, Schmidhuber: Connectionist Temporal
Classification, 2006, section 3).

Frames are float (T, 1 + K), each summing to 1: first the blank, then the K signs. A string is a tuple of signs, from 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.floating]
Text = tuple[int, ...]


def log_probabilities(frames: Sequence[Frames], texts: Sequence[Sequence[Text]]) -> list[NDArray[np.float64]]:
    """For each stretch of frames the log probability of each of its texts, which are to be all that is in it (section 4.1, forward).

    All stretches go through the recursion side by side.
    """
    owner = np.repeat(np.arange(len(frames)), [len(group) for group in texts])
    flat = [text for group in texts for text in group]
    lengths = np.array([len(text) for text in flat])
    long = max(map(len, frames))
    kinds = frames[0].shape[1]
    padded = np.zeros((long, len(frames), kinds))  # past its end a stretch goes on with blanks
    padded[:, :, 0] = 1
    for i, stretch in enumerate(frames):
        padded[: len(stretch), i] = stretch
    states = 2 * int(lengths.max(initial=0)) + 1
    signs = np.zeros((len(flat), states), np.intp)  # blank, sign, blank, sign, ... blank
    for row, text in zip(signs, flat, strict=True):
        row[1 : 2 * len(text) : 2] = np.array(text, np.intp) + 1
    skips = np.zeros(signs.shape, bool)  # a sign may follow another one without a blank between them
    skips[:, 3::2] = signs[:, 3::2] != signs[:, 1:-2:2]
    emitted = padded[:, owner[:, None], signs]  # (T, texts, states)
    alpha = np.zeros(signs.shape)
    alpha[:, :2] = emitted[0, :, :2]
    scale = np.zeros(len(flat))
    for t in range(long):
        if t:
            step = alpha.copy()
            step[:, 1:] += alpha[:, :-1]
            step[:, 2:] += np.where(skips[:, 2:], alpha[:, :-2], 0)
            alpha = step * emitted[t]
        total = alpha.sum(axis=1)
        alpha /= np.maximum(total, 1e-300)[:, None]
        scale += np.log(np.maximum(total, 1e-300))
    last = 2 * lengths
    rows = np.arange(len(flat))
    ends = alpha[rows, last] + np.where(lengths > 0, alpha[rows, last - 1], 0)
    found = scale + np.log(np.maximum(ends, 1e-300))
    return np.split(found, np.cumsum([len(group) for group in texts])[:-1])


def signs(frames: Frames) -> int:
    """How many signs there are on the likeliest path."""
    best = frames.argmax(axis=1)
    return int(((best > 0) & (best != np.concatenate([[0], best[:-1]]))).sum())


def likeliest(frames: Frames, width: int = 8) -> list[Text]:
    """The likeliest strings, best first, at most `width`: prefix beam search (Hannun, Maas, Jurafsky, Ng 2014, algorithm 1)."""
    beam: dict[Text, tuple[float, float]] = {(): (1.0, 0.0)}  # prefix -> probability that it ends in a blank, in its last sign
    for frame in frames.tolist():
        signs = [k for k in range(1, len(frame)) if frame[k] > 1e-3]
        grown: dict[Text, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for text, (blank, sign) in beam.items():
            grown[text][0] += (blank + sign) * frame[0]
            for k in signs:
                if text and text[-1] == k - 1:
                    grown[text][1] += sign * frame[k]
                    grown[(*text, k - 1)][1] += blank * frame[k]
                else:
                    grown[(*text, k - 1)][1] += (blank + sign) * frame[k]
        best = sorted(grown.items(), key=lambda item: -sum(item[1]))[:width]
        total = sum(map(sum, (ends for _, ends in best))) or 1.0
        beam = {text: (blank / total, sign / total) for text, (blank, sign) in best}
    return list(beam)
