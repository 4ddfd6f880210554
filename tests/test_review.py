"""The page of what a person should look at."""

from inkdigits.reading import Digit, LeftOut, Line, Reading
from inkdigits.review import Review, sheet


def test_it_says_what_was_left_out():
    line = Line((Digit("4", (0, 0, 10, 20), 0.99),), (0, 0, 10, 20))
    row = Reading((line,), "nowhere.png", left_out=(LeftOut((20, 0, 12, 20), "letter"),), doubts=("unread",)).to_dict()
    review = Review()
    review.add(row)
    assert review.rows == [row]
    assert "left out: letter" in sheet(review.rows)
    assert "left out" not in sheet([Reading((line,), "nowhere.png").to_dict()])
