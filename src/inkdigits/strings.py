"""A line of regions -> its digits: isolated ones as they are, touching ones cut where the digit model likes the pieces best.

Over-segmentation and a search over the lattice of pieces (Matan, Burges, LeCun, Denker: Multi-Digit Recognition Using a Space Displacement
Neural Network, 1992, section 2; Casey and Lecolinet, A Survey of Methods and Strategies in Character Segmentation, 1996, section 4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .ink import Ink
from .layout import Region
from .tiles import tile

Float = NDArray[np.float32]
Classify = Callable[[Float], Float]

WIDE = 1.1
"""A region wider than this many line heights may hold several digits. Tuned on photos_multi; lower cuts wide 0s and 2s."""
PIECE = 0.3
"""Cost of one more piece, in nats: it keeps the search from cutting an 0 into two 1s."""
MOST_CUTS = 14


@dataclass(frozen=True, slots=True)
class Piece:
    """One digit of a line: its strokes, what the network saw (float32 (28, 28)) and what it said (float32 (K,), probabilities)."""

    region: Region
    tile: Float
    probabilities: Float


def digits(ink: Ink, lines: list[list[Region]], classify: Classify) -> list[list[Piece]]:
    """The digits of every line, left to right. `classify`: tiles float32 (N, 28, 28) -> probabilities float32 (N, K); called once."""
    spans: list[Region] = []
    lattices: list[list[list[tuple[int, int, int]]]] = []  # line -> region -> arcs (from, to, index into spans)
    for line in lines:
        tall = float(np.median([r.height for r in line]))
        lattices.append([_arcs(region, tall, spans) for region in line])
    if not spans:
        return []
    tiles = np.stack([tile_of(ink, span) for span in spans])  # (N, 28, 28)
    probabilities = classify(tiles)  # (N, K)
    out = []
    for line, arcs in zip(lines, lattices, strict=True):
        tall = float(np.median([r.height for r in line]))
        best = [i for region_arcs in arcs for i in _cheapest(region_arcs, spans, probabilities, tall)]
        out.append([Piece(spans[i], tiles[i], probabilities[i]) for i in best])
    return out


def tile_of(ink: Ink, region: Region) -> Float:
    """The tile of a region: float32 (28, 28)."""
    window = (slice(region.y, region.bottom), slice(region.x, region.right))
    return tile(ink.strength[window], region.mask)


def _arcs(region: Region, tall: float, spans: list[Region]) -> list[tuple[int, int, int]]:
    """The pieces a region may be cut into, as arcs between cuts; appends the pieces to `spans`."""
    cuts = [0, region.width]
    if region.width > WIDE * max(region.height, 0.8 * tall):
        cuts = [0, *_cuts(region, tall), region.width]
    last, arcs = len(cuts) - 1, []
    for i in range(last):
        for j in range(i + 1, last + 1):
            width = cuts[j] - cuts[i]
            if last > 1 and (width > 1.5 * max(region.height, tall) or width < 0.12 * tall) and j - i != last:
                continue
            mask = region.mask[:, cuts[i] : cuts[j]]
            rows = np.nonzero(mask.any(axis=1))[0]
            if rows.size == 0 or (last > 1 and rows[-1] - rows[0] < 0.35 * tall):
                continue
            top, bottom = int(rows[0]), int(rows[-1]) + 1
            arcs.append((i, j, len(spans)))
            spans.append(Region(region.x + cuts[i], region.y + top, width, bottom - top, mask[top:bottom]))
    return arcs


def _cuts(region: Region, tall: float) -> list[int]:
    """Columns where little ink has to be cut, at least a tenth of a line height apart, the cheapest first until there are enough."""
    ink = region.mask.sum(axis=0).astype(np.float32)
    smooth = np.convolve(ink, np.ones(3, np.float32) / 3, mode="same")
    apart = max(2, int(0.1 * tall))
    chosen: list[int] = []
    for column in np.argsort(smooth, kind="stable").tolist():
        if column < 0.12 * tall or column > region.width - 0.12 * tall:
            continue
        if smooth[column] > 0.55 * region.height or len(chosen) == MOST_CUTS:
            break
        if all(abs(column - other) >= apart for other in chosen):
            chosen.append(column)
    return sorted(chosen)


def _cheapest(arcs: list[tuple[int, int, int]], spans: list[Region], probabilities: Float, tall: float) -> list[int]:
    """The path of least cost from the first cut to the last, as indices into `spans`."""
    if len(arcs) == 1:
        return [arcs[0][2]]
    last = max(j for _, j, _ in arcs)
    cost: list[float] = [0.0] + [np.inf] * last
    came: list[tuple[int, int]] = [(-1, -1)] * (last + 1)
    for i, j, span in sorted(arcs):
        width, height = spans[span].width, spans[span].height
        # Each piece weighs as much as it is wide, or a cut that makes one bad wide piece into a bad and a good one would pay.
        doubt = -float(np.log(max(probabilities[span].max(), 1e-6)))
        odd = max(0.0, width / max(height, 0.7 * tall) - 1.1) * 3 + max(0.0, 0.6 - height / tall) * 4
        total = cost[i] + doubt + odd + PIECE
        if total < cost[j]:
            cost[j], came[j] = total, (i, span)
    if not np.isfinite(cost[last]):
        return [next(span for i, j, span in arcs if i == 0 and j == last)]
    path: list[int] = []
    at = last
    while at > 0:
        at, span = came[at]
        path.append(span)
    return path[::-1]
