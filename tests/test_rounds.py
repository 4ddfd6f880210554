"""Classifying the tiles of many images together."""

import numpy as np

from inkdigits.clock import Clock
from inkdigits.rounds import in_rounds


def asks(*counts: int):
    """A task that asks so many tiles each time, all of its own value, and returns what it was told."""
    told = []
    for count in counts:
        answer = yield np.full((count, 28, 28), sum(counts), np.float32)
        told.append(answer[:, 0].tolist())
    return told


def test_each_task_is_told_what_its_own_tiles_are_and_all_are_classified_together():
    rounds = []

    def classify(tiles):
        rounds.append(len(tiles))
        return tiles[:, 0, :2] * 10

    found = in_rounds(((Clock(), asks(*counts)) for counts in [(2, 1), (), (3,), (1, 1, 4)]), classify)
    assert found == [[[30, 30], [30]], [], [[30, 30, 30]], [[60], [60], [60, 60, 60, 60]]]
    assert rounds == [2 + 3 + 1, 1 + 1, 4], "those that ask no more are not waited for"


def test_the_next_task_begins_when_the_one_before_it_has_asked():
    order = []

    def task(name):
        order.append(f"begin {name}")
        yield np.zeros((1, 28, 28), np.float32)
        order.append(f"end {name}")

    def tasks():
        for name in "ab":
            order.append(f"open {name}")
            yield Clock(), task(name)

    assert in_rounds(tasks(), lambda tiles: tiles[:, 0]) == [None, None]
    assert order == ["open a", "begin a", "open b", "begin b", "end a", "end b"]


def test_the_time_of_a_round_is_shared_by_tiles():
    clocks = [Clock(), Clock()]

    def classify(tiles):
        until = Clock()
        while until.ms.get("wait", 0) < 30:
            until.lap("wait")
        return tiles[:, 0]

    in_rounds(zip(clocks, (asks(1), asks(9)), strict=True), classify)
    few, many = (clock.ms["classify"] for clock in clocks)
    assert 0 < few < many, "nine of ten tiles were its own"


def test_no_task_is_no_round():
    assert in_rounds([], lambda tiles: 1 / 0) == []
