"""Maps of a page and rows of regions -> which handwritten number a region belongs to, and which rows are handwritten numbers at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Float
from .fields import SURE
from .maps import CORE, MARGIN, PRINT, WRITING
from .regions import Region, join

HANDWRITTEN, SURELY = 0.6, 0.9
"""What has no pixel that is so likely the core of a number is print or other writing, and so is ink that is likelier that, where something
else on the page has a pixel that is likelier than the second. Chosen on the first 40 pages of `inkdigits bench pages`, so that hardly a
number of theirs goes, and on photos_multi, hands33, registers, pen_numbers and cheque_amounts."""


@dataclass(frozen=True, slots=True)
class Cores:
    """The cores of the numbers on a page. likely: float32 (h, w), the probability of a core. other: float32 (h, w) in [-1, 1], by how much
    print or other writing is likelier than a number. scale: pixels of the regions for one of both."""

    likely: Float
    other: Float
    scale: float
    labels: NDArray[np.int32]

    @classmethod
    def of(cls, maps: Float, scale: float) -> Cores:
        """The cores that the maps show, float32 (h, w, K); those that do not touch are apart."""
        likely = maps[..., CORE]
        _, labels = cv2.connectedComponents((likely > SURE).astype(np.uint8), connectivity=8)
        other = maps[..., WRITING] + maps[..., PRINT] - likely - maps[..., MARGIN]
        return cls(likely, other, scale, np.asarray(labels, np.int32))

    def number_of(self, region: Region) -> int:
        """The number of the core that most of a region's ink lies in, from 1; 0 where it lies in none."""
        ink = np.bincount(self.labels[self._under(region)])
        return 1 + int(ink[1:].argmax()) if ink[1:].any() else 0

    def peak(self, row: Sequence[Region]) -> float:
        """The highest probability of a core in the box of a row of regions."""
        top, bottom = min(r.y for r in row), max(r.bottom for r in row)
        left, right = min(r.x for r in row), max(r.right for r in row)
        rows, columns = (slice(int(low / self.scale), int(high / self.scale) + 1) for low, high in ((top, bottom), (left, right)))
        return float(self.likely[rows, columns].max(initial=0.0))

    def handwritten(self, rows: Sequence[Sequence[Region]]) -> list[bool]:
        """Which of the rows of a page are handwritten numbers, neither print nor words; all of them where nothing surely is."""
        peaks = [self.peak(row) for row in rows]
        if max(peaks, default=0.0) <= SURELY:
            return [True] * len(rows)
        return [peak >= HANDWRITTEN and not self.is_print(join(list(row))) for peak, row in zip(peaks, rows, strict=True)]

    def is_print(self, region: Region) -> bool:
        """Whether the ink of a region is likelier print or other writing than a number, on average over its pixels."""
        return float(self.other[self._under(region)].mean()) > 0

    def _under(self, region: Region) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The rows and the columns of the maps that the pixels of a region's ink lie in."""
        ys, xs = np.nonzero(region.mask)
        height, width = self.labels.shape
        rows = np.minimum(((ys + region.y) / self.scale).astype(np.intp), height - 1)
        columns = np.minimum(((xs + region.x) / self.scale).astype(np.intp), width - 1)
        return rows, columns
