"""Milliseconds by stage: how long each step of reading an image took."""

from __future__ import annotations

from time import perf_counter


def since(start: float) -> float:
    """Milliseconds since a moment of `perf_counter`."""
    return (perf_counter() - start) * 1000


class Clock:
    """Milliseconds by stage. A lap ends a stage; what is done twice adds up."""

    def __init__(self) -> None:
        self.at = perf_counter()
        self.ms: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """End a stage, which began when the one before it ended."""
        before, self.at = self.at, perf_counter()
        self._count(stage, (self.at - before) * 1000)

    def add(self, stage: str, ms: float) -> None:
        """A stage that was gone through together with other images, of which this one had its share; it goes on by itself from here."""
        self.at = perf_counter()
        self._count(stage, ms)

    def _count(self, stage: str, ms: float) -> None:
        self.ms[stage] = self.ms.get(stage, 0.0) + ms
