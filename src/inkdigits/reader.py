"""The whole way: image -> ink -> lines -> fields and tiles -> signs -> decision -> reading."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from . import images, layout, tiles
from .clock import Clock, since
from .decide import blame, decide, doubts, refusal
from .errors import InputError, ModelError
from .ink import Ink, find_ink
from .models import NOT_A_DIGIT, Card, FieldsModel, Model, NumberModel
from .options import Options
from .page import maps
from .page.clean import without
from .page.flat import Flat, as_it_is, flat, unflattened
from .page.tables import Structure, structured
from .reading import Box, Digit, LeftOut, Line, Reading, joined, line_of
from .recognition import strips
from .recognition.alphabet import SYMBOLS, text_of
from .recognition.confidence import PLAIN, certainty, promised
from .recognition.fields import ABOVE, Field, cropped, field_of
from .recognition.leftout import ReadLine, left_out
from .recognition.numbers import look, read_digit, readable
from .recognition.second import SecondOpinion, agree, weighed
from .recognition.signs import Checked, Sign, check
from .recognition.value import value_of
from .regions import Region, join
from .tiles import tile_of

Bytes = NDArray[np.uint8]
Float = NDArray[np.float32]
AnyModel = TypeVar("AnyModel", Model, NumberModel, FieldsModel)
Found = TypeVar("Found")
Asking = Generator[Float, Float, Found]
"""Yields tiles, float32 (N, 28, 28), is sent the probabilities of their classes, float32 (N, K), and returns what it found: whoever drives
several of these has the tiles of many images classified at once."""

SIDE_ONE, SIDE_PAGE = 160, 1200
"""Longest side, in pixels, at which one digit and a page are looked at. Tuned on photos_single and photos_multi."""
LINE_THRESHOLD = 0.95
"""A line that is less likely right than this needs review. Chosen on hands33, registers, pen_numbers and cheque_amounts."""
MISSED = 0.5
"""A line in which no number was read, and which has a digit more likely than this, is writing that was left out."""
LARGE = 0.3
"""A region higher than this share of the image's shorter side, alone, is looked at as one digit."""
DIGITS = tuple("0123456789")
NO_QUADS: Float = np.zeros((0, 4, 2), np.float32)
SURE, SINGLE, FLOOR = 0.95, 0.6, 1e-4
"""Where the digit model gives a sole digit this probability the number network is not asked; else what it says is taken to the power of
SINGLE, and to be no less likely than FLOOR. Tuned on the sets of single digits."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Every stage of reading one image, for `explain`: the image as read, the sheet that was found in it, flat, the Ink of that, and the
    Reading (its digits carry their tiles)."""

    image: NDArray[np.uint8]
    sheet: Flat
    ink: Ink
    reading: Reading


