"""The whole way: image -> ink -> lines -> tiles -> scores -> decision -> reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from . import images, layout, strings, strips, tiles
from .decide import blame, decide, decide_page
from .errors import ModelError
from .ink import Ink, find_ink
from .models import NOT_A_DIGIT, LineModel, Model
from .reading import Box, Digit, Line, Reading
from .rules import without_rules

if TYPE_CHECKING:
    from .layout import Region

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]
AnyModel = TypeVar("AnyModel", Model, LineModel)

SIDE_ONE, SIDE_PAGE = 160, 1200
"""Longest side, in pixels, at which one digit and a page are looked at. Tuned on photos_single and photos_multi."""
LARGE = 0.3
"""A region higher than this share of the image's shorter side, alone, is looked at as one digit."""
DIGITS = tuple("0123456789")
"""What the line model knows: a model of other classes reads by itself."""
NO_INK = "no ink: nothing on it stands out from the paper; check that the writing is in the frame and darker or lighter than the paper"
NO_DIGIT = "no digit: what is on it are lines, dots, edges, letters or signs"


@dataclass(frozen=True, slots=True)
class Trace:
    """Every stage of reading one image, for `explain`: the image as read, its Ink, and the Reading (its digits carry their tiles)."""

    image: NDArray[np.uint8]
    ink: Ink
    reading: Reading


class Reader:
    """Reads digits from images.

    model: a name of a shipped model, a run folder or an ONNX file; None is the shipped `digit`.
    threshold: the calibrated probability in [0, 1] below which a position is answered "?"; 0 always answers; None is the model card's.
    The model is loaded at the first image. Raises ModelError if it does not fit, InputError for an image that cannot be read.
    """

    def __init__(self, model: str | Path | None = None, threshold: float | None = None) -> None:
        self.model = model
        self.threshold = threshold

    def read(self, image: Any, *, source: str = "", page: int = 1, keep: bool = False) -> Reading:
        """Read all the digits in an image (its first page).

        image: path, bytes, binary file, PIL image, or array (H, W[, 1 | 3 | 4]). keep: let the Reading carry the image, to show it.
        """
        start = perf_counter()
        pixels = images.first(image)
        return self._trace(pixels, False, source or _name(image), page, keep, _since(start)).reading

    def predict(self, image: Any) -> Digit:
        """Read exactly one digit: the main one in the image. "?" with the reason where there is none."""
        pixels = images.first(image)
        reading = self._trace(pixels, True, "", 1, False, 0.0).reading
        if reading.refused:
            return Digit("?", (0, 0, pixels.shape[1], pixels.shape[0]), 0.0, refused=reading.refused)
        return reading.lines[0].digits[0]

    def trace(self, image: Any, *, single: bool = False, source: str = "", page: int = 1) -> Trace:
        """Read an image and keep every stage; `single` as in `predict`."""
        start = perf_counter()
        pixels = images.first(image)
        return self._trace(pixels, single, source or _name(image), page, True, _since(start))

    def read_many(self, many: Iterable[Any]) -> Iterator[Reading]:
        """Read images one after the other, as they come."""
        return (self.read(image) for image in many)

    def classify(self, tiles: Float) -> Float:
        """Probabilities of the classes: float32 (N, 28, 28) in [0, 1], 1 = ink -> float32 (N, K)."""
        return self._model.probabilities(tiles)

    @cached_property
    def _model(self) -> Model:
        return _fitting(Model.load(self.model), tiles.CONTRACT)

    def _transcribe(self, made: Float) -> Float:
        """What the line model that ships says of strips; it is loaded at the first line that needs it."""
        return self._line_model.frames(made)

    @cached_property
    def _line_model(self) -> LineModel:
        return _fitting(LineModel.load("line"), strips.CONTRACT)

    @property
    def _threshold(self) -> float:
        return self._model.card.thresholds["answer"] if self.threshold is None else self.threshold

    def _trace(self, image: NDArray[np.uint8], single: bool, source: str, page: int, keep: bool, load_ms: float) -> Trace:
        model, clock = self._model, _Clock(load_ms)
        classes = model.card.classes
        none = classes.index(NOT_A_DIGIT) if NOT_A_DIGIT in classes else None
        ink, strokes, lines = _one(image, clock) if single else _page(image, clock)
        if not single and _fills(lines, ink):
            ink, strokes, lines = _one(image, clock)
        if single:
            pieces = [[strings.Piece(r, tile := strings.tile_of(ink, r), self.classify(tile[None])[0]) for r in row] for row in lines]
        else:
            known = tuple(name for name in classes if name != NOT_A_DIGIT)
            pieces = strings.digits(ink, lines, self.classify, none, self._transcribe if known == DIGITS else None, strokes)
        clock.lap("classify")
        rows = [self._line(row, ink, image.shape, single) for row in pieces]
        if not rows:
            refused: str | None = NO_DIGIT if ink.mask.any() else NO_INK
        elif refused := decide_page([digit for line in rows for digit in line.digits]):
            rows = []
        reading = Reading(tuple(rows), source, page, refused, None, clock.ms, model.name, image if keep else None)
        return Trace(image, ink, reading)

    def _line(self, pieces: list[strings.Piece], ink: Ink, shape: tuple[int, ...], every: bool) -> Line:
        row = []
        for piece in pieces:
            box = _box(piece.region, ink.scale, shape)
            digit = decide(piece.probabilities, self._model.card.classes, self._threshold, box, piece.tile, every=every)
            row.append(replace(digit, refused=blame(ink, piece.region) or digit.refused) if digit.refused else digit)
        left, top = min(d.box[0] for d in row), min(d.box[1] for d in row)
        right, bottom = max(d.box[0] + d.box[2] for d in row), max(d.box[1] + d.box[3] for d in row)
        return Line(tuple(row), (left, top, right - left, bottom - top))


