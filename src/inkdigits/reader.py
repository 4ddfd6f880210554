"""The whole way: image -> ink -> lines -> tiles -> scores -> decision -> reading."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from . import images, layout, strings, strips, tiles
from .clock import Clock, since
from .decide import MAY_BE_DIGITS, MOST_MARKS, blame, decide, doubts, refusal
from .errors import InputError, ModelError
from .ink import Ink, find_ink, turned
from .models import NOT_A_DIGIT, Card, LineModel, Model
from .reading import Box, Digit, LeftOut, Line, Reading, line_of
from .recognition.leftout import Mark, left_out

if TYPE_CHECKING:
    from .regions import Region

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]
Found = tuple[Ink, list[list[strings.Piece]], Float]
"""Ink, digits line by line, and the way from the ink to the image: float32 (2, 3)."""
AnyModel = TypeVar("AnyModel", Model, LineModel)

SIDE_ONE, SIDE_PAGE = 160, 1200
"""Longest side, in pixels, at which one digit and a page are looked at. Tuned on photos_single and photos_multi."""
TILTED = 5.0
"""Degrees by which lines must be tilted for the page to be turned; those of less are read as well as level ones."""
LINE_THRESHOLD = 0.99
"""A line that is less likely right than this needs review. Chosen on hands33, registers and cheque_amounts."""
LARGE = 0.3
"""A region higher than this share of the image's shorter side, alone, is looked at as one digit."""
DIGITS = tuple("0123456789")
"""What the line model knows: a model of other classes reads by itself."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Every stage of reading one image, for `explain`: the image as read, its Ink, and the Reading (its digits carry their tiles)."""

    image: NDArray[np.uint8]
    ink: Ink
    reading: Reading


