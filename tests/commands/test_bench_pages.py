"""`inkdigits bench pages`: what is on its pages, and how what a reader finds is compared with that."""

from dataclasses import replace

import numpy as np
import pytest

from inkdigits import Digit, Reading
from inkdigits.bench import pages, paperwork
from inkdigits.bench.pages import Found, found_in, matched, overlap, scored
from inkdigits.bench.paperwork import LAYOUTS, Page, Written
from inkdigits.commands.bench import command
from inkdigits.lines import joined, line_of
from inkdigits.tables import Place

PAPER = np.full((10, 10), 255, np.uint8)


def box(row, column, wide=50):
    return (100 * column, 60 * row, wide, 30)


def table(rows, columns, *, without=()):
    cells = [(r, c) for r in range(rows) for c in range(columns) if (r, c) not in without]
    return Page(PAPER, "ledger", tuple(Written(f"{r}{c}", box(r, c), 0, r, c) for r, c in cells))


def told(page, *, rows=0, columns=0):
    """What a reader says that finds everything, and counts so many rows and columns before them."""
    return [Found(one.box, one.text, (0, one.row + rows, one.column + columns)) for one in page.numbers]


def test_intersection_over_union():
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert overlap((0, 0, 10, 10), (5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 10, 10), (10, 0, 10, 10)) == 0


def test_each_box_is_in_one_pair_the_best_first():
    true = [(0, 0, 10, 10), (12, 0, 10, 10)]
    assert matched(true, [(1, 0, 10, 10), (0, 0, 10, 10), (50, 0, 10, 10)]) == [(0, 1)]
    assert matched(true, [(12, 1, 10, 10), (0, 0, 9, 10)]) == [(0, 1), (1, 0)]


def test_all_found_and_in_place_however_rows_are_counted():
    page = table(4, 3, without={(1, 1)})
    score = scored(page, told(page, rows=2, columns=1))
    assert (score.numbers, score.found, score.right, score.false, score.cells, score.placed) == (11, 11, 11, 0, 11, 11)


def test_what_is_false_missed_misread_or_in_the_wrong_place():
    page = table(4, 3)
    found = told(page)
    found[0] = Found(found[0].box, "9", found[0].place)  # misread
    found[4] = Found(found[4].box, found[4].text, (0, 2, 1))  # in the row below
    found[5] = Found((900, 900, 30, 30), "1", (0, 1, 2))  # elsewhere
    score = scored(page, found)
    assert (score.found, score.right, score.boxes, score.false, score.placed) == (11, 10, 12, 1, 10)


def test_two_rows_that_are_told_as_one_are_not_both_right():
    page = table(2, 3)
    merged = [Found(one.box, one.text, (0, 0, one.column)) for one in page.numbers]
    assert scored(page, merged).placed == 3


def test_the_fields_of_a_reading_count_where_they_stand():
    lines = [line_of([Digit("1", (x, 50, 10, 20), 0.9)]) for x in (0, 60)]
    first, second = (replace(line, place=Place(0, 2, column)) for column, line in enumerate(lines))
    assert [(one.box, one.text, one.place) for one in found_in(Reading((joined([first, second]),)))] == [
        ((0, 50, 10, 20), "1", (0, 2, 0)),
        ((60, 50, 10, 20), "1", (0, 2, 1)),
    ]


def test_the_table_counts_over_pages():
    page = table(2, 2)
    scores = [scored(page, told(page)), scored(page, []), scored(Page(PAPER, "form", (Written("1", box(0, 0)),)), [])]
    rows = {row[0]: row[1:] for row in pages.table(scores).rows}
    assert rows["ledger"] == ["2", "8", "50.0%", "0.0%", "100.0%", "50.0%"]
    assert rows["form"] == ["1", "1", "0.0%", "", "", ""]
    assert rows["all"] == ["3", "9", "44.4%", "0.0%", "100.0%", "50.0%"]


def test_fonts_are_none_of_those_that_training_has():
    from inkdigits.training import fonts

    assert not set(paperwork.FONTS) & {path.stem for path in fonts.fonts()}


@pytest.mark.slow  # the hands take seconds to load
@pytest.mark.parametrize("index", range(len(LAYOUTS)))
def test_a_page_has_ink_in_each_of_its_boxes_and_is_the_same_each_time(data_dir, index):
    page = paperwork.page(index)
    assert page.kind == sorted(LAYOUTS)[index]
    assert page.numbers
    for number in page.numbers:
        x, y, w, h = number.box
        inside = page.image[max(y, 0) : y + h, max(x, 0) : x + w]
        assert inside.min() < 0.75 * np.median(page.image[max(y - 40, 0) : y + h + 40])
    np.testing.assert_array_equal(paperwork.page(index).image, page.image)
    apart = [overlap(a.box, b.box) for k, a in enumerate(page.numbers) for b in page.numbers[:k]]
    assert max(apart, default=0) < 0.1


@pytest.mark.slow
def test_numbers_of_a_table_stand_in_rows_and_columns(data_dir):
    page = paperwork.page(sorted(LAYOUTS).index("timesheet"))
    for axis, size in (("row", 1), ("column", 0)):
        places = {}
        for number in page.numbers:
            places.setdefault(getattr(number, axis), []).append(number.box[size] + number.box[size + 2] / 2)
        middles = [np.mean(places[key]) for key in sorted(places)]
        assert middles == sorted(middles)


@pytest.mark.slow
def test_the_command(data_dir):
    from click.testing import CliRunner

    result = CliRunner().invoke(command, ["pages", "--count", "2"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "| all | 2 |" in result.output
