"""A digit made harder to read, on the page's view of the network."""

import cv2
import numpy as np
import pytest
from in_node import MODULES

AS_WRITTEN = {"turn": 0, "across": 0, "down": 0, "pen": 0, "blur": 0}


@pytest.fixture
def fooled(modules):
    """The tile with something done to it: `fooled(tile, turn=90)`."""

    def of(tile, **ways):
        return modules(MODULES.parent / "fooling.js", "fooled", tile.ravel(), AS_WRITTEN | ways).reshape(28, 28)

    return of


def seven():
    tile = np.zeros((28, 28), np.uint8)
    cv2.polylines(tile, [np.int32([(8, 6), (19, 6), (12, 22)])], False, 255, 3)
    return tile


def test_nothing_done_is_the_same(fooled, modules):
    assert modules(MODULES.parent / "fooling.js", "AS_WRITTEN") == AS_WRITTEN
    assert (fooled(seven()) == seven()).all()


@pytest.mark.parametrize(("degrees", "quarters"), [(90, -1), (-90, 1), (180, 2)])
def test_a_turn_is_clockwise(fooled, degrees, quarters):
    assert np.abs(fooled(seven(), turn=degrees).astype(int) - np.rot90(seven(), quarters)).max() <= 1


def test_it_is_moved_and_what_leaves_is_gone(fooled):
    assert (fooled(seven(), across=3, down=-2)[:-2, 3:] == seven()[2:, :-3]).all()
    assert not fooled(seven(), across=28).any()


def test_the_pen_is_changed_by_pixels_and_parts_of_them(fooled):
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    thick, thin = cv2.dilate(seven(), cross), cv2.erode(seven(), cross, borderValue=0)
    assert (fooled(seven(), pen=1) == thick).all()
    assert (fooled(seven(), pen=-1) == thin).all()
    assert np.abs(fooled(seven(), pen=0.5) - (seven() / 2 + thick / 2)).max() <= 0.5


def test_a_blur_is_gaussian(fooled):
    wanted = cv2.GaussianBlur(seven(), (7, 7), 1, borderType=cv2.BORDER_CONSTANT)
    assert np.abs(fooled(seven(), blur=1).astype(int) - wanted).max() <= 1
