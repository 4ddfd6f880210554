"""What the types of fields allow, what their texts mean, and what holds between fields."""

import random

import pytest

from inkdigits.forms.across import ERROR, Check, settle
from inkdigits.forms.fieldtypes import Date, Decimal, Id, Integer, Money, Phone, Time, has_check_digit

KINDS = [
    pytest.param(
        Integer(), {"7": "7", "007": "7", "1,250": "1250", "1.250.000": "1250000"}, ["", "-3", "1,25", "12,3456", "4?"], id="integer"
    ),
    pytest.param(Integer(minimum=-20), {"-3": "-3", "20": "20"}, ["-", "3-"], id="integer below zero"),
    pytest.param(Integer(cells=True, lengths=(4, 4)), {"0042": "42"}, ["42", "1,250"], id="integer in cells"),
    pytest.param(
        Decimal(), {"1.5": None, "1.50": "1.50", "12,25": "12.25", "7": "7.00", "1,250.50": "1250.50"}, ["1.2555", ".50"], id="decimal"
    ),
    pytest.param(Decimal(places=3), {"0.125": "0.125", "4,250": "4.250"}, ["1.25"], id="decimal of three places"),
    pytest.param(
        Money(),
        {"1250,-": "1250.00", "$12.50": "12.50", "1.250,00": "1250.00", "85--": "85.00", "3,000.-": "3000.00"},
        ["1.2", "-"],
        id="money",
    ),
    pytest.param(
        Date(),
        {"24/11/2026": "2026-11-24", "1.2.26": "2026-02-01", "24-11-99": "1999-11-24", "24112026": "2026-11-24"},
        ["24/11-2026", "24.11"],
        id="date",
    ),
    pytest.param(Date(), {"1/2/50": "2050-02-01", "1/2/51": "1951-02-01", "01020000": None}, [], id="date of a year of two digits"),
    pytest.param(Date(order="mdy"), {"11/24/2026": "2026-11-24", "24/11/2026": None}, [], id="date, month first"),
    pytest.param(Date(order="ymd", cells=8), {"20261124": "2026-11-24", "20261324": None}, ["2026-11-24"], id="date in cells, year first"),
    pytest.param(Time(), {"8:05": "08:05", "08.05": "08:05", "2359": "23:59", "24:00": None, "12:60": None}, ["805", "8"], id="time"),
    pytest.param(
        Phone(),
        {"+44(20)7946-0018": "+442079460018", "020/7946": "0207946", "555-0199": "5550199"},
        ["55--5", "5+5", "555-", "12"],
        id="phone",
    ),
    pytest.param(Id(lengths=(9, 9)), {"012345678": "012345678"}, ["12345678", "0123456789"], id="id"),
    pytest.param(Id(pattern="[0-9]{2}-[0-9]{3}"), {"12-345": "12-345"}, ["12345", "1-2345"], id="id of a pattern"),
]


@pytest.mark.parametrize(("kind", "means", "none"), KINDS)
def test_texts_of_a_type_mean_a_value_and_others_none(kind, means, none):
    assert {text: kind.value(text) for text in means} == means
    assert [text for text in none if kind.value(text) is not None] == []


@pytest.mark.parametrize(("kind", "means", "none"), KINDS)
def test_every_beginning_of_what_is_allowed_is_followed(kind, means, none):
    for text in means:
        if kind.value(text) is not None:
            assert all(kind.begins(text[:end]) for end in range(len(text) + 1)), text
            assert set(text) <= set(kind.characters)


def test_the_search_is_not_led_where_nothing_is_allowed():
    assert not Id(lengths=(3, 3)).begins("1234")
    assert not Date().begins("24/11-")
    assert not Phone(lengths=(3, 5)).begins("123456")
    assert not Id(values=("123", "129")).begins("13")


def test_a_roster_says_what_is_not_in_it():
    kind = Id(values=("1001", "1002"))
    assert kind.problem("1002") is None
    assert kind.problem("1003") == "not in the list"
    assert kind.constrains == "list"


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        (Integer(minimum=10, maximum=20), "9", "below the minimum 10"),
        (Integer(minimum=10, maximum=20), "21", "above the maximum 20"),
        (Date(minimum="2026-01-01"), "31/12/2025", "below the minimum 2026-01-01"),
        (Date(), "31/02/2026", "not a date"),
        (Integer(), "x", "not an integer"),
        (Id(check="luhn"), "79927398710", "check digit (luhn)"),
        (Time(maximum="18:00"), "18:01", "above the maximum 18:00"),
    ],
)
def test_a_check_that_fails_is_named(kind, text, problem):
    assert kind.problem(text) == problem


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Integer(minimum=10, maximum=20), "10"),
        (Integer(minimum=10, maximum=20), "20"),
        (Date(minimum="2026-01-01", maximum="2026-01-01"), "1/1/2026"),
        (Time(minimum="18:00", maximum="18:00"), "18:00"),
        (Id(check="luhn"), "79927398713"),
        (Id(check="luhn", pattern="[0-9]{5}-[0-9]{6}"), "79927-398713"),
        (Id(lengths=(2, 3)), "12"),
        (Id(lengths=(2, 3)), "123"),
        (Phone(lengths=(3, 5)), "123"),
        (Phone(lengths=(3, 5)), "12345"),
    ],
)
def test_what_lies_at_a_limit_passes(kind, text):
    assert kind.problem(text) is None


