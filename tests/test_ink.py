"""Ink: the same strokes are found whatever the paper, the light, the pen and the polarity."""

import cv2
import numpy as np
import pytest

from inkdigits.layout.ink import find_ink, ink_is_light, without_print


def seven(size: int = 96, pen: int = 6) -> np.ndarray:
    """A drawn 7: bool (size, size)."""
    sheet = np.zeros((size, size), np.uint8)
    corners = np.array([[0.28, 0.22], [0.70, 0.22], [0.42, 0.80]]) * size
    cv2.polylines(sheet, [corners.astype(np.int32)], False, 1, pen)
    return sheet.astype(bool)


def agreement(found: np.ndarray, drawn: np.ndarray) -> float:
    """Intersection over union."""
    return (found & drawn).sum() / (found | drawn).sum()


def paper(level: float, dark: float, pen: np.ndarray, light: np.ndarray | float = 1.0, noise: float = 0.0) -> np.ndarray:
    """uint8 (h, w): paper of a level in [0, 1] with `dark` of its light taken away where the pen went."""
    image = level * light * (1 - dark * pen) + np.random.default_rng(0).normal(0, noise, pen.shape)
    return np.clip(image * 255, 0, 255).astype(np.uint8)


GRADIENT = np.linspace(0.35, 1.0, 96)[None, :]
SHADOW = np.where(np.arange(96)[:, None] + np.arange(96)[None, :] < 90, 0.5, 1.0)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(paper(1.0, 1.0, seven()), id="black on white"),
        pytest.param(255 - paper(1.0, 1.0, seven()), id="white on black"),
        pytest.param(paper(0.8, 0.15, seven(), noise=0.01), id="faint pencil"),
        pytest.param(paper(0.9, 0.6, seven(), GRADIENT, 0.01), id="light falls off to one side"),
        pytest.param(paper(0.9, 0.8, seven(), cv2.GaussianBlur(SHADOW, (0, 0), 3), 0.01), id="shadow across"),
        pytest.param(np.dstack([paper(0.9, 0.0, seven()), paper(0.9, 0.7, seven()), paper(0.9, 0.7, seven())]), id="red pen"),
        pytest.param(np.dstack([paper(0.9, 0.8, seven()), paper(0.9, 0.7, seven()), paper(0.9, 0.1, seven())]), id="blue pen"),
    ],
)
def test_strokes_are_found(image):
    ink = find_ink(image, side=160)
    assert agreement(ink.mask, seven()) > 0.75
    assert ink.scale == 1
    assert ink.strength.dtype == np.uint8
    assert ink.strength.shape == ink.mask.shape


@pytest.mark.parametrize("pen", [2, 4, 8, 16, 22])
def test_thin_pens_and_felt_tips_are_found_whole(pen):
    drawn = seven(128, pen)
    assert agreement(find_ink(paper(0.9, 0.9, drawn, noise=0.005), side=160).mask, drawn) > 0.75


@pytest.mark.parametrize(("width", "taken", "blur"), [(6, 0.3, 1.2), (8, 0.35, 1.5), (9, 0.4, 2)])
def test_a_broad_blurred_stroke_is_not_hollow(width, taken, blur):
    drawn = np.zeros((28, 28), np.float32)
    drawn[4:24, 11 : 11 + width] = 1
    page = np.round(235 * (1 - taken * cv2.GaussianBlur(drawn, (0, 0), blur))).astype(np.uint8)
    across = find_ink(page, side=160).strength[14]
    middle = float(across[11 + width // 2])
    assert middle > 0.45 * 255 * taken, "its ink is not taken for paper"
    assert middle >= 0.95 * across.max()


@pytest.mark.parametrize("pen", [3, 6, 12])
def test_stroke_width_is_in_pixels(pen):
    ink = find_ink(paper(0.9, 0.9, seven(128, pen)), side=160)
    assert ink.stroke == pytest.approx(pen, abs=2)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(np.full((80, 80), 255, np.uint8), id="white"),
        pytest.param(np.zeros((80, 80), np.uint8), id="black"),
        pytest.param(paper(0.7, 0.0, seven(80), np.linspace(0.5, 1, 80)[None, :]), id="a gradient"),
        pytest.param(paper(0.7, 0.0, seven(80), noise=0.01), id="paper grain"),
    ],
)
def test_blank_paper_has_no_writing(image):
    assert find_ink(image, side=160).mask.mean() < 0.005


