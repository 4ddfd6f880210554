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
Arc = tuple[int, int, int]
"""From a cut to a later cut, and the index of the piece between them."""

WIDE = 1.1
"""A region wider than this many line heights may hold several digits. Tuned on photos_multi; lower cuts wide 0s and 2s."""
PIECE = 0.8
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
    spans: list[Span] = []
    lattices: list[list[list[Arc]]] = []  # line -> region -> arcs
    for line in lines:
        tall, slant = float(np.median([r.height for r in line])), _slant(line)
        lattices.append([_arcs(region, tall, slant, spans) for region in line])
    if not spans:
        return []
    tiles = np.stack([tile_of(ink, span.region) for span in spans])  # (N, 28, 28)
    probabilities = classify(tiles)  # (N, K)
    doubts = -np.log(np.maximum(probabilities.max(axis=1), 1e-6))
    out = []
    for arcs in lattices:
        best = [i for region_arcs in arcs for i in _cheapest(region_arcs, spans, doubts)]
        out.append([Piece(spans[i].region, tiles[i], probabilities[i]) for i in best])
    return out


def tile_of(ink: Ink, region: Region) -> Float:
    """The tile of a region: float32 (28, 28)."""
    window = (slice(region.y, region.bottom), slice(region.x, region.right))
    return tile(ink.strength[window], region.mask)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece that a region may be cut into. odd: cost in nats of a shape that no digit has, too wide or too low for its line."""

    region: Region
    odd: float


def _slant(line: list[Region]) -> float:
    """Shift to the right per pixel upwards: the shear under which the columns of the line are fullest and emptiest."""
    shears = np.linspace(-0.3, 0.9, 13)
    score = np.zeros(len(shears))
    for region in line:
        ys, xs = np.nonzero(region.mask)
        for k, shear in enumerate(shears):
            score[k] += float((np.bincount((xs + shear * (ys + 1)).astype(int) + region.height).astype(float) ** 2).sum())
    return float(shears[np.argmax(score)])


def _arcs(region: Region, tall: float, slant: float, spans: list[Span]) -> list[Arc]:
    """The pieces a region may be cut into, as arcs between cuts; appends the pieces to `spans`."""
    ys, xs = np.nonzero(region.mask)
    upright = np.round(xs + slant * ys).astype(int)  # the column each pixel has once the writing stands upright
    upright -= upright.min()
    width = int(upright.max()) + 1
    cuts = [0, width]
    if width > WIDE * max(region.height, 0.8 * tall):
        cuts = [0, *_cuts(np.bincount(upright, minlength=width), region.height, tall), width]
    last, arcs = len(cuts) - 1, []
    for i in range(last):
        for j in range(i + 1, last + 1):
            whole, wide = j - i == last, cuts[j] - cuts[i]
            if not whole and not 0.12 * tall <= wide <= 1.5 * max(region.height, tall):
                continue
            inside = (upright >= cuts[i]) & (upright < cuts[j])
            if not whole and (not inside.any() or np.ptp(ys[inside]) < 0.35 * tall):
                continue
            piece = region if whole else _part(region, ys[inside], xs[inside])
            odd = 3 * max(0.0, wide / max(piece.height, 0.7 * tall) - 1.1) + 4 * max(0.0, 0.6 - piece.height / tall)
            arcs.append((i, j, len(spans)))
            spans.append(Span(piece, odd))
    return arcs


def _part(region: Region, ys: NDArray[np.intp], xs: NDArray[np.intp]) -> Region:
    """The region of some of a region's pixels."""
    top, left = int(ys.min()), int(xs.min())
    mask = np.zeros((int(ys.max()) - top + 1, int(xs.max()) - left + 1), bool)
    mask[ys - top, xs - left] = True
    return Region(region.x + left, region.y + top, mask.shape[1], mask.shape[0], mask)


def _cuts(ink: NDArray[np.intp], height: int, tall: float) -> list[int]:
    """Columns where little ink has to be cut, at least a tenth of a line height apart, the cheapest first until there are enough."""
    smooth = np.convolve(ink, np.ones(3) / 3, mode="same")
    apart = max(2, int(0.1 * tall))
    chosen: list[int] = []
    for column in np.argsort(smooth, kind="stable").tolist():
        if not 0.12 * tall <= column <= len(ink) - 0.12 * tall:
            continue
        if smooth[column] > 0.55 * height or len(chosen) == MOST_CUTS:
            break
        if all(abs(column - other) >= apart for other in chosen):
            chosen.append(column)
    return sorted(chosen)


def _cheapest(arcs: list[Arc], spans: list[Span], doubts: Float) -> list[int]:
    """The path of least cost from the first cut to the last, as indices into `spans`."""
    last = max(j for _, j, _ in arcs)
    cost: list[float] = [0.0] + [np.inf] * last
    came: list[tuple[int, int]] = [(-1, -1)] * (last + 1)
    for i, j, span in sorted(arcs):
        total = cost[i] + float(doubts[span]) + spans[span].odd + PIECE
        if total < cost[j]:
            cost[j], came[j] = total, (i, span)
    path: list[int] = []
    at = last
    while at > 0:
        at, span = came[at]
        path.append(span)
    return path[::-1]
