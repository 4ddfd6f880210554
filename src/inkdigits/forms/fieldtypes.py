"""What a field of a form may hold: for each type the texts that it allows, the value that a text means, and the checks that it must pass.

A type says three things to who searches: which characters there are, whether a text may still become one that is allowed (`begins`, so that
the search goes nowhere else), and whether it is one (`problem`). Check digits and rosters are picked by their probability among those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise, product
from typing import ClassVar

from ..recognition.alphabet import DIGITS, SYMBOLS

LONGEST = 12
"""Digits of a number of which no length is said, at most."""
CENTURY = 50
"""A year of two digits up to so many years ahead of 2000 is of this century."""
ENDS_OF_AMOUNTS = ("", "-", "=", ".-", ",-", "/-", "/", "--", ",--", ".--")
"""What people put behind an amount so that nothing can be added. Seen on cheque_amounts."""
CHECKS = {"luhn": 1 / 10, "mod11": 1 / 11, "mod97": 1 / 97}
"""Check digits by name, with the share of numbers that pass by chance: ISO/IEC 7812-1 annex B; ISO 2108, as of ISBN-10, without X; ISO/IEC
7064, MOD 97-10."""
ORDERS = {"dmy": "day, month, year", "mdy": "month, day, year", "ymd": "year, month, day"}
"""In which order a date is written."""
_TO_SHAPE = str.maketrans(DIGITS, "d" * 10)


def has_check_digit(digits: str, check: str) -> bool:
    """Whether the check digits of a number of digits are right. check: one of CHECKS. Raises ValueError for another."""
    if not digits or not digits.isascii() or not digits.isdigit():
        return False
    if check == "luhn":
        doubled = (2 * int(d) if place % 2 else int(d) for place, d in enumerate(reversed(digits)))
        return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
    if check == "mod11":
        return sum(place * int(d) for place, d in enumerate(reversed(digits), start=1)) % 11 == 0
    if check == "mod97":
        return int(digits) % 97 == 1
    raise ValueError(f"check must be one of {', '.join(CHECKS)}, not {check!r}")


@dataclass(frozen=True)
class Kind:
    """What a field may hold, a base for the types. values: the only ones that it may have, as they are written in a roster; none allows
    all of the type.

    name: of the type. adds: whether its values may be summed. fixed: whether a text of it stays what it is if a sign between its digits
    was missed, as that of a decimal does not: then the review may show each of its digits apart. keyed: whether its values are digits
    alone, which a phone asks for by its keyboard of numbers.
    """

    name: ClassVar[str]
    adds: ClassVar[bool] = False
    fixed: ClassVar[bool] = True
    keyed: ClassVar[bool] = False
    values: tuple[str, ...] = ()

    @property
    def characters(self) -> str:
        """The characters that its texts are made of."""
        return DIGITS

    def begins(self, text: str) -> bool:
        """Whether a text is the beginning of one that the type, or the roster, allows."""
        return text in self._roster_beginnings if self.values else self.may_begin(text)

    def may_begin(self, text: str) -> bool:
        """Whether a text is the beginning of one of the type."""
        raise NotImplementedError

    def value(self, text: str) -> str | None:
        """The value that a text means, as tables have it; None where it is no text of the type."""
        raise NotImplementedError

    def problem(self, text: str) -> str | None:
        """The check that a text fails, in words; None where it passes all."""
        value = self.value(text)
        if value is None:
            return f"not {self.said}"
        if self.values and value not in self._roster:
            return "not in the list"
        return self.outside(value)

    def outside(self, value: str) -> str | None:
        """The check beside those of the type and the roster that a value fails; None where it passes."""
        return None

    @property
    def constrains(self) -> str:
        """The strongest constraint that picks among texts of the type, in a word; "" where there is none but the type."""
        return "list" if self.values else ""

    @property
    def passing(self) -> float:
        """About which share of the texts that look like the type pass its checks by chance: in (0, 1]."""
        if not self.values:
            return 0.5
        return max(len(self.values) / 10.0 ** max(map(len, self.values)), 1e-6)

    @property
    def said(self) -> str:
        """The type with its article, for messages."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"

    @cached_property
    def _roster(self) -> frozenset[str]:
        return frozenset(found for found in map(self.value, self.values) if found is not None)

    @cached_property
    def _roster_beginnings(self) -> frozenset[str]:
        return frozenset(value[:end] for value in self.values for end in range(len(value) + 1))


@dataclass(frozen=True)
class _Shaped(Kind):
    """A type whose texts have one of finitely many shapes: "d" stands for a digit, everything else for itself."""

    def may_begin(self, text: str) -> bool:
        """Whether a shape begins as the text does."""
        return text.translate(_TO_SHAPE) in self._beginnings

    @property
    def characters(self) -> str:
        """The digits, and the signs of its shapes."""
        return DIGITS + "".join(sign for sign in SYMBOLS if any(sign in shape for shape in self._shapes))

    def shapes(self) -> Iterator[str]:
        """All shapes of its texts."""
        raise NotImplementedError

    @cached_property
    def _shapes(self) -> frozenset[str]:
        return frozenset(self.shapes())

    @cached_property
    def _beginnings(self) -> frozenset[str]:
        return frozenset(shape[:end] for shape in self._shapes for end in range(len(shape) + 1))

    def _has_shape(self, text: str) -> bool:
        return text.translate(_TO_SHAPE) in self._shapes


