"""The sheet in a photograph: its outline on composed maps of paper, and the sheet flat."""

import cv2
import numpy as np
import pytest

from composed_sheets import SHAPE, TRUE, camera, filled, noisy
from inkdigits.layout.perspective import flatten, scaled, size_of, unflatten, upright
from inkdigits.layout.sheet import outline


def off(found, true):
    """The greatest distance of a corner from where it is, in pixels of the map; the order counts."""
    return float(np.abs(found - true).max())


def overlap(a, b, shape=SHAPE):
    both = [filled(quad, shape) > 0.5 for quad in (a, b)]
    return (both[0] & both[1]).sum() / (both[0] | both[1]).sum()


def test_a_clean_sheet_is_found_to_the_pixel():
    true = camera(TRUE["landscape"], roll=8, pitch=15)
    found = outline(filled(true))
    assert found.dtype == np.float32
    assert off(found, true) < 1


@pytest.mark.parametrize("roll", [-40, -30, -15, -3, 0, 3, 15, 30, 40])
@pytest.mark.parametrize("kind", TRUE)
def test_tilt_with_noise_and_holes(kind, roll):
    true = camera(TRUE[kind], roll=roll, pitch=12, yaw=-8)
    assert off(outline(noisy(filled(true), seed=roll + 50)), true) < 3


@pytest.mark.parametrize(("pitch", "yaw"), [(30, 0), (-30, 0), (0, 30), (0, -30), (25, 25)])
def test_perspective(pitch, yaw):
    true = camera(TRUE["portrait"], roll=5, pitch=pitch, yaw=yaw, fill=0.8)
    assert off(outline(noisy(filled(true), 3)), true) < 3


@pytest.mark.parametrize("corner", range(4))
def test_a_hand_over_a_corner(corner):
    true = camera(TRUE["portrait"], roll=10, pitch=10, fill=0.85)
    paper = filled(true)
    cv2.circle(paper, tuple(np.round(true[corner]).astype(int).tolist()), 16, 0, -1)
    assert overlap(outline(noisy(paper, corner)), true) > 0.93


def test_fingers_between_the_edge_and_the_middle():
    true = camera(TRUE["landscape"], roll=-6, fill=0.7)
    paper = filled(true)
    for k in range(3):
        cv2.line(paper, (5, 50 + 9 * k), (45, 52 + 9 * k), 0, 5)
    assert overlap(outline(noisy(paper)), true) > 0.95


def test_a_curl_makes_no_corner_sharp_and_no_outline_crooked():
    true = camera(TRUE["landscape"], roll=4, fill=0.8)
    paper = filled(true)
    left, right = true[3], true[2]
    for share in np.linspace(0, 1, 60):  # the lower edge bends down in the middle
        ends = np.round([left + share * (right - left), left + share * (right - left) + [0, 4 * np.sin(np.pi * share)]]).astype(int)
        cv2.line(paper, *map(tuple, ends.tolist()), 1, 3)
    paper[int(true[0][1]) - 2 : int(true[0][1]) + 8, int(true[0][0]) - 2 : int(true[0][0]) + 8] *= 0.2  # one corner is rounded off
    assert overlap(outline(noisy(paper)), true) > 0.93


def test_the_largest_sheet_is_the_one():
    true = camera(TRUE["portrait"], roll=12, fill=0.7)
    other = np.array([(2, 90), (24, 90), (24, 116), (2, 116)], np.float32)
    assert off(outline(noisy(filled(other, into=filled(true)))), true) < 3


@pytest.mark.parametrize("roll", [-12, 0, 12])
@pytest.mark.parametrize("shift", [(0, 40), (0, -40), (60, 0), (-60, 0)])
def test_a_sheet_cut_off_by_a_side_of_the_photo_is_not_sheared(roll, shift):
    true = camera(TRUE["landscape"], roll=roll, fill=0.6, shift=shift)
    paper = noisy(filled(true), 7)
    found = outline(paper)
    seen = filled(true) > 0.9
    assert (seen & (filled(found) > 0.5)).sum() > 0.95 * seen.sum(), "all that is in view is kept"
    sides = np.roll(found, -1, axis=0) - found
    angles = np.rad2deg(np.arctan2(sides[:, 1], sides[:, 0]))
    assert np.abs((angles - roll - [0, 90, 180, 270] + 180) % 360 - 180).max() < 5


