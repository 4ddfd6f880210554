"""A field as both readers see it -> its texts with their probabilities, and the signs of the best: the readers check each other.

The number network sees the whole field, the digit model one region of ink at a time. A text is as likely as the number network says, times
how well it fits what the digit model says of every region, to a power (a product of experts: Hinton, Training Products of Experts by
Minimizing Contrastive Divergence, 2002, section 1): that it holds just this digit, or no single digit. Texts that the digit model
suggests are weighed beside those that the number network found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from ..arrays import Float
from ..models import NOT_A_DIGIT
from .alphabet import CLASSES, DIGITS, OTHER
from .confidence import Evidence
from .decode import Candidate, Text
from .forms import has_form
from .numbers import Character, Seen

Span = tuple[float, float]

TRUST, OVERLOOKED = 0.3, 1.0
"""The powers to which the digit model's word is taken: on a region that a text has characters in, on one that it has none in."""
DIGIT_FLOOR, OTHER_FLOOR = 1e-3, 1e-2
"""What is added to the digit model's probability of a digit, and of none: it never rules out what the number network says."""
LOOSE = float(np.exp(-1.0))
"""By how much a digit that is in no region makes a text less likely."""
FORMLESS = 0.1
"""By how much a text that has none of the forms of numbers is less likely."""
SUGGESTED = 0.05
"""The least probability of a digit that the digit model suggests."""
UNLIKELY = 1e-3
"""A text that the number network finds less likely than the likeliest by this factor is not weighed."""
BEST = 3
"""Texts that suggestions are made for, the likeliest ones."""
SLACK = 1.0
"""Pixels by which the middle of a character may miss its region."""
REACH = 2.0
"""Frames by which it may miss a region that holds no other: the network sees a thin stroke up to so many before it or behind it."""
DOTS = ".,"
"""Labels of what is too small to be one of the regions."""
SUREST = 1 - 1e-6
"""The highest probability of a text, or of a sign."""
MOST_WEIGHED = 16
"""Texts that are weighed beside what the digit model suggests, at most."""
KEPT = 5
"""Texts, and labels of a sign, that are kept."""

# The powers, LOOSE and SUGGESTED were chosen on 150 images each of hands33, registers, cheque_amounts, photos_multi and pen_numbers.


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


@dataclass(frozen=True, slots=True)
class Checked:
    """What both readers make of a field. candidates: the likeliest texts, as indices of CLASSES, best first; none where nothing fits.
    signs: the positions of the best, left to right. overlooked: the probability, by the digit model, that a region in which it has nothing
    is a digit. evidence: what speaks for the best, of EVIDENCE in `recognition.confidence`, but for what was not read."""

    candidates: tuple[Candidate, ...]
    signs: tuple[Sign, ...]
    overlooked: float
    evidence: Evidence


