"""A field's characters and the regions of its ink -> its signs: the two readers check each other where a digit stands alone.

The number network sees the whole field, the digit model one region at a time. Where a region holds one digit and nothing else, what both
say is multiplied, the digit model's word to a power below 1 (a product of experts: Hinton, Training Products of Experts by Minimizing
Contrastive Divergence, 2002, section 1); where it holds none, the digit model says how likely a digit was overlooked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..models import NOT_A_DIGIT
from .alphabet import CLASSES, DIGITS, OTHER
from .numbers import Written

Float = NDArray[np.float32]
Span = tuple[float, float]

TRUST = 0.5
"""The power to which the digit model's probabilities are taken."""
NUMBER_FLOOR, DIGIT_FLOOR = 3e-3, 1e-3
"""The least that either reader gives to any digit: no answer of one alone rules out what the other says."""
SLACK = 1.0
"""Pixels by which the middle of a character may miss its region."""
REACH = 2.0
"""Frames by which it may miss a region that holds no other: the network sees a thin stroke up to so many before it or behind it."""
DOTS = ".,"
"""Labels of what is too small to be one of the regions."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One position of a field. ranked: labels (names of CLASSES, or "not a digit") with their probabilities, likeliest first. left, right:
    its columns in the image. regions: the indices of the regions that it was written with, none where it was found in none. sole: whether
    it is the only character in each of them."""

    ranked: tuple[tuple[str, float], ...]
    left: float
    right: float
    regions: tuple[int, ...]
    sole: bool

    @property
    def label(self) -> str:
        """The likeliest label."""
        return self.ranked[0][0]

    @property
    def probability(self) -> float:
        """Of the likeliest label."""
        return self.ranked[0][1]


def held(written: Written, spans: Sequence[Span]) -> list[list[int]]:
    """For each region the indices of the characters whose middle lies in its columns, else of the nearest one that lies in none. spans: the
    first and last column of each region."""
    middles = [character.middle for character in written.characters]
    found = [[i for i, middle in enumerate(middles) if left - SLACK <= middle <= right + SLACK] for left, right in spans]
    placed = {i for inside in found for i in inside}
    free = [i for i, character in enumerate(written.characters) if i not in placed and character.label not in DOTS]
    gaps = [(max(left - middles[i], middles[i] - right), i, r) for i in free for r, (left, right) in enumerate(spans) if not found[r]]
    for gap, i, region in sorted(gaps):
        if gap <= REACH * written.frame and i not in placed and not found[region]:
            found[region].append(i)
            placed.add(i)
    return found


def signs(written: Written, spans: Sequence[Span], opinions: Float, *, allowed: Collection[int] | None = None) -> list[Sign]:
    """The positions of a field, left to right.

    spans: as for `held`. opinions: what the digit model makes of each region, float32 (regions, 11): the digits and "not a digit".
    allowed: the indices of CLASSES that the field was read with; None stands for all.
    """
    digits = [digit for digit in DIGITS if allowed is None or CLASSES.index(digit) in allowed]
    holds = held(written, spans)
    found = []
    for i, character in enumerate(written.characters):
        own = tuple(r for r, inside in enumerate(holds) if i in inside)
        sole = all(len(holds[r]) == 1 for r in own)
        ranked = _by_number(written, i)
        if len(own) == 1 and sole and character.label in DIGITS:
            ranked = _together(ranked, opinions[own[0]], digits)
        found.append(Sign(tuple(ranked), character.left, character.right, own, sole))
    return found


def overlooked(written: Written, spans: Sequence[Span], opinions: Float) -> float:
    """The probability that a digit was overlooked: that any region without a character is one."""
    kept = 1.0
    for inside, opinion in zip(held(written, spans), opinions, strict=True):
        if not inside:
            kept *= float(opinion[len(DIGITS)])
    return 1.0 - kept


def _by_number(written: Written, position: int) -> list[tuple[str, float]]:
    """The labels at one position of the best text, over all candidates as long, likeliest first."""
    best = written.candidates[0].text
    odds: dict[str, float] = {}
    for candidate in written.candidates:
        if len(candidate.text) == len(best):
            name = CLASSES[candidate.text[position]]
            label = NOT_A_DIGIT if name == OTHER else name
            odds[label] = odds.get(label, 0.0) + candidate.probability
    return sorted(odds.items(), key=lambda pair: -pair[1])


def _together(ranked: list[tuple[str, float]], opinion: Float, digits: Sequence[str]) -> list[tuple[str, float]]:
    """The product of what both readers say of one digit; labels that are none have the word of the digit model for "not a digit". digits:
    those that it may be."""
    by_number = dict(ranked)
    labels = [*digits, *(label for label in by_number if label not in DIGITS)]
    digit = np.array([opinion[int(label) if label in DIGITS else len(DIGITS)] for label in labels], np.float64)
    number = np.array([by_number.get(label, 0.0) for label in labels])
    odds = (number + NUMBER_FLOOR * np.array([label in DIGITS for label in labels])) * (digit + DIGIT_FLOOR) ** TRUST
    odds /= odds.sum()
    order = np.argsort(-odds, kind="stable")[:4]
    return [(labels[i], float(odds[i])) for i in order]
