"""Checks across the fields of a form: sums, orders, equality; and the values of its fields that are likeliest together.

Nothing here looks at an image: what a field may hold by itself is in `fieldtypes.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product


@dataclass(frozen=True, slots=True)
class Check:
    """What must hold between fields. kind: "sum", "order" or "equal". of: names of fields; is_: for a sum, the field that holds it."""

    kind: str
    of: tuple[str, ...]
    is_: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields that it is about."""
        return (*self.of, self.is_) if self.is_ else self.of

    @property
    def said(self) -> str:
        """What it wants, in words."""
        if self.kind == "sum":
            return f"{' + '.join(self.of)} = {self.is_}"
        return (" <= " if self.kind == "order" else " = ").join(self.of)

    def holds(self, values: Mapping[str, str]) -> bool:
        """Whether it holds for the values of its fields; where one of these is missing or "" it holds, but that an addend is 0."""
        if self.kind == "sum":
            if not values.get(self.is_):
                return True
            return _cents(values[self.is_]) == sum(_cents(values.get(name) or "0") for name in self.of)
        found = [values[name] for name in self.of if values.get(name)]
        keys = [_key(value) for value in found]
        if self.kind == "equal":
            return len(set(keys)) <= 1
        return all(before <= after for before, after in pairwise(keys))


CHECK_KINDS = ("sum", "order", "equal")
ERROR = 0.01
"""How often people are taken to write what fails a check, where it might be read as what passes. Chosen by reason, tuned on no set."""
MOST_SUMS = 400
"""Partial sums that are followed up, the likeliest ones."""
MOST_VALUES = 6
"""Values of a field that are weighed in a check across fields."""
Ranked = Sequence[tuple[str, float]]
"""Values with their probabilities, likeliest first; what is missing to 1 is of none of them."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a check across fields makes of its fields. values: by field, those that it is settled on. holds: whether the check holds for
    them. probability: that all of them are right."""

    values: Mapping[str, str]
    holds: bool
    probability: float
    changed: frozenset[str] = field(default_factory=frozenset)


def settle(check: Check, ranked: Mapping[str, Ranked]) -> Settled:
    """Pick the values of fields that are likeliest together, where people write what fails the check but rarely (ERROR).

    ranked: of each field of the check the values that it may have; [("", 1.0)] where it is empty. A field without any raises ValueError.
    """
    for name in check.fields:
        if not ranked.get(name):
            raise ValueError(f"the check {check.said} has no values for {name}")
    first = {name: ranked[name][0][0] for name in check.fields}
    alone = 1.0
    for name in check.fields:
        alone *= ranked[name][0][1]
    passing = _passing(check, ranked)
    total = sum(p for p, _ in passing)
    every = total + ERROR * max(1 - total, 0.0)
    best = max(passing, key=lambda one: one[0], default=None)
    if best is None or best[0] < ERROR * alone:
        return Settled(first, check.holds(first), ERROR * alone / max(every, 1e-300))
    values = dict(zip(check.fields, best[1], strict=True))
    return Settled(values, True, best[0] / every, frozenset(name for name in values if values[name] != first[name]))


def failing(checks: Sequence[Check], values: Mapping[str, str]) -> list[Check]:
    """The checks across fields that do not hold for the values of a form; what is no number fails none."""
    return [one for one in checks if all(name in values for name in one.fields) and not _holds(one, values)]


def _holds(check: Check, values: Mapping[str, str]) -> bool:
    try:
        return check.holds(values)
    except ValueError:  # what was read is no number
        return True


def _passing(check: Check, ranked: Mapping[str, Ranked]) -> list[tuple[float, tuple[str, ...]]]:
    """The combinations of values that pass a check, with their probabilities; of very many the likeliest."""
    if check.kind != "sum":
        every = product(*(ranked[name][:MOST_VALUES] for name in check.fields))
        found = [(_product(p for _, p in some), tuple(value for value, _ in some)) for some in every]
        return [one for one in found if check.holds(dict(zip(check.fields, one[1], strict=True)))]
    sums: dict[int, list[tuple[float, tuple[str, ...]]]] = {0: [(1.0, ())]}
    for name in check.of:
        more: dict[int, list[tuple[float, tuple[str, ...]]]] = {}
        for so_far, ways in sums.items():
            for value, p in ranked[name][:MOST_VALUES]:
                more.setdefault(so_far + _cents(value or "0"), []).extend((q * p, (*picked, value)) for q, picked in ways)
        every_way = sorted(((one, key) for key, ways in more.items() for one in ways), key=lambda pair: -pair[0][0])[:MOST_SUMS]
        sums = {}
        for one, key in every_way:
            sums.setdefault(key, []).append(one)
    return [(p * q, (*picked, value)) for value, p in ranked[check.is_][:MOST_VALUES] if value for q, picked in sums.get(_cents(value), ())]


def _product(values: Iterable[float]) -> float:
    out = 1.0
    for value in values:
        out *= value
    return out


def _cents(value: str) -> int:
    """A number in ten-thousandths, exactly, so that sums of decimals are exact."""
    whole, _, rest = value.partition(".")
    return int(f"{whole}{(rest + '0000')[:4]}")


def _key(value: str) -> tuple[int, float, str]:
    """What values are compared by: numbers by their size, days and times by their text."""
    try:
        return (0, float(value), "")
    except ValueError:
        return (1, 0.0, value)
