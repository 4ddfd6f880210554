"""A page is found by the blank's own print: which layout it is, and where."""

import cv2
import numpy as np
import pytest
from forms_drawn import SIZE, blank_page, filled_page

from inkdigits.forms.register import blank_of, moved, register

CORNERS = np.array([(200, 120), (560, 120), (560, 640), (200, 640)], float)


@pytest.fixture(scope="module")
def blanks():
    return [blank_of(blank_page("Invoice")), blank_of(blank_page())]


def way_of(angle, scale=1.0, lean=(0.0, 0.0)):
    """From the blank to a page that is turned by degrees about its middle, and the size of that page."""
    wide, high = SIZE
    side = int(1.5 * scale * max(SIZE))
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), angle, scale)
    turn[:, 2] += side / 2 - np.array([wide, high]) / 2
    leaning = np.eye(3)
    leaning[2, :2] = lean
    way = np.vstack([turn, (0, 0, 1)]) @ leaning
    return way, (side, side)


def seen(page, way, size, noise=0.0):
    image = cv2.warpPerspective(page, way, size, flags=cv2.INTER_LINEAR, borderValue=90).astype(np.float32)
    image += noise * np.random.default_rng(1).standard_normal(image.shape, np.float32)
    return np.clip(image, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("way", "noise"),
    [
        pytest.param(way_of(2), 8, id="tilted"),
        pytest.param(way_of(180, 1.3), 8, id="upside down, larger"),
        pytest.param(way_of(88, 0.9), 8, id="on its side, smaller"),
        pytest.param(way_of(-4, 1.1, (1e-4, -8e-5)), 12, id="seen from beside"),
    ],
)
def test_a_page_is_found_whichever_way_it_lies(blanks, way, noise):
    (true, size), page = way, filled_page(blank_page(), id="123456782", first="17", total="38")
    found = register(seen(page, true, size, noise), blanks)
    assert found is not None
    assert found.layout == 1
    back = moved(moved(CORNERS, true), np.linalg.inv(found.way))
    assert np.abs(back - CORNERS).max() < 1.0  # a pixel of the blank, which has 85 dots an inch


def test_a_page_of_another_form_is_none_of_these(blanks):
    other = np.full(SIZE[::-1], 255, np.uint8)
    for number in range(20):
        text = f"{number * 7919 % 9973} other words of quite another page {number}"
        cv2.putText(other, text, (40, 60 + 45 * number), cv2.FONT_HERSHEY_TRIPLEX, 0.7, 0, 1, cv2.LINE_AA)
    assert register(other, blanks) is None


@pytest.mark.parametrize("image", [np.full((300, 200), 255, np.uint8), np.zeros((40, 900, 3), np.uint8)], ids=["white", "black strip"])
def test_an_empty_page_is_none_of_these(blanks, image):
    assert register(image, blanks) is None


def test_a_blank_without_print_is_refused():
    with pytest.raises(ValueError, match="too little print"):
        blank_of(np.full((300, 200), 255, np.uint8))


def test_aruco_marks_find_a_page_with_hardly_any_other_print():
    page = np.full(SIZE[::-1], 255, np.uint8)
    marks = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    for number, (x, y) in enumerate([(40, 40), (580, 40), (40, 870), (580, 870)]):
        page[y : y + 80, x : x + 80] = cv2.aruco.generateImageMarker(marks, number, 80)
    own = blank_of(page)
    assert sorted(own.marks) == [("DICT_4X4_50", number) for number in range(4)]
    true, size = way_of(170, 1.1)
    found = register(seen(page, true, size, 5), [own])
    assert found is not None
    assert np.abs(moved(moved(CORNERS, true), np.linalg.inv(found.way)) - CORNERS).max() < 1.5
