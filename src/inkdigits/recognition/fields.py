"""Where a number is written: a line of regions -> a Field, a turned box in the image; a Field -> the grey crop of it, level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..arrays import Bytes
from ..layout.regions import Region
from .strips import HEIGHT

ABOVE, BESIDE = 0.15, 0.5
"""Room around the writing of a line: above and below, and before and after it, in heights of the line."""
HIGHEST = 1.1
"""What reaches further from the middle of its line than so many digit heights is of another line."""
STEEPEST = 0.3
"""The greatest slope of a line."""


@dataclass(frozen=True, slots=True)
class Field:
    """A box that may be turned, in pixels of the image. left, right: its columns; level: the row of the middle of the writing at column 0;
    slope: by how much it falls per column; top, bottom: its edges, from that middle."""

    left: float
    right: float
    level: float
    slope: float
    top: float
    bottom: float

    @property
    def height(self) -> float:
        """The height of the box in pixels."""
        return self.bottom - self.top

    def column(self, share: float) -> float:
        """The column of the image at a share, 0 to 1, of the way from the left end of the field to the right one."""
        return self.left + share * (self.right - self.left)

    def middle(self, column: float) -> float:
        """The row of the middle of the writing at a column."""
        return self.level + self.slope * column


def field_of(row: Sequence[Region], scale: float, size: tuple[int, int]) -> Field:
    """The field of a line of regions, left to right, with some room around.

    scale: pixels of the image for one of the regions'. size: height and width of the image.
    """
    tall = digit_height(row)
    level, slope = _line_through(row, tall)
    offsets = [(r.y - level - slope * (r.x + r.width / 2), r.height) for r in row]
    top = min(max(offset, -HIGHEST * tall) for offset, _ in offsets)
    bottom = max(min(offset + height, HIGHEST * tall) for offset, height in offsets)
    high = max(bottom - top, 1.0)
    left, right = min(r.x for r in row) - BESIDE * high, max(r.right for r in row) + BESIDE * high
    return Field(
        left=max(left * scale, 0.0),
        right=min(right * scale, float(size[1])),
        level=level * scale,
        slope=slope,
        top=(top - ABOVE * high) * scale,
        bottom=(bottom + ABOVE * high) * scale,
    )


def cropped(grey: Bytes, field: Field) -> Bytes:
    """The crop of a field, level: uint8 (H, W) -> uint8 (h, w), neither of them 0."""
    height, width = grey.shape
    left, right = field.left, max(field.right, field.left + 1)
    rise = field.slope * (right - left)
    if abs(rise) < 0.08 * field.height:
        middle = field.middle((left + right) / 2)
        top = min(max(round(middle + field.top), 0), height - 1)
        bottom = max(min(round(middle + field.bottom), height), top + 1)
        first = min(round(left), width - 1)
        return grey[top:bottom, first : max(round(right), first + 1)]
    angle = np.arctan(field.slope)
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    # A pixel (x, y) of the crop is the pixel (left, middle there) of the image, turned by the angle, moved by (x, y + top) along the field.
    way = np.array([[cos, -sin, left - sin * field.top], [sin, cos, field.middle(left) + cos * field.top]])
    shape = (max(round((right - left) / cos), 1), max(round(field.height), 1))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(grey, way, shape, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def strip_width(crop: Bytes, stretch: float) -> int:
    """The width of the strip of a crop in pixels: as many as it has at the height of a strip, times `stretch`."""
    return max(round(float(crop.shape[1] * HEIGHT / crop.shape[0] * stretch)), HEIGHT // 2)


def digit_height(row: Sequence[Region]) -> float:
    """The usual height of a digit of a line: the median of the heights, weighed by themselves."""
    heights = sorted(r.height for r in row)
    return float(heights[int(np.searchsorted(np.cumsum(heights), sum(heights) / 2))])


def _line_through(row: Sequence[Region], tall: float) -> tuple[float, float]:
    """The middle of a line as level + slope * column, by least squares over its regions, weighed by their heights."""
    x, y = np.array([(r.x + r.width / 2, r.y + r.height / 2) for r in row]).T
    weight = np.array([r.height for r in row]) / sum(r.height for r in row)
    dx = x - weight @ x
    spread = float(weight @ dx**2)
    # Few digits, or digits of several heights close together, say nothing of a slope.
    slope = float(np.clip(weight @ (dx * y) / spread, -STEEPEST, STEEPEST)) if spread > (1.2 * tall) ** 2 else 0.0
    return float(weight @ y - slope * (weight @ x)), slope