def check(
    seen: Seen,
    spans: Sequence[Span],
    opinions: Float,
    *,
    also: Sequence[Text] = (),
    prior: Callable[[Text], float] | None = None,
    rest: float = 1.0,
    kept: int = KEPT,
) -> Checked:
    """Weigh the texts of a field.

    spans: the first and last column of each region of its ink in the image, left to right. opinions: what the digit model makes of each,
    float32 (regions, 11): the digits and "not a digit". also: texts that are weighed beside those that the network found. prior: how much
    likelier a text is for what it says, in [0, 1], where more is known than the forms of numbers; rest: the same of all texts that are not
    weighed. kept: candidates that are returned, at most.
    """
    found = seen.candidates()
    if also:
        every = list(dict.fromkeys((*(one.text for one in found), *also)))
        found = [
            Candidate(text, p)
            for text, p in zip(every, seen.probabilities(every).tolist(), strict=True)
            if prior is None or prior(text) > 0
        ]
        found.sort(key=lambda one: -one.probability * (prior(one.text) if prior else 1.0))
    least = UNLIKELY * found[0].probability if found else 0.0
    found = [candidate for candidate in found if candidate.probability > least][: max(kept, MOST_WEIGHED)]
    if not found:
        return Checked((), (), _overlooked([[]] * len(spans), opinions), {})
    texts = [candidate.text for candidate in found]
    placed = [_Placed.of(text, own, seen.frame, spans, opinions) for text, own in zip(texts, seen.characters(texts), strict=True)]
    by_text = {own.text: own.fit for own in placed}
    for own in placed[:BEST]:
        by_text = {**dict(own.suggestions(seen, spans, opinions)), **by_text}
    texts, fit = list(by_text), np.array(list(by_text.values()))
    alone = seen.probabilities(texts)
    formless = np.array([not has_form(text) for text in texts])
    before = np.array([prior(text) for text in texts]) if prior else np.where(formless, FORMLESS, 1.0)
    scores = np.log(np.maximum(alone, 1e-300)) + fit + np.log(np.maximum(before, 1e-300))
    odds = np.exp(scores - scores.max())
    odds /= odds.sum()
    order = np.argsort(-odds, kind="stable").tolist()
    best = order[0]
    ranked = [Candidate(texts[i], float(odds[i])) for i in order]
    if texts[best] not in {one.text for one in placed}:  # the digit model suggested it
        (characters,) = seen.characters([texts[best]])
        placed.append(_Placed.of(texts[best], characters, seen.frame, spans, opinions))
    own = next(one for one in placed if one.text == texts[best])
    overlooked = _overlooked(own.holds, opinions)
    weighed = alone * before if prior else alone
    total = weighed.sum() + rest * max(1 - alone.sum(), 0.0) if prior else 1.0
    evidence = {
        "rivals": float(np.log(odds[best] / max(1 - odds[best], 1 - SUREST))),
        "listed": float(np.log(np.clip(weighed.sum() / total, 1e-300, 1))),
        "path": float(np.log(max(weighed[best] / total, 1e-300))),
        "complete": float(np.log(max(1 - overlooked, 1e-300))),
    }
    return Checked(tuple(ranked[:kept]), tuple(own.signs(ranked)), overlooked, evidence)


def held(characters: Sequence[Character], spans: Sequence[Span], frame: float) -> list[list[int]]:
    """For each region the indices of the characters whose middle lies in its columns, else of the nearest one that lies in none. frame:
    columns for one frame of the network."""
    middles = [character.middle for character in characters]
    found = [[i for i, middle in enumerate(middles) if left - SLACK <= middle <= right + SLACK] for left, right in spans]
    placed = {i for inside in found for i in inside}
    free = [i for i, character in enumerate(characters) if i not in placed and character.label not in DOTS]
    gaps = [(max(left - middles[i], middles[i] - right), i, r) for i in free for r, (left, right) in enumerate(spans) if not found[r]]
    for gap, i, region in sorted(gaps):
        if gap <= REACH * frame and i not in placed and not found[region]:
            found[region].append(i)
            placed.add(i)
    return found


