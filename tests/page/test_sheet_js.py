"""The outline of a sheet, and the sheet flat: in JavaScript as in Python."""

import cv2
import numpy as np
import pytest

from composed_sheets import SHAPE, TRUE, camera, filled, noisy
from inkdigits.layout.perspective import flatten, size_of, upright
from inkdigits.layout.sheet import outline


def cut_off(shift):
    return filled(camera(TRUE["landscape"], roll=-12, fill=0.6, shift=shift))


def held(corner=2):
    """A sheet with a hand over a corner."""
    true = camera(TRUE["portrait"], roll=10, pitch=10, fill=0.85)
    return cv2.circle(filled(true), tuple(np.round(true[corner]).astype(int).tolist()), 16, 0, -1)


PAPERS = {
    "clean": filled(camera(TRUE["landscape"], roll=8, pitch=15)),
    "turned far": filled(camera(TRUE["receipt"], roll=-40, pitch=12, yaw=-8)),
    "leaning": filled(camera(TRUE["portrait"], roll=5, pitch=25, yaw=25, fill=0.8)),
    "a hand": held(),
    "cut off at the right": cut_off((60, 0)),
    "cut off below": cut_off((0, 40)),
    "two sides in view": filled(np.array([(-60, 30), (130, 18), (140, 180), (-50, 190)], np.float32)),
    "another sheet beside": filled(np.array([(2, 90), (24, 90), (24, 116), (2, 116)]), into=filled(camera(0.7, roll=12, fill=0.7))),
    "a bridge": cv2.line(filled(camera(0.7, roll=12, fill=0.7)), (80, 60), (158, 20), 1, 5),
    "all paper": np.ones(SHAPE, np.float32),
    "a disc": cv2.circle(np.zeros(SHAPE, np.float32), (80, 60), 45, 1, -1),
    "a crumb": filled(np.array([(60, 50), (75, 50), (75, 62), (60, 62)], np.float32)),
}
NONE = {"all paper", "a disc", "a crumb"}


@pytest.mark.parametrize("shaken", [False, True])
@pytest.mark.parametrize("name", PAPERS)
def test_the_outline_is_the_same(modules, name, shaken):
    paper = noisy(PAPERS[name], 3) if shaken else PAPERS[name].astype(np.float32)
    found, wanted = modules("layout/sheet.js", "outline", paper), outline(paper)
    if name in NONE:
        assert found is None
        assert wanted is None
    else:
        np.testing.assert_allclose(found, wanted, atol=0.02)


@pytest.mark.parametrize("seed", range(6))
def test_the_true_size_is_the_same(modules, seed):
    random = np.random.default_rng(seed)
    quad = camera(0.7, *random.uniform(-30, 30, 3), fill=0.6, shape=(1500, 2000))
    assert tuple(modules("layout/perspective.js", "sizeOf", quad.tolist(), [1500, 2000])) == size_of(quad, (1500, 2000))
    order = np.roll(quad, seed, axis=0)[:: 1 if seed % 2 else -1]
    np.testing.assert_array_equal(modules("layout/perspective.js", "upright", order.tolist()), upright(order))


def test_the_sheet_is_laid_flat_alike(modules):
    quad = camera(0.7, roll=-20, pitch=20, fill=0.7, shape=(240, 320), shift=(70, 0))
    photo = np.random.default_rng(0).integers(150, 255, (240, 320, 3)).astype(np.uint8)
    photo = cv2.GaussianBlur(photo, (0, 0), 2)
    channels, homography = modules("layout/perspective.js", "flatten", list(cv2.split(photo)), quad.tolist())
    flat, wanted = flatten(photo, quad)
    np.testing.assert_allclose(homography, wanted, rtol=1e-6, atol=1e-9)
    assert np.abs(np.dstack(channels).astype(int) - flat).max() <= 1
