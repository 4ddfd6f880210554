"""The regions of a field, in its image -> what the networks read in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from ..arrays import Bytes, Float
from ..layout.regions import Region, join
from ..lines import Box
from ..models import NOT_A_DIGIT
from .alphabet import SYMBOLS, text_of
from .fields import ABOVE, Field, cropped, field_of
from .leftout import ReadLine
from .networks import Networks
from .numbers import look, read_digit
from .signs import Checked, Sign, check

MISSED = 0.5
"""A line in which no number was read, and which has a digit more likely than this, is writing that was left out."""
SURE, SINGLE, FLOOR = 0.95, 0.6, 1e-4
"""Where the digit model gives a sole digit this probability the number network is not asked; else what it says is taken to the power of
SINGLE, and to be no less likely than FLOOR. Tuned on the sets of single digits."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A field that was read. row: its regions; checked: what both readers make of it, None where it was looked at region by region; field:
    where it lies in the image; second: what another engine says."""

    row: list[Region]
    signs: Sequence[Sign]
    checked: Checked | None = None
    field: Field | None = None
    second: str | None = None

    @property
    def has_answer(self) -> bool:
        """Whether anything but symbols and what is no number was read; what was looked at region by region always has one."""
        return self.checked is None or any(sign.label not in (*SYMBOLS, NOT_A_DIGIT) for sign in self.signs)

    @property
    def is_missed(self) -> bool:
        """Whether there is a number in it that was not read."""
        return not self.has_answer and cast(Checked, self.checked).overlooked > MISSED

    @property
    def text(self) -> str:
        """What it says, symbols too."""
        return "".join("?" if sign.label == NOT_A_DIGIT else sign.label for sign in self.signs)

    @property
    def texts(self) -> tuple[tuple[str, float], ...]:
        """What it may say, with probabilities, likeliest first."""
        return tuple((text_of(one.text), one.probability) for one in self.checked.candidates) if self.checked else ()

    def read(self, scale: float) -> ReadLine:
        """Which of its ink was read. Where no sign was found in any of its regions, these are no number. scale: pixels of the image for one
        of the ink."""
        own = {r: sign.label for sign in self.signs for r in sign.regions} or dict.fromkeys(range(len(self.row)), NOT_A_DIGIT)
        others = [self.row[r] for r, label in own.items() if label == NOT_A_DIGIT]
        columns = [(sign.left / scale, sign.right / scale) for sign in self.signs if not sign.regions]
        return ReadLine([self.row[r] for r, label in own.items() if label != NOT_A_DIGIT], others, columns)

    def region(self, sign: Sign) -> Region | None:
        """The strokes of a sign that shares them with no other; None where it was found in none, or shares them."""
        return join([self.row[r] for r in sign.regions]) if sign.regions and sign.sole else None

    def place(self, sign: Sign, scale: float, factor: float, size: tuple[int, int]) -> Box:
        """The box of a sign in the source image, of this height and width. scale: pixels of the source for one of the ink; factor: for one
        of the image."""
        region = self.region(sign)
        if region:
            return region.placed(scale, size)
        around = [self.row[r] for r in sign.regions]
        if around:
            top, bottom = min(r.y for r in around) * scale, max(r.bottom for r in around) * scale
        else:
            field = cast(Field, self.field)
            middle, half = field.middle((sign.left + sign.right) / 2), 0.5 * field.height / (1 + 2 * ABOVE)
            top, bottom = (middle - half) * factor, (middle + half) * factor
        left, right = max(round(sign.left * factor), 0), min(round(sign.right * factor), size[1])
        top, bottom = max(round(top), 0), min(round(bottom), size[0])
        return left, int(top), max(right - left, 1), max(int(bottom - top), 1)


def transcribed(
    grey: Bytes,
    scale: float,
    rows: Sequence[list[Region]],
    opinions: Sequence[Float],
    networks: Networks,
    *,
    single: bool = False,
    allowed: list[int] | None = None,
    second_opinion: bool = False,
) -> Iterator[Transcript]:
    """Read fields.

    grey: uint8 (H, W), the image. scale: its pixels for one of the ink. rows: the regions of each field. opinions: the probabilities that
    the digit model gives the classes of each region, float32 (regions, K) for each field. single: a field is one digit. allowed: indices of
    CLASSES, the signs that a text may have; None allows all. second_opinion: the engine of others is to read too.
    """
    for row, own in zip(rows, opinions, strict=True):
        spans = [(region.x * scale, region.right * scale) for region in row]
        if single or not networks.read_numbers:
            field = field_of(row, scale, grey.shape) if networks.read_numbers else None
            ranked = [_ranked(opinion, grey, field, networks) for opinion in own]
            yield Transcript(
                row, [Sign(tuple(labels), *span, (i,), True) for i, (labels, span) in enumerate(zip(ranked, spans, strict=True))]
            )
            continue
        field = field_of(row, scale, grey.shape)
        checked = check(look(grey, field, networks.number.frames, allowed=allowed), spans, own)
        second = networks.second.read(cropped(grey, field)) if second_opinion else None
        yield Transcript(row, checked.signs, checked, field, second)


def _ranked(opinion: Float, grey: Bytes, field: Field | None, networks: Networks) -> list[tuple[str, float]]:
    """The classes of one region, likeliest first. field: where the number network is to be asked too, if the digit model is unsure."""
    classes = networks.digit.card.classes
    odds = opinion.astype(np.float64)
    digits = [k for k, name in enumerate(classes) if name != NOT_A_DIGIT]
    if field is not None and odds[digits].max() < SURE:
        said = read_digit(grey, field, networks.number.frames)  # in the order of the digits, as the model's classes are
        both = odds[digits] * np.maximum(said / max(said.max(), 1e-12), FLOOR) ** SINGLE
        odds[digits] = both / both.sum() * odds[digits].sum()
    return [(classes[k], float(odds[k])) for k in np.argsort(-odds, kind="stable").tolist()]
