"""What speaks for a field's text -> the probability that it is right: one logistic model for all kinds of writing; and from which
probability on a promise is kept."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Evidence = Mapping[str, float]
"""A number for each of EVIDENCE."""

EVIDENCE = ("rivals", "listed", "path", "complete", "unread")
"""The names of what speaks for a text. As logarithms: `rivals`, the odds of it among the texts that were weighed; `listed`, the number
network's probability of all of these; `path`, its probability of this one; `complete`, the digit model's that no region of ink in which the
text has nothing is a digit. `unread`: how many marks of the size of writing in its line or beside it were not read."""
LOWEST = -12.0
"""No logarithm counts for less."""
PLAIN: Mapping[str, float] = {"bias": 4.0, "path": 4.0, "complete": 4.0}
"""The weights of a network for which none were fitted: what speaks against a text counts, and nothing makes it surer than 98 %."""


def certainty(evidence: Evidence, weights: Mapping[str, float]) -> float:
    """The probability in [0, 1] that a text is right. weights: of EVIDENCE, and `bias`; what is not named has none."""
    total = weights.get("bias", 0.0) + sum(weights.get(name, 0.0) * max(value, LOWEST) for name, value in evidence.items())
    return float(1 / (1 + np.exp(-np.clip(total, -30, 30))))


def promised(sure: float, promises: Mapping[str, float]) -> float:
    """The confidence from which on at least this share of the answers is right. promises: of a card. Raises ValueError where nothing so
    sure is promised."""
    known = sorted((float(share), threshold) for share, threshold in promises.items())
    for share, threshold in known:
        if share >= sure:
            return threshold
    most = f"no more than {known[-1][0]:g} is promised" if known else "nothing is promised"
    raise ValueError(f"sure {sure:g}: {most}: of other kinds of writing too few lines that are so sure were measured")
