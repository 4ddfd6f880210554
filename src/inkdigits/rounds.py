"""Many images, the tiles of all of which are classified together: nothing here reads a file or knows a network.

Reading an image is a generator that yields its tiles and is sent what they are. `in_rounds` starts all of them, classifies in one go what
they ask, sends each its own answers, and so on until every one of them has returned what it found.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from time import perf_counter
from typing import TypeVar

import numpy as np

from .arrays import Float
from .clock import Clock, since

Found = TypeVar("Found")
Asking = Generator[Float, Float, Found]
"""Yields tiles, float32 (N, 28, 28), is sent the probabilities of their classes, float32 (N, K), and returns what it found."""


def in_rounds(tasks: Iterable[tuple[Clock, Asking[Found]]], classify: Callable[[Float], Float]) -> list[Found]:
    """What each task returns, in their order.

    tasks: each with its clock, on which its share of the classifying is counted; the next is taken when the one before it has asked.
    classify: float32 (N, 28, 28) -> float32 (N, K).
    """
    found: dict[int, Found] = {}
    asked: list[tuple[int, Clock, Asking[Found], Float]] = []

    def go_on(place: int, clock: Clock, task: Asking[Found], answer: Float | None) -> None:
        try:
            tiles = task.send(answer)  # type: ignore[arg-type]  # None begins it
            clock.lap("classify")
            asked.append((place, clock, task, tiles))
        except StopIteration as end:
            found[place] = end.value

    for place, (clock, task) in enumerate(tasks):
        go_on(place, clock, task, None)
    while asked:
        batch, asked = asked, []
        start = perf_counter()
        probabilities = classify(np.concatenate([tiles for *_, tiles in batch]))
        each, at = since(start) / len(probabilities), 0
        for place, clock, task, tiles in batch:
            own = slice(at, at := at + len(tiles))
            clock.add("classify", each * len(tiles))
            go_on(place, clock, task, probabilities[own])
    return [found[place] for place in sorted(found)]
