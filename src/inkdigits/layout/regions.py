"""mask -> regions: strokes that belong together."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..arrays import Mask
from .ink import inked


@dataclass(frozen=True, slots=True)
class Region:
    """Strokes that belong together. x, y, width, height: its box in ink pixels; mask: bool (height, width)."""

    x: int
    y: int
    width: int
    height: int
    mask: Mask

    @property
    def right(self) -> int:
        """The first column after the box."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row below the box."""
        return self.y + self.height

    def placed(self, scale: float, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """The box x, y, width, height in pixels of an image of this height and width. scale: its pixels for one of the ink."""
        left, top = max(round(self.x * scale), 0), max(round(self.y * scale), 0)
        return left, top, min(round(self.width * scale), size[1] - left), min(round(self.height * scale), size[0] - top)


def regions(mask: Mask) -> list[Region]:
    """The 8-connected components of a mask bool (h, w), in no particular order."""
    box = inked(mask)
    if not box:
        return []
    top, left = box[0].start, box[1].start
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask[box].astype(np.uint8), connectivity=8)
    found = []
    for label, (x, y, w, h, _area) in enumerate(stats[1:].tolist(), start=1):
        found.append(Region(left + x, top + y, w, h, labels[y : y + h, x : x + w] == label))
    return found


def join(parts: list[Region]) -> Region:
    """One region of several."""
    if len(parts) == 1:
        return parts[0]
    x, y = min(p.x for p in parts), min(p.y for p in parts)
    right, bottom = max(p.right for p in parts), max(p.bottom for p in parts)
    mask = np.zeros((bottom - y, right - x), bool)
    for p in parts:
        mask[p.y - y : p.bottom - y, p.x - x : p.right - x] |= p.mask
    return Region(x, y, right - x, bottom - y, mask)
