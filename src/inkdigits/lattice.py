"""A region -> the pieces it may be cut into, as a lattice, and the ways through it.

Over-segmentation (Casey and Lecolinet, A Survey of Methods and Strategies in Character Segmentation, 1996, section 4). Costs are in nats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .regions import Region

Costs = NDArray[np.float64]
Ints = NDArray[np.intp]
Text = tuple[int, ...]

WIDE = 0.85
"""A region wider than this many line heights may hold several digits. Tuned on photos_multi; lower cuts wide 0s and 2s."""
CUTS, MOST_CUTS = (6, 2), 14
"""So many cuts a region gets, and so many for each line height of its width, up to the last."""
BROAD, LOW = 1.1, 0.7
"""A shape is odd if it is broader than BROAD of its height, which counts as LOW line heights at least."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """pieces[0] is the whole region. arcs: (from a cut, to a later cut, index of the piece between them), sorted; cuts go from 0 to `last`.

    odd: float64 (pieces,), the cost of a shape that no digit has: too wide or too low for its line.
    """

    pieces: list[Region]
    arcs: list[tuple[int, int, int]]
    last: int
    odd: Costs


def lattice(region: Region, tall: float, slant: float) -> Lattice:
    """The pieces of a region of a line where digits are `tall` pixels high and lean `slant` pixels to the right per pixel upwards."""
    most = region.width + abs(slant) * region.height + 1  # columns, however it leans
    if most < min(WIDE * max(region.height, 0.8 * tall), BROAD * max(region.height, LOW * tall)):
        return Lattice([region], [(0, 1, 0)], 1, np.array([_odd(0, region.height, tall)]))
    ys, xs, upright = _upright(region, slant)
    width = int(upright.max()) + 1
    cuts = [0, width]
    if width > WIDE * max(region.height, 0.8 * tall):
        cuts = [0, *_cuts(np.bincount(upright, minlength=width), region.height, tall), width]
    last = len(cuts) - 1
    pieces, arcs, odd = [region], [(0, last, 0)], [_odd(width, region.height, tall)]
    for i in range(last):
        for j in range(i + 1, last + 1):
            wide = cuts[j] - cuts[i]
            if j - i == last or not 0.12 * tall <= wide <= 1.25 * max(region.height, tall):
                continue
            inside = (upright >= cuts[i]) & (upright < cuts[j])
            if not inside.any() or np.ptp(ys[inside]) < 0.35 * tall:
                continue
            piece = _part(region, ys[inside], xs[inside])
            arcs.append((i, j, len(pieces)))
            odd.append(_odd(wide, piece.height, tall))
            pieces.append(piece)
    return Lattice(pieces, sorted(arcs), last, np.array(odd))


def texts(found: Lattice, costs: Costs, most: int) -> list[Text]:
    """The cheapest strings, best first, at most so many. costs: float64 (pieces, D), of each piece as each digit."""
    likely = np.argsort(costs, axis=1, kind="stable")[:, :3].tolist()
    best: list[dict[Text, float]] = [{} for _ in range(found.last + 1)]
    best[0][()] = 0.0
    for at in range(found.last):
        starts = sorted(best[at].items(), key=lambda item: item[1])[:most]
        for i, j, piece in found.arcs:
            if i != at:
                continue
            for text, cost in starts:
                for digit in likely[piece]:
                    longer, total = (*text, digit), cost + float(costs[piece, digit])
                    if total < best[j].get(longer, np.inf):
                        best[j][longer] = total
    return sorted(best[-1], key=best[-1].__getitem__)[:most]


def segmented(found: Lattice, costs: Costs, text: Text) -> tuple[float, list[int]]:
    """The cheapest way to cut a region into this string: its cost, and its pieces; infinite, and none, where there is no way."""
    if found.last == 1:  # it is not cut: one piece, one digit
        return (float(costs[0, text[0]]), [0]) if len(text) == 1 else (np.inf, [])
    cost = np.full((found.last + 1, len(text) + 1), np.inf)
    came: dict[tuple[int, int], tuple[int, int]] = {}
    cost[0, 0] = 0
    for i, j, piece in found.arcs:
        for n, digit in enumerate(text):
            total = cost[i, n] + costs[piece, digit]
            if total < cost[j, n + 1]:
                cost[j, n + 1] = total
                came[j, n + 1] = i, piece
    at, path = found.last, []
    for n in range(len(text), 0, -1):
        if (at, n) not in came:
            return np.inf, []
        at, piece = came[at, n]
        path.append(piece)
    return float(cost[-1, -1]), path[::-1]


def even_parts(region: Region, slant: float, count: int) -> list[Region]:
    """A region cut into parts of one width; those without ink are the region itself."""
    ys, xs, upright = _upright(region, slant)
    part = upright * count // (int(upright.max()) + 1)
    return [_part(region, ys[part == k], xs[part == k]) if (part == k).any() else region for k in range(count)]


def _upright(region: Region, slant: float) -> tuple[Ints, Ints, Ints]:
    """Rows and columns of a region's ink, and the column that each pixel has once the writing stands upright, from 0."""
    ys, xs = np.nonzero(region.mask)
    upright = np.round(xs + slant * ys).astype(np.intp)
    return ys, xs, upright - upright.min()


def _odd(width: int, height: int, tall: float) -> float:
    return 3 * max(0.0, width / max(height, LOW * tall) - BROAD) + 4 * max(0.0, 0.6 - height / tall)


def _part(region: Region, ys: Ints, xs: Ints) -> Region:
    """The region of some of a region's pixels."""
    top, left = int(ys.min()), int(xs.min())
    mask = np.zeros((int(ys.max()) - top + 1, int(xs.max()) - left + 1), bool)
    mask[ys - top, xs - left] = True
    return Region(region.x + left, region.y + top, mask.shape[1], mask.shape[0], mask)


def _cuts(ink: Ints, height: int, tall: float) -> list[int]:
    """Columns where little ink has to be cut, at least a tenth of a line height apart, the cheapest first until there are enough."""
    smooth = np.convolve(ink, np.ones(3) / 3, mode="same")
    apart = max(2, int(0.1 * tall))
    most = min(round(CUTS[0] + CUTS[1] * len(ink) / tall), MOST_CUTS)
    chosen: list[int] = []
    for column in np.argsort(smooth, kind="stable").tolist():
        if not 0.12 * tall <= column <= len(ink) - 0.12 * tall:
            continue
        if smooth[column] > 0.55 * height or len(chosen) == most:
            break
        if all(abs(column - other) >= apart for other in chosen):
            chosen.append(column)
    return sorted(chosen)
