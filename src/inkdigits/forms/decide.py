"""What was read of a field -> its value: how sure it is, whether a person should look, and why; then the checks across fields.

Nothing here looks at an image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..reader import LINE_THRESHOLD
from ..recognition.alphabet import text_of
from ..recognition.confidence import PLAIN, certainty
from ..recognition.decode import Text
from ..recognition.signs import Checked
from .across import Check, failing, settle
from .fieldtypes import Kind
from .reading import EMPTY, INVALID, OK, UNSURE, FieldValue
from .template import FormField

FEW = 0.04
"""A small box of which less than this share is inked is not ticked. Set by eye on composed stacks of seed 7."""
TICKED = 0.07
"""One of which more is inked is ticked; between the two it is not sure."""
SUREST = 0.9999
"""No field is surer."""


def decided(
    told: FieldValue,
    kind: Kind,
    checked: Checked,
    unread: int,
    prior: Mapping[Text, float],
    least: float,
    weights: Mapping[str, float],
) -> FieldValue:
    """What the texts of a field come to: those of one value together.

    told: the field as far as it is known. checked: its texts, weighed by both networks. unread: marks that are not in the line. prior: how
    much likelier than others each text is, for what it says. least: the confidence in [0, 1] below which a value is unsure. weights: of
    the confidence, as the card of a number model has them.
    """
    if not checked.candidates:
        return replace(told, status=UNSURE, note="nothing that is allowed fits")
    texts = {one.text: text_of(one.text) for one in checked.candidates}
    odds: dict[str, float] = {}
    free: dict[str, float] = {}
    for one in checked.candidates:
        value = kind.value(texts[one.text]) or texts[one.text]
        odds[value] = odds.get(value, 0.0) + one.probability
        free[value] = free.get(value, 0.0) + one.probability / prior.get(one.text, 1.0)
    ranked = sorted(odds.items(), key=lambda pair: -pair[1])
    value, p = ranked[0]
    text = next(texts[one.text] for one in checked.candidates if (kind.value(texts[one.text]) or texts[one.text]) == value)
    best = checked.candidates[0]
    evidence = dict(checked.evidence)
    evidence["rivals"] = float(np.log(max(p, 1e-9) / max(1 - p, 1e-6)))
    evidence["path"] = min(evidence["path"] + float(np.log(max(p / max(best.probability, 1e-9), 1e-9))), 0.0)
    sure = certainty({**evidence, "unread": float(unread)}, weights or PLAIN)
    problem, picked = kind.problem(text), max(free, key=lambda one: free[one]) != value
    note = problem or (f"picked by the {kind.constrains or 'type'}" if picked else "")
    status = INVALID if problem else OK if sure >= least else UNSURE
    known = "" if kind.value(text) is None else value
    return replace(
        told, value=known, text=text, confidence=min(sure, SUREST), status=status, note=note,
        candidates=tuple((v, q) for v, q in ranked if kind.value(v) is not None or v == known),
    )  # fmt: skip


def ticked(own: FormField, marks: Sequence[float], told: FieldValue, threshold: float) -> FieldValue:
    """What small boxes say, by the share of each that is inked, in [0, 1]: of a tick "yes" or "no", of a choice the names of its options,
    joined by " + ". A person should look where a share is neither small nor large, and where more than one is ticked."""
    sure = min(min(abs(np.log(max(share, 1e-3) / ((FEW + TICKED) / 2))) / np.log(4) for share in marks), 1.0)
    confidence = min(0.5 + 0.5 * float(sure), SUREST)
    doubtful = any(FEW <= share <= TICKED for share in marks) or confidence < min(threshold, 0.7)
    there = [share > (FEW + TICKED) / 2 for share in marks]
    if not own.options:
        return replace(told, value="yes" if there[0] else "no", confidence=confidence, status=UNSURE if doubtful else OK)
    names = [option.name for option, is_there in zip(own.options, there, strict=True) if is_there]
    told = replace(told, value=" + ".join(names), confidence=confidence)
    if len(names) > 1 and not own.many:
        return replace(told, status=INVALID, note="more than one is ticked")
    return replace(told, status=UNSURE if doubtful else OK if names else EMPTY)


def checked_across(values: Sequence[FieldValue], checks: Sequence[Check]) -> list[FieldValue]:
    """Hold the fields of a form against the checks across them: values that only together are likely are picked, what fails is invalid."""
    by_name = {own.name: own for own in values}
    for one in checks:
        if not all(name in by_name and (by_name[name].candidates or by_name[name].status == EMPTY) for name in one.fields):
            continue
        found = settle(one, {name: _ranked(by_name[name]) for name in one.fields})
        for name in one.fields:
            own = by_name[name]
            if not found.holds:
                by_name[name] = replace(own, status=INVALID if own.status != EMPTY else EMPTY, note=own.note or f"not {one.said}")
            elif own.status == INVALID or not found.values[name]:
                continue
            elif name in found.changed:
                status, sure = (OK if found.probability >= LINE_THRESHOLD else UNSURE), min(found.probability, SUREST)
                by_name[name] = replace(own, value=found.values[name], confidence=sure, status=status, note=f"picked by {one.said}")
            elif one.kind != "order" and found.probability > own.confidence:
                sure = min(found.probability, SUREST)
                by_name[name] = replace(own, confidence=sure, status=OK if sure >= LINE_THRESHOLD else own.status)
    return [by_name[own.name] for own in values]


def failed_across(values: Sequence[FieldValue], checks: Sequence[Check]) -> list[FieldValue]:
    """Say which fields fail a check across them, and change nothing."""
    by_name = {own.name: own for own in values}
    for check in failing(checks, {own.name: own.value for own in values}):
        for name in check.fields:
            by_name[name] = replace(by_name[name], status=INVALID, note=by_name[name].note or f"not {check.said}")
    return list(by_name.values())


def _ranked(own: FieldValue) -> list[tuple[str, float]]:
    """The values of a field with probabilities that add up to no more than 1, the first with its confidence."""
    if own.status == EMPTY:
        return [("", 1.0)]
    others = sum(p for _, p in own.candidates[1:])
    left = 1 - own.confidence
    return [(value, own.confidence if k == 0 else p / max(others, 1e-12) * 0.9 * left) for k, (value, p) in enumerate(own.candidates)]
