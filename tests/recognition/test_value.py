"""Texts as numbers: what is beyond doubt, and what is not."""

import pytest

from inkdigits.recognition.value import value_of


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42), ("007", 7), ("-3", -3), ("+12", 12), ("3.14", 3.14), ("-3,5", -3.5), ("0.125", 0.125), ("0,125", 0.125),
        ("1,250.50", 1250.5), ("1.250,50", 1250.5), ("1.250.000", 1250000), ("12 345", 12345), ("1234.567", 1234.567), ("12.5", 12.5),
        ("1,234,567.89", 1234567.89), ("123.456.789", 123456789),
    ],
)  # fmt: skip
def test_what_is_beyond_doubt(text, value):
    found = value_of(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "42?",
        "1.250",
        "1,250",
        "24/11/2026",
        "50%",
        "12:30",
        "(5)",
        "1-2",
        "1.",
        ".5",
        "1.25.3",
        "12,34,56",
        "1.250.00",
        "--1",
        "123.456",
        "1234.567.890",
    ],
)
def test_what_is_no_number_or_may_be_two(text):
    assert value_of(text) is None


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1.250", "comma", 1250), ("1.250", "point", 1.25), ("1,250", "point", 1250), ("1.250,5", "comma", 1250.5),
        ("1.25", "comma", None), ("1,250.5", "comma", None), ("12", "comma", 12), ("1,2,3", "point", None),
        ("1.250.000", "comma", 1250000), ("1.250.000", "point", None),
    ],
)  # fmt: skip
def test_with_a_convention(text, decimal, value):
    assert value_of(text, decimal) == value


def test_an_unknown_convention():
    with pytest.raises(ValueError, match="point or comma"):
        value_of("1", "semicolon")
