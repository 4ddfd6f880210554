"""The fields that a blank seems to have. A page here is 1,000 pixels wide and 1,400 high, and its lines are two pixels thick."""

import numpy as np
import pytest

from inkdigits.forms.propose import proposed


def page(*drawn):
    """A blank, uint8 (1400, 1000): frames around holes x, y, w, h, or dark boxes where a fifth value says "filled"."""
    sheet = np.full((1400, 1000), 250, np.uint8)
    for x, y, w, h, *kind in drawn:
        if kind:
            sheet[y : y + h, x : x + w] = 30
        else:
            sheet[y - 2 : y, x - 2 : x + w + 2] = sheet[y + h : y + h + 2, x - 2 : x + w + 2] = 30
            sheet[y - 2 : y + h + 2, x - 2 : x] = sheet[y - 2 : y + h + 2, x + w : x + w + 2] = 30
    return sheet


def comb(x, y, w, h, count, wall=2):
    """Holes side by side with walls of so many pixels between them."""
    return [(x + number * (w + wall), y, w, h) for number in range(count)]


def line(x, y, w):
    """A line as people write on."""
    return (x, y, w, 2, "filled")


def found(*drawn):
    """What is proposed, without the names."""
    return [{key: value for key, value in one.items() if key != "name"} for one in proposed(page(*drawn))]


@pytest.mark.parametrize(
    ("hole", "kind"),
    [
        pytest.param((300, 200, 200, 50), "integer", id="a box"),
        pytest.param((300, 200, 24, 24), "tick", id="a small box"),
        pytest.param((300, 200, 35, 35), "tick", id="33 pixels of free room: the largest to tick"),
        pytest.param((300, 200, 36, 35), "integer", id="a pixel wider"),
        pytest.param((300, 200, 35, 36), "integer", id="a pixel higher"),
        pytest.param((300, 200, 34, 25), "tick", id="wider than high by a third"),
        pytest.param((300, 200, 34, 24), "integer", id="wider than that"),
        pytest.param((300, 200, 22, 34), "integer", id="as narrow"),
    ],
)
def test_a_box_is_proposed_with_its_free_room(hole, kind):
    x, y, w, h = hole
    assert found(hole) == [{"box": [x + 1, y + 1, w - 2, h - 2], "type": kind}]


@pytest.mark.parametrize(
    "drawn",
    [
        pytest.param((300, 200, 200, 130), id="a box of text"),
        pytest.param((300, 200, 10, 40), id="a slit"),
        pytest.param((300, 200, 40, 10), id="a slit that lies"),
        pytest.param((300, 200, 100, 40, "filled"), id="a bar"),
    ],
)
def test_what_is_no_place_to_write_in_is_not_proposed(drawn):
    assert found(drawn) == []


def test_cells_of_one_size_are_a_comb():
    """Nine cells 36 pixels wide and 44 high, with walls of two pixels between them."""
    assert found(*comb(200, 300, 36, 44, 9)) == [{"box": [201, 301, 338, 42], "type": "id", "cells": 9, "length": 9}]


def test_combs_one_below_the_other_are_two_and_a_page_may_lean_a_little():
    """The cells of the second are a pixel lower each, as on a page that was scanned askew."""
    leaning = [(200 + 38 * number, 356 + number, 36, 44) for number in range(4)]
    combs = found(*comb(200, 300, 36, 44, 4), *leaning)
    assert [(one["type"], one["cells"], one["box"]) for one in combs] == [("id", 4, [201, 301, 148, 42]), ("id", 4, [201, 357, 148, 45])]


@pytest.mark.parametrize(
    "drawn",
    [
        pytest.param(comb(200, 300, 36, 44, 2, wall=6), id="further apart than a wall is thick"),
        pytest.param([(200, 300, 36, 44), (238, 300, 46, 44)], id="of two widths"),
        pytest.param([(200, 300, 36, 44), (238, 300, 36, 52)], id="of two heights"),
        pytest.param(comb(200, 300, 100, 44, 2), id="wider than digits are"),
        pytest.param([(200, 300, 36, 44), (200, 346, 36, 44)], id="one above the other"),
    ],
)
def test_other_cells_are_boxes_of_their_own(drawn):
    assert [one["type"] for one in found(*drawn)] == ["integer", "integer"]


def test_over_a_line_there_is_room_to_write():
    """As much as 8 mm of A4: a 26th of the page's width, 38 pixels."""
    assert found(line(300, 500, 200)) == [{"box": [300, 462, 200, 40], "type": "integer"}]


def test_a_dotted_line_is_a_line():
    dots = [(300 + 8 * number, 500, 3, 2, "filled") for number in range(26)]
    (gap,) = found(*dots)
    assert gap == {"box": [300, 462, 203, 40], "type": "integer"}


@pytest.mark.parametrize(
    "drawn",
    [
        pytest.param([line(300, 500, 200), (380, 475, 30, 10, "filled")], id="print over it"),
        pytest.param([line(300, 500, 45)], id="too short"),
        pytest.param([line(100, 500, 760)], id="across the page"),
        pytest.param([line(300, 30, 200)], id="at the upper edge"),
        pytest.param([(300, 500, 200, 9, "filled")], id="a bar"),
        pytest.param([line(300, 500, 200), (300, 500, 2, 22, "filled")], id="with an upright one below"),
        pytest.param([line(300, 500, 200), (300, 508, 200, 40)], id="along a box"),
    ],
)
def test_not_every_line_is_one_to_write_on(drawn):
    assert [one for one in found(*drawn) if one["box"][1] < 500] == []


def test_fields_are_numbered_as_one_reads():
    drawn = [(600, 200, 200, 50), (100, 204, 200, 50), line(100, 500, 200), (600, 350, 24, 24)]
    assert [(one["name"], one["box"][:2]) for one in proposed(page(*drawn))] == [
        ("field-1", [101, 205]),
        ("field-2", [601, 201]),
        ("field-3", [601, 351]),
        ("field-4", [100, 462]),
    ]


def test_colour_and_a_dark_sheet_change_nothing():
    sheet = page((300, 200, 200, 50))
    dark = np.dstack([sheet * 0.6, sheet * 0.55, sheet * 0.5]).astype(np.uint8)
    assert proposed(dark) == proposed(sheet)