def test_paper_with_a_view_of_the_desk_at_two_sides_only():
    true = np.array([(-60, 30), (130, 18), (140, 180), (-50, 190)], np.float32)
    found = outline(noisy(filled(true), 5))
    assert abs(np.rad2deg(np.arctan2(*(found[1] - found[0])[::-1])) - np.rad2deg(np.arctan2(-12, 190))) < 3


NOTHING = {
    "all paper": np.ones(SHAPE, np.float32),
    "all desk": np.zeros(SHAPE, np.float32),
    "paper with holes": 1 - filled(np.array([(40, 30), (60, 30), (60, 50), (40, 50)], np.float32)),
    "dark corners": 1 - np.hypot(*(np.mgrid[:120, :160] - np.array([60, 80])[:, None, None]) / [[[75]], [[105]]]).astype(np.float32) ** 6,
    "a scan's black edge": np.pad(np.ones((120, 152), np.float32), ((0, 0), (8, 0))),
    "a crumb": filled(np.array([(60, 50), (75, 50), (75, 62), (60, 62)], np.float32)),
    "a disc": cv2.circle(np.zeros(SHAPE, np.float32), (80, 60), 45, 1, -1),
    "a triangle": filled(np.array([(20, 110), (140, 110), (80, 10)], np.float32)),
    "an L": np.kron(np.array([[0, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 1, 1, 1]], np.float32), np.ones((30, 40), np.float32)),
    "unsure": np.full(SHAPE, 0.45, np.float32),
}


@pytest.mark.parametrize("name", NOTHING)
@pytest.mark.parametrize("shaken", [False, True])
def test_where_there_is_no_sheet_there_is_no_outline(name, shaken):
    paper = np.clip(NOTHING[name], 0, 1)
    assert outline(noisy(paper) if shaken else paper) is None


def test_noise_alone_has_no_outline():
    for seed in range(20):
        rough = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, SHAPE).astype(np.float32), (0, 0), 6)
        assert outline(np.clip(0.5 + rough * 3, 0, 1).astype(np.float32)) is None


def test_what_is_smaller_than_the_smallest_sheet_is_none():
    assert outline(filled(camera(1.0, fill=0.3))) is not None
    assert outline(filled(camera(1.0, fill=0.2))) is None


def test_corners_begin_at_the_top_left_however_they_came():
    quad = np.array([(10, 12), (90, 8), (95, 60), (8, 55)], np.float32)
    for turned in range(4):
        np.testing.assert_array_equal(upright(np.roll(quad, turned, axis=0)), quad)
        np.testing.assert_array_equal(upright(np.roll(quad, turned, axis=0)[::-1]), quad)


# Flat


def drawn(width, height):
    """A sheet with marks at known places: uint8 (height, width), and the places of the marks."""
    page = np.full((height, width), 235, np.uint8)
    places = np.array([(x, y) for x in np.linspace(0.1, 0.9, 5) * width for y in np.linspace(0.1, 0.9, 5) * height])
    for x, y in places:
        cv2.circle(page, (round(x * 16), round(y * 16)), 4 * 16, 30, -1, cv2.LINE_AA, 4)
    return page, places


def photograph(page, quad, shape, desk=60):
    corners = np.array([(-0.5, -0.5), (page.shape[1] - 0.5, -0.5), (page.shape[1] - 0.5, page.shape[0] - 0.5), (-0.5, page.shape[0] - 0.5)])
    homography = cv2.getPerspectiveTransform(corners.astype(np.float32), quad)
    big = cv2.warpPerspective(page, homography, shape[::-1], flags=cv2.INTER_AREA, borderValue=desk)
    return big, homography