class Reader:
    """Reads digits from images.

    model: a name of a shipped model, a run folder or an ONNX file; None is the shipped `digit`.
    threshold: the calibrated probability in [0, 1] below which a position is answered "?", and a line needs review; 0 always answers; None
    is the model card's, and for lines LINE_THRESHOLD.
    device: "cpu", or "cuda" for the networks to run on a GPU where onnxruntime-gpu is installed and finds one; ink and layout, which are
    nearly all of the work, stay on the CPU.
    The model is loaded at the first image. Raises ModelError if it does not fit, InputError for an image that cannot be read.
    """

    def __init__(self, model: str | Path | None = None, threshold: float | None = None, *, device: str = "cpu") -> None:
        self.model = model
        self.threshold = threshold
        self.device = device

    def read(self, image: Any, *, source: str = "", keep: bool = False) -> Reading:
        """Read all the digits in an image. Of a document with more pages it reads the first, and warns; `read_document` reads all.

        image: path, bytes, binary file, PIL image, or array (H, W[, 1 | 3 | 4]). keep: let the Reading carry the image, to show it.
        """
        document, source = images.load(image), source or _name(image)
        _warn_of_more_pages(document, source)
        return self.trace_page(document, source=source, keep=keep).reading

    def read_document(self, document: Any, *, source: str = "", keep: bool = False) -> list[Reading]:
        """Read every page of a TIFF, a PDF, a GIF or any other image, one after the other; arguments as for `read`.

        A page that cannot be decoded has a Reading whose `error` says why. Raises InputError where the document cannot be opened.
        """
        opened, source = images.load(document), source or _name(document)
        readings = []
        for number in range(1, opened.pages + 1):
            (found,) = self.read_pages([(opened, number, source)], keep=keep)
            readings.append(found if isinstance(found, Reading) else Reading((), source, number, error=found.message))
        return readings

    def predict(self, image: Any) -> Digit:
        """Read exactly one digit: the main one in the image. "?" with the reason where there is none. As `read`, it warns of more pages,
        and of a file that may be damaged, which a Reading has among its `review_reasons`."""
        document = images.load(image)
        _warn_of_more_pages(document, _name(image))
        reading = self.trace_page(document, single=True).reading
        if "damaged" in reading.doubts:
            warnings.warn(f"{_name(image) or 'the image'}: the file may be damaged, its decoder had a warning", stacklevel=2)
        if reading.refused:
            height, width = document.decode(1, SIDE_ONE).size
            return Digit("?", (0, 0, width, height), 0.0, refused=reading.refused)
        return reading.lines[0].digits[0]

    def trace(self, image: Any, *, single: bool = False, source: str = "") -> Trace:
        """Read an image and keep every stage; `single` as in `predict`."""
        return self.trace_page(images.load(image), single=single, source=source or _name(image), keep=True)

    def trace_page(
        self, document: images.Document, number: int = 1, *, single: bool = False, source: str = "", keep: bool = False
    ) -> Trace:
        """Read one page of a document; `single` as in `predict`, `keep` as in `read`. Without `keep` the page is decoded no larger than
        it is looked at. Raises InputError where it cannot be decoded."""
        (found,) = self._together([(document, number, source)], single, keep)
        if isinstance(found, InputError):
            raise found
        return found

    def read_pages(
        self, pages: Iterable[tuple[images.Document, int, str]], *, single: bool = False, keep: bool = False
    ) -> list[Reading | InputError]:
        """Read pages, each a document, a number and a name for its source, with the tiles of all classified together; options as in
        `trace_page`. In the place of a page that cannot be decoded is the error."""
        return [found if isinstance(found, InputError) else found.reading for found in self._together(pages, single, keep)]

    def read_many(self, many: Iterable[Any]) -> Iterator[Reading]:
        """Read images one after the other, as they come."""
        return (self.read(image) for image in many)

    def classify(self, tiles: Float) -> Float:
        """Probabilities of the classes: float32 (N, 28, 28) in [0, 1], 1 = ink -> float32 (N, K)."""
        return self._model.probabilities(tiles)

    @property
    def card(self) -> Card:
        """The card of the model, which is loaded now if it is not yet."""
        return self._model.card

    @cached_property
    def _model(self) -> Model:
        return _fitting(Model.load(self.model, device=self.device), tiles.CONTRACT)

    @cached_property
    def _none(self) -> int | None:
        """The model's class of what is no digit."""
        classes = self._model.card.classes
        return classes.index(NOT_A_DIGIT) if NOT_A_DIGIT in classes else None

    @cached_property
    def _transcriber(self) -> Callable[[Float], Float] | None:
        """What the line model that ships says of strips; None for a model of other classes. It is loaded at the first doubt."""
        digits = tuple(name for name in self._model.card.classes if name != NOT_A_DIGIT) == DIGITS
        return (lambda made: self._line_model.frames(made)) if digits else None

    @cached_property
    def _line_model(self) -> LineModel:
        return _fitting(LineModel.load("line", device=self.device), strips.CONTRACT)

    @property
    def _threshold(self) -> float:
        return self._model.card.thresholds["answer"] if self.threshold is None else self.threshold

    def _line_threshold(self, single: bool) -> float:
        """The probability below which a line is unsure; one digit alone is no less sure than a position."""
        return self._threshold if single or self.threshold is not None else max(self._threshold, LINE_THRESHOLD)

    def _together(self, pages: Iterable[tuple[images.Document, int, str]], single: bool, keep: bool) -> list[Trace | InputError]:
        """Every page up to its tiles, all of these classified at once, and so on until each page is read."""
        found: dict[int, Trace | InputError] = {}
        asked: list[tuple[int, Clock, strings.Asking[Trace], Float]] = []

        def go_on(place: int, clock: Clock, steps: strings.Asking[Trace], answer: Float | None) -> None:
            try:
                shown = steps.send(answer)  # type: ignore[arg-type]  # None begins it
                clock.lap("classify")
                asked.append((place, clock, steps, shown))
            except StopIteration as end:
                found[place] = end.value

        for place, (document, number, source) in enumerate(pages):
            start = perf_counter()
            try:
                page = document.decode(number, 0 if keep else SIDE_ONE if single else SIDE_PAGE)
            except InputError as error:
                found[place] = error
                continue
            clock = Clock(since(start))
            go_on(place, clock, self._trace(page, single, source, number, keep, clock), None)
        while asked:
            batch, asked = asked, []
            start = perf_counter()
            probabilities = self.classify(np.concatenate([shown for *_, shown in batch]))
            each, at = since(start) / len(probabilities), 0
            for place, clock, steps, shown in batch:
                own = slice(at, at := at + len(shown))
                clock.add("classify", each * len(shown))
                go_on(place, clock, steps, probabilities[own])
        return [found[place] for place in sorted(found)]

    def _trace(self, page: images.Page, single: bool, source: str, number: int, keep: bool, clock: Clock) -> strings.Asking[Trace]:
        model, image = self._model, page.image
        ink, pieces, back = yield from self._one(image, clock) if single else self._page(image, clock)
        factor = page.size[1] / image.shape[1]  # the source may be larger than what was decoded of it
        ink = replace(ink, scale=ink.scale * factor)
        back = back * factor
        labels = [[self._label(piece) for piece in row] for row in pieces]
        marks = left_out(ink, [[piece.region for piece in row] for row in pieces], labels, single=single)
        missing = yield from self._missing(ink, marks, len(pieces))
        clock.lap("account")
        rows = [self._line(row, ink, back, page.size, single, share) for row, share in zip(pieces, missing, strict=True)]
        left = [LeftOut(_box(mark.region, back, page.size), mark.reason) for mark in marks]
        refused = refusal([digit for line in rows for digit in line.digits], marks, bool(ink.mask.any()))
        if refused:
            left += [LeftOut(digit.box, NOT_A_DIGIT) for line in rows for digit in line.digits]
            rows = []
        found = ("damaged",) * page.doubtful + doubts(rows, marks, self._line_threshold(single))
        reading = Reading(tuple(rows), source, number, refused, None, clock.ms, model.name, image if keep else None)
        return Trace(image, ink, replace(reading, left_out=tuple(left), doubts=found))

    def _label(self, piece: strings.Piece) -> str:
        """The likeliest class of a piece that is a digit."""
        kinds = [k for k in range(len(piece.probabilities)) if k != self._none]
        return self._model.card.classes[kinds[int(piece.probabilities[kinds].argmax())]]

    def _missing(self, ink: Ink, marks: list[Mark], lines: int) -> strings.Asking[list[float]]:
        """For each line the probability that something that was left out in or beside it is a digit."""
        kept = [1.0] * lines
        asked = [mark for mark in marks if mark.line is not None and mark.reason in MAY_BE_DIGITS][:MOST_MARKS]
        if asked and self._none is not None:
            probabilities = yield np.stack([strings.tile_of(ink, mark.region) for mark in asked])
            for mark, odds in zip(asked, probabilities, strict=True):
                kept[mark.line or 0] *= float(odds[self._none])
        return [1 - share for share in kept]

    def _one(self, image: NDArray[np.uint8], clock: Clock) -> strings.Asking[Found]:
        """The one digit of an image: no line where there is no ink."""
        ink, region = _region(image, clock)
        if region is None:
            return ink, [], _back(ink.scale)
        tile = strings.tile_of(ink, region)
        (probabilities,) = yield tile[None]
        if self._transcriber is not None:
            probabilities = strings.checked(ink, region, probabilities, self._none, self._transcriber)
            clock.lap("classify")
        return ink, [[strings.Piece(region, tile, probabilities)]], _back(ink.scale)

    def _page(self, image: NDArray[np.uint8], clock: Clock) -> strings.Asking[Found]:
        """The digits of a page. Where its lines are tilted it is turned and read once more, which counts where that is surer."""
        ink, pieces, tilt = yield from self._strings(image, clock)
        back = _back(ink.scale)
        if abs(tilt) >= TILTED:
            level, way = turned(image, tilt, SIDE_PAGE)
            other, found, _ = yield from self._strings(level, clock)
            if _sureness(found) > _sureness(pieces):
                ink = replace(other, scale=other.scale * float(np.hypot(*way[:, 0])))
                pieces, back = found, way @ _back(other.scale, 3)
        return ink, pieces, back

    def _strings(self, image: NDArray[np.uint8], clock: Clock) -> strings.Asking[tuple[Ink, list[list[strings.Piece]], float]]:
        """The ink of a page without its rules, its digits line by line, and the tilt of its lines in degrees."""
        ink, every = layout.page_ink(image, SIDE_PAGE)
        clock.lap("ink")
        lines = layout.lines(ink)
        clock.lap("layout")
        if _fills(lines, ink):
            ink, region = _region(image, clock)
            lines, every = [[region]] if region else [], ink.mask
        pieces = yield from strings.digits(ink, lines, self._none, self._transcriber, every)
        clock.lap("classify")
        return ink, pieces, layout.tilt(lines)

    def _line(self, pieces: list[strings.Piece], ink: Ink, back: Float, size: tuple[int, int], every: bool, missing: float) -> Line:
        row = []
        for piece in pieces:
            box = _box(piece.region, back, size)
            digit = decide(piece.probabilities, self._model.card.classes, self._threshold, box, piece.tile, every=every)
            row.append(replace(digit, refused=blame(ink, piece.region) or digit.refused) if digit.refused else digit)
        return replace(line_of(row), missing=missing)