@pytest.mark.parametrize(
    ("kind", "share"),
    [
        pytest.param(Integer(), 0.5, id="the type alone"),
        pytest.param(Id(values=("1001", "1002")), 2e-4, id="two of 10,000"),
        pytest.param(Id(check="luhn"), 0.1, id="one check digit"),
        pytest.param(Id(check="luhn", values=("18", "26")), 0.02, id="the fewer of both"),
        pytest.param(Id(check="luhn", values=tuple(str(n) for n in range(90))), 0.1, id="a roster of nearly all"),
    ],
)
def test_the_share_of_texts_that_pass_by_chance(kind, share):
    assert kind.passing == pytest.approx(share)


# Examples that the standards or their usual explanations give, not of our making.
RIGHT = [("luhn", "79927398713"), ("luhn", "4111111111111111"), ("mod11", "0306406152"), ("mod97", "3214282912345698765432161182")]


@pytest.mark.parametrize(("check", "digits"), RIGHT)
def test_a_check_digit_finds_every_wrong_digit(check, digits):
    assert has_check_digit(digits, check)
    for place, right in enumerate(digits):
        for other in set("0123456789") - {right}:
            assert not has_check_digit(digits[:place] + other + digits[place + 1 :], check)


def test_an_unknown_check_digit_is_an_error():
    with pytest.raises(ValueError, match="luhn, mod11, mod97"):
        has_check_digit("12", "mod10")


# Across fields


@pytest.mark.parametrize(
    ("check", "values", "holds"),
    [
        (Check("sum", ("a", "b"), "t"), {"a": "1.10", "b": "2.20", "t": "3.30"}, True),
        (Check("sum", ("a", "b"), "t"), {"a": "1", "b": "", "t": "1"}, True),
        (Check("sum", ("a", "b"), "t"), {"a": "1", "b": "1", "t": ""}, True),
        (Check("sum", ("a", "b"), "t"), {"a": "-1", "b": "1", "t": "1"}, False),
        (Check("order", ("a", "b")), {"a": "9", "b": "10"}, True),
        (Check("order", ("a", "b")), {"a": "2026-11-24", "b": "2026-11-23"}, False),
        (Check("equal", ("a", "b")), {"a": "7", "b": "7.0"}, True),
        (Check("equal", ("a", "b")), {"a": "7", "b": "8"}, False),
    ],
)
def test_checks_across_fields(check, values, holds):
    assert check.holds(values) is holds


def test_a_sum_picks_the_second_likeliest_where_only_that_one_adds_up():
    check = Check("sum", ("a", "b"), "t")
    found = settle(check, {"a": [("7", 0.6), ("1", 0.3)], "b": [("5", 0.99)], "t": [("6", 0.98)]})
    assert found.holds
    assert found.values == {"a": "1", "b": "5", "t": "6"}
    assert found.changed == {"a"}
    assert found.probability > 0.9


def test_a_sum_that_people_got_wrong_is_not_bent_right():
    check = Check("sum", ("a", "b"), "t")
    found = settle(check, {"a": [("7", 0.999), ("1", 0.0001)], "b": [("5", 0.99)], "t": [("6", 0.98)]})
    assert not found.holds
    assert found.values == {"a": "7", "b": "5", "t": "6"}
    assert not found.changed


def test_a_sum_is_searched_as_all_its_combinations_would_be():
    """Against an independent way: every combination tried."""
    rng = random.Random(3)
    check = Check("sum", ("a", "b", "c"), "t")
    for _ in range(40):
        ranked = {}
        for name in check.fields:
            odds = sorted((rng.random() for _ in range(3)), reverse=True)
            values = rng.sample(range(40 if name == "t" else 12), 3)
            ranked[name] = [(str(value), p / sum(odds) * 0.98) for value, p in zip(values, odds, strict=True)]
        every = [
            (pa * pb * pc * pt, {"a": a, "b": b, "c": c, "t": t})
            for a, pa in ranked["a"]
            for b, pb in ranked["b"]
            for c, pc in ranked["c"]
            for t, pt in ranked["t"]
        ]
        passing = [one for one in every if check.holds(one[1])]
        found = settle(check, ranked)
        best = max(passing, key=lambda one: one[0], default=(0.0, {}))
        if best[0] >= ERROR * max(p for p, _ in every):
            assert found.values == best[1]
            total = sum(p for p, _ in passing)
            assert found.probability == pytest.approx(best[0] / (total + ERROR * (1 - total)))
        else:
            assert not found.changed


def test_a_check_without_values_is_an_error():
    with pytest.raises(ValueError, match="has no values for b"):
        settle(Check("order", ("a", "b")), {"a": [("1", 1.0)], "b": []})
