"""Fifteen kinds of damage to images of digits, to measure robustness with; nothing that ships is trained on them.

The kinds are those that Mu and Gilmer name (MNIST-C: A Robustness Benchmark for Computer Vision, 2019, section 3); the code and its
strengths are this project's own, so figures on these images are not figures on MNIST-C.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Double, Float

Rng = np.random.Generator


def corrupted(images: Bytes, kind: str, seed: int = 0) -> Bytes:
    """Damage every image in one way: uint8 (N, H, W), white on black -> the same shape. Each image by itself: the result for one depends
    on the kind, the seed and its index alone. Raises KeyError for a kind that is not in KINDS."""
    damage, number = KINDS[kind], list(KINDS).index(kind)
    out = np.empty_like(images)
    for i, image in enumerate(images):
        changed = damage(image.astype(np.float32) / np.float32(255), np.random.default_rng((seed, number, i)))
        out[i] = np.round(np.clip(changed, 0, 1) * 255)
    return out


def shot_noise(image: Float, rng: Rng) -> Float:
    """As few photons make it: Poisson counts of up to about three a pixel."""
    return (rng.poisson(image * 3) / 3).astype(np.float32)


def impulse_noise(image: Float, rng: Rng) -> Float:
    """Every eighth pixel black or white."""
    drawn = rng.random(image.shape)
    return np.where(drawn < 0.0625, 0, np.where(drawn > 0.9375, 1, image)).astype(np.float32)


def glass_blur(image: Float, rng: Rng) -> Float:
    """Each pixel taken from a place up to a pixel and a half away, between two slight blurs."""
    grid = np.indices(image.shape, np.float32)[::-1]  # x, y
    xs, ys = grid + rng.uniform(-1.5, 1.5, grid.shape).astype(np.float32)
    out = cv2.remap(cv2.GaussianBlur(image, (0, 0), 0.6), xs, ys, cv2.INTER_LINEAR)
    return np.asarray(cv2.GaussianBlur(out, (0, 0), 0.6), np.float32)


def motion_blur(image: Float, rng: Rng) -> Float:
    """Smeared over seven pixels in some direction."""
    angle = rng.uniform(0, np.pi)
    kernel = np.zeros((7, 7), np.float32)
    dx, dy = 3 * np.cos(angle), 3 * np.sin(angle)
    cv2.line(kernel, (round(3 - dx), round(3 - dy)), (round(3 + dx), round(3 + dy)), 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.float32)


def shear(image: Float, rng: Rng) -> Float:
    """Slanted by half a pixel to the pixel, to either side."""
    return _warped(image, np.array([[1, 0.5 * _side(rng)], [0, 1]]))


def scale(image: Float, rng: Rng) -> Float:
    """Shrunk to six tenths, or to less in one direction."""
    return _warped(image, np.diag(rng.uniform(0.5, 0.7, 2)))


def rotate(image: Float, rng: Rng) -> Float:
    """Turned by 20 to 40 degrees to either side."""
    angle = np.deg2rad(rng.uniform(20, 40) * _side(rng))
    return _warped(image, np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]))


def brightness(image: Float, rng: Rng) -> Float:
    """The black made grey: half of the light is everywhere."""
    return np.asarray(image * 0.5 + rng.uniform(0.4, 0.5), np.float32)


def translate(image: Float, rng: Rng) -> Float:
    """Moved by up to six pixels in both directions."""
    dy, dx = rng.integers(3, 7, 2) * [_side(rng), _side(rng)]
    return _warped(image, np.eye(2), (float(dx), float(dy)))


def stripe(image: Float, rng: Rng) -> Float:
    """A band of columns turned to its negative."""
    out, wide = image.copy(), image.shape[1] // 4
    first = int(rng.integers(wide, image.shape[1] - 2 * wide + 1))
    out[:, first : first + wide] = 1 - out[:, first : first + wide]
    return out


def fog(image: Float, rng: Rng) -> Float:
    """Clouds of several sizes over everything."""
    clouds = np.zeros(image.shape, np.float32)
    for cells in (2, 4, 8, 16):
        patch = rng.random((cells, cells)).astype(np.float32)
        clouds += cv2.resize(patch, image.shape[::-1], interpolation=cv2.INTER_CUBIC) / cells
    clouds = (clouds - clouds.min()) / max(float(np.ptp(clouds)), 1e-6)
    return np.asarray((image + 0.8 * clouds) / 1.8 * 1.4, np.float32)


def spatter(image: Float, rng: Rng) -> Float:
    """Drops on the lens."""
    drops = cv2.GaussianBlur(rng.normal(0, 1, image.shape).astype(np.float32), (0, 0), 1.5)
    return np.asarray(np.maximum(image, np.clip((drops - np.quantile(drops, 0.88)) * 12, 0, 0.9)), np.float32)


def dotted_line(image: Float, rng: Rng) -> Float:
    """A row of dots across."""
    out = image.copy()
    ends = _across(image, rng)
    for t in np.linspace(0, 1, 7):
        x, y = ends[0] + t * (ends[1] - ends[0])
        cv2.circle(out, (round(float(x)), round(float(y))), 1, 1.0, -1)
    return out


def zigzag(image: Float, rng: Rng) -> Float:
    """A line in zigzag across."""
    out = image.copy()
    ends = _across(image, rng)
    along = ends[1] - ends[0]
    away = np.array([-along[1], along[0]]) / np.hypot(*along) * 3
    points = [ends[0] + t * along + (away if k % 2 else -away) for k, t in enumerate(np.linspace(0, 1, 9))]
    cv2.polylines(out, [np.round(np.array(points)).astype(np.int32)], False, 1.0)
    return out


def canny_edges(image: Float, rng: Rng) -> Float:
    """Nothing but the outlines (Canny 1986)."""
    edges = cv2.Canny(np.round(image * 255).astype(np.uint8), 100, 200)
    return np.asarray(edges / 255, np.float32)


KINDS: dict[str, Callable[[Float, Rng], Float]] = {
    damage.__name__: damage
    for damage in (
        shot_noise,
        impulse_noise,
        glass_blur,
        motion_blur,
        shear,
        scale,
        rotate,
        brightness,
        translate,
        stripe,
        fog,
        spatter,
        dotted_line,
        zigzag,
        canny_edges,
    )
}


def _side(rng: Rng) -> int:
    return 1 if rng.random() < 0.5 else -1


def _warped(image: Float, matrix: Double, shift: tuple[float, float] = (0.0, 0.0)) -> Float:
    """Move the image about its middle."""
    middle = (np.array(image.shape[::-1]) - 1) / 2
    columns = np.column_stack([matrix, middle - matrix @ middle + shift])
    return np.asarray(cv2.warpAffine(image, columns, image.shape[::-1], flags=cv2.INTER_LINEAR), np.float32)


def _across(image: Float, rng: Rng) -> Double:
    """Two points (x, y) on opposite sides of the image, near the middle of them."""
    height, width = image.shape
    ends = np.array([(0, rng.uniform(0.25, 0.75) * height), (width - 1, rng.uniform(0.25, 0.75) * height)])
    return ends if rng.random() < 0.5 else ends[:, ::-1] * [width / height, height / width]
