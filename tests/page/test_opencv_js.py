"""`opencv.js` does what OpenCV does, array for array."""

import cv2
import numpy as np
import pytest


def grain(shape, seed=0):
    """Noise over a gradient, with strokes: uint8."""
    random = np.random.default_rng(seed)
    paper = np.add.outer(np.linspace(200, 240, shape[0]), np.linspace(-30, 10, shape[1]))
    image = np.clip(paper + random.normal(0, 4, shape), 0, 255).astype(np.uint8)
    for _ in range(6):
        points = random.integers(0, shape[::-1], (5, 2)).astype(np.int32)
        cv2.polylines(image, [points], False, int(random.integers(10, 90)), int(random.integers(1, 5)))
    return image


def strokes(shape, seed=0):
    return (grain(shape, seed) < 120).astype(np.uint8)


SHAPES = [
    pytest.param((37, 61), id="odd"),
    pytest.param((160, 120), id="even"),
    pytest.param((9, 8), id="tiny"),
    pytest.param((1, 40), id="a row"),
]


@pytest.mark.parametrize("name", ["resizeArea", "resizeLinear"])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
@pytest.mark.parametrize("size", [(60, 32), (33, 21), (200, 100), (50, 25), (400, 300), (100, 50), (7, 32)])
def test_resizing(modules, name, kind, size):
    image = grain((100, 200)) if kind == np.uint8 else grain((100, 200)).astype(np.float32) / np.float32(255)
    if name == "resizeArea" and (size[0] > 200 or size[1] > 100):
        pytest.skip("what is enlarged is resized by lines")
    flag = cv2.INTER_AREA if name == "resizeArea" else cv2.INTER_LINEAR
    found, wanted = modules("opencv.js", name, image, *size), cv2.resize(image, size, interpolation=flag)
    if kind == np.uint8:
        assert (found == wanted).all(), np.abs(found.astype(int) - wanted).max()
    else:
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_grey(modules):
    image = np.random.default_rng(0).integers(0, 256, (64, 48, 3), np.uint8)
    assert (modules("opencv.js", "grey", list(cv2.split(image))) == cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_median(modules, shape):
    assert (modules("opencv.js", "medianBlur", grain(shape)) == cv2.medianBlur(grain(shape), 3)).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("window", [(3, 3), (1, 12), (7, 1), (4, 4), (41, 41)])
@pytest.mark.parametrize("kind", [np.uint8, np.int16])
def test_morphology(modules, shape, window, kind):
    image, kernel = grain(shape).astype(kind), np.ones(window, np.uint8)
    for name, wanted in {
        "dilate": cv2.dilate(image, kernel),
        "erode": cv2.erode(image, kernel),
        "close": cv2.morphologyEx(image, cv2.MORPH_CLOSE, kernel),
        "open": cv2.morphologyEx(image, cv2.MORPH_OPEN, kernel),
    }.items():
        assert (modules("opencv.js", name, image, window[1], window[0]) == wanted).all(), name


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
@pytest.mark.parametrize("side", [3, 9, 41])
def test_blur(modules, shape, kind, side):
    image = grain(shape).astype(kind)
    found, wanted = modules("opencv.js", "blur", image, side), cv2.blur(image, (side, side))
    if kind == np.float32:
        np.testing.assert_allclose(found, wanted, rtol=1e-5)
    else:
        assert (found == wanted).all()


@pytest.mark.parametrize("shape", [*SHAPES, pytest.param((300, 400), id="large")])
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("connectivity", [4, 8])
def test_components_have_opencvs_order(modules, shape, seed, connectivity):
    mask = strokes(shape, seed) | (np.random.default_rng(seed).random(shape) < 0.05)
    mask = mask.astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=connectivity)
    found = modules("opencv.js", "connectedComponents", mask, connectivity == 8)
    assert (found["labels"] == labels).all()
    assert [[one[key] for key in ("x", "y", "width", "height", "area")] for one in found["stats"][1:]] == stats[1:].tolist()
    assert len(found["stats"]) == count


