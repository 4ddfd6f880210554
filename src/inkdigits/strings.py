"""A line of regions -> its digits. Two models read it and check each other: the digit model, on pieces of the regions (Matan, Burges,
LeCun, Denker: Multi-Digit Recognition Using a Space Displacement Neural Network, 1992, section 2), and the line model, on the whole strip.

The strings that either finds likely are scored by both, region by region; costs are in nats.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from . import ctc
from .ink import Ink
from .lattice import Lattice, even_parts, lattice, segmented, texts
from .regions import Region
from .strips import digit_height, lean, strip
from .tiles import tile

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]
Costs = NDArray[np.float64]
Classify = Callable[[Float], Float]
Found = TypeVar("Found")
Asking = Generator[Float, Float, Found]
"""Yields tiles, float32 (N, 28, 28), is sent the probabilities of their classes, float32 (N, K), and returns what it found: whoever drives
several of these has the tiles of many images classified at once."""
Text = tuple[int, ...]

PIECE = 0.6
"""Cost of one more piece: it keeps the search from cutting an 0 into two 1s."""
SKIP = 4.0
"""Cost of a region that is taken for no digit: a wide one is rather cut than left out."""
UNCUT, LEAP = 3.0, 1.0
"""Cost of a string that no cuts of a region give, whole and for each digit: what the line model alone reads."""
LINE, ALONE, SINGLE = 1.5, 0.45, 0.6
"""Weights of what the line model says beside the digit model: of a region that may hold several digits, of one that holds one at most,
of the one digit of an image. Tuned, as the costs are, on photos_multi and cheque_amounts, where all of them are flat: a factor of two costs
a point; the last one on the sets of single digits, where 0.2 to 1 are as good within a thousandth, and 0 is 1.4 thousandths worse."""
SURE = 0.95
"""Where each region is a digit with this probability the line model is not asked."""
LEAST = -30.0
"""What the line model may say against a string, at most: log probability."""
MOST_TEXTS = 6
FRAME = 2
"""Columns of the strip in one frame of the line model."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One digit of a line: its strokes, what the digit model saw, float32 (28, 28), and the probabilities of the classes, float32 (K,)."""

    region: Region
    tile: Float
    probabilities: Float


def digits(
    ink: Ink,
    lines: list[list[Region]],
    none: int | None = None,
    transcribe: Classify | None = None,
    others: Mask | None = None,
) -> Asking[list[list[Piece]]]:
    """The digits of every line, left to right; what is no digit is left out, and so is a line without digits.

    Asks once what the tiles of all pieces are. none: the class of what is no digit, if there is one.
    transcribe: a strip float32 (1, 32, W) -> probabilities float32 (1, W / 2, 1 + D) of blank and digits, asked where pieces leave a doubt;
    None: pieces alone decide.
    others: bool (h, w), all that was ever taken for strokes, rules too.
    """
    if not lines:
        return []
    leans = [lean(line) for line in lines]
    found = [[lattice(region, digit_height(line), slant) for region in line] for line, slant in zip(lines, leans, strict=True)]
    pieces = [piece for row in found for cut in row for piece in cut.pieces]
    tiles = np.stack([tile_of(ink, piece) for piece in pieces])  # (N, 28, 28)
    probabilities = yield tiles  # (N, K)
    surest = probabilities[:, np.arange(probabilities.shape[1]) != none].max(axis=1)
    out, at = [], 0
    for line, slant, row in zip(lines, leans, found, strict=True):
        owns = [slice(at, at := at + len(cut.pieces)) for cut in row]
        doubtful = any(cut.last > 1 or surest[own.start] < SURE for cut, own in zip(row, owns, strict=True))
        stretches = None
        if doubtful and transcribe is not None:
            stretches = _stretches(ink, line, slant, ink.mask if others is None else others, transcribe)
        read = _read(row, [probabilities[own] for own in owns], none, stretches)
        out.append(
            [
                Piece(region, tiles[own][index] if index is not None else tile_of(ink, region), odds)
                for own, cut, (path, chances) in zip(owns, row, read, strict=True)
                for region, index, odds in _placed(cut, slant, path, chances)
            ]
        )
    return [row for row in out if row]


def checked(ink: Ink, region: Region, probabilities: Float, none: int | None, transcribe: Classify) -> Float:
    """What both models make of a region that is one digit: the probabilities of its classes, float32 (K,).

    probabilities: the digit model's. none, transcribe: as for `digits`. Where the digit model is sure its word is enough; what it gives to
    "not a digit" stays.
    """
    kinds = [k for k in range(len(probabilities)) if k != none]
    if probabilities[kinds].max() >= SURE:
        return probabilities
    said = ctc.log_probabilities(_stretches(ink, [region], lean([region]), ink.mask, transcribe), [[(k,) for k in range(len(kinds))]])[0]
    both = probabilities[kinds] * np.exp(SINGLE * (np.maximum(said, LEAST) - max(float(said.max()), LEAST)))
    out = probabilities.copy()
    out[kinds] = both / both.sum() * probabilities[kinds].sum()
    return out


