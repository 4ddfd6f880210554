"""`inkdigits bench trust`: what is composed, and how it is counted."""

import numpy as np
import pytest
from click.testing import CliRunner

from inkdigits.bench.compositions import KINDS, LOOKALIKES, STRUCK, SYMBOLS, Marks, compositions, marks
from inkdigits.bench.trust import Trusted, compositions_table, curve_table
from inkdigits.commands.bench import command
from inkdigits.errors import DataError

ONE, BOX = [np.array([[50, 0], [50, 200]], np.int16)], [np.array([[0, 0], [90, 0], [90, 200], [0, 200], [0, 0]], np.int16)]
SCANS = np.zeros((1, 28, 28), np.uint8)
SCANS[:, 4:24, 12:16] = 255
FOUND = Marks(
    [{"1": [ONE], "0": [BOX]}],
    {label: [ONE] for label in "A" + SYMBOLS},
    {name: [SCANS] * 10 for name in ("cvl_digits", "exam_digits")},
)


def test_a_third_has_something_in_it_that_is_no_digit():
    made = list(compositions(FOUND, 24, 0))
    assert [one.kind for one in made[2::3]] == [*KINDS, *KINDS]
    assert all(one.truth.isdigit() for one in made if not one.kind)
    for one in made[2::3]:
        inside = {"letter": "A", "symbol": SYMBOLS, "crossed out": STRUCK, "dot in a box": "."}[one.kind]
        assert sum(c in inside for c in one.truth) == 1
        assert sum(c.isdigit() for c in one.truth) >= 1
    for one in made:
        assert one.image.dtype == np.uint8
        assert one.image.min() < 0.7 * np.median(one.image), "there is ink"


def test_compositions_follow_from_their_seed():
    first, again, other = (list(compositions(FOUND, 6, seed)) for seed in (1, 1, 2))
    assert [one.truth for one in first] == [one.truth for one in again] != [one.truth for one in other]
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.image, same.image)


def test_what_is_wrong_without_review_is_counted_by_kind():
    found = [
        Trusted("digits alone", "42", "42", True, 0.99),
        Trusted("digits alone", "17", "77", True, 0.97),
        Trusted("digits alone", "19", "?9", False, 0.5),
        Trusted("letter", "42A", "42", False, 0.0),
    ]
    figures = {f["kind"]: f for f in compositions_table(found).figures}
    assert figures["digits alone"]["answered"] == pytest.approx(2 / 3)
    assert figures["digits alone"]["wrong"] == [["17", "77"]]
    assert figures["letter"]["wrong_without_review"] == 0
    assert figures["all"]["wrong_without_review"] == 1 / 4


def test_the_curve_has_right_of_answered_at_every_threshold():
    found = [
        Trusted("registers", "2.20", "220", True, 0.99),
        Trusted("registers", "14", "14", True, 0.96),
        Trusted("hands33", "12", "1\n2", False, 0.9),
    ]
    at = {(f["set"], f["threshold"]): (f["answered"], f["right_of_answered"]) for f in curve_table(found).figures}
    assert at["registers", 0.95] == (1.0, 0.5), "a point counts in the registers"
    assert at["registers", 0.98] == (0.5, 0.0)
    assert at["hands33", 0.8] == (1.0, 1.0), "lines do not in hands33"
    assert at["hands33", None] == (0.0, 0.0)


def test_marks_that_are_missing_are_an_error_that_names_the_folder(tmp_path):
    with pytest.raises(DataError, match=r"pen/digits\.npz"):
        marks(tmp_path, "dev")


def test_the_hands_of_the_splits(data_dir):
    if not (data_dir / "pen").is_dir():
        pytest.skip("there are no pen files")
    found = marks(data_dir, "dev")
    assert len(found.pen) > 20
    assert set(found.scans) == {"cvl_digits", "exam_digits"}
    assert not set(LOOKALIKES) & set(found.others)
    assert not marks(data_dir, "trainable").scans, "the scans are of the developers' hands"


@pytest.mark.slow
def test_the_command_prints_a_line_for_every_kind(data_dir):
    if not (data_dir / "pen").is_dir():
        pytest.skip("there are no pen files")
    done = CliRunner().invoke(command, ["trust", "--table", "compositions", "--count", "12"], catch_exceptions=False)
    assert done.exit_code == 0
    assert all(f"| {kind} | 1 |" in done.output for kind in KINDS)
    assert "| all | 12 |" in done.output
