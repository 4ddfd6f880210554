"""Numbers composed: forms, places of signs, struck-out digits; and whole rows where the collections are."""

import re

import numpy as np
import pytest

from inkdigits.recognition.alphabet import CLASSES, OTHER, STRUCK, classes_of
from inkdigits.training.data.unipen import Sample
from inkdigits.training.synthesis import forms
from inkdigits.training.synthesis.hands import PenHand, Strokes, Style, Written
from inkdigits.training.synthesis.numbers import Word, as_written, written
from inkdigits.training.synthesis.paper import furnished, photographed
from inkdigits.training.synthesis.rows import Shares, row
from inkdigits.training.synthesis.sources import Sources

TALL = 40.0
STYLE = Style(TALL, 3.0, 0.0, 1.0, 0.0, 0.02)


@pytest.fixture(scope="module")
def hand():
    """A hand whose every sign is an upright stroke, its dash a level one."""
    upright, level = np.array([(0, 0), (0, 200)], np.float32), np.array([(0, 0), (200, 0)], np.float32)
    made = [Sample(c, [level if c == "-" else upright], "a") for c in "0123456789,-/()"]
    strokes = Strokes([made])
    return PenHand(strokes, strokes.by_hand["a"])


def rows_of(ink, top):
    """First and last inked row, from the top of the digits, in heights of a digit."""
    rows = np.flatnonzero((ink > 0.3).any(axis=1))
    return (rows[0] - top) / TALL, (rows[-1] + 1 - top) / TALL


def test_every_form_is_a_number():
    rng = np.random.default_rng(0)
    for _, form in forms.FORMS:
        for _ in range(50):
            assert classes_of(form(rng))
    texts = [forms.number(rng) for _ in range(2000)]
    for pattern in (r"^\d+$", r"^\d+[.,]\d+$", r"%$", r"^\(\d+\)", r"^-\d", r"\d:\d\d", r"^\d+/\d+/\d+$", STRUCK):
        assert any(re.search(pattern, text) for text in texts), pattern


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [("7", 0.0, 1.0), (",", 0.75, 1.4), ("-", 0.2, 0.85), (".", 0.7, 1.2), ("/", -0.35, 1.35)],
)
def test_signs_stand_where_they_do_on_paper(hand, text, first, last):
    for seed in range(20):
        above, below = rows_of(*written(text, hand, STYLE, np.random.default_rng(seed)))
        assert first - 0.2 <= above < below <= last + 0.2


def test_digits_come_from_left_to_right_and_a_space_is_a_gap(hand):
    rng = np.random.default_rng(1)
    assert written("1 1", hand, STYLE, rng)[0].shape[1] > written("1", hand, STYLE, rng)[0].shape[1] + 0.3 * TALL


def test_a_struck_digit_has_more_ink_than_a_digit(hand):
    plain = np.mean([written("1", hand, STYLE, np.random.default_rng(seed))[0].sum() for seed in range(10)])
    struck = np.mean([written(f"1{STRUCK}", hand, STYLE, np.random.default_rng(seed))[0].sum() for seed in range(10)])
    assert struck > 1.3 * plain


def test_a_struck_number_is_crossed_from_end_to_end(hand):
    text = forms.struck("1 11")
    assert classes_of(text) == [CLASSES.index(OTHER)], "nothing of it is read"
    for seed in range(20):
        ink, _ = written(text, hand, STYLE, np.random.default_rng(seed))
        runs = np.diff((ink > 0.3).any(axis=0).astype(int), prepend=0)
        assert np.count_nonzero(runs == 1) == 1, "no gap is left between its digits"


def test_one_bar_does_not_strike_a_seven():
    strokes = Strokes([[Sample("7", [np.array([(0, 0), (120, 0), (30, 200)], np.float32)], "a")]])
    hand = PenHand(strokes, strokes.by_hand["a"])
    for seed in range(60):
        plain, _ = written("7", hand, STYLE, np.random.default_rng(seed))
        struck, _ = written(f"7{STRUCK}", hand, STYLE, np.random.default_rng(seed))
        assert struck.sum() > plain.sum() + 1.3 * STYLE.pen * plain.shape[1], "more than one bar as wide as the digit"


def test_signs_that_are_a_bar_are_left_out_where_no_hand_writes_them_so():
    bar = [np.array([(0, 0), (0, 100), (2, 200)], np.float32)]
    cross = [np.array([(0, 100), (200, 100)], np.float32), np.array([(100, 0), (100, 200)], np.float32)]
    strokes = Strokes([[Sample(sign, bar, "a") for sign in "+$1-"], [Sample("+", cross, "a")]])
    assert {sign: len(some) for sign, some in strokes.by_character.items()} == {"+": 1, "1": 1, "-": 1}


@pytest.mark.parametrize("room", [20.0, 60.0])
def test_a_word_is_no_higher_than_there_is_room(room):
    word = Word("1", Written([np.array([(0, 0), (0, 200)], np.float32)]), 200.0)
    for seed in range(10):
        ink, _ = as_written(word, STYLE, room, np.random.default_rng(seed))
        assert 0.8 * min(room, 0.9 * TALL) < len(ink) <= min(room, 1.3 * TALL) + 2 * STYLE.pen


def test_a_photograph_is_grey_and_its_ink_stands_out(hand):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        ink, top = written("358", hand, STYLE, rng)
        sheet = np.pad(ink, 20)
        picture = photographed(furnished(sheet, TALL, top + 20, rng), TALL, rng)
        assert picture.dtype == np.uint8
        assert picture.shape == sheet.shape
        paper = float(np.median(picture))
        assert abs(float(picture[sheet > 0.9].mean()) - paper) > 2


def test_easy_rows_are_digits_on_blank_paper(hand):
    found = Sources([(1.0, lambda rng: hand)], [], [], [], [], [])
    for seed in range(10):
        image, characters = row(found, Shares(easy=1.0), np.random.default_rng(seed))
        assert set(characters) <= set(range(1, 11))
        assert np.mean(image == 0) > 0.5
        # Each sign of this hand is one upright stroke: as many as there are characters, but where they touch.
        runs = np.diff((image > 0.5).any(axis=0).astype(int), prepend=0)
        assert 1 <= np.count_nonzero(runs == 1) <= len(characters)


@pytest.mark.slow
@pytest.mark.usefixtures("data_dir")
def test_rows_depend_on_the_seed_alone():
    from inkdigits.recognition.strips import HEIGHT
    from inkdigits.training.datasets import load
    from inkdigits.training.synthesis.rows import LONGEST, WIDTH
    from inkdigits.training.synthesis.supply import rows

    mnist = load("mnist", "test").subset(np.arange(2000))
    images, labels = rows(mnist, "dev", 6, (0, 1), jobs=1)
    again, _ = rows(mnist, "dev", 6, (0, 1), jobs=1)
    assert images.shape == (6, HEIGHT, WIDTH)
    assert labels.shape == (6, LONGEST)
    assert (images == again).all()
    assert ((labels >= 0).sum(axis=1) > 0).all()
    assert labels.max() < 21
