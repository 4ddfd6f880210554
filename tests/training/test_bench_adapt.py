"""`inkdigits bench adapt`: every number is read once, by a network that learned from others, and means are over hands."""

import pytest

pytest.importorskip("keras", reason="needs inkdigits[train]")
from inkdigits.bench.adapt import ALONE, Measured, splits, table
from inkdigits.training.adapt import Errors

TEXTS = [f"{number:03d}" for number in range(20)] * 2
"""As all hands wrote the same numbers."""


@pytest.mark.parametrize("count", [*ALONE, 30, 39])
def test_every_number_is_read_once_and_never_learned(count):
    read = []
    for learned, others in splits(TEXTS, count):
        assert len(learned) == min(count or 40, 40 - len(others))
        assert not {TEXTS[i] for i in learned} & {TEXTS[i] for i in others}
        read += others
    assert sorted(read) == list(range(40))


def test_a_line_is_the_mean_of_hands():
    def one(size, hand, count, before, after):
        return Measured(size, hand, count, Errors(before, 10, before, 100), Errors(after, 10, after, 100))

    found = [
        one("64", "5", 64, 2, 1), one("64", "9", 64, 10, 5), one("16", "5", 16, 2, 2), one("16", "9", 16, 10, 1),
        one("most", "5", 34, 2, 0), one("most", "9", 16, 10, 0),
    ]  # fmt: skip
    made = table(found)
    assert [(f["corrections"], f["read"]) for f in made.figures] == [([64], 20), ([16], 20), ([16, 34], 20)]
    together, few, most = made.figures
    assert together["hands"] == {"5": [0.02, 0.01, 0.2, 0.1], "9": [0.1, 0.05, 1.0, 0.5]}
    assert (few["digits_before"], few["digits_after"]) == (pytest.approx(0.06), pytest.approx(0.015))
    assert (most["numbers_before"], most["numbers_after"]) == (pytest.approx(0.6), 0)
    assert [row[5] for row in made.rows] == ["50%", "75%", "100%"]
    assert [row[0] for row in made.rows] == ["all hands together", "each hand by itself", "each hand by itself"]
    assert made.rows[2][1] == "16 to 34"
