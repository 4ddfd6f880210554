"""Lines, reading order and tables from boxes of fields."""

import cv2
import numpy as np
import pytest
from composed_tables import composed

from inkdigits.layout.field_lines import tilt
from inkdigits.layout.tables import Cell, Place, Table, structured


def box(x, y, wide, high=30):
    """A box with its middle at (x, y)."""
    left, right, top, bottom = x - wide / 2, x + wide / 2, y - high / 2, y + high / 2
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def page(*boxes):
    return np.array([box(*one) for one in boxes], np.float32)


def turned(boxes, degrees, around=(300, 200)):
    angle = np.deg2rad(degrees)
    return ((boxes - around) @ [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]] + around).astype(np.float32)


def grid(rows, columns, *, wide=60, apart=(120, 60), at=(100, 100), without=()):
    """Boxes of a table without some cells, given by row and column."""
    cells = [(r, c) for r in range(rows) for c in range(columns) if (r, c) not in without]
    return page(*((at[0] + c * apart[0], at[1] + r * apart[1], wide) for r, c in cells)), cells


def numbers(table):
    return [[cell.fields for cell in row] for row in table.rows]


def test_a_page_without_fields():
    found = structured(np.zeros((0, 4, 2), np.float32))
    assert (found.lines, found.tables, found.places, found.order) == ((), (), (), ())


def test_one_field_is_a_line_and_no_table():
    found = structured(page((100, 100, 50)))
    assert (found.lines, found.tables, found.places) == (((0,),), (), (Place(None, 0, 0),))


@pytest.mark.parametrize("degrees", [-30, -5, -2, 0, 2, 5, 30])
def test_lines_of_a_tilted_page(degrees):
    boxes = turned(page((400, 200, 90), (100, 100, 60), (250, 104, 60), (100, 200, 30), (560, 98, 20), (240, 197, 60)), degrees)
    assert structured(boxes).lines == ((1, 2, 4), (3, 5, 0))


@pytest.mark.parametrize("slope", [-0.04, -0.02, 0.02, 0.04])
def test_lines_that_climb_between_level_ones(slope):
    rows = [[(100 + 110 * c, 100 + 60 * r + (slope * 110 * c if r % 2 else 0), 60) for c in range(6)] for r in range(4)]
    found = structured(page(*(one for row in rows for one in row)))
    assert found.lines == tuple(tuple(range(6 * r, 6 * r + 6)) for r in range(4))


def test_the_boxes_may_all_be_upright_on_a_tilted_page():
    boxes, _ = grid(5, 4)
    middles = turned(boxes, 6).mean(axis=1)
    upright = np.array([box(x, y, 60) for x, y in middles], np.float32)
    assert np.rad2deg(tilt(upright)) == pytest.approx(6, abs=0.5)
    assert structured(upright).tables[0].shape == (5, 4)


def test_a_table_keeps_its_empty_cells():
    boxes, cells = grid(4, 3, without={(0, 1), (2, 0), (2, 1), (3, 2)})
    (table,) = structured(boxes).tables
    assert table.shape == (4, 3)
    assert not table.ruled
    place = {cell: (k,) for k, cell in enumerate(cells)}
    assert numbers(table) == [[place.get((r, c), ()) for c in range(3)] for r in range(4)]


def test_texts_as_csv():
    boxes, _ = grid(3, 2, without={(1, 0)})
    (table,) = structured(boxes).tables
    assert table.with_texts(["12", "3,50", "-7", "8", "9"]).to_csv() == '12,"3,50"\n,-7\n8,9\n'
    assert table.to_csv() == ",\n,\n,\n", "without texts"


def test_a_cell_with_two_fields_has_both_texts():
    assert Table(((Cell((1, 0)), Cell()), (Cell(), Cell()))).with_texts(["b", "a"]).rows[0][0].text == "a b"


def test_a_wide_header_is_over_columns_and_does_not_join_them():
    boxes, cells = grid(5, 4)
    (table,) = structured(np.concatenate([page((280, 45, 420)), boxes])).tables
    assert [len(row) for row in table.rows] == [4] * len(table.rows)
    assert numbers(table)[-5:] == [[(1 + cells.index((r, c)),) for c in range(4)] for r in range(5)]


def test_a_header_of_two_lines():
    header = page(*((100 + 120 * c, y, wide) for y, wide in ((20, 100), (56, 70)) for c in range(3)))
    boxes, _ = grid(4, 3, without={(1, 1)})
    (table,) = structured(np.concatenate([header, boxes])).tables
    assert table.shape == (6, 3)
    assert numbers(table)[:2] == [[(0,), (1,), (2,)], [(3,), (4,), (5,)]]


