"""A text -> the number that it is, where that is beyond doubt."""

from __future__ import annotations

import re

DECIMALS = {"point": ".", "comma": ","}
"""What parts the decimals from the whole number, by the name of the convention; the other one of the two parts groups of three digits."""
NUMBER = re.compile(r"([+-]?)([0-9][0-9.,]*)")


def value_of(text: str, decimal: str | None = None) -> int | float | None:
    """The number that a text is, None where it is none (a date, a share, a code) or may be one of two.

    decimal: a key of DECIMALS; None where it is not known which of the two is meant: then "1.250" is None, as it is 1250 to some and 1.25
    to others, while "1.25", "0.125", "1,250.50" and "1.250.000" say themselves what they are. Raises ValueError for another decimal.
    """
    if decimal is not None and decimal not in DECIMALS:
        raise ValueError(f"decimal must be {' or '.join(DECIMALS)}, not {decimal!r}")
    found = NUMBER.fullmatch(text.replace(" ", ""))
    if not found:
        return None
    sign, body = found.groups()
    marks = [mark for mark in body if mark in ".,"]
    point = DECIMALS[decimal] if decimal else _point(body, marks)
    if point is None:
        return None
    whole, _, rest = body.partition(point) if point else (body, "", "")
    groups = re.split("[.,]", whole)
    if not re.fullmatch("[0-9]*", rest) or (point and point in body and not rest) or not _are_groups(groups, whole):
        return None
    number = "".join(groups)
    return float(f"{sign}{number}.{rest}") if rest else int(f"{sign}{number}")


def _point(body: str, marks: list[str]) -> str | None:
    """The mark that parts the decimals; "" where there are none; None where it may be either."""
    if not marks:
        return ""
    if len(set(marks)) == 2:
        return marks[-1]
    if len(marks) > 1:
        return ""
    before, after = re.split("[.,]", body)
    return marks[0] if len(after) != 3 or before == "0" or len(before) > 3 else None


def _are_groups(groups: list[str], whole: str) -> bool:
    """Whether a whole number is written without marks, or with one kind of them between groups of three digits."""
    if len(groups) == 1:
        return True
    return len(set(re.sub("[0-9]", "", whole))) == 1 and 1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
