"""Digits on black -> "writing on paper" -> the reader's own tiles.

A network trained on raw MNIST has never seen what a photo looks like after ink finding and tile making. Here each training digit is written
on paper (pen width, slant, size, style, paper, light, blur, noise, edges of a form) and goes back through `inkdigits.layout`
and `inkdigits.recognition.tiles`, exactly as a user's photo does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Float, Labels
from inkdigits.batch.pool import cores
from inkdigits.layout import grouping
from inkdigits.layout.ink import find_ink
from inkdigits.recognition.tiles import tile_of
from inkdigits.training.processes import in_processes

Rng = np.random.Generator

CHUNK = 500


def written_tiles(digits: Bytes, labels: Labels, classes: tuple[str, ...], seed: tuple[int, ...]) -> Bytes:
    """Write every digit on paper and read it back into a tile, on all cores; the result depends on the seed alone, not on the cores.

    digits: uint8 (N, H, W), white ink on black. Returns uint8 (N, 28, 28), 255 = ink. Where the reader finds no ink (too faint on too
    rough a paper) the digit is written again. Raises RecipeError where a process that does it dies.
    """
    jobs = [(digits[i : i + CHUNK], [classes[k] for k in labels[i : i + CHUNK]], (*seed, i)) for i in range(0, len(digits), CHUNK)]
    workers = min(cores(), len(jobs))
    return np.concatenate([_chunk(job) for job in jobs] if workers == 1 else list(in_processes(_chunk, jobs, workers)))


def _chunk(job: tuple[Bytes, list[str], tuple[int, ...]]) -> Bytes:
    digits, names, seed = job
    rng = np.random.default_rng(seed)
    return np.stack([next(_tiles(digit, name, rng)) for digit, name in zip(digits, names, strict=True)])


def _tiles(digit: Bytes, name: str, rng: Rng) -> Iterator[Bytes]:
    while True:
        ink = find_ink(on_paper(digit, name, rng), side=160)
        region = grouping.one(ink)
        if region is not None and region.mask.sum() > 6:
            yield np.round(tile_of(ink, region) * 255).astype(np.uint8)


def on_paper(digit: Bytes, name: str, rng: Rng) -> Bytes:
    """One digit, uint8 (H, W), white on black, written on paper: uint8 (h, w), grey."""
    return photographed(_framed(stroke(digit, name, Hand.of_anyone(rng), rng), rng), rng)


def photographed(pen: Float, rng: Rng, print_: Float | None = None) -> Bytes:
    """Ink on paper, in some light, taken by some camera: float32 (h, w), 1 = ink -> uint8 (h, w), grey.

    print_: float32 (h, w) in [0, 1], the light that a pattern printed on the paper takes away.
    """
    height, width = pen.shape
    dark = rng.uniform(0.15, 1.0) ** 0.7
    texture = 1 - rng.uniform(0, 0.35) * cv2.GaussianBlur(rng.random((height, width), np.float32), (0, 0), rng.uniform(0.5, 1.5))
    paper = rng.uniform(0.35, 1.0) * light((height, width), rng)
    if print_ is not None:
        paper = paper * (1 - print_)
    image = paper * (1 - dark * pen * texture)
    if rng.random() < 0.5:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.02 * min(max(height, width), 3 * height) + 0.4))
    image = image + rng.normal(0, rng.uniform(0, 0.035) * dark, image.shape)
    grey = np.clip(image * 255, 0, 255).astype(np.uint8)
    if print_ is None and rng.random() < 0.08:  # a fax, a form's bilevel scan
        level = (1 - rng.uniform(0.3, 0.6) * dark) * cv2.GaussianBlur(paper, (0, 0), 5) * 255
        grey = np.where(grey < level, 0, 255).astype(np.uint8)
    elif rng.random() < 0.3:
        _, coded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))])
        grey = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    return np.asarray(255 - grey, np.uint8) if rng.random() < 0.12 else grey


@dataclass(frozen=True, slots=True)
class Hand:
    """How somebody writes. side: pixels of the longer side of a digit; angle, shear, stretch: its turn, slant and proportion; pen: how much
    wider than in the model the strokes are."""

    side: int
    angle: float
    shear: float
    stretch: float
    pen: float

    @classmethod
    def of_anyone(cls, rng: Rng) -> Hand:
        """Somebody's hand."""
        return cls(
            side=int(np.exp(rng.uniform(np.log(12), np.log(96)))),
            angle=float(np.deg2rad(rng.normal(0, 6))),
            shear=float(rng.normal(0, 0.13)),
            stretch=float(np.exp(rng.normal(0, 0.14))),
            pen=float(np.exp(rng.uniform(np.log(0.45), np.log(2.1)))),
        )