def test_large_images_are_worked_on_small_and_the_scale_says_how():
    ink = find_ink(np.kron(paper(1.0, 1.0, seven()), np.ones((8, 8), np.uint8)), side=160)
    assert ink.mask.shape == (160, 160)
    assert ink.scale == pytest.approx(8 * 96 / 160)


def test_dark_corners_do_not_turn_the_polarity():
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    vignette = np.clip(1.1 - 0.5 * (x**2 + y**2), 0.1, 1)
    image = paper(0.9, 0.6, seven(), vignette)
    assert not ink_is_light(image)
    assert ink_is_light(255 - image)


@pytest.mark.parametrize(("pen", "smaller"), [pytest.param(40, True, id="felt-tip"), pytest.param(3, False, id="fine pen")])
def test_thick_strokes_are_looked_at_in_less_detail(pen, smaller):
    sheet = np.zeros((1000, 1000), np.uint8)
    cv2.polylines(sheet, [np.array([(300, 200), (700, 200), (450, 800)])], False, 1, pen)
    ink = find_ink(np.where(sheet > 0, 60, 220).astype(np.uint8), side=1200)
    assert (ink.scale > 2) == smaller
    assert ink.stroke * ink.scale == pytest.approx(pen, rel=0.35, abs=2)


def test_the_fine_lines_of_a_security_pattern_are_no_writing():
    y, x = np.mgrid[:60, :200]
    lines = 0.3 * ((y + x // 4) % 6 == 0)  # a line of one pixel in every sixth
    sheet = np.zeros((60, 200), np.uint8)
    cv2.putText(sheet, "1234", (20, 50), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 1, 5)
    image = np.round(255 * 0.9 * (1 - np.maximum(lines, 0.7 * sheet))).astype(np.uint8)
    ink = find_ink(image, side=1200)
    clean = without_print(ink)
    paper_lines = (lines > 0) & ~cv2.dilate(sheet, np.ones((5, 5), np.uint8)).astype(bool)
    assert ink.mask[paper_lines].mean() > 0.5, "or there would be nothing to take out"
    assert clean.mask[paper_lines].mean() < 0.02
    assert clean.mask[sheet > 0].mean() > 0.95
    assert clean.stroke > 3 > ink.stroke


def test_a_page_without_a_pattern_stays_as_it_is():
    ink = find_ink(paper(0.9, 0.8, seven(128, 5)), side=160)
    assert without_print(ink) is ink


def test_a_large_blank_page_has_no_writing():
    assert not find_ink(np.full((1500, 1000), 255, np.uint8), side=1200).mask.any()


@pytest.mark.parametrize("tint", [(1.0, 0.92, 0.75), (0.8, 0.95, 1.0)], ids=["lamplight", "shade"])
def test_the_colour_of_the_light_is_no_colour_of_the_ink(tint):
    """Black on paper in coloured light is as in white light; a pen of a colour still shows in that light."""
    grey = paper(0.9, 0.7, seven())
    lit = np.round(np.dstack([grey * share for share in tint])).astype(np.uint8)
    assert agreement(find_ink(lit, side=160).mask, find_ink(grey, side=160).mask) > 0.9
    pale = np.dstack([paper(0.9 * share, 0.0 if channel else 0.6, seven()) for channel, share in enumerate(tint)])
    assert agreement(find_ink(pale, side=160).mask, seven()) > 0.75
