"""The lattice of cuts: every way to cut a region, and the cheapest."""

import numpy as np
import pytest

from inkdigits.lattice import even_parts, lattice, segmented, texts
from inkdigits.regions import Region


def bars(count, slant=0.0, tie=True):
    """Upright bars 10 wide and 50 high, 30 apart, tied by a thin stroke in the middle; then slanted."""
    sheet = np.zeros((50, 30 * count + 60), bool)
    for i in range(count):
        sheet[:, 10 + 30 * i : 20 + 30 * i] = True
    if tie:
        sheet[24:27, 10 : 30 * count - 10] = True
    for y in range(50):
        sheet[y] = np.roll(sheet[y], round(slant * (49 - y)))
    columns = np.flatnonzero(sheet.any(axis=0))
    return Region(5, 7, int(np.ptp(columns)) + 1, 50, sheet[:, columns[0] : columns[-1] + 1])


def as_ones(found):
    """Costs under which a piece with the ink of one bar is a 1 and all else is dear."""
    return np.array([[9.0, 0.5] if 500 <= piece.mask.sum() < 700 else [9.0, 8.0] for piece in found.pieces])


@pytest.mark.parametrize("slant", [0.0, 0.4])
def test_tied_bars_are_cut_apart(slant):
    region = bars(3, slant)
    found = lattice(region, 50, slant)
    assert found.pieces[0] is region
    costs = as_ones(found)
    assert texts(found, costs, 3)[0] == (1, 1, 1)
    cost, path = segmented(found, costs, (1, 1, 1))
    assert cost == pytest.approx(1.5)
    pieces = [found.pieces[k] for k in path]
    assert sum(piece.mask.sum() for piece in pieces) == region.mask.sum(), "every pixel belongs to one piece"
    assert [piece.x for piece in pieces] == sorted(piece.x for piece in pieces)


def test_the_costs_of_a_string_are_those_of_its_cheapest_cut():
    found = lattice(bars(2), 50, 0.0)
    costs = np.random.default_rng(0).random((len(found.pieces), 2))
    best = texts(found, costs, 50)
    found_costs = [segmented(found, costs, text)[0] for text in best]
    assert found_costs == sorted(found_costs)


def test_a_narrow_region_is_one_piece():
    region = bars(1, tie=False)
    found = lattice(region, 50, 0.0)
    assert (len(found.pieces), found.arcs) == (1, [(0, 1, 0)])
    assert segmented(found, np.array([[3.0, 0.5]]), (1,)) == (0.5, [0])
    assert segmented(found, np.array([[3.0, 0.5]]), (1, 1)) == (np.inf, [])


def test_shapes_that_no_digit_has_cost_more():
    assert lattice(bars(1, tie=False), 50, 0.0).odd[0] == 0
    assert lattice(bars(3), 50, 0.0).odd[0] > 0, "too wide"
    assert lattice(bars(1, tie=False), 150, 0.0).odd[0] > 0, "too low for its line"


def test_even_parts_share_the_ink():
    region = bars(3)
    parts = even_parts(region, 0.0, 3)
    assert sum(part.mask.sum() for part in parts) == region.mask.sum()
    assert [part.x for part in parts] == sorted(part.x for part in parts)