@dataclass(frozen=True)
class Integer(_Shaped):
    """A whole number. lengths: the fewest and the most digits. minimum, maximum: of its value. cells: whether each digit has a cell of its
    own, so that nothing else is written."""

    name = "integer"
    adds = keyed = True
    lengths: tuple[int, int] = (1, LONGEST)
    minimum: float | None = None
    maximum: float | None = None
    cells: bool = False

    def shapes(self) -> Iterator[str]:
        """Digits, alone or in groups of three, perhaps behind a minus."""
        signs = ("", "-") if self.minimum is not None and self.minimum < 0 else ("",)
        for sign, whole in product(signs, _wholes(self.lengths, "" if self.cells else ".,")):
            yield sign + whole

    def value(self, text: str) -> str | None:
        """The number without leading zeros."""
        return str(int(re.sub("[.,]", "", text))) if self._has_shape(text) and text != "-" else None

    def outside(self, value: str) -> str | None:
        """Whether it is too small or too large."""
        return _beyond(float(value), self.minimum, self.maximum)


@dataclass(frozen=True)
class Decimal(_Shaped):
    """A number with so many decimal places, parted by a point or a comma; a number without these is one too. minimum, maximum: of it."""

    name = "decimal"
    adds, fixed = True, False
    places: int = 2
    minimum: float | None = None
    maximum: float | None = None

    def shapes(self) -> Iterator[str]:
        """Whole numbers, and with each of the marks the decimals behind them."""
        signs = ("", "-") if self.minimum is not None and self.minimum < 0 else ("",)
        for sign, whole in product(signs, _wholes((1, LONGEST), ".,")):
            yield sign + whole
            yield from (sign + whole + mark + "d" * self.places for mark in ".," if self.places and mark not in whole)

    def value(self, text: str) -> str | None:
        """The number with a point and all of its places."""
        if not self._has_shape(text):
            return None
        return _decimal(text, self.places)

    def outside(self, value: str) -> str | None:
        """Whether it is too small or too large."""
        return _beyond(float(value), self.minimum, self.maximum)


@dataclass(frozen=True)
class Money(Decimal):
    """An amount: a decimal of two places, perhaps with a dollar before it, and closed by dashes so that nothing can be added."""

    name = "money"

    def shapes(self) -> Iterator[str]:
        """Those of a decimal between the marks of an amount."""
        for shape, end in product(super().shapes(), ENDS_OF_AMOUNTS):
            if not end or end[0] not in ".," or not {".", ","} & set(shape[-3:]):
                yield shape + end.replace("=", "-")
                yield "$" + shape + end.replace("=", "-")

    def value(self, text: str) -> str | None:
        """The amount with a point and two places."""
        if not self._has_shape(text):
            return None
        return _decimal(re.sub(r"[-.,/]+$", "", text.removeprefix("$")), self.places)


@dataclass(frozen=True)
class Date(_Shaped):
    """A day. order: a key of ORDERS. minimum, maximum: the first and the last day, as 2026-11-24. cells: whether it is written in cells,
    without marks between."""

    name = "date"
    order: str = "dmy"
    minimum: str | None = None
    maximum: str | None = None
    cells: int = 0

    def shapes(self) -> Iterator[str]:
        """One or two digits for day and month, two or four for the year, between marks that are alike; two, and no marks."""
        years = ("dd", "dddd")
        if self.cells:
            yield from ("dddd" + year for year in years if self.cells in (0, 4 + len(year)))
            return
        for year in years:
            yield "dddd" + year
            for day, month, mark in product(("d", "dd"), ("d", "dd"), "/.-"):
                parts = {"d": day, "m": month, "y": year}
                yield mark.join(parts[part] for part in self.order)

    def value(self, text: str) -> str | None:
        """The day as 2026-11-24; None where there is no such day."""
        if not self._has_shape(text):
            return None
        parts = re.split("[-/.]", text)
        if len(parts) == 1:
            wide = {"d": 2, "m": 2, "y": len(text) - 4}
            ends = [sum(wide[part] for part in self.order[:k]) for k in range(4)]
            parts = [text[first:last] for first, last in pairwise(ends)]
        found = dict(zip(self.order, parts, strict=True))
        year = int(found["y"]) + ((2000 if int(found["y"]) <= CENTURY else 1900) if len(found["y"]) == 2 else 0)
        try:
            return date(year, int(found["m"]), int(found["d"])).isoformat()
        except ValueError:
            return None

    def outside(self, value: str) -> str | None:
        """Whether it is too early or too late."""
        return _beyond(value, self.minimum, self.maximum)