def test_what_was_flat_is_flat_again():
    page, places = drawn(420, 594)
    quad = camera(420 / 594, roll=10, pitch=20, yaw=10, fill=0.8, shape=(900, 1200))
    photo, _ = photograph(page, quad, (900, 1200))
    flat, homography = flatten(photo, quad)
    assert flat.dtype == np.uint8
    assert abs(flat.shape[1] / flat.shape[0] / (420 / 594) - 1) < 0.05
    scale = np.array(flat.shape[::-1]) / [420, 594]
    for x, y in places * scale:
        assert flat[round(y), round(x)] < 110, "a mark is where it was drawn"
    assert np.median(flat) > 225
    assert flat.min(axis=0).max() > 150, "no desk is left"
    assert homography.shape == (3, 3)


def test_boxes_on_the_sheet_are_where_they_are_in_the_photograph():
    quad = camera(0.7, roll=-20, pitch=20, fill=0.7, shape=(600, 800))
    flat, homography = flatten(np.full((600, 800, 3), 200, np.uint8), quad)
    height, width = flat.shape[:2]
    whole = np.array([[(-0.5, -0.5), (width - 0.5, -0.5), (width - 0.5, height - 0.5), (-0.5, height - 0.5)]], np.float32)
    np.testing.assert_allclose(unflatten(whole, homography)[0], quad, atol=0.01)
    assert unflatten(np.zeros((0, 4, 2), np.float32), homography).shape == (0, 4, 2)


def test_what_the_photograph_does_not_show_is_plain():
    page = np.full((300, 300), 220, np.uint8)
    cv2.line(page, (0, 250), (300, 250), 0, 9)
    quad = np.array([(20, 60), (280, 60), (280, 400), (20, 400)], np.float32)
    flat, _ = flatten(page, quad)
    assert set(np.unique(flat[-90:])) == {220}, "the stroke at the edge is not drawn on"


def test_a_flat_sheet_keeps_its_pixels():
    rng = np.random.default_rng(0)
    page = rng.integers(0, 255, (80, 120, 3)).astype(np.uint8)
    quad = np.array([(9.5, 19.5), (99.5, 19.5), (99.5, 69.5), (9.5, 69.5)], np.float32)
    flat, _ = flatten(page, quad)
    np.testing.assert_array_equal(flat, page[20:70, 10:100])


def test_a_map_and_its_photograph_agree_about_places():
    np.testing.assert_allclose(scaled(np.array([(-0.5, 0), (9.5, 3)], np.float32), 4), [(-0.5, 1.5), (39.5, 13.5)])


@pytest.mark.parametrize("kind", TRUE)
@pytest.mark.parametrize("focus", [0.6, 0.75, 1.0])
@pytest.mark.parametrize(("pitch", "yaw", "roll"), [(0, 0, 0), (30, 0, 0), (0, 30, 0), (25, 20, 0), (30, 10, 25), (0, 0, 40)])
def test_the_true_ratio_comes_back(kind, focus, pitch, yaw, roll):
    shape = (1500, 2000)
    quad = camera(TRUE[kind], roll, pitch, yaw, fill=0.6, focus=focus, shape=shape)
    width, height = size_of(quad, shape)
    assert abs(width / height / TRUE[kind] - 1) < 0.08
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    assert width * height <= 1.01 * max(sides[::2]) * max(sides[1::2])


def test_with_jitter_the_ratio_is_never_far_off():
    rng = np.random.default_rng(4)
    worst = []
    for _ in range(200):
        ratio = float(rng.choice(list(TRUE.values())))
        quad = camera(ratio, *rng.uniform(-30, 30, 3), fill=0.6, shape=(1500, 2000)) + rng.normal(0, 6, (4, 2)).astype(np.float32)
        width, height = size_of(quad, (1500, 2000))
        worst.append(abs(np.log(width / height / ratio)))
    assert np.median(worst) < 0.04
    assert np.quantile(worst, 0.95) < 0.25
