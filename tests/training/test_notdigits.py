"""What is not a digit, drawn for training."""

import numpy as np
import pytest

from inkdigits.training.datasets import load
from inkdigits.training.fonts import fonts, typed
from inkdigits.training.notdigits import not_digits
from inkdigits.training.synthesis.digits import photographed


@pytest.fixture(scope="module")
def digits():
    return load("digits", "train")


def test_not_digits_are_sheets_with_ink_and_depend_on_the_seed_alone(digits):
    first, again, other = (not_digits(60, (seed,), digits.images) for seed in (1, 1, 2))
    assert first.shape == (60, 64, 64)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    ink = (first > 60).sum(axis=(1, 2))
    assert ink.min() >= 12
    assert (first.max(axis=(1, 2)) >= 250).all()
    assert len(np.unique(first, axis=0)) > 50


def test_a_font_is_always_at_hand_and_says_what_it_lacks():
    assert fonts()[-1].name == "DejaVuSans.ttf"
    rng = np.random.default_rng(0)
    assert max(typed("k", rng).size for _ in range(5)) > 100
    assert typed("\ue000", rng).shape == (1, 1)


def test_a_photograph_is_darker_where_the_pen_was():
    pen = np.zeros((40, 60), np.float32)
    pen[10:30, 28:32] = 1
    darker = 0
    for seed in range(20):
        image = photographed(pen, np.random.default_rng(seed)).astype(float)
        darker += image[12:28, 29:31].mean() < image[12:28, 5:20].mean()
    assert darker >= 14, "now and then it is white on black"