class Reader:
    """Reads numbers from images.

    model: a name of a shipped model, a run folder or an ONNX file; None is the shipped `digit`.
    threshold, alphabet, decimal, digits_only, second_opinion, sure: as in `inkdigits.options.Options`; `predict` and models of other
    classes look at the first alone, and `sure` is not for them.
    device: "cpu", or "cuda" for the networks to run on a GPU where onnxruntime-gpu is installed and finds one; ink and layout, which are
    nearly all of the work, stay on the CPU.
    The models are loaded at the first image. Raises ValueError for an option that is none, ModelError if a model does not fit or does not
    promise what is asked, MissingExtra
    for a second opinion that is not installed, InputError for an image that cannot be read.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        threshold: float | None = None,
        *,
        device: str = "cpu",
        alphabet: str | None = None,
        decimal: str | None = None,
        digits_only: bool = False,
        second_opinion: bool = False,
        sure: float | None = None,
    ) -> None:
        self.model = model
        self.device = device
        self.options = Options(threshold, alphabet, decimal, digits_only, second_opinion, sure)

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

    def transcribe(self, strips: Float) -> Float:
        """Probabilities of the signs of numbers: float32 (N, 32, W) in [0, 1], 1 = ink -> float32 (N, W / 2, K), K as in
        `recognition.alphabet.CLASSES`."""
        return self._number_model.frames(strips)

    @property
    def card(self) -> Card:
        """The card of the model, which is loaded now if it is not yet."""
        return self._model.card

    @property
    def cards(self) -> list[Card]:
        """The cards of all models that have a say, the digit model's first."""
        return [self.card, self._number_model.card, self._fields_model.card] if self._reads_numbers else [self.card]

    def promised(self, sure: float, *, single: bool = False) -> float:
        """The probability from which on this share of lines is right, as `sure` wants it; `single` as in `predict`. Raises ModelError where
        it is not promised."""
        if single or not self._reads_numbers:
            what = "a single digit" if single else f"a model of other classes ({self._model.name})"
            raise ModelError(f"sure {sure:g}: nothing is promised of {what}; give a threshold")
        try:
            return promised(sure, self._number_model.card.promises)
        except ValueError as error:
            raise ModelError(f"model {self._number_model.name}: {error}; ask for less, or give a threshold instead") from None

    @cached_property
    def _model(self) -> Model:
        return _fitting(Model.load(self.model, device=self.device), tiles.CONTRACT)

    @cached_property
    def _reads_numbers(self) -> bool:
        """Whether the digit model knows the ten digits: then the number network reads, and it checks; a model of other classes reads region
        by region, by itself."""
        return tuple(name for name in self._model.card.classes if name != NOT_A_DIGIT) == DIGITS

    @cached_property
    def _number_model(self) -> NumberModel:
        return _fitting(NumberModel.load("number", device=self.device), strips.CONTRACT)

    @cached_property
    def _fields_model(self) -> FieldsModel:
        return _fitting(FieldsModel.load("fields", device=self.device), maps.CONTRACT)

    @cached_property
    def _second(self) -> SecondOpinion:
        return SecondOpinion()

    @property
    def _threshold(self) -> float:
        return self._model.card.thresholds["answer"] if self.options.threshold is None else self.options.threshold

    def _line_threshold(self, single: bool) -> float:
        """The probability below which a line is unsure; one digit alone is no less sure than a position. Raises ModelError where
        what is asked is not promised."""
        if self.options.sure is not None:
            return self.promised(self.options.sure, single=single)
        return self._threshold if single or self.options.threshold is not None else max(self._threshold, LINE_THRESHOLD)

    def _together(self, pages: Iterable[tuple[images.Document, int, str]], single: bool, keep: bool) -> list[Trace | InputError]:
        """Every page up to its tiles, all of these classified at once, and so on until each page is read."""
        if self.options.sure is not None:
            self.promised(self.options.sure, single=single)
        found: dict[int, Trace | InputError] = {}
        asked: list[tuple[int, Clock, Asking[Trace], Float]] = []

        def go_on(place: int, clock: Clock, steps: Asking[Trace], answer: Float | None) -> None:
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

    def _trace(self, page: images.Page, single: bool, source: str, page_number: int, keep: bool, clock: Clock) -> Asking[Trace]:
        sheet = self._sheet(page.image, single)
        clock.lap("sheet")
        ink, found = self._found(sheet, single, clock)
        rows = [row for line in found for row in line]
        opinions = yield from _opinions(ink, rows)
        clock.lap("classify")
        every = [self._signed(sheet.grey, ink.scale, row, own, single) for row, own in zip(rows, opinions, strict=True)]
        missed = any(one.checked.overlooked > MISSED for one in every if one.checked and not one.has_answer)
        signed = [one for one in every if one.has_answer]
        clock.lap("read")
        marks = left_out(ink, [one.read(ink.scale) for one in signed], single=single)
        clock.lap("account")
        together = _together([_quad(one.row) for one in signed], sheet, ink.scale)
        factor = page.size[1] / page.image.shape[1]  # the source may be larger than what was decoded of it
        ink = replace(ink, scale=ink.scale * factor)
        size = page.size if sheet.homography is None else (round(sheet.grey.shape[0] * factor), round(sheet.grey.shape[1] * factor))
        left = [LeftOut(_box(mark.region, ink.scale, size), mark.reason) for mark in marks]
        read = []
        for number, one in enumerate(signed):
            own = tuple(left_one for left_one, mark in zip(left, marks, strict=True) if mark.line == number)
            line = self._line(replace(one, unread=len(own)), ink, size, factor, single)
            read.append(replace(line, place=together.places[number], left_out=own))
        refused = refusal([digit for line in read for digit in line.digits], marks, bool(ink.mask.any()))
        reasons = ("damaged",) * page.doubtful + ("unread",) * missed + doubts(read, marks, self._line_threshold(single))
        if sheet.homography is not None:
            place = partial(unflattened, homography=sheet.homography, factor=factor, size=page.size)
            read = [line.moved(place) for line in read]
            left = [replace(mark, box=place(mark.box)) for mark in left]
        if refused:
            left += [LeftOut(digit.box, NOT_A_DIGIT) for line in read for digit in line.digits]
            together, read = structured(NO_QUADS), []
        numbers = [[number for number, one in enumerate(signed) if any(one.row is row for row in line)] for line in found]
        order = [number for line in numbers for number in line]
        lines = tuple(joined([read[i] for i in line]) for line in numbers if line and read)
        tables = tuple(table.with_texts([line.text for line in read]).renumbered(order) for table in together.tables)
        image = page.image if keep else None
        reading = Reading(lines, source, page_number, refused, None, clock.ms, self._model.name, image, tuple(left), reasons, tables)
        return Trace(page.image, sheet, ink, reading)

    def _sheet(self, image: Bytes, single: bool) -> Flat:
        """The sheet in an image; the image itself where one digit is to be read, or by a model of other classes."""
        if single or not self._reads_numbers:
            return as_it_is(image)
        return flat(image, self._fields_model.maps, partial(readable, transcribe=self._number_model.frames))

    def _found(self, sheet: Flat, single: bool, clock: Clock) -> tuple[Ink, list[list[list[Region]]]]:
        """The ink of a sheet, and the regions of its numbers, line by line. Of a sheet with a single digit, or no more than one large sign,
        that one alone."""
        if not single:
            ink, _ = layout.page_ink(sheet.image, SIDE_PAGE)
            clock.lap("ink")
            if sheet.maps is not None:
                ink = replace(ink, mask=without(ink.mask, sheet.maps, sheet.scale / ink.scale, maps.DESK))
            rows = layout.lines(ink)
            clock.lap("layout")
            if not _fills(rows, ink):
                return ink, [layout.parted(row, ink.mask) for row in rows]
        ink = find_ink(sheet.image, side=SIDE_ONE)
        clock.lap("ink")
        region = layout.one(ink)
        clock.lap("layout")
        return ink, [[[region]]] if region else []

    def _signed(self, grey: Bytes, scale: float, row: list[Region], opinions: Float, single: bool) -> _Signed:
        """Read one field. scale: pixels of the image for one of the ink."""
        if not self._reads_numbers or single:
            field = field_of(row, scale, grey.shape) if self._reads_numbers else None
            spans = [_span(region, scale) for region in row]
            ranked = [self._ranked(opinion, grey, field) for opinion in opinions]
            found = [Sign(tuple(own), *span, (i,), True) for i, (own, span) in enumerate(zip(ranked, spans, strict=True))]
            return _Signed(row, found)
        field, spans = field_of(row, scale, grey.shape), [_span(region, scale) for region in row]
        checked = check(look(grey, field, self._number_model.frames, allowed=self.options.allowed), spans, opinions)
        second = self._second.read(cropped(grey, field)) if self.options.second_opinion else None
        return _Signed(row, checked.signs, checked, field, second)

    def _ranked(self, opinion: Float, grey: Bytes, field: Field | None) -> list[tuple[str, float]]:
        """The classes of one region, likeliest first. field: where the number network is to be asked too, if the digit model is unsure."""
        classes = self._model.card.classes
        odds = opinion.astype(np.float64)
        digits = [k for k, name in enumerate(classes) if name != NOT_A_DIGIT]
        if field is not None and odds[digits].max() < SURE:
            said = read_digit(grey, field, self._number_model.frames)  # in the order of DIGITS, as the model's classes are
            both = odds[digits] * np.maximum(said / max(said.max(), 1e-12), FLOOR) ** SINGLE
            odds[digits] = both / both.sum() * odds[digits].sum()
        return [(classes[k], float(odds[k])) for k in np.argsort(-odds, kind="stable").tolist()]

    def _line(self, line: _Signed, ink: Ink, size: tuple[int, int], factor: float, single: bool) -> Line:
        """A line as it is told. factor: pixels of the source for one of the image."""
        every = self._model.card.classes if single else ()
        digits = []
        for sign in line.signs:
            if line.checked and self._is_silent(sign):
                continue
            box, region = line.place(sign, ink.scale, factor, size), line.region(sign)
            tile = tile_of(ink, region) if region else None
            digit = decide(sign.ranked, self._threshold, box, tile, every=every)
            if digit.refused and region:
                digit = replace(digit, refused=blame(ink, region) or digit.refused)
            digits.append(digit)
        sureness = self._certainty(line)
        sure = sureness >= self._line_threshold(single) and not any(digit.refused for digit in digits)
        value = value_of(line.text, self.options.decimal) if sure and line.checked else None
        told = replace(line_of(digits), certainty=sureness, value=value)
        return replace(told, candidates=line.texts, second_opinion=line.second, evidence=line.evidence)

    def _certainty(self, line: _Signed) -> float:
        """The probability that all of a line is right; of what was looked at region by region, taking positions as independent."""
        if not line.checked:
            return float(np.prod([sign.probability for sign in line.signs]))
        alone = certainty(line.evidence, self._number_model.card.confidence or PLAIN)
        if line.second is None:
            return alone
        told = weighed(alone, agree(line.text, line.second))
        return told if self.options.sure is None else min(told, alone)  # what is promised was measured without a second opinion

    def _is_silent(self, sign: Sign) -> bool:
        """Whether a sign is not in the text: a symbol where only digits are asked for; what is no number where everything is answered."""
        return (self.options.digits_only and sign.label in SYMBOLS) or (self._threshold == 0 and sign.label == NOT_A_DIGIT)


