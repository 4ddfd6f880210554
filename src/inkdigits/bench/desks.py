"""Desks to lay sheets on: pictures of what tables are made of and covered with, seen from above, drawn from a seed.

Nothing that is trained may see a picture of this module: what training draws is its own (`inkdigits.training.synthesis`). Kinds in SEEN are
of things that training draws too, in its own way; kinds in UNSEEN are left out of training altogether.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Bytes, Float

Light = NDArray[np.floating]
"""The light of each pixel, (1500, 2000, 3), 1 = white."""
Rng = np.random.Generator

SHAPE = 1500, 2000
"""Height and width of a desk, in pixels."""
VARIANTS = 3
"""Desks of a kind."""
LETTERS = "etaoinshrdlcumwfgypbvkETAOINSHRDLC"


def wood(rng: Rng) -> Light:
    """Boards with grain and rings."""
    y, x = _places()
    colour = np.array([(0.62, 0.42, 0.25), (0.36, 0.22, 0.14), (0.78, 0.62, 0.44)][int(rng.integers(3))], np.float32)
    high = float(rng.uniform(250, 520))
    board = np.floor((y + rng.uniform(0, high)) / high)
    shift = board * 731.7
    bend = 60 * _smooth((6, 5), rng) + 25 * _smooth((10, 14), rng)
    rings = np.sin((y + bend + shift) / rng.uniform(7, 14) + 3 * np.sin((x + shift) / 420))
    grain = _streaks(rng, 60)
    tone = 1 + 0.07 * rings + 0.09 * grain + 0.06 * np.sin(board * 2.4)
    gap = np.abs((y + rng.uniform(0, high)) % high - high / 2) > high / 2 - 2.5
    return np.asarray(colour * (tone * np.where(gap, 0.6, 1))[..., None])


def cloth(rng: Rng) -> Light:
    """A plain woven cloth with soft folds."""
    y, x = _places()
    colour = np.array([(0.25, 0.32, 0.45), (0.55, 0.18, 0.2), (0.72, 0.68, 0.58), (0.2, 0.4, 0.3)][int(rng.integers(4))], np.float32)
    turn = x * 0.05
    weave = np.sin((x + 2 * _smooth((30, 40), rng)) * 1.1) * np.sin((y + turn) * 1.1)
    folds = np.tanh(2 * _smooth((3, 5), rng))
    return np.asarray(colour * (1 + 0.12 * weave + 0.16 * folds + 0.05 * _smooth((400, 500), rng))[..., None])


def plain_dark(rng: Rng) -> Light:
    """A dark desk with faint grain and smears."""
    colour = np.array(rng.uniform(0.05, 0.16, 3), np.float32)
    return np.asarray(colour * (1 + 0.15 * _smooth((8, 10), rng) + 0.1 * _smooth((500, 600), rng))[..., None])


def plain_bright(rng: Rng) -> Light:
    """A white or light grey desk, nearly as bright as paper."""
    colour = np.array([0.84, 0.84, 0.83], np.float32) * np.float32(rng.uniform(0.85, 1.0))
    return np.asarray(colour * (1 + 0.03 * _smooth((4, 6), rng) + 0.015 * _smooth((500, 600), rng))[..., None])


def gradient(rng: Rng) -> Light:
    """One colour that runs into another, as a lacquered desk under a window."""
    y, x = _places()
    first, last = rng.uniform(0.15, 0.75, (2, 3)).astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    along = ((x / SHAPE[1] - 0.5) * np.cos(angle) + (y / SHAPE[0] - 0.5) * np.sin(angle) + 0.7) / 1.4
    return np.asarray(first + (last - first) * along[..., None].astype(np.float32))


def papers(rng: Rng) -> Light:
    """A grey desk with other sheets of paper on it, some of them ruled, some printed."""
    base = (np.array([0.5, 0.48, 0.45], np.float32) * (1 + 0.05 * _smooth((6, 8), rng))[..., None]).astype(np.float32)
    for _ in range(7):
        size = rng.uniform(350, 800, 2)
        middle, angle = rng.uniform(0, 1, 2) * SHAPE[::-1], rng.uniform(0, 90)
        corners = cv2.boxPoints((tuple(middle.tolist()), tuple(size.tolist()), float(angle)))
        mask = cv2.fillPoly(np.zeros(SHAPE, np.float32), [np.round(corners).astype(np.int32)], 1.0, cv2.LINE_AA)
        base *= (1 - 0.35 * cv2.GaussianBlur(mask, (0, 0), 9) * (1 - mask))[..., None]
        colour = np.array([(0.9, 0.9, 0.88), (0.88, 0.84, 0.7), (0.8, 0.86, 0.9)][int(rng.integers(3))], np.float32)
        lines = np.ones(SHAPE, np.float32)
        if rng.random() < 0.6:
            along, across = (corners[1] - corners[0]), (corners[3] - corners[0])
            for share in np.arange(0.08, 0.95, float(rng.uniform(0.03, 0.06))):
                ends = corners[0] + share * across + np.array([[0.06], [rng.uniform(0.6, 0.94)]]) * along
                cv2.polylines(
                    lines, [np.round(ends).astype(np.int32)], False, float(rng.uniform(0.35, 0.8)), int(rng.integers(1, 5)), cv2.LINE_AA
                )
        base = base * (1 - mask[..., None]) + (colour * lines[..., None]) * mask[..., None]
    return np.asarray(base)


def checks(rng: Rng) -> Light:
    """A checked tablecloth."""
    y, x = _places()
    size = float(rng.uniform(45, 110))
    colour = np.array([(0.75, 0.15, 0.15), (0.15, 0.3, 0.65), (0.15, 0.5, 0.3)][int(rng.integers(3))], np.float32)
    wave = 6 * _smooth((5, 7), rng)
    stripes = ((((x + wave) / size) % 2 < 1).astype(np.float32) + (((y + wave) / size) % 2 < 1).astype(np.float32)) / 2
    thread = 1 + 0.06 * np.sin(x * 1.3) * np.sin(y * 1.3) + 0.08 * _smooth((4, 5), rng)
    return np.asarray((0.9 + (colour - 0.9) * stripes[..., None]) * thread[..., None])


def tiles(rng: Rng) -> Light:
    """Glazed tiles with joints."""
    y, x = _places()
    size = float(rng.uniform(120, 280))
    row, column = np.floor(y / size).astype(int), np.floor(x / size).astype(int)
    shades = rng.normal(0, 0.05, (40, 40)).astype(np.float32)
    colour = np.array([(0.8, 0.78, 0.74), (0.45, 0.55, 0.6), (0.68, 0.5, 0.38)][int(rng.integers(3))], np.float32)
    depth = np.minimum(np.minimum(y % size, size - y % size), np.minimum(x % size, size - x % size))
    glaze = 1 + shades[row % 40, column % 40] + 0.05 * _smooth((30, 40), rng)
    edge = np.clip((depth - 4) / 6, 0, 1)
    return np.asarray((colour * glaze[..., None]) * edge[..., None] + np.float32(0.42) * (1 - edge[..., None]))


def metal(rng: Rng) -> Light:
    """Brushed steel with a sheen."""
    _, x = _places()
    sheen = np.exp(-(((x / SHAPE[1] - rng.uniform(0.2, 0.8)) / 0.25) ** 2))
    return np.asarray(np.float32(0.48) * (1 + 0.1 * _streaks(rng, 200) + 0.45 * sheen)[..., None] * np.array([0.98, 1, 1.03], np.float32))


def gravel(rng: Rng) -> Light:
    """Pebbles, each of its own grey, with dark gaps between."""
    count = 9000
    points = np.ones(SHAPE, np.uint8)
    points[rng.integers(0, SHAPE[0], count), rng.integers(0, SHAPE[1], count)] = 0
    away, labels = cv2.distanceTransformWithLabels(points, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    shades = rng.uniform(0.3, 0.8, (labels.max() + 1, 1)) + rng.normal(0, 0.015, (labels.max() + 1, 3))
    pebble = np.clip(1.15 - away / 18, 0.3, 1)
    return np.asarray(shades[labels].astype(np.float32) * (pebble * (1 + 0.1 * _smooth((300, 400), rng)))[..., None])


def newspaper(rng: Rng) -> Light:
    """A newspaper: columns of small print, headlines and a grey picture."""
    page = np.full(SHAPE, 205, np.uint8)
    width = int(rng.integers(230, 330))
    for left in range(20, SHAPE[1], width):
        y = 30
        while y < SHAPE[0] - 20:
            kind = rng.random()
            if kind < 0.04:
                high = int(rng.integers(90, 200))
                patch = 120 + 60 * _smooth((8, 8), rng)[:high, : width - 24]
                window = page[y : y + high, left : left + width - 24]
                window[:] = patch[: window.shape[0], : window.shape[1]].clip(0, 255)
                y += high + 22
            else:
                scale, bold = (1.1, 3) if kind < 0.09 else (0.42, 1)
                text = "".join(rng.choice(list(LETTERS + "   "), int((width - 30) / (19 * scale))))
                cv2.putText(page, text, (left, y), cv2.FONT_HERSHEY_COMPLEX, scale, 55, bold, cv2.LINE_AA)
                y += int(36 * scale) + 4
        cv2.line(page, (left + width - 13, 0), (left + width - 13, SHAPE[0]), 150, 1)
    tint = np.array([1.0, 0.98, 0.93], np.float32)
    return np.asarray(page[..., None].astype(np.float32) / 255 * tint * (1 + 0.05 * _smooth((5, 6), rng))[..., None])


def carpet(rng: Rng) -> Light:
    """A carpet with a pattern of lozenges and rough pile."""
    y, x = _places()
    colours = rng.uniform(0.15, 0.75, (3, 3)).astype(np.float32)
    size = float(rng.uniform(70, 160))
    lozenge = np.abs((x / size) % 2 - 1) + np.abs((y / size) % 2 - 1)
    which = np.digitize(lozenge + 0.06 * _smooth((200, 250), rng), [0.7, 1.1])
    return np.asarray(colours[which] * (1 + 0.22 * _smooth((700, 900), rng))[..., None])


SEEN: dict[str, Callable[[Rng], Light]] = {
    "wood": wood,
    "cloth": cloth,
    "dark": plain_dark,
    "bright": plain_bright,
    "gradient": gradient,
    "other papers": papers,
    "checks": checks,
    "tiles": tiles,
}
UNSEEN: dict[str, Callable[[Rng], Light]] = {"metal": metal, "gravel": gravel, "newspaper": newspaper, "carpet": carpet}
KINDS = {**SEEN, **UNSEEN}


@lru_cache(maxsize=16)  # of 9 MB each
def desk(kind: str, variant: int) -> Bytes:
    """One of VARIANTS desks of a kind: uint8 (1500, 2000, 3), RGB."""
    drawn = KINDS[kind](np.random.default_rng((41, list(KINDS).index(kind), variant)))
    return np.asarray(np.clip(np.rint(drawn * 255), 0, 255), np.uint8)


def _places() -> tuple[Float, Float]:
    """The row and the column of each pixel of a desk."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
    return y, x


def _smooth(cells: tuple[int, int], rng: Rng) -> Float:
    """Noise of mean 0 and deviation about 1, with so many waves down and across: float32 of SHAPE."""
    coarse = 1.3 * rng.standard_normal((cells[0] + 1, cells[1] + 1), np.float32)
    return np.asarray(cv2.resize(coarse, SHAPE[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def _streaks(rng: Rng, length: int) -> Float:
    """Fine noise drawn out sideways, of mean 0 and deviation 1."""
    noise = cv2.blur(rng.standard_normal(SHAPE, np.float32), (length, 1))
    return np.asarray(noise / noise.std(), np.float32)
