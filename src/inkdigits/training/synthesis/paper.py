"""What writing stands on and beside: rules, walls, boxes, prints, stamps, neighbours; and what light and a camera make of it."""

from __future__ import annotations

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Float

Rng = np.random.Generator


def furnished(ink: Float, tall: float, top: float, rng: Rng) -> Float:
    """Draw rules, walls, boxes and stains around and through a line of writing.

    ink: float32 (h, w) in [0, 1], of the writing. tall: the height of a digit, top: the row of the digits' top, in pixels.
    Returns the light, in [0, 1], that all of it takes away: float32 (h, w).
    """
    sheet = ink * rng.uniform(0.55, 1.0) if rng.random() < 0.3 else ink.copy()
    if rng.random() < 0.35:
        _rules(sheet, tall, top, rng)
    if rng.random() < 0.22:
        _walls(sheet, tall, rng)
    if rng.random() < 0.06:
        _comb(sheet, tall, top, rng)
    if rng.random() < 0.06:
        _edge(sheet, rng)
    if rng.random() < 0.08:
        _stain(sheet, tall, rng)
    return np.minimum(sheet, 1)


def grained(ink: Float, rng: Rng) -> Float:
    """The ink as its pen leaves it: even, skipping, or broken by the grain of the paper (pencil, chalk): float32 (h, w) -> the same."""
    kind = rng.random()
    if kind < 0.5:
        return ink
    noise = _noise(ink.shape, rng.uniform(0.6, 1.8), rng)
    if kind < 0.75:  # a ballpoint that skips a little
        return np.asarray(ink * np.clip(1.15 - 0.35 * noise, 0, 1), np.float32)
    return np.asarray(ink * np.clip(rng.uniform(0.6, 1.0) - rng.uniform(0.15, 0.5) * noise, 0.05, 1), np.float32)


def photographed(taken: Float, tall: float, rng: Rng, *, plain: bool = False) -> Bytes:
    """A sheet on paper under a light, seen by a camera or scanner.

    taken: float32 (h, w) in [0, 1], the share of the paper's light that is taken away. tall: the height of a digit in pixels.
    plain: in good light, on blank paper. Returns uint8 (h, w), grey; in one of ten the ink is lighter than the paper.
    """
    dark = rng.uniform(0.5 if plain else 0.22, 1.0) ** 0.7
    paper = rng.uniform(0.4, 1.0) * _light(taken.shape, rng)
    printed = not plain and rng.random() < 0.25
    if printed:
        paper = paper * (1 - _print(taken.shape, tall, rng))
    if not plain and rng.random() < 0.3:
        paper = paper * (1 + dark * rng.uniform(0.01, 0.07) * _noise(taken.shape, rng.uniform(0.5, 3), rng))
    image = paper * (1 - dark * taken)
    if rng.random() < 0.6:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.03 * tall + 0.35))
    grain = rng.uniform(0, 0.035) * (0.25 + dark)
    if grain > 0.004:
        image = image + grain * _noise(taken.shape, 0, rng)
    grey = np.clip(image * 255, 0, 255).astype(np.uint8)
    kind = rng.random()
    if kind < 0.06 and dark > 0.5 and not printed:  # a fax, a bilevel scan of a form
        level = (1 - rng.uniform(0.3, 0.6) * dark) * cv2.blur(paper, (31, 31)) * 255
        grey = np.where(grey < level, 0, 255).astype(np.uint8)
    elif kind < 0.35:
        _, coded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 95))])
        grey = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    return np.asarray(255 - grey, np.uint8) if rng.random() < 0.1 else grey


_POOL: list[Float] = []
_PATTERNS: dict[int, Float] = {}
SIDE = 1024
PATTERNS = 48
"""Security patterns, of which windows are taken; each is drawn when it is first needed."""


