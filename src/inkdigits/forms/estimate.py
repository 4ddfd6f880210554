"""How many of the values that nobody looks at are wrong, by those of them that were picked at random and looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

Z = 1.959964
"""Of the normal distribution: 95 % lie within so many standard deviations."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many of the values that nobody looks at are wrong, by those of them that were picked at random and looked at. looked: at so many
    of these; wrong: so many were; unseen: values that nobody looks at. share: the share that is wrong, from low to high with 95 %
    confidence; None before the first."""

    looked: int
    wrong: int
    unseen: int
    share: float | None
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def wilson(wrong: int, of: int) -> tuple[float, float]:
    """The interval in which a share lies with 95 % confidence, where `wrong` of `of` picked at random are (Wilson, JASA 22, 1927)."""
    if not of:
        return 0.0, 1.0
    p, spread = wrong / of, Z * Z / of
    middle, half = (p + spread / 2) / (1 + spread), Z * math.sqrt(p * (1 - p) / of + spread / (4 * of)) / (1 + spread)
    return max(0.0 if wrong == 0 else middle - half, 0.0), min(1.0 if wrong == of else middle + half, 1.0)
