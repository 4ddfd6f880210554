"""probabilities -> an answer, or "?" with the reason."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .reading import Box, Digit

Float = NDArray[np.float32]

UNSURE = "not sure enough: write it more clearly, or ask for every answer with threshold 0"


def decide(probabilities: Float, classes: Sequence[str], threshold: float, box: Box, tile: Float, *, every: bool = False) -> Digit:
    """Answer one position.

    probabilities: float32 (K,), summing to 1, calibrated. threshold: below this confidence the answer is "?"; 0 always answers.
    every: let the Digit carry the probabilities of all classes, not only the likeliest.
    """
    order = np.argsort(-probabilities, kind="stable")
    ranked = [(classes[i], float(probabilities[i])) for i in order]
    label, confidence = ranked[0]
    sure = confidence >= threshold
    return Digit(
        label=label if sure else "?",
        box=box,
        confidence=confidence,
        alternatives=tuple(ranked[1:4] if sure else ranked[:3]),
        probabilities=tuple((name, float(p)) for name, p in zip(classes, probabilities, strict=True)) if every else (),
        refused=None if sure else UNSURE,
        tile=tile,
    )
