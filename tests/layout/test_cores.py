"""Cores of numbers on the maps of a page: which number a region belongs to, which rows are handwriting, where a line parts."""

import numpy as np
import pytest

from inkdigits.layout.cores import Cores
from inkdigits.layout.grouping import parted
from inkdigits.layout.maps import CLASSES, CORE, MARGIN, PAPER, PRINT, WRITING
from inkdigits.layout.regions import Region

SCALE = 4


def maps_with(*boxes):
    """Maps of paper, 30 x 60, with cores: (x, y, w, h, probability) each."""
    maps = np.zeros((30, 60, len(CLASSES)), np.float32)
    for x, y, w, h, likely in boxes:
        maps[y : y + h, x : x + w, CORE] = likely
    maps[..., PAPER] = 1 - maps[..., CORE]
    return maps


def region(x, y, w=16, h=24):
    return Region(x, y, w, h, np.ones((h, w), bool))


def test_a_region_belongs_to_the_core_that_most_of_its_ink_lies_in():
    cores = Cores.of(maps_with((2, 2, 5, 6, 0.9), (8, 2, 10, 6, 0.9), (30, 2, 5, 6, 0.4)), SCALE)
    first, second = cores.number_of(region(8, 8)), cores.number_of(region(24, 8))
    assert first != second
    assert 0 not in (first, second)
    assert cores.number_of(region(120, 8)) == 0, "half a core is none"
    assert cores.number_of(region(200, 80)) == 0, "there is nothing"


def test_a_region_that_reaches_over_the_edge_of_the_maps_belongs_to_what_is_there():
    cores = Cores.of(maps_with((55, 25, 5, 5, 0.9)), SCALE)
    assert cores.number_of(region(230, 110)) == 1


@pytest.mark.parametrize(
    ("likely", "expected"),
    [
        pytest.param((0.95, 0.5), [True, False], id="print beside handwriting"),
        pytest.param((0.95, 0.7), [True, True], id="a hand that is less clear"),
        pytest.param((0.8, 0.5), [True, True], id="nothing that surely is handwriting"),
    ],
)
def test_rows_that_are_print_are_told_where_something_is_handwriting(likely, expected):
    cores = Cores.of(maps_with((2, 2, 8, 6, likely[0]), (2, 15, 8, 6, likely[1])), SCALE)
    assert cores.handwritten([[region(8, 8), region(26, 8)], [region(8, 62)]]) == expected


@pytest.mark.parametrize("kind", [WRITING, PRINT])
def test_print_is_what_is_likelier_other_writing_than_the_core_of_a_number_and_the_margin_around_it(kind):
    maps = maps_with()
    maps[:10, :, kind], maps[:10, :, CORE], maps[:10, :, MARGIN] = 0.5, 0.2, 0.25
    maps[10:, :, kind], maps[10:, :, CORE], maps[10:, :, MARGIN] = 0.4, 0.2, 0.25
    cores = Cores.of(maps, SCALE)
    assert cores.is_print(region(8, 8))
    assert not cores.is_print(region(8, 62))
    assert cores.is_print(region(8, 24)), "most of it is"
    assert not cores.is_print(region(8, 32)), "most of it is not"


def test_no_rows_are_no_handwriting():
    assert Cores.of(maps_with(), SCALE).handwritten([]) == []


@pytest.mark.parametrize(
    ("gap", "cores", "others", "parts"),
    [
        pytest.param(24, 2, (24, 24), 2, id="two cores, a gap in other lines too"),
        pytest.param(24, 2, (24,), 1, id="one other line shows no column"),
        pytest.param(24, 2, (24, 24, 0), 1, id="a line that goes through"),
        pytest.param(24, 1, (24, 24), 1, id="one core"),
        pytest.param(24, 0, (24, 24), 1, id="no core"),
        pytest.param(12, 2, (24, 24), 1, id="a narrow gap"),
        pytest.param(48, 1, (), 2, id="a wide gap"),
    ],
)
def test_a_line_parts_sooner_between_columns_of_cores(gap, cores, others, parts):
    first, second = region(8, 8), region(24 + gap, 8)
    rows = [[first, second]]
    rows += [[region(8, 40 + 30 * i), region(8 + 16 + max(wide, 1), 40 + 30 * i, w=16 + gap)] for i, wide in enumerate(others)]
    boxes = {0: (), 1: ((2, 2, 20, 6, 0.9),), 2: ((2, 2, 4, 6, 0.9), (second.x // SCALE, 2, 4, 6, 0.9))}[cores]
    mask = np.zeros((160, 240), bool)
    for one in (one for row in rows for one in row):
        mask[one.y : one.bottom, one.x : one.right] = True
    assert len(parted(rows, mask, Cores.of(maps_with(*boxes), SCALE))[0]) == parts
