"""The thresholds that keep a promise: above which confidence so many answers are right as `--sure` asks for, on writing of other kinds.

A promise is held against lines whose confidence comes of weights that were fitted without their kind, and it has to hold with `CERTAINTY`,
not just in the lines that were counted: where few are left above a threshold, nothing is promised of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from inkdigits.arrays import Double, Mask

from .tables import Table

PROMISES = (0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995)
"""Shares of right answers that are promised where the evidence is enough."""
CERTAINTY = 0.95
"""How likely it is that a promise holds for more lines like those that were counted."""
LEAST = 0.5
"""No line is answered that is less likely right than wrong, however little is promised."""


@dataclass(frozen=True, slots=True)
class Held:
    """Lines of one kind. confidence: float64 (N,), by weights that were fitted without the kind, 0 where something of the line was not
    answered; right: bool (N,)."""

    kind: str
    confidence: Double
    right: Mask


def thresholds(kinds: Sequence[Held]) -> dict[float, float]:
    """The lowest confidence from which on each of PROMISES is kept, every kind counting as much as the others; those that can be kept."""
    confidence = np.concatenate([kind.confidence for kind in kinds])
    right = np.concatenate([kind.right for kind in kinds])
    share = np.concatenate([np.full(len(kind.right), 1 / len(kind.right)) for kind in kinds])
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    whole = np.append(ranked[1:] < ranked[:-1], True) & (ranked >= LEAST)  # lines of the same confidence stand or fall together
    least = lower_bound(right[order], share[order])
    kept = {promise: np.flatnonzero(whole & (least >= promise)) for promise in PROMISES}
    return {promise: float(ranked[places[-1]]) for promise, places in kept.items() if len(places)}


def lower_bound(right: Mask, share: Double) -> Double:
    """Of the first lines, as many as there are, what share is right with CERTAINTY: float64 (N,). It is Wilson's bound, for as many lines
    as their unequal shares are worth (Kish's effective size). share: (N,), how much each line counts."""
    size = share.cumsum() ** 2 / (share**2).cumsum()
    mean = (share * right).cumsum() / share.cumsum()
    z = NormalDist().inv_cdf(CERTAINTY)
    middle = mean + z**2 / (2 * size)
    width = z * np.sqrt(mean * (1 - mean) / size + z**2 / (4 * size**2))
    found: Double = (middle - width) / (1 + z**2 / size)
    return found


def table(found: Sequence[tuple[Held, Mapping[float, float]]]) -> Table:
    """What each promise came to: one line a kind, with the thresholds that were found without it."""
    rows, figures = [], []
    for kind, own in found:
        cells = []
        for promise in PROMISES:
            answered = kind.confidence >= own[promise] if promise in own else None
            figures.append({"kind": kind.kind, "promise": promise, **_figures(kind, own.get(promise), answered)})
            cells.append(_cell(figures[-1]))
        rows.append([kind.kind, f"{len(kind.right):,}", *cells])
    head = ("kind, left out of what promises", "lines", *(f"--sure {promise:g}" for promise in PROMISES))
    note = (
        "Right of answered, and answered; -: nothing is promised. A threshold is found on the other kinds, each counting alike, so that "
        f"the promise holds there with {CERTAINTY:.0%} certainty; a line with a `?`, or with writing left out beside it, is not answered."
    )
    return Table("promises", head, rows, figures, note)


def _figures(kind: Held, threshold: float | None, answered: Mask | None) -> dict[str, float | None]:
    if answered is None:
        return {"threshold": None, "answered": None, "right_of_answered": None}
    right = float(kind.right[answered].mean()) if answered.any() else None
    return {"threshold": threshold, "answered": float(answered.mean()), "right_of_answered": right}


def _cell(figures: Mapping[str, float | str | None]) -> str:
    if figures["answered"] is None:
        return "-"
    right = figures["right_of_answered"]
    return "none" if right is None else f"{right:.1%} of {figures['answered']:.0%}"
