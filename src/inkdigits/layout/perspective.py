"""The outline of a sheet -> the sheet flat, its perspective undone, and boxes on it back in the photograph.

Points are (x, y) in pixels, the middle of the first pixel at (0, 0), as OpenCV counts them. A quad is float32 (4, 2): the corners top-left,
top-right, bottom-right, bottom-left.
"""

from __future__ import annotations

from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Bytes, Double, Float

FOCUS, SHORT, LONG = 0.75, 0.5, 2.0
"""The usual focal length of a camera, the shortest and the longest one believed, in diagonals of its image: 32, 22 and 87 mm on film."""
STRETCH = 1.6
"""How much the camera's relation may change the ratio of the sides that the outline shows: more comes from a crooked outline."""


def upright(quad: NDArray[np.floating]) -> Float:
    """The corners of a quad, in any order around it, from the top left clockwise, as it looks least turned: (4, 2) -> float32 (4, 2)."""
    middle = quad.mean(axis=0)
    points = quad[np.argsort(np.arctan2(*(quad - middle).T[::-1]))]  # clockwise, as y points down
    sides = np.roll(points, -1, axis=0) - points
    rightward = [(sides[k] - sides[(k + 2) % 4])[0] / np.linalg.norm(sides[k] - sides[(k + 2) % 4]) for k in range(4)]
    return np.ascontiguousarray(np.roll(points, -int(np.argmax(rightward)), axis=0), np.float32)


def scaled(quad: Float, factor: float) -> Float:
    """The same quad where an image is `factor` times as large: a map's outline in its photograph. float32 (..., 2) -> the same."""
    return np.asarray((quad + 0.5) * factor - 0.5, np.float32)


def flatten(image: Bytes, quad: Float) -> tuple[Bytes, Double]:
    """The sheet alone, its perspective undone, and the homography from the pixels of the image to those of the sheet, float64 (3, 3).

    image: uint8 (H, W) or (H, W, 3). quad: float32 (4, 2), of `outline`, in pixels of the image. The sheet has about as many pixels as
    the longer of its opposite sides have in the image. What the image does not show has the sheet's usual colour.
    """
    width, height = size_of(quad, image.shape[:2])
    corners = np.array([(-0.5, -0.5), (width - 0.5, -0.5), (width - 0.5, height - 0.5), (-0.5, height - 0.5)], np.float32)
    homography = np.asarray(cv2.getPerspectiveTransform(quad, corners), np.float64)
    usual, size = _usual(image, quad), (width, height)
    flat = cv2.warpPerspective(image, homography, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=usual)
    return np.asarray(flat, np.uint8), homography


def unflatten(boxes: Float, homography: Double) -> Float:
    """Quads on the flat sheet where they lie in the photograph: float32 (n, 4, 2) -> float32 (n, 4, 2). homography: of `flatten`."""
    if not len(boxes):
        return np.zeros((0, 4, 2), np.float32)
    points = np.asarray(boxes, np.float64).reshape(1, -1, 2)
    return np.asarray(cv2.perspectiveTransform(points, np.linalg.inv(homography)).reshape(-1, 4, 2), np.float32)


def size_of(quad: Float, shape: tuple[int, ...]) -> tuple[int, int]:
    """Width and height of a sheet, in pixels: its true ratio as a camera in front of the middle of the image sees it, and the pixels that
    the longer of opposite sides have. quad: float32 (4, 2). shape: height and width of the image.

    Z. Zhang and L.-W. He, Whiteboard scanning and image enhancement, Digital Signal Processing 17, 2007, section 4. The focal length comes
    from the outline where its sides converge both ways and it is believable, else it is the usual one.
    """
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    wide, high = float(max(sides[0], sides[2], 2)), float(max(sides[1], sides[3], 2))
    seen = wide / high
    ratio = _ratio(quad, shape) or seen
    ratio = ratio if seen / STRETCH < ratio < seen * STRETCH else seen
    area = wide * high
    return max(2, round((area * ratio) ** 0.5)), max(2, round((area / ratio) ** 0.5))


def _ratio(quad: Float, shape: tuple[int, ...]) -> float | None:
    """The true ratio of a sheet's width and height; None where the quad has no area."""
    centre = np.array([shape[1] - 1, shape[0] - 1]) / 2
    top_left, top_right, bottom_right, bottom_left = (np.array([*(corner - centre), 1.0]) for corner in quad.astype(np.float64))
    if min(abs(np.linalg.det([a, b, c])) for a, b, c in combinations((top_left, top_right, bottom_right, bottom_left), 3)) < 1:
        return None
    across = np.cross(top_left, bottom_right)
    k2 = across @ bottom_left / (np.cross(top_right, bottom_right) @ bottom_left)
    k3 = across @ top_right / (np.cross(bottom_left, bottom_right) @ top_right)
    n2, n3 = k2 * top_right - top_left, k3 * bottom_left - top_left
    focus = _focus(n2, n3, float(np.hypot(shape[0], shape[1])))
    lengths = [float(np.hypot(np.hypot(n[0], n[1]) / focus, n[2])) for n in (n2, n3)]
    return lengths[0] / max(lengths[1], 1e-9)


def _focus(n2: Double, n3: Double, diagonal: float) -> float:
    """The focal length in pixels under which two sides of a sheet, as directions in the image, stand square to each other; the usual one
    where that says nothing or what is not believable."""
    converging = n2[2] * n3[2]
    squared = -(n2[:2] @ n3[:2]) / converging if abs(converging) > 1e-9 else -1.0
    return float(squared**0.5) if (SHORT * diagonal) ** 2 < squared < (LONG * diagonal) ** 2 else FOCUS * diagonal


def _usual(image: Bytes, quad: Float) -> list[float]:
    """The usual colour in a quad, from a few hundred of its pixels."""
    shares = np.linspace(0.05, 0.95, 20)
    top, bottom = (quad[a] + shares[:, None] * (quad[b] - quad[a]) for a, b in ((0, 1), (3, 2)))
    points = np.round(top[:, None] + shares[None, :, None] * (bottom - top)[:, None]).reshape(-1, 2).astype(int)
    points = points[((points >= 0) & (points < image.shape[1::-1])).all(axis=1)]
    pixels = image[points[:, 1], points[:, 0]] if len(points) else image.reshape(-1, *image.shape[2:])
    usual: list[float] = np.atleast_1d(np.median(pixels, axis=0)).tolist()
    return usual
