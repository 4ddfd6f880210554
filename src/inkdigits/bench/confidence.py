"""By how much the confidence in a line is off on a kind of writing that it was not fitted on, what `--sure` promises and comes to there,
and the weights and thresholds of both.

inkdigits bench confidence                        # each kind of FITTED left out in turn, and the kinds that none were fitted on
inkdigits bench confidence --into MODEL           # and keep the weights and the promises of all of FITTED in a number model's card
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from inkdigits.arrays import Double, Mask
from inkdigits.models import Card
from inkdigits.recognition.confidence import EVIDENCE, Evidence, certainty
from inkdigits.training.calibrate import fit_confidence

from . import promises
from .real import Answer, answers, off_by
from .scoring import digits, number
from .sets import RealSet
from .tables import Table

FITTED = ("hands33", "registers", "pen_numbers", "composed_numbers", "cheque_amounts")
KEPT_OUT = ("photos_multi",)
"""Kinds of writing that the weights are fitted on, and those that they never are."""
BIAS = "bias"


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one kind. evidence: of each; right: bool (N,), whether all of it is right, answering always; whole: bool (N,), whether
    nothing of it was left out, as `real.LineAnswer` has it."""

    kind: str
    evidence: Sequence[Evidence]
    right: Mask
    whole: Mask

    def confidence(self, weights: Mapping[str, float]) -> Double:
        """What weights make of the evidence: float64 (N,)."""
        return np.array([certainty(evidence, weights) for evidence in self.evidence])


def read_lines(home: Path) -> list[Lines]:
    """The lines that are read on the sets of FITTED and KEPT_OUT. home: real/."""
    return [_lines(name, answers(RealSet(home / name))) for name in (*FITTED, *KEPT_OUT)]


def fitted(kinds: Sequence[Lines]) -> dict[str, float]:
    """The weights for which the evidence tells best what is right, every kind counting as much as the others."""
    rows = np.array([[evidence[name] for name in EVIDENCE] for kind in kinds for evidence in kind.evidence])
    right = np.concatenate([kind.right for kind in kinds])
    share = np.concatenate([np.full(len(kind.right), 1 / len(kind.right)) for kind in kinds])
    return dict(zip((BIAS, *EVIDENCE), fit_confidence(rows, right, share).tolist(), strict=True))


def table(kinds: Sequence[Lines]) -> Table:
    """One line a kind: how sure, how often right, and by how much that is off, with weights that were fitted on the other kinds."""
    rows, figures = [], []
    for kind in kinds:
        weights = fitted([other for other in kinds if other.kind in FITTED and other.kind != kind.kind])
        found = kind.confidence(weights)
        off, sure = off_by(found, kind.right), found >= np.quantile(found, 0.15)
        figures.append(
            {
                "kind": kind.kind,
                "lines": len(found),
                "confidence": float(found.mean()),
                "right": float(kind.right.mean()),
                "off_by": off,
                "right_of_surest": float(kind.right[sure].mean()),
            }
        )
        f = figures[-1]
        rows.append(
            [kind.kind, f"{len(found):,}", f"{f['confidence']:.3f}", f"{f['right']:.3f}", f"{off:.3f}", f"{f['right_of_surest']:.3f}"]
        )
    head = ("kind, left out of the fit", "lines", "mean confidence", "right", "off by", "right of the surest 85 %")
    note = f"Fitted on {', '.join(FITTED)}, without the kind of the line. Off by: the expected calibration error of 15 bins."
    return Table("confidence", head, rows, figures, note)


def promises_table(kinds: Sequence[Lines]) -> Table:
    """What each promise comes to on each kind, with weights and thresholds that were found on the other kinds."""
    found = []
    for kind in kinds:
        others = [other for other in kinds if other.kind in FITTED and other.kind != kind.kind]
        found.append((_held(kind, others), promises.thresholds(held_out(others))))
    return promises.table(found)


def held_out(kinds: Sequence[Lines]) -> list[promises.Held]:
    """Each kind with the confidence of weights that were fitted on the others."""
    return [_held(kind, [other for other in kinds if other is not kind]) for kind in kinds]


def _held(kind: Lines, others: Sequence[Lines]) -> promises.Held:
    return promises.Held(kind.kind, np.where(kind.whole, kind.confidence(fitted(others)), 0.0), kind.right)


def keep(kinds: Sequence[Lines], model: Path) -> None:
    """Write the weights and the thresholds of all FITTED kinds into the card of a number model, with how they were found."""
    kinds = [kind for kind in kinds if kind.kind in FITTED]
    weights, kept = fitted(kinds), promises.thresholds(held_out(kinds))
    card = Card.load(model / "card.json")
    said = {"command": "inkdigits bench confidence --into MODEL", "fitted_on": list(FITTED)}
    rounded = {name: round(value, 4) for name, value in weights.items()}
    promised = {f"{promise:g}": math.ceil(threshold * 1e4) / 1e4 for promise, threshold in kept.items()}
    told = replace(card, confidence=rounded, promises=promised, training={**card.training, "confidence": said})
    told.save(model / "card.json")


def _lines(kind: str, found: Sequence[Answer]) -> Lines:
    evidence, right, whole = [], [], []
    for answer in found:
        what = number if answer.task.symbols else digits
        truths = [what(line, lines=False) for line in answer.task.truth.split("\n")]
        for line in answer.lines:
            if line.evidence:
                evidence.append(line.evidence)
                right.append(what(line.text, lines=False) in truths)
                whole.append(line.whole)
    return Lines(kind, evidence, np.array(right, bool), np.array(whole, bool))
