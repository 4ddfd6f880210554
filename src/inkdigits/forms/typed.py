"""What a person types for a field -> its value and status, by the same types that reading has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .fieldtypes import CENTURY, Date, Kind, Time
from .reading import EMPTY, INVALID, OK, STRUCK_OUT, UNSURE
from .template import FormField

YES, NO = ("yes", "y", "x", "1"), ("no", "n", "0", "-")
"""What may be typed for a small box, ticked or not."""
UNREADABLE = "nobody can read it"


@dataclass(frozen=True, slots=True)
class Typed:
    """What a typed text means. value: as tables have it; what is not of the type stays as it was typed. status: ok, empty, invalid, struck
    out, or unsure where a "?" says that it cannot be read. problem: why it is invalid, else ""."""

    value: str
    text: str
    status: str
    problem: str = ""


def typed(own: FormField, text: str) -> Typed:
    """What a text means that a person typed for a field; of a date also as 2026-11-24, of a choice also the beginnings or the numbers of
    its options, with "+" between; "?" stands for what cannot be read, "struck out" says that it is."""
    text = text.strip()
    if text.lower() == STRUCK_OUT:
        return Typed("", text, STRUCK_OUT)
    if not text:
        return Typed("", "", INVALID, "required") if own.required else Typed("", "", EMPTY)
    if "?" in text:
        return Typed(text, text, UNSURE, "")
    if own.kind is None:
        return _marks(own, text)
    said = _as_written(own.kind, re.sub(r"\s", "", text))
    problem = own.kind.problem(said)
    value = own.kind.value(said)
    if problem:
        return Typed(text if value is None else value, text, INVALID, problem)
    return Typed(value or "", text, OK)


def as_typed(own: FormField, value: str, text: str) -> str:
    """What a person would type for a value: as it is written, where that means the value, or where it is of no value. text: as it is
    written."""
    return text if text and own.kind and (not value or typed(own, text).value == value) else value


def _marks(own: FormField, text: str) -> Typed:
    """What is typed for small boxes."""
    if not own.options:
        value = "yes" if text.lower() in YES else "no" if text.lower() in NO else ""
        return Typed(value, text, OK) if value else Typed(text, text, INVALID, "not yes or no")
    names = [option.name for option in own.options]
    found = []
    for part in (part.strip() for part in text.split("+")):
        exact = [name for name in names if name.lower() == part.lower()]
        numbered = [names[int(part) - 1]] if part.isascii() and part.isdigit() and 0 < int(part) <= len(names) else []
        alike = exact or [name for name in names if part and name.lower().startswith(part.lower())] or numbered
        if len(alike) != 1:
            return Typed(text, text, INVALID, f"not one of {', '.join(names)}")
        found.append(alike[0])
    value = " + ".join(name for name in names if name in found)
    if len(found) > 1 and not own.many:
        return Typed(value, text, INVALID, "more than one is ticked")
    return Typed(value, text, OK)


def _as_written(kind: Kind, text: str) -> str:
    """A day as 2026-11-24 in the order of its field, and days and times in cells without the marks between; anything else as it is."""
    if isinstance(kind, Time) and kind.cells:
        return text.zfill(5).replace(":", "") if re.fullmatch(r"\d{1,2}:\d\d", text) else text
    if not isinstance(kind, Date):
        return text
    if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", text):
        year, month, day = text.split("-")
        short = kind.cells == 6 and f"{1900 + CENTURY + 1}" <= year <= f"{2000 + CENTURY}"
        parts = {"y": year[2:] if short else year, "m": month.zfill(2), "d": day.zfill(2)}
        text = "/".join(parts[part] for part in kind.order)
    return re.sub(r"(?<=\d)[-/.](?=\d)", "", text) if kind.cells else text