def stroke(digit: Bytes, name: str, hand: Hand, rng: Rng) -> Float:
    """Redraw a digit in a hand: uint8 (H, W), white on black -> float32 (h, w) in [0, 1], cropped to the ink."""
    ys, xs = np.nonzero(digit > 60)
    crop = digit[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1].astype(np.float32) / 255
    scale = hand.side / max(crop.shape)
    around = hand.side // 2
    canvas = 2 * around + hand.side
    turn = np.array([[np.cos(hand.angle), -np.sin(hand.angle)], [np.sin(hand.angle), np.cos(hand.angle)]])
    matrix = turn @ np.array([[1, hand.shear], [0, 1]]) @ np.diag([hand.stretch, 1 / hand.stretch]) * scale
    middle = np.array([crop.shape[1] - 1, crop.shape[0] - 1]) / 2
    shift = np.array([canvas / 2, canvas / 2]) - matrix @ middle
    big = cv2.warpAffine(crop, np.column_stack([matrix, shift]), (canvas, canvas), flags=cv2.INTER_CUBIC)
    big = cv2.GaussianBlur(big, (0, 0), max(0.35 * scale, 0.3))
    big = _wobble(big, hand.side, rng)
    # A level of 0.45 in the enlarged grey image is the stroke's edge; moving the level along the distance to it widens or thins the pen.
    inside = (big > 0.45 * big.max()).astype(np.uint8)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 3) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3)
    pen = 2 * float(np.quantile(distance[inside > 0], 0.9)) if inside.any() else 1.0
    if styled(inside, name, max(pen, 1.0), rng):
        distance = cv2.distanceTransform(inside, cv2.DIST_L2, 3) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3)
    grow = (max(pen * hand.pen, 1.2) - pen) / 2
    soft = np.clip(distance + grow + 0.5, 0, 1).astype(np.float32)
    if not (soft > 0.5).any():
        soft = np.clip(distance + 1.0, 0, 1).astype(np.float32)
    ys, xs = np.nonzero(soft > 0.05)
    return np.ascontiguousarray(soft[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1])


def _wobble(image: Float, side: int, rng: Rng) -> Float:
    """A smooth random displacement of up to a few hundredths of the size (Simard, Steinkraus, Platt 2003)."""
    grid = rng.normal(0, 0.022 * side, (2, 5, 5)).astype(np.float32)
    field = [cv2.resize(g, image.shape[::-1], interpolation=cv2.INTER_CUBIC) for g in grid]
    ys, xs = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    moved: Float = cv2.remap(image, xs + field[0], ys + field[1], cv2.INTER_LINEAR)
    return moved


def styled(inside: Bytes, name: str, pen: float, rng: Rng) -> bool:
    """Add to a digit, uint8 (h, w) of 0 and 1, what some hands add, drawn with a pen of so many pixels, in place; whether anything was."""
    mark = np.zeros_like(inside)
    _style(mark, inside, name, pen, rng)
    np.bitwise_or(inside, mark, out=inside)
    return bool(mark.any())


def _style(mark: Bytes, inside: Bytes, name: str, pen: float, rng: Rng) -> None:
    """Draw what some hands add: the flag and foot of a 1, the bar of a 7, the slash of a 0. In place; nothing for other classes."""
    ys, xs = np.nonzero(inside)
    if ys.size == 0 or name not in "017":
        return
    top, bottom, tall = int(ys.min()), int(ys.max()), int(np.ptp(ys)) + 1
    thick = max(1, round(0.8 * pen))
    if name == "1":
        if np.ptp(xs) > 0.45 * tall or rng.random() < 0.45:
            return  # it has a flag already, or is to keep none
        x = int(np.mean(xs[ys <= top + 1]))
        length = rng.uniform(0.15, 0.55) * tall
        angle = np.deg2rad(rng.uniform(25, 70))
        end = (int(x - length * np.cos(angle)), int(top + length * np.sin(angle)))
        cv2.line(mark, (x, top + thick // 2), end, 1, thick)
        if rng.random() < 0.2:
            foot, half = int(np.mean(xs[ys >= bottom - 1])), rng.uniform(0.12, 0.3) * tall
            cv2.line(mark, (int(foot - half), bottom), (int(foot + half), bottom), 1, thick)
    elif name == "0":
        if rng.random() < 0.04:
            angle, reach = np.deg2rad(rng.uniform(40, 70)), rng.uniform(0.45, 0.65) * tall
            dx, dy = reach * np.cos(angle), reach * np.sin(angle)
            middle_x, middle_y = float(xs.mean()), float(ys.mean())
            cv2.line(mark, (int(middle_x - dx), int(middle_y + dy)), (int(middle_x + dx), int(middle_y - dy)), 1, thick)
    elif rng.random() < 0.35:
        y = int(top + rng.uniform(0.42, 0.62) * tall)
        row = xs[np.abs(ys - y) <= 1]
        if row.size == 0:
            return  # the stroke is broken just there
        middle, half, lean = float(row.mean()), rng.uniform(0.15, 0.32) * tall, rng.normal(0, 0.05) * tall
        cv2.line(mark, (int(middle - half), int(y + lean)), (int(middle + half), int(y - lean)), 1, thick)


def _framed(pen: Float, rng: Rng) -> Float:
    """Put the strokes somewhere on a larger sheet, now and then with a dark line along an edge or a speck beside them."""
    height, width = pen.shape
    side = max(height, width)
    margin = (rng.uniform(0.04, 0.9, 4) ** 1.5 * side + 1).astype(int)
    sheet = np.pad(pen, ((margin[0], margin[1]), (margin[2], margin[3])))
    if rng.random() < 0.12:
        line = max(1, int(rng.uniform(0.01, 0.07) * side))
        near = min(line, int(margin.min()) - 1)
        if near > 0:
            edge = sheet[:near] if rng.random() < 0.5 else sheet[:, :near]
            edge[:] = rng.uniform(0.4, 1)
    return sheet


def light(shape: tuple[int, int], rng: Rng) -> Float:
    """Uneven light: float32 (h, w) around 1: a gradient, sometimes the edge of a soft shadow."""
    height, width = shape
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    xs, ys = xs / width - 0.5, ys / height - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    along = xs * np.cos(angle) + ys * np.sin(angle)
    level = 1 + rng.uniform(0, 0.5) * along
    if rng.random() < 0.25:
        level = level * (1 - rng.uniform(0.1, 0.5) / (1 + np.exp(-(along - rng.uniform(-0.4, 0.4)) * rng.uniform(6, 60))))
    return np.asarray(level / level.max(), np.float32)