def _noise(shape: tuple[int, ...], sigma: float, rng: Rng) -> Float:
    """Noise of mean 0 and deviation 1, smooth over about `sigma` pixels: a window of a few large sheets that are drawn once."""
    while len(_POOL) < 6:  # white, and five of growing smoothness
        white = np.random.default_rng(len(_POOL)).normal(0, 1, (SIDE, 2 * SIDE)).astype(np.float32)
        smooth = cv2.GaussianBlur(white, (0, 0), 0.6 * len(_POOL)) if _POOL else white
        _POOL.append(smooth / smooth.std())
    sheet = _POOL[min(round(sigma / 0.6), 5)]
    y, x = int(rng.integers(0, SIDE - min(shape[0], SIDE) + 1)), int(rng.integers(0, 2 * SIDE - min(shape[1], 2 * SIDE) + 1))
    found = sheet[y : y + shape[0], x : x + shape[1]]
    return found if found.shape == tuple(shape) else cv2.resize(found, (shape[1], shape[0]))


def _light(shape: tuple[int, ...], rng: Rng) -> Float:
    """Uneven light: a gradient, sometimes the edge of a soft shadow: float32 (h, w), at most 1."""
    ys, xs = np.linspace(-0.5, 0.5, shape[0], dtype=np.float32)[:, None], np.linspace(-0.5, 0.5, shape[1], dtype=np.float32)[None]
    angle = rng.uniform(0, 2 * np.pi)
    along = xs * np.float32(np.cos(angle)) + ys * np.float32(np.sin(angle))
    level = 1 + np.float32(rng.uniform(0, 0.5)) * along
    if rng.random() < 0.15:
        steep = rng.uniform(6, 60)
        shadow = rng.uniform(0.1, 0.5) / (1 + np.exp(-(along - rng.uniform(-0.4, 0.4)) * steep))
        level = level * (1 - shadow).astype(np.float32)
    return np.asarray(level / level.max(), np.float32)


