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
    empty: FieldValue,
    kind: Kind,
    checked: Checked,
    unread: int,
    prior: Mapping[Text, float],
    least: float,
    weights: Mapping[str, float],
) -> FieldValue:
    """What the texts of a field come to: those of one value together.

    empty: the field without a value. checked: its texts, weighed by both networks. unread: marks that are not in the line. prior: how
    much likelier than others each text is, for what it says. least: the confidence in [0, 1] below which a value is unsure. weights: of
    the confidence, as the card of a number model has them.
    """
    if not checked.candidates:
        return replace(empty, status=UNSURE, note="nothing that is allowed fits")
    texts = {candidate.text: text_of(candidate.text) for candidate in checked.candidates}
    odds: dict[str, float] = {}
    free: dict[str, float] = {}
    for candidate in checked.candidates:
        value = kind.value(texts[candidate.text]) or texts[candidate.text]
        odds[value] = odds.get(value, 0.0) + candidate.probability
        free[value] = free.get(value, 0.0) + candidate.probability / prior.get(candidate.text, 1.0)
    ranked = sorted(odds.items(), key=lambda pair: -pair[1])
    value, p = ranked[0]
    text = next(text for text in texts.values() if (kind.value(text) or text) == value)
    best = checked.candidates[0]
    evidence = dict(checked.evidence)
    evidence["rivals"] = float(np.log(max(p, 1e-9) / max(1 - p, 1e-6)))
    evidence["path"] = min(evidence["path"] + float(np.log(max(p / max(best.probability, 1e-9), 1e-9))), 0.0)
    sure = certainty({**evidence, "unread": float(unread)}, weights or PLAIN)
    problem, picked = kind.problem(text), max(free, key=lambda rival: free[rival]) != value
    note = problem or (f"picked by the {kind.constrains or 'type'}" if picked else "")
    status = INVALID if problem else OK if sure >= least else UNSURE
    known = "" if kind.value(text) is None else value
    return replace(
        empty, value=known, text=text, confidence=min(sure, SUREST), status=status, note=note,
        candidates=tuple((v, q) for v, q in ranked if kind.value(v) is not None or v == known),
    )  # fmt: skip


def ticked(form_field: FormField, marks: Sequence[float], empty: FieldValue, threshold: float) -> FieldValue:
    """What small boxes say, by the share of each that is inked, in [0, 1]: of a tick "yes" or "no", of a choice the names of its options,
    joined by " + ". A person should look where a share is neither small nor large, and where more than one is ticked."""
    sure = min(min(abs(np.log(max(share, 1e-3) / ((FEW + TICKED) / 2))) / np.log(4) for share in marks), 1.0)
    confidence = min(0.5 + 0.5 * float(sure), SUREST)
    doubtful = any(FEW <= share <= TICKED for share in marks) or confidence < min(threshold, 0.7)
    there = [share > (FEW + TICKED) / 2 for share in marks]
    if not form_field.options:
        return replace(empty, value="yes" if there[0] else "no", confidence=confidence, status=UNSURE if doubtful else OK)
    names = [option.name for option, is_there in zip(form_field.options, there, strict=True) if is_there]
    value = replace(empty, value=" + ".join(names), confidence=confidence)
    if len(names) > 1 and not form_field.many:
        return replace(value, status=INVALID, note="more than one is ticked")
    return replace(value, status=UNSURE if doubtful else OK if names else EMPTY)


def checked_across(values: Sequence[FieldValue], checks: Sequence[Check]) -> list[FieldValue]:
    """Hold the fields of a form against the checks across them: values that only together are likely are picked, what fails is invalid."""
    by_name = {value.name: value for value in values}
    for check in checks:
        if not all(name in by_name and (by_name[name].candidates or by_name[name].status == EMPTY) for name in check.fields):
            continue
        settled = settle(check, {name: _ranked(by_name[name]) for name in check.fields})
        for name in check.fields:
            value = by_name[name]
            if not settled.holds:
                by_name[name] = replace(value, status=INVALID if value.status != EMPTY else EMPTY, note=value.note or f"not {check.said}")
            elif value.status == INVALID or not settled.values[name]:
                continue
            elif name in settled.changed:
                status, sure = (OK if settled.probability >= LINE_THRESHOLD else UNSURE), min(settled.probability, SUREST)
                by_name[name] = replace(value, value=settled.values[name], confidence=sure, status=status, note=f"picked by {check.said}")
            elif check.kind != "order" and settled.probability > value.confidence:
                sure = min(settled.probability, SUREST)
                by_name[name] = replace(value, confidence=sure, status=OK if sure >= LINE_THRESHOLD else value.status)
    return [by_name[value.name] for value in values]


def failed_across(values: Sequence[FieldValue], checks: Sequence[Check]) -> list[FieldValue]:
    """Say which fields fail a check across them, and change nothing."""
    by_name = {value.name: value for value in values}
    for check in failing(checks, {value.name: value.value for value in values}):
        for name in check.fields:
            by_name[name] = replace(by_name[name], status=INVALID, note=by_name[name].note or f"not {check.said}")
    return list(by_name.values())


def _ranked(field: FieldValue) -> list[tuple[str, float]]:
    """The values of a field with probabilities that add up to no more than 1, the first with its confidence."""
    if field.status == EMPTY:
        return [("", 1.0)]
    others = sum(p for _, p in field.candidates[1:])
    left, total = 1 - field.confidence, max(others, 1e-12)
    return [(value, field.confidence if k == 0 else p / total * 0.9 * left) for k, (value, p) in enumerate(field.candidates)]
