"""A page of a form becomes values: read, empty, invalid, picked, or on no such page."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from forms_drawn import filled_page

from inkdigits import InputError
from inkdigits.forms.across import Check
from inkdigits.forms.decide import checked_across, failed_across, ticked
from inkdigits.forms.read import FormModel, FormReader
from inkdigits.forms.reading import FieldValue
from inkdigits.forms.template import FormField, Option

WRITTEN = {"id": "123456782", "first": "120", "second": "45", "total": "165", "day": "24/11/2026", "agreed": "x"}


@pytest.fixture
def reader(form):
    return FormReader(FormModel(form))


def test_a_filled_page_is_read_and_an_empty_field_is_empty(reader, blank):
    found = reader.read(np.rot90(filled_page(blank, **{**WRITTEN, "day": ""}), 2).copy(), source="scan.png")
    assert found.layout == "application"
    values = {own.name: own for own in found.values}
    assert {name: own.value for name, own in values.items()} == {
        "id": "123456782", "first": "120", "second": "45", "total": "165", "day": "", "agreed": "yes",
    }  # fmt: skip
    assert values["day"].status == "empty"
    assert values["agreed"].status == "ok"
    row = found.to_dict()
    assert row["fields"]["first"]["value"] == "120"
    assert (row["source"], row["page"], row["refused"], row["error"]) == ("scan.png", 1, None, None)


def test_a_person_is_shown_each_digit_where_these_are_all_that_is_written(form, blank):
    """Of a date the slashes are marks too; of a small box and of an empty one there is no digit."""
    found = FormReader(FormModel(form, shown=True)).read(filled_page(blank, **{**WRITTEN, "second": ""}))
    shown = {own.name: own.shown for own in found.values}
    assert {name: len(own.tiles) for name, own in shown.items()} == {"id": 9, "first": 3, "second": 0, "total": 3, "day": 0, "agreed": 0}
    assert {len(tile) for own in shown.values() for tile in own.tiles} == {28 * 28}
    assert [len(own.sure) for own in shown.values()] == [len(own.tiles) for own in shown.values()]
    assert min(shown["id"].sure) > 0.5
    assert {name for name, own in shown.items() if own.seen} == {"id", "first", "total", "day"}
    assert all(cv2.imdecode(np.frombuffer(own.crop, np.uint8), cv2.IMREAD_GRAYSCALE) is not None for own in shown.values())


def test_a_page_of_no_layout_says_so(reader):
    found = reader.read(np.full((900, 640), 230, np.uint8))
    assert found.refused == "it fits no page of the form"
    assert found.needs_review
    assert {own.status for own in found.values} == {"no such page"}


def test_a_required_field_that_is_empty_is_invalid(reader, blank):
    found = reader.read(blank)
    assert {own.name: (own.status, own.note) for own in found.values}["id"] == ("invalid", "required")
    assert {own.status for own in found.values if own.name != "id"} == {"empty", "ok"}  # a tick is always answered


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"size": [701, 990]}, "has 700 x 990 pixels, and form.json says 701 x 990"),
        ({"image": "missing.png"}, "no such file"),
    ],
)
def test_a_blank_that_does_not_fit_is_said_before_a_page_is_read(form, change, said):
    text = form.read_text()
    for key, value in change.items():
        text = text.replace('"size": [700, 990]' if key == "size" else '"blank.png"', f'"size": {value}' if key == "size" else f'"{value}"')
    form.write_text(text)
    with pytest.raises(InputError, match=said):
        _ = FormReader(FormModel(form)).blanks


# What follows the networks


TICK = FormField("agreed", (0, 0, 20, 20), "tick")
CHOICE = FormField("card", (0, 0, 90, 20), "choice", options=tuple(Option(name, (0, 0, 20, 20)) for name in ("adult", "child")))


@pytest.mark.parametrize(
    ("own", "marks", "value", "status"),
    [
        (TICK, [0.0], "no", "ok"),
        (TICK, [0.3], "yes", "ok"),
        (TICK, [0.055], "no", "unsure"),
        (CHOICE, [0.0, 0.4], "child", "ok"),
        (CHOICE, [0.0, 0.0], "", "empty"),
        (CHOICE, [0.3, 0.4], "adult + child", "invalid"),
        (replace(CHOICE, many=True), [0.3, 0.4], "adult + child", "ok"),
    ],
)
def test_what_small_boxes_say(own, marks, value, status):
    found = ticked(own, marks, FieldValue(own.name), 0.95)
    assert (found.value, found.status) == (value, status)


def value(name, *ranked, status="ok"):
    return FieldValue(name, ranked[0][0], ranked[0][0], ranked[0][1], status, candidates=ranked)


SUM = Check("sum", ("a", "b"), "t")


def test_a_sum_picks_a_value_and_says_so():
    values = [value("a", ("7", 0.6), ("1", 0.35), status="unsure"), value("b", ("5", 0.99)), value("t", ("6", 0.99))]
    a, b, t = checked_across(values, [SUM])
    assert (a.value, a.status, a.note) == ("1", "ok", "picked by a + b = t")
    assert (b.value, t.value, b.note) == ("5", "6", "")


def test_a_sum_that_does_not_add_up_is_put_before_a_person():
    values = [value("a", ("7", 0.999)), value("b", ("5", 0.999)), value("t", ("6", 0.999))]
    for own in checked_across(values, [SUM]):
        assert (own.status, own.note) == ("invalid", "not a + b = t")


def test_without_constraints_a_check_says_what_fails_and_changes_nothing():
    values = [value("a", ("7", 0.6), ("1", 0.35)), value("b", ("5", 0.99)), value("t", ("6", 0.99))]
    found = failed_across(values, [SUM])
    assert [own.value for own in found] == ["7", "5", "6"]
    assert {own.status for own in found} == {"invalid"}
