"""`inkdigits bench accuracy --table second`: what is told of the same images with and without a second opinion. Reading is a stand-in."""

import numpy as np
import pytest

from inkdigits.bench import second
from inkdigits.bench.real import Answer, Task
from inkdigits.errors import MissingExtra

TRUTHS = [str(10 + i) for i in range(40)]


class Numbers:
    """Stands in for a set of forty numbers, each on a sheet that holds its place."""

    name, single, lines, symbols = "hands33", False, False, False
    rows = tuple(("", truth) for truth in TRUTHS)

    def __init__(self, folder: object) -> None:
        assert folder

    def __len__(self) -> int:
        return len(self.rows)

    def given(self, index: int) -> np.ndarray:
        return np.full((4, 4), index, np.uint8)


@pytest.fixture
def read(monkeypatch):
    """Every other number is read wrong; who is alone is sure of all, and a second opinion doubts what is wrong. Returns what was read."""
    seen: list[tuple[bool, list[str]]] = []

    def read_each(tasks: list[Task], *, second_opinion: bool) -> list[Answer]:
        seen.append((second_opinion, [task.truth for task in tasks]))
        right = [int(task.truth) % 2 == 0 for task in tasks]
        texts = [task.truth if good else "99" for task, good in zip(tasks, right, strict=True)]
        return [
            Answer(task, text, 0.9 if good or not second_opinion else 0.1, (), text, second_opinion and not good)
            for task, text, good in zip(tasks, texts, right, strict=True)
        ]

    monkeypatch.setattr(second, "RealSet", Numbers)
    monkeypatch.setattr(second, "SecondOpinion", object)
    monkeypatch.setattr(second, "read_each", read_each)
    return seen


def test_the_same_images_with_and_without(read, tmp_path):
    (made,) = second.tables(tmp_path, ["hands33"], 20)
    (alone, first), (both, again) = read
    assert (alone, both) == (False, True)
    assert first == again
    assert len(first) == 20
    assert first != TRUTHS[:20], "they are drawn from all of the set"
    without, with_it = made.figures
    assert without["right"] == with_it["right"] == without["right_of_answered"] < 1
    assert (without["answered"], with_it["answered"], with_it["right_of_answered"]) == (1, with_it["right"], 1)
    assert with_it["calibration_error"] < without["calibration_error"]
    assert [row[:3] for row in made.rows] == [["hands33", "20 of 40", "without"], ["hands33", "20 of 40", "with"]]


def test_all_of_a_small_set_and_none_of_single_digits(read, tmp_path):
    (made,) = second.tables(tmp_path, ["usps", "hands33", "not_digits"], 1000)
    assert [row[:2] for row in made.rows] == [["hands33", "40"]] * 2


def test_without_the_engine_it_is_left_out_and_says_how_to_get_it(read, monkeypatch, tmp_path, capsys):
    def missing() -> None:
        raise MissingExtra("second", "a second opinion")

    monkeypatch.setattr(second, "SecondOpinion", missing)
    assert second.tables(tmp_path, ["hands33"], 20) == []
    assert "pip install 'inkdigits[second]'" in capsys.readouterr().err
    assert read == []