@dataclass(frozen=True, slots=True)
class _Placed:
    """A text with its places. holds: for each region the indices of its characters; regions: for each character in any, those that hold it;
    fit: the log of how well the text fits what the digit model says of every region."""

    text: Text
    characters: tuple[Character, ...]
    holds: list[list[int]]
    regions: dict[int, list[int]]
    fit: float

    @classmethod
    def of(cls, text: Text, characters: tuple[Character, ...], frame: float, spans: Sequence[Span], opinions: Float) -> _Placed:
        holds = held(characters, spans, frame)
        regions: dict[int, list[int]] = {}
        for region, inside in enumerate(holds):
            for i in inside:
                regions.setdefault(i, []).append(region)
        labels = [character.label for character in characters]
        fit = sum(_fit([labels[i] for i in own], opinion) for own, opinion in zip(holds, opinions, strict=True) if _is_whole(own, regions))
        loose = sum(label in DIGITS and i not in regions for i, label in enumerate(labels))
        return cls(text, characters, holds, regions, fit + loose * float(np.log(LOOSE)))

    def suggestions(self, seen: Seen, spans: Sequence[Span], opinions: Float) -> list[tuple[Text, float]]:
        """Texts like this one with what the digit model sees, and how well they fit: another digit in a region, one where none was seen,
        all of them at once."""
        may_be = [digit for digit in DIGITS if seen.allowed is None or CLASSES.index(digit) in seen.allowed]
        if not may_be or len(self.characters) != len(self.text):
            return []
        every = list[_Change]()
        found = list[_Change]()
        for span, inside, opinion in zip(spans, self.holds, opinions, strict=True):
            before = [self.characters[i].label for i in inside]
            if len(inside) > 1 or not _is_whole(inside, self.regions) or (before and before[0] not in DIGITS):
                continue
            place = inside[0] if inside else sum(character.middle < sum(span) / 2 for character in self.characters)
            likely = sorted(may_be, key=lambda digit: -opinion[int(digit)])[:2]
            changes = [
                _Change(place, place + len(inside), CLASSES.index(digit), _fit([digit], opinion) - _fit(before, opinion))
                for digit in likely
                if opinion[int(digit)] > SUGGESTED and [digit] != before
            ]
            found += changes
            every += changes[:1] if changes and likely[0] == CLASSES[changes[0].sign] else []
        return [self._with([change]) for change in found] + ([self._with(every)] if len(every) > 1 else [])

    def _with(self, changes: Sequence[_Change]) -> tuple[Text, float]:
        text = self.text
        for change in sorted(changes, key=lambda change: -change.first):
            text = (*text[: change.first], change.sign, *text[change.last :])
        return text, self.fit + sum(change.fit for change in changes)

    def signs(self, ranked: Sequence[Candidate]) -> list[Sign]:
        """The positions, with what the other texts have there."""
        every = [dict[str, float]() for _ in self.text]
        for candidate in ranked:
            for odds, sign in zip(every, _aligned(self.text, candidate.text), strict=True):
                if sign is not None:
                    label = _label(CLASSES[sign])
                    odds[label] = min(odds.get(label, 0.0) + candidate.probability, SUREST)
        found = []
        for i, (character, odds) in enumerate(zip(self.characters, every, strict=True)):
            first = _label(character.label)  # that of the best text, even where more of the others differ
            labels = sorted(odds.items(), key=lambda pair: (pair[0] != first, -pair[1]))[:KEPT]
            own = tuple(self.regions.get(i, ()))
            found.append(Sign(tuple(labels), character.left, character.right, own, all(len(self.holds[r]) == 1 for r in own)))
        return found


@dataclass(frozen=True, slots=True)
class _Change:
    """Of a text: the sign that comes in place of those from `first` up to, but not with, `last`, and by how much it fits better."""

    first: int
    last: int
    sign: int
    fit: float


def _fit(labels: Sequence[str], opinion: Float) -> float:
    """The log of how well the labels of one region fit what the digit model says of it: nothing, one digit, or what is no single digit."""
    if len(labels) == 1 and labels[0] in DIGITS:
        return TRUST * float(np.log(opinion[int(labels[0])] + DIGIT_FLOOR))
    return (TRUST if labels else OVERLOOKED) * float(np.log(opinion[len(DIGITS)] + OTHER_FLOOR))


def _aligned(text: Text, other: Text) -> list[int | None]:
    """What another text has at each position of a text; None where it has nothing, or not the same number of signs."""
    found: list[int | None] = [None] * len(text)
    for _, first, last, begin, end in SequenceMatcher(None, text, other, autojunk=False).get_opcodes():
        if last - first == end - begin:
            found[first:last] = other[begin:end]
    return found


def _overlooked(holds: Sequence[Sequence[int]], opinions: Float) -> float:
    """The probability that any region that holds nothing is a digit."""
    return 1.0 - float(np.prod([opinion[len(DIGITS)] for inside, opinion in zip(holds, opinions, strict=True) if not inside]))


def _is_whole(inside: Sequence[int], regions: dict[int, list[int]]) -> bool:
    """Whether a region holds no mere part of a character: of these the digit model knows nothing."""
    return len(inside) != 1 or len(regions[inside[0]]) == 1


def _label(name: str) -> str:
    return NOT_A_DIGIT if name == OTHER else name
