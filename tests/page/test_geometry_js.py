"""`geometry.js` does with points, lines and matrices what OpenCV does."""

import cv2
import numpy as np
import pytest


def contour(seed):
    """The outermost contour of a random shape: int32 (n, 1, 2)."""
    random = np.random.default_rng(seed)
    mask = np.zeros((60, 80), np.uint8)
    cv2.fillPoly(mask, [random.integers(3, 57, (6, 2)).astype(np.int32)], 1)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return max(contours, key=len)


@pytest.mark.parametrize("seed", range(12))
def test_hulls_and_what_they_are_nearly(modules, seed):
    points = contour(seed)
    hull = cv2.convexHull(points)[:, 0]
    found = modules("geometry.js", "convexHull", np.unique(points[:, 0], axis=0).tolist())
    assert found == hull.tolist()
    for epsilon in (0.5, 2.0):
        wanted = cv2.approxPolyDP(hull.astype(np.float32)[:, None], epsilon, True)[:, 0]
        assert modules("geometry.js", "approxPolyDP", found, epsilon) == wanted.tolist()


@pytest.mark.parametrize("seed", range(8))
def test_the_line_through_points_some_of_which_are_far_off(modules, seed):
    random = np.random.default_rng(seed)
    along, turn = random.uniform(-40, 40, 50), random.uniform(0, np.pi)
    off = random.normal(0, 0.3, 50) + np.where(random.random(50) < 0.2, 9, 0)
    points = np.stack([30 + along * np.cos(turn) - off * np.sin(turn), 20 + along * np.sin(turn) + off * np.cos(turn)], 1)
    points = points.astype(np.float32)
    (direction, place) = modules("geometry.js", "fitLine", points.tolist())
    wanted = cv2.fitLine(points, cv2.DIST_WELSCH, 0, 0.01, 0.01).ravel()
    np.testing.assert_allclose([*direction, *place], wanted, atol=2e-3)


def test_four_points_to_four_others(modules):
    quad = np.array([(20.5, 31), (300, 12), (330.25, 250), (4, 222)], np.float32)
    flat = np.array([(-0.5, -0.5), (199.5, -0.5), (199.5, 149.5), (-0.5, 149.5)], np.float32)
    wanted = cv2.getPerspectiveTransform(quad, flat)
    np.testing.assert_allclose(modules("geometry.js", "getPerspectiveTransform", quad.tolist(), flat.tolist()), wanted, rtol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_the_smallest_turned_box(modules, seed):
    random = np.random.default_rng(seed)
    turn = random.uniform(-np.pi, np.pi)
    long, short = random.uniform(-40, 40, 60), random.uniform(-6, 6, 60)
    points = (
        np.stack([long * np.cos(turn) - short * np.sin(turn), long * np.sin(turn) + short * np.cos(turn)], 1).round().astype(np.float32)
    )
    _, (first, second), angle = cv2.minAreaRect(points)
    found = modules("geometry.js", "minAreaRect", points.tolist())
    assert found["sides"] == pytest.approx(sorted((first, second), reverse=True), abs=1e-3)
    assert (found["degrees"] - (angle if first >= second else angle + 90) + 90) % 180 == pytest.approx(90, abs=0.01)
    assert -90 < found["degrees"] <= 90
