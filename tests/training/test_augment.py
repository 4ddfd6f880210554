"""Images moved a little: how far, and always the same for the same seed."""

import numpy as np
import pytest

from inkdigits.training.augment import STRENGTH, moved


@pytest.fixture(scope="module")
def crosses():
    images = np.zeros((400, 28, 28), np.uint8)
    images[:, 4:24, 13:15] = images[:, 13:15, 4:24] = 255
    return images


def strays(images, amount):
    """How far the ink's centre moves, and how much of the ink lies elsewhere than before: both medians."""
    out = moved(images, amount, np.random.default_rng(1)) / 255
    mass = out.sum(axis=(1, 2))
    x = (out.sum(axis=1) @ np.arange(28)) / mass
    return np.median(np.abs(x - 13.5)), np.median(np.abs(out - images / 255).sum(axis=(1, 2)) / mass)


def test_none_leaves_the_images_as_they_are(crosses):
    np.testing.assert_array_equal(moved(crosses, "none", np.random.default_rng(0)), crosses)


@pytest.mark.parametrize("amount", sorted(STRENGTH))
def test_the_seed_decides(crosses, amount):
    once, again, other = (moved(crosses[:5], amount, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert (once.dtype, once.shape) == (np.uint8, (5, 28, 28))
    np.testing.assert_array_equal(once, again)
    assert amount == "none" or not np.array_equal(once, other)


def test_strong_moves_farther_than_light(crosses):
    light, strong = strays(crosses, "light"), strays(crosses, "strong")
    assert 0.2 < light[0] < 1.0
    assert strong[0] > 1.6 * light[0]
    assert strong[1] > light[1]


def test_elastic_bends_straight_strokes():
    uprights = np.zeros((400, 28, 28), np.uint8)
    uprights[:, 4:24, 13:15] = 255

    def bend(amount):
        """How far the middle of the stroke lies off the line through its ends, in pixels: the median."""
        out = moved(uprights, amount, np.random.default_rng(2)) / 255
        upper, lower, centre = (out[:, rows, 8:20].sum(axis=1) for rows in (slice(6, 10), slice(18, 22), slice(10, 18)))
        upper, lower, centre = (part @ np.arange(12) / part.sum(axis=1) for part in (upper, lower, centre))
        return np.median(np.abs(centre - (upper + lower) / 2))

    assert bend("elastic") > 2 * bend("light")