@dataclass(frozen=True, slots=True)
class _Signed:
    """A field that was read. row: its regions; checked: what both readers make of
    it, None where it was looked at region by region; field: where it lies in the image; second: what another engine says; unread: how many
    marks in it or beside it were not read."""

    row: list[Region]
    signs: Sequence[Sign]
    checked: Checked | None = None
    field: Field | None = None
    second: str | None = None
    unread: int = 0

    @property
    def has_answer(self) -> bool:
        """Whether anything but symbols and what is no number was read; what was looked at region by region always has one."""
        return self.checked is None or any(sign.label not in (*SYMBOLS, NOT_A_DIGIT) for sign in self.signs)

    @property
    def text(self) -> str:
        """What it says, symbols too."""
        return "".join("?" if sign.label == NOT_A_DIGIT else sign.label for sign in self.signs)

    @property
    def evidence(self) -> dict[str, float]:
        """What speaks for its text."""
        return {**self.checked.evidence, "unread": float(self.unread)} if self.checked else {}

    @property
    def texts(self) -> tuple[tuple[str, float], ...]:
        """What it may say, with probabilities, likeliest first."""
        return tuple((text_of(list(one.text)), one.probability) for one in self.checked.candidates) if self.checked else ()

    def read(self, scale: float) -> ReadLine:
        """Which of its ink was read. Where no sign was found in any of its regions, these are no number. scale: pixels of the image for one
        of the ink."""
        own = {r: sign.label for sign in self.signs for r in sign.regions} or dict.fromkeys(range(len(self.row)), NOT_A_DIGIT)
        others = [self.row[r] for r, label in own.items() if label == NOT_A_DIGIT]
        columns = [(sign.left / scale, sign.right / scale) for sign in self.signs if not sign.regions]
        return ReadLine([self.row[r] for r, label in own.items() if label != NOT_A_DIGIT], others, columns)

    def region(self, sign: Sign) -> Region | None:
        """The strokes of a sign that shares them with no other; None where it was found in none, or shares them."""
        return join([self.row[r] for r in sign.regions]) if sign.regions and sign.sole else None

    def place(self, sign: Sign, scale: float, factor: float, size: tuple[int, int]) -> Box:
        """The box of a sign in the source image, of this height and width. scale: pixels of the source for one of the ink; factor: for one
        of the image."""
        region = self.region(sign)
        if region:
            return _box(region, scale, size)
        around = [self.row[r] for r in sign.regions]
        if around:
            top, bottom = min(r.y for r in around) * scale, max(r.bottom for r in around) * scale
        else:
            field = cast(Field, self.field)
            middle, half = field.middle((sign.left + sign.right) / 2), 0.5 * field.height / (1 + 2 * ABOVE)
            top, bottom = (middle - half) * factor, (middle + half) * factor
        left, right = max(round(sign.left * factor), 0), min(round(sign.right * factor), size[1])
        top, bottom = max(round(top), 0), min(round(bottom), size[0])
        return left, int(top), max(right - left, 1), max(int(bottom - top), 1)