@dataclass(frozen=True)
class Time(_Shaped):
    """A time of the day. minimum, maximum: the first and the last one, as 08:00. cells: whether it is written in cells."""

    name = "time"
    minimum: str | None = None
    maximum: str | None = None
    cells: bool = False

    def shapes(self) -> Iterator[str]:
        """Hour and minutes, with a mark between or without."""
        yield "dddd"
        if not self.cells:
            yield from (f"{hour}{mark}dd" for hour in ("d", "dd") for mark in ":.-")

    def value(self, text: str) -> str | None:
        """The time as 08:05; None where there is no such time."""
        if not self._has_shape(text):
            return None
        hour, minute = re.sub(r"\D", "", text)[:-2], text[-2:]
        return f"{int(hour):02d}:{minute}" if int(hour) < 24 and int(minute) < 60 else None

    def outside(self, value: str) -> str | None:
        """Whether it is too early or too late."""
        return _beyond(value, self.minimum, self.maximum)


@dataclass(frozen=True)
class Phone(Kind):
    """A telephone number. lengths: the fewest and the most digits."""

    name = "phone"
    keyed = True
    lengths: tuple[int, int] = (3, 15)

    @property
    def characters(self) -> str:
        """The digits, and what people put between them."""
        return DIGITS + "+()-/."

    def may_begin(self, text: str) -> bool:
        """Whether its digits are not too many, and its marks stand where such marks stand."""
        touching = (before + after for before, after in pairwise(text) if before not in DIGITS and after not in DIGITS)
        fits = all(pair in (")-", ")/", "+(", "-(", "/(") for pair in touching)
        few = sum(c in DIGITS for c in text) <= self.lengths[1] and all(text.count(mark) < 2 for mark in "+()")
        return fits and few and "+" not in text[1:] and text[:1] not in tuple("-/.)")

    def value(self, text: str) -> str | None:
        """Its digits, behind a plus where there is one."""
        digits = "".join(c for c in text if c in DIGITS)
        if not self.lengths[0] <= len(digits) <= self.lengths[1] or not self.may_begin(text) or text[-1:] not in DIGITS:
            return None
        return ("+" if text[0] == "+" else "") + digits


@dataclass(frozen=True)
class Id(Kind):
    """A number that names something. lengths: the fewest and the most digits. pattern: a regular expression for all of it. check: one of
    CHECKS, None for none."""

    name = "id"
    keyed = True
    lengths: tuple[int, int] = (1, LONGEST)
    pattern: str | None = None
    check: str | None = None

    @property
    def characters(self) -> str:
        """The digits, and the signs that its pattern names."""
        return DIGITS + "".join(sign for sign in "-/:" if self.pattern and sign in re.sub(r"\[.*?\]", "", self.pattern))

    def may_begin(self, text: str) -> bool:
        """Whether its digits are not too many."""
        return sum(c in DIGITS for c in text) <= self.lengths[1] and all(c in self.characters for c in text)

    def value(self, text: str) -> str | None:
        """The text itself."""
        digits = sum(c in DIGITS for c in text)
        if not self.lengths[0] <= digits <= self.lengths[1] or not self.may_begin(text):
            return None
        return text if self.pattern is None or re.fullmatch(self.pattern, text) else None

    def outside(self, value: str) -> str | None:
        """Whether its check digits are wrong."""
        digits = "".join(c for c in value if c in DIGITS)
        return f"check digit ({self.check})" if self.check and not has_check_digit(digits, self.check) else None

    @property
    def constrains(self) -> str:
        """The roster, else the check digit."""
        return super().constrains or ("check digit" if self.check else "")

    @property
    def passing(self) -> float:
        """One in ten by Luhn, and so on; a roster leaves fewer."""
        return min(super().passing, CHECKS[self.check] if self.check else 1.0)


TYPES = ("integer", "decimal", "money", "date", "time", "phone", "id", "tick", "choice")
"""The types of fields. tick and choice hold marks, and no text."""


def _wholes(lengths: tuple[int, int], marks: str) -> Iterator[str]:
    """The shapes of whole numbers, those of four digits and more also in groups of three with each of the marks between."""
    for count in range(lengths[0], lengths[1] + 1):
        yield "d" * count
        if count > 3:
            yield from ("d" * ((count - 1) % 3 + 1) + (mark + "ddd") * ((count - 1) // 3) for mark in marks)


def _decimal(text: str, places: int) -> str | None:
    """A number as it is written -> with a point and so many places. The last mark parts the decimals where so many digits follow it."""
    found = re.fullmatch(r"(-?)([\d.,]*\d)", text)
    if not found:
        return None
    sign, body = found.groups()
    whole, decimals = (body[: -places - 1], body[-places:]) if places and body[-places - 1 : -places] in (".", ",") else (body, "")
    if not whole:
        return None
    number = f"{sign}{int(re.sub('[.,]', '', whole))}"
    return f"{number}.{decimals or '0' * places}" if places else number


def _beyond(value: float | str, minimum: float | str | None, maximum: float | str | None) -> str | None:
    if minimum is not None and value < minimum:  # type: ignore[operator]  # both are numbers, or both texts that sort as what they mean
        return f"below the minimum {minimum}"
    if maximum is not None and value > maximum:  # type: ignore[operator]
        return f"above the maximum {maximum}"
    return None
