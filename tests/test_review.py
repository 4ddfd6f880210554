"""The page of what a person should look at."""

import base64
import re

import cv2
import numpy as np

from inkdigits.lines import Digit, LeftOut, Line
from inkdigits.output.review import Review, sheet
from inkdigits.reading import Reading


def test_it_says_what_was_left_out():
    line = Line((Digit("4", (0, 0, 10, 20), 0.99),), (0, 0, 10, 20))
    row = Reading((line,), "nowhere.png", left_out=(LeftOut((20, 0, 12, 20), "letter"),), doubts=("unread",)).to_dict()
    review = Review()
    review.add(row)
    assert review.rows == [row]
    assert "left out: letter" in sheet(review.rows)
    assert "left out" not in sheet([Reading((line,), "nowhere.png").to_dict()])


def test_what_was_left_out_is_framed_in_the_picture(tmp_path):
    path = tmp_path / "note.png"
    cv2.imwrite(str(path), np.full((100, 200, 3), 255, np.uint8))
    line = Line((Digit("4", (40, 40, 20, 30), 0.99),), (40, 40, 20, 30))
    left_out = (LeftOut((80, 40, 20, 30), "letter"), LeftOut((10, 2, 180, 10), "print"), LeftOut((0, 90, 200, 10), "at the edge"))
    row = Reading((line,), str(path), left_out=left_out, doubts=("unread",)).to_dict()
    page = sheet([row])
    assert "left out: at the edge, letter, print (ink of the size of writing)" in page
    assert "framed: what was left out" in page
    assert "framed" not in sheet([row | {"left_out": []}])
    data = base64.b64decode(re.search('base64,([^"]+)', page)[1])
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB).astype(int)
    assert picture.shape == (50, 80, 3), "the number and what was left out beside it, with a border"
    purple = picture[..., 0] - picture[..., 1] > 30
    assert set(np.flatnonzero(purple.any(axis=0))) <= set(range(47, 74)), "left of the digit nothing is framed"
    assert purple[25, 50], "the left edge of the letter's frame"


def test_it_says_that_a_file_may_be_damaged():
    row = Reading((Line((Digit("4", (0, 0, 10, 20), 0.99),), (0, 0, 10, 20)),), "nowhere.jpg").to_dict()
    assert "damaged" not in sheet([row])
    assert "the file may be damaged" in sheet([row | {"review_reasons": ["damaged"]}])
