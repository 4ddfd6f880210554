"""What a page of a form says: of each field its value with what is known of it, and what a person is shown of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..lines import Box
from ..reading import Reading
from .register import Registered

OK, EMPTY, UNSURE, INVALID, STRUCK_OUT, NO_PAGE = STATUSES = ("ok", "empty", "unsure", "invalid", "struck out", "no such page")
"""What is known of a field: its value; that nothing is written there; a value that a person should look at; one that fails a check; that it
was struck out; that its page is not there."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person is shown of a field. crop: a PNG of it, straight. tiles: of each digit of its text the 28 x 28 bytes that the network
    saw, row by row, 255 = ink; none where the digits of the text are not the marks that are in the field, each one of them. sure: of each
    tile the probability in [0, 1] of that digit by itself. seen: a PNG of the writing alone, as the number network was shown it; none of a
    small box, and where nothing is written."""

    crop: bytes
    tiles: tuple[bytes, ...] = ()
    sure: tuple[float, ...] = ()
    seen: bytes = b""


@dataclass(frozen=True, slots=True)
class FieldValue:
    """What a field says.

    value: as tables have it, "" where there is none. text: as it is written. confidence: the probability in [0, 1] that the value is right.
    status: one of STATUSES. note: which check failed, or which constraint picked the value; "" for neither. box: where it is in the scan.
    candidates: the values that it may have, with probabilities, likeliest first. shown: what a person is shown of it, where that was
    asked for.
    """

    name: str
    value: str = ""
    text: str = ""
    confidence: float = 0.0
    status: str = EMPTY
    note: str = ""
    box: Box = (0, 0, 0, 0)
    candidates: tuple[tuple[str, float], ...] = ()
    shown: Shown | None = None

    def to_dict(self) -> dict[str, Any]:
        """As in a row's `fields`."""
        return {
            "value": self.value,
            "text": self.text,
            "confidence": round(self.confidence, 4),
            "status": self.status,
            "note": self.note,
            "box": list(self.box),
            "candidates": [[value, round(p, 4)] for value, p in self.candidates],
        }


@dataclass(frozen=True)
class FormReading(Reading):
    """What a page of a form says. layout: the name of its layout, "" where it has none. values: its fields. pages: the pages of the
    document that it was read from. registered: where the layout is in the image. picture: a small JPEG of a page that fits no layout, where
    that was asked for."""

    layout: str = ""
    values: tuple[FieldValue, ...] = ()
    pages: tuple[int, ...] = ()
    registered: Registered | None = None
    picture: bytes = b""

    @property
    def text(self) -> str:
        """The values, each behind its name."""
        return "\n".join(f"{field.name}: {field.value}" for field in self.values)

    @property
    def needs_review(self) -> bool:
        """Whether a person should look: where a field is neither ok nor empty, or nothing could be read."""
        return bool(self.error or self.refused) or any(field.status not in (OK, EMPTY) for field in self.values)

    def to_dict(self) -> dict[str, Any]:
        """One row of `form read`. The keys are a contract: later versions only add."""
        return {
            "source": self.source,
            "page": self.page,
            "pages": list(self.pages or (self.page,)),
            "layout": self.layout,
            "needs_review": self.needs_review,
            "refused": self.refused,
            "error": self.error,
            "fields": {field.name: field.to_dict() for field in self.values},
            "ms": {stage: round(value, 2) for stage, value in self.ms.items()},
            "model": self.model,
        }