@pytest.mark.parametrize("aligned", ["left", "right"])
def test_ragged_columns(aligned):
    sides = -1 if aligned == "left" else 1
    wide = [[20, 110, 40], [110, 20, 90], [60, 60, 20], [20, 90, 110]]
    boxes = page(*((100 + 150 * c + sides * (55 - w / 2), 100 + 50 * r, w) for r, row in enumerate(wide) for c, w in enumerate(row)))
    assert numbers(structured(boxes).tables[0]) == [[(3 * r + c,) for c in range(3)] for r in range(4)]


def test_two_tables_one_below_the_other():
    first, _ = grid(3, 4)
    second, _ = grid(4, 2, apart=(200, 60), at=(160, 420))
    assert [table.shape for table in structured(np.concatenate([first, second])).tables] == [(3, 4), (4, 2)]


def test_two_tables_side_by_side():
    first, _ = grid(5, 2)
    second, _ = grid(4, 2, apart=(120, 71), at=(620, 112))
    found = structured(np.concatenate([second, first]))
    assert [table.shape for table in found.tables] == [(5, 2), (4, 2)]
    assert found.places[0] == Place(1, 0, 0)


@pytest.mark.parametrize(
    "boxes",
    [
        pytest.param(page((100, 100, 60), (300, 100, 60), (500, 100, 60)), id="one line"),
        pytest.param(page((100, 100, 60), (102, 160, 60), (99, 220, 60)), id="one column"),
        pytest.param(page((100, 100, 60), (300, 180, 60), (500, 260, 60), (200, 340, 60)), id="scattered"),
    ],
)
def test_what_is_no_table(boxes):
    found = structured(boxes)
    assert found.tables == ()
    assert {place.table for place in found.places} == {None}
    assert sorted(found.order) == list(range(len(boxes)))


def ruled(xs, ys, shape=(500, 700), thick=3):
    rules = np.zeros(shape, np.uint8)
    for x in xs:
        cv2.line(rules, (x, ys[0]), (x, ys[-1]), 255, thick)
    for y in ys:
        cv2.line(rules, (xs[0], y), (xs[-1], y), 255, thick)
    return rules.astype(np.float32) / 255


def test_a_grid_of_rules_gives_its_cells_though_most_are_empty():
    rules = ruled([50, 150, 300, 420], [50, 120, 190, 260, 330])
    boxes = page((100, 90, 40), (240, 300, 50), (210, 225, 30), (270, 225, 30), (360, 300, 30), (120, 420, 60))
    found = structured(boxes, rules)
    (table,) = found.tables
    assert table.ruled
    assert table.shape == (4, 3)
    assert numbers(table) == [[(0,), (), ()], [(), (), ()], [(), (2, 3), ()], [(), (1,), (4,)]]
    assert found.places[5].table is None


def test_a_grid_that_is_open_at_its_sides():
    rules = ruled([200, 350], [60, 130, 200])
    for y in (60, 130, 200):
        rules[y - 1 : y + 2, 60:480] = 1
    found = structured(page((120, 95, 50), (280, 95, 50), (420, 165, 50)), rules)
    assert numbers(found.tables[0]) == [[(0,), (1,), ()], [(), (), (2,)]]


def test_squared_paper_is_no_table():
    rules = ruled(list(range(20, 680, 20)), list(range(20, 480, 20)), thick=1)
    boxes, _ = grid(3, 2, wide=90, apart=(200, 100))
    (table,) = structured(boxes, rules).tables
    assert (table.ruled, table.shape) == (False, (3, 2))


def placed(seed, **options):
    """How many fields of a composed page stand in their row and column, of how many."""
    made = composed(np.random.default_rng(seed), **options)
    found = structured(made.boxes, made.rules)
    assert sorted(found.order) == list(range(len(made.boxes))), "each field is in one line"
    return sum(tuple(place) == true for place, true in zip(found.places, made.places, strict=True)), len(made.boxes)


@pytest.mark.slow
@pytest.mark.parametrize(("options", "least"), [({}, 0.96), ({"tables": 1}, 0.98), ({"ruled": True}, 0.99)])
def test_cells_of_300_composed_tables_are_in_their_row_and_column(options, least):
    right, every = np.sum([placed(seed, **options) for seed in range(300)], axis=0)
    print(f"{options}: {right} of {every}, {right / every:.2%}")
    assert right / every >= least


@pytest.mark.parametrize(("options", "least"), [({"tables": 1}, 0.97), ({"ruled": True}, 0.97)])
def test_cells_of_some_composed_tables(options, least):
    right, every = np.sum([placed(seed, **options) for seed in range(20)], axis=0)
    assert right / every >= least