def read(image: Any, *, model: str | Path | None = None, threshold: float | None = None) -> Reading:
    """Read one image: `Reader(model, threshold).read(image)`. For many images make one Reader and keep it."""
    return Reader(model, threshold).read(image, keep=True)


def _one(image: NDArray[np.uint8], clock: _Clock) -> tuple[Ink, Mask, list[list[Region]]]:
    """The ink of an image that holds one digit, all its strokes, and its one line of one region; no line where there is no ink."""
    ink = find_ink(image, side=SIDE_ONE)
    clock.lap("ink")
    region = layout.one(ink)
    clock.lap("layout")
    return ink, ink.mask, [[region]] if region else []


def _page(image: NDArray[np.uint8], clock: _Clock) -> tuple[Ink, Mask, list[list[Region]]]:
    """The ink of a page without its rules, all its strokes, and its lines."""
    ink = find_ink(image, side=SIDE_PAGE)
    clock.lap("ink")
    clean = replace(ink, mask=without_rules(ink.mask, ink.stroke))
    lines = layout.lines(clean)
    clock.lap("layout")
    return clean, ink.mask, lines


def _fills(lines: list[list[Region]], ink: Ink) -> bool:
    """Whether what was found on a page is no more than one large digit, or nothing: then it is looked at as one digit is."""
    found = [region for row in lines for region in row]
    return not found or (len(found) == 1 and found[0].height > LARGE * min(ink.mask.shape) and found[0].width < 1.2 * found[0].height)


def _fitting(model: AnyModel, contract: Mapping[str, Any]) -> AnyModel:
    """The model, if it was trained on images made as this reader makes them. Raises ModelError."""
    if model.card.preprocessing != contract:
        raise ModelError(
            f"model {model.name}: made for images of contract {model.card.preprocessing}, this reader makes {contract}; "
            "train it again with this version, or install the version it was made with"
        )
    return model


def _box(region: Region, scale: float, shape: tuple[int, ...]) -> Box:
    """The region's box in pixels of the source image."""
    left, top = round(region.x * scale), round(region.y * scale)
    return (
        left,
        top,
        min(round(region.width * scale), shape[1] - left),
        min(round(region.height * scale), shape[0] - top),
    )


def _name(image: Any) -> str:
    return str(image) if isinstance(image, str | Path) else ""


def _since(start: float) -> float:
    return (perf_counter() - start) * 1000


class _Clock:
    """Milliseconds by stage. A lap ends a stage; what is done twice adds up."""

    def __init__(self, load_ms: float) -> None:
        self.at = perf_counter()
        self.ms = {"load": load_ms}

    def lap(self, stage: str) -> None:
        before, self.at = self.at, perf_counter()
        self.ms[stage] = self.ms.get(stage, 0.0) + (self.at - before) * 1000
