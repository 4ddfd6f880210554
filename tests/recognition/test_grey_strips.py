"""Strips: height, width, polarity, and grey levels that do not depend on the light."""

import numpy as np
import pytest

from inkdigits.recognition.strips import HEIGHT, STEP, strip


def field(height=80, width=200, paper=220, ink=60):
    image = np.full((height, width), paper, np.uint8)
    image[height // 4 : 3 * height // 4, width // 2 - 5 : width // 2 + 5] = ink
    return image


@pytest.mark.parametrize("width", [1, 4, 99, 100, 101])
def test_size(width):
    made = strip(field(), width)
    assert made.shape == (HEIGHT, -(-width // STEP) * STEP)
    assert made.dtype == np.float32
    assert made.min() >= 0
    assert made.max() <= 1


@pytest.mark.parametrize(("paper", "ink"), [(220, 60), (60, 220), (130, 120), (255, 0)], ids=["dark", "chalk", "faint", "bilevel"])
def test_ink_is_one_whatever_the_light(paper, ink):
    made = strip(field(paper=paper, ink=ink), 100)
    assert made[HEIGHT // 2, 50] == pytest.approx(1, abs=0.02)
    assert made[HEIGHT // 2, 10] == pytest.approx(0, abs=0.02)


def test_blank_paper_is_no_error():
    assert not strip(np.full((30, 60), 200, np.uint8), 80).any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1)])
def test_odd_shapes(shape):
    assert strip(np.full(shape, 9, np.uint8), 40).shape == (HEIGHT, 40)


def test_specks_beyond_paper_and_ink_are_paper_and_ink():
    image = field(height=HEIGHT)
    image[2, 20], image[2, 30] = 255, 0
    made = strip(image, 200)
    assert made[2, 20] == 0, "lighter than the paper"
    assert made[2, 30] == 1, "darker than the ink"
