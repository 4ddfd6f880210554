"""The windows of a field's strip, and what is made of what the network says of them."""

import numpy as np
import pytest

from inkdigits.recognition.strips import HEIGHT
from inkdigits.recognition.upright import WIDTH, upright, windows


def test_a_narrow_strip_has_paper_on_both_sides():
    (window,) = windows(np.ones((HEIGHT, 20), np.float32))
    assert window.shape == (HEIGHT, WIDTH)
    assert window.sum() == 20 * HEIGHT
    assert window[:, 50:70].all()


@pytest.mark.parametrize(("wide", "starts"), [(WIDTH, [0]), (160, [0, 40]), (240, [0, 120]), (1000, [0, 440, 880])])
def test_windows_reach_from_end_to_end(wide, starts):
    strip = np.tile(np.arange(wide, dtype=np.float32) / wide, (HEIGHT, 1))
    assert (windows(strip)[:, 0, 0] * wide).round().astype(int).tolist() == starts


def test_the_odds_of_a_field_are_the_mean_of_its_windows():
    crop = np.full((40, 160), 250, np.uint8)
    crop[10:30, 5:150:15] = 20
    odds = upright(crop, lambda some: np.array([[0.1, 0.9], [0.5, 0.5]], np.float32)[: len(some)])
    assert odds == pytest.approx(np.log(9) / 2, rel=1e-5)
    assert np.isfinite(upright(crop, lambda some: np.tile(np.float32([0, 1]), (len(some), 1))))