@pytest.mark.parametrize(("lengths", "kind"), [("DIST_L2", cv2.DIST_L2), ("DIST_C", cv2.DIST_C)])
def test_distances(modules, lengths, kind):
    mask = cv2.dilate(strokes((80, 90)), np.ones((5, 5), np.uint8))
    steps = modules("opencv.js", lengths)
    np.testing.assert_allclose(modules("opencv.js", "distanceTransform", mask, steps), cv2.distanceTransform(mask, kind, 3), atol=1e-4)


@pytest.mark.parametrize(
    "points",
    [
        [(5, 5), (60, 12), (58, 30), (2, 20)],
        [(-9, 3), (80, -4), (80, 9), (-9, 12)],
        [(3, 3), (3, 3), (3, 9), (3, 9)],
        [(5.25, 4.5), (60.75, 11.0625), (57.5, 30.25), (2.375, 20.8125)],
    ],
)
def test_polygons(modules, points):
    wanted = np.zeros((40, 70), np.uint8)
    cv2.fillPoly(wanted, [np.array(np.multiply(points, 16), np.int32)], 1, shift=4)
    found = modules("opencv.js", "fillPolygon", np.zeros((40, 70), np.uint8), points)
    assert (found != wanted).mean() < 0.015, "the outline may be one pixel off"


@pytest.mark.parametrize("slope", [0.05, -0.2])
def test_turning(modules, slope):
    image, angle = grain((90, 140)), np.arctan(slope)
    way = np.array([[np.cos(angle), -np.sin(angle), 12.3], [np.sin(angle), np.cos(angle), 20.7]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    wanted = cv2.warpAffine(image, way, (120, 50), flags=flags, borderMode=cv2.BORDER_REPLICATE).astype(int)
    found = modules("opencv.js", "warpAffine", image, way.tolist(), 120, 50).astype(int)
    assert np.abs(found - wanted).max() <= 1


@pytest.mark.parametrize("border", [None, 90])
def test_perspective(modules, border):
    image = grain((90, 140))
    homography = np.array([[0.9, 0.2, 12.3], [-0.15, 0.95, 20.7], [2e-4, 1e-4, 1.0]])
    beyond = {"borderMode": cv2.BORDER_REPLICATE} if border is None else {"borderMode": cv2.BORDER_CONSTANT, "borderValue": border}
    wanted = cv2.warpPerspective(image, homography, (120, 80), flags=cv2.INTER_LINEAR, **beyond).astype(int)
    assert np.abs(modules("opencv.js", "warpPerspective", image, homography.tolist(), 120, 80, border) - wanted).max() <= 1


@pytest.mark.parametrize("width", [3, 5, 7, 15, 23])
def test_discs(modules, width):
    mask, disc = strokes((50, 60)), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    mask[20:45, 5:50] = 1
    assert (modules("opencv.js", "dilateDisc", mask, width) == cv2.dilate(mask, disc)).all()
    assert (modules("opencv.js", "erodeDisc", mask, width) == cv2.erode(mask, disc)).all()


@pytest.mark.parametrize("seed", range(4))
def test_what_is_outside_and_the_contour(modules, seed):
    mask = cv2.dilate(strokes((60, 80), seed), np.ones((2, 2), np.uint8))
    mask[0, 5:30] = 1
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros_like(mask), contours, -1, 1, cv2.FILLED)
    assert filled.sum() > mask.sum(), "there are holes"
    assert (modules("opencv.js", "outside", mask) == 1 - filled).all()
    largest = max(contours, key=len)
    own = cv2.drawContours(np.zeros_like(mask), [largest], -1, 1, cv2.FILLED)
    wanted = sorted({(int(y), int(x)) for x, y in largest[:, 0]})
    assert [(y, x) for x, y in modules("opencv.js", "contour", own)] == wanted


@pytest.mark.parametrize("quarters", range(4))
def test_quarters(modules, quarters):
    assert (modules("opencv.js", "turnedBy", grain((9, 14)), quarters) == np.rot90(grain((9, 14)), quarters)).all()