def read(image: Any, *, model: str | Path | None = None, threshold: float | None = None) -> Reading:
    """Read one image: `Reader(model, threshold).read(image)`. For many images make one Reader and keep it."""
    return Reader(model, threshold).read(image, keep=True)


def _region(image: NDArray[np.uint8], clock: Clock) -> tuple[Ink, Region | None]:
    """The ink of an image that holds one digit, and its strokes; None where there is no ink."""
    ink = find_ink(image, side=SIDE_ONE)
    clock.lap("ink")
    region = layout.one(ink)
    clock.lap("layout")
    return ink, region


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


def _sureness(rows: list[list[strings.Piece]]) -> float:
    """The mean probability of the likeliest class; 0 without digits."""
    highest = [float(piece.probabilities.max()) for row in rows for piece in row]
    return sum(highest) / len(highest) if highest else 0.0


def _back(scale: float, rows: int = 2) -> Float:
    """Where in the image a point (x, y, 1) of its ink lies: float32 (2, 3), or (3, 3) with a last row of 0, 0, 1."""
    return np.diag([scale, scale, 1.0]).astype(np.float32)[:rows]


def _box(region: Region, back: Float, size: tuple[int, int]) -> Box:
    """The region's box in pixels of the source image, which has this height and width."""
    (xx, xy, x0), (yx, yy, y0) = back.tolist()
    corners = [(x, y) for x in (region.x, region.right) for y in (region.y, region.bottom)]
    xs, ys = [xx * x + xy * y + x0 for x, y in corners], [yx * x + yy * y + y0 for x, y in corners]
    left, top = max(round(min(xs)), 0), max(round(min(ys)), 0)
    width, height = round(max(xs) - min(xs)), round(max(ys) - min(ys))
    return left, top, min(width, size[1] - left), min(height, size[0] - top)


def _warn_of_more_pages(document: images.Document, source: str) -> None:
    """Tell who calls the Reader that it reads the first page only, where there are others."""
    if document.pages > 1:
        said = f"only the first of {document.pages} pages is read; Reader.read_document reads all of them"
        warnings.warn(f"{source}: {said}" if source else said, stacklevel=3)


def _name(image: Any) -> str:
    return str(image) if isinstance(image, str | Path) else ""