def _print(shape: tuple[int, ...], tall: float, rng: Rng) -> Float:
    """A window of a security pattern at some size: the light that it takes away, float32 (h, w) in [0, 0.4]."""
    which = int(rng.integers(PATTERNS))
    if which not in _PATTERNS:
        _PATTERNS[which] = _pattern((160, 1200), 40.0, np.random.default_rng(which))
    sheet = _PATTERNS[which]
    zoom = tall / 40 * rng.uniform(0.7, 1.5)
    high, wide = min(max(round(shape[0] / zoom), 8), sheet.shape[0]), min(max(round(shape[1] / zoom), 8), sheet.shape[1])
    y, x = int(rng.integers(0, sheet.shape[0] - high + 1)), int(rng.integers(0, sheet.shape[1] - wide + 1))
    flipped = sheet[y : y + high, x : x + wide][:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
    return np.asarray(cv2.resize(flipped, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _pattern(shape: tuple[int, int], tall: float, rng: Rng) -> Float:
    """Families of fine wavy lines: the light that they take away, float32 (h, w) in [0, 0.4]."""
    ys, xs = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    taken = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        angle, period = rng.uniform(0, np.pi), rng.uniform(0.07, 0.35) * tall
        along, across = xs * np.cos(angle) + ys * np.sin(angle), ys * np.cos(angle) - xs * np.sin(angle)
        wave = across + rng.uniform(0, 0.3) * tall * np.sin(along / (tall * rng.uniform(0.2, 1.5)) + rng.uniform(0, 6))
        lines = np.clip(np.cos(wave * np.float32(2 * np.pi / period)) * rng.uniform(1, 3) - rng.uniform(0, 1.2), 0, 1)
        taken = np.maximum(taken, np.float32(rng.uniform(0.03, 0.26)) * lines.astype(np.float32))
    return taken


def _rules(sheet: Float, tall: float, top: float, rng: Rng) -> None:
    """Lines of ruled or squared paper, an underline, a line above. In place."""
    height, width = sheet.shape
    dark, thick = rng.uniform(0.15, 0.9), max(1, round(tall * rng.uniform(0.02, 0.09)))
    slope = rng.normal(0, 0.01) * width
    start, apart = rng.uniform(0, 1) * tall, tall * rng.uniform(0.7, 2.4)
    kind = rng.random()
    lines = np.zeros_like(sheet)
    if kind < 0.45:
        for y in np.arange(top + tall * rng.uniform(0.9, 1.3) - 3 * apart, height, apart):
            cv2.line(lines, (0, int(y)), (width, int(y + slope)), dark, thick, cv2.LINE_AA)
    elif kind < 0.7:
        for y in np.arange(start, height, apart):
            cv2.line(lines, (0, int(y)), (width, int(y + slope)), dark, thick, cv2.LINE_AA)
        for x in np.arange(start, width, apart):
            cv2.line(lines, (int(x), 0), (int(x), height), dark, thick, cv2.LINE_AA)
    else:
        begin, end = sorted(rng.uniform(0, width, 2).astype(int))
        y = top + tall * (rng.uniform(1.0, 1.3) if rng.random() < 0.8 else -rng.uniform(0.0, 0.3))
        cv2.line(lines, (int(begin), int(y)), (int(end), int(y + slope)), dark, thick, cv2.LINE_AA)
    np.maximum(sheet, lines, out=sheet)


def _walls(sheet: Float, tall: float, rng: Rng) -> None:
    """Column rules and walls of cells beside the writing, thin or as thick as a stroke and more. In place."""
    height, width = sheet.shape
    free = np.flatnonzero(sheet.max(axis=0) < 0.1)
    if not len(free):
        return
    for _ in range(int(rng.integers(1, 4))):
        x = int(rng.choice(free)) if rng.random() < 0.7 else int(rng.choice([2, width - 3]))
        thick = max(1, round(tall * np.exp(rng.uniform(np.log(0.02), np.log(0.3)))))
        lean = int(rng.normal(0, 0.015) * height)
        mark = np.zeros_like(sheet)
        cv2.line(mark, (x, -2), (x + lean, height + 2), float(rng.uniform(0.3, 1)), thick, cv2.LINE_AA)
        if rng.random() < 0.3:
            cv2.line(mark, (x + 2 * thick + 2, -2), (x + lean + 2 * thick + 2, height + 2), float(rng.uniform(0.3, 1)), thick, cv2.LINE_AA)
        np.maximum(sheet, mark, out=sheet)


def _comb(sheet: Float, tall: float, top: float, rng: Rng) -> None:
    """The cells of a form's comb, through whatever stands there. In place."""
    width = sheet.shape[1]
    pitch, dark, thick = tall * rng.uniform(1.0, 1.8), rng.uniform(0.2, 0.7), max(1, round(0.04 * tall))
    upper, lower = int(top - 0.25 * tall), int(top + 1.25 * tall)
    mark = np.zeros_like(sheet)
    for x in np.arange(rng.uniform(0, pitch), width, pitch):
        cv2.line(mark, (int(x), upper if rng.random() < 0.8 else int(top + 0.9 * tall)), (int(x), lower), dark, thick)
    for y in (upper, lower) if rng.random() < 0.6 else (lower,):
        cv2.line(mark, (0, y), (width, y), dark, thick)
    np.maximum(sheet, mark, out=sheet)


def _edge(sheet: Float, rng: Rng) -> None:
    """The black edge of a scan on one side of the sheet. In place."""
    wide = max(1, int(rng.uniform(0.01, 0.05) * sheet.shape[1]))
    side = sheet[:, :wide] if rng.random() < 0.5 else sheet[:, -wide:]
    if rng.random() < 0.4:
        tall = max(1, int(rng.uniform(0.04, 0.15) * len(sheet)))
        side = sheet[:tall] if rng.random() < 0.5 else sheet[-tall:]
    side[:] = np.maximum(side, rng.uniform(0.6, 1))


def _stain(sheet: Float, tall: float, rng: Rng) -> None:
    """A soft blot or ring, paler than the writing. In place."""
    mark = np.zeros_like(sheet)
    radius = int(tall * rng.uniform(0.3, 2.5))
    centre = (int(rng.uniform(0, sheet.shape[1])), int(rng.uniform(0, len(sheet))))
    cv2.circle(mark, centre, radius, float(rng.uniform(0.05, 0.35)), -1 if rng.random() < 0.6 else max(1, radius // 6), cv2.LINE_AA)
    np.maximum(sheet, cv2.blur(mark, (max(3, radius // 4) | 1, max(3, radius // 4) | 1)), out=sheet)
