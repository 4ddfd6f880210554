"""probabilities and what was left out -> an answer, or "?" with the reason; whether an image is refused, and why a person should look."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import Float
from ..layout.ink import Ink, quantile, stroke_width
from ..layout.regions import Region
from ..lines import AT_THE_EDGE, Box, Digit, Line
from ..models import NOT_A_DIGIT
from .leftout import Mark

LOW, THIN, FAINT, BLUR = 14, 1.5, 0.15, 0.12
"""A refusal is blamed on the image below this height and stroke width in pixels of the image, below this share of the paper's light, and
where the strokes' edges are wider than this share of the digit's height."""

NONE = "not a digit: it looks more like a letter, a sign, a scribble or several digits in one"
MOSTLY, AT_LEAST = 0.5, 8
"""A page on which more than this share of at least so many marks is no digit is refused as a whole."""
PAGE = "no digits: {} of {} marks are none, as in text, a drawing or the grain of paper"
UNSURE = "not sure enough: {}"
NO_INK = "no ink: nothing on it stands out from the paper"
NO_DIGIT = "no digit: what is on it are lines, dots, edges, letters or signs"
ONLY_EDGES = "no digit: what is on it lies along its edge and is no writing, like the edge of a scan, a rule, a desk; crop to the writing"


def decide(ranked: Sequence[tuple[str, float]], threshold: float, box: Box, tile: Float | None, *, every: Sequence[str] = ()) -> Digit:
    """Answer one position.

    ranked: labels with their calibrated probabilities, likeliest first; what "not a digit" has, the answer lacks. threshold: below this
    confidence the answer is "?", and where "not a digit" is likelier than anything else; 0 always answers. every: the labels whose
    probabilities the Digit is to carry, besides the likeliest ones.
    """
    label, confidence = next((pair for pair in ranked if pair[0] != NOT_A_DIGIT), ("?", 0.0))
    refused = None
    if label == "?" or (threshold > 0 and ranked[0][0] == NOT_A_DIGIT):
        refused = NONE
    elif confidence < threshold:
        refused = UNSURE.format(_rivals(ranked))
    odds = dict(ranked)
    return Digit(
        label="?" if refused else label,
        box=box,
        confidence=confidence,
        alternatives=tuple(ranked[:3] if refused else [pair for pair in ranked if pair[0] != label][:3]),
        probabilities=tuple((name, odds.get(name, 0.0)) for name in every),
        refused=refused,
        tile=tile,
    )


def refusal(digits: Sequence[Digit], marks: Sequence[Mark], inked: bool) -> str | None:
    """Why an image is refused as a whole: nothing on it is a digit, or too little to call it a page of digits; None where it is one.

    marks: what was left out. inked: whether there is any ink.
    """
    if not inked:
        return NO_INK
    if not digits:
        return ONLY_EDGES if marks and all(mark.reason == AT_THE_EDGE for mark in marks) else NO_DIGIT
    none = sum(digit.refused is not None and digit.alternatives[0][0] == NOT_A_DIGIT for digit in digits)
    return PAGE.format(none, len(digits)) if len(digits) >= AT_LEAST and none > MOSTLY * len(digits) else None


def doubts(lines: Sequence[Line], marks: Sequence[Mark], threshold: float) -> tuple[str, ...]:
    """Why a person should look at an answer even if no "?" is in it: writing was left out; a line is less likely right than `threshold`."""
    unread = any(mark.line is not None for mark in marks)
    unsure = any(line.confidence < threshold for line in lines)
    return ("unread",) * unread + ("unsure",) * unsure


def _rivals(ranked: Sequence[tuple[str, float]]) -> str:
    """What it may be, in words."""
    likely = [f"{name} ({p:.0%})" for name, p in ranked[:2] if p > 0.2 * ranked[0][1]]
    return "it may be " + " or ".join(likely)


def blame(ink: Ink, region: Region) -> str | None:
    """What is wrong with the image of a digit that was refused, and what to do about it; None where nothing is."""
    height, width = region.height * ink.scale, stroke_width(region.mask) * ink.scale
    window = (slice(region.y, region.bottom), slice(region.x, region.right))
    strength = ink.strength[window][region.mask] / 255
    if height < LOW:
        return f"too small: the digit is {height:.0f} px high; take the picture from closer, or scan it finer"
    if width < THIN:
        return f"too thin: the strokes are {width:.0f} px wide; take the picture from closer, or scan it finer"
    if quantile(strength, 0.85) < FAINT:
        return f"too faint: the pen takes {quantile(strength, 0.85):.0%} of the paper's light; use more light or a darker pen"
    if (blur := _blur(ink, region)) > BLUR * region.height:
        return f"too blurred: the strokes' edges are {blur * ink.scale:.0f} px wide; hold the camera still, focus on the paper"
    return None


def _blur(ink: Ink, region: Region) -> float:
    """Width of the strokes' edges in pixels of the ink: of the way from a quarter to three quarters of their strength, doubled."""
    rim = 4
    top, left = max(region.y - rim, 0), max(region.x - rim, 0)
    strength = ink.strength[top : region.bottom + rim, left : region.right + rim].astype(np.float32)
    if min(strength.shape) < 2:
        return 0.0  # a strip one pixel wide has no edges to look at
    full = quantile(ink.strength[region.y : region.bottom, region.x : region.right][region.mask], 0.85)
    steep = np.hypot(*np.gradient(strength)) / max(full, 1.0)
    inside = (strength > 0.25 * full) & (strength < 0.75 * full)
    return float(1 / max(quantile(steep[inside], 0.5), 1e-3)) if inside.any() else 0.0