def read(image: Any, *, model: str | Path | None = None, threshold: float | None = None) -> Reading:
    """Read one image: `Reader(model, threshold).read(image)`. For many images make one Reader and keep it."""
    return Reader(model, threshold).read(image, keep=True)


def _together(quads: Sequence[Float], sheet: Flat, scale: float) -> Structure:
    """How fields stand together. quads: float32 (4, 2) each, in pixels of the ink. scale: pixels of the image for one of the ink."""
    if not quads:
        return structured(NO_QUADS)
    if sheet.maps is None:
        return structured(np.stack(quads))
    return structured(np.stack(quads) * np.float32(scale / sheet.scale), sheet.maps[..., maps.RULE])


def _quad(row: Sequence[Region]) -> Float:
    """The corners of the box around some regions: float32 (4, 2)."""
    left, top, right, bottom = min(r.x for r in row), min(r.y for r in row), max(r.right for r in row), max(r.bottom for r in row)
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


def _opinions(ink: Ink, rows: list[list[Region]]) -> Asking[list[Float]]:
    """What the digit model says of every region, line by line: float32 (regions, K) each."""
    if not rows:
        return []
    probabilities = yield np.stack([tile_of(ink, region) for row in rows for region in row])
    return list(np.split(probabilities, np.cumsum([len(row) for row in rows])[:-1]))


def _span(region: Region, scale: float) -> tuple[float, float]:
    """The first and last column of a region in the image."""
    return region.x * scale, region.right * scale


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


def _box(region: Region, scale: float, size: tuple[int, int]) -> Box:
    """The region's box in pixels of the source image, which has this height and width. scale: its pixels for one of the ink."""
    left, top = max(round(region.x * scale), 0), max(round(region.y * scale), 0)
    return left, top, min(round(region.width * scale), size[1] - left), min(round(region.height * scale), size[0] - top)


def _warn_of_more_pages(document: images.Document, source: str) -> None:
    """Tell who calls the Reader that it reads the first page only, where there are others."""
    if document.pages > 1:
        said = f"only the first of {document.pages} pages is read; Reader.read_document reads all of them"
        warnings.warn(f"{source}: {said}" if source else said, stacklevel=3)


def _name(image: Any) -> str:
    return str(image) if isinstance(image, str | Path) else ""
