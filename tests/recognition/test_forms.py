"""The forms that numbers have."""

import pytest

from inkdigits.recognition.alphabet import classes_of
from inkdigits.recognition.forms import has_form


@pytest.mark.parametrize(
    "text",
    [
        *("7", "2026", "1.250", "1,250,000", "3.14", "12,50", ".5", "-42", "+6", "$1,250.50", "85%", "50.000.-", "12.-", "100/-", "12--"),
        *("(12)", "(-3.5)", "24/12/2026", "2026-12-24", "24.12.", "17:30", "9:05:30", "555-1234", "(555)123-4567", "+49-30-123456"),
        *("1/2", "12-14", "3+4", "1:25", "12-345-6", "A", "42A"),
    ],
)
def test_numbers_have_a_form(text):
    assert has_form(tuple(classes_of(text)))


@pytest.mark.parametrize(
    "text", ["3/4159", "3/41/59/26", "1.000:6", "5:0:00", ")12", "12(", "1..2", "%5", "12+", "24/12-2026", "9.30.6.2", "4$1"]
)
def test_what_nobody_writes_has_none(text):
    assert not has_form(tuple(classes_of(text)))
