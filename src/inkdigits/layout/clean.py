"""The strokes of a page -> those that the maps do not take for something else: each whole, or not at all."""

from __future__ import annotations

import cv2
import numpy as np

from ..arrays import Float, Mask

SURE = 0.7
"""A stroke is something else where the maps give that this probability, on average over the stroke. Chosen on photos_multi."""


def without(mask: Mask, maps: Float, scale: float, *kinds: int) -> Mask:
    """Take out the strokes that are of some kinds.

    mask: bool (H, W), the strokes. maps: float32 (h, w, K) of `inkdigits.layout.maps`; scale: pixels of the mask for one of the maps.
    kinds: classes of the maps, as RULE. Strokes that hang together are one: they stay or go together.
    """
    likely = np.ascontiguousarray(maps[..., list(kinds)].sum(axis=-1))
    count, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    ys, xs = np.nonzero(labels)
    rows, columns = (np.minimum((at / scale).astype(np.intp), size - 1) for at, size in zip((ys, xs), likely.shape, strict=True))
    own = labels[ys, xs]
    mean = np.bincount(own, likely[rows, columns], count) / np.maximum(np.bincount(own, minlength=count), 1)
    stays = mean <= SURE
    stays[0] = False
    kept: Mask = stays[labels]
    return kept