def tile_of(ink: Ink, region: Region) -> Float:
    """The tile of a region: float32 (28, 28)."""
    window = (slice(region.y, region.bottom), slice(region.x, region.right))
    return tile(ink.strength[window].astype(np.float32) / np.float32(255), region.mask)


def _stretches(ink: Ink, line: list[Region], slant: float, others: Mask, transcribe: Classify) -> list[Float]:
    """The frames of each region of a line, parted in the middle between them: float32 (T, 1 + D) each."""
    made = strip(ink, line, slant, others)
    frames = transcribe(made.image[None])[0]
    middles = [(a[1] + b[0]) / 2 for a, b in pairwise(made.spans)]
    edges = [0, *(round(middle / FRAME) for middle in middles), len(frames)]
    return [frames[max(a, 0) : max(b, a + 1)] for a, b in pairwise(edges)]


def _read(row: list[Lattice], probabilities: list[Float], none: int | None, stretches: list[Float] | None) -> list[tuple[list[int], Float]]:
    """The digits of each region of a line: its pieces, as indices, empty where none fit, and the probabilities of the classes, (digits, K).

    probabilities: of the pieces of each region, float32 (N, K). stretches: the frames of each region.
    """
    kinds = [k for k in range(probabilities[0].shape[1]) if k != none]
    if stretches is None and all(cut.last == 1 for cut in row):
        return _whole(row, probabilities, none, kinds)
    costs, nothing, candidates = [], [], []
    for i, (cut, p) in enumerate(zip(row, probabilities, strict=True)):
        cost = -np.log(np.maximum(p.astype(np.float64), 1e-7))
        nothing.append(cost[0, none] if none is not None else np.inf)
        costs.append(cost[:, kinds] + cut.odd[:, None] + PIECE)
        likely = [(), *((k,) for k in range(len(kinds))), *texts(cut, costs[-1], MOST_TEXTS)]
        if stretches is not None and (cut.last > 1 or ctc.signs(stretches[i]) > 1):
            likely += ctc.likeliest(stretches[i], MOST_TEXTS)
        candidates.append(list(dict.fromkeys(likely)))
    said = [np.zeros(len(group)) for group in candidates]
    if stretches is not None:
        said = [
            (LINE if cut.last > 1 else ALONE) * np.maximum(found, LEAST)
            for cut, found in zip(row, ctc.log_probabilities(stretches, candidates), strict=True)
        ]
    out = []
    for cut, cost, empty, group, line in zip(row, costs, nothing, candidates, said, strict=True):
        ways = [segmented(cut, cost, text) for text in group]
        uncut = UNCUT + (empty if none is not None else 0.0)
        total = np.array([min(way[0], uncut + LEAP * len(text)) if text else SKIP + empty for text, way in zip(group, ways, strict=True)])
        total -= line
        best = int(np.argmin(total))
        share = np.exp(total[best] - total)
        out.append((ways[best][1], _odds(group, share / share.sum(), len(group[best]), kinds, none)))
    return out


def _whole(row: list[Lattice], probabilities: list[Float], none: int | None, kinds: list[int]) -> list[tuple[list[int], Float]]:
    """`_read` of a line whose regions are not cut, and of which the line model was not asked: each is a digit or none."""
    cost = -np.log(np.maximum(np.stack([p[0] for p in probabilities]).astype(np.float64), 1e-7))
    empty = cost[:, none] if none is not None else np.full(len(row), np.inf)
    uncut = UNCUT + (empty if none is not None else np.zeros(len(row)))
    digit = cost[:, kinds] + np.array([cut.odd[0] for cut in row])[:, None] + PIECE
    total = np.column_stack([SKIP + empty, np.minimum(digit, uncut[:, None] + LEAP)])
    share = np.exp(total.min(axis=1, keepdims=True) - total)
    share /= share.sum(axis=1, keepdims=True)
    odds = np.zeros((len(row), len(kinds) + (none is not None)), np.float32)
    odds[:, kinds] = share[:, 1:]
    if none is not None:
        odds[:, none] = np.maximum(1 - odds.sum(axis=1), 0)
    odds /= odds.sum(axis=1, keepdims=True)
    return [([0], odds[i : i + 1]) if best else ([], odds[:0]) for i, best in enumerate(total.argmin(axis=1).tolist())]


def _odds(group: list[Text], share: Costs, length: int, kinds: list[int], none: int | None) -> Float:
    """Probabilities of the classes at each position of the best string, over all strings as long: float32 (length, K)."""
    odds = np.zeros((length, len(kinds) + (none is not None)), np.float32)
    for text, p in zip(group, share, strict=True):
        if len(text) == length:
            for position, digit in enumerate(text):
                odds[position, kinds[digit]] += p
    if none is not None:
        odds[:, none] = np.maximum(1 - odds.sum(axis=1), 0)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)


def _placed(cut: Lattice, slant: float, path: list[int], odds: Float) -> list[tuple[Region, int | None, Float]]:
    """Where each digit of a region is: its strokes, the index of the piece where it is one, its probabilities."""
    if path or not len(odds):
        return [(cut.pieces[index], index, row) for index, row in zip(path, odds, strict=True)]
    return [(part, None, row) for part, row in zip(even_parts(cut.pieces[0], slant, len(odds)), odds, strict=True)]
